"""What the closed families share: survival functions, moments, tails, and two functions of the Gamma law.

A survival function P(X > x) without cancellation keeps the tail where 1 - F rounds to zero; the sampling constant of W1
of a law with P(X > x) ~ x^(-mu), mu just above 2, lives there.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model.laws import Law

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_LEVELS = np.concatenate([10.0 ** -np.arange(300.0, 2.0, -0.5), np.linspace(0.01, 0.5, 50)])


class Family(Law):
    """A law with survival function, moments and a known tail."""

    @property
    def tail(self) -> float:
        """Exponent mu of P(X > x) ~ x^(-mu); inf for a lighter tail."""
        return math.inf

    @abstractmethod
    def sf(self, x: ArrayLike) -> Floats:
        """Survival function P(X > x), without cancellation."""

    @abstractmethod
    def isf(self, s: ArrayLike) -> Floats:
        """Point x with sf(x) = s, 0 < s < 1."""

    @abstractmethod
    def moment(self, k: float) -> float:
        """E X^k; inf where it is infinite."""

    @property
    def mean(self) -> float:
        return self.moment(1)

    def integrate_cdf(self, function: Callable[[Floats], Floats], kinks: ArrayLike = ()) -> float:
        """Integral of function(F(x)) dx as in `Law`, the upper tail whole.

        There function(p) is taken as (1 - F) function(p)/(1 - p), 1 - F from `sf` and p = F as it is rounded.

        Raises
        ------
        InputError
            If the mean is infinite.
        """
        if self.tail <= 1.0:
            raise InputError(
                f"tail exponent = {self.tail:g}: the mean is infinite, and so is every W1; allowed: above 1"
            )
        levels = np.asarray(kinks, dtype=np.float64)
        inner = self.quantile(levels[(levels > 0.0) & (levels < 1.0)])
        edges = np.concatenate([self.breakpoints(), self.isf(_LEVELS), inner])
        edges = np.unique(edges[np.isfinite(edges)])
        half = 0.5 * np.diff(edges)
        x = edges[:-1] + half * (1.0 + _NODES[:, None])
        p = np.clip(self.cdf(x), 0.0, 1.0 - 2.0**-53)
        values = function(p) * np.where(p > 0.5, self.sf(x) / (1.0 - p), 1.0)
        last = np.array([1.0 - 2.0**-53])
        beyond = float(function(last)[0] / (1.0 - last[0])) * self._power_tail(float(edges[-1]))
        return float((_WEIGHTS[:, None] * values * half).sum()) + beyond

    def excess(self, start: float) -> float:
        """E max(X - start, 0) = int P(X > x) dx from `start` on: to levels of 1e-300, and beyond as a power."""
        points = np.concatenate([[start], self.breakpoints(), self.isf(_LEVELS)])
        edges = np.unique(points[np.isfinite(points) & (points >= start)])
        half = 0.5 * np.diff(edges)
        x = edges[:-1] + half * (1.0 + _NODES[:, None])
        return float((_WEIGHTS[:, None] * self.sf(x) * half).sum()) + self._power_tail(float(edges[-1]))

    def _power_tail(self, end: float) -> float:
        """int P(X > x) dx from `end` on, where it is a power; 0 for a lighter tail."""
        return 0.0 if self.tail == math.inf else end * float(self.sf(end)) / (self.tail - 1.0)

    def w1_constant(self) -> float:
        """Sampling constant sqrt(2/pi) int sqrt(F (1 - F)) dx; the tails to levels of 1e-300, and beyond as a power.

        Raises
        ------
        InputError
            If it is infinite: for a tail exponent of 2 or less.
        """
        if self.tail <= 2.0:
            raise InputError(
                f"tail exponent = {self.tail:g}: the sampling constant of W1 is infinite; allowed: above 2"
            )
        upper = self.isf(_LEVELS)
        edges = np.unique(np.concatenate([self.quantile(_LEVELS), upper, self.breakpoints()]))
        half = 0.5 * np.diff(edges)
        x = 0.5 * (edges[1:] + edges[:-1]) + half * _NODES[:, None]
        inner = float((_WEIGHTS[:, None] * np.sqrt(self.cdf(x) * self.sf(x)) * half).sum())
        beyond = 0.0 if self.tail == math.inf else float(upper.max()) * 1e-150 / (0.5 * self.tail - 1.0)
        return math.sqrt(2.0 / math.pi) * (inner + beyond)


def on_half_line(x: ArrayLike, function: Callable[[Floats], Floats], below: float = 0.0) -> Floats:
    """Return function(x) where x > 0, `below` where x <= 0, NaN where x is."""
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(over="ignore"):  # 1/x of a subnormal x
        return np.where(x <= 0.0, below, function(np.where(x <= 0.0, 1.0, x)))


def gamma_weight(a: float, y: Floats) -> Floats:
    """y^a e^(-y)/Gamma(a + 1), with no cancellation for large a: its maximum times (r e^(1-r))^a, r = y/a.

    The maximum, at y = a, is a difference of two regularised incomplete Gamma functions.
    """
    from scipy.special import gammaincc

    maximum = gammaincc(a + 1.0, a) - gammaincc(a, a)
    r, beyond = y / a, (y - a) / a
    with np.errstate(divide="ignore", invalid="ignore"):  # y = 0 and y = inf: the weight is 0
        power = np.where(r < 0.5, np.log(r) - beyond, np.log1p(beyond) - beyond)
    return np.asarray(maximum * np.exp(a * np.where(np.isinf(r), -np.inf, power)))


def per_length(factor: float, x: Floats, weight: Floats) -> Floats:
    """Return factor/x times a weight: 0 where the weight is, though 1/x may overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(weight > 0.0, factor / x * weight, 0.0)


def gamma_ratio(a: float, step: float) -> float:
    """Gamma(a + step)/Gamma(a) for a > 0 and a + step > 0."""
    from scipy.special import poch

    return float(poch(a, step) if step >= 0.0 else 1.0 / poch(a + step, -step))
