"""Panels on which a Gauss rule integrates a distribution function F, at every scale at which F moves.

F increases, so that nothing hides between its values: what a rule can miss on a panel [a, b] is at most
(b - a)(F(b) - F(a)). A panel is halved until the mean of F by Lobatto's rule, which looks at both ends, agrees with
that by 8 Gauss nodes on each half, to 1e-10 of F(b) - F(a) and to the rounding of F and of x; the rule of 9 nodes is
exact for the degree 15, as 8 Gauss nodes are. All is relative: no unit of length enters.

A cdf may be rounded worse than to the last bit (a way back through a flow that expands). Then the two means differ by
as much on panels 16 times as short, and by next to nothing beside F(b) - F(a): such panels are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import legendre

from particles.base.arrays import Floats
from particles.base.quadrature import gauss

_GAUSS, _GAUSS_WEIGHTS = gauss(8)
_P8 = legendre.Legendre.basis(8)
_LOBATTO = np.concatenate([[-1.0], _P8.deriv().roots().real, [1.0]])  # numpy 2.5 makes all roots complex
_LOBATTO_WEIGHTS = 2.0 / (72.0 * _P8(_LOBATTO) ** 2)
_TOLERANCE, _ROUNDING = 1e-10, 2e-15
_HALVINGS = 60
_MOST = 1024  # panels halved in one round, those first that weigh most


def follow(cdf: Callable[[Floats], Floats], points: Floats) -> Floats:
    """Increasing finite points: those given, in any order, and as many between them as F needs, right-continuous."""
    points = np.unique(points[np.isfinite(points)])
    found, left, right, before = [points], points[:-1], points[1:], np.full(max(points.size - 1, 0), np.inf)
    for halvings in range(_HALVINGS):
        middle = left + 0.5 * (right - left)
        inside = (left < middle) & (middle < right)
        left, middle, right, before = left[inside], middle[inside], right[inside], before[inside]
        if not left.size:
            break
        miss, rise, allowed = _look(cdf, left, middle, right)
        rough = miss > allowed
        if halvings % 4 == 0:
            rough &= (miss < 0.5 * before) | (miss > 1e-4 * rise)
            before = miss
        chosen = np.flatnonzero(rough)
        chosen = chosen[np.argsort(-(miss * (right - left))[chosen], kind="stable")][:_MOST]
        found.append(middle[chosen])
        ends = left[chosen], middle[chosen], right[chosen]
        left, right = np.concatenate(ends[:2]), np.concatenate(ends[1:])
        before = np.tile(before[chosen], 2)
    return np.unique(np.concatenate(found))


def _look(
    cdf: Callable[[Floats], Floats], left: Floats, middle: Floats, right: Floats
) -> tuple[Floats, Floats, Floats]:
    """By how much the two means differ on each panel, F(b) - F(a), and by how much they may."""
    x = left + 0.5 * (right - left) * (1.0 + _LOBATTO[:, None])
    x[-1] = np.nextafter(right, left)  # at an edge F may jump
    values = cdf(x)
    halves = 0.5 * (_mean(cdf, left, middle) + _mean(cdf, middle, right))
    rise = values[-1] - values[0]
    ulps = np.spacing(np.maximum(np.abs(left), np.abs(right))) / (right - left)
    allowed = (_TOLERANCE + 4.0 * ulps) * rise + _ROUNDING * values[-1]
    return np.abs(0.5 * (_LOBATTO_WEIGHTS @ values) - halves), rise, allowed


def _mean(cdf: Callable[[Floats], Floats], left: Floats, right: Floats) -> Floats:
    return np.asarray(0.5 * (_GAUSS_WEIGHTS @ cdf(left + 0.5 * (right - left) * (1.0 + _GAUSS[:, None]))))
