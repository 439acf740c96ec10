"""Study of the layers in R^d: sliced W1 between the law of a residual network of L layers and that of the flow.

Both laws are known (`validation.exact.layers_space`), so that the error C dt + O(dt^2) carries no sampling noise: by
their projections where these are normal, else in the plane by their averages in the same cells. The same particles by
both schemes see it with a relative error of some 1/sqrt(M).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import particles
from particles.base import parallel
from particles.base.errors import InputError
from particles.model import Measure, MultivariateNormal, SpaceLaw
from validation.distance.law_on_cells import law_on_cells
from validation.distance.sliced import sliced_w1
from validation.exact.layers_space import require_known, space_layers_law
from validation.studies import followed
from validation.studies.kind import Progress, run_alone
from validation.studies.space_sides import PlaneSides, between_normal, known_law
from validation.studies.study import Check, Row, Study, fit_order, order_checks, successive_orders

if TYPE_CHECKING:
    from validation.studies.layers import LayersStudy

CELLS = 160  # in each direction, of averages of both laws: their difference is smooth
AGREE = 15.0  # over sqrt(M), relative: what walls scatter of a projection, on which particles pass each other
BAND = 0.05  # about the slope -1
CAP = 1.5  # times the first error with L, that the last may have


def check(asked: LayersStudy) -> None:
    """Refuse what `run` could not do."""
    model = asked.case.model
    if asked.independent:
        raise InputError("independent clouds in R^d: this study sees the bias by the same particles alone")
    for number in asked.levels:
        require_known(model, number, asked.time)
    law = known_law(asked.case, asked.time)
    if model.size > 2 and not isinstance(law, MultivariateNormal):
        raise InputError(f"a law in R^{model.size} that is not normal: allowed is the plane, or a normal law")


def run(asked: LayersStudy, ranks: parallel.Ranks, progress: Progress) -> Study:
    """Compute the laws of all levels and carry the clouds, shared out over the ranks."""
    case, until = asked.case, asked.time
    limit = known_law(case, until)
    sides = PlaneSides(followed.by_flow(limit), case, until, limit)
    exact = _cloud(asked, particles.ExactFlow())

    def measure(number: int) -> tuple[float, float]:
        law = space_layers_law(case.model, number, until)
        seen = sliced_w1(_cloud(asked, particles.Euler(layers=number)), exact)
        return distance(law, limit, sides), seen

    with ranks.one_rank_a_node_first():
        measure(asked.levels[0])
    found = ranks.deal(asked.levels, measure, progress=progress)
    rows = tuple(
        Row(number, 1, bias, 0.0, None, {"dt": until / number, "sampled": seen})
        for number, (bias, seen) in zip(asked.levels, found, strict=True)
    )
    return _judge(asked, rows)


def distance(a: SpaceLaw, b: SpaceLaw, sides: PlaneSides) -> float:
    """Sliced W1 of two laws: exact for normal ones, else by their averages in cells of one plane."""
    if isinstance(a, MultivariateNormal) and isinstance(b, MultivariateNormal):
        return between_normal(a, b)
    plane = sides.plane(CELLS)
    return sliced_w1(law_on_cells(a, plane), law_on_cells(b, plane))


def _cloud(asked: LayersStudy, scheme: Any) -> Measure:
    run = run_alone(asked.case.model, scheme, asked.time, count=asked.count, seed=asked.seed)
    return run.at(asked.time)


def _judge(asked: LayersStudy, rows: tuple[Row, ...]) -> Study:
    off = max(abs(row.also["sampled"] / row.error - 1.0) for row in rows)
    allowed = AGREE / math.sqrt(asked.count)
    cap = CAP * rows[0].error * rows[0].level / rows[-1].level
    checks = (
        *order_checks(rows, -1.0, band=BAND, cap=cap),
        Check(f"particles by both schemes agree within {allowed:.2g} of it", f"{off:.2e} off", off <= allowed),
    )
    orders = ", ".join(f"{-order:.4f}" for order in successive_orders(rows))
    remarks = (
        f"order from level to level: {orders}",
        f"sampled: the same {asked.count} particles by both schemes at all levels",
    )
    return asked.study(
        refinement="layers L",
        quantity=f"SW1(L layers, exact flow) at t = {asked.time:g}",
        rows=rows,
        slope=fit_order(rows),
        expected_slope=-1.0,
        checks=checks,
        remarks=remarks,
        extra={"time": asked.time, "count": asked.count, "common": True},
    )
