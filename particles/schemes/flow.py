"""The exact flow of piecewise constant parameters: no time error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.kernels import line, space
from particles.model.exact.expm import affine_flow
from particles.model.exact.transients import segments
from particles.model.rule import Model
from particles.philox import Address
from particles.schemes.scheme import Scheme, wall_of, without_noise


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
            space.affine_space()(state, *parameters)
            return
        wall, low, high = wall_of(model)
        assert model.drift.flow is not None  # levels has seen to it
        sweep = line.flow_line(model.drift.flow, wall)
        for row, steps in zip(state, parameters[0], strict=True):
            sweep(row, steps, model.drift.constants, low, high)

    def stride(self, levels: Floats) -> float:
        """0: the flow is exact over any time."""
        return 0.0
