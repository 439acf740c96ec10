"""Networks as values: stages of layers of one width, a lift or a crop between them, a readout.

    x' = w(t) x + b(t) - gamma x^3                                        (Ruseckas, (56))

A stage takes L steps of dt = T/L. Its numbers in theta are scaled: W = dt w, B = dt b, g = dt gamma, as in (109) to
(113). From a stage to a wider one units of activation 0 are appended, to a narrower one the last are left out. Where
its first layer is rectangular it has weights of its own shape (59), and else acts on what was appended.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_at_least, require_count, require_one_of, require_positive, require_type
from particles.base.errors import InputError
from particles.networks.layers import EULER, Kind, Rows
from particles.networks.learner import Group, half_squares
from particles.networks.readout import Readout
from particles.philox import start_uniforms
from particles.vmath import normal_quantile

GAMMA_FACTOR = 0.01
"""Learning rate of gamma by that of the weights: its derivative is a sum over layers, units and x^3 (errata R14)."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Layers of one width.

    Parameters
    ----------
    width : int >= 1
        Units.
    layers : int >= 1
    horizon : float > 0, default layers
        T; by default dt is 1 and scaled numbers are those of the equation.
    kind : Kind, default EULER
    operator : {"dense", "diagonal"}, default "dense"
        Of w.
    gamma : float >= 0, default 0
        That of the equation, or the start of one that is learnt.
    learn_gamma : bool, default False
    gamma_factor : float > 0, default 0.01
        Learning rate of gamma by that of the weights.
    rectangular : bool, default False
        Whether the first layer has weights of shape (width, width before), (59).

    Raises
    ------
    InputError
        If a number is out of range, or a diagonal stage is to begin with a rectangular layer.
    """

    width: int
    layers: int
    horizon: float | None = None
    kind: Kind = EULER
    operator: str = "dense"
    gamma: float = 0.0
    learn_gamma: bool = False
    gamma_factor: float = GAMMA_FACTOR
    rectangular: bool = False

    def __post_init__(self) -> None:
        require_count("width", self.width, most=1000)
        require_count("layers", self.layers, most=10**6)
        if self.horizon is not None:
            require_positive("horizon", self.horizon)
        require_one_of("operator", self.operator, ("dense", "diagonal"))
        require_at_least("gamma", self.gamma)
        require_positive("gamma_factor", self.gamma_factor)
        if self.rectangular and self.operator == "diagonal":
            raise InputError("rectangular = True with operator = 'diagonal': allowed is a dense one")

    @property
    def dt(self) -> float:
        """T/L."""
        return 1.0 if self.horizon is None else self.horizon / self.layers

    def describe(self) -> dict[str, Any]:
        """Plain values for JSON."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return fields | {"kind": self.kind.name}


class Part(NamedTuple):
    """A stage in theta: where its numbers begin, the width before it, and the groups of its numbers."""

    stage: Stage
    first: int
    before: int
    groups: tuple[Group, ...]

    @property
    def inner(self) -> int:
        """Width of the layers as they are computed: a first layer to fewer units is one of the width before."""
        return max(self.stage.width, self.before) if self.stage.rectangular else self.stage.width


@dataclass(frozen=True)
class Network:
    """Stages and a readout.

    Parameters
    ----------
    inputs : int >= 1
        Features of a sample.
    stages : tuple of Stage, one at least
    readout : Readout
    smoothness : float >= 0, default 0
        lambda of (lambda/2) int (abs(w')^2 + abs(b')^2) dt, (82), in the units of the equation: in scaled numbers
        (113) with lambda/dt^3, so that it means the same for any number of layers (errata R7).
    """

    inputs: int
    stages: tuple[Stage, ...]
    readout: Readout
    smoothness: float = 0.0

    def __post_init__(self) -> None:
        require_count("inputs", self.inputs, most=1000)
        require_type("stages", self.stages, tuple, "a tuple of stages")
        if not self.stages:
            raise InputError("stages = () must be one at least")
        require_at_least("smoothness", self.smoothness)
        self.readout.check(self.stages[-1].width)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The stages and their places in theta."""
        found, first, before = [], 0, self.inputs
        for number, stage in enumerate(self.stages):
            found.append(Part(stage, first, before, _groups(number, stage, before)))
            first += sum(group.size for group in found[-1].groups)
            before = stage.width
        return tuple(found)

    @property
    def groups(self) -> tuple[Group, ...]:
        """What theta holds: weights, biases, gamma and the kind's own numbers of each stage."""
        return tuple(group for part in self.parts for group in part.groups)

    @property
    def size(self) -> int:
        """Numbers that are trained."""
        return sum(group.size for group in self.groups)

    def start(self) -> Floats:
        """Weights and biases 0 (Ruseckas, 4.4), gamma as the stages say."""
        theta = np.zeros(self.size)
        for part in self.parts:
            if part.stage.learn_gamma:
                theta[part.first + _place(part, "gamma")] = part.stage.dt * part.stage.gamma
        return theta

    def scattered(self, spread: float, seed: int) -> Floats:
        """The start with weights and biases that are normal numbers of this standard deviation, alike in all layers.

        Zero is a saddle from which every order of the samples may lead to one and the same poor minimum. Where all
        layers are alike the smoothness costs nothing.
        """
        theta = self.start()
        for part in self.parts:
            for name in ("weights", "biases"):
                numbers = theta[_slice(part, name)]
                each = numbers.size // part.stage.layers
                draws = start_uniforms(part.first, each, component=_NAMES.index(name), seed=seed)
                one = [spread * normal_quantile(u) for u in draws.tolist()]
                numbers[numbers.size - each * part.stage.layers :] = np.tile(one, part.stage.layers)
        return theta

    def project(self, theta: Floats) -> Floats:
        """gamma >= 0."""
        theta = theta.copy()
        for part in self.parts:
            if part.stage.learn_gamma:
                at = part.first + _place(part, "gamma")
                theta[at] = max(theta[at], 0.0)
        return theta

    def rows(self, theta: Floats, part: Part) -> Rows:
        """Scaled parameters of a stage's layers, of the inner width."""
        stage, n = part.stage, part.inner
        weights, biases = np.zeros((stage.layers, n, n)), np.zeros((stage.layers, n))
        weights[_places(part)] = theta[_slice(part, "weights")]
        biases[:, : stage.width] = theta[_slice(part, "biases")].reshape(stage.layers, stage.width)
        gamma = float(theta[_slice(part, "gamma")][0]) if stage.learn_gamma else stage.dt * stage.gamma
        return Rows(weights, biases, gamma, theta[_slice(part, "rates")].copy())

    def gather(self, part: Part, rows: Rows, theta: Floats) -> None:
        """Add derivatives by a stage's rows to those by theta, in place."""
        stage = part.stage
        theta[_slice(part, "weights")] += rows.weights[_places(part)]
        theta[_slice(part, "biases")] += rows.biases[:, : stage.width].reshape(-1)
        if stage.learn_gamma:
            theta[_slice(part, "gamma")] += rows.gamma
        theta[_slice(part, "rates")] += rows.rates

    def penalty(self, theta: Floats) -> tuple[float, Floats]:
        """The smoothness of weights and biases in time, and its derivatives; layers of one shape are compared."""
        value, slope = 0.0, np.zeros(theta.size)
        if self.smoothness == 0.0:
            return value, slope
        for part in self.parts:
            stage, scale = part.stage, self.smoothness / part.stage.dt**3
            for name in ("weights", "biases"):
                skipped = stage.width * part.before if name == "weights" and stage.rectangular else 0
                layers = stage.layers - (1 if skipped else 0)
                if layers < 2:
                    continue
                numbers = theta[_slice(part, name)][skipped:].reshape(layers, -1)
                changes = numbers[1:] - numbers[:-1]
                value += half_squares(changes, scale)
                by = slope[_slice(part, name)][skipped:].reshape(layers, -1)
                by[1:] += scale * changes
                by[:-1] -= scale * changes
        return value, slope

    def describe(self) -> dict[str, Any]:
        """Plain values for JSON."""
        stages = [stage.describe() for stage in self.stages]
        told = {"inputs": self.inputs, "stages": stages, "readout": repr(self.readout)}
        return told | {"smoothness": self.smoothness, "parameters": self.size}


def _groups(number: int, stage: Stage, before: int) -> tuple[Group, ...]:
    n, many = stage.width, stage.layers
    weights = many * (n if stage.operator == "diagonal" else n * n)
    if stage.rectangular:
        weights += n * before - n * n
    sizes = {"weights": weights, "biases": many * n, "gamma": int(stage.learn_gamma), "rates": stage.kind.rates(many)}
    factors = {"gamma": stage.gamma_factor}
    return tuple(Group(f"{name} {number}", size, factors.get(name, 1.0)) for name, size in sizes.items())


_NAMES = ("weights", "biases", "gamma", "rates")


def _place(part: Part, name: str) -> int:
    return sum(group.size for group in part.groups[: _NAMES.index(name)])


def _slice(part: Part, name: str) -> slice:
    first = part.first + _place(part, name)
    return slice(first, first + part.groups[_NAMES.index(name)].size)


def _places(part: Part) -> Any:
    """Where a stage's weights stand in the matrices of its layers, as an index."""
    stage, n = part.stage, part.inner
    free = np.zeros((stage.layers, n, n), dtype=bool)
    free[:, : stage.width, : stage.width] = np.eye(n, dtype=bool)[: stage.width, : stage.width]
    if stage.operator == "dense":
        free[:, : stage.width, : stage.width] = True
    if stage.rectangular:
        free[0] = False
        free[0, : stage.width, : part.before] = True
    return free
