"""The sides of a mean-field study in R^d, by sliced W1: see `validation.studies.sides`.

In the plane the equation, and the exact law too, stand as averages of cells, which are projected exactly on every
direction, once. Where the exact law has no known projections its averages give the floors, in the limit of fine cells:
they move a floor by less than 1e-4 of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

import kinetic
from kinetic.plane.domain import rectangle
from kinetic.plane.solution import plane_measure
from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Case, Law, Measure, MultivariateNormal, SpaceLaw, exact_law
from particles.model.exact.linear_space import linear_law
from validation.distance import w1, w1_to_law
from validation.distance.law_on_cells import law_on_cells
from validation.distance.projection import on_direction
from validation.distance.sliced import directions, sliced_w1
from validation.distance.sliced_floor import expected_sliced_w1, projections
from validation.exact import w1_between
from validation.studies import followed
from validation.studies.sides import Resolved, Sides

FIRST, MOST = 80, 1280  # cells of the equation, in each direction
FLOOR_CELLS = 320  # of the exact law, in each direction, for its floors
BARE = 1e-7  # mass at the edge of a solution that is left out


def check(case: Case, until: float, distance: str | None, start: str) -> None:
    """Refuse a model in R^d whose law at the end, or its projections, are not known."""
    model = case.model
    if distance not in (None, "sliced"):
        raise InputError(f"distance = {distance!r} in R^{model.size}: allowed is 'sliced'")
    if start != "random":
        raise InputError(f"start = {start!r} in R^{model.size}: only the floor of a random start is known")
    if model.nu2 > 0.0:
        followed.require_linear(model)
    law = known_law(case, until)
    if model.size > 2:
        law.projection(directions(model.size, 1)[:, 0])


def known_law(case: Case, until: float) -> SpaceLaw:
    """The exact law of a case in R^d, a normal one as such: its projections are known for every d; or InputError."""
    model = case.model
    law = exact_law(model, until)
    if not isinstance(law, SpaceLaw):
        raise InputError(
            f"case {case.name!r} has no exact law in R^{model.size} at t = {until:g}: this study needs one"
        )
    if not model.drift.linear:
        return law
    try:
        linear = linear_law(model, until)
    except InputError:
        return law
    return linear if isinstance(linear, MultivariateNormal) else law


@dataclass(frozen=True)
class Slices:
    """Projections on directions, shape (d, K), of what clouds are held against."""

    along: Floats
    parts: Sequence[Law | Measure]

    def distance(self, points: Floats) -> float:
        """Sliced W1 of a cloud, points of shape (d, M), to it."""
        found = [
            _on_the_line(on_direction(theta, points), part)
            for theta, part in zip(self.along.T, self.parts, strict=True)
        ]
        return math.fsum(found) / len(found)


def _on_the_line(points: Floats, part: Law | Measure) -> float:
    if isinstance(part, Law):
        return w1_to_law(Measure.of_points(points), part)
    return w1(Measure.of_points(points), part)


@dataclass(frozen=True)
class SpaceSides(Sides):
    """Sides in R^d, d > 2: clouds are held against the projections of the exact law."""

    against: ClassVar[str] = "exact law"
    work: ClassVar[int] = 1_000_000

    case: Case
    until: float
    limit: SpaceLaw

    @property
    def symbol(self) -> str:
        return "SW1"

    def floors(self, counts: Sequence[int], ranks: parallel.Ranks) -> dict[int, float]:
        found = ranks.deal(counts, lambda count: expected_sliced_w1(self._own, count))
        return dict(zip(counts, found, strict=True))

    @property
    def _own(self) -> SpaceLaw | Measure:
        """The particles' law, as something whose projections are known."""
        law: SpaceLaw = self.particles.law
        return law

    def resolve(self, allowed: float) -> Resolved:
        along = directions(self.limit.dim)
        return Resolved(Slices(along, projections(self.limit, along)), "the exact law", 0, self.limit.accuracy)

    def distance(self, points: Floats, target: Slices) -> float:
        return target.distance(points)


@dataclass(frozen=True)
class PlaneSides(SpaceSides):
    """Sides in the plane: clouds are held against the equation."""

    against: ClassVar[str] = "PDE"
    work: ClassVar[int] = 4_000_000

    @cached_property
    def _ends(self) -> Any:
        return self.case.rectangle or rectangle(self.case.model, self.until)

    def plane(self, cells: int) -> kinetic.Plane:
        """So many cells in each direction on the case's rectangle, or one that holds all but 1e-12 of the mass."""
        x, y = (kinetic.Grid(*ends, cells=cells) for ends in self._ends)
        return kinetic.Plane(x, y)

    @cached_property
    def _own(self) -> SpaceLaw | Measure:
        law = self.particles.law
        return law if isinstance(law, MultivariateNormal) else law_on_cells(law, self.plane(FLOOR_CELLS))

    def resolve(self, allowed: float) -> Resolved:
        cells = FIRST
        while True:
            plane = self.plane(cells)
            measure = solve(self.case, plane, self.until)
            error = sliced_w1(measure, law_on_cells(self.limit, plane))
            if error < allowed or 2 * cells > MOST:
                along = directions(2)
                target = Slices(along, projections(measure, along))
                return Resolved(target, f"{cells} x {cells} cells", cells, error)
            cells *= 2


def solve(case: Case, plane: kinetic.Plane, until: float) -> Measure:
    """The equation of a case in the plane at `until`; what sticks to its edge is left out where it is next to nothing.

    Its lines along the walls would make a distance ten times as slow.
    """
    solution = kinetic.solve(case.model, plane, until=until, comm=parallel.serial())
    found = solution.at(until)
    if found.plane is None or float(np.abs(solution.atoms[-1]).sum()) > BARE:
        return found
    averages = found.plane.averages / (plane.size * found.plane.averages.sum())
    return plane_measure(plane, averages, np.zeros(plane.atoms), kinetic.CWENO3())


def between_normal(a: SpaceLaw, b: SpaceLaw) -> float:
    """Sliced W1 of two normal laws, by their projections."""
    along = directions(a.dim)
    pairs = zip(projections(a, along), projections(b, along), strict=True)
    return float(np.mean([w1_between(one, other) for one, other in pairs]))  # type: ignore[arg-type]


def space_sides(case: Case, until: float, most: int, *, eps: float | None) -> SpaceSides:
    """Sides of a case in R^d whose largest cloud has `most` particles."""
    model, law = case.model, known_law(case, until)
    kind = PlaneSides if model.size == 2 else SpaceSides
    if model.nu2 == 0.0:
        return kind(followed.by_flow(law), case, until, law)

    def off(computed: SpaceLaw) -> float:
        return between_normal(computed, law)

    return kind(followed.by_collisions(model, until, eps, off, expected_sliced_w1(law, most)), case, until, law)
