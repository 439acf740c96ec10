"""The sides of a mean-field study on the line: see `validation.studies.sides`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import kinetic
from kinetic.schemes import suited
from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Case, Law, Measure, exact_law
from validation.exact import limit_law
from validation.exact.refine import chart_of
from validation.studies import followed
from validation.studies.chart import LINE, Chart, chart_for, ends_in, law_in, solve_in
from validation.studies.distances import KOLMOGOROV, W1, Distance, distance_named
from validation.studies.sides import Resolved, Sides

MOST_CELLS = 12_800
FIRST_A_UNIT = 16  # cells of the first grid in ln x


def check(case: Case, until: float, distance: str | None, start: str) -> None:
    """Refuse a model on the line whose law at the end is not known."""
    if distance is not None:
        distance_named(distance)
    if case.model.nu2 > 0.0:
        chart_of(case.model)
        if start != "random":
            raise InputError(f"start = {start!r} with noise: only the floor of a random start is known")
    elif not isinstance(exact_law(case.model, until), Law):
        raise InputError(f"case {case.name!r} has no exact law on the line: this study needs one")


@dataclass(frozen=True)
class LineSides(Sides):
    """Sides in a chart; `limit` is the equation's law in it."""

    case: Case
    until: float
    start: str
    chart: Chart
    measured: Distance
    limit: Law

    @property
    def symbol(self) -> str:
        return self.measured.symbol

    @property
    def variable(self) -> str:
        return self.chart.name

    def floors(self, counts: Sequence[int], ranks: parallel.Ranks) -> dict[int, float]:
        own = law_in(self.chart, self.particles.law)
        return {count: self.measured.floor(own, count, self.start) for count in counts}

    def resolve(self, allowed: float) -> Resolved:
        model = self.case.model
        ends = ends_in(self.chart, self.case, self.until, self.limit)
        cells = min(self.case.cells, MOST_CELLS)
        if self.chart is not LINE:  # as many whole cells a unit of ln x
            cells = FIRST_A_UNIT * round(ends[1] - ends[0])
        while True:
            grid = kinetic.Grid(*ends, cells=cells)
            measure = solve_in(self.chart, model, grid, suited(model), self.until).at(self.until)
            error = self.measured.to_law(measure, self.limit)
            if error < allowed or 2 * cells > MOST_CELLS:
                return Resolved(measure, f"{cells} cells", cells, error)
            cells *= 2

    def distance(self, points: Floats, target: Any) -> float:
        return self.measured.between(Measure.of_points(self.chart.to(points[0])), target)


def line_sides(
    case: Case, until: float, most: int, *, start: str, eps: float | None, distance: str | None
) -> LineSides:
    """Sides of a case whose largest cloud has `most` particles; the law of collisions is computed here."""
    model = case.model
    chart = chart_for(model)
    measured = distance_named(distance or (W1 if chart is LINE else KOLMOGOROV).name)
    limit = limit_law(model, until)
    law = law_in(chart, limit)
    measured.require(law)
    if model.nu2 == 0.0:
        own = followed.by_flow(limit)
    else:

        def off(computed: Law) -> float:
            return measured.of_laws(law_in(chart, computed), law)

        own = followed.by_collisions(model, until, eps, off, measured.floor(law, most, start))
    return LineSides(own, case, until, start, chart, measured, law)
