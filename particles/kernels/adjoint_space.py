"""The discrete adjoint of layers in R^D, with noise or without, of any number of pushes a step.

    y_i = x_i + dt f(u_i, x_i) + sd K(x_i) eta_i,   u = w_k x + b_k,   x_i' = wall(y_i),   loss L = mean of l(x_K)

backwards from p_K = dl/dx_K, with the derivative s of the wall's map and the same eta:

    a_i = s_i p_i',   c_i = dt f_u a_i,   dL/dw_k = E[c x^T],   dL/db_k = E[c],   dL/dsd = E[sum_i K eta_i a_i],
    p_i = a_i (1 + dt f_x + sd K'(x_i) eta_i) + sum_j w_ji c_j,

and a step's part in the derivative by a constant gamma of the drift, where it has one, is E[sum_i dt f_gamma a_i].

(Pathwise, the numbers held fixed: they are drawn again from their addresses, nothing is stored beyond a tile.) A tile
keeps the states at the begin of every step, and those within the step that it retraces. A step is one push of every
particle, or of each as many as its clock says. Milstein's adds half K K' (eta^2 - 1), half = sd^2/2, whose derivatives
are half K'^2 (eta^2 - 1) by x, for a K that bends nowhere, and sd K K' (eta^2 - 1) by sd.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from particles.base.arrays import Floats
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma
from particles.kernels.adjoint import TILE, by_constant
from particles.kernels.noisy import WIDTH, Keys, Place, as_words, euler_maruyama, fill_variates, milstein
from particles.noise import Noise, sign_of_bit
from particles.philox import SHIFT


class Box(NamedTuple):
    """Where the walls of each component are, shape (D,) both."""

    low: Any
    high: Any


@formula
def _noise_sd(k: float, dk: float, eta: float, sd: float) -> float:
    return k * eta


@formula
def _noise_x(moved: float, dk: float, eta: float, half: float) -> float:
    return moved


@formula
def _milstein_sd(k: float, dk: float, eta: float, sd: float) -> float:
    return fma(sd * k * dk, fma(eta, eta, -1.0), k * eta)


@formula
def _milstein_x(moved: float, dk: float, eta: float, half: float) -> float:
    return fma(half * dk * dk, fma(eta, eta, -1.0), moved)


_DERIVATIVES = {euler_maruyama: (_noise_sd, _noise_x), milstein: (_milstein_sd, _milstein_x)}
"""Of each push, by sd, and what it adds to the derivative by x."""


@formula
def _affine(x: Any, weight: Any, bias: Any, u: Any) -> None:
    """u = weight x + bias for a tile, as `particles.kernels.space.affine` sums it."""
    for i in range(len(weight)):
        row = u[i]
        for p in range(TILE):
            row[p] = bias[i]
        for j in range(len(weight)):
            w, source = weight[i, j], x[j]
            for p in range(TILE):
                row[p] = fma(w, source[p], row[p])


@formula
def _total(part: Any) -> float:
    """Sum of a tile in a fixed tree, in place."""
    half = TILE // 2
    while half > 0:
        for i in range(half):
            part[i] += part[i + half]
        half //= 2
    return float(part[0])


@kernel
def _push(drift: Formula, value: Formula, derivative: Formula, wall: Formula, push: Formula) -> Formula:
    """All components of a tile from states[turn] to states[turn + 1]."""

    def loop(tile: Any, turn: int, weight: Any, bias: Any, work: Any, row: int, numbers: Any, box: Box) -> None:
        states, counts = tile
        u, eta = work
        (dt, sd, half), (c, kc) = numbers
        _affine(states[turn], weight, bias, u)
        for j in range(len(u)):
            x, v, noise, there, low, high = (
                states[turn, j],
                u[j],
                eta[j, row],
                states[turn + 1, j],
                box.low[j],
                box.high[j],
            )
            for i in range(TILE):
                old = x[i]
                moved = fma(dt, drift(v[i], old, c), old)
                new = push(moved, value(old, kc), derivative(old, kc), noise[i], sd, half)
                there[i] = wall(old, new, low, high) if turn < counts[i] else old

    return loop


@kernel
def _pull(
    drift: Formula, f_u: Formula, f_x: Formula, value: Formula, derivative: Formula, slope: Formula,
    add: Formula, push: Formula,
) -> Formula:  # fmt: skip
    """The adjoint p back over the push from states[turn]; adds its parts to the sums of a step."""
    push_sd, push_x = _DERIVATIVES[push]

    def loop(
        tile: Any,
        turn: int,
        weight: Any,
        bias: Any,
        work: Any,
        row: int,
        numbers: Any,
        box: Box,
        adjoint: Any,
        sums: Any,
    ) -> None:
        states, counts = tile
        u, eta = work
        p, by_u, part, by_sd, by_c = adjoint
        (dt, sd, half), (c, kc) = numbers
        size = len(u)
        _affine(states[turn], weight, bias, u)
        for j in range(size):
            x, v, noise, here, low, high = states[turn, j], u[j], eta[j, row], p[j], box.low[j], box.high[j]
            by_v = by_u[j]
            for i in range(TILE):
                old = x[i]
                f, k, dk = drift(v[i], old, c), value(old, kc), derivative(old, kc)
                moves = turn < counts[i]
                new = push(fma(dt, f, old), k, dk, noise[i], sd, half)
                a = slope(old, new, low, high) * here[i] if moves else 0.0
                by_v[i] = dt * f_u(v[i], old, f, c) * a
                by_sd[i] += push_sd(k, dk, noise[i], sd) * a
                add(by_c, i, v[i], old, c, dt * a)
                own = push_x(fma(sd * dk, noise[i], dt * f_x(v[i], old, c)), dk, noise[i], half)
                here[i] = fma(own, a, a) if moves else here[i]
        for i in range(size):
            by_v = by_u[i]
            for j in range(size):
                source, w, target = states[turn, j], weight[i, j], p[j]
                for q in range(TILE):
                    part[q] = by_v[q] * source[q]
                    target[q] = fma(w, by_v[q], target[q])
                sums[i * size + j] += _total(part)
            sums[size * size + i] += _total(by_v)

    return loop


@formula
def _copy(source: Any, target: Any) -> None:
    for j in range(len(source)):
        row, there = source[j], target[j]
        for i in range(TILE):
            there[i] = row[i]


@kernel
def _no_draw() -> Formula:
    """Without noise."""

    def draw(first: int, at: int, turn: int, per: int, key: Any, eta: Any, many: int) -> int:
        return 0

    return draw


@kernel
def _one_push() -> Formula:
    """One push of every particle in a step."""

    def count(first: int, at: int, key: Any, words: Any, thresholds: Any, counts: Any, many: int) -> int:
        for i in range(TILE):
            counts[i] = 1 if i < many else 0
        return 1

    return count


@kernel
def _draw_of_step(variates: Formula) -> Formula:
    """Fill the variates of step `at`, one push of every particle; return their row."""
    fill = fill_variates(variates)

    def draw(first: int, at: int, turn: int, per: int, key: Any, eta: Any, many: int) -> int:
        for j in range(len(eta)):
            fill(first, at // per, j, key, eta[j], many)
        return at % per

    return draw


@kernel
def _draw_of_bit() -> Formula:
    """The same of signs of single bits on the line; the words lie where the signs of one step are then put."""
    fill = fill_variates(as_words)

    def draw(first: int, at: int, turn: int, per: int, key: Any, eta: Any, many: int) -> int:
        words, offset = eta[0].view(np.uint64), at % per
        fill(first, at // per, 0, key, words, many)
        row, bit = offset // 32, np.uint64(offset % 32)
        for i in range(many):
            eta[0, row, i] = sign_of_bit(words[row, i], bit)
        return row

    return draw


@kernel
def _draw_of_collision(variates: Formula) -> Formula:
    """Fill the variates of the `turn`-th push in step `at`; return their row."""
    fill = fill_variates(variates)

    def draw(first: int, at: int, turn: int, per: int, key: Any, eta: Any, many: int) -> int:
        for j in range(len(eta)):
            fill(first, at, j | (turn // per) << 12, key, eta[j], many)
        return turn % per

    return draw


@kernel
def _pushes() -> Formula:
    """Count the pushes of each particle in a step by its clock; return the largest number."""
    fill_words = fill_variates(as_words)

    def count(first: int, at: int, key: Any, words: Any, thresholds: Any, counts: Any, many: int) -> int:
        fill_words(first, at, 0, key, words, many)
        most = 0
        for i in range(TILE):
            counts[i] = 0
        for i in range(many):
            clock, reached = (words[0, i] << SHIFT) | words[1, i], 0
            while reached < thresholds.size and clock >= thresholds[reached]:
                reached += 1
            counts[i] = reached
            most = max(most, reached)
        return most

    return count


@kernel
def _adjoint(
    drift: Formula, f_u: Formula, f_x: Formula, value: Formula, derivative: Formula, wall: Formula, slope: Formula,
    add: Formula, pushed: Formula, start: Formula, variates: Formula | None, counted: bool, bits: bool,
) -> Formula:  # fmt: skip
    """Loop over the tiles of a rank's particles, see `adjoint_space`."""
    push = _push(drift, value, derivative, wall, pushed)
    pull = _pull(drift, f_u, f_x, value, derivative, slope, add, pushed)
    count, draw = _pushes() if counted else _one_push(), _no_draw()
    if variates is not None:
        draw = _draw_of_collision(variates) if counted else _draw_of_bit() if bits else _draw_of_step(variates)

    def loop(
        x: Any, given: Any, weights: Any, biases: Any, numbers: Any, box: Box, keys: Keys, place: Place,
        thresholds: Any, block: int, work: Any, out: Any,
    ) -> None:  # fmt: skip
        size, total = x.shape
        layers = len(weights)
        kept, states, vectors, adjoint, words, counts = work
        tile, p, by_sd, by_c, eta = (states, counts), adjoint[0], adjoint[3], adjoint[4], vectors[1]
        for begin in range(0, total, TILE):
            many, first, sums = min(TILE, total - begin), place.first + begin, out[begin // block]
            for j in range(size):
                for i in range(TILE):  # what is missing in the last tile repeats a particle, and weighs nothing
                    kept[0, j, i] = x[j, begin + min(i, many - 1)]
            for k in range(layers):
                now = count(first, place.step + k, keys.clock, words, thresholds, counts, many)
                _copy(kept[k], states[0])
                for turn in range(now):
                    row = draw(first, place.step + k, turn, place.per, keys.noise, eta, many)
                    push(tile, turn, weights[k], biases[k], vectors, row, numbers, box)
                _copy(states[now], kept[k + 1])
            for j in range(size):
                for i in range(TILE):
                    p[j, i] = start(kept[layers, j, i], given[j, begin + min(i, many - 1)]) if i < many else 0.0
                for i in range(many):
                    x[j, begin + i] = kept[layers, j, i]
            for k in range(layers - 1, -1, -1):
                now = count(first, place.step + k, keys.clock, words, thresholds, counts, many)
                _copy(kept[k], states[0])
                for i in range(TILE):
                    by_sd[i] = 0.0
                    by_c[i] = 0.0
                for leg in range(2 * now - 1):  # forwards to the last push, and back over all
                    turn = min(leg, 2 * now - 2 - leg)
                    row = draw(first, place.step + k, turn, place.per, keys.noise, eta, many)
                    if leg < now - 1:
                        push(tile, turn, weights[k], biases[k], vectors, row, numbers, box)
                    else:
                        pull(tile, turn, weights[k], biases[k], vectors, row, numbers, box, adjoint, sums[k])
                sums[k, size * size + size] += _total(by_sd)
                sums[k, size * size + size + 1] += _total(by_c)
            for j in range(size):
                for i in range(many):
                    given[j, begin + i] = p[j, i]

    return loop


def adjoint_space(
    formulas: tuple[Any, ...], start: Formula, noise: Noise | None = None, *, counted: bool = False, bits: bool = False
) -> Callable[..., None]:
    """Return the sweep (x, given, weights, biases, (sizes, constants), box, keys, place, thresholds, block, out).

    x, shape (D, m), becomes the state at the end, `given` the derivative of the loss by the state at the begin; `out`,
    shape (blocks, K, D D + D + 2), zeros, gets the sums of dL/dw_k row by row, dL/db_k, dL/dsd and dL/dgamma over each
    block of `block` particles, a multiple of the tile. `formulas` are f, f_u, f_x, K, K', the wall, its slope,
    f_gamma or None, and the push. `bits`: a step takes single bits of its noise, on the line.
    """
    *plain, f_c, push = formulas
    loop = _adjoint(*plain, by_constant(f_c), push, start, None if noise is None else noise.variates, counted, bits)

    def sweep(x: Floats, *rest: Any) -> None:
        *given, thresholds, block, out = rest
        size, layers = len(x), out.shape[1]
        rows = [np.zeros((many, size, TILE)) for many in (layers + 1, thresholds.size + 2)]
        adjoint = np.zeros((size, TILE)), np.zeros((size, TILE)), np.zeros(TILE), np.zeros(TILE), np.zeros(TILE)
        vectors = np.zeros((size, TILE)), np.zeros((size, 4, WIDTH))
        words, counts = np.zeros((4, WIDTH), dtype=np.uint64), np.zeros(TILE, dtype=np.int64)
        loop(x, *given, thresholds, block, (*rows, vectors, adjoint, words, counts), out)

    return sweep
