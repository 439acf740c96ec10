"""What a family of steady states offers to be fitted: log-density, first guess, bounds, and the model it fixes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from particles.base.arrays import Floats
from particles.model import Diffusion, Drift, Law, Model

Bounds = tuple[tuple[float, float], ...]
FREE = (-math.inf, math.inf)


class SteadyFamily(ABC):
    """A family of steady laws; `theta`, shape (p,), are its working parameters."""

    name: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]]
    """Names of the model's free parameters, as many as working parameters."""
    positive: ClassVar[bool] = True
    """All laws live on x > 0."""
    limits: ClassVar[tuple[str, str]] = ("", "")
    """What the lower and upper bound of the limited working parameter stand for."""
    limited: ClassVar[int] = -1
    """Which one that is."""
    located: ClassVar[bool] = False
    """The first working parameter is a place in units of e^theta[1]."""
    drift: ClassVar[Drift]
    diffusion: ClassVar[Diffusion]

    @abstractmethod
    def start(self, x: Floats, shares: Floats) -> Floats:
        """First guess of theta from points and their shares (summing to 1), by moments."""

    @abstractmethod
    def log_density(self, x: Floats, theta: Floats) -> Floats:
        """Log-density at points of the support, shape of x, finite for every theta within the bounds."""

    @abstractmethod
    def physical(self, theta: Floats) -> Floats:
        """The model's free parameters, shape (p,)."""

    @abstractmethod
    def law(self, theta: Floats) -> Law:
        """The law."""

    def _model(self, theta: Floats) -> dict[str, Any]:
        """Drift, weight, bias, diffusion and nu2 of the model; a weight that is not free is -1."""
        free = zip(self.parameters, self.physical(theta).tolist(), strict=True)
        return {"drift": self.drift, "weight": -1.0, "diffusion": self.diffusion, **dict(free)}

    def model(self, theta: Floats, initial: Law) -> Model:
        """Return the model whose steady law is `law(theta)`, started from `initial`."""
        return Model(initial=initial, **self._model(theta))

    def bounds(self, theta: Floats) -> Bounds:
        """Bounds of theta, given a first guess."""
        return (FREE,) * len(self.parameters)

    def scales(self, theta: Floats) -> Floats:
        """Lengths on which the log-density changes by the order of one."""
        return np.array([math.exp(theta[1]) if self.located else 1.0, *np.ones(len(self.parameters) - 1)])


def log_gamma_peak(k: float) -> float:
    """Return ln(k^k e^(-k)/Gamma(k)), by Stirling's series where k > 40: no cancellation."""
    if k <= 40.0:
        return k * math.log(k) - k - math.lgamma(k)
    return 0.5 * math.log(k / (2.0 * math.pi)) - (1.0 - (1.0 / 30.0 - 1.0 / (105.0 * k * k)) / (k * k)) / (12.0 * k)


def mean_std(x: Floats, shares: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of weighted points; shares sum to 1."""
    mean = float((shares * x).sum())
    return mean, math.sqrt(float((shares * (x - mean) ** 2).sum()))


def median(x: Floats, shares: Floats) -> float:
    """Return the median of weighted points."""
    order = np.argsort(x)
    return float(x[order][np.searchsorted(np.cumsum(shares[order]), 0.5)])
