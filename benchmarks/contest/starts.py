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
        return special.ndtr((x - self.mean) / self.deviation)

    def density(self, x: Floats) -> Floats:
        """The density."""
        z = (x - self.mean) / self.deviation
        return np.exp(-0.5 * z * z) / (self.deviation * np.sqrt(2.0 * np.pi))

    def quantile(self, p: Floats) -> Floats:
        """The inverse of the distribution function."""
        return self.mean + self.deviation * special.ndtri(p)
