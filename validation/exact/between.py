"""W1 and the Kolmogorov distance between two laws on the line, int abs(F_a - F_b) dx and sup abs(F_a - F_b).

Gauss rules on the panels between the breakpoints of both; where the difference changes its sign inside a panel, the
root is found by bisection and the panel cut there. Jumps of F must be breakpoints.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from particles.base.arrays import Floats
from particles.base.quadrature import gauss, panel_points
from particles.base.roots import bisect
from particles.model import Law

_INSIDE = np.concatenate([[-1.0 + 1e-12], gauss(16)[0], [1.0 - 1e-12]])  # at a panel's end F may jump
_ROUNDING = 1e-15


def w1_between(a: Law, b: Law) -> float:
    """W1 between two laws: exact up to the laws' own digits and 1e-10, relatively, where they are smooth in between.

    Both have a finite mean, and their `breakpoints` hold every jump of F and of the density.
    """
    edges = np.union1d(a.breakpoints(), b.breakpoints())
    if edges.size < 2:
        return 0.0

    def difference(x: Floats) -> Floats:
        return a.cdf(x) - b.cdf(x)

    edges = np.union1d(edges, _roots(difference, edges))
    x, weights, half = panel_points(edges)
    return float(np.abs((weights * difference(x) * half).sum(axis=0)).sum())


def kolmogorov_between(a: Law, b: Law) -> float:
    """Largest abs(F_a - F_b) at 18 points of each panel between the breakpoints of both: from below, to about 1 %."""
    edges = np.union1d(a.breakpoints(), b.breakpoints())
    x = 0.5 * (edges[1:] + edges[:-1]) + 0.5 * np.diff(edges) * _INSIDE[:, None]
    return float(np.abs(a.cdf(x) - b.cdf(x)).max(initial=0.0))


def _roots(difference: Callable[[Floats], Floats], edges: Floats) -> Floats:
    """Where the difference changes its sign between two samples of a panel, rounding apart."""
    x = 0.5 * (edges[1:] + edges[:-1]) + 0.5 * np.diff(edges) * _INSIDE[:, None]
    value = difference(x)
    changes = (value[1:] * value[:-1] < 0.0) & (np.abs(value[1:] - value[:-1]) > _ROUNDING)
    falling = value[:-1][changes] > 0.0
    return bisect(lambda at: (difference(at) > 0.0) == falling, x[:-1][changes], x[1:][changes])
