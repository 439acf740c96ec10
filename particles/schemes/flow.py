"""The exact flow of piecewise constant parameters: no time error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from particles.base.arrays import Floats, ordered_product
from particles.base.errors import InputError
from particles.base.jit import Formula
from particles.kernels import line, space
from particles.kernels.adjoint import begin_adjoint, given_slope
from particles.kernels.reductions import block_sums
from particles.model.exact.expm import affine_flow, affine_flow_tangents
from particles.model.exact.tangents import flow_tangents
from particles.model.exact.transients import segments
from particles.model.rule import Model
from particles.philox import Address
from particles.schemes.scheme import Scheme, blocks_of, parts_of, slope_of, wall_of, without_noise


@dataclass(frozen=True)
class ExactFlow(Scheme):
    """The exact flow of piecewise constant weights and biases, step after step.

    It exists on the line for every drift that has a flow, in R^d for diagonal weights (component by component), and
    for the identity with any weight matrix (an affine map, by the matrix exponential).

    See Also
    --------
    particles.model.PushForward : The law that it carries a start to.

    Examples
    --------
    >>> from particles import ExactFlow, carry
    >>> from particles.model import cases
    >>> model = cases["regression"].model  # u = 1 - x: sinh u(t) = exp(-t) sinh u(0)
    >>> print(carry(model, ExactFlow(), [0.0, 1.0, 2.0], until=2.0).round(6))
    [0.841617 1.       1.158383]
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
        if model.size > 1 and not _affine(model):
            weights = model.weights(levels[:-1])
            if np.any(weights * (1.0 - np.eye(model.size))):
                what = "the identity between walls" if model.drift.linear else f"drift {model.drift.name!r}"
                raise InputError(f"{what} has no exact flow for a full weight matrix: use Euler(layers=...)")
        if not _affine(model):
            known = model.mean_coupled or not model.drift.flow_needs_zero_bias
            biases = np.zeros(1) if known else model.biases(levels[:-1], model.weights(levels[:-1]))
            model.drift.require_flow(float(biases.flat[np.abs(biases).argmax()]))
        return levels

    def parameters(self, model: Model, levels: Floats, k: int, n: int, mean: Floats | None) -> tuple[Any, ...]:
        """Numbers of the steps from level k to level n.

        (w, b, t, p, q) a component, shape (D, n - k, 5), or matrices and shifts of affine maps, and what they are of:
        weights, biases and lengths of time.
        """
        weights = model.weights(levels[k:n])
        biases = model.biases(levels[k:n], weights, mean)
        spans = np.diff(levels[k : n + 1]).tolist()
        if _affine(model):
            maps = [affine_flow(w, b, t) for w, b, t in zip(weights, biases, spans, strict=True)]
            return np.stack([e for e, _ in maps]), np.stack([c for _, c in maps]), weights, biases, spans
        step = model.drift.step
        rows = [
            [step(float(w[i, i]), float(b[i]), t) for w, b, t in zip(weights, biases, spans, strict=True)]
            for i in range(model.size)
        ]
        return (np.array(rows),)

    def advance(self, model: Model, state: Floats, parameters: tuple[Any, ...], address: Address) -> None:
        """Carry `state`, shape (D, m), over the steps, in place."""
        if len(parameters) > 1:
            space.affine_space()(state, *parameters[:2])
            return
        wall, *ends = wall_of(model)
        assert model.drift.flow is not None  # levels has seen to it
        sweep = line.flow_line(model.drift.flow, wall)
        for row, steps, low, high in zip(state, parameters[0], *(end.tolist() for end in ends), strict=True):
            sweep(row, steps, model.drift.constants, low, high)

    def require_adjoint(self, model: Model) -> None:
        """Nothing is refused that has an exact flow."""

    def retrace(
        self, model: Model, state: Floats, slopes: Floats, parameters: tuple[Any, ...], address: Address, block: int,
        start: Formula = given_slope,
    ) -> Floats:  # fmt: skip
        """The adjoint of `advance`, see `Scheme.retrace`: flow maps that follow each other, and their derivatives."""
        if len(parameters) > 1:
            return self._retrace_affine(model, state, slopes, parameters, block, start)
        size, steps = model.size, parameters[0].shape[1]
        wall, *ends = wall_of(model)
        out = np.zeros((blocks_of(state, block), steps, parts_of(model)))
        pairs = zip(*(end.tolist() for end in ends), strict=True)
        for i, (rows, pair) in enumerate(zip(parameters[0].tolist(), pairs, strict=True)):
            found, turns = [], []
            for w, b, t, *_ in rows:
                found.append(flow_tangents(model.drift, state[i], w, b, t))
                new, turn = found[-1].y, 1.0
                if model.walls is not None:
                    new, turn = line.at_wall(wall, slope_of(wall), state[i], new, *pair)
                state[i] = new
                turns.append(turn)
            begin_adjoint(start, state[i], slopes[i])
            for k in range(steps - 1, -1, -1):
                slopes[i] *= turns[k]
                out[:, k, i * size + i] = block_sums(slopes[i] * found[k].by_w, block)
                out[:, k, size * size + i] = block_sums(slopes[i] * found[k].by_b, block)
                if model.drift.f_c is not None:
                    out[:, k, -1] += block_sums(slopes[i] * found[k].by_c, block)
                slopes[i] *= found[k].by_x
        return out

    def _retrace_affine(
        self, model: Model, state: Floats, slopes: Floats, parameters: tuple[Any, ...], block: int, start: Formula
    ) -> Floats:
        """x' = E x + c: p = E^T p', and of E and c by weight and bias their tangents, once a step for all particles."""
        size, (matrices, shifts, weights, biases, spans) = model.size, parameters
        out, before = np.zeros((blocks_of(state, block), len(matrices), parts_of(model))), []
        for matrix, shift in zip(matrices, shifts, strict=True):
            before.append(state.copy())
            space.affine_space()(state, matrix[None], shift[None])
        for row, slope in zip(state, slopes, strict=True):
            begin_adjoint(start, row, slope)
        for k in range(len(matrices) - 1, -1, -1):
            by_maps = [block_sums(slope * x, block) for slope in slopes for x in before[k]]
            by_maps += [block_sums(slope, block) for slope in slopes]
            of_maps, of_shifts = affine_flow_tangents(weights[k], biases[k], spans[k])
            moves = np.concatenate([of_maps.reshape(len(of_maps), -1), of_shifts], axis=1)
            out[:, k, : size * (size + 1)] = ordered_product(moves, np.array(by_maps)).T
            slopes[:] = ordered_product(matrices[k].T, slopes)
        return out

    def tangents(
        self, model: Model, begin: Floats, levels: Floats, by_weights: Floats, by_biases: Floats, by_constant: Floats
    ) -> tuple[Floats, Floats]:
        """By the chain rule of the flow's maps, component by component or of affine maps, see `Scheme.tangents`."""
        parameters = self.parameters(model, levels, 0, len(levels) - 1, None)
        x, v = begin.copy(), np.zeros((by_weights.shape[1], *begin.shape))
        if len(parameters) > 1:
            for e, c, w, b, t, by_w, by_b in zip(*parameters, by_weights, by_biases, strict=True):
                moves = np.concatenate([by_w.reshape(len(v), -1), by_b], axis=1)
                of_maps, of_shifts = affine_flow_tangents(w, b, t)
                for j, move in enumerate(moves):
                    by_e, by_c = _combined(move, of_maps), _combined(move, of_shifts)
                    v[j] = ordered_product(e, v[j]) + ordered_product(by_e, x) + by_c[:, None]
                x = ordered_product(e, x) + c[:, None]
            return x, v
        (rows,) = parameters
        for k, by_w, by_b in zip(range(len(levels) - 1), by_weights, by_biases, strict=True):
            for i in range(model.size):
                step = flow_tangents(model.drift, x[i], *rows[i, k, :3].tolist())
                x[i] = step.y
                for j in range(len(v)):
                    v[j, i] = step.by_x * v[j, i] + by_w[j, i, i] * step.by_w + by_b[j, i] * step.by_b
                    if by_constant[j] != 0.0:
                        v[j, i] += by_constant[j] * step.by_c
        return x, v

    def stride(self, levels: Floats) -> float:
        """0: the flow is exact over any time."""
        return 0.0


def _combined(shares: Floats, parts: Floats) -> Floats:
    """Sum of shares times parts in their order."""
    total = np.zeros(parts.shape[1:])
    for share, part in zip(shares, parts, strict=True):
        total += share * part
    return total


def _affine(model: Model) -> bool:
    """Whether a step is an affine map of the state: of the identity in R^d, without walls."""
    return model.size > 1 and model.drift.linear and model.walls is None
