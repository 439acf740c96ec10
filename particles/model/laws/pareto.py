"""Pareto's law: ReLU with K = x and a reflecting wall at a; mu = 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.checks import require_positive
from particles.model.laws.law import Law


@dataclass(frozen=True)
class Pareto(Law):
    """Density mu start^mu x^(-1-mu) on x >= start, mu = tail_exponent.

    Parameters
    ----------
    start : float > 0
    tail_exponent : float in [1e-12, 1e12], default 1

    Raises
    ------
    InputError
        If one of them is not a number in its range.

    Notes
    -----
    With mu = 1 at rest for ReLU with K = x between a reflecting wall at start = -b/w and infinity; on the whole line
    that is `ReluSteady` (E6 of docs/errata.md).

    Examples
    --------
    >>> from particles.model import Pareto
    >>> law = Pareto(start=1.0)
    >>> law.sf([2.0, 10.0]), law.mean
    (array([0.5, 0.1]), inf)
    """

    start: float
    tail_exponent: float = 1.0
    sf_rounds_until = -math.inf

    def __post_init__(self) -> None:
        require_positive("start", self.start)
        require_positive("tail_exponent", self.tail_exponent, low=1e-12, high=1e12)

    @property
    def tail(self) -> float:
        return self.tail_exponent

    def _log_ratio(self, x: ArrayLike) -> Floats:
        x = np.maximum(np.asarray(x, dtype=np.float64), self.start)
        with np.errstate(over="ignore"):
            ratio = x / self.start
        return np.where(ratio < np.inf, np.log(ratio), np.log(x) - math.log(self.start))

    def cdf(self, x: ArrayLike) -> Floats:
        return np.asarray(-np.expm1(-self.tail_exponent * self._log_ratio(x)))

    def sf(self, x: ArrayLike) -> Floats:
        return np.asarray(np.exp(-self.tail_exponent * self._log_ratio(x)))

    def pdf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        density = self.tail_exponent / np.maximum(x, self.start) * self.sf(x)
        return np.where(x < self.start, 0.0, density)

    def quantile(self, p: ArrayLike) -> Floats:
        with np.errstate(over="ignore"):  # beyond the largest number: inf
            return np.asarray(self.start * np.exp(-np.log1p(-np.asarray(p, dtype=np.float64)) / self.tail_exponent))

    def isf(self, s: ArrayLike) -> Floats:
        with np.errstate(over="ignore"):  # beyond the largest number: inf
            return np.asarray(self.start * np.exp(-np.log(np.asarray(s, dtype=np.float64)) / self.tail_exponent))

    def kinks(self) -> Floats:
        return np.array([self.start])

    def moment(self, k: float) -> float:
        """E X^k = start^k mu/(mu - k) for real k < mu."""
        mu = self.tail_exponent
        return self.start**k * mu / (mu - k) if k < mu else math.inf

    @property
    def variance(self) -> float:
        mu = self.tail_exponent
        return float(self.start**2 * mu / ((mu - 1.0) ** 2 * (mu - 2.0))) if mu > 2.0 else math.inf
