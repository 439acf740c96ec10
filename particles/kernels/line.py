"""The sweeps: many steps on a tile of particles while it lies in the cache, the formula handed in.

Every loop runs over contiguous particles, with no early exit and no call left after inlining, so that the compiler
turns it into vector instructions; parameters come as arrays, one row a step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.base.jit import Formula, kernel
from particles.base.shims import fma

TILE = 4096  # numbers of a tile: 32 KiB, the smallest first-level cache in use


@kernel
def euler_line(drift: Formula, wall: Formula) -> Formula:
    """x <- x + dt f(w_k x + b_k, x) for k = 0, 1, ..., d = 1; arXiv 2001.04294 (1)."""

    def sweep(x: Any, weights: Any, biases: Any, dt: float, constants: Any, low: float, high: float) -> None:
        for start in range(0, x.size, TILE):
            tile = x[start : start + TILE]
            for k in range(weights.size):
                w, b = weights[k], biases[k]
                for i in range(tile.size):
                    old = tile[i]
                    tile[i] = wall(old, fma(dt, drift(fma(w, old, b), old, constants), old), low, high)

    return sweep


@kernel
def flow_line(flow: Formula, wall: Formula) -> Formula:
    """x <- X(x), the exact flow of each step (w, b, t, p, q) in turn; d = 1."""

    def sweep(x: Any, steps: Any, constants: Any, low: float, high: float) -> None:
        for start in range(0, x.size, TILE):
            tile = x[start : start + TILE]
            for k in range(len(steps)):
                w, b, t, p, q = steps[k, 0], steps[k, 1], steps[k, 2], steps[k, 3], steps[k, 4]
                for i in range(tile.size):
                    tile[i] = wall(tile[i], flow(tile[i], w, b, t, p, q, constants), low, high)

    return sweep


@kernel
def _at_wall(wall: Formula, slope: Formula) -> Formula:
    def loop(old: Any, new: Any, low: float, high: float, there: Any, turn: Any) -> None:
        for i in range(old.size):
            turn[i] = slope(old[i], new[i], low, high)
            there[i] = wall(old[i], new[i], low, high)

    return loop


def at_wall(wall: Formula, slope: Formula, old: Any, new: Any, low: float, high: float) -> tuple[Any, Any]:
    """Where steps from `old` that would go to `new`, shapes (m,), end, and the derivative of the wall's map there."""
    there, turn = np.empty_like(new), np.empty_like(new)
    _at_wall(wall, slope)(old, new, low, high, there, turn)
    return there, turn
