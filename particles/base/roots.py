"""Roots in brackets, elementwise; quantiles from F by bisection, and by Newton's method for ln F."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats

Map = Callable[[Floats], Floats]

_SHARE = 1e-9  # of a bracket: how near `crossings` comes to the zero
_HALVINGS = 30  # that would do as well, and that `crossings` never exceeds by more than one


def bisect(below: Callable[[Floats], NDArray[np.bool_]], low: Floats, high: Floats, rounds: int = 80) -> Floats:
    """Ends of the stretches [low, ...) on which `below` holds, to the last bits, elementwise."""
    for _ in range(rounds):
        middle = 0.5 * (low + high)
        if np.all((middle <= low) | (middle >= high)):
            break
        first = below(middle)
        low, high = np.where(first, middle, low), np.where(first, high, middle)
    return high


def crossings(difference: Callable[[Floats, NDArray[np.intp]], Floats], low: Floats, high: Floats) -> Floats:
    """Zeros of a function in brackets at whose ends its signs differ, to 1e-9 of the bracket.

    By ITP (Oliveira and Takahashi, ACM Trans. Math. Softw. 47(1), 2021, with kappa_1 = 0.2, kappa_2 = 2 and n_0 = 1):
    the secant's zero, drawn towards the middle and never so far from it that halving would have been done before.

    `difference` takes points x and the indices of their brackets, both of shape (m,).
    """
    a, b, todo = np.zeros(low.shape), np.ones(low.shape), np.arange(low.size)  # the bracket in units of the first one
    at_a, at_b = difference(low, todo), difference(high, todo)
    for done in range(_HALVINGS + 1):
        todo = todo[b[todo] - a[todo] > 2.0 * _SHARE]
        if not todo.size:
            break
        (left, right), (f, g) = (a[todo], b[todo]), (at_a[todo], at_b[todo])
        width, middle = right - left, 0.5 * (left + right)
        secant = (g * left - f * right) / (g - f)
        inwards, gap = np.sign(middle - secant), np.abs(middle - secant)
        drawn = np.maximum(gap - 0.2 * width * width, 0.0)
        x = middle - inwards * np.minimum(drawn, _SHARE * 2.0 ** (_HALVINGS - done) - 0.5 * width)
        value = difference(low[todo] + x * (high[todo] - low[todo]), todo)
        on_left = np.sign(value) == np.sign(f)
        on_right = np.sign(value) == np.sign(g)
        a[todo], at_a[todo] = np.where(on_right, left, x), np.where(on_right, f, value)
        b[todo], at_b[todo] = np.where(on_left, right, x), np.where(on_left, g, value)
    return np.asarray(low + 0.5 * (a + b) * (high - low))


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
