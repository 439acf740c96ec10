"""Any two records of one model over the times that both hold: how far apart they are, and how far they should be.

====================  ======================================================================================
cloud and solution    floor and p-value as in `comparison`: M draws of the exact law, or of the solution
two clouds            as MN/(M + N) draws of the exact law, or of the points of both: Var(F_M - G_N) is that of
                      so many draws, F (1 - F)(1/M + 1/N), and the means of W1 agree to a relative O(1/M + 1/N)
two solutions         without chance: a distance alone
a record and its law  `other` is None: as cloud and solution
====================  ======================================================================================

The distance is W1 on the line and sliced W1 in R^d. A cloud comes before a solution, in whatever order they are given.
In the plane the exact law is that on cells (`law_on_cells`), and beyond it is not asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from kinetic import Grid, Plane, PlaneSolution
from kinetic.plane.domain import rectangle
from kinetic.record import Record
from particles.base.errors import InputError
from particles.model import Case, Law, Measure
from particles.model.cases.copy import case_of
from particles.model.exact.at_time import exact_law, known_law
from particles.trajectory import Trajectory
from validation.distance import require_mean, w1, w1_to_law
from validation.distance.coarser import on_half_the_cells
from validation.distance.floor import expected_w1
from validation.distance.null import null_law
from validation.distance.plane_comparison import exact_on_cells
from validation.distance.records import (
    CLOUD_AND_SOLUTION,
    chosen_times,
    common_times,
    dependence,
    require_clouds,
    require_one_model,
    start_is_known,
)
from validation.distance.sliced import sliced_w1
from validation.distance.sliced_floor import expected_sliced_w1
from validation.distance.sliced_null import sliced_null_law

_CELLS = 320  # a side of a rectangle for the exact law
_MOST = 2**16  # points of two clouds that stand for their law: floors to .4 %
_BAND = (0.025, 0.975)


@dataclass(frozen=True, kw_only=True)
class Distance:
    """Distance at one time, with what it should be measured by, None where that has no meaning.

    Parameters
    ----------
    time : float
    w1 : float, optional
        W1, or sliced W1; None for a law without a mean.
    floor : float, optional
        Its mean where sampling is all.
    p_value : float, optional
        Probability that independent draws are as far away.
    band : (float, float), optional
        Between them lies the distance of independent draws with probability 95 %.
    pde_error : float, optional
        The same distance of a solution to the exact law, or to half the cells.
    p_less_error : float, optional
        The p-value of what this error leaves of the distance.
    """

    time: float
    w1: float | None
    floor: float | None = None
    p_value: float | None = None
    band: tuple[float, float] | None = None
    pde_error: float | None = None
    p_less_error: float | None = None

    @property
    def ratio(self) -> float | None:
        """The distance over its floor."""
        return self.w1 / self.floor if self.w1 is not None and self.floor else None


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """Two records of one model, or one and the exact law, at times that both hold; made by `pair_of`.

    Parameters
    ----------
    one : Trajectory or Record
    other : Trajectory or Record, optional
        None stands for the exact law.
    times : tuple of (float, float)
        As either writes them.
    names : (str, str)
        How sentences call them.
    case : Case, optional
        Where a record holds it.
    remarks : tuple of str
    """

    one: Any
    other: Any
    times: tuple[tuple[float, float], ...]
    names: tuple[str, str]
    case: Case | None
    remarks: tuple[str, ...] = ()

    @property
    def dim(self) -> int:
        """Dimension d of the space."""
        return dimension(self.one)

    @property
    def symbol(self) -> str:
        """Name of the distance."""
        return "W1" if self.dim == 1 else "sliced W1"

    @property
    def why_not(self) -> str | None:
        """Why there is no p-value, or None where there is one."""
        clouds = [record for record in (self.one, self.other) if isinstance(record, Trajectory)]
        if not clouds:
            return "no p-value: two solutions of an equation differ by no chance"
        if len(clouds) == 2 and all(clouds[0].info.get(k) == clouds[1].info.get(k) for k in ("seed", "replicate")):
            return f"no p-value: both clouds are draws of the seed {clouds[0].info.get('seed')}, so not independent"
        return next((told for cloud in clouds if (told := dependence(cloud.info))), None)

    def case_name(self, otherwise: str) -> str:
        """Name of the case, where a record tells it."""
        return str(_told(self.one).get("case") or otherwise)

    def fewer(self, most: int = 4) -> Pair:
        """The same at so many of its times at most, evenly chosen, the first and the last among them."""
        rows = np.unique(np.linspace(0, len(self.times) - 1, min(most, len(self.times))).astype(int))
        return replace(self, times=tuple(self.times[row] for row in rows))

    def law(self, time: float) -> Law | Measure | None:
        """The exact law of the case at a time, where one is known: in the plane a measure on cells."""
        if self.case is None or self.dim > 2:
            return None
        if self.dim == 2:
            return exact_on_cells(self.case, self._plane, time)
        law = exact_law(self.case.model, time)
        return law if isinstance(law, Law) else None

    @cached_property
    def _plane(self) -> Plane:
        """Cells of a solution, or a rectangle that holds the case."""
        for record in (self.one, self.other):
            if isinstance(record, PlaneSolution):
                return record.grid
        assert self.case is not None
        ends = rectangle(self.case.model, self.times[-1][0] or self.case.until)
        return Plane(*(Grid(low, high, cells=_CELLS) for low, high in ends))

    def measures(self, at: tuple[float, float]) -> tuple[Measure, Measure | Law]:
        """Both sides at one of the `times`."""
        if self.other is not None:
            return self.one.at(at[0]), self.other.at(at[1])
        law = self.law(at[0])
        assert law is not None  # `pair_of` has asked for it
        return self.one.at(at[0]), law

    def distance(self, at: tuple[float, float], *, tested: bool = False) -> Distance:
        """Distance and floor at one of the `times`; with p-value and band where `tested`."""
        one, other = self.measures(at)
        law = self.law(at[0]) if isinstance(self.one, Trajectory) or self.dim == 1 else None
        found = Distance(time=at[0], w1=self._between(one, other, law))
        if found.w1 is None or not isinstance(self.one, Trajectory):
            return found
        target, count, judged = self._target(one, other, law), self._count, tested and self.why_not is None
        if not judged:
            return replace(found, floor=self._floor(target, count))
        null = null_law(target, count) if self.dim == 1 else sliced_null_law(target, count).sliced
        floor = self._floor(target, count) if self.dim == 1 else null.mean
        band = null.quantile(_BAND[0]), null.quantile(_BAND[1])
        found = replace(found, floor=floor, p_value=null.p_value(found.w1), band=band)
        error = self._pde_error(at, other, law)
        if error is None or found.w1 is None:
            return found
        return replace(found, pde_error=error, p_less_error=null.p_value(max(found.w1 - error, 0.0)))

    def _pde_error(self, at: tuple[float, float], other: Any, law: Any) -> float | None:
        """What the solution of a mixed pair is off by; None where there is none, or nothing tells."""
        if not isinstance(self.other, Record) or self.case is None:
            return None
        if law is not None:
            return self._between(other, law, law)
        return None if at[1] == 0.0 else self._between(other, self._half.at(at[1]), None)

    @cached_property
    def _half(self) -> Any:
        """The solution on half the cells, at all times after 0."""
        assert self.case is not None
        return on_half_the_cells(self.other, self.case, [t for _, t in self.times if t > 0.0])

    def _between(self, one: Measure, other: Any, law: Any) -> float | None:
        if self.dim > 1:
            return sliced_w1(one, other)
        try:
            if isinstance(law, Law):
                require_mean(law)
        except InputError:
            return None
        return w1(one, other) if isinstance(other, Measure) else w1_to_law(one, other)

    @property
    def _count(self) -> int:
        """Draws of one law that are as far from it as the two sides are from each other."""
        first = int(self.one.count)
        if not isinstance(self.other, Trajectory):
            return first
        second = self.other.count
        return max(1, round(first * second / (first + second)))

    def _target(self, one: Measure, other: Any, law: Any) -> Any:
        """The law of the draws, or what stands for it."""
        if law is not None:
            return law
        if not isinstance(self.other, Trajectory):
            return other
        parts = [side.points[:, :: -(-side.masses.size // _MOST)] for side in (one, other)]
        return Measure.of_points(np.concatenate(parts, axis=1))

    def _floor(self, target: Any, count: int) -> float | None:
        """Mean distance of so many draws of the target; None where the particles are no such draws."""
        if self.dim == 1 and not isinstance(self.other, Trajectory):
            return expected_w1(target, count, self.one.info["start"]) if start_is_known(self.one.info) else None
        if self.why_not is not None:
            return None
        return expected_w1(target, count) if self.dim == 1 else expected_sliced_w1(target, count)


def dimension(record: Any) -> int:
    """Dimension of what a record's measures lie in."""
    if isinstance(record, Record):
        return len(record.grid.shape)
    return int(record.moments.shape[-1]) // int(record.info["neurons"])


def pair_of(one: Any, other: Any = None, *, times: Sequence[float] | None = None, law: bool = False) -> Pair:
    """Put two records of one model together, or one and its exact law.

    Parameters
    ----------
    one : Trajectory or Record
    other : Trajectory or Record, optional
        None stands for the exact law.
    times : sequence of float, optional
        By default all that both hold.
    law : bool, default False
        Ask for the exact law at each of the times.

    Raises
    ------
    InputError
        If they are of different dimensions or models, hold no common time or not those that are asked for, kept no
        clouds, or no exact law is known where there must be one.
    """
    if isinstance(one, Record) and isinstance(other, Trajectory):
        one, other = other, one
    mixed = isinstance(one, Trajectory) and isinstance(other, Record)
    names = CLOUD_AND_SOLUTION if mixed else ("the first record", "the second")
    both = [record for record in (one, other) if record is not None]
    for record in both:
        if isinstance(record, Trajectory):
            require_clouds(record)
    remarks: tuple[str, ...] = ()
    if other is None:
        shared = [(t, t) for t in one.times]
    else:
        dims = dimension(one), dimension(other)
        if dims[0] != dims[1]:
            told = f"{names[0]} is of dimension {dims[0]}, {names[1]} of dimension {dims[1]}"
            raise InputError(f"{told}: allowed are records of the same dimension")
        remarks = require_one_model(_told(one), _told(other), names)
        shared = common_times(one, other, names=names)
    if times is not None:
        kept = chosen_times([t for t, _ in shared], times, " in both" * (other is not None))
        shared = [at for at in shared if at[0] in kept]
    case = next((case for record in both if (case := case_of(_told(record))) is not None), None)
    found = Pair(one=one, other=other, times=tuple(shared), names=names, case=case, remarks=remarks)
    if law or other is None:
        _require_laws(found)
    return found


def _told(record: Any) -> dict[str, Any]:
    return dict(record.info if isinstance(record, Trajectory) else record.provenance)


def _require_laws(pair: Pair) -> None:
    if pair.case is None:
        raise InputError("the exact law is not known: the record does not say of which case it is")
    if pair.dim > 2:
        raise InputError(f"the exact law in R^{pair.dim}: allowed are records on the line and in the plane")
    for t, _ in pair.times:
        known_law(pair.case.model, t)
