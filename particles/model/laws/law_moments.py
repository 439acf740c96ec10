"""Moments of a law on an interval, M_k = int_(low, high) (x - c)^k dF(x), k = 0, ..., K: where moment equations start.

Closed forms for points, normal and uniform laws and all that is made of them. A normal law N(m, v) on (l, h) obeys

    M_k = m M_(k-1) + (k - 1) v M_(k-2) - v (h^(k-1) phi(h) - l^(k-1) phi(l)),    phi its density.

A law that knows its moments on the whole line states them (`Law.moment`); any other density goes through quadrature.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import gauss, panel_points
from particles.model.laws import tails

if TYPE_CHECKING:
    from particles.model.laws.law import Law

_LOST = 1e-9
"""Largest share of a moment that may lie beyond the outermost breakpoints, or mass that the density may miss."""
_FAR = 1e300
"""Breakpoints so far out may be all that is left of those of a law."""


@contextmanager
def beyond_is_infinite() -> Iterator[None]:
    """What is beyond the largest number, 1.8e308, is inf without a warning, and a difference of two such is NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        yield


def _powers(x: ArrayLike, order: int) -> Floats:
    return np.vander(np.atleast_1d(np.asarray(x, dtype=np.float64)), order + 1, increasing=True)


def of_points(x: Floats, masses: Floats, order: int, low: float, high: float, c: float) -> Floats:
    """Masses at points; those of order 0 to `order` about c, on the open interval (low, high), here and below."""
    here = (x > low) & (x < high)
    return np.asarray((masses[here, None] * _powers(x[here] - c, order)).sum(axis=0))


def of_bins(edges: Floats, masses: Floats, order: int, low: float, high: float, c: float) -> Floats:
    """Constant density in each bin: exact for Gauss' rule with order // 2 + 1 nodes."""
    nodes, weights = gauss(order // 2 + 1)
    left, right = np.clip(edges[:-1], low, high), np.clip(edges[1:], low, high)
    half = 0.5 * (right - left)
    x = 0.5 * (right + left) - c + half * nodes[:, None]
    shares = masses / np.diff(edges) * half * weights[:, None]
    return np.asarray((shares.reshape(-1, 1) * _powers(x.reshape(-1), order)).sum(axis=0))


def of_normals(m: Floats, v: float, order: int, low: float, high: float, c: float) -> Floats:
    """Moments of N(m, v) for each m, shape (K + 1, *shape of m)."""
    from scipy.special import ndtr

    from particles.model.laws.elementary import Normal

    s, off = math.sqrt(v), m - c
    ends = [(sign, x - c, Normal(0.0, v).pdf(x - m)) for sign, x in ((1.0, high), (-1.0, low)) if math.isfinite(x)]
    below, above = (low - m) / s, (high - m) / s
    mass = np.where(below < -above, ndtr(above) - ndtr(below), ndtr(-below) - ndtr(-above))
    moments = [mass]
    for k in range(1, order + 1):
        value = off * moments[k - 1] - v * sum(sign * x ** (k - 1) * density for sign, x, density in ends)
        moments.append(value + ((k - 1) * v * moments[k - 2] if k > 1 else 0.0))
    return np.array(moments)


def by_quadrature(law: Law, order: int, low: float, high: float, c: float) -> Floats:
    """By Gauss' rule on the law's breakpoints; refused where they do not hold its mass or its tails."""
    edges = law.breakpoints()
    _require_held(law, edges)
    edges = np.unique(np.clip(np.concatenate([edges, [low, high]]), edges[0], edges[-1]))
    edges = edges[(edges >= low) & (edges <= high)]
    if not edges.size:
        return np.zeros(order + 1)
    x, weights, half = panel_points(edges)
    shares = weights * half * law.pdf(x)
    moments = np.asarray((shares.reshape(-1, 1) * _powers(x.reshape(-1) - c, order)).sum(axis=0))
    mass = float(law.cdf(high)) - float(law.cdf(low))
    if not abs(moments[0] - mass) <= _LOST:
        raise InputError(f"the density of {law!r:.200} holds {moments[0]:.9g} of a mass {mass:.9g}: no moments by it")
    sizes = (shares.reshape(-1, 1) * _powers(np.abs(x - c).reshape(-1), order)).sum(axis=0)
    ends = np.array([end for end, bound in ((edges[0], low), (edges[-1], high)) if end != bound])
    if ends.size and np.any(1e-16 * np.abs(ends - c).max() ** np.arange(order + 1) > _LOST * sizes):
        raise InputError(f"the tails of {law!r:.200} are too heavy for a moment of order {order} by quadrature")
    return moments


def mean_and_variance(law: Law) -> tuple[float, float]:
    """Mean and variance from the cdf alone, by Gauss quadrature on the law's breakpoints.

    E X = c + int_c (1 - F) - int^c F and E (X - c)^2 = 2 int abs(x - c) (F or 1 - F) about the median c. A variance
    beyond the largest number is inf.
    """
    _require_held(law, law.breakpoints())
    centre = float(law.quantile(np.array(0.5)))
    edges = np.unique(np.concatenate([law.breakpoints(), [centre], law.far_points(tails.LEVELS)]))
    edges = edges[np.isfinite(edges)]
    x, weights, half = panel_points(edges)
    f = law.cdf(x)
    tail = np.where(x > centre, law.sf(x), -f)
    end = float(edges[-1])
    first = float((weights * tail * half).sum()) + law.power_tail(end)
    if law.tail <= 2.0:
        return (math.inf if law.tail <= 1.0 else centre + first), math.inf
    with beyond_is_infinite():
        second = 2.0 * float((weights * np.abs(x - centre) * np.abs(tail) * half).sum())
    if law.tail < math.inf:
        second += 2.0 * end * (law.tail - 1.0) / (law.tail - 2.0) * law.power_tail(end)
    return centre + first, math.inf if math.isinf(second) else second - first * first


def _require_held(law: Law, edges: Floats) -> None:
    """Refuse a law whose mass does not lie among finite numbers: InputError."""
    far = not edges.size or np.abs(edges[[0, -1]]).max() > _FAR
    if far and not np.isfinite(law.quantile(np.array([_LOST, 0.5, 1.0 - _LOST]))).all():
        raise InputError(f"{law!r:.200} reaches beyond the largest number, 1.8e308: no moments of it are numbers")
