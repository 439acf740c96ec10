"""The lognormal law: identity, K = x, b = 0, at every time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from particles import vmath
from particles.base.arrays import Floats, over_arrays
from particles.base.checks import require_finite, require_positive
from particles.base.jit import formula
from particles.model.laws.elementary import Normal
from particles.model.laws.half_line import bounded_exp
from particles.model.laws.law import Law


@formula
def _lognormal_quantile(p: float, c: tuple[float, ...]) -> float:
    return vmath.exp(c[0] + c[1] * vmath.normal_quantile(p))


@dataclass(frozen=True)
class Lognormal(Law):
    """Law of e^Z, Z ~ N(m, v); v is the variance of ln X.

    Parameters
    ----------
    m : float in [-230, 230]
    v : float in [1e-200, 100]

    Raises
    ------
    InputError
        If one of them is not a number in its range.

    Examples
    --------
    >>> from particles.model import Lognormal
    >>> law = Lognormal(m=0.0, v=1.0)
    >>> print(f"{law.quantile(0.5):.6f} {law.mean:.6f} {law.variance:.6f}")  # 1, e^(1/2), e^2 - e
    1.000000 1.648721 4.670774
    """

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
        return bounded_exp(k * self.m + 0.5 * k * k * self.v)

    @property
    def variance(self) -> float:
        return self.mean * self.mean * math.expm1(self.v)

    @property
    def source(self) -> tuple[Law, Callable[[Floats], Floats]]:
        return Normal(self.m, self.v), np.exp

    def grown(self, shift: float, v: float) -> Law:
        return Lognormal(self.m + shift, self.v + v)
