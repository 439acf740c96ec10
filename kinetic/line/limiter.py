"""The positivity limiter of Zhang and Shu (2010): a parabola that dips below zero is drawn towards its average.

    P~(s) = u_j + theta (P(s) - u_j),   theta = min(1, u_j/(u_j - min P)),   min over s = -1/2, 0, 1/2

Those are the nodes of the 3-point Gauss-Lobatto rule with weights 1/6, 4/6, 1/6, which is exact for a parabola. An
Euler step of upwinding is then a sum of non-negative values, those at the edges with the weights 1/6 - dt abs(s)/h,
hence dt <= h/(6 abs(s)); the stages are convex combinations of Euler steps. So cell averages stay non-negative to
rounding where a linear flux acts alone, with the speeds that the step was chosen for. The average is kept, and order 3.

Nothing is promised for diffusion: its stencil has negative weights, so that an empty cell two cells from a full one
goes below zero however short the step. A negative average is kept, since mass is, its cell becomes constant, and the
record says how low it went. Nor is anything for a source that takes from empty cells, or between the three nodes.
"""

from __future__ import annotations

import functools
from typing import Any

from particles.base.jit import Formula, formula
from particles.base.shims import fma

LONGEST = 1.0 / 6.0
"""Largest cfl number: the weight of an edge."""


@functools.cache
def limited(polynomial: Formula) -> Formula:
    """Formula like `polynomial`, (u_{j-1}, u_j, u_{j+1}, constants) -> (p0, p1, p2), with the parabola P~."""
    formula(polynomial)

    @formula
    def above_zero(before: float, u: float, after: float, constants: Any) -> tuple[float, float, float]:
        p0, p1, p2 = polynomial(before, u, after, constants)
        edge = fma(0.25, p2, p0) - 0.5 * abs(p1)
        lowest = edge if edge < p0 else p0
        share = u / (u - lowest)
        theta = 1.0 if lowest >= 0.0 else (share if u > 0.0 else 0.0)
        return fma(theta, p0 - u, u), theta * p1, theta * p2

    return above_zero
