"""Panels of a coordinate y on which s = d ln p/dy is a polynomial: marched outwards from the highest maximum of p.

Each panel is short enough for a polynomial of degree 15 in Legendre's basis to hold s to rounding, and for ln p to
change by at most 3. The march ends where p is below e^(-700) of its maximum, or with the coordinate.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre

from kinetic.steady.chart import Chart, Map, scan
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.base.roots import bisect

DEGREE = 15
NODES, WEIGHTS = gauss(DEGREE + 1)
TO_LEGENDRE = (np.arange(DEGREE + 1) + 0.5)[:, None] * (legendre.legvander(NODES, DEGREE) * WEIGHTS[:, None]).T
"""Coefficients from values at the nodes."""

_DEPTH = 700.0
_CHANGE = 3.0
_MOST = 20_000
_SMALLEST = 1e-8


class Panel(NamedTuple):
    """One panel [start, end]: ln p at its start, and Legendre coefficients of s."""

    start: float
    end: float
    level: float
    slope: Floats


def panels(slope: Map, chart: Chart, kinks: tuple[float, ...]) -> list[Panel]:
    """Return adjacent panels in increasing order, for s = slope(y) that is integrable at both ends.

    `kinks` are points of the coordinate at which s is not smooth; others are found, at some cost. InputError if p has
    no maximum, or s is too rough.
    """
    maxima, minima = critical_points(slope, chart, kinks)
    if maxima.size == 0:
        raise InputError(f"the density on {chart.interval} has no maximum: its log-density must fall at both ends")
    noise = chart.rounding
    start = _highest(slope, noise, maxima)
    marks = np.sort(np.concatenate([maxima, minima, [kink for kink in kinks if chart.low < kink < chart.high]]))
    right = _march(slope, noise, start, chart.high, float(maxima[-1]), marks[marks > start])
    left = _march(
        lambda z: -slope(-z), lambda z: noise(-z), -start, -chart.low, -float(maxima[0]), -marks[marks < start]
    )
    return [_reversed(panel) for panel in reversed(left)] + right


def critical_points(slope: Map, chart: Chart, kinks: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return maxima and minima of p in the coordinate; a wall where p falls inwards is a maximum."""
    y = scan(chart, kinks)
    s = slope(y)
    down, up = (s[:-1] > 0.0) & (s[1:] <= 0.0), (s[:-1] < 0.0) & (s[1:] >= 0.0)
    maxima = bisect(lambda at: slope(at) > 0.0, y[:-1][down], y[1:][down])
    minima = bisect(lambda at: slope(at) < 0.0, y[:-1][up], y[1:][up])
    walls = [growth is None for growth in chart.growth]
    ends = [end for end, top in ((chart.low, walls[0] and s[0] <= 0.0), (chart.high, walls[1] and s[-1] > 0.0)) if top]
    return np.sort(np.append(maxima, ends)), minima


def _march(
    slope: Map, noise: Map, start: float, end: float, last: float, marks: Floats, depth: float = _DEPTH
) -> list[Panel]:
    """Panels from `start`, the highest maximum, upwards; each mark on the way is an edge.

    They go past the `last` maximum, until p is below e^(-depth) of its value at the start. Where it is so in between,
    they hold s, but not p.
    """
    done: list[Panel] = []
    at, level, width = start, 0.0, _SMALLEST
    while at < end and not (at >= last and level < -depth):
        ahead = float(marks[marks > at].min(initial=math.inf))
        # panels grow from each mark and shrink towards it: what is narrow there does not slip between the nodes
        room = ahead - at
        step = min(width, 0.5 * room if room > 2.0 * _SMALLEST * (1.0 + abs(at)) else room)
        to = ahead if step == room else min(at + step, end)
        half = 0.5 * (to - at)
        nodes = at + half * (1.0 + NODES)
        s = slope(nodes)
        coefficients = TO_LEGENDRE @ s if np.isfinite(s).all() else np.full(DEGREE + 1, math.inf)
        change = 2.0 * half * float(coefficients[0])
        rest = half * float(np.abs(coefficients[-2:]).sum())
        smooth = rest <= 1e-14 or (math.isfinite(rest) and rest <= 16.0 * half * _wiggle(slope, noise, nodes, s))
        short = abs(change) <= _CHANGE or max(level, level + change) < -depth
        if not (smooth and short) and half > 1e-11 * (1.0 + abs(at)):
            width = half
            continue
        if not math.isfinite(change):
            break  # the law ends here
        done.append(Panel(at, to, level, coefficients))
        if len(done) > _MOST:
            raise InputError(f"the drift or K is too rough to be integrated: {_MOST} panels do not suffice")
        at, level, width = to, level + change, 4.0 * half
    return done


def _wiggle(slope: Map, noise: Map, nodes: Floats, s: Floats) -> float:
    """Rounding of the slope: how it changes within the rounding of its argument."""
    change = np.abs(slope(nodes + 3.7 * noise(nodes)) - s)  # by no whole number of last places of x
    return float(change[np.isfinite(change)].max(initial=0.0))


def _highest(slope: Map, noise: Map, maxima: Floats) -> float:
    """The maximum at which p is largest."""
    first, last = float(maxima[0]), float(maxima[-1])
    if first == last:
        return first
    way = _march(slope, noise, first, last, last, maxima, -math.inf)
    levels = {panel.start: panel.level for panel in way}
    levels[last] = way[-1].level + (way[-1].end - way[-1].start) * float(way[-1].slope[0])
    return max((float(at) for at in maxima), key=lambda at: levels[at])


def _reversed(panel: Panel) -> Panel:
    """The same panel in the coordinate -y, where s is -s(-y)."""
    signs = -((-1.0) ** np.arange(DEGREE + 1))
    change = (panel.end - panel.start) * panel.slope[0]
    return Panel(-panel.end, -panel.start, panel.level + float(change), signs * panel.slope)
