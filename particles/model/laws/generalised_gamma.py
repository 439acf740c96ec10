"""The generalised Gamma law: the lognormal family of drifts with K = x at rest."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.checks import require_positive
from particles.model.laws.half_line import gamma_ratio, gamma_weight, on_half_line, per_length
from particles.model.laws.law import Law


@dataclass(frozen=True)
class GeneralisedGamma(Law):
    """Law of theta Y^(1/delta), Y ~ Gamma(kappa/delta): density proportional to x^(kappa-1) e^(-(x/theta)^delta).

    Parameters
    ----------
    kappa : float in [1e-12, 1e12]
        Power of the density at 0, less one.
    theta : float > 0
        Scale, a length.
    delta : float in [1e-6, 1e3]
        Power in the exponent.

    Raises
    ------
    InputError
        If one of them is not a number in its range.

    Notes
    -----
    With K = x the drifts of `lognormal_family` come to rest at such a law (arXiv 2001.04294, 4.1.1, corrected: E5 of
    docs/errata.md).

    Examples
    --------
    >>> from particles.model import GeneralisedGamma
    >>> maxwell = GeneralisedGamma(kappa=3.0, theta=2.0**0.5, delta=2.0)  # speeds in a gas
    >>> print(f"{maxwell.mean:.6f}")  # 2 sqrt(2/pi)
    1.595769
    """

    kappa: float
    theta: float
    delta: float
    sf_rounds_until = -math.inf

    def __post_init__(self) -> None:
        require_positive("theta", self.theta)
        require_positive("delta", self.delta, low=1e-6, high=1e3)
        require_positive("kappa", self.kappa, low=1e-12, high=1e12)

    @property
    def _shape(self) -> float:
        return self.kappa / self.delta

    def _power(self, y: Floats) -> Floats:
        """(y/theta)^delta, which a Gamma law follows; `on_half_line` lets it be inf."""
        return np.asarray((y / self.theta) ** self.delta)

    def cdf(self, x: ArrayLike) -> Floats:
        from scipy.special import gammainc

        def below(y: Floats) -> Floats:
            return np.where(self._power(y) > 1e-280, gammainc(self._shape, self._power(y)), self._near_zero(y))

        return on_half_line(x, below)

    def sf(self, x: ArrayLike) -> Floats:
        from scipy.special import gammaincc

        def above(y: Floats) -> Floats:
            return np.where(self._power(y) > 1e-280, gammaincc(self._shape, self._power(y)), 1.0 - self._near_zero(y))

        return on_half_line(x, above, below=1.0)

    def _near_zero(self, y: Floats) -> Floats:
        """F by its first term, (y/theta)^kappa/Gamma(1 + kappa/delta), where (y/theta)^delta is no number."""
        from scipy.special import gammaln

        with np.errstate(divide="ignore"):
            logarithm = np.minimum(np.log(y / self.theta), 0.0)
        return np.asarray(np.exp(np.minimum(self.kappa * logarithm - float(gammaln(1.0 + self._shape)), 0.0)))

    def pdf(self, x: ArrayLike) -> Floats:
        def density(y: Floats) -> Floats:
            return per_length(self.kappa, y, gamma_weight(self._shape, self._power(y)))

        return on_half_line(x, density)

    def quantile(self, p: ArrayLike) -> Floats:
        from scipy.special import gammaincinv

        with np.errstate(over="ignore"):  # beyond the largest number: inf
            return np.asarray(self.theta * gammaincinv(self._shape, np.asarray(p, np.float64)) ** (1.0 / self.delta))

    def isf(self, s: ArrayLike) -> Floats:
        from scipy.special import gammainccinv

        with np.errstate(over="ignore"):
            return np.asarray(self.theta * gammainccinv(self._shape, np.asarray(s, np.float64)) ** (1.0 / self.delta))

    def moment(self, k: float) -> float:
        """E X^k = theta^k Gamma((kappa + k)/delta)/Gamma(kappa/delta) for real k > -kappa."""
        return self.theta**k * gamma_ratio(self._shape, k / self.delta) if k > -self.kappa else math.inf

    @property
    def variance(self) -> float:
        growth = self._log_growth()
        return math.inf if math.isnan(growth) else self.mean * self.mean * math.expm1(min(growth, 709.0))

    def _log_growth(self) -> float:
        """ln of E X^2/(E X)^2, a second difference of ln Gamma; by its derivatives where the law is narrow."""
        from scipy.special import polygamma

        step = 1.0 / self.delta
        if step > 0.005 * self._shape:
            return math.log(gamma_ratio(self._shape + step, step)) - math.log(gamma_ratio(self._shape, step))
        second, fourth, sixth = (float(polygamma(n, self._shape + step)) for n in (1, 3, 5))
        square = step * step
        return square * (second + square * (fourth / 12.0 + square * sixth / 360.0))
