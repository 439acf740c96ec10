"""Closed families in which noisy models rest or move (arXiv 2001.04294, 4.1.1), some with heavy tails.

================  ==============================================  ====================================================
family            density, up to a constant                       where it comes from
================  ==============================================  ====================================================
Lognormal         x^(-1) exp(-(ln x - m)^2/(2 v))                 identity, K = x, b = 0, at every time
InverseGamma      x^(-1-mu) e^(-beta/x)                           identity, K = x: mu = 1 - 2 w/nu^2, beta = 2 b/nu^2
GeneralisedGamma  x^(kappa-1) e^(-(x/theta)^delta)                lognormal family, K = x
SechPower         sech^p(r (x - c))                               tanh, K = 1: r = -w, c = -b/w, p = 2/(r nu^2)
ReluSteady        x^(-2), times (y e^(1-y))^p at y = a/x > 1      ReLU, K = x, w < 0 < b: a = -b/w, p = -2 w/nu^2
Pareto            x^(-1-mu) on x >= start                         the same with a reflecting wall at a; mu = 1
================  ==============================================  ====================================================

The paper prints mu = 1 + 2 w/nu^2, and Pareto's law on the whole line for ReLU; neither is stationary. Every law has
its survival function P(X > x) without cancellation, which keeps the tail where 1 - F rounds to zero; the sampling
constant of W1 of a law with P(X > x) ~ x^(-mu), mu just above 2, lives there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from particles import vmath
from particles.base.arrays import Floats, over_arrays
from particles.base.checks import require_finite, require_positive
from particles.base.errors import InputError
from particles.base.jit import formula
from particles.model.family import gamma_ratio, gamma_weight, on_half_line, per_length
from particles.model.law import Law
from particles.model.laws import Normal


@formula
def _lognormal_quantile(p: float, c: tuple[float, ...]) -> float:
    return vmath.exp(c[0] + c[1] * vmath.normal_quantile(p))


@dataclass(frozen=True)
class Lognormal(Law):
    """Law of e^Z, Z ~ N(m, v); v is the variance of ln X."""

    m: float
    v: float
    reproducible = True
    sf_rounds_until = -math.inf

    def __post_init__(self) -> None:
        require_finite("m", self.m, largest=230.0)  # e^m is a length
        require_positive("v", self.v, low=1e-200, high=100.0)  # and so are its quantiles and moments

    def _standard(self, x: ArrayLike) -> Floats:
        """Return (ln x - m)/sqrt(v), -inf for x <= 0."""
        x = np.asarray(x, dtype=np.float64)
        logarithm = np.log(np.where(x <= 0.0, 1.0, x))
        return np.where(x <= 0.0, -np.inf, (logarithm - self.m) / math.sqrt(self.v))

    def cdf(self, x: ArrayLike) -> Floats:
        from scipy.special import ndtr

        return np.asarray(ndtr(self._standard(x)))

    def sf(self, x: ArrayLike) -> Floats:
        from scipy.special import ndtr

        return np.asarray(ndtr(-self._standard(x)))

    def pdf(self, x: ArrayLike) -> Floats:
        x, z = np.asarray(x, dtype=np.float64), np.clip(self._standard(x), -1e3, 1e3)
        return np.exp(-0.5 * z * z) / np.where(x <= 0.0, 1.0, x) / math.sqrt(2.0 * math.pi * self.v)

    def quantile(self, p: ArrayLike) -> Floats:
        return over_arrays(_lognormal_quantile, p, constants=(self.m, math.sqrt(self.v)))

    def isf(self, s: ArrayLike) -> Floats:
        return over_arrays(_lognormal_quantile, s, constants=(self.m, -math.sqrt(self.v)))

    def moment(self, k: float) -> float:
        """E X^k = exp(k m + k^2 v/2), any real k."""
        return _exp(k * self.m + 0.5 * k * k * self.v)

    @property
    def variance(self) -> float:
        return self.mean * self.mean * math.expm1(self.v)

    @property
    def source(self) -> tuple[Law, Callable[[Floats], Floats]]:
        return Normal(self.m, self.v), np.exp

    def grown(self, shift: float, v: float) -> Law:
        return Lognormal(self.m + shift, self.v + v)


@dataclass(frozen=True)
class InverseGamma(Law):
    """Law of scale/Y, Y ~ Gamma(shape): density beta^mu/Gamma(mu) x^(-1-mu) e^(-beta/x), mu = shape, beta = scale."""

    shape: float
    scale: float
    sf_rounds_until = -math.inf

    def __post_init__(self) -> None:
        require_positive("shape", self.shape, low=1e-12, high=1e12)
        require_positive("scale", self.scale)

    @property
    def tail(self) -> float:
        return self.shape

    def cdf(self, x: ArrayLike) -> Floats:
        from scipy.special import gammaincc

        return on_half_line(x, lambda y: gammaincc(self.shape, self.scale / y))

    def sf(self, x: ArrayLike) -> Floats:
        from scipy.special import gammainc

        return on_half_line(x, lambda y: gammainc(self.shape, self.scale / y), below=1.0)

    def pdf(self, x: ArrayLike) -> Floats:
        return on_half_line(x, lambda y: per_length(self.shape, y, gamma_weight(self.shape, self.scale / y)))

    def quantile(self, p: ArrayLike) -> Floats:
        from scipy.special import gammainccinv

        with np.errstate(divide="ignore", over="ignore"):  # beyond the largest number: inf
            return np.asarray(self.scale / gammainccinv(self.shape, np.asarray(p, dtype=np.float64)))

    def isf(self, s: ArrayLike) -> Floats:
        from scipy.special import gammaincinv

        with np.errstate(divide="ignore", over="ignore"):  # beyond the largest number: inf
            return np.asarray(self.scale / gammaincinv(self.shape, np.asarray(s, dtype=np.float64)))

    def moment(self, k: float) -> float:
        """E X^k = beta^k Gamma(mu - k)/Gamma(mu) for real k < mu."""
        return self.scale**k * gamma_ratio(self.shape, -k) if k < self.shape else math.inf

    @property
    def variance(self) -> float:
        return self.mean * self.mean / (self.shape - 2.0) if self.shape > 2.0 else math.inf


@dataclass(frozen=True)
class GeneralisedGamma(Law):
    """Law of theta Y^(1/delta), Y ~ Gamma(kappa/delta): density proportional to x^(kappa-1) e^(-(x/theta)^delta)."""

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


@dataclass(frozen=True)
class SechPower(Law):
    """Density C sech^p(u), u = rate (x - centre), p = power: (1 + tanh u)/2 has the law Beta(p/2, p/2)."""

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


@dataclass(frozen=True)
class ReluSteady(Law):
    """Steady law of ReLU with K = x on the whole line, w = weight < 0 < b = bias (arXiv 2001.04294, 4.1.1, corrected).

    With a = -b/w, p = -2 w/nu^2 and y = a/x: g = (C/x^2) (y e^(1-y))^p for 0 < x < a, C/x^2 for x >= a. The mass
    left of a is q/(1 + q), q = e^p p^(-p-1) Gamma(p + 1, p), and C = a/(1 + q). The mean is infinite.
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


@dataclass(frozen=True)
class Pareto(Law):
    """Density mu start^mu x^(-1-mu) on x >= start, mu = tail_exponent."""

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


def _exp(x: float) -> float:
    return math.exp(x) if x < 709.78 else math.inf
