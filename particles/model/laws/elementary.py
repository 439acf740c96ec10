"""The laws that others are made of: a point mass, the normal and the uniform law."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from particles import vmath
from particles.base.arrays import Floats, over_arrays
from particles.base.checks import require_finite, require_variance
from particles.base.errors import InputError
from particles.base.jit import formula
from particles.model.laws.law import Law
from particles.model.laws.law_moments import of_bins, of_normals, of_points
from particles.model.laws.normal_cdf import normal_cdf


@dataclass(frozen=True)
class Dirac(Law):
    """Unit mass at `point`.

    Parameters
    ----------
    point : float in [-1e100, 1e100]

    Raises
    ------
    InputError
        If it is not a number in its range.

    Examples
    --------
    >>> from particles.model import Dirac
    >>> point = Dirac(1.0)
    >>> point.mean, point.variance, point.cdf([0.9, 1.0])
    (1.0, 0.0, array([0., 1.]))
    """

    point: float
    reproducible = True

    def __post_init__(self) -> None:
        require_finite("point", self.point)

    def cdf(self, x: ArrayLike) -> Floats:
        return np.where(np.asarray(x) >= self.point, 1.0, 0.0)

    def pdf(self, x: ArrayLike) -> Floats:
        return np.zeros(np.shape(x))

    def quantile(self, p: ArrayLike) -> Floats:
        return np.full(np.shape(p), self.point)

    @property
    def mean(self) -> float:
        return self.point

    @property
    def variance(self) -> float:
        return 0.0

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        return of_points(np.array([self.point]), np.ones(1), order, low, high, c)

    def kinks(self) -> Floats:
        return np.array([self.point])

    def smoothed(self, factor: float, shift: float, v: float) -> Law:
        return Normal(factor * self.point + shift, v)

    def grown(self, shift: float, v: float) -> Law:
        from particles.model.laws.lognormal import Lognormal

        return Lognormal(math.log(self.point) + shift, v) if self.point > 0.0 else super().grown(shift, v)


@formula
def _normal_quantile(p: float, c: tuple[float, ...]) -> float:
    return c[0] + c[1] * vmath.normal_quantile(p)


@formula
def _normal_cdf(x: float, c: tuple[float, ...]) -> float:
    return normal_cdf((x - c[0]) / c[1])


@dataclass(frozen=True)
class Normal(Law):
    """Normal law N(m, v); the second parameter is the variance, not the standard deviation.

    Parameters
    ----------
    m : float in [-1e100, 1e100]
    v : float in [1e-200, 1e200]

    Raises
    ------
    InputError
        If one of them is not a number in its range.

    Examples
    --------
    >>> from particles.model import Normal
    >>> law = Normal(m=1.0, v=4.0)
    >>> law.std, float(law.cdf(1.0))
    (2.0, 0.5)
    >>> print(law.quantile([0.025, 0.975]).round(6))
    [-2.919928  4.919928]
    >>> Normal(0.0, -1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: v = -1.0 must be a positive finite number
    """

    m: float
    v: float
    reproducible = True

    def __post_init__(self) -> None:
        require_finite("m", self.m)
        require_variance("v", self.v)

    def cdf(self, x: ArrayLike) -> Floats:
        from scipy.special import ndtr

        return np.asarray(ndtr(self._standard(x)))

    def portable_cdf(self, x: Floats) -> Floats:
        return over_arrays(_normal_cdf, x, constants=(self.m, self.std))

    def _standard(self, x: ArrayLike) -> Floats:
        with np.errstate(over="ignore"):  # as good as infinite
            return np.asarray((np.asarray(x) - self.m) / self.std)

    def pdf(self, x: ArrayLike) -> Floats:
        z = np.clip(self._standard(x), -1e3, 1e3)
        return np.asarray(np.exp(-0.5 * z * z) / (self.std * math.sqrt(2.0 * math.pi)))

    def quantile(self, p: ArrayLike) -> Floats:
        return over_arrays(_normal_quantile, p, constants=(self.m, self.std))

    @property
    def mean(self) -> float:
        return self.m

    @property
    def variance(self) -> float:
        return self.v

    @property
    def reach(self) -> float:
        return 12.0 * self.std  # 4e-33 lies outside

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        return of_normals(np.array(self.m), self.v, order, low, high, c)

    def smoothed(self, factor: float, shift: float, v: float) -> Law:
        return Normal(factor * self.m + shift, factor * factor * self.v + v)


@dataclass(frozen=True)
class Uniform(Law):
    """Uniform law on [low, high].

    Parameters
    ----------
    low, high : float in [-1e100, 1e100], low < high

    Raises
    ------
    InputError
        If one of them is not a number in its range, or `high` is not above `low`.

    Examples
    --------
    >>> from particles.model import Uniform
    >>> law = Uniform(2.0, 8.0)
    >>> law.mean, law.variance, float(law.quantile(0.25))
    (5.0, 3.0, 3.5)
    >>> Uniform(1.0, 1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: high = 1.0 must be above low = 1.0
    """

    low: float
    high: float
    reproducible = True

    def __post_init__(self) -> None:
        require_finite("low", self.low)
        require_finite("high", self.high)
        if not self.low < self.high:
            raise InputError(f"high = {self.high!r} must be above low = {self.low!r}")

    def cdf(self, x: ArrayLike) -> Floats:
        return (np.clip(x, self.low, self.high) - self.low) / (self.high - self.low)

    def portable_cdf(self, x: Floats) -> Floats:
        return self.cdf(x)

    def pdf(self, x: ArrayLike) -> Floats:
        inside = (np.asarray(x) >= self.low) & (np.asarray(x) <= self.high)
        return np.where(inside, 1.0 / (self.high - self.low), 0.0)

    def quantile(self, p: ArrayLike) -> Floats:
        return self.low + (self.high - self.low) * np.asarray(p, dtype=np.float64)

    @property
    def mean(self) -> float:
        return 0.5 * (self.low + self.high)

    @property
    def variance(self) -> float:
        return (self.high - self.low) ** 2 / 12.0

    @property
    def reach(self) -> float:
        return 0.5 * (self.high - self.low)

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        return of_bins(np.array([self.low, self.high]), np.ones(1), order, low, high, c)

    def kinks(self) -> Floats:
        return np.array([self.low, self.high])

    def smoothed(self, factor: float, shift: float, v: float) -> Law:
        from particles.model.laws.smoothed import SmoothedUniform

        low, high = factor * self.low + shift, factor * self.high + shift
        return SmoothedUniform(low, high, v) if low < high else Normal(low, v)

    def breakpoints(self) -> Floats:
        # sqrt(F (1 - F)) has a square-root singularity at both ends: panels that shrink towards them
        near = 0.5 * 2.0 ** -np.arange(0.0, 50.0)
        return np.asarray(self.quantile(np.concatenate([[0.0], near[::-1], 1.0 - near[1:], [1.0]])))
