"""What a bound of W1 needs of a distribution function F in a cell (a, b): its range, its mean, and its tails outside.

======  ============================================================================================================
law     F is monotone, so F(a) <= F <= F(b-), and its mean lies between the sums over the left and over the right ends
        of 64 equal parts, which differ by (F(b-) - F(a))/64. No quadrature rule is trusted: where F has a kink between
        two nodes, or a jump, the difference of two rules is no bound of the error of either.
        Right of the median F - 1 = -P(X > x) stands for F, so that a heavy tail is not lost where 1 - F rounds to 0.
Measure F(x) = F(a) + int_a^x g: range and mean from the parabola g, exact. Where g falls below zero, as that of a
        finite volume scheme may, F is not monotone and its range is wider by (b - a) max(0, -min g).
======  ============================================================================================================
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats
from particles.base.quadrature import gauss
from particles.base.roots import quantile_by_bisection
from particles.model import Law, Measure
from particles.model.laws import tails
from validation.distance.checks import check_on_the_line, require_mean

Flags = NDArray[np.bool_]
STEPS = 64  # of a cell of a law
_TAIL = 10.0 ** -np.arange(2.5, 300.5, 0.5)


@dataclass(frozen=True)
class CellValues:
    """Of F - shift in every cell, each of shape (n,): low <= F - shift <= high, mean_low <= its mean <= mean_high."""

    shift: Floats
    low: Floats
    high: Floats
    mean_low: Floats
    mean_high: Floats


class Distribution(ABC):
    """A distribution function, cut into cells at `edges` inside which it does not jump."""

    @property
    @abstractmethod
    def edges(self) -> Floats:
        """Increasing points: all jumps of F, and its ends."""

    @property
    @abstractmethod
    def outside(self) -> float:
        """Integral of F left of the first edge and of 1 - F right of the last."""

    @property
    @abstractmethod
    def outside_root(self) -> float:
        """Square root of the integral of 2 y (1 - F(y)) dy right of the last edge, to leading order."""

    @abstractmethod
    def above(self, x: Floats) -> Flags:
        """Where `values` gives F - 1 right of x."""

    @abstractmethod
    def values(self, x: Floats, above: Flags) -> Floats:
        """F, or F - 1 where `above` says so."""

    @abstractmethod
    def quantile(self, p: Floats) -> Floats:
        """Smallest x with F(x) >= p, 0 < p < 1."""

    @abstractmethod
    def on(self, left: Floats, right: Floats) -> CellValues:
        """Range and mean of F in cells that no edge divides."""


@dataclass(frozen=True)
class OfLaw(Distribution):
    """Distribution function of a law; what is left of its quantile at 1e-17 is neglected."""

    law: Law

    @property
    def _tailed(self) -> bool:
        return self.law.sf_rounds_until < np.inf

    @cached_property
    def _median(self) -> float:
        return float(self.law.quantile(np.array(0.5)))

    @cached_property
    def edges(self) -> Floats:
        law = self.law
        edges = np.unique(np.concatenate([law.breakpoints(), [self._median], law.far_points(_TAIL)]))
        return np.asarray(edges[np.isfinite(edges)])

    @property
    def outside(self) -> float:
        return self.law.power_tail(float(self.edges[-1]))

    @property
    def outside_root(self) -> float:
        if self.law.tail == np.inf:
            return 0.0
        end = float(self.edges[-1])  # a power from there on, P(X > x) ~ x^(-tail)
        return end * math.sqrt(2.0 * float(self.law.sf(end)) / (self.law.tail - 2.0))

    def beyond(self, start: float) -> float:
        """Integral of 1 - F right of `start`."""
        if self._tailed:
            return tails.excess(self.law, start)
        knots = np.concatenate([[start], self.edges[self.edges > start]])
        left, half, above = knots[:-1], 0.5 * np.diff(knots), self.above(knots[:-1])
        total = np.zeros(left.shape)
        for node, weight in zip(*gauss(8), strict=True):
            total += weight * half * (np.where(above, 0.0, 1.0) - self.values(left + (1.0 + node) * half, above))
        return float(total.sum()) + self.outside

    def above(self, x: Floats) -> Flags:
        return np.asarray(x >= self._median)

    def quantile(self, p: Floats) -> Floats:
        return self.law.quantile(p)

    def on(self, left: Floats, right: Floats) -> CellValues:
        above, end = self.above(left), np.nextafter(right, left)
        low, high = self.values(left, above), self.values(end, above)
        between = np.zeros(left.shape)
        for k in range(1, STEPS):
            between += self.values(np.minimum(left + (k / STEPS) * (right - left), end), above)
        means = [(between + limit) / STEPS for limit in (low, high)]
        # what F - 1 loses where it is taken from F, and the sums where the ends of parts are rounded
        lost = np.where(above & (left < self.law.sf_rounds_until), 2.0**-52, 0.0)
        rounded = np.minimum(np.spacing(np.maximum(np.abs(left), np.abs(right))) / (right - left), 1.0) * (high - low)
        low, high = low - lost, high + lost
        return CellValues(above.astype(np.float64), low, high, means[0] - lost - rounded, means[1] + lost + rounded)

    def values(self, x: Floats, above: Flags) -> Floats:
        out = np.empty(x.shape)
        out[~above] = self.law.cdf(x[~above])
        out[above] = -self.law.sf(x[above]) if self._tailed else self.law.cdf(x[above]) - 1.0
        return out


@dataclass(frozen=True)
class OfMeasure(Distribution):
    """Distribution function of a probability measure on the line."""

    measure: Measure

    @cached_property
    def edges(self) -> Floats:
        return np.unique(np.concatenate([self.measure.faces, self.measure.points[0]]))

    @property
    def outside(self) -> float:
        return 0.0

    @property
    def outside_root(self) -> float:
        return 0.0

    @property
    def negative_mass(self) -> float:
        """What the density falls below zero, at most."""
        if not self.measure.has_density:
            return 0.0
        q0, q1, q2 = self.measure.polynomials_from_left
        least = _least(q0, q1, q2, np.ones(q0.shape))
        return float((np.diff(self.measure.faces) * np.maximum(0.0, -least)).sum())

    def above(self, x: Floats) -> Flags:
        return np.zeros(x.shape, dtype=np.bool_)

    def values(self, x: Floats, above: Flags) -> Floats:
        return self.measure.cdf(x)

    def quantile(self, p: Floats) -> Floats:
        ends = np.full(p.shape, self.edges[0]), np.full(p.shape, self.edges[-1])
        return quantile_by_bisection(self.measure.cdf, p, *ends)

    def on(self, left: Floats, right: Floats) -> CellValues:
        start, none = self.measure.cdf(left), np.zeros(left.shape)
        faces = self.measure.faces
        if not faces.size:
            return CellValues(none, start, start, start, start)
        cells = np.clip(np.searchsorted(faces, left, side="right") - 1, 0, faces.size - 2)
        h = np.diff(faces)[cells]
        inside = (left >= faces[0]) & (right <= faces[-1])  # elsewhere F is constant: length 0
        t, length = (np.where(inside, part, 0.0) / h for part in (left - faces[cells], right - left))
        q0, q1, q2 = (q[cells] for q in self.measure.polynomials_from_left)
        r0, r1, r2 = q0 + t * (q1 + t * q2), q1 + 2.0 * t * q2, q2
        rise = h * length * (r0 + length * (r1 / 2.0 + length * r2 / 3.0))
        mean = start + h * length * (r0 / 2.0 + length * (r1 / 6.0 + length * r2 / 12.0))
        below = h * length * np.maximum(0.0, -_least(r0, r1, r2, length))
        return CellValues(none, start - below, start + rise + below, mean, mean)


def _least(r0: Floats, r1: Floats, r2: Floats, length: Floats) -> Floats:
    """Smallest value of r0 + r1 u + r2 u^2 for 0 <= u <= length."""
    vertex = np.clip(-r1 / np.where(r2 > 0.0, 2.0 * r2, 1.0), 0.0, length)
    return np.asarray(np.minimum.reduce([r0 + u * (r1 + u * r2) for u in (np.zeros(length.shape), vertex, length)]))


def distribution_of(target: Law | Measure) -> OfLaw | OfMeasure:
    """Of a law with a mean, or of a probability on the line; another is refused."""
    if isinstance(target, Law):
        require_mean(target)
        return OfLaw(target)
    check_on_the_line(target)
    return OfMeasure(target)
