"""The law of X_0 + S with S on a lattice, F(x) = sum_j p_j F_0(x - s_j): two-point noise without drift, exactly.

After n signs S = sqrt(eps) nu (2 B - n), B ~ Binomial(n, 1/2); a random number of them is averaged over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.roots import quantile_by_bisection
from particles.model import Law

_BLOCK = 1 << 21  # numbers at once


def binomial_signs(counts: Floats) -> tuple[Floats, Floats]:
    """Values and probabilities of the sum of N signs, N = n with probability counts[n]; those above 1e-20."""
    from scipy.stats import binom

    most = counts.size - 1
    probability = np.zeros(2 * most + 1)
    for n, share in enumerate(counts):
        if share > 0.0:
            probability[most - n : most + n + 1 : 2] += share * binom.pmf(np.arange(n + 1), n, 0.5)
    kept = probability > 1e-20
    return np.arange(-most, most + 1.0)[kept], probability[kept]


@dataclass(frozen=True, eq=False)
class LatticeSum(Law):
    """Law of X_0 + S: `start` of X_0, increasing `points` of S and their probabilities `weights`, shape (n,) both."""

    start: Law
    points: Floats
    weights: Floats

    def _sum(self, function: object, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        flat, out = x.ravel(), np.zeros(x.size)
        rows = max(1, _BLOCK // self.points.size)
        for k in range(0, x.size, rows):
            values = function(flat[k : k + rows, None] - self.points)  # type: ignore[operator]
            out[k : k + rows] = values @ self.weights
        return out.reshape(x.shape)

    def cdf(self, x: ArrayLike) -> Floats:
        return self._sum(self.start.cdf, x)

    def pdf(self, x: ArrayLike) -> Floats:
        return self._sum(self.start.pdf, x)

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        ends = [float(self.start.quantile(np.array(q))) for q in (1e-17, 1.0 - 1e-16)]
        low, high = (np.full(p.shape, end) for end in (ends[0] + self.points[0], ends[1] + self.points[-1]))
        return quantile_by_bisection(self.cdf, p, low, high)

    def breakpoints(self) -> Floats:
        kinks = self.start.kinks()
        if kinks.size and self.start.cdf(kinks[-1]) - self.start.cdf(np.nextafter(kinks[0], -np.inf)) == 1.0:
            return self.kinks()  # all of the start lies between them
        return super().breakpoints()

    def kinks(self) -> Floats:
        return np.unique((self.start.kinks() + self.points[:, None]).ravel())

    @property
    def mean(self) -> float:
        return self.start.mean + float(self.weights @ self.points)

    @property
    def variance(self) -> float:
        shift = float(self.weights @ self.points)
        return self.start.variance + float(self.weights @ (self.points - shift) ** 2)
