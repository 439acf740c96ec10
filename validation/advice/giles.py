"""Multilevel Monte Carlo to a tolerance: E P_L = sum_l E (P_l - P_(l-1)), as few particle-steps as Giles' algorithm.

Root mean square error at most `tolerance`, half of its square for each of the two parts (Giles 2008; with more than
one number asked for, each of them meets the tolerance):

    sampling   sum_l V_l/N_l <= tolerance^2/2,  N_l = 2/tolerance^2 sqrt(V_l/C_l) sum_k sqrt(V_k C_k)
    time step  max_j 2^(-j) abs(mean of P_(L-j) - P_(L-j-1)) <= tolerance/sqrt(2),  j = 0, 1, 2

V_l is the sample variance of P_l - P_(l-1) and C_l its particle-steps; the second line is the bias of weak order 1,
E (P - P_L) ~ E (P_L - P_(L-1)), where the last three levels tell it. With V_l ~ dt^beta the cost grows like
tolerance^(-2) for beta > 1, like tolerance^(-2) ln^2 for beta = 1; that of plain Monte Carlo like tolerance^(-3).
No number of samples depends on a clock, so a result is the same bytes in every run and on any number of ranks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.checks import require_count, require_positive
from particles.base.errors import InputError
from particles.base.provenance import provenance
from particles.base.shown import Shown
from particles.model import Law, Model, exact_law
from particles.multilevel.levels import BLOCK, Levels, Sums
from particles.multilevel.quantities import DistributionFunction, Moments, Quantity

Numbers = tuple[float, ...]
MOST = 10**10  # particle-steps: minutes on one core
_FIRST_LEVELS = 3  # the bias is told by the last three


@dataclass(frozen=True, kw_only=True)
class Level:
    """What was found at a level, by `samples` of the step `dt` of the fine path and `cost` particle-steps.

    `mean` and `variance`, that of one sample, are of P_l - P_(l-1) or of P_0, one for each name of the result,
    `fine_variance` of P_l; `seconds` are those of this rank, and no part of the comparison of two results.
    """

    dt: float
    samples: int
    mean: Numbers
    variance: Numbers
    fine_variance: Numbers
    cost: int
    seconds: float = field(compare=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class Estimate(Shown):
    """The result of `multilevel`, numbers by name; `bias` estimates that of the time step, and corrects nothing."""

    names: tuple[str, ...]
    estimate: Numbers
    standard_error: Numbers
    bias: Numbers
    tolerance: float
    scheme: str
    until: float
    seed: int
    levels: tuple[Level, ...]
    provenance: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def cost(self) -> int:
        """Particle-steps of all levels."""
        return sum(level.cost for level in self.levels)

    @property
    def plain_cost(self) -> float:
        """Particle-steps of plain Monte Carlo with the finest step: 2 V/tolerance^2 paths, V the variance of P_L."""
        return 2.0 * max(self.levels[-1].fine_variance) / self.tolerance**2 * self.until / self.levels[-1].dt


def check(
    model: Model, until: float, tolerance: float, *, pilot: int = 256, most: float = MOST, **options: Any
) -> Levels:
    """Refuse what `multilevel` could not do, before MPI or numba is loaded; return the levels."""
    for name, value in (("tolerance", tolerance), ("most", most)):
        require_positive(name, value)
    require_count("pilot", pilot, least=2)
    return Levels(model, until, options.pop("quantity", None) or Moments((1,)), **options)


def multilevel(
    model: Model,
    until: float,
    tolerance: float,
    *,
    quantity: Quantity | None = None,
    scheme: str = "milstein",
    seed: int = 0,
    coarsest: int = 4,
    pilot: int = 256,
    most: float = MOST,
    comm: Any = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Estimate:
    """Estimate moments or distribution functions of X_T to a tolerance; Giles (2008). Collective.

    Parameters
    ----------
    model, until, scheme, seed, coarsest
        As for `Levels`; the step of level 0 must be stable.
    tolerance : float > 0
        Bound of the root mean square error of each number, absolute.
    quantity : Moments or DistributionFunction, default Moments((1,))
    pilot : int >= 2, default 256
        Least samples of a level, from which its variance is known first; samples come in blocks of 64.
    most : float > 0, default 1e10
        Particle-steps beyond which the call refuses.
    comm : mpi4py communicator, optional
        By default all ranks of the job; blocks of samples are shared out, with the same bytes on any number of ranks.
    progress : callable, optional
        Gets the finished share in [0, 1] of what is planned so far.

    Raises
    ------
    InputError
        If an argument is out of range, or the tolerance takes more than `most` particle-steps.
    NotFiniteError
        If a path stops being finite.
    """
    options: dict[str, Any] = {"quantity": quantity, "scheme": scheme, "seed": seed, "coarsest": coarsest}
    levels = check(model, until, tolerance, **options, pilot=pilot, most=most)
    ranks = parallel.of(comm)
    least = -(-pilot // BLOCK)
    runs: list[_Run] = []
    wanted = [least] * _FIRST_LEVELS
    with ranks.one_rank_a_node_first():
        levels.compile()
    while True:
        _require(levels, wanted, tolerance, most)
        for number, blocks in enumerate(wanted):
            if number == len(runs):
                runs.append(_Run())
            runs[number].grow(levels, number, blocks, ranks)
            progress(_work(levels, wanted[: number + 1]) / _work(levels, wanted))
        wanted = [max(run.blocks, n) for run, n in zip(runs, _optimal(levels, runs, tolerance), strict=True)]
        if all(run.blocks == n for run, n in zip(runs, wanted, strict=True)):
            bias = _bias(runs)
            if bias.max() <= tolerance / math.sqrt(2.0):
                return _result(levels, runs, bias, tolerance)
            wanted.append(least)


def exact_values(model: Model, until: float, quantity: Quantity) -> tuple[float | None, ...]:
    """What the estimates should be, None where no closed form is known: the exact law, or closed moments."""
    found = exact_law(model, until)
    law = found if isinstance(found, Law) else None
    if isinstance(quantity, DistributionFunction):
        points = np.array(quantity.points)
        return (None,) * len(points) if law is None else tuple(np.asarray(law.cdf(points)).tolist())
    try:
        from kinetic.moments import moments

        closed = moments(model, [until], order=max(quantity.orders))[0].tolist()
        return tuple(closed[k] for k in quantity.orders)
    except InputError:
        known = {} if law is None else {1: law.mean, 2: law.variance + law.mean**2}
        return tuple(known.get(k) for k in quantity.orders)


class _Run:
    """Samples of a level so far."""

    def __init__(self) -> None:
        self.blocks, self.seconds = 0, 0.0
        self.sums: Sums | None = None

    def grow(self, levels: Levels, level: int, blocks: int, ranks: parallel.Ranks) -> None:
        """Go on to so many blocks."""
        if blocks == self.blocks:
            return
        began = perf_counter()
        new = levels.sums(level, range(self.blocks, blocks), ranks)
        self.sums = new if self.sums is None else self.sums + new
        self.blocks, self.seconds = blocks, self.seconds + perf_counter() - began

    @property
    def known(self) -> Sums:
        assert self.sums is not None
        return self.sums


def _work(levels: Levels, wanted: list[int]) -> int:
    """Particle-steps of so many blocks a level."""
    return sum(blocks * BLOCK * levels.cost(level) for level, blocks in enumerate(wanted))


def _require(levels: Levels, wanted: list[int], tolerance: float, most: float) -> None:
    needed = _work(levels, wanted)
    if needed > most:
        raise InputError(
            f"tolerance = {tolerance!r} needs {needed:.3g} particle-steps or more, with steps down to"
            f" {levels.dt(len(wanted) - 1):g}; most = {most:.3g} are allowed: take a larger tolerance or allow more",
            on_all_ranks=True,
        )


def _optimal(levels: Levels, runs: list[_Run], tolerance: float) -> list[int]:
    """Blocks of each level, the largest that any of the numbers asked for needs."""
    cost = np.array([float(levels.cost(level)) for level in range(len(runs))])[:, None]
    variance = np.array([run.known.variance[0] for run in runs])
    samples = 2.0 / tolerance**2 * np.sqrt(variance / cost) * np.sqrt(variance * cost).sum(axis=0)
    return [math.ceil(n / BLOCK) for n in samples.max(axis=1).tolist()]


def _bias(runs: list[_Run]) -> Floats:
    """Bound of the bias of each number, weak order 1, from the last three levels."""
    last = [0.5**j * np.abs(run.known.mean[0]) for j, run in enumerate(reversed(runs[1:][-_FIRST_LEVELS:]))]
    return np.asarray(np.max(last, axis=0))


def _result(levels: Levels, runs: list[_Run], bias: Floats, tolerance: float) -> Estimate:
    found = tuple(
        Level(
            dt=levels.dt(number),
            samples=run.known.count,
            mean=tuple(run.known.mean[0].tolist()),
            variance=tuple(run.known.variance[0].tolist()),
            fine_variance=tuple(run.known.variance[1].tolist()),
            cost=run.known.count * levels.cost(number),
            seconds=run.seconds,
        )
        for number, run in enumerate(runs)
    )
    numbers = range(len(levels.quantity.names))
    return Estimate(
        names=levels.quantity.names,
        estimate=tuple(math.fsum(level.mean[i] for level in found) for i in numbers),
        standard_error=tuple(math.sqrt(math.fsum(v.variance[i] / v.samples for v in found)) for i in numbers),
        bias=tuple(bias.tolist()),
        tolerance=tolerance,
        scheme=levels.scheme,
        until=levels.until,
        seed=levels.seed,
        levels=found,
        provenance=provenance(),
    )
