"""The experiments of a budget in the plane, without noise: the chain of `record` in sliced W1.

The laws of the layers and of the flow are known (`validation.exact.layers_space`); where they are not normal they stand
as averages in cells, the finer ones for sampling, those of the solution for its error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import kinetic
from kinetic.plane.domain import rectangle
from particles import Euler
from particles.base import parallel
from particles.base.errors import InputError
from particles.model import Case, Measure, MultivariateNormal, SpaceLaw
from validation.distance.law_on_cells import law_on_cells
from validation.distance.sliced import directions, sliced_w1
from validation.distance.sliced_floor import projections
from validation.exact.layers_space import require_known, space_layers_law
from validation.studies.followed import by_flow
from validation.studies.space_layers import distance
from validation.studies.space_sides import FLOOR_CELLS, PlaneSides, Slices, known_law

if TYPE_CHECKING:
    from validation.advice.budget.measure import Settings

POWER = 3  # of the cells in a direction, that the work grows with


@dataclass(frozen=True)
class PlaneChain:
    """What the terms of a budget in the plane are measured between.

    `own` and `solution` are projections of the law of the layers and of the solution, to hold clouds against;
    `time_step`, `grid` and `domain` are the terms between laws and solutions, `order` that of the grid.
    """

    own: Slices
    law: SpaceLaw | Measure
    solution: Slices
    time_step: float
    grid: float
    domain: float
    order: float
    told: str
    seconds: float
    wide_seconds: float


def check(case: Case, scheme: Any, until: float) -> None:
    """Refuse what `chain` could not do."""
    model = case.model
    if model.nu2 > 0.0 or not isinstance(scheme, Euler):
        raise InputError(f"nu2 = {model.nu2!r} in the plane: a budget there is of Euler's layers without noise")
    layers = len(scheme.levels(model, until, [])) - 1
    require_known(model, layers, until)
    known_law(case, until)


def chain(case: Case, scheme: Euler, settings: Settings) -> PlaneChain:
    """Compute the laws and the solutions. Local to the calling process."""
    model, until = case.model, settings.until
    layers = len(scheme.levels(model, until, [])) - 1
    own, limit = space_layers_law(model, layers, until), known_law(case, until)
    sides = PlaneSides(by_flow(limit), case, until, limit)
    along = directions(2)
    law = own if isinstance(own, MultivariateNormal) else law_on_cells(own, sides.plane(FLOOR_CELLS))
    narrow = kinetic.Plane(*(kinetic.Grid(*ends, cells=settings.cells) for ends in settings.domain))
    wide = _widened(narrow, case, until)
    half = kinetic.Plane(*(kinetic.Grid(g.lo, g.hi, cells=max(g.cells // 2, 4)) for g in (wide.x, wide.y)))
    solve(case, half, settings, 1e-3 * until)  # compiles
    found, times = [], []
    for plane in (narrow, wide, half):
        began = perf_counter()
        found.append(solve(case, plane, settings, until))
        times.append(perf_counter() - began)
    fine, coarse = (sliced_w1(found[k], law_on_cells(limit, plane)) for k, plane in ((1, wide), (2, half)))
    return PlaneChain(
        own=Slices(along, projections(law, along)),
        law=law,
        solution=Slices(along, projections(found[0], along)),
        time_step=distance(own, limit, sides),
        grid=fine,
        domain=0.0 if wide == narrow else sliced_w1(found[0], found[1]),
        order=min(max(math.log2(coarse / fine), 0.5), 4.0),
        told=wide.told.split(" on ")[1],
        seconds=times[0],
        wide_seconds=times[1],
    )


def solve(case: Case, plane: kinetic.Plane, settings: Settings, until: float) -> Measure:
    """The solution on one plane."""
    return kinetic.solve(case.model, plane, settings.pde, until=until, comm=parallel.serial()).at(until)


def _widened(plane: kinetic.Plane, case: Case, until: float) -> kinetic.Plane:
    """The plane with whole cells added at its ends until nothing that matters lies beyond; walls stay."""
    if case.model.walls is not None:
        return plane
    grids = []
    for grid, (lo, hi) in zip((plane.x, plane.y), rectangle(case.model, until), strict=True):
        below, above = (max(0, math.ceil(gap / grid.h)) for gap in (grid.lo - lo, hi - grid.hi))
        grids.append(kinetic.Grid(grid.lo - below * grid.h, grid.hi + above * grid.h, cells=grid.cells + below + above))
    return kinetic.Plane(*grids)
