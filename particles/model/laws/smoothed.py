"""A uniform law convolved with a normal law. With s^2 = v:

F(x) = (Psi(z + d) - Psi(z - d))/(2 d),   z = (x - (low + high)/2)/s,   d = (high - low)/(2 s),
Psi(z) = z Phi(z) + phi(z),   Psi' = Phi.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.model.laws.elementary import Normal, Uniform
from particles.model.laws.law import Law

_NODES, _WEIGHTS = gauss(16)


@dataclass(frozen=True)
class SmoothedUniform(Law):
    """Law of U + Z, U uniform on [low, high], Z ~ N(0, v).

    Parameters
    ----------
    low, high : float, low < high
    v : float in [1e-200, 1e200]
        Variance of the normal part.

    Raises
    ------
    InputError
        If one of them is not a number in its range.

    Examples
    --------
    >>> from particles.model import SmoothedUniform
    >>> law = SmoothedUniform(low=-1.0, high=1.0, v=0.5)
    >>> print(f"{law.mean:.6f} {law.variance:.6f} {law.pdf(0.0):.6f}")  # 0, 1/3 + v, erf(1)/2
    0.000000 0.833333 0.421350
    """

    low: float
    high: float
    v: float
    sf_rounds_until = -math.inf

    def __post_init__(self) -> None:
        Uniform(self.low, self.high), Normal(0.0, self.v)  # refuse what they refuse

    @property
    def _centre(self) -> float:
        return 0.5 * (self.low + self.high)

    @property
    def _half(self) -> float:
        """d, the half width in standard deviations of the noise."""
        return 0.5 * (self.high - self.low) / math.sqrt(self.v)

    def _standard(self, x: ArrayLike) -> Floats:
        most = (1.0 + 1e-9) * self._half + 40.0  # beyond, no number is left of the law
        with np.errstate(over="ignore"):
            return np.clip((np.asarray(x, dtype=np.float64) - self._centre) / math.sqrt(self.v), -most, most)

    def _below(self, z: Floats) -> Floats:
        """F at z <= 0; by quadrature where the two Psi are nearly equal."""
        from scipy.special import ndtr

        d = self._half
        if d < 0.25:
            return np.asarray(0.5 * sum(g * ndtr(z + d * node) for g, node in zip(_WEIGHTS, _NODES, strict=True)))
        return (_psi(z + d) - _psi(z - d)) / (2.0 * d)

    def cdf(self, x: ArrayLike) -> Floats:
        z = self._standard(x)
        below = self._below(-np.abs(z))
        return np.where(z > 0.0, 1.0 - below, below)

    def sf(self, x: ArrayLike) -> Floats:
        z = self._standard(x)
        below = self._below(-np.abs(z))
        return np.where(z < 0.0, 1.0 - below, below)

    def pdf(self, x: ArrayLike) -> Floats:
        from scipy.special import ndtr

        z, d = -np.abs(self._standard(x)), self._half
        if d < 0.25:
            density = 0.5 * sum(g * normal_density(z + d * node) for g, node in zip(_WEIGHTS, _NODES, strict=True))
        else:
            density = (ndtr(z + d) - ndtr(z - d)) / (2.0 * d)
        return np.asarray(density / math.sqrt(self.v))

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        return np.where(p > 0.5, 2.0 * self._centre - self._lower(1.0 - p), self._lower(p))

    def isf(self, s: ArrayLike) -> Floats:
        return 2.0 * self._centre - self.quantile(s)

    def _lower(self, p: Floats) -> Floats:
        """Quantile at p <= 1/2, else the centre."""
        return invert(self, np.minimum(p, 0.5), self._centre, self.std)

    def moment(self, k: float) -> float:
        """E X^k, k = 0, 1, 2, ...: by the moments of the two parts about the centre."""
        if k not in range(100):
            raise InputError(f"k = {k!r} must be an integer in [0, 100): the law has both signs")
        order, half = int(k), 0.5 * (self.high - self.low)

        def normal(n: int) -> float:  # (n - 1)!! v^(n/2), n even
            return math.factorial(n) / math.factorial(n // 2) * (0.5 * self.v) ** (n // 2)

        def central(n: int) -> float:
            return math.fsum(math.comb(n, i) * half**i / (i + 1) * normal(n - i) for i in range(0, n + 1, 2))

        return math.fsum(math.comb(order, n) * self._centre ** (order - n) * central(n) for n in range(0, order + 1, 2))

    @property
    def variance(self) -> float:
        return (self.high - self.low) ** 2 / 12.0 + self.v


def invert(law: Law, p: Floats, centre: float, reach: float) -> Floats:
    """Solve F(x) = p: Newton's method for ln F, a bisection where a step leaves the bracket.

    The brackets start at centre - reach and centre + reach, and are doubled where they do not hold p; a level that the
    rounded F never reaches counts as reached 4e-16 below it.
    """
    low, high = np.full(p.shape, centre - reach), np.full(p.shape, centre + reach)
    for _ in range(64):
        left, right = law.cdf(low) > p, law.cdf(high) < p - 4e-16
        if not np.any(left | right):
            break
        low, high = np.where(left, 2.0 * low - centre, low), np.where(right, 2.0 * high - centre, high)
    scale = np.maximum(np.abs(low), np.abs(high))
    x = 0.5 * (low + high)
    for _ in range(200):
        f = law.cdf(x)
        low, high = np.where(f < p, x, low), np.where(f < p, high, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new = x - f * np.log(f / p) / law.pdf(x)
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        settled = (np.abs(new - x) <= 4e-16 * scale) | (np.abs(f - p) <= 4e-16 * p)
        x = new
        if np.all(settled):
            break
    return np.asarray(x)


def normal_density(z: Floats) -> Floats:
    """Density of N(0, 1)."""
    z = np.clip(z, -1e3, 1e3)
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))


def _psi(z: Floats) -> Floats:
    """Psi(z) = z Phi(z) + phi(z); left of 0 as phi(z) (1 - abs(z) times Mills' ratio)."""
    from scipy.special import erfcx

    y = np.abs(z)
    left = normal_density(y) * (1.0 - y * math.sqrt(0.5 * math.pi) * erfcx(y / math.sqrt(2.0)))
    return np.asarray(np.where(z > 0.0, z + left, left))
