"""One cloud of the plane against one PDE solution: sliced W1, what it should be, and what decides whether they differ.

Four tests share the level: sliced W1, the largest of its 16 directions, and W1 of the two marginals. Floor, null laws
and the equation's error are those of the exact law where one is known, by its averages over cells as fine as the
solution's or finer. Otherwise the solution stands for its law, and its error is the distance to half the cells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kinetic import Grid, Plane, PlaneSolution
from particles.base.arrays import Floats
from particles.base.shown import Shown
from particles.model import Case, Measure, exact_law
from particles.model.cases.copy import case_of
from particles.trajectory import Trajectory
from validation.distance import w1
from validation.distance.coarser import on_half_the_cells
from validation.distance.law_on_cells import law_on_cells
from validation.distance.null import null_law
from validation.distance.records import (
    common_time,
    dependence,
    judged,
    require_clouds,
    require_one_model,
)
from validation.distance.sliced import lower_bound, sliced_distances
from validation.distance.sliced_null import sliced_null_law

_CELLS = 320  # a side, at least, for an exact law
SLICED, LARGEST, IN_X, IN_Y = "sliced W1", "max-sliced W1", "W1 of the marginal in x", "W1 of the marginal in y"


@dataclass(frozen=True, kw_only=True, repr=False)
class PlaneComparison(Shown):
    """Distances between a cloud and a solution of the plane at one time, with what they should be measured by.

    Parameters
    ----------
    time : float
    count : int
        Particles M.
    holds : bool, optional
        Whether the two differ by no more than sampling and the equation's own error explain; None where that is not
        judged. Draws of the solution's law fail with probability 5 % at most, all tests together.
    verdict : str
        In one sentence.
    distances : dict
        By name: sliced W1 (mean over 16 directions), the largest of them, W1 of the marginals in x and in y.
    lower_bound : float
        Of W1 itself.
    floor, ratio : float, optional
        Exact mean of sliced W1 between so many independent draws and their law; sliced W1 over it.
    p_values : dict
        Probability, by name, that independent draws are as far away; empty where the particles are none.
    detectable : float, optional
        Sliced W1 between two laws that would be seen with 95 % power.
    pde_errors : dict
        The same distances of the solution to the exact law, or to half the cells; empty where the case is not known.
    law : str
        What floor and p-values are taken from.
    remarks : tuple of str
        What else a reader should know.

    Examples
    --------
    >>> import kinetic, particles, validation
    >>> from particles.model import cases
    >>> model, side = cases["regression-2d"].model, kinetic.Grid(-7.0, 9.0, cells=40)
    >>> cloud = particles.simulate(model, particles.ExactFlow(), count=1000, until=1.0)
    >>> density = kinetic.solve(model, kinetic.Plane(side, side), until=1.0)
    >>> found = validation.compare(cloud, density)
    >>> print(f"{found.distances['sliced W1']:.3f} {found.floor:.3f} {found.ratio:.1f}")
    0.037 0.027 1.4
    >>> found.holds
    True
    """

    time: float
    count: int
    holds: bool | None
    verdict: str
    distances: dict[str, float]
    lower_bound: float
    floor: float | None = None
    ratio: float | None = None
    p_values: dict[str, float]
    detectable: float | None = None
    pde_errors: dict[str, float]
    law: str
    remarks: tuple[str, ...] = ()


def compare_plane(cloud: Trajectory, solution: PlaneSolution, *, time: float | None = None) -> PlaneComparison:
    """Compare a cloud with a solution of the plane at a time that both hold, by default the last one.

    Raises
    ------
    InputError
        If they hold no common time, belong to different models, or the run kept no clouds.
    """
    notes = require_one_model(cloud.info, solution.provenance)
    time, stored = common_time(cloud, solution, time)
    require_clouds(cloud)
    points, density = cloud.at(time), solution.at(stored)
    case = case_of(cloud.info)
    exact = exact_on_cells(case, solution.grid, stored)
    found, bound = distances(points, density)
    why_not = dependence(cloud.info)
    result = PlaneComparison(
        time=time,
        count=cloud.count,
        holds=None,
        verdict=why_not or "",
        distances=found,
        lower_bound=bound,
        p_values={},
        pde_errors=_errors(solution, stored, case, exact),
        law="the solution" if exact is None else "the exact law",
        remarks=(*notes, *_remarks(points.points, solution)),
    )
    return result if why_not else _tested(result, density if exact is None else exact)


def distances(a: Measure, b: Measure) -> tuple[dict[str, float], float]:
    """All distances of two measures of the plane by name, and the lower bound of W1 that they give."""
    parts = sliced_distances(a, b)
    marginals = [w1(a.marginal(axis), b.marginal(axis)) for axis in (0, 1)]
    found = {SLICED: float(parts.mean()), LARGEST: float(parts.max()), IN_X: marginals[0], IN_Y: marginals[1]}
    return found, max(lower_bound(parts, 2), *marginals)


def _tested(result: PlaneComparison, target: Measure) -> PlaneComparison:
    """With p-values and a verdict, for independent draws."""
    sliced = sliced_null_law(target, result.count)
    laws = {SLICED: sliced.sliced, LARGEST: sliced.largest}
    laws |= {name: null_law(target.marginal(axis), result.count) for axis, name in enumerate((IN_X, IN_Y))}
    p_values = {name: law.p_value(result.distances[name]) for name, law in laws.items()}
    without = {
        name: law.p_value(max(result.distances[name] - result.pde_errors.get(name, 0.0), 0.0))
        for name, law in laws.items()
    }
    holds, verdict = judged({name: (p, without[name]) for name, p in p_values.items()}, result.count)
    floor = sliced.sliced.mean
    return replace(
        result,
        holds=holds,
        verdict=verdict,
        p_values=p_values,
        detectable=sliced.sliced.detectable(),
        floor=floor,
        ratio=result.distances[SLICED] / floor if floor else None,
    )


def exact_on_cells(case: Case | None, plane: Plane, time: float) -> Measure | None:
    """The exact law of a case, where one is known, on cells as fine as those of a plane or finer."""
    law = None if case is None else exact_law(case.model, time)
    if law is None:
        return None
    grids = [Grid(one.lo, one.hi, cells=max(one.cells, _CELLS)) for one in (plane.x, plane.y)]
    return law_on_cells(law, Plane(*grids))


def _errors(solution: PlaneSolution, time: float, case: Case | None, exact: Measure | None) -> dict[str, float]:
    """Distances of a solution to the exact law, else to a solution on half the cells."""
    density = solution.at(time)
    if exact is None:
        if case is None or time == 0.0:
            return {}
        exact = on_half_the_cells(solution, case, [time]).at(time)
    return distances(density, exact)[0]


def _remarks(points: Floats, solution: PlaneSolution) -> tuple[str, ...]:
    sides = zip(points, (solution.grid.x, solution.grid.y), strict=True)
    far = np.hypot(*(np.maximum(row - one.hi, 0.0) + np.maximum(one.lo - row, 0.0) for row, one in sides))
    if not far.any():
        return ()
    share, cost = float((far > 0.0).mean()), float(far.mean())
    return (f"{share:.2g} of the particles lie beyond the rectangle and add {cost:.1e} to W1 at most",)
