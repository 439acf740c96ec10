"""The discrete adjoint of Euler's layers on the line: forward and backward on a tile that stays in the cache.

    x_{k+1} = wall(x_k + dt f(u_k, x_k)),   u_k = w_k x_k + b_k,   loss L = mean over particles of l(x_K)

backwards from p_K = dl/dx_K, with the derivative s_k of the wall's map:

    a = s_k p_{k+1},   c = dt f_u a,   dL/dw_k = E[c x_k],   dL/db_k = E[c],   p_k = a + w_k c + dt f_x a.

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
def _passes(drift: Formula, f_u: Formula, f_x: Formula, wall: Formula, slope: Formula) -> tuple[Formula, Formula]:
    """A layer forwards and a layer backwards, each over rows of one array: LLVM takes two for aliases."""

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
            x, f, p = here[i], here[i + TILE], sums[i + 2 * TILE]
            u = fma(w, x, b)
            a = slope(x, fma(dt, f, x), low, high) * p
            by_u = dt * f_u(u, x, f, c) * a
            sums[i] += by_u * x
            sums[i + TILE] += by_u
            sums[i + 2 * TILE] = fma(w, by_u, fma(dt * f_x(u, x, c), a, a))

    return forwards, backwards


@kernel
def _adjoint(forwards: Formula, backwards: Formula, start: Formula) -> Formula:
    """Loop over the tiles of a rank's particles.

    x, shape (m,), becomes the state at the end, `given` the derivative of the loss by the state at the begin; `out`,
    shape (blocks, 2, K), gets the sums of a block of `block` particles, a multiple of the tile.
    """

    def loop(
        x: Any, given: Any, weights: Any, biases: Any, dt: float, c: Any, low: float, high: float, block: int, out: Any
    ) -> None:
        layers = weights.size
        rows = np.zeros((min(layers, SEGMENT) + 1, 2 * TILE))
        kept = np.zeros((-(-layers // SEGMENT), TILE))
        sums = np.zeros((layers, 3 * TILE))
        for number in range(out.shape[0]):
            sums[:, : 2 * TILE] = 0.0
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
                last = sums[layers - 1, 2 * TILE :]
                for i in range(TILE):
                    last[i] = start(end[i], given[first + i]) if i < count else 0.0
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
                            sums[k - 1, 2 * TILE + i] = sums[k, 2 * TILE + i]
                for i in range(count):
                    given[first + i] = sums[0, 2 * TILE + i]
            for k in range(layers):
                for part in range(2):
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


def adjoint_line(drift: Formula, f_u: Formula, f_x: Formula, wall: Formula, slope: Formula, start: Formula) -> Any:
    """The compiled loop for f (u, x, c), f_u (u, x, f, c), f_x (u, x, c), a wall, its slope and a start (x, given)."""
    for one in (drift, f_u, f_x, wall, slope):
        formula(one)
    return _adjoint(*_passes(drift, f_u, f_x, wall, slope), start)
