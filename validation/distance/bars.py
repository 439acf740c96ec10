"""Bars of a histogram against a density, a law or a second cloud, and how far chance lets them differ.

With p_k the mass of a bar of width h_k, and n_k of M independent draws in it, n_k is binomial, and of the bars

    n_k/(M h_k) - p_k/h_k

95 % lie between the quantiles of Bin(M, p_k), each by itself. Of two clouds of one law with n_k + m_k = K points in a
bar, n_k is hypergeometric: K of M + N drawn, M of them of the first; what the law is does not matter (Fisher's test).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.model import Law, Measure

MANY, FEW = 80, 10  # bars
TAILS = (0.025, 0.975)


@dataclass(frozen=True, eq=False)
class Residual:
    """Difference of two measures over bars, in units of density, and its 95 % band where there is chance.

    Parameters
    ----------
    edges : ndarray, shape (n + 1,)
    values : ndarray, shape (n,)
    band : (ndarray, ndarray), optional
        Ends of the band of each bar, for independent draws.
    """

    edges: Floats
    values: Floats
    band: tuple[Floats, Floats] | None


_NARROWEST = 1e-11
"""Share of the points' size below which edges between them round to each other."""


def count_of(measure: Any) -> int | None:
    """Points M of a cloud of equal masses; None for a density, a law or atoms of other masses."""
    if not isinstance(measure, Measure) or measure.has_density or not measure.masses.size:
        return None
    return int(measure.masses.size) if measure.masses.min() == measure.masses.max() else None


def edges_between(low: float, high: float, count: int | None) -> Floats:
    """Edges of equal bars between two ends, as many as suit a cloud of so many points; `MANY` without one.

    Ends that hold no bars between them, those of points at one place, are moved apart.
    """
    size = max(abs(low), abs(high))
    if not high - low > _NARROWEST * size:
        low, high = low - 0.5 * (size or 1.0), high + 0.5 * (size or 1.0)
    bars = MANY if count is None else min(MANY, max(FEW, int(np.sqrt(count))))
    return np.linspace(low, high, bars + 1)


def bar_masses(measure: Measure | Law, edges: Floats, without: Floats) -> Floats:
    """Mass between edges, the last one left out, but for the points `without`; shape (n,).

    Of a cloud exactly the number of its points over all of them.
    """
    if isinstance(measure, Law):
        below = np.append(measure.cdf(edges[:-1]), measure.cdf(np.nextafter(edges[-1:], -np.inf)))
        points, masses = measure.atoms()
        some = np.isin(points, without) & (points > edges[0]) & (points < edges[-1])
        held = np.bincount(np.searchsorted(edges, points[some]) - 1, masses[some], edges.size - 1)
        return np.asarray(np.diff(below) - held)
    free = ~np.isin(measure.points[0], without)
    count = count_of(measure)
    weights = None if count is not None else measure.masses[free]
    masses = np.histogram(measure.points[0, free], edges, weights=weights)[0] / (count or 1)
    return np.asarray(masses + np.diff(measure.density_cdf(edges)))


def residual(one: Measure, other: Measure | Law, edges: Floats, without: Floats | None = None) -> Residual:
    """Return one measure less another on the line, over bars; `without` are points that count in neither.

    Parameters
    ----------
    one, other : Measure, Measure or Law
    edges : ndarray, shape (n + 1,), increasing
    without : ndarray, shape (k,), default none
        Points that hold mass of their own, such as walls.
    """
    apart = np.empty(0) if without is None else without
    widths = np.diff(edges)
    p, q = bar_masses(one, edges, apart), bar_masses(other, edges, apart)
    band = None
    counts = count_of(one), count_of(other)
    if counts[0] is not None and counts[1] is not None:
        band = _of_two(p, q, counts[0], counts[1])
    elif counts[0] is not None:
        band = _of_one(q, counts[0])
    elif counts[1] is not None:
        low, high = _of_one(p, counts[1])
        band = -high, -low
    return Residual(edges, (p - q) / widths, None if band is None else (band[0] / widths, band[1] / widths))


def _of_one(p: Floats, count: int) -> tuple[Floats, Floats]:
    from scipy.stats import binom

    p = np.clip(p, 0.0, 1.0)
    low, high = (binom.ppf(level, count, p) / count - p for level in TAILS)
    return np.asarray(low), np.asarray(high)


def _of_two(p: Floats, q: Floats, first: int, second: int) -> tuple[Floats, Floats]:
    from scipy.stats import hypergeom

    both = np.rint(p * first + q * second)
    ends = []
    for level in TAILS:
        mine = hypergeom.ppf(level, first + second, both, first)
        ends.append(np.asarray(mine / first - (both - mine) / second))
    return ends[0], ends[1]
