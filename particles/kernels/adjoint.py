"""The discrete adjoint of Euler's layers on the line: forward and backward on a tile that stays in the cache.

    x_{k+1} = wall(x_k + dt f(u_k, x_k)),   u_k = w_k x_k + b_k,   loss L = mean over particles of l(x_K)

backwards from p_K = dl/dx_K, with the derivative s_k of the wall's map:

    a = s_k p_{k+1},   c = dt f_u a,   dL/dw_k = E[c x_k],   dL/db_k = E[c],   p_k = a + w_k c + dt f_x a,

and the part of step k in the derivative by a constant gamma of the drift, where it has one, is E[dt f_gamma a].

(Arxiv 2001.04294, 3.4, corrected for a signed multiplier: E8 and E9 of docs/errata.md; Ruseckas, (A.8), (112).) p_{k+1}
belongs to the end of the layer: it is exact for the scheme, not for the differential equation.

A tile keeps x_k and f of all layers of a segment in a row each; more layers than a segment are carried twice, from the
states at the begins of segments. Lanes stay apart until a block is done and are then added in a fixed tree.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma

TILE = 128  # particles of a tile
SEGMENT = 128  # layers whose states a tile holds: 384 kB with the sums


@functools.cache
def by_constant(f_c: Formula | None) -> Formula:
    """The formula that adds a particle's part, dt f_c a, to row[i]; it does nothing where there is no f_c."""

    def none(row: Any, i: int, u: float, x: float, c: Any, a: float) -> None:
        pass

    if f_c is None:
        return formula(none)
    derivative = formula(f_c)

    def add(row: Any, i: int, u: float, x: float, c: Any, a: float) -> None:
        row[i] += derivative(u, x, c) * a

    return formula(add)


@functools.cache
def _passes(
    drift: Formula, f_u: Formula, f_x: Formula, wall: Formula, slope: Formula, f_c: Formula | None
) -> tuple[Formula, Formula]:
    """A layer forwards and a layer backwards, each over rows of one array: LLVM takes two for aliases.

    A row of sums holds those by weight, by bias and, with f_c, by the constant; then the adjoint.
    """
    last, add = TILE * _parts(f_c), by_constant(f_c)

    @formula
    def forwards(here: Any, there: Any, w: float, b: float, dt: float, c: Any, low: float, high: float) -> None:
        for i in range(TILE):
            x = here[i]
            f = drift(fma(w, x, b), x, c)
            here[i + TILE] = f
            there[i] = wall(x, fma(dt, f, x), low, high)

    @formula
    def backwards(here: Any, sums: Any, w: float, b: float, dt: float, c: Any, low: float, high: float) -> None:
        for i in range(TILE):
            x, f, p = here[i], here[i + TILE], sums[i + last]
            u = fma(w, x, b)
            a = slope(x, fma(dt, f, x), low, high) * p
            add(sums, i + 2 * TILE, u, x, c, dt * a)
            by_u = dt * f_u(u, x, f, c) * a
            sums[i] += by_u * x
            sums[i + TILE] += by_u
            sums[i + last] = fma(w, by_u, fma(dt * f_x(u, x, c), a, a))

    return forwards, backwards


def _parts(f_c: Formula | None) -> int:
    """Number of derivatives of a layer."""
    return 2 if f_c is None else 3


@kernel
def _adjoint(forwards: Formula, backwards: Formula, start: Formula, parts: int) -> Formula:
    """Loop over the tiles of a rank's particles.

    x, shape (m,), becomes the state at the end, `given` the derivative of the loss by the state at the begin; `out`,
    shape (blocks, parts, K), gets the sums of a block of `block` particles, a multiple of the tile.
    """
    last = parts * TILE

    def loop(
        x: Any, given: Any, weights: Any, biases: Any, dt: float, c: Any, low: float, high: float, block: int, out: Any
    ) -> None:
        layers = weights.size
        rows = np.zeros((min(layers, SEGMENT) + 1, 2 * TILE))
        kept = np.zeros((-(-layers // SEGMENT), TILE))
        sums = np.zeros((layers, last + TILE))
        for number in range(out.shape[0]):
            sums[:, :last] = 0.0
            for first in range(number * block, min((number + 1) * block, x.size), TILE):
                count = min(TILE, x.size - first)
                for i in range(TILE):  # what is missing in the last tile repeats a particle, and weighs nothing
                    rows[0, i] = x[first + min(i, count - 1)]
                for k in range(layers):
                    j = k % SEGMENT
                    if j == 0:
                        for i in range(TILE):
                            kept[k // SEGMENT, i] = rows[SEGMENT if k else 0, i]
                            rows[0, i] = kept[k // SEGMENT, i]
                    forwards(rows[j], rows[j + 1], weights[k], biases[k], dt, c, low, high)
                end = rows[(layers - 1) % SEGMENT + 1]
                at_end = sums[layers - 1, last:]
                for i in range(TILE):
                    at_end[i] = start(end[i], given[first + i]) if i < count else 0.0
                for i in range(count):
                    x[first + i] = end[i]
                for k in range(layers - 1, -1, -1):
                    j = k % SEGMENT
                    if j == SEGMENT - 1 and k < layers - 1 - (layers - 1) % SEGMENT:
                        for i in range(TILE):
                            rows[0, i] = kept[k // SEGMENT, i]
                        for n in range(SEGMENT):
                            m = k - j + n
                            forwards(rows[n], rows[n + 1], weights[m], biases[m], dt, c, low, high)
                    backwards(rows[j], sums[k], weights[k], biases[k], dt, c, low, high)
                    if k > 0:
                        for i in range(TILE):
                            sums[k - 1, last + i] = sums[k, last + i]
                for i in range(count):
                    given[first + i] = sums[0, last + i]
            for k in range(layers):
                for part in range(parts):
                    half = TILE // 2
                    while half > 0:
                        for i in range(half):
                            sums[k, part * TILE + i] += sums[k, part * TILE + i + half]
                        half //= 2
                    out[number, part, k] = sums[k, part * TILE]

    return loop


@formula
def given_slope(x: float, given: float) -> float:
    """The derivative itself, where it is known for every particle."""
    return given


@formula
def to_target(x: float, given: float) -> float:
    """x - y, of (x - y)^2/2."""
    return x - given


@kernel
def _begin(start: Formula) -> Formula:
    def loop(x: Any, given: Any) -> None:
        for i in range(x.size):
            given[i] = start(x[i], given[i])

    return loop


def begin_adjoint(start: Formula, x: Any, given: Any) -> None:
    """Turn what `start` takes into the derivative at the ends x, shape (m,), in place."""
    _begin(start)(x, given)


def adjoint_line(
    drift: Formula, f_u: Formula, f_x: Formula, wall: Formula, slope: Formula, start: Formula, f_c: Formula | None
) -> Any:
    """The compiled loop for f (u, x, c), f_u (u, x, f, c), f_x (u, x, c), a wall, its slope and a start (x, given).

    With f_c (u, x, c), the derivative by a constant, `out` has a third part.
    """
    for one in (drift, f_u, f_x, wall, slope):
        formula(one)
    return _adjoint(*_passes(drift, f_u, f_x, wall, slope, f_c), start, _parts(f_c))
