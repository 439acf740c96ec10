"""A law on the line from the slope of its log-density, by quadrature: the oracle of closed steady laws.

    p(y) = exp(int s dy)/Z,   s = d ln p/dy given,   g(x) = p(y)/x'(y),   y a coordinate of the line (`chart`)

On each panel (`panels`) ln p and int p are polynomials, like s. Beyond the last ones p falls like e^(-rate y), a power
of x. All is relative to the maximum of p, so that nothing overflows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike, NDArray

from kinetic.steady.chart import Chart, Map
from kinetic.steady.panels import DEGREE, NODES, TO_LEGENDRE, WEIGHTS, panels
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Law

_LEVEL_AT_NODES = legendre.legvander(NODES, DEGREE + 1)
_ITERATIONS = 80


@dataclass(frozen=True, eq=False)
class Gibbs(Law):
    """The law with a given slope of its log-density; made by `gibbs`.

    `edges` are the ends of n panels in the coordinate. `level` and `part`, of shape (17, n), are Legendre coefficients
    on each panel of ln p, and of the mass from the panel's start; `below` and `above` the masses on either side of each
    edge, each without cancellation. `rates` are the decay of p beyond the panels, outwards, per unit of y; 0 at a wall,
    beyond which there is nothing. `tails` are the exponents mu of P(beyond x) ~ abs(x)^(-mu) at -oo and +oo; inf for
    lighter tails and finite ends.
    """

    chart: Chart
    edges: Floats
    level: Floats
    part: Floats
    below: Floats
    above: Floats
    rates: tuple[float, float]
    tails: tuple[float, float]
    sf_rounds_until = -math.inf

    def __repr__(self) -> str:
        low, high = self.chart.interval
        return f"Gibbs(interval=({low!r}, {high!r}), panels={self.edges.size - 1})"

    @property
    def tail(self) -> float:
        return min(self.tails)

    def log_density(self, y: ArrayLike) -> Floats:
        """Return ln p at points of the coordinate."""
        y = np.asarray(y, dtype=np.float64)
        k, t = self._locate(y)
        inner = legendre.legval(t, self.level[:, k], tensor=False)
        lost = self.rates[0] * np.maximum(self.edges[0] - y, 0.0) + self.rates[1] * np.maximum(y - self.edges[-1], 0.0)
        return np.asarray(inner - lost)

    def pdf(self, x: ArrayLike) -> Floats:
        y, inside = self._coordinate(x)
        return np.where(inside, np.exp(self.log_density(y)) / self.chart.slope(y), 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        y, inside = self._coordinate(x)
        k, t = self._locate(y)
        low = self.below[0] * np.exp(-self.rates[0] * np.maximum(self.edges[0] - y, 0.0))
        high = 1.0 - self.above[-1] * np.exp(-self.rates[1] * np.maximum(y - self.edges[-1], 0.0))
        within = self.below[k] + legendre.legval(t, self.part[:, k], tensor=False)
        value = np.where(y < self.edges[0], low, np.where(y > self.edges[-1], high, within))
        return np.where(inside, value, np.where(np.asarray(x) < self.chart.interval[1], 0.0, 1.0))

    def sf(self, x: ArrayLike) -> Floats:
        y, inside = self._coordinate(x)
        k, t = self._locate(y)
        low = 1.0 - self.below[0] * np.exp(-self.rates[0] * np.maximum(self.edges[0] - y, 0.0))
        high = self.above[-1] * np.exp(-self.rates[1] * np.maximum(y - self.edges[-1], 0.0))
        rest = self.part[:, k].sum(axis=0) - legendre.legval(t, self.part[:, k], tensor=False)  # P_n(1) = 1
        value = np.where(y < self.edges[0], low, np.where(y > self.edges[-1], high, self.above[k + 1] + rest))
        return np.where(inside, value, np.where(np.asarray(x) < self.chart.interval[1], 1.0, 0.0))

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        return np.where(p < 0.5, self._from_below(np.minimum(p, 0.5)), self._from_above(np.minimum(1.0 - p, 0.5)))

    def isf(self, s: ArrayLike) -> Floats:
        s = np.asarray(s, dtype=np.float64)
        return np.where(s < 0.5, self._from_above(np.minimum(s, 0.5)), self._from_below(np.minimum(1.0 - s, 0.5)))

    def _from_below(self, mass: Floats) -> Floats:
        k = np.clip(np.searchsorted(self.below, mass) - 1, 0, self.edges.size - 2)
        y = self._within(k, mass - self.below[k])
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            beyond = self.edges[0] + np.log(mass / self.below[0]) / self.rates[0]
            return self.chart.point(np.where(mass < self.below[0], beyond, y))

    def _from_above(self, mass: Floats) -> Floats:
        k = np.clip(self.edges.size - 1 - np.searchsorted(self.above[::-1], mass), 0, self.edges.size - 2)
        y = self._within(k, self.part[:, k].sum(axis=0) - (mass - self.above[k + 1]))
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            beyond = self.edges[-1] - np.log(mass / self.above[-1]) / self.rates[1]
            return self.chart.point(np.where(mass < self.above[-1], beyond, y))

    def _within(self, k: Any, mass: Floats) -> Floats:
        """The point of panel k with `mass` between it and the panel's start: Newton's method inside a bracket."""
        start, half = self.edges[k], 0.5 * (self.edges[k + 1] - self.edges[k])
        low, high, t = -np.ones_like(mass), np.ones_like(mass), np.zeros_like(mass)
        for _ in range(_ITERATIONS):
            excess = legendre.legval(t, self.part[:, k], tensor=False) - mass
            low, high = np.where(excess <= 0.0, t, low), np.where(excess > 0.0, t, high)
            step = excess / (half * np.exp(legendre.legval(t, self.level[:, k], tensor=False)))
            inside = (t - step >= low) & (t - step <= high)
            new = np.where(inside, t - step, 0.5 * (low + high))
            done = np.abs(new - t) <= 2.0**-52
            t = new
            if done.all():
                break
        return np.asarray(start + half * (1.0 + t))

    def moment(self, k: float) -> float:
        """E X^k for real k if X > 0, else k = 0, 1, 2, ... or InputError; inf where infinite, NaN for inf - inf."""
        if self.chart.interval[0] < 0.0 and not (k >= 0 and k == int(k)):
            raise InputError(f"k = {k!r} must be an integer of at least 0: the law has negative values")
        return self._expectation(k, 0.0)

    @property
    def variance(self) -> float:
        return self._expectation(2, self.mean) if self.tail > 2.0 else math.inf

    def _expectation(self, k: float, about: float) -> float:
        """E (X - about)^k: the panels by Gauss' rule, and beyond them the powers of the tails."""
        beyond = []
        for end, rate, growth in zip((0, -1), self.rates, self.chart.growth, strict=True):
            if growth is not None:
                left = rate - k * (growth if about == 0.0 else max(growth, 0.0))  # x - about does not vanish at 0
                sign = -1.0 if k % 2 == 1 and self.chart.point(self.edges[end]) < about else 1.0
                beyond.append(self._weighted(self.edges[end], k, about) / left if left > 0.0 else sign * math.inf)
        if any(map(math.isinf, beyond)):
            return float(sum(beyond))
        half = 0.5 * np.diff(self.edges)
        y = self.edges[:-1] + half * (1.0 + NODES[:, None])
        return float((WEIGHTS[:, None] * half * self._weighted(y, k, about)).sum() + sum(beyond))

    def _weighted(self, y: Floats, k: float, about: float) -> Floats:
        """(x - about)^k p(y), by logarithms: x^k alone may overflow."""
        x = self.chart.point(y) - about
        size = np.where(x == 0.0, 1.0, np.abs(x))
        value = np.exp(k * np.log(size) + self.log_density(y))
        value = np.where(x == 0.0, 0.0 if k > 0 else value, value)
        return np.where((x < 0.0) & (k % 2 == 1), -value, value)

    def _locate(self, y: Floats) -> tuple[Any, Floats]:
        """Panel of each point, and where in [-1, 1] of it; the nearest one for points outside."""
        k = np.clip(np.searchsorted(self.edges, y, side="right") - 1, 0, self.edges.size - 2)
        start, end = self.edges[k], self.edges[k + 1]
        return k, np.clip(((y - start) - (end - y)) / (end - start), -1.0, 1.0)

    def _coordinate(self, x: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
        """The coordinate of points, and which lie in the interval; a wall belongs to it."""
        x = np.asarray(x, dtype=np.float64)
        (low, high), (first, last) = self.chart.interval, self.chart.growth
        outside = ((x < low) if first is None else (x <= low)) | ((x > high) if last is None else (x >= high))
        somewhere = float(self.chart.point(np.array(self.edges[0])))
        return self.chart.inverse(np.where(outside, somewhere, x)), ~outside  # NaN in, NaN out


def gibbs(slope: Map, chart: Chart, kinks: tuple[float, ...] = ()) -> Gibbs:
    """Return the law with d ln p/dy = slope(y), which must be integrable at both ends; `kinks`: where it is not smooth.

    InputError if the density has no maximum, or its slope is too rough.
    """
    found = panels(slope, chart, kinks)
    if not found:
        raise OverflowError("no panel holds its mass")
    edges = np.array([panel.start for panel in found] + [found[-1].end])
    half = 0.5 * np.diff(edges)
    # the integral of s from the start of each panel, then ln p and p at the nodes
    level = legendre.legint(np.stack([panel.slope for panel in found], axis=1), lbnd=-1) * half
    level[0] += np.array([panel.level for panel in found])
    level[0] -= float(legendre.legval(NODES, level).max())
    density = np.exp(_LEVEL_AT_NODES @ level)
    part = legendre.legint(TO_LEGENDRE @ density, lbnd=-1) * half
    ends = np.array([float(legendre.legval(-1.0, level[:, 0])), float(legendre.legval(1.0, level[:, -1]))])
    rates, outside = _beyond(slope, chart, edges, np.exp(ends))
    masses = part.sum(axis=0)
    total = math.fsum([*masses, *outside])
    if not 0.0 < total < math.inf:
        raise OverflowError(f"its mass is {total!r}")
    level[0] -= math.log(total)
    below = np.cumsum(np.concatenate([[outside[0]], masses])) / total
    above = np.cumsum(np.concatenate([[outside[1]], masses[::-1]]))[::-1] / total
    return Gibbs(chart, edges, level, part / total, below, above, rates, tail_exponents(slope, chart))


def _beyond(slope: Map, chart: Chart, edges: Floats, ends: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    """Rates of decay beyond the panels, and the masses there, for a maximum of 1."""
    outwards = slope(edges[[0, -1]]) * np.array([1.0, -1.0])
    walls = [growth is None for growth in chart.growth]
    rates = [0.0 if wall else min(float(rate), 1e300) for wall, rate in zip(walls, outwards, strict=True)]
    masses = [0.0 if wall else float(end) / rate for wall, end, rate in zip(walls, ends, rates, strict=True)]
    return (rates[0], rates[1]), (masses[0], masses[1])


def tail_exponents(slope: Map, chart: Chart) -> tuple[float, float]:
    """Exponents mu of P(beyond x) ~ abs(x)^(-mu) at -oo and +oo; inf for a lighter tail and for a finite end."""
    s = slope(np.array([chart.low, 0.9 * chart.low, 0.9 * chart.high, chart.high]))
    pairs = ((s[0], s[1]), (-s[3], -s[2]))
    powers = [abs(far - near) <= 1e-6 * abs(far) if math.isfinite(far) else False for far, near in pairs]
    growths = chart.growth
    exponents = [
        float(pair[0]) if growth == 1.0 and power else math.inf
        for pair, power, growth in zip(pairs, powers, growths, strict=True)
    ]
    return exponents[0], exponents[1]
