"""Roots in brackets, elementwise; quantiles from F by bisection, and by Newton's method for ln F."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats

Map = Callable[[Floats], Floats]


def bisect(below: Callable[[Floats], NDArray[np.bool_]], low: Floats, high: Floats, rounds: int = 80) -> Floats:
    """Ends of the stretches [low, ...) on which `below` holds, to the last bits, elementwise."""
    for _ in range(rounds):
        middle = 0.5 * (low + high)
        if np.all((middle <= low) | (middle >= high)):
            break
        first = below(middle)
        low, high = np.where(first, middle, low), np.where(first, high, middle)
    return high


def quantile_by_bisection(cdf: Map, p: Floats, low: Floats, high: Floats) -> Floats:
    """Smallest x in [low, high] with cdf(x) >= p, elementwise, to the last bits."""
    low, high = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
    high = np.where(cdf(low) >= p, low, high)  # as for the lowest atom: no number between it and the next is smaller
    return bisect(lambda x: cdf(x) < p, low, high, rounds=200)


def quantile_by_newton(cdf: Map, pdf: Map, p: Floats, low: Floats, high: Floats) -> Floats:
    """Smallest x in [low, high] with cdf(x) >= p, elementwise, to a few last bits: Newton's method for ln F.

    A step that leaves the bracket becomes a bisection; a level is done where F meets it, or a bracket or step ends, at
    two units in the last place (256 in a tail, where F rounds as much): what is left is the rounding of F.
    """
    shape, p = p.shape, p.reshape(-1)
    low, high = (np.array(np.broadcast_to(end, shape), dtype=np.float64).reshape(-1) for end in (low, high))
    x, todo = 0.5 * (low + high), np.arange(p.size)
    for _ in range(200):
        at, level = x[todo], p[todo]
        f = cdf(at)
        low[todo], high[todo] = np.where(f < level, at, low[todo]), np.where(f < level, high[todo], at)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new = at - f * np.log(f / level) / pdf(at)
        inside = (new >= low[todo]) & (new <= high[todo])
        x[todo] = np.where(inside, new, 0.5 * (low[todo] + high[todo]))
        small = 2.0 * np.spacing(np.maximum(np.abs(low[todo]), np.abs(high[todo])))
        met = np.abs(f - level) <= np.where(level < 1e-3, 256.0, 2.0) * np.spacing(level)
        todo = todo[~met & (np.abs(x[todo] - at) > small) & (high[todo] - low[todo] > small)]
        if not todo.size:
            break
    return x.reshape(shape)
