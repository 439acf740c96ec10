"""Local interpolation of degree 7 on a uniform grid, as sparse matrices that act on a distribution function.

With s = (y - y_m)/h in [0, 1),

    f(y) = sum_j l_j(s) f_{m+j},   j = -3, ..., 4,   l_j(s) = prod_{i != j} (s - i)/(j - i),

exact for polynomials of degree 7. A vector of values carries two more entries: what f is below the grid and above it
(0 and 1 for F, 1 and 0 for 1 - F).

A function with kinks or jumps is brought to the grid by the transposed weights, f_j = int f(y) l_j(y) dy/h: then every
integral of it against a smooth kernel is right to degree 7, although its values at the kinks are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.jit import Formula, kernel
from particles.base.quadrature import panel_points

_OFFSETS = np.arange(-3, 5)


def _basis() -> Floats:
    """Coefficients of l_j in powers of s, shape (8 powers, 8 points)."""
    columns = []
    for j in _OFFSETS:
        others = _OFFSETS[j != _OFFSETS]
        columns.append(np.poly(others)[::-1] / np.prod(j - others))
    return np.stack(columns, axis=1)


_VALUES = _basis()
_SLOPES = _VALUES[1:] * np.arange(1, 8)[:, None]


@kernel
def _interpolated() -> Formula:
    """Values (or slopes) at points from one table of size + 2 values, by coefficients of shape (powers, 8)."""

    def loop(y: Any, origin: float, step: float, coefficients: Any, table: Any, out: Any) -> None:
        size = table.size - 2
        for i in range(y.size):
            place = min(max((y[i] - origin) / step, -6.0), size + 6.0)
            cell = math.floor(place)
            s, first, total = place - cell, int(cell) - 3, 0.0
            for j in range(8):
                weight = 0.0
                for k in range(len(coefficients) - 1, -1, -1):
                    weight = weight * s + coefficients[k, j]
                at = first + j
                total += weight * table[size if at < 0 else size + 1 if at >= size else at]
            out[i] = total

    return loop


@dataclass(frozen=True)
class UniformGrid:
    """Points origin + step j, j = 0, ..., size - 1."""

    origin: float
    step: float
    size: int

    @property
    def points(self) -> Floats:
        """All of them, shape (size,)."""
        return np.asarray(self.origin + self.step * np.arange(self.size), dtype=np.float64)

    def interpolate(self, table: Floats, y: Floats, *, slopes: bool = False) -> Floats:
        """Values (or d/dy) at the points y, shape (n,), of a function with these size + 2 values."""
        out = np.empty(y.shape)
        _interpolated()(y, self.origin, self.step, _SLOPES / self.step if slopes else _VALUES, table, out)
        return out

    def stencil(self, y: Floats) -> tuple[Any, Floats]:
        """Indices and weights of the value at the points y, each of shape (8, n).

        Index `size` stands for the value below the grid, `size + 1` for that above.
        """
        place = np.clip((y - self.origin) / self.step, -6.0, self.size + 6.0)
        cell = np.floor(place)
        powers = np.ones((8, y.size))
        powers[1:] = place - cell
        np.multiply.accumulate(powers, out=powers)
        index = cell.astype(np.int64) + _OFFSETS[:, None]
        index[index >= self.size] = self.size + 1
        index[index < 0] = self.size
        return index, np.asarray(_VALUES.T @ powers)

    def matrix(self, y: Floats) -> Any:
        """Sparse matrix from the size + 2 values to those at the points y, shape (n, size + 2)."""
        from scipy.sparse import csr_array

        index, weight = self.stencil(y)
        rows = np.broadcast_to(np.arange(y.size), index.shape)
        return csr_array((weight.ravel(), (rows.ravel(), index.ravel())), shape=(y.size, self.size + 2))

    def project(self, function: Callable[[Floats], Floats], kinks: Floats, low: float, high: float) -> Floats:
        """The size + 2 values of a function by the transposed weights; `kinks`: where it is not smooth.

        Beyond the grid the function counts as `low` and `high`.
        """
        end = self.origin + self.step * (self.size - 1)
        reach = self.origin + self.step * np.arange(-4.0, self.size + 4.0)
        edges = np.union1d(reach, kinks[(kinks > reach[0]) & (kinks < reach[-1])])
        points, weights, half = panel_points(edges, 8)
        y, weight = points.ravel(), (half * weights).ravel() / self.step
        values = np.where(
            y < self.origin - 3.0 * self.step, low, np.where(y > end + 3.0 * self.step, high, function(y))
        )
        out = np.asarray(self.matrix(y).T @ (weight * values))
        out[-2:] = low, high
        return out
