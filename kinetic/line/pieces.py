"""A cell's polynomial of high degree as a few parabolas, which is what a measure on the line holds.

A cell is cut into m equal parts; each has the parabola with the average of P over it and P's values at both its ends.
What that is off P by, (h/m)^3 P_xxx s (s^2 - 1/4)/6, has no mean in any part: the distribution function is exact at all
ends, and between them off by at most (h/m)^4 max abs(P_xxx)/384.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

import numpy as np

from kinetic.grid import Grid
from kinetic.line.cweno import HighOrder
from kinetic.line.cweno_formulas import DIFFERENCES, candidates
from kinetic.line.stencils import average, over_differences, value
from kinetic.line.wide import averages_beyond, beyond
from particles.base.arrays import Floats
from particles.base.jit import Formula, kernel
from particles.base.shims import fma


def pieces(reconstruction: HighOrder, averages: Floats, grid: Grid, *, periodic: bool) -> tuple[Floats, Floats]:
    """Faces, shape (m N + 1,), and coefficients p0, p1, p2, shape (3, m N), of a density given by its averages."""
    r, m, n = reconstruction.radius, reconstruction.pieces, grid.cells
    padded = np.zeros(n + 2 * r + 2)
    padded[r + 1 : -r - 1] = averages
    rows = averages_beyond(r, 2 * r)
    beyond(padded, rows, rows, periodic, r + 1)
    found = np.empty((2 * m + 1, n))
    eps = reconstruction.constants(grid.h, averages)
    _rises(reconstruction.parts, DIFFERENCES[r])(padded, eps, _rows(r, m), found)
    low, mean, high = averages + found[:m], averages + found[m + 1 :], averages + found[1 : m + 1]
    bend = 3.0 * (low + high - 2.0 * mean)
    coefficients = np.array([mean - bend / 12.0, high - low, bend])
    cuts = grid.faces[:-1] + np.diff(grid.faces) * (np.arange(m) / m)[:, None]
    faces = np.append(cuts.T.reshape(-1), grid.hi)
    return faces, np.ascontiguousarray(coefficients.transpose(0, 2, 1).reshape(3, -1))


@functools.cache
def _rows(r: int, m: int) -> Floats:
    """Rows over differences of P_opt and all P_k, shape (r + 2, 2m + 1, 2r): values at m + 1 ends, averages between."""
    ends = [Fraction(k, m) - Fraction(1, 2) for k in range(m + 1)]
    rows = np.zeros((r + 2, 2 * m + 1, 2 * r))
    for part, (low, high, first) in zip(rows, candidates(r), strict=True):
        width = high - low
        for row, s in zip(part, ends, strict=False):
            row[first : first + width] = over_differences(value(low, high, s), -low)
        for row, start, end in zip(part[m + 1 :], ends[:-1], ends[1:], strict=True):
            row[first : first + width] = over_differences(average(low, high, start, end), -low)
    return rows


@kernel
def _rises(parts: Formula, differences: Formula) -> Formula:
    def loop(u: Any, eps: float, rows: Any, out: Any) -> None:
        for j in range(out.shape[1]):
            d = differences(u, j + 1)
            shares = parts(u, j + 1, eps)
            for i in range(out.shape[0]):
                total = 0.0
                for c in range(rows.shape[0]):
                    rise = 0.0
                    for k in range(rows.shape[2]):
                        rise = fma(rows[c, i, k], d[k], rise)
                    total = fma(shares[c + 1], rise, total)
                out[i, j] = shares[0] * total

    return loop
