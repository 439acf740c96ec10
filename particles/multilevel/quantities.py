"""What multilevel Monte Carlo estimates of X_T: moments E X^k, and the distribution function P(X <= y), smoothed.

A quantity turns the ends of paths into values, one row a name; a smoothed one gets N(end, spread^2), the law of the end
given the Brownian motion up to the last step, in place of the end itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError


@dataclass(frozen=True)
class Moments:
    """E X_T^k for each k of `orders`, one or more positive integers, or InputError."""

    orders: tuple[int, ...] = (1, 2)
    smoothed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.orders or not all(isinstance(k, int | np.integer) and k >= 1 for k in self.orders):
            raise InputError(f"orders = {self.orders!r} must be one or more positive integers")

    @property
    def names(self) -> tuple[str, ...]:
        """What is estimated, one name a row."""
        return tuple("E X" if k == 1 else f"E X^{k}" for k in self.orders)

    def values(self, end: Floats, spread: Floats) -> Floats:
        """Powers of the end of each path, shape (orders, paths)."""
        power, powers = end, {1: end}
        for k in range(2, max(self.orders) + 1):
            powers[k] = power = power * end
        return np.stack([powers[k] for k in self.orders])


@dataclass(frozen=True)
class DistributionFunction:
    """P(X_T <= y), smoothed by the last step's law, for each y of `points`, one or more finite ones, or InputError."""

    points: tuple[float, ...]
    smoothed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.points or not all(map(math.isfinite, self.points)):
            raise InputError(f"points = {self.points!r} must be one or more finite numbers")

    @property
    def names(self) -> tuple[str, ...]:
        """What is estimated, one name a row."""
        return tuple(f"P(X <= {y:g})" for y in self.points)

    def values(self, end: Floats, spread: Floats) -> Floats:
        """Phi((y - end)/spread), the step function where the spread is 0; shape (points, paths)."""
        from scipy.special import ndtr

        gap = np.subtract.outer(np.array(self.points), end)
        scaled = np.divide(gap, spread, out=np.where(gap >= 0.0, math.inf, -math.inf), where=spread > 0.0)
        return np.asarray(ndtr(np.where(np.isnan(gap), gap, scaled)))


Quantity = Moments | DistributionFunction
