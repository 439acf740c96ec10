"""Laws from measurements: the data themselves, and two continuous approximations of them.

`Empirical` is the paper's sum of Diracs (arXiv 2001.04294, 5.2). Its continuous approximation, the start of the PDE,
is a `histogram` as in the paper's figures 3 and 7 or a `kernel_estimate` with Gaussian kernels; `widths` has the rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles import vmath
from particles.base.arrays import Floats, as_floats, over_arrays
from particles.base.checks import require_positive
from particles.base.errors import InputError
from particles.base.jit import formula
from particles.base.roots import quantile_by_bisection, quantile_by_newton
from particles.model.laws import widths
from particles.model.laws.kernel_sum import KernelSum
from particles.model.laws.law import Law
from particles.model.laws.law_moments import of_normals, of_points


@dataclass(frozen=True, eq=False)
class Empirical(Law):
    """Equal masses at the measurements.

    Parameters
    ----------
    data : array_like, shape (n,)
        Finite numbers, n >= 1; kept sorted.

    Raises
    ------
    InputError
        If there is none, or they are no plain row of finite numbers.

    Examples
    --------
    >>> from particles.model import Empirical
    >>> law = Empirical([6.0, 1.4, 4.7, 1.4])
    >>> print(law.mean, law.quantile([0.25, 0.5, 0.75, 1.0]))
    3.375 [1.4 1.4 4.7 6. ]
    >>> points, masses = law.atoms()
    >>> print(points, masses)
    [1.4 4.7 6. ] [0.5  0.25 0.25]
    """

    data: Floats
    reproducible = True

    def __init__(self, data: ArrayLike) -> None:
        values = np.sort(as_floats(data, "data"))
        if values.size == 0:
            raise InputError("data of 0 values must hold at least one number")
        object.__setattr__(self, "data", values)

    def cdf(self, x: ArrayLike) -> Floats:
        return np.searchsorted(self.data, np.asarray(x), side="right") / self.data.size

    def pdf(self, x: ArrayLike) -> Floats:
        return np.zeros(np.shape(x))

    def quantile(self, p: ArrayLike) -> Floats:
        levels = np.arange(1, self.data.size + 1) / self.data.size  # the same divisions as in the cdf
        return self.data[np.minimum(np.searchsorted(levels, np.asarray(p), side="left"), self.data.size - 1)]

    @property
    def mean(self) -> float:
        return _mean(self.data)

    @property
    def variance(self) -> float:
        with np.errstate(over="ignore"):  # inf beyond the largest number
            off = self.data - self.mean
            return _mean(off**2) - _mean(off) ** 2  # the mean is rounded

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        return of_points(self.data, np.full(self.data.size, 1.0 / self.data.size), order, low, high, c)

    def breakpoints(self) -> Floats:
        return np.unique(self.data)

    def kinks(self) -> Floats:
        return np.unique(self.data)

    def smoothed(self, factor: float, shift: float, v: float) -> Law:
        return KernelEstimate(factor * self.data + shift, math.sqrt(v))


def _mean(values: Floats) -> float:
    try:
        return math.fsum(values) / values.size
    except OverflowError:  # of the sum, not of the mean
        return math.fsum(values / values.size)


_FEW = 64  # kernels that are cheaper, and as exact, one by one


@formula
def _kernel_draw(u: float, c: tuple[float, ...]) -> float:
    return c[0] * vmath.normal_quantile(u)


@dataclass(frozen=True, eq=False)
class KernelEstimate(Law):
    """Gaussian kernel estimate: an equal mixture of N(x_i, bandwidth^2).

    Parameters
    ----------
    data : array_like, shape (n,)
        Measurements x_i, n >= 1.
    bandwidth : float > 0

    Raises
    ------
    InputError
        If the data are no plain row of finite numbers, or the bandwidth is not positive and finite.

    See Also
    --------
    kernel_estimate : With Silverman's bandwidth.

    Examples
    --------
    >>> from particles.model import KernelEstimate
    >>> law = KernelEstimate([0.0, 2.0], bandwidth=0.5)
    >>> print(f"{law.mean:.6f} {law.variance:.6f} {law.cdf(1.0):.6f}")  # variance 1 + bandwidth^2
    1.000000 1.250000 0.500000
    """

    data: Floats
    bandwidth: float
    reproducible = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", as_floats(self.data, "data"))
        if self.data.size == 0:
            raise InputError("data of 0 values must hold at least one number")
        require_positive("bandwidth", self.bandwidth, low=0.0, high=math.inf)

    @cached_property
    def _tied(self) -> tuple[Floats, Floats]:
        """Distinct measurements and their shares: rounded data have many ties."""
        values, counts = np.unique(self.data, return_counts=True)
        return values, counts / self.data.size

    @cached_property
    def _sum(self) -> KernelSum:
        return KernelSum(*self._tied, self.bandwidth)

    @property
    def _few(self) -> bool:
        """So few distinct measurements that their kernels are added one by one."""
        return self._tied[0].size <= _FEW

    def cdf(self, x: ArrayLike) -> Floats:
        from scipy.special import ndtr

        values, shares = self._tied
        x = np.asarray(x, dtype=np.float64)
        if not self._few:
            return self._sum.cdf(x)
        return np.asarray(sum(s * ndtr((x - v) / self.bandwidth) for v, s in zip(values, shares, strict=True)))

    def sf(self, x: ArrayLike) -> Floats:
        """P(X > x), with its relative digits where it is small."""
        return self._sum.mirrored.cdf(-np.asarray(x, dtype=np.float64))

    def pdf(self, x: ArrayLike) -> Floats:
        values, shares = self._tied
        x = np.asarray(x, dtype=np.float64)
        if not self._few:
            return self._sum.pdf(x)
        kernels = (s * np.exp(-0.5 * ((x - v) / self.bandwidth) ** 2) for v, s in zip(values, shares, strict=True))
        return np.asarray(sum(kernels) / (self.bandwidth * math.sqrt(2.0 * math.pi)))

    def breakpoints(self) -> Floats:
        # whole bandwidths around the data, where F moves: 9 of them hold all but 1e-19 of a kernel
        values, h = self._tied[0], self.bandwidth
        near = np.unique(np.floor((values - values[0]) / h))[:, None] + np.arange(-9.0, 11.0)
        return np.unique(values[0] + h * np.unique(near))

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        spread = over_arrays(_kernel_draw, p, constants=(self.bandwidth,))
        low, high = self.data.min() + spread, self.data.max() + spread
        if self._few:
            return quantile_by_bisection(self.cdf, p, low, high)
        edges, levels = self._table
        after = np.searchsorted(levels, p)
        low = np.where(after > 0, edges[np.maximum(after - 1, 0)], low)
        high = np.where(after < edges.size, edges[np.minimum(after, edges.size - 1)], np.maximum(low, high))
        return quantile_by_newton(self.cdf, self.pdf, p, low, high)

    @cached_property
    def _table(self) -> tuple[Floats, Floats]:
        """Points and levels between which a quantile lies."""
        edges = self.breakpoints()
        return edges, np.maximum.accumulate(self.cdf(edges))

    def sample(self, u: ArrayLike) -> Floats:
        scaled = np.asarray(u, dtype=np.float64) * self.data.size
        chosen = np.minimum(scaled.astype(np.int64), self.data.size - 1)
        inner = np.clip(scaled - chosen, 2.0**-60, 1.0 - 2.0**-53)
        return self.data[chosen] + over_arrays(_kernel_draw, inner, constants=(self.bandwidth,))

    @property
    def mean(self) -> float:
        return _mean(self.data)

    @property
    def variance(self) -> float:
        return Empirical(self.data).variance + self.bandwidth**2

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        values, shares = self._tied
        return of_normals(values, self.bandwidth**2, order, low, high, c) @ shares

    def smoothed(self, factor: float, shift: float, v: float) -> Law:
        return KernelEstimate(factor * self.data + shift, math.sqrt((factor * self.bandwidth) ** 2 + v))


def kernel_estimate(data: ArrayLike) -> KernelEstimate:
    """Gaussian kernel estimate of measurements by Silverman's bandwidth.

    Parameters
    ----------
    data : array_like, shape (n,)
        At least 2 finite numbers, not all equal.

    Raises
    ------
    InputError
        If they are equal up to rounding.

    Examples
    --------
    >>> from particles.model import cases, kernel_estimate
    >>> law = kernel_estimate(cases["iris"].samples.points)  # 150 petal lengths, in cm
    >>> print(f"{law.mean:.4f} {law.bandwidth:.4f}")
    3.7580 0.5832
    >>> kernel_estimate([1.0, 1.0])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: data of 2 equal values have no continuous approximation: give at least two
    """
    values = Empirical(data).data
    return KernelEstimate(values, widths.bandwidth(values))
