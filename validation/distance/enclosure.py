"""Two bounds of W1 between a cloud that no rank holds as a whole and a law or a solution, from counts of particles.

W1 = int abs(F_M - F) dx (F_M of the cloud, F of the law). In a cell (a, b) of length h let
    p0 <= F_M <= p1:  p0 = #{x <= a}/M, p1 = #{x < b}/M, exact;
    f0 <= F <= f1, with mean m:  `validation.distance.distribution`.
Then, with dist(f) = max(p0 - f, f - p1, 0) and far(f) = max(abs(f - p0), abs(f - p1)), both convex in f,

    h dist(m)  <=  int_a^b abs(F_M - F) dx  <=  h [(f1 - m) far(f0) + (m - f0) far(f1)]/(f1 - f0),

the left by Jensen's inequality, the right since a convex function lies below its chord. Where F_M and F do not cross
the two differ by h (p1 - p0) and what is not known of m: halving the cells halves the gap. Cells begin and end at all
jumps of F, so atoms at a wall are no cell's business; they reach over all particles, so the tails outside belong to F.

Ranks send integers alone (numbers of particles at the new edges) and their smallest and largest particle; the first
rank does the rest and tells the others where to count next. So the bounds are the same bytes on any number of ranks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from particles import parallel
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Law, Measure
from particles.parallel import Ranks
from particles.trajectory import Trajectory
from validation.distance import check_probability, require_mean, w1, w1_to_law
from validation.distance.distribution import CellValues, Distribution, OfLaw, OfMeasure

Integers = NDArray[np.int64]
EDGES = 2**21  # of cells, at most, unless the caller says otherwise
_ROUNDING = 8.0 * 2.0**-53


@dataclass(frozen=True)
class Enclosure:
    """lower <= W1 <= upper, the edges at which particles were counted, and in how many rounds."""

    lower: float
    upper: float
    edges_used: int
    rounds: int


@dataclass(frozen=True)
class _Cells:
    """Cells (left, right), each of shape (n,), with the numbers of particles that bound M F_M in them."""

    left: Floats
    right: Floats
    least: Integers
    most: Integers

    def keep(self, which: Any) -> _Cells:
        return _Cells(self.left[which], self.right[which], self.least[which], self.most[which])

    def join(self, *others: _Cells) -> _Cells:
        names = ("left", "right", "least", "most")
        return _Cells(*(np.concatenate([getattr(cells, name) for cells in (self, *others)]) for name in names))


def enclose(
    points: Floats,
    target: Law | Measure,
    *,
    tolerance: float = 0.01,
    edges: int = EDGES,
    gather: int = 0,
    comm: Any = None,
) -> Enclosure:
    """Bound W1 between a cloud spread over ranks and a law or a measure, without gathering the cloud. Collective.

    Parameters
    ----------
    points : ndarray, shape (m,) or (1, m)
        This rank's particles; m may be 0 on some.
    target : Law or Measure
        On the line; a measure has mass 1 within 1e-9.
    tolerance : float > 0, default 0.01
        Cells are halved until upper - lower <= tolerance * upper.
    edges : int, default 2**21
        As many at most: then the bounds stay further apart than asked, and are bounds all the same.
    gather : int, default 0
        A cloud of so many particles or fewer is gathered, and lower = upper = W1 to rounding.
    comm : mpi4py.MPI.Comm or Ranks, optional
        By default all ranks of the job.

    Raises
    ------
    InputError
        On all ranks: if a particle is not finite, the cloud is empty or not on the line, the law has no mean, the
        measure is no probability, or the tolerance is not positive.
    """
    ranks = parallel.of(comm)
    local = ranks.together(lambda: _sorted(points, tolerance))
    count = sum(ranks.gather(local.size))
    distribution = ranks.together(lambda: _distribution(target, count))
    if count <= gather:
        whole = Measure.of_points(ranks.concatenate(local))
        value = ranks.on_first(lambda: w1_to_law(whole, target) if isinstance(target, Law) else w1(whole, target))
        return Enclosure(value, value, 0, 0)
    ends = [end for part in ranks.gather(local[[0, -1]].tolist() if local.size else []) for end in part]
    first = ranks.on_first(lambda: np.unique(np.concatenate([distribution.edges, [min(ends), max(ends)]])))
    below, upto = _counts(local, first, ranks)
    cells = _Cells(first[:-1], first[1:], upto[:-1], below[1:])
    lower, upper = ranks.on_first(partial(bounds, cells, count, distribution))
    found = Enclosure(0.0, 0.0, first.size, 0)
    while True:
        choice = partial(_choose, found, lower, upper, distribution, cells, tolerance, edges)
        found, chosen = ranks.on_first(choice)
        if not chosen.size:
            return found
        parent = cells.keep(chosen)
        middle = 0.5 * parent.left + 0.5 * parent.right
        below, upto = _counts(local, middle, ranks)
        halves = replace(parent, right=middle, most=below).join(replace(parent, left=middle, least=upto))
        rest = np.delete(np.arange(cells.left.size), chosen)
        new = ranks.on_first(partial(bounds, halves, count, distribution))
        cells = cells.keep(rest).join(halves)
        lower, upper = (np.concatenate([old[rest], part]) for old, part in zip((lower, upper), new, strict=True))


def enclose_at(trajectory: Trajectory, time: float, target: Law | Measure, **options: Any) -> Enclosure:
    """Bound W1 between the cloud of a run at a stored time and a law or a measure: see `enclose`. Collective.

    Raises
    ------
    InputError
        As `enclose`; and if the time is not stored, or the run kept no clouds.
    """
    state = trajectory.state(time)
    neurons = trajectory.info["neurons"]
    points = state if neurons == 1 else state.reshape(neurons, -1, state.shape[1]).mean(axis=0)
    ranks = parallel.serial() if trajectory.ensemble is None else trajectory.ensemble.ranks
    return enclose(points, target, comm=ranks, **options)


def bounds(cells: _Cells, count: int, distribution: Distribution) -> tuple[Floats, Floats]:
    """Lower and upper bound of int abs(F_M - F) dx in every cell, rounding allowed for."""
    f: CellValues = distribution.on(cells.left, cells.right)
    shift = f.shift.astype(np.int64) * count
    p0, p1 = (cells.least - shift) / count, (cells.most - shift) / count
    h = cells.right - cells.left
    lower = h * np.maximum(0.0, np.maximum(p0 - f.mean_high, f.mean_low - p1))
    far_low, far_high = (np.maximum(np.abs(value - p0), np.abs(value - p1)) for value in (f.low, f.high))
    # the chord, at the end of the mean's interval where it is higher
    mean = np.where(far_high > far_low, f.mean_high, f.mean_low)
    part = np.clip((mean - f.low) / np.where(f.high > f.low, f.high - f.low, 1.0), 0.0, 1.0)
    upper = h * (far_low + part * (far_high - far_low))
    lost = _ROUNDING * h * np.maximum.reduce([np.abs(value) for value in (p0, p1, f.low, f.high)])
    return np.maximum(0.0, lower - lost), upper + lost


def _choose(
    found: Enclosure,
    lower: Floats,
    upper: Floats,
    distribution: Distribution,
    cells: _Cells,
    tolerance: float,
    edges: int,
) -> tuple[Enclosure, NDArray[np.intp]]:
    """The bounds so far, and the cells to halve: all whose gap is above half their share of what is allowed."""
    outside, gaps = distribution.outside, upper - lower
    low, high = (math.fsum(bound.tolist()) + outside for bound in (lower, upper))
    now = replace(found, lower=low, upper=high, edges_used=found.edges_used, rounds=found.rounds + 1)
    if high - low <= tolerance * high:
        return now, np.empty(0, dtype=np.intp)
    middle = 0.5 * cells.left + 0.5 * cells.right
    wide = (gaps > 0.5 * tolerance * high / gaps.size) & (cells.left < middle) & (middle < cells.right)
    order = np.argsort(-gaps, kind="stable")
    chosen = order[wide[order]][: max(edges - found.edges_used, 0)]
    return replace(now, edges_used=found.edges_used + chosen.size), chosen


def _counts(local: Floats, edges: Floats, ranks: Ranks) -> Integers:
    """Particles of the whole cloud below each edge, and at or below it, shape (2, n)."""
    here = np.stack([np.searchsorted(local, edges, side=side) for side in ("left", "right")]).astype(np.int64)
    total = np.empty_like(here)
    ranks.comm.Allreduce(here, total)
    return total


def _sorted(points: Floats, tolerance: float) -> Floats:
    if not tolerance > 0.0:
        raise InputError(f"tolerance = {tolerance!r} must be a positive number")
    rows = np.atleast_2d(points)
    if rows.ndim != 2 or len(rows) != 1 or rows.dtype != np.float64:
        raise InputError(f"points of shape {rows.shape} and type {rows.dtype} must be of shape (1, m) and float64")
    if not np.isfinite(rows).all():
        raise InputError("a particle is not finite: allowed are finite numbers")
    return np.sort(rows[0])


def _distribution(target: Law | Measure, count: int) -> Distribution:
    if count == 0:
        raise InputError("a cloud of 0 points must hold at least one")
    if isinstance(target, Law):
        require_mean(target)
        return OfLaw(target)
    check_probability(target)
    if target.dim != 1:
        raise InputError(f"dimension {target.dim} of the measure must be 1")
    return OfMeasure(target)
