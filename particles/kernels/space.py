"""The sweeps in R^D: full weight matrices, products as sums of fma in a fixed order."""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma
from particles.kernels.line import TILE


@formula
def affine(x: Any, start: int, count: int, weight: Any, bias: Any, u: Any) -> None:
    """u = weight x + bias for a tile, products in the order of the columns: sums of fma over j = 0, 1, ..."""
    for i in range(len(weight)):
        row = u[i]
        row[:count] = bias[i]
        for j in range(len(weight)):
            w = weight[i, j]
            source = x[j, start : start + count]
            for p in range(count):
                row[p] = fma(w, source[p], row[p])


@kernel
def euler_space(drift: Formula, wall: Formula) -> Formula:
    """The same in R^D with full weight matrices; walls of each component, shapes (D,)."""

    def sweep(x: Any, weights: Any, biases: Any, dt: float, constants: Any, lows: Any, highs: Any) -> None:
        size, count = x.shape
        width = max(TILE // (2 * size), 64)
        u = np.empty((size, width))
        for start in range(0, count, width):
            stop = min(start + width, count)
            for k in range(len(weights)):
                affine(x, start, stop - start, weights[k], biases[k], u)
                for i in range(size):
                    row, low, high = u[i], lows[i], highs[i]
                    target = x[i, start:stop]
                    for p in range(stop - start):
                        old = target[p]
                        target[p] = wall(old, fma(dt, drift(row[p], old, constants), old), low, high)

    return sweep


@kernel
def affine_space() -> Formula:
    """x <- E_k x + c_k in R^D, the exact flow of the identity."""

    def sweep(x: Any, matrices: Any, shifts: Any) -> None:
        size, count = x.shape
        width = max(TILE // (2 * size), 64)
        new = np.empty((size, width))
        for start in range(0, count, width):
            stop = min(start + width, count)
            for k in range(len(matrices)):
                affine(x, start, stop - start, matrices[k], shifts[k], new)
                for i in range(size):
                    target, row = x[i, start:stop], new[i]
                    for p in range(stop - start):
                        target[p] = row[p]

    return sweep
