"""Moments of a law on an interval, M_k = int_(low, high) (x - c)^k dF(x), k = 0, ..., K: where moment equations start.

Closed forms for points, normal and uniform laws and all that is made of them. A normal law N(m, v) on (l, h) obeys

    M_k = m M_(k-1) + (k - 1) v M_(k-2) - v (h^(k-1) phi(h) - l^(k-1) phi(l)),    phi its density.

A family of closed form gives its own moments on the whole line; any other density goes through Gauss quadrature between
the law's breakpoints, and is refused where those do not hold its mass or its tails.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Clipped, Dirac, Empirical, Histogram, KernelEstimate, Law, Mixture, Normal, Uniform
from particles.model.families import Family

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_LOST = 1e-9
"""Largest share of a moment that may lie beyond the outermost breakpoints, or mass that the density may miss."""


def raw_moments(law: Law, order: int, low: float = -math.inf, high: float = math.inf, *, about: float = 0.0) -> Floats:
    """Return the moments of order 0 to `order` of a law on the open interval (low, high).

    Parameters
    ----------
    law : Law
    order : int >= 0
        Largest order K.
    low, high : float, default the whole line
    about : float, default 0
        Point c; at the law's mean nothing cancels in a variance.

    Returns
    -------
    ndarray, shape (K + 1,)

    Raises
    ------
    InputError
        If a moment is infinite, or the law is no closed form and quadrature does not hold its mass or its tails.
    """
    found = _moments(law, order, low, high, about)
    if not np.all(np.isfinite(found)):
        raise InputError(f"moment of order {int(np.argmin(np.isfinite(found)))} of {law!r:.200} is infinite")
    return found


def _moments(law: Law, order: int, low: float, high: float, c: float) -> Floats:
    whole = (low, high) == (-math.inf, math.inf)
    match law:
        case Dirac(point):
            return _points(np.array([point]), np.ones(1), order, low, high, c)
        case Empirical():
            return _points(law.data, np.full(law.data.size, 1.0 / law.data.size), order, low, high, c)
        case Normal(m, v):
            return _normal(np.array(m), v, order, low, high, c)
        case KernelEstimate():
            values, counts = np.unique(law.data, return_counts=True)
            return _normal(values, law.bandwidth**2, order, low, high, c) @ (counts / law.data.size)
        case Uniform(left, right):
            return _bins(np.array([left, right]), np.ones(1), order, low, high, c)
        case Histogram():
            return _bins(law.edges, law.masses, order, low, high, c)
        case Mixture():
            parts = np.array([_moments(component, order, low, high, c) for component in law.components])
            return np.asarray((np.array(law.weights)[:, None] * parts).sum(axis=0))
        case Clipped():
            below, between = float(law.law.cdf(law.low)), _moments(law.law, 0, law.low, law.high, c)[0]
            walls, masses = np.array([law.low, law.high]), np.array([below, 1.0 - below - between])
            inside = _moments(law.law, order, max(low, law.low), min(high, law.high), c)
            return inside + _points(walls, masses, order, low, high, c)
        case Family() if whole and c == 0.0:
            return np.array([law.moment(k) for k in range(order + 1)])
        case Family() if whole and order <= 2:
            off = law.mean - c
            return np.array([1.0, off, law.variance + off * off])[: order + 1]
        case _:
            return _quadrature(law, order, low, high, c)


def _powers(x: ArrayLike, order: int) -> Floats:
    return np.vander(np.atleast_1d(np.asarray(x, dtype=np.float64)), order + 1, increasing=True)


def _points(x: Floats, masses: Floats, order: int, low: float, high: float, c: float) -> Floats:
    here = (x > low) & (x < high)
    return np.asarray((masses[here, None] * _powers(x[here] - c, order)).sum(axis=0))


def _bins(edges: Floats, masses: Floats, order: int, low: float, high: float, c: float) -> Floats:
    """Constant density in each bin: exact for Gauss' rule with order // 2 + 1 nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(order // 2 + 1)
    left, right = np.clip(edges[:-1], low, high), np.clip(edges[1:], low, high)
    half = 0.5 * (right - left)
    x = 0.5 * (right + left) - c + half * nodes[:, None]
    shares = masses / np.diff(edges) * half * weights[:, None]
    return np.asarray((shares.reshape(-1, 1) * _powers(x.reshape(-1), order)).sum(axis=0))


def _normal(m: Floats, v: float, order: int, low: float, high: float, c: float) -> Floats:
    """Moments of N(m, v) for each m, shape (K + 1, *shape of m)."""
    from scipy.special import ndtr

    s, off = math.sqrt(v), m - c
    ends = [(sign, x - c, Normal(0.0, v).pdf(x - m)) for sign, x in ((1.0, high), (-1.0, low)) if math.isfinite(x)]
    below, above = (low - m) / s, (high - m) / s
    mass = np.where(below < -above, ndtr(above) - ndtr(below), ndtr(-below) - ndtr(-above))
    moments = [mass]
    for k in range(1, order + 1):
        value = off * moments[k - 1] - v * sum(sign * x ** (k - 1) * density for sign, x, density in ends)
        moments.append(value + ((k - 1) * v * moments[k - 2] if k > 1 else 0.0))
    return np.array(moments)


def _quadrature(law: Law, order: int, low: float, high: float, c: float) -> Floats:
    edges = law.breakpoints()
    edges = np.unique(np.clip(np.concatenate([edges, [low, high]]), edges[0], edges[-1]))
    edges = edges[(edges >= low) & (edges <= high)]
    half = 0.5 * np.diff(edges)
    x = 0.5 * (edges[1:] + edges[:-1]) + half * _NODES[:, None]
    shares = _WEIGHTS[:, None] * half * law.pdf(x)
    moments = np.asarray((shares.reshape(-1, 1) * _powers(x.reshape(-1) - c, order)).sum(axis=0))
    mass = float(law.cdf(high)) - float(law.cdf(low))
    if abs(moments[0] - mass) > _LOST:
        raise InputError(f"the density of {law!r:.200} holds {moments[0]:.9g} of a mass {mass:.9g}: no moments by it")
    sizes = (shares.reshape(-1, 1) * _powers(np.abs(x - c).reshape(-1), order)).sum(axis=0)
    ends = np.array([end for end, bound in ((edges[0], low), (edges[-1], high)) if end != bound])
    if ends.size and np.any(1e-16 * np.abs(ends - c).max() ** np.arange(order + 1) > _LOST * sizes):
        raise InputError(f"the tails of {law!r:.200} are too heavy for a moment of order {order} by quadrature")
    return moments
