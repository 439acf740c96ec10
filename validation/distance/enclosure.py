"""Two bounds of W1 between a cloud that no rank holds as a whole and a law or a solution, from counts of particles.

W1 = int abs(D) dx, D = F_M - F (F_M of the cloud, F of the law). In a cell (a, b) of length h let
    p0 <= F_M <= p1, with mean p:  p0 = #{x <= a}/M, p1 = #{x < b}/M, p = p0 + sum_(a < x < b) (b - x)/(h M);
    f0 <= F <= f1, with mean f:    `validation.distance.distribution`.
So l = p0 - f1 <= D <= p1 - f0 = u, and the mean of D is d = p - f. Since abs is convex,

    h abs(d)  <=  int_a^b abs(D) dx  <=  h [(u - d) abs(l) + (d - l) abs(u)]/(u - l),

the left by Jensen's inequality, the right since a convex function lies below its chord. Where F_M and F do not cross
(l >= 0 or u <= 0) both are h abs(d), and what is not known of d remains: h (f1 - f0)/64 for a law, nothing for a
solution. Where they may cross, the two differ by at most 2 h min(abs(l), abs(u)). Cut into k equal parts, a cell keeps
about g/k of its gap g; k in proportion to sqrt(g) makes the sum of all g/k least for a given number of cells.
Cells begin and end at all jumps of F, so atoms at a wall are no cell's business; they reach over all particles, so the
tails outside belong to F.

Ranks send integers alone (`validation.distance.tally`) and their smallest and largest particle; the first rank does
the rest and tells the others where to count next. So the bounds are the same bytes on any number of ranks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from particles.base import parallel
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_count, require_positive
from particles.base.errors import InputError
from particles.base.shown import Shown
from particles.model import Law, Measure
from particles.trajectory import Trajectory
from validation.distance import w1, w1_to_law
from validation.distance.distribution import STEPS, CellValues, Distribution, distribution_of
from validation.distance.tally import FINE, Tally, prepare, tally

EDGES = 2**21  # of cells, at most, unless the caller says otherwise
PARTS = 16  # of a cell, at most, before its particles are looked at again
_ROUNDING = 16.0 * 2.0**-53  # values of distribution functions to an ulp or two, and their differences


@dataclass(frozen=True, repr=False)
class Enclosure(Shown):
    """lower <= W1 <= upper, the edges at which particles were counted, and in how many rounds.

    Parameters
    ----------
    lower, upper : float
        Lengths.
    edges_used : int
    rounds : int

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Normal
    >>> from validation import enclose
    >>> law = Normal(0.0, 1.0)
    >>> found = enclose(law.quantile((np.arange(1000) + 0.5) / 1000), law, gather=1000)
    >>> found.lower == found.upper, found.rounds  # gathered: W1 itself
    (True, 0)
    """

    lower: float
    upper: float
    edges_used: int
    rounds: int


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
        Cells are divided until upper - lower <= tolerance * upper.
    edges : int, default 2**21
        As many at most: then the bounds stay further apart than asked, and are bounds all the same.
    gather : int, default 0
        A cloud of so many particles or fewer is gathered, and lower = upper = W1 to rounding.
    comm : mpi4py.MPI.Comm or Ranks, optional
        By default all ranks of the job.

    Raises
    ------
    InputError
        On all ranks: if a particle is not finite or their span is none, the cloud is empty or not on the line, the law
        has no mean, the measure is no probability, or the tolerance is not positive.

    See Also
    --------
    enclose_at : For the cloud of a run.

    Notes
    -----
    ::

        h abs(d) <= int_a^b abs(F_M - F) dx <= h ((u - d) abs(l) + (d - l) abs(u))/(u - l)

    in a cell (a, b) of width h where F_M - F lies between l and u, of mean d: all follow from numbers of particles.

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Measure, Normal
    >>> from validation import enclose, w1_to_law
    >>> points, law = Normal(0.0, 1.0).quantile((np.arange(1000) + 0.5) / 1000), Normal(0.0, 1.0)
    >>> found, exact = enclose(points, law), w1_to_law(Measure.of_points(points), law)
    >>> found.lower <= exact <= found.upper <= 1.01 * found.lower
    True
    """
    require_count("edges", edges, least=0)
    require_count("gather", gather, least=0)
    ranks = parallel.of(comm)
    local = ranks.together(lambda: _checked(points, tolerance))
    count = sum(ranks.gather(local.size))
    distribution = ranks.together(lambda: _distribution(target, count))
    if count <= gather:
        whole = Measure.of_points(ranks.concatenate(local))
        value = ranks.on_first(lambda: w1_to_law(whole, target) if isinstance(target, Law) else w1(whole, target))
        return Enclosure(value, value, 0, 0)
    ends = [end for part in ranks.gather([local.min(), local.max()] if local.size else []) for end in part]
    with ranks.one_rank_a_node_first():
        prepare(local)
    cuts: Floats = ranks.on_first(lambda: _start(distribution, (min(ends), max(ends)), count, tolerance, edges))
    rounds = 0
    while True:
        rounds += 1
        counted = tally(local, cuts, ranks)
        look = partial(_refine, counted, count, distribution, tolerance, edges, rounds)
        found, finer = ranks.on_first(look)
        if finer.size == cuts.size:
            return found
        cuts = finer


def enclose_at(trajectory: Trajectory, time: float, target: Law | Measure, **options: Any) -> Enclosure:
    """Bound W1 between the cloud of a run at a stored time and a law or a measure: see `enclose`. Collective.

    Parameters
    ----------
    trajectory : Trajectory
    time : float
        One that it stored.
    target : Law or Measure
    **options
        `tolerance`, `edges` and `gather` of `enclose`.

    Raises
    ------
    InputError
        As `enclose`; and if the time is not stored, or the run kept no clouds.

    Examples
    --------
    >>> import particles, validation
    >>> from particles.model import cases, exact_law
    >>> model = cases["regression"].model
    >>> run = particles.simulate(model, particles.ExactFlow(), count=1000, until=2.0)
    >>> found = validation.enclose_at(run, 2.0, exact_law(model, 2.0), tolerance=0.1)
    >>> print(f"{found.lower:.4f} {found.upper:.4f}")
    0.0116 0.0121
    >>> validation.enclose_at(run, 1.0, exact_law(model, 1.0))
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: time = 1.0 is not stored: stored are 2
    """
    state = trajectory.state(time)
    neurons = trajectory.info["neurons"]
    points = state if neurons == 1 else state.reshape(neurons, -1, state.shape[1]).mean(axis=0)
    ranks = parallel.serial() if trajectory.ensemble is None else trajectory.ensemble.ranks
    return enclose(points, target, comm=ranks, **options)


def bounds(cells: Tally, count: int, distribution: Distribution) -> tuple[Floats, Floats]:
    """Lower and upper bound of int abs(F_M - F) dx in every cell, rounding allowed for."""
    f: CellValues = distribution.on(cells.left, cells.right)
    h, least = cells.right - cells.left, cells.least - f.shift.astype(np.int64) * count
    p0, p1 = least / count, (least + cells.inside) / count
    rest = cells.inside - cells.offsets / FINE  # the sum of (b - x)/h, or up to inside/FINE less
    low, high = p0 - f.high, p1 - f.low
    mean_low = (least + (rest - cells.inside / FINE)) / count - f.mean_high
    mean_high = (least + rest) / count - f.mean_low
    lower = h * np.maximum(0.0, np.maximum(mean_low, -mean_high))
    # the chord, at the end of the mean's interval where it is higher
    at_low, at_high = np.abs(low), np.abs(high)
    mean = np.where(at_high > at_low, mean_high, mean_low)
    part = np.clip((mean - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    upper = h * (at_low + part * (at_high - at_low))
    lost = _ROUNDING * h * np.maximum.reduce([np.abs(value) for value in (p0, p1, f.low, f.high)])
    return np.maximum(0.0, lower - lost), upper + lost


def _refine(
    cells: Tally, count: int, distribution: Distribution, tolerance: float, edges: int, rounds: int
) -> tuple[Enclosure, Floats]:
    """The bounds so far, and finer cuts, or the same ones if the bounds are close enough or no more edge is allowed."""
    lower, upper = bounds(cells, count, distribution)
    low, high = (math.fsum(bound.tolist()) + distribution.outside for bound in (lower, upper))
    found = Enclosure(low, high, cells.cuts.size, rounds)
    if high - low <= tolerance * high:
        return found, cells.cuts
    allowed = tolerance * max(low, 0.5 * high)
    return found, _divide(cells.cuts, parts(upper - lower, allowed, edges - cells.cuts.size))


def parts(gaps: Floats, allowed: float, room: int, most: float = PARTS) -> Floats:
    """Numbers k_i of parts, in proportion to sqrt(gap_i), for which the sum of gap_i/k_i is about `allowed`.

    From 1 to `most` each, with at most `room` new edges, which go to the cells of the largest gaps first.
    """
    room = max(room, 0)
    root = np.sqrt(np.maximum(gaps, 0.0))
    allowed = max(allowed, float(root.sum()) ** 2 / (gaps.size + room))
    more = np.clip(np.ceil(root * (root.sum() / allowed)) - 1.0, 0.0, most - 1.0)
    order = np.argsort(-gaps, kind="stable")
    more[order[np.cumsum(more[order]) > room]] = 0.0
    return np.asarray(more + 1.0)


def _divide(cuts: Floats, pieces: Floats) -> Floats:
    """Cut every cell into so many equal parts; fewer where there are no more numbers between its ends."""
    repeats = pieces.astype(np.int64)
    left, right, number = (np.repeat(values, repeats) for values in (cuts[:-1], cuts[1:], pieces))
    step = np.arange(left.size) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    inner = np.minimum(left + (right - left) * (step / number), right)
    finer = np.append(inner, cuts[-1])
    return np.asarray(finer[np.append(np.diff(finer) > 0.0, True)])


def _start(distribution: Distribution, ends: tuple[float, float], count: int, tolerance: float, edges: int) -> Floats:
    """Cells as fine as a cloud that was drawn from F needs: E W1 is about sqrt(2/pi) int sqrt(F (1 - F)) dx/sqrt(M).

    At most half of the edges: the rest is for the cells where F_M and F may cross, which only the particles tell.
    """
    cuts = np.unique(np.concatenate([distribution.edges, ends]))
    if not math.isfinite(float(cuts[-1]) - float(cuts[0])):
        raise InputError(f"particles and law reach from {cuts[0]:g} to {cuts[-1]:g}: allowed is a finite span")
    f, h = distribution.on(cuts[:-1], cuts[1:]), np.diff(cuts)
    middle = 0.5 * (f.low + f.high) + f.shift
    floor = math.sqrt(2.0 / math.pi / count) * float((h * np.sqrt(np.maximum(middle * (1.0 - middle), 0.0))).sum())
    if floor == 0.0:
        return cuts
    return _divide(
        cuts, parts(h * (f.high - f.low) / STEPS, 0.5 * tolerance * floor, edges // 2 - cuts.size, most=math.inf)
    )


def _checked(points: Floats, tolerance: float) -> Floats:
    require_positive("tolerance", tolerance, low=0.0)
    rows = np.atleast_2d(as_floats(points, "points", ndim=(1, 2), convert=False))
    if len(rows) != 1:
        raise InputError(f"points of shape {rows.shape} must be of shape (1, m)")
    return np.ascontiguousarray(rows[0])


def _distribution(target: Law | Measure, count: int) -> Distribution:
    if count == 0:
        raise InputError("a cloud of 0 points must hold at least one")
    return distribution_of(target)
