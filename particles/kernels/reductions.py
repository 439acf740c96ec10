"""Sums over blocks of particles, and the first particle that is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.jit import Formula, kernel

LOOKED_AT = 2**15  # columns at a time: a mask of them fits a second-level cache, and the calls cost nothing beside it
LANES = 16  # partial sums of a block: four vectors of four or two of eight


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


def block_sums(x: Floats, block: int) -> Floats:
    """Sum of a row over each of its blocks, in lanes and an order that are fixed."""
    out = np.empty((2, -(-x.size // block)))
    block_power_sums()(x, 0.0, block, out)
    sums: Floats = out[0]
    return sums


def first_not_finite(state: Floats) -> int | None:
    """Number of the first column of `state`, shape (D, m), that holds a NaN or an infinity; None if there is none."""
    for row_block in range(0, state.shape[1], LOOKED_AT):
        part = state[:, row_block : row_block + LOOKED_AT]
        if not np.isfinite(part).all():
            return row_block + int(np.argmin(np.isfinite(part).all(axis=0)))
    return None
