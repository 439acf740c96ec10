"""The inverse Gamma law: the identity with K = x at rest, mu = 1 - 2 w/nu^2, beta = 2 b/nu^2."""

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
class InverseGamma(Law):
    """Law of scale/Y, Y ~ Gamma(shape): density beta^mu/Gamma(mu) x^(-1-mu) e^(-beta/x), mu = shape, beta = scale.

    Parameters
    ----------
    shape : float in [1e-12, 1e12]
        mu, the exponent of the upper tail.
    scale : float > 0
        beta, a length.

    Raises
    ------
    InputError
        If one of them is not a number in its range.

    Notes
    -----
    At rest dX = (w X + b) dt + nu X dW has mu = 1 - 2 w/nu^2 and beta = 2 b/nu^2 (arXiv 2001.04294, 4.1.1, corrected:
    E1 to E3 of docs/errata.md). The mean is finite for mu > 1, the variance for mu > 2.

    Examples
    --------
    >>> from particles.model import InverseGamma
    >>> law = InverseGamma(shape=3.0, scale=2.0)  # at rest for w = -1, b = 1, nu^2 = 1
    >>> print(f"{law.mean:.6f} {law.variance:.6f} {law.tail}")
    1.000000 1.000000 3.0
    >>> InverseGamma(shape=2.0, scale=1.0).variance
    inf
    """

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
