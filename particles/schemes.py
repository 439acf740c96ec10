"""Schemes: frozen values that state their order and know how to carry a state over steps.

`Euler` is the residual network itself, x_{k+1} = x_k + dt f(w_k x_k/(dN) + b_k, x_k), dt = T/L (arXiv 2001.04294 (1);
the text's dt = 1/L means T = 1). `ExactFlow` composes the exact flows of piecewise constant parameters: no time error.

A scheme answers three questions: which time levels (`levels`), which numbers a step needs (`parameters`, one row a
step) and how to carry the state over them (`advance`). The loop of `simulate` asks nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from particles import kernels
from particles.base.arrays import Floats
from particles.base.checks import require_count, require_positive
from particles.base.errors import InputError
from particles.base.memory import require_memory
from particles.model.exact.expm import affine_flow
from particles.model.exact.transients import segments
from particles.model.rule import Model
from particles.philox import Address


class Scheme(Protocol):
    """What is asked of a scheme; `order` is that in the step, weak where there is noise, inf without a time error.

    `nanoseconds` is what a pass over a particle and component takes with tanh on one core (docs/performance.md).
    """

    order: ClassVar[float]
    nanoseconds: ClassVar[float] = 2.0

    def levels(self, model: Model, until: float, stops: Sequence[float]) -> Floats:
        """Time levels from 0 to `until`, every stop among them, or InputError."""

    def parameters(self, model: Model, levels: Floats, k: int, n: int, mean: Floats | None) -> tuple[Any, ...]:
        """Numbers of the steps from level k to level n, one row a step."""

    def advance(self, model: Model, state: Floats, parameters: tuple[Any, ...], address: Address) -> None:
        """Carry `state`, shape (D, m), over these steps, in place; draws are addressed by `address`."""

    def stride(self, levels: Floats) -> float:
        """Time for which the drift and a kick of noise are taken at once; 0 for an exact flow."""

    def passes(self, levels: Floats) -> float:
        """Passes over a particle in a step, on average."""
        return 1.0

    def cautions(self, model: Model) -> tuple[str, ...]:
        """Sentences for a person before a run: what may go wrong with this model."""
        return ()


@dataclass(frozen=True)
class Euler(Scheme):
    """Explicit Euler, one step a layer.

    Parameters
    ----------
    dt : float > 0, optional
        Step; the horizon and every snapshot must be multiples of it.
    layers : int >= 1, optional
        Number of layers L up to the horizon T, dt = T/L. Exactly one of the two is given.

    Raises
    ------
    InputError
        If not exactly one is given or it is out of range.
    """

    dt: float | None = None
    layers: int | None = None
    order: ClassVar[float] = 1.0
    nanoseconds: ClassVar[float] = 0.6

    def __post_init__(self) -> None:
        if (self.dt is None) == (self.layers is None):
            raise InputError(f"Euler takes either dt or layers, not dt = {self.dt!r} and layers = {self.layers!r}")
        if self.dt is not None:
            require_positive("dt", self.dt)
        if self.layers is not None:
            require_count("layers", self.layers)

    def __repr__(self) -> str:
        return f"Euler(dt={self.dt!r})" if self.layers is None else f"Euler(layers={self.layers!r})"

    def levels(self, model: Model, until: float, stops: Sequence[float]) -> Floats:
        """Time levels 0 = t_0 < ... < t_L = until; every stop is one of them, or InputError."""
        without_noise(model, self)
        if self.dt is not None:
            return even_levels(until, stops, self.dt)
        assert self.layers is not None
        require_memory(f"layers = {self.layers!r}", 64.0 * self.layers)
        return even_levels(until, stops, until / self.layers)

    def parameters(self, model: Model, levels: Floats, k: int, n: int, mean: Floats | None) -> tuple[Any, ...]:
        """Weights (n - k, D, D), biases (n - k, D) and dt of the steps from level k to level n."""
        weights = model.weights(levels[k:n])
        return weights, model.biases(levels[k:n], weights, mean), float(levels[1])

    def advance(self, model: Model, state: Floats, parameters: tuple[Any, ...], address: Address) -> None:
        """Carry `state`, shape (D, m), over the steps, in place."""
        weights, biases, dt = parameters
        drift = model.drift
        if model.size == 1:
            wall, low, high = wall_of(model, dt * largest_drift(model, weights, biases))
            sweep = kernels.euler_line(drift.value, wall)
            sweep(state[0], weights[:, 0, 0].copy(), biases[:, 0].copy(), dt, drift.constants, low, high)
        else:
            kernels.euler_space(drift.value)(state, weights, biases, dt, drift.constants)

    def stride(self, levels: Floats) -> float:
        """dt."""
        return float(levels[1] - levels[0])


@dataclass(frozen=True)
class ExactFlow(Scheme):
    """The exact flow of piecewise constant weights and biases, step after step.

    It exists on the line for every drift that has a flow, in R^d for diagonal weights (component by component), and
    for the identity with any weight matrix (an affine map, by the matrix exponential).
    """

    order: ClassVar[float] = math.inf
    nanoseconds: ClassVar[float] = 7.6

    def levels(self, model: Model, until: float, stops: Sequence[float]) -> Floats:
        """The stops and the jumps of the parameters.

        Raises
        ------
        InputError
            If the model has no exact flow.
        """
        without_noise(model, self)
        if not model.piecewise_constant:
            raise InputError("ExactFlow needs piecewise constant weight and bias: use Euler(layers=...)")
        levels = np.array(segments(model, [*stops, until]))
        if model.size > 1 and not model.drift.linear:
            weights = model.weights(levels[:-1])
            if np.any(weights * (1.0 - np.eye(model.size))):
                name = model.drift.name
                raise InputError(f"drift {name!r} has no exact flow for a full weight matrix: use Euler(layers=...)")
        mean = np.zeros(model.size) if model.mean_coupled else None
        self.parameters(
            model, levels, 0, len(levels) - 1, mean
        )  # a drift without a flow, or one for b = 0 only, is refused here
        return levels

    def parameters(self, model: Model, levels: Floats, k: int, n: int, mean: Floats | None) -> tuple[Any, ...]:
        """Numbers of the steps from level k to level n.

        (w, b, t, p, q) a component, shape (D, n - k, 5), or matrices and shifts of affine maps.
        """
        weights = model.weights(levels[k:n])
        biases = model.biases(levels[k:n], weights, mean)
        spans = np.diff(levels[k : n + 1]).tolist()
        if model.size > 1 and model.drift.linear:
            maps = [affine_flow(w, b, t) for w, b, t in zip(weights, biases, spans, strict=True)]
            return np.stack([e for e, _ in maps]), np.stack([c for _, c in maps])
        step = model.drift.step
        rows = [
            [step(float(w[i, i]), float(b[i]), t) for w, b, t in zip(weights, biases, spans, strict=True)]
            for i in range(model.size)
        ]
        return (np.array(rows),)

    def advance(self, model: Model, state: Floats, parameters: tuple[Any, ...], address: Address) -> None:
        """Carry `state`, shape (D, m), over the steps, in place."""
        if len(parameters) == 2:
            kernels.affine_space()(state, *parameters)
            return
        wall, low, high = wall_of(model)
        assert model.drift.flow is not None  # levels has seen to it
        sweep = kernels.flow_line(model.drift.flow, wall)
        for row, steps in zip(state, parameters[0], strict=True):
            sweep(row, steps, model.drift.constants, low, high)

    def stride(self, levels: Floats) -> float:
        """0: the flow is exact over any time."""
        return 0.0


def even_levels(until: float, stops: Sequence[float], dt: float) -> Floats:
    """Time levels 0, dt, 2 dt, ..., until; every stop is one of them.

    Raises
    ------
    InputError
        If `until` or a stop is no multiple of dt, or there are more levels than fit in memory.
    """
    require_memory(f"dt = {dt!r} up to {until!r}", 64.0 * (until / dt if dt > 0.0 else math.inf))
    for name, time in [("until", until), *(("times", stop) for stop in stops)]:
        if abs(time - round(time / dt) * dt) > 1e-9 * until:
            raise InputError(f"{name} = {time!r} must be a multiple of the step dt = {dt!r}")
    return np.arange(round(until / dt) + 1, dtype=np.float64) * dt


def without_noise(model: Model, scheme: object) -> None:
    """Refuse a noisy model for a scheme that would drop its noise."""
    if model.nu2 > 0.0:
        raise InputError(f"nu2 = {model.nu2!r}: {scheme!r} has no noise; use Collisions or Milstein")


def wall_of(model: Model, longest: float = math.inf) -> tuple[Any, float, float]:
    """Formula of the walls, and where they are; no step is longer than `longest`, inf where that is not known."""
    if model.walls is None:
        return kernels.free, -math.inf, math.inf
    if model.wall == "sticky":
        return kernels.sticky, *model.walls
    width = model.walls[1] - model.walls[0]
    short = longest < width or math.isinf(width)
    return kernels.reflecting if short else kernels.folding, *model.walls


def largest_drift(model: Model, weights: Floats, biases: Floats) -> float:
    """A bound of abs(f) between finite walls for these steps; inf without walls or without Lipschitz constants."""
    if model.walls is None or not all(map(math.isfinite, model.walls)):
        return math.inf
    low, high = model.walls
    drift, furthest = model.drift, max(abs(low), abs(high))
    u = float(np.abs(weights).max()) * furthest + float(np.abs(biases).max())
    at_rest = abs(float(drift.value(0.0, low, drift.constants)))
    return at_rest + drift.lipschitz_u * u + drift.lipschitz_x * (high - low)
