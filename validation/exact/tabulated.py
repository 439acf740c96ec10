"""Laws given by a table of F and of 1 - F on a uniform grid of a chart: x = y on the line, x = e^y on the half line.

Between the grid's points both are interpolated with degree 7; F counts where it is below one half, 1 - F elsewhere, so
that both tails keep their relative digits. The mass outside the table counts as none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from particles.base.arrays import Floats
from particles.base.quadrature import gauss
from particles.model import Law
from validation.exact.interpolation import UniformGrid

_STEPS = 60  # of Newton's method at most; where the density vanishes they are halvings
_PANELS = 1000  # of `breakpoints`, at most


@dataclass(frozen=True)
class Chart:
    """A coordinate y of the line or of the half line x > 0.

    `to` takes x to y, to -inf below the chart, `back` y to x; `slope` and `bend` are dx/dy and d2x/dy2 at y.
    """

    name: str
    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    bend: Callable[[Floats], Floats]


def _log(x: Floats) -> Floats:
    return np.log(np.maximum(x, np.finfo(np.float64).tiny))


LINE = Chart("x", np.asarray, np.asarray, np.ones_like, np.zeros_like)
HALF_LINE = Chart("ln x", _log, np.exp, np.exp, np.exp)


@dataclass(frozen=True, eq=False)
class TabulatedLaw(Law):
    """A smooth law from a table.

    Parameters
    ----------
    chart : Chart
    grid : UniformGrid
        In y; the table must reach down to where F and 1 - F are negligible.
    below, above : ndarray, shape (size,)
        F and 1 - F at the grid's points.
    accuracy : float, default nan
        An estimate of W1 to the law that is meant, in units of x: its distance to the same law at half the resolution.
    """

    chart: Chart
    grid: UniformGrid
    below: Floats
    above: Floats
    accuracy: float = float("nan")

    @cached_property
    def _middle(self) -> float:
        """Point of the grid near the median: below it F counts, from it on 1 - F."""
        return float(self.grid.points[np.searchsorted(self.below, 0.5)])

    @cached_property
    def _tables(self) -> tuple[Floats, Floats]:
        return np.append(self.below, [0.0, 1.0]), np.append(self.above, [1.0, 0.0])

    def _smaller(self, y: Floats, *, slopes: bool = False) -> tuple[NDArray[np.bool_], Floats]:
        """Where 1 - F counts, and 1 - F there and F elsewhere (or their d/dy), at points of the chart."""
        above, out = y >= self._middle, np.empty(y.shape)
        for here, table in zip((~above, above), self._tables, strict=True):
            out[here] = self.grid.interpolate(table, y[here], slopes=slopes)
        return above, out

    def _probability(self, x: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
        above, value = self._smaller(self.chart.to(np.asarray(x, dtype=np.float64)))
        return above, np.clip(value, 0.0, 1.0)

    def cdf(self, x: ArrayLike) -> Floats:
        above, value = self._probability(x)
        return np.where(above, 1.0 - value, value)

    def sf(self, x: ArrayLike) -> Floats:
        """P(X > x), with its relative digits where it is small."""
        above, value = self._probability(x)
        return np.where(above, value, 1.0 - value)

    def pdf(self, x: ArrayLike) -> Floats:
        y = self.chart.to(np.asarray(x, dtype=np.float64))
        above, rising = self._smaller(y, slopes=True)
        return np.asarray(np.maximum(np.where(above, -rising, rising) / self.chart.slope(y), 0.0))

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        levels = np.maximum.accumulate(np.where(self.below < 0.5, self.below, 1.0 - self.above))
        after = np.searchsorted(levels, p)
        low, high = (np.asarray(self.grid.origin + self.grid.step * (after + k), np.float64) for k in (-2.0, 1.0))
        low, high = self.chart.back(low).ravel(), self.chart.back(high).ravel()
        found, level, open_ = 0.5 * (low + high), p.ravel(), np.arange(p.size)
        for _ in range(_STEPS):  # Newton's method, kept in the bracket
            x = found[open_]
            miss = self.cdf(x) - level[open_]
            low[open_], high[open_] = np.where(miss < 0.0, x, low[open_]), np.where(miss < 0.0, high[open_], x)
            with np.errstate(divide="ignore", invalid="ignore"):
                new = x - miss / self.pdf(x)
            inside = (low[open_] <= new) & (new <= high[open_])
            found[open_] = np.where(inside, new, 0.5 * (low[open_] + high[open_]))
            # the error after a Newton step is the square of the step
            open_ = open_[np.abs(found[open_] - x) > 1e-9 * np.abs(x)]
            if not open_.size:
                break
        return found.reshape(p.shape)

    def breakpoints(self) -> Floats:
        points = self.chart.back(self.grid.points)
        return np.unique(np.append(points[:: -(-points.size // _PANELS)], points[-1]))

    @cached_property
    def _moments(self) -> tuple[float, float]:
        """Mean and variance about c = y_m near the median: E X = c + int_c (1 - F) dx - int^c F dx."""
        centre = float(self.chart.back(np.array(self._middle)))
        half, (nodes, weights) = 0.5 * self.grid.step, gauss(8)
        inner = (self.grid.points[:-1] + half) + half * nodes[:, None]
        x = self.chart.back(inner)
        above, value = self._probability(x)
        tail = np.where(above, value, -value) * self.chart.slope(inner) * half * weights[:, None]
        first = float(tail.sum())
        return centre + first, 2.0 * float(((x - centre) * tail).sum()) - first * first

    @property
    def mean(self) -> float:
        return self._moments[0]

    @property
    def variance(self) -> float:
        return self._moments[1]
