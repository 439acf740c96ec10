"""The self-similar rescaling g~(t, x) = m1(t) g(t, m1(t) x) of section 4 (arXiv 2001.04294): the law of X/m1, mean 1.

For the identity with b = 0 it removes the drift: without noise g~ stands still. The printed factor m1 is abs(m1) for a
negative mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Law, Measure


@dataclass(frozen=True)
class Rescaled(Law):
    """Law of X/`divisor` for X of `law`; the divisor is finite and not 0."""

    law: Law
    divisor: float

    def __post_init__(self) -> None:
        if self.divisor == 0.0 or not math.isfinite(self.divisor):
            raise InputError(f"divisor = {self.divisor!r} must be finite and not 0: a mean of 0 cannot be scaled to 1")

    def cdf(self, x: ArrayLike) -> Floats:
        y = np.asarray(x, dtype=np.float64) * self.divisor
        return self.law.cdf(y) if self.divisor > 0.0 else 1.0 - self.law.cdf(np.nextafter(y, -np.inf))

    def pdf(self, x: ArrayLike) -> Floats:
        return abs(self.divisor) * self.law.pdf(np.asarray(x, dtype=np.float64) * self.divisor)

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        return self.law.quantile(p if self.divisor > 0.0 else 1.0 - p) / self.divisor

    def sample(self, u: ArrayLike) -> Floats:
        return self.law.sample(u) / self.divisor

    @property
    def mean(self) -> float:
        return self.law.mean / self.divisor

    @property
    def variance(self) -> float:
        return self.law.variance / self.divisor**2


@overload
def self_similar(given: Law) -> Rescaled: ...
@overload
def self_similar(given: Measure) -> Measure: ...
def self_similar(given: Law | Measure) -> Law | Measure:
    """Return the law or measure of X/m1: the density m1 g(m1 x) of section 4.

    Parameters
    ----------
    given : Law or Measure
        On the line, with a mean that is finite and not 0.

    Raises
    ------
    InputError
        If the mean is 0 or infinite, or the measure is not on the line.
    """
    if isinstance(given, Law):
        return Rescaled(given, given.mean)
    if given.dim != 1:
        raise InputError(f"a measure of dimension {given.dim} has no single mean to scale by: allowed is 1")
    m = float(given.mean[0])
    if m == 0.0 or not math.isfinite(m):
        raise InputError(f"mean = {m!r} must be finite and not 0 to be scaled to 1")
    faces, polynomials = given.faces / m, abs(m) * given.polynomials
    if m < 0.0:  # cells in increasing order again, each mirrored: s -> -s
        faces, polynomials = faces[::-1], polynomials[:, ::-1] * np.array([[1.0], [-1.0], [1.0]])
    return Measure(given.points / m, given.masses, faces, polynomials)
