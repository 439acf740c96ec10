"""Sums of Gaussian kernels, F(x) = sum_i s_i Phi((x - v_i)/h), in near-linear cost.

Points are gathered in cells no wider than h. In a cell about c, with t_i = (v_i - c)/h, M_k = sum_i s_i t_i^k/k! and
y = (x - c)/h, Taylor's formula about c is one of Hermite's polynomials (Greengard and Strain, The fast Gauss transform,
SIAM J. Sci. Stat. Comput. 12, 1991):

    sum_i s_i Phi(y - t_i) = M_0 Phi(y) - phi(y) sum_(k>=1) M_k He_(k-1)(y)
    sum_i s_i phi(y - t_i) = phi(y) sum_k M_k He_k(y)

abs(t) <= 1/2, so that the first term left out is below 1e-17. Cells further than 9.5 h hold kernels that are 0 or 1 to
1e-19. That is exact to rounding where the sum is not small; where it is, the kernels that matter are added one by one,
so that tails keep their relative digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats
from particles.model.laws.smoothed import normal_density

Ends = tuple[NDArray[np.intp], NDArray[np.intp]]

_ORDER = 22
_REACH = 9.5  # Phi(-9) = 1e-19
_SMALL = 1e-3  # below it 1e-19 is more than rounding
_EXPONENT = 100.0  # kernels with z^2 beyond that of the nearest by this much are below 2e-22 of it
_CHUNK = 1 << 15  # points at once: their rows stay in the cache


@dataclass(frozen=True, eq=False)
class _Cells:
    """Cells in increasing order: centres, shape (C,), and moments M_0, ..., M_K over k!, shape (K + 1, C)."""

    centres: Floats
    moments: Floats

    @cached_property
    def below(self) -> Floats:
        """Mass of the first 0, 1, ..., C cells."""
        return np.concatenate([[0.0], np.cumsum(self.moments[0])])

    def cdf(self, z: Floats, moments: Floats) -> Floats:
        """Part of the sum of a cell of these moments at the distance z."""
        from scipy.special import ndtr

        return np.asarray(moments[0] * ndtr(z) - normal_density(z) * _hermite(z, moments[1:]))

    def density(self, z: Floats, moments: Floats) -> Floats:
        """Its derivative."""
        return normal_density(z) * _hermite(z, moments)

    def add(self, part: Callable[[Floats, Floats], Floats], z: Floats, h: float, ends: Ends) -> Floats:
        """Sum over the cells ends[0], ..., ends[1] - 1 of each point, in increasing order."""
        first, last = ends
        total = np.zeros(z.size)
        for k in range(int((last - first).max(initial=0))):
            here = np.flatnonzero(first + k < last)
            cell = first[here] + k
            total[here] += part((z[here] - self.centres[cell]) / h, self.moments[:, cell])
        return total


@dataclass(frozen=True, eq=False)
class KernelSum:
    """The sum over increasing points v, shape (n,), with positive shares s, shape (n,), and one width h > 0."""

    points: Floats
    shares: Floats
    width: float

    @cached_property
    def _cells(self) -> _Cells:
        with np.errstate(over="ignore", invalid="ignore"):
            place = np.floor((self.points - self.points[0]) / self.width)
        starts = np.flatnonzero(np.append(True, place[1:] != place[:-1]))
        ends = np.append(starts[1:], self.points.size) - 1
        centres = self.points[starts] + 0.5 * (self.points[ends] - self.points[starts])
        t = (self.points - np.repeat(centres, ends - starts + 1)) / self.width
        if np.abs(t).max() > 0.5 + 1e-9:  # a width next to the rounding of the points
            return self._alone
        terms, rows = self.shares.copy(), []
        for k in range(_ORDER + 1):
            rows.append(np.add.reduceat(terms, starts))
            terms = terms * t / (k + 1.0)
        return _Cells(centres, np.array(rows))

    @cached_property
    def _alone(self) -> _Cells:
        """Every kernel by itself."""
        return _Cells(self.points, self.shares[None, :])

    @cached_property
    def mirrored(self) -> KernelSum:
        """The sum for -x: its cdf is P(X > x)."""
        return KernelSum(-self.points[::-1], self.shares[::-1], self.width)

    def cdf(self, x: Floats) -> Floats:
        """F at x of any shape."""
        return _in_chunks(self._cdf, x)

    def pdf(self, x: Floats) -> Floats:
        """Density at x of any shape."""
        return np.asarray(_in_chunks(self._pdf, x) / self.width)

    def _cdf(self, x: Floats) -> Floats:
        ends = _window(self._cells.centres, x, _REACH * self.width, _REACH * self.width)
        found = self._cells.below[ends[0]] + self._cells.add(self._cells.cdf, x, self.width, ends)
        tail = np.flatnonzero(~(found >= _SMALL))
        z = np.maximum(self.points[0] - x[tail], 0.0) / self.width
        ends = _window(self.points, x[tail], _REACH * self.width, self._reach(z))
        found[tail] = self._alone.below[ends[0]] + self._alone.add(self._alone.cdf, x[tail], self.width, ends)
        return found

    def _pdf(self, x: Floats) -> Floats:
        ends = _window(self._cells.centres, x, _REACH * self.width, _REACH * self.width)
        found = self._cells.add(self._cells.density, x, self.width, ends)
        tail = np.flatnonzero(~(found >= _SMALL))
        after = np.searchsorted(self.points, x[tail])
        neighbours = self.points[np.clip(np.stack([after - 1, after]), 0, self.points.size - 1)]
        reach = self._reach(np.abs(neighbours - x[tail]).min(axis=0) / self.width)
        ends = _window(self.points, x[tail], reach, reach)
        found[tail] = self._alone.add(self._alone.density, x[tail], self.width, ends)
        return found

    def _reach(self, z: Floats) -> Floats:
        return self.width * np.hypot(np.minimum(z, 1e3), math.sqrt(_EXPONENT))


def _window(points: Floats, x: Floats, down: Floats | float, up: Floats | float) -> Ends:
    """First and last of the points from x - down to x + up."""
    return np.searchsorted(points, x - down, side="left"), np.searchsorted(points, x + up, side="right")


def _hermite(z: Floats, coefficients: Floats) -> Floats:
    """sum_k coefficients_k He_k(z), k = 0, 1, ...; He_(k+1) = z He_k - k He_(k-1)."""
    total, before, now = np.zeros(z.shape), np.zeros(z.shape), np.ones(z.shape)
    for k, row in enumerate(coefficients):
        total += row * now
        before, now = now, z * now - k * before
    return total


def _in_chunks(function: Callable[[Floats], Floats], x: Floats) -> Floats:
    flat, out = x.reshape(-1), np.empty(x.size)
    for begin in range(0, x.size, _CHUNK):
        out[begin : begin + _CHUNK] = function(flat[begin : begin + _CHUNK])
    return out.reshape(x.shape)
