"""The law with density sech^p(r (x - c)): tanh with K = 1 at rest, r = -w, c = -b/w, p = 2/(r nu^2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.checks import require_finite, require_positive
from particles.base.errors import InputError
from particles.model.laws.law import Law


@dataclass(frozen=True)
class SechPower(Law):
    """Density C sech^p(u), u = rate (x - centre), p = power: (1 + tanh u)/2 has the law Beta(p/2, p/2).

    Parameters
    ----------
    centre : float in [-1e100, 1e100]
    rate : float > 0, 1/length
    power : float in [1e-6, 1e9]

    Raises
    ------
    InputError
        If one of them is not a number in its range.

    Notes
    -----
    The law at rest of dX = tanh(w X + b) dt + nu dW, w < 0: centre -b/w, rate abs(w), power 2/(abs(w) nu^2).

    Examples
    --------
    >>> from particles.model import SechPower
    >>> law = SechPower(centre=1.0, rate=1.0, power=2.0)  # w = -1, b = 1, nu^2 = 1: logistic
    >>> print(f"{law.variance:.10f} {law.cdf(2.0):.6f}")  # pi^2/12, 1/(1 + e^(-2))
    0.8224670334 0.880797
    """

    centre: float
    rate: float
    power: float
    sf_rounds_until = -math.inf

    def __post_init__(self) -> None:
        require_finite("centre", self.centre)
        require_positive("rate", self.rate)
        require_positive("power", self.power, low=1e-6, high=1e9)

    def _scaled(self, x: ArrayLike) -> Floats:
        with np.errstate(over="ignore"):  # as good as infinite
            return np.clip(self.rate * (np.asarray(x, dtype=np.float64) - self.centre), -1e200, 1e200)

    def _outside(self, u: Floats) -> Floats:
        """P(U > u) for u >= 0; beyond 320 by its leading term e^(-p u)/((p/2) B(p/2, p/2))."""
        from scipy.special import betainc, betaln, expit

        a = 0.5 * self.power
        far = np.exp(-2.0 * a * np.maximum(u, 320.0) - math.log(a) - betaln(a, a))
        return np.asarray(np.where(u > 320.0, far, betainc(a, a, expit(-2.0 * u))))

    def _density(self, u: Floats) -> Floats:
        """Density of U at u >= 0."""
        from scipy.special import beta

        log_sech = math.log(2.0) - u - np.log1p(np.exp(-2.0 * u))
        return np.asarray(np.exp(self.power * log_sech) / beta(0.5 * self.power, 0.5))

    def _outside_inverse(self, s: Floats) -> Floats:
        """The u >= 0 with P(U > u) = s, s <= 1/2: the library's inverse, then one step of Newton's method."""
        from scipy.special import betaincinv, betaln

        a = 0.5 * self.power
        y = betaincinv(a, a, s)
        near = np.maximum(y, 1e-280)
        u = 0.5 * (np.log1p(-near) - np.log(near))
        step = (self._outside(u) - s) / self._density(u)
        far = -0.5 * (np.log(s) + math.log(a) + betaln(a, a)) / a
        return np.asarray(np.where(y < 1e-280, far, u + step))

    def cdf(self, x: ArrayLike) -> Floats:
        u = self._scaled(x)
        outside = self._outside(np.abs(u))
        return np.where(u > 0.0, 1.0 - outside, outside)

    def sf(self, x: ArrayLike) -> Floats:
        u = self._scaled(x)
        outside = self._outside(np.abs(u))
        return np.where(u < 0.0, 1.0 - outside, outside)

    def pdf(self, x: ArrayLike) -> Floats:
        return self.rate * self._density(np.abs(self._scaled(x)))

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        u = self._outside_inverse(np.minimum(p, 1.0 - p))
        return self.centre + np.where(p < 0.5, -u, u) / self.rate

    def isf(self, s: ArrayLike) -> Floats:
        s = np.asarray(s, dtype=np.float64)
        u = self._outside_inverse(np.minimum(s, 1.0 - s))
        return self.centre + np.where(s < 0.5, u, -u) / self.rate

    def moment(self, k: float) -> float:
        """E X^k, k = 0, 1, 2, ...: by the cumulants 2^(1-n) psi_(n-1)(p/2) of U, n even; the odd ones vanish.

        Raises
        ------
        InputError
            If k is no integer in [0, 100).
        """
        from scipy.special import polygamma

        if k not in range(100):
            raise InputError(f"k = {k!r} must be an integer in [0, 100): the law has both signs")
        order = int(k)
        even = {
            n: 2.0 ** (1 - n) * float(polygamma(n - 1, 0.5 * self.power)) / self.rate**n for n in range(2, order + 1, 2)
        }
        cumulants = even | {1: self.centre}
        moments = [1.0]
        for n in range(1, order + 1):
            terms = (math.comb(n - 1, j - 1) * cumulant * moments[n - j] for j, cumulant in cumulants.items() if j <= n)
            moments.append(math.fsum(terms))
        return moments[-1]

    @property
    def variance(self) -> float:
        from scipy.special import polygamma

        return float(polygamma(1, 0.5 * self.power)) / (2.0 * self.rate**2)
