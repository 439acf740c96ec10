"""ReLU with K = x at rest, w < 0 < b: x^(-2), times (y e^(1-y))^p at y = a/x > 1, a = -b/w, p = -2 w/nu^2."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.checks import require_positive
from particles.model.laws.half_line import gamma_weight, on_half_line
from particles.model.laws.law import Law


@dataclass(frozen=True)
class ReluSteady(Law):
    """Steady law of ReLU with K = x on the whole line, w = weight < 0 < b = bias (arXiv 2001.04294, 4.1.1, corrected).

    With a = -b/w, p = -2 w/nu^2 and y = a/x: g = (C/x^2) (y e^(1-y))^p for 0 < x < a, C/x^2 for x >= a. The mass
    left of a is q/(1 + q), q = e^p p^(-p-1) Gamma(p + 1, p), and C = a/(1 + q). The mean is infinite.

    Parameters
    ----------
    weight : float < 0
    bias : float > 0
    nu2 : float > 0
        With -2 weight/nu2 in [1e-12, 1e12].

    Raises
    ------
    InputError
        If one of them is not a number in its range.

    See Also
    --------
    Pareto : The law at rest beyond a reflecting wall.

    Examples
    --------
    >>> from particles.model import ReluSteady
    >>> law = ReluSteady(weight=-1.0, bias=1.0, nu2=1.0)
    >>> print(f"{law.left_mass:.6f} {law.sf(2.0):.6f} {law.mean}")  # 5/9, 2/9
    0.555556 0.222222 inf
    """

    weight: float
    bias: float
    nu2: float
    sf_rounds_until = -math.inf

    def __post_init__(self) -> None:
        require_positive("-weight", -self.weight)
        require_positive("bias", self.bias)
        require_positive("nu2", self.nu2)
        require_positive("-2 weight/nu2", self._power, low=1e-12, high=1e12)

    @property
    def tail(self) -> float:
        return 1.0

    @property
    def kink(self) -> float:
        """The point a = -b/w where the drift switches off."""
        return -self.bias / self.weight

    @property
    def _power(self) -> float:
        return -2.0 * self.weight / self.nu2

    def _scaled_gamma(self, k: float) -> float:
        """e^p p^(-s) Gamma(s, p) with s = p + 1 - k, of the order of one where each factor overflows."""
        from scipy.special import gammaincc

        p, s = self._power, self._power + 1.0 - k
        return float(gammaincc(s, p) / (s * gamma_weight(s, np.asarray(p))))

    @property
    def _ratio(self) -> float:
        """Mass left of a over mass right of a."""
        return self._scaled_gamma(0.0)

    @property
    def left_mass(self) -> float:
        """P(X < a)."""
        return self._ratio / (1.0 + self._ratio)

    def _left(self, x: ArrayLike) -> Floats:
        """P(X <= x) for 0 < x <= a."""
        from scipy.special import gammaincc

        p = self._power
        whole = gammaincc(p + 1.0, p)
        return on_half_line(x, lambda y: self.left_mass / whole * gammaincc(p + 1.0, p * (self.kink / y)))

    def _right(self, x: ArrayLike) -> Floats:
        """P(X > x) for x >= a."""
        return self.kink / np.maximum(np.asarray(x, dtype=np.float64), self.kink) / (1.0 + self._ratio)

    def cdf(self, x: ArrayLike) -> Floats:
        return np.where(np.asarray(x) < self.kink, self._left(np.minimum(x, self.kink)), 1.0 - self._right(x))

    def sf(self, x: ArrayLike) -> Floats:
        return np.where(np.asarray(x) < self.kink, 1.0 - self._left(np.minimum(x, self.kink)), self._right(x))

    def pdf(self, x: ArrayLike) -> Floats:
        def density(x: Floats) -> Floats:
            beyond = np.clip(self.kink / x - 1.0, 0.0, 1e300)  # y - 1
            power = self._power * (np.log1p(beyond) - beyond) - 2.0 * np.log(np.maximum(x / self.kink, 1e-300))
            return np.asarray(np.exp(power) / (self.kink * (1.0 + self._ratio)))

        return on_half_line(x, density)

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        return np.where(p < self.left_mass, self._left_inverse(p), self._right_inverse(1.0 - p))

    def isf(self, s: ArrayLike) -> Floats:
        s = np.asarray(s, dtype=np.float64)
        return np.where(1.0 - s < self.left_mass, self._left_inverse(1.0 - s), self._right_inverse(s))

    def _left_inverse(self, p: Floats) -> Floats:
        from scipy.special import gammaincc, gammainccinv

        level = np.minimum(p / self.left_mass, 1.0) * gammaincc(self._power + 1.0, self._power)
        return np.asarray(self.kink * self._power / gammainccinv(self._power + 1.0, level))

    def _right_inverse(self, s: Floats) -> Floats:
        with np.errstate(divide="ignore", over="ignore"):  # beyond the largest number: inf
            return np.asarray(self.kink / (s * (1.0 + self._ratio)))

    def kinks(self) -> Floats:
        return np.array([self.kink])

    def moment(self, k: float) -> float:
        """E X^k = a^k (1/(1 - k) + e^p p^(-s) Gamma(s, p))/(1 + q), s = p + 1 - k, for real k < 1."""
        if k >= 1.0:
            return math.inf
        return float(self.kink**k) * (1.0 / (1.0 - k) + self._scaled_gamma(k)) / (1.0 + self._ratio)

    @property
    def variance(self) -> float:
        return math.inf
