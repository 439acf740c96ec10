"""Laws at time 0, with NumPy and SciPy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]


class Start(Protocol):
    """A law on the line."""

    def cdf(self, x: Floats) -> Floats:
        """P(X <= x)."""

    def density(self, x: Floats) -> Floats:
        """The density."""

    def quantile(self, p: Floats) -> Floats:
        """The inverse of the distribution function, 0 < p < 1."""


@dataclass(frozen=True)
class Normal:
    """The normal law."""

    mean: float
    deviation: float

    def cdf(self, x: Floats) -> Floats:
        """P(X <= x)."""
        return np.asarray(special.ndtr((x - self.mean) / self.deviation))

    def density(self, x: Floats) -> Floats:
        """The density."""
        z = (x - self.mean) / self.deviation
        return np.asarray(np.exp(-0.5 * z * z) / (self.deviation * np.sqrt(2.0 * np.pi)))

    def quantile(self, p: Floats) -> Floats:
        """The inverse of the distribution function."""
        return np.asarray(self.mean + self.deviation * special.ndtri(p))

    def moved(self, share: float) -> Normal:
        """The law moved by a share of its deviation."""
        return Normal(self.mean + share * self.deviation, self.deviation)


@dataclass(frozen=True)
class TruncatedNormal:
    """The normal law on [low, high] alone: a density that is smooth between walls."""

    mean: float
    deviation: float
    low: float
    high: float

    @property
    def _ends(self) -> Floats:
        return np.asarray(special.ndtr((np.array([self.low, self.high]) - self.mean) / self.deviation))

    def cdf(self, x: Floats) -> Floats:
        """P(X <= x)."""
        (first, last), z = self._ends, (np.asarray(x) - self.mean) / self.deviation
        return np.clip((special.ndtr(z) - first) / (last - first), 0.0, 1.0)

    def density(self, x: Floats) -> Floats:
        """The density."""
        (first, last), inside = self._ends, (np.asarray(x) >= self.low) & (np.asarray(x) <= self.high)
        return np.where(inside, Normal(self.mean, self.deviation).density(x) / (last - first), 0.0)

    def quantile(self, p: Floats) -> Floats:
        """The inverse of the distribution function."""
        first, last = self._ends
        z = special.ndtri(first + (last - first) * np.asarray(p))
        return np.clip(self.mean + self.deviation * z, self.low, self.high)


@dataclass(frozen=True)
class Uniform:
    """The uniform law on [low, high]: its density jumps at both ends."""

    low: float
    high: float

    def cdf(self, x: Floats) -> Floats:
        """P(X <= x)."""
        return np.clip((np.asarray(x) - self.low) / (self.high - self.low), 0.0, 1.0)

    def density(self, x: Floats) -> Floats:
        """The density."""
        inside = (np.asarray(x) >= self.low) & (np.asarray(x) <= self.high)
        return np.where(inside, 1.0 / (self.high - self.low), 0.0)

    def quantile(self, p: Floats) -> Floats:
        """The inverse of the distribution function."""
        return np.asarray(self.low + (self.high - self.low) * np.asarray(p))

    def moved(self, share: float) -> Uniform:
        """The law moved by a share of its deviation."""
        way = share * (self.high - self.low) / np.sqrt(12.0)
        return Uniform(self.low + way, self.high + way)

    def tilted(self, share: float) -> TruncatedNormal:
        """A law of the same ends that is smooth between them, heavier on one side."""
        width = self.high - self.low
        return TruncatedNormal(0.5 * (self.low + self.high) + share * width, 0.7 * width, self.low, self.high)


@dataclass(frozen=True)
class Lognormal:
    """The law of e^Z, Z normal with this mean and deviation; it lives on x > 0."""

    log_mean: float
    log_deviation: float

    def _standard(self, x: Floats) -> Floats:
        positive = np.asarray(x) > 0.0
        log = np.log(np.where(positive, x, 1.0))
        return np.where(positive, (log - self.log_mean) / self.log_deviation, -np.inf)

    def cdf(self, x: Floats) -> Floats:
        """P(X <= x)."""
        return np.asarray(special.ndtr(self._standard(x)))

    def density(self, x: Floats) -> Floats:
        """The density."""
        z, x = self._standard(x), np.asarray(x)
        return np.asarray(
            np.exp(-0.5 * z * z) / (np.where(x > 0.0, x, 1.0) * self.log_deviation * np.sqrt(2.0 * np.pi))
        )

    def quantile(self, p: Floats) -> Floats:
        """The inverse of the distribution function."""
        return np.asarray(np.exp(self.log_mean + self.log_deviation * special.ndtri(p)))

    def moved(self, share: float) -> Lognormal:
        """The law whose logarithm is moved by a share of its deviation."""
        return Lognormal(self.log_mean + share * self.log_deviation, self.log_deviation)


@dataclass(frozen=True)
class ReluRest:
    """Where dX = max(w X + b, 0) dt + nu X dW rests, w < 0 < b: density ~ x^(-2) (y e^(1 - y))^p, y = max(a/x, 1).

    a = -b/w, p = -2 w/nu^2; P(X < a) = q/(1 + q), q = e^p p^(-p - 1) Gamma(p + 1, p). Beyond a it is C/x^2: no mean.
    """

    weight: float
    bias: float
    nu: float

    @property
    def kink(self) -> float:
        """a, where the drift switches off."""
        return -self.bias / self.weight

    @property
    def power(self) -> float:
        """p."""
        return -2.0 * self.weight / self.nu**2

    @property
    def left(self) -> float:
        """P(X < a)."""
        p = self.power
        q = np.exp(p - (p + 1.0) * np.log(p) + special.gammaln(p + 1.0)) * special.gammaincc(p + 1.0, p)
        return float(q / (1.0 + q))

    def cdf(self, x: Floats) -> Floats:
        """P(X <= x)."""
        x, p = np.asarray(x, dtype=np.float64), self.power
        with np.errstate(divide="ignore"):
            y = self.kink / np.maximum(x, 0.0)
        below = self.left * special.gammaincc(p + 1.0, p * np.maximum(y, 1.0)) / special.gammaincc(p + 1.0, p)
        return np.where(y > 1.0, below, 1.0 - (1.0 - self.left) * np.minimum(y, 1.0))

    def density(self, x: Floats) -> Floats:
        """The density."""
        x = np.asarray(x, dtype=np.float64)
        positive = np.where(x > 0.0, x, 1.0)
        off = np.maximum(self.kink / positive - 1.0, 0.0)
        shape = np.exp(self.power * (np.log1p(off) - off) - 2.0 * np.log(positive / self.kink)) / self.kink
        return np.where(x > 0.0, (1.0 - self.left) * shape, 0.0)

    def quantile(self, p: Floats) -> Floats:
        """The inverse of the distribution function."""
        p, s = np.asarray(p, dtype=np.float64), self.power
        level = np.minimum(p / self.left, 1.0) * special.gammaincc(s + 1.0, s)
        below = self.kink * s / special.gammainccinv(s + 1.0, level)
        return np.where(p < self.left, below, self.kink * (1.0 - self.left) / (1.0 - p))


@dataclass(frozen=True)
class PlaneNormal:
    """The normal law of the plane; points have shape (M, 2).

    Parameters
    ----------
    mean : pair of float
    covariance : pair of such
    """

    mean: tuple[float, float]
    covariance: tuple[tuple[float, float], tuple[float, float]]

    def density(self, x: Floats) -> Floats:
        """The density at points of shape (..., 2)."""
        root = np.linalg.cholesky(np.asarray(self.covariance))
        z = (np.asarray(x) - np.asarray(self.mean)) @ np.linalg.inv(root).T
        return np.asarray(np.exp(-0.5 * (z * z).sum(axis=-1)) / (2.0 * np.pi * root[0, 0] * root[1, 1]))

    def quantile(self, p: Floats) -> Floats:
        """Map points that are uniform in the unit square, shape (M, 2), to points of this law."""
        root = np.linalg.cholesky(np.asarray(self.covariance))
        return np.asarray(self.mean + special.ndtri(p) @ root.T)

    def moved(self, share: float) -> PlaneNormal:
        """The law moved by a share of its deviations, in both directions."""
        x, y = (m + share * row[k] ** 0.5 for k, (m, row) in enumerate(zip(self.mean, self.covariance, strict=True)))
        return PlaneNormal((x, y), self.covariance)
