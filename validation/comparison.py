"""One cloud against one PDE solution: W1 by two routes, the sampling floor, the PDE's own error.

The floor and the error use the exact law where the case has one. Otherwise the floor takes the solution's own
distribution function, and the error is the distance to a solution on half the cells, an upper estimate for any scheme
that converges at first order or better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import kinetic
from kinetic.solution import Solution
from kinetic.steady import steady_state
from particles.base.errors import InputError
from particles.model import Case, Law, exact_law, load_case
from particles.trajectory import Trajectory
from validation.distance import w1, w1_by_pot, w1_to_law
from validation.floor import expected_w1, floor_of


@dataclass(frozen=True)
class Comparison:
    """W1 between a cloud and a solution at one time, with what it should be measured by.

    `floor` is None for mean-coupled models, and `pde_error` None where the case is not known by name or file.
    """

    time: float
    count: int
    w1: float
    w1_pot: float
    floor: float | None
    pde_error: float | None


def compare(cloud: Trajectory, solution: Solution, *, time: float | None = None) -> Comparison:
    """Compare a cloud with a solution at a time that both hold, by default the last one.

    Raises
    ------
    InputError
        If they hold no common time, or belong to different models.
    """
    recorded = solution.provenance.get("model")
    if recorded is not None and recorded != cloud.info["model"]:
        raise InputError("the cloud and the solution belong to different models")
    common = [t for t in cloud.times if any(abs(t - s) <= 1e-9 * max(1.0, s) for s in solution.times)]
    if time is None and not common:
        raise InputError(f"the cloud at {cloud.times} and the solution at {solution.times} have no common time")
    time = common[-1] if time is None else time
    points, density = cloud.at(time), solution.at(time)
    case = _case(cloud.info)
    return Comparison(
        time=time,
        count=cloud.count,
        w1=w1(points, density),
        w1_pot=w1_by_pot(points, density),
        floor=_floor(cloud, solution, time, case),
        pde_error=_pde_error(solution, time, case),
    )


def known_laws(solution: Solution) -> list[tuple[str, list[Law]]]:
    """What a solution may be drawn over, by name: the exact laws of its case at its times after 0, its law at rest."""
    case = _case(solution.provenance)
    if case is None:
        return []
    exact = [exact_law(case.model, t) for t in solution.times if t > 0.0]
    found = [("exact", [law for law in exact if law is not None])]
    if case.model.nu2 > 0.0 and (case.model.autonomous or case.model.mean_coupled):
        rest = steady_state(case.model).law
        found.append(("at rest", [] if rest is None else [rest]))
    return [(name, laws) for name, laws in found if laws]


def _case(record: Mapping[str, Any]) -> Case | None:
    """The case of a record, if its name or file still gives the same model."""
    try:
        case = load_case(str(record.get("case")))
    except InputError:
        return None
    return case if case.model.describe() == record["model"] else None


def _floor(cloud: Trajectory, solution: Solution, time: float, case: Case | None) -> float | None:
    if cloud.info["model"]["bias"] == "-w m1(t)" or cloud.info["start"] != "random":
        return None
    law = None if case is None else exact_law(case.model, time)
    return floor_of(solution.at(time), cloud.count) if law is None else expected_w1(law, cloud.count)


def _pde_error(solution: Solution, time: float, case: Case | None) -> float | None:
    if case is None:
        return None
    law = exact_law(case.model, time)
    if law is not None:
        return w1_to_law(solution.at(time), law)
    half = kinetic.Grid(solution.grid.lo, solution.grid.hi, cells=max(solution.grid.cells // 2, 4))
    if time == 0.0:
        return None
    coarse = kinetic.solve(case.model, half, until=time)
    return w1(solution.at(time), coarse.at(time))
