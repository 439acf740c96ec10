"""The sweeps: many steps on a tile of particles while it lies in the cache, the formula handed in.

Every loop runs over contiguous particles, with no early exit and no call left after inlining, so that the compiler
turns it into vector instructions; parameters come as arrays, one row a step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma

TILE = 4096  # numbers of a tile: 32 KiB, the smallest first-level cache in use
_WHOLE = 1.5 * 2.0**52  # added and taken away again it leaves the nearest whole number
LANES = 16  # partial sums of a block: four vectors of four or two of eight


@formula
def free(old: float, new: float, low: float, high: float) -> float:
    """No walls."""
    return new


@formula
def sticky(old: float, new: float, low: float, high: float) -> float:
    """Walls that hold what reaches them (zero flux without noise)."""
    moved = low if new < low else new
    moved = high if moved > high else moved
    return old if old <= low or old >= high else moved


@formula
def reflecting(old: float, new: float, low: float, high: float) -> float:
    """Walls that mirror what crosses them (zero flux with noise), for steps shorter than the interval."""
    moved = low + (low - new) if new < low else new
    moved = high - (moved - high) if moved > high else moved
    moved = low if moved < low else moved
    return high if moved > high else moved


@formula
def folding(old: float, new: float, low: float, high: float) -> float:
    """The same for steps of any length, to the same bits where they are short: mirrored as often as they cross.

    What lies d beyond a wall comes to abs(d - n 2 (high - low)) from it, n the nearest whole number: exact up to 2^51.
    """
    period = 2.0 * (high - low)
    d = low - new if new < low else new - high
    n = (1.0 / period) * d + _WHOLE - _WHOLE
    r = abs(fma(-period, n, d))
    moved = low + r if new < low else (high - r if new > high else new)
    moved = low if moved < low else moved
    return high if moved > high else moved


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
def euler_space(drift: Formula) -> Formula:
    """The same in R^D with full weight matrices."""

    def sweep(x: Any, weights: Any, biases: Any, dt: float, constants: Any) -> None:
        size, count = x.shape
        width = max(TILE // (2 * size), 64)
        u = np.empty((size, width))
        for start in range(0, count, width):
            stop = min(start + width, count)
            for k in range(len(weights)):
                affine(x, start, stop - start, weights[k], biases[k], u)
                for i in range(size):
                    row = u[i]
                    target = x[i, start:stop]
                    for p in range(stop - start):
                        target[p] = fma(dt, drift(row[p], target[p], constants), target[p])

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
                    x[i, start:stop] = new[i, : stop - start]

    return sweep


@kernel
def block_power_sums() -> Formula:
    """Sums of x - c and of its squares over each block of a row, shape (2, blocks): fixed lanes, a fixed order of sums.

    The centre c = 0 gives sums of x and x^2 to the last bit.
    """

    def sums(x: Any, centre: float, block: int, out: Any) -> None:
        first, second = np.empty(LANES), np.empty(LANES)
        for number in range(out.shape[1]):
            part = x[number * block : min((number + 1) * block, x.size)]
            first[:] = 0.0
            second[:] = 0.0
            whole = part.size - part.size % LANES
            for start in range(0, whole, LANES):
                for lane in range(LANES):
                    value = part[start + lane] - centre
                    first[lane] += value
                    second[lane] += value * value
            for i in range(whole, part.size):
                value = part[i] - centre
                first[i - whole] += value
                second[i - whole] += value * value
            half = LANES // 2
            while half > 0:
                for lane in range(half):
                    first[lane] += first[lane + half]
                    second[lane] += second[lane + half]
                half //= 2
            out[0, number] = first[0]
            out[1, number] = second[0]

    return sums


def first_not_finite(state: Floats) -> int | None:
    """Number of the first column of `state`, shape (D, m), that holds a NaN or an infinity; None if there is none."""
    for row_block in range(0, state.shape[1], TILE):
        part = state[:, row_block : row_block + TILE]
        if not np.isfinite(part).all():
            return row_block + int(np.argmin(np.isfinite(part).all(axis=0)))
    return None
