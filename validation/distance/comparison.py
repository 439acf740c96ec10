"""One cloud against one PDE solution: W1, what it should be, whether it differs from sampling, the PDE's own error.

The floor, the null law and the error use the exact law where the case has one. Otherwise the first two take the
solution's own distribution function, and the error is the distance to a solution on half the cells, an upper estimate
for any scheme that converges at first order or better. With noise the latter takes implicit diffusion, or Chang and
Cooper's scheme if the first does: the explicit scheme's steps, h^2/x^2 for K = x, would cost as much as the run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import overload

import numpy as np

from kinetic import PlaneSolution
from kinetic.solution import Solution
from kinetic.steady import steady_state
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.shown import Shown
from particles.model import Case, Law, exact_law
from particles.model.cases.copy import case_of
from particles.trajectory import Trajectory
from validation.distance import require_mean, w1, w1_by_pot, w1_to_law
from validation.distance.coarser import on_half_the_cells
from validation.distance.floor import expected_w1
from validation.distance.null import kolmogorov_p_value, null_law
from validation.distance.plane_comparison import PlaneComparison, compare_plane
from validation.distance.records import (
    common_time,
    dependence,
    judged,
    require_clouds,
    require_one_dimension,
    require_one_model,
    start_is_known,
)
from validation.distance.supremum import kolmogorov


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison(Shown):
    """Distances between a cloud and a solution at one time, with what they should be measured by.

    Parameters
    ----------
    time : float
    count : int
        Particles M.
    holds : bool, optional
        Whether the two differ by no more than sampling and the equation's own error explain; None where that is not
        judged. Draws of the solution's law fail with probability 5 % at most, both tests together.
    verdict : str
        In one sentence.
    kolmogorov : float
        Largest difference of the two distribution functions.
    kolmogorov_p : float, optional
        Its p-value; this and all p-values only where the particles are independent draws.
    w1, w1_pot : float, optional
        By the exact integral and by POT; None for a law without a mean.
    floor, ratio : float, optional
        Mean W1 between so many particles and their law, for a quantile start its value; W1 over it.
    p_value, detectable : float, optional
        Probability that independent draws are as far away; the distance that they would show with 95 % power.
    pde_error : float, optional
        W1 of the solution to the exact law, or to half the cells; None where the case is not known by name or file.
    remarks : tuple of str
        What else a reader should know.

    Examples
    --------
    >>> import kinetic, particles, validation
    >>> from particles.model import cases
    >>> model = cases["regression"].model
    >>> cloud = particles.simulate(model, particles.ExactFlow(), count=1000, until=2.0)
    >>> density = kinetic.solve(model, kinetic.Grid(-7.0, 9.0, cells=400), until=2.0)
    >>> found = validation.compare(cloud, density)
    >>> print(f"{found.w1:.4f} {found.w1_pot:.4f} {found.floor:.4f} {found.ratio:.2f}")  # twice W1
    0.0118 0.0118 0.0106 1.11
    >>> print(f"{found.p_value:.1f} {found.holds}")
    0.3 True
    """

    time: float
    count: int
    holds: bool | None
    verdict: str
    kolmogorov: float
    kolmogorov_p: float | None
    w1: float | None = None
    w1_pot: float | None = None
    floor: float | None = None
    ratio: float | None = None
    p_value: float | None = None
    detectable: float | None = None
    pde_error: float | None = None
    remarks: tuple[str, ...] = ()


@overload
def compare(cloud: Trajectory, solution: Solution, *, time: float | None = None) -> Comparison: ...
@overload
def compare(cloud: Trajectory, solution: PlaneSolution, *, time: float | None = None) -> PlaneComparison: ...
def compare(
    cloud: Trajectory, solution: Solution | PlaneSolution, *, time: float | None = None
) -> Comparison | PlaneComparison:
    """Compare a cloud with a solution at a time that both hold, by default the last one.

    Parameters
    ----------
    cloud : Trajectory
    solution : Solution or PlaneSolution
    time : float, optional

    Raises
    ------
    InputError
        If they hold no common time, belong to different models or dimensions, or the run kept no clouds.

    See Also
    --------
    w1 : The distance alone.

    Examples
    --------
    >>> import kinetic, particles, validation
    >>> from particles.model import cases
    >>> model, grid = cases["regression"].model, kinetic.Grid(-7.0, 9.0, cells=400)
    >>> cloud = particles.simulate(model, particles.ExactFlow(), count=1000, until=2.0)
    >>> validation.compare(cloud, kinetic.solve(model, grid, until=2.0)).holds
    True
    >>> validation.compare(cloud, kinetic.solve(model, grid, until=1.0))
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: they have no common time: the cloud holds t = 2, the solution t = 1
    """
    require_one_dimension(cloud, solution)
    if isinstance(solution, PlaneSolution):
        return compare_plane(cloud, solution, time=time)
    notes = require_one_model(cloud.info, solution.provenance)
    time, stored = common_time(cloud, solution, time)
    require_clouds(cloud)
    points, density = cloud.at(time), solution.at(stored)
    case = case_of(cloud.info)
    known = None if case is None else exact_law(case.model, time)
    law = known if isinstance(known, Law) else None
    why_not = dependence(cloud.info)
    supremum = kolmogorov(points, density)
    supremum_p = kolmogorov_p_value(supremum, cloud.count)
    off = _Reference.of(solution, stored, case, law)
    by_supremum = supremum_p, kolmogorov_p_value(max(supremum - (off.supremum or 0.0), 0.0), cloud.count)
    base = Comparison(
        time=time,
        count=cloud.count,
        holds=None,
        verdict=why_not or "",
        kolmogorov=supremum,
        kolmogorov_p=None if why_not else supremum_p,
        remarks=(*notes, *_remarks(points.points[0], solution, case)),
    )
    try:
        if law is not None:
            require_mean(law)
    except InputError as reason:
        base = dataclasses.replace(base, remarks=(str(reason), *base.remarks))
        return base if why_not else _judged(base, {_SUPREMUM: by_supremum})
    target = density if law is None else law
    distance, error = w1(points, density), off.w1
    found = dataclasses.replace(base, w1=distance, w1_pot=w1_by_pot(points, density), pde_error=error)
    if start_is_known(cloud.info):
        floor = expected_w1(target, cloud.count, cloud.info["start"])
        found = dataclasses.replace(found, floor=floor, ratio=distance / floor if floor else None)
        if cloud.info["start"] == "quantile" and law is not None and error is not None:
            holds, verdict = _deterministic(abs(distance - floor), error)
            found = dataclasses.replace(found, holds=holds, verdict=verdict)
    if why_not:
        return found
    null = null_law(target, cloud.count)
    p = null.p_value(distance)
    found = dataclasses.replace(found, p_value=p, detectable=null.detectable())
    without = p if error is None else null.p_value(max(distance - error, 0.0))
    return _judged(found, {"W1": (p, without), _SUPREMUM: by_supremum})


_SUPREMUM = "the Kolmogorov distance"


def _judged(found: Comparison, p_values: Mapping[str, tuple[float, float]]) -> Comparison:
    holds, verdict = judged(p_values, found.count)
    return dataclasses.replace(found, holds=holds, verdict=verdict)


def known_laws(solution: Solution) -> list[tuple[str, list[Law]]]:
    """What a solution may be drawn over, by name: the exact laws of its case at its times after 0, its law at rest."""
    case = case_of(solution.provenance)
    if case is None:
        return []
    exact = [exact_law(case.model, t) for t in solution.times if t > 0.0]
    found = [("exact", [law for law in exact if isinstance(law, Law)]), ("at rest", _at_rest(case))]
    return [(name, laws) for name, laws in found if laws]


def _at_rest(case: Case) -> list[Law]:
    """The law at rest of a noisy case, if there is one."""
    if case.model.nu2 == 0.0 or not (case.model.autonomous or case.model.mean_coupled):
        return []
    rest = steady_state(case.model).law
    return [] if rest is None else [rest]


def _deterministic(off: float, error: float) -> tuple[bool, str]:
    """Judge a cloud without chance: by the triangle inequality W1 is off its exact value by the PDE's error at most."""
    told = f"a start without chance: W1 is off its exact value by {off:.1e},"
    if off <= error * (1.0 + 1e-9):
        return True, f"{told} no more than the equation's own error"
    return False, f"{told} more than the equation's own error: the particles do not follow the law"


def _remarks(points: Floats, solution: Solution, case: Case | None) -> tuple[str, ...]:
    found = []
    low, high = solution.grid.lo, solution.grid.hi
    beyond = np.maximum(points - high, 0.0) + np.maximum(low - points, 0.0)
    if beyond.any():
        share, cost = float((beyond > 0.0).mean()), float(beyond.mean())
        found.append(f"{share:.2g} of the particles lie beyond the grid [{low:g}, {high:g}] and add {cost:.1e} to W1")
    if case is not None and any(not np.isfinite(law.mean) for law in _at_rest(case)):
        found.append("the law at rest has no mean: for long times only the Kolmogorov distance has a meaning")
    return tuple(found)


@dataclass(frozen=True)
class _Reference:
    """How far a solution may be off: W1 and the largest difference of distribution functions; None where not known."""

    w1: float | None = None
    supremum: float | None = None

    @staticmethod
    def of(solution: Solution, time: float, case: Case | None, law: Law | None) -> _Reference:
        """Against the exact law, else against a solution on half the cells."""
        density = solution.at(time)
        x = np.linspace(solution.grid.lo, solution.grid.hi, 16 * solution.grid.cells + 1)  # inside the cells too
        if law is not None:
            has_mean = bool(np.isfinite(law.mean))
            off = float(np.abs(density.cdf(x) - law.cdf(x)).max())
            return _Reference(w1_to_law(density, law) if has_mean else None, off)
        if case is None or time == 0.0:
            return _Reference()
        half = on_half_the_cells(solution, case, [time]).at(time)
        return _Reference(w1(density, half), float(np.abs(density.cdf(x) - half.cdf(x)).max()))
