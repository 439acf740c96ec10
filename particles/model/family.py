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
from particles.model.laws import Law


class Family(Law):
    """A law with survival function, moments and a known tail."""

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

    @property
    def sf_rounds_until(self) -> float:
        return -math.inf

    def far_points(self, levels: Floats) -> Floats:
        return self.isf(levels)

    def power_tail(self, end: float) -> float:
        if self.tail <= 1.0:
            return math.inf
        return 0.0 if self.tail == math.inf else end * float(self.sf(end)) / (self.tail - 1.0)


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
