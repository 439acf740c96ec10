"""Down to a minimum after the trainer: L-BFGS with bounds on the objective of all samples at once.

    d = -H g by the two loops over the last pairs s = x' - x, y = g' - g   (Nocedal and Wright, algorithm 7.4)

then a step t d, cut off at the bounds, that falls enough and flattens enough, f' <= f + c_1 g s and g' s >= c_2 g s,
found by bisection. A number at its bound whose derivative keeps it there takes no part. Every sum is rounded once, so
that the bytes are the same on any number of ranks and any CPU, as a library's dot products are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from particles.base.arrays import Floats
from particles.base.parallel import Ranks
from particles.base.sums import ordered_sum
from particles.networks.learner import Learner

_FREE = -1e300
_PAIRS = 20
_FALL, _FLAT = 1e-4, 0.9
_TRIALS = 40
"""Of a line search."""
_ROUNDING = 1e-13
"""Share of an objective below which a fall is none."""


class Polished(NamedTuple):
    """The numbers, the objective there, and how many iterations and evaluations it took."""

    theta: Floats
    objective: float
    iterations: int
    evaluations: int


class _Place(NamedTuple):
    theta: Floats
    value: float
    slope: Floats


def polish(learner: Learner, theta: Floats, iterations: int, ranks: Ranks, block: int) -> Polished:
    """Minimise mean loss and penalty of all samples from theta on, `block` samples at a time. Collective.

    Lower bounds are where the learner's projection takes numbers that are far too low. Ends after so many iterations,
    or where no step falls beyond rounding.
    """
    blocks, evaluations = -(-learner.count // block), 0
    own = range(blocks * ranks.rank // ranks.size, blocks * (ranks.rank + 1) // ranks.size)

    def look(numbers: Floats) -> _Place:
        nonlocal evaluations
        evaluations += 1
        rows = np.zeros((len(own), numbers.size + 1))
        with np.errstate(all="ignore"):
            for row, number in zip(rows, own, strict=True):
                part = np.arange(number * block, min((number + 1) * block, learner.count))
                row[-1], _, row[:-1] = learner.gradient(numbers, part)
            total = ordered_sum(rows, ranks) / learner.count
            value, slope = learner.penalty(numbers)
        return _Place(numbers, float(total[-1]) + value, total[:-1] + slope)

    low = learner.project(np.full(theta.size, _FREE))
    here, pairs, done = look(theta), list[tuple[Floats, Floats, float]](), 0
    while done < iterations:
        held = (here.theta <= low) & (here.slope > 0.0)
        slope = np.where(held, 0.0, here.slope)
        direction = np.where(held, 0.0, -_two_loops(slope, pairs))
        if not _dot(direction, slope) < 0.0:
            pairs, direction = [], -slope
        first = 1.0 if pairs else 1.0 / max(1.0, math.sqrt(_dot(slope, slope)))
        there = _search(here, direction, first, lambda x: look(np.maximum(x, low)))
        if there is None:
            if not pairs:
                break
            pairs = []  # once more, straight down
            continue
        step, change = there.theta - here.theta, np.where(held, 0.0, there.slope - here.slope)
        curvature = _dot(step, change)
        if curvature > 1e-10 * math.sqrt(_dot(step, step) * _dot(change, change)):
            pairs = [*pairs[1 - _PAIRS :], (step, change, curvature)]
        fell, here, done = here.value - there.value, there, done + 1
        if fell <= _ROUNDING * abs(here.value):
            break
    return Polished(here.theta, here.value, done, evaluations)


def _dot(a: Floats, b: Floats) -> float:
    return math.fsum((a * b).tolist())


def _two_loops(slope: Floats, pairs: list[tuple[Floats, Floats, float]]) -> Floats:
    """H g, from the newest pair back and forth again."""
    found, shares = slope.copy(), []
    for step, change, curvature in reversed(pairs):
        shares.append(_dot(step, found) / curvature)
        found = found - shares[-1] * change
    if pairs:
        found = found * (pairs[-1][2] / _dot(pairs[-1][1], pairs[-1][1]))
    for (step, change, curvature), share in zip(pairs, reversed(shares), strict=True):
        found = found + (share - _dot(change, found) / curvature) * step
    return found


def _search(here: _Place, direction: Floats, first: float, look: Callable[[Floats], _Place]) -> _Place | None:
    """A place along a direction that is low and flat enough; the lowest of those tried, None where none is lower."""
    low, high, t = 0.0, math.inf, first
    best: _Place | None = None
    for _ in range(_TRIALS):
        there = look(here.theta + t * direction)
        forecast = _dot(here.slope, there.theta - here.theta)
        finite = math.isfinite(there.value) and bool(np.isfinite(there.slope).all())
        if not finite or there.value > here.value + _FALL * forecast:
            high = t
        else:
            best = there if best is None or there.value < best.value else best
            if _dot(there.slope, there.theta - here.theta) >= _FLAT * forecast:
                return there
            low = t
        t = 0.5 * (low + high) if math.isfinite(high) else 2.0 * low
    return best
