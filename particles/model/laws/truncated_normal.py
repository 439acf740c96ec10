"""A normal law without its tails: Bonnet, Cipriani, Fornasier and Huang (2023) start their clusters from such laws.

With Phi the standard normal distribution function, a = (low - m)/s, b = (high - m)/s and Z = Phi(b) - Phi(a),

    F(x) = (Phi((x - m)/s) - Phi(a))/Z,   F^(-1)(p) = m + s Phi^(-1)(Phi(a) + p Z)   on [low, high].

What lies above m is taken by its mirror image, since Phi loses the digits of the upper tail.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles import vmath
from particles.base.arrays import Floats, over_arrays
from particles.base.checks import require_finite, require_variance
from particles.base.errors import InputError
from particles.base.jit import formula
from particles.model.laws.law import Law
from particles.model.laws.normal_cdf import normal_cdf

_LEAST = 1e-6  # of Z in the larger of Phi(a) and Phi(b): below, a quantile would have less than ten digits of the width


@formula
def _cdf(x: float, c: tuple[float, ...]) -> float:
    below = (normal_cdf(c[2] * (x - c[0]) / c[1]) - c[3]) / c[4]
    return below if c[2] > 0.0 else 1.0 - below


@formula
def _quantile(p: float, c: tuple[float, ...]) -> float:
    return c[0] + c[2] * c[1] * vmath.normal_quantile(c[3] + (p if c[2] > 0.0 else 1.0 - p) * c[4])


@dataclass(frozen=True)
class TruncatedNormal(Law):
    """Normal law N(m, v), given that it lies in [low, high].

    Parameters
    ----------
    m : float in [-1e100, 1e100]
    v : float in [1e-200, 1e200]
        Variance of the normal law, not of this one.
    low, high : float
        Increasing.

    Raises
    ------
    InputError
        If a number is out of range, or the normal law has so little mass there that digits of it are lost.

    Examples
    --------
    >>> from particles.model import TruncatedNormal
    >>> law = TruncatedNormal(m=0.0, v=1.0, low=-1.0, high=1.0)
    >>> print(f"{law.variance:.6f} {law.cdf(0.0):.6f}")
    0.291125 0.500000
    >>> TruncatedNormal(m=0.0, v=1.0, low=1.0, high=-1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: high = -1.0 must be above low = 1.0
    """

    m: float
    v: float
    low: float
    high: float
    reproducible = True

    def __post_init__(self) -> None:
        require_finite("m", self.m)
        require_variance("v", self.v)
        require_finite("low", self.low)
        require_finite("high", self.high)
        if not self.low < self.high:
            raise InputError(f"high = {self.high!r} must be above low = {self.low!r}")
        base, mass = self._constants[3:]
        if not mass >= _LEAST * (base + mass) > 0.0:
            raise InputError(
                f"[{self.low!r}, {self.high!r}] is too narrow, or too far from m = {self.m!r}, for the normal law of"
                f" variance {self.v!r}: it holds a mass of {mass:.3g}"
            )

    @cached_property
    def _constants(self) -> tuple[float, float, float, float, float]:
        """m, s, 1 or the -1 of the mirror image, the mass before the interval, the mass in it."""
        s = math.sqrt(self.v)
        a, b = (self.low - self.m) / s, (self.high - self.m) / s
        sign = -1.0 if self.low >= self.m else 1.0
        first, last = (a, b) if sign > 0.0 else (-b, -a)
        base = normal_cdf(first)
        return self.m, s, sign, base, normal_cdf(last) - base

    def cdf(self, x: ArrayLike) -> Floats:
        inside = np.clip(np.asarray(x, dtype=np.float64), self.low, self.high)
        found = np.clip(over_arrays(_cdf, inside, constants=self._constants), 0.0, 1.0)
        return np.where(inside >= self.high, 1.0, np.where(inside <= self.low, 0.0, found))

    def portable_cdf(self, x: Floats) -> Floats:
        return self.cdf(x)

    def pdf(self, x: ArrayLike) -> Floats:
        m, s, _, _, mass = self._constants
        x = np.asarray(x, dtype=np.float64)
        z = (np.clip(x, self.low, self.high) - m) / s
        inside = (x >= self.low) & (x <= self.high)
        return np.where(inside, np.exp(-0.5 * z * z) / (s * math.sqrt(2.0 * math.pi) * mass), 0.0)

    def quantile(self, p: ArrayLike) -> Floats:
        return np.clip(over_arrays(_quantile, p, constants=self._constants), self.low, self.high)

    def kinks(self) -> Floats:
        return np.array([self.low, self.high])

    def breakpoints(self) -> Floats:
        # sqrt(F (1 - F)) has a square-root singularity at both ends: panels that shrink towards them
        near, reach = 2.0 ** -np.arange(1.0, 51.0), (self.high - self.low)
        within = self.quantile(np.linspace(0.0, 1.0, 33)[1:-1])
        ends = [self.low + reach * near, self.high - reach * near, [self.low, self.high]]
        return np.unique(np.concatenate([*ends, within]))
