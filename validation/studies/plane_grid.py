"""Study of the grid in the plane: averages of N x N cells against those of the exact law, h = (x_hi - x_lo)/N.

The error is L1, h k sum abs(u - exact), between walls with what sticks to them: W1 has no exact value in the plane, and
sliced W1 shows the same order at more cost. Beside it stand the largest error of an average and that of E xy.

Without the term of its fluxes that couples the directions a scheme solves the equation with the cross diffusion

    (h^2/12) (d_y a_1 + d_x a_2) d_xy g,

so it is of second order; but of third where this is 0, for a diagonal weight and for a rotation. Then the study says
that the field is blind to the term.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import kinetic
from kinetic.line.reconstruction import CWENO3
from kinetic.plane.domain import rectangle
from kinetic.schemes import require_scheme
from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Case, Model, Product, SpaceLaw, exact_law
from particles.model.exact.circulation import circulating_state
from validation.distance.law_on_cells import law_on_cells
from validation.studies.expected_order import jumps
from validation.studies.kind import Progress, require_levels
from validation.studies.study import Check, Interval, Row, Study, successive_orders

if TYPE_CHECKING:
    from validation.studies.grid import GridStudy

LEVELS = (40, 80, 160, 320)
MOST_FIRST = 80  # cells of the first level, at most, where nobody chose a time
LOW, HIGH = 0.2, 0.3  # about the order of the last step, below and above
CAP = 2.0  # the last error is at most CAP times the sum of (h/scale)^order over both directions
RESOLVED = 1.5  # cells in the scale of start and exact law that the last three levels must have
LOST = 0.1  # of the last error, mass that the rectangle may cut off


class _Posed(NamedTuple):
    """Model and exact law, whether that rests, the grids, and the time of the comparison."""

    model: Model
    law: SpaceLaw
    at_rest: bool
    planes: list[kinetic.Plane]
    until: float


def check(asked: GridStudy) -> None:
    """Refuse what `run` could not do."""
    model = asked.case.model
    if asked.variable not in (None, "x"):
        raise InputError(f"variable = {asked.variable!r} in the plane: allowed is 'x'")
    require_levels(asked.levels or LEVELS, "increasing numbers of cells")
    _law(asked.case, asked.time)
    require_scheme(asked.used, noisy=model.nu2 > 0.0, in_plane=True)
    for law in model.initial.components if isinstance(model.initial, Product) else ():
        low, high = law.quantile(np.array([1e-12, 1.0 - 1e-12])).tolist()
        if jumps(law, low - law.std, high + law.std) or law.atoms()[0].size:
            raise InputError("the start jumps: no order is known for that in the plane; allowed are smooth densities")


def _law(case: Case, until: float) -> tuple[SpaceLaw, bool]:
    """The exact law at `until`, or one that rests; or InputError."""
    model = case.model
    law = exact_law(model, until)
    if isinstance(law, SpaceLaw) and law.dim == 2:
        return law, False
    try:
        if model.size == 2 and model.nu2 > 0.0:
            return circulating_state(model), True
    except InputError:
        pass
    raise InputError(f"case {case.name!r} has no exact law in the plane at t = {until:g}: this study needs one")


def run(asked: GridStudy, ranks: parallel.Ranks, progress: Progress) -> Study:
    """Solve on every grid; the grids are shared out over the ranks."""
    posed = _pose(asked)

    def errors(plane: kinetic.Plane) -> tuple[float, dict[str, float], Any]:
        exact, edge = _on_cells(posed.law, plane)
        start = exact if posed.at_rest else None
        solution = kinetic.solve(
            posed.model, plane, asked.used, until=posed.until, averages=start, comm=parallel.serial()
        )
        off = solution.averages[-1] - exact
        l1 = plane.size * float(np.abs(off).sum())
        also = {"h": plane.x.h, "largest": float(np.abs(off).max())}
        if posed.model.walls is None:
            also["E xy"] = plane.size * float((plane.y.centres[:, None] * plane.x.centres * off).sum())
        else:
            also["walls"] = float(np.abs(solution.atoms[-1] - edge).sum())
        return l1 + also.get("walls", 0.0), also, solution.release

    found = ranks.deal(posed.planes, errors, progress=progress, cost=lambda plane: plane.cells**1.5)
    rows = tuple(
        Row(plane.x.cells, 1, error, 0.0, None, also)
        for plane, (error, also, _) in zip(posed.planes, found, strict=True)
    )
    return _judge(asked, posed, rows, found[-1][2])


def _on_cells(law: SpaceLaw, plane: kinetic.Plane) -> tuple[Floats, Floats]:
    """Exact averages of a law in cells, and its masses on the walls and in the corners, as a solution has them."""
    found = law_on_cells(law, plane)
    assert found.plane is not None
    walls = [wall.cell_masses for wall in found.plane.walls]
    return found.plane.averages, np.concatenate([*walls, found.masses]) if walls else np.zeros(plane.atoms)


def _pose(asked: GridStudy) -> _Posed:
    """The grids that were asked for at the time asked for, or some that resolve the laws.

    Without either the horizon is halved until 160 cells in each direction resolve them, so that four levels do.
    """
    if asked.levels is not None:
        return _posed_at(asked.case, asked.time, asked.levels)
    until = asked.time
    while True:
        posed = _posed_at(asked.case, until, LEVELS)
        last, scales = posed.planes[-1], _scales(posed)
        fewest = max(
            RESOLVED * (grid.hi - grid.lo) / scale for grid, scale in zip((last.x, last.y), scales, strict=True)
        )
        if fewest <= 2 * MOST_FIRST or asked.until is not None or until < asked.case.until / 8.0:
            break
        until *= 0.5
    first = max(LEVELS[0], 4 * math.ceil(fewest / 8.0))  # the second level resolves the laws
    return _posed_at(asked.case, until, [first * level // LEVELS[0] for level in LEVELS])


def _posed_at(case: Case, until: float, levels: Sequence[int]) -> _Posed:
    law, at_rest = _law(case, until)
    model = dataclasses.replace(case.model, initial=law) if at_rest else case.model
    ends = case.rectangle or rectangle(model, until)
    planes = [kinetic.Plane(*(kinetic.Grid(*pair, cells=cells) for pair in ends)) for cells in levels]
    return _Posed(model, law, at_rest, planes, until)


def _judge(asked: GridStudy, posed: _Posed, rows: tuple[Row, ...], release: Any) -> Study:
    order = float(asked.used.order)
    most = order + 1.0 if order == 3.0 and isinstance(asked.used.reconstruction, CWENO3) else order
    scales = _scales(posed)
    refusal = _blind(posed, scales, rows[-1].error)
    if release is not None and release.mass > LOST * rows[-1].error:
        refusal = release.sentence
    checks: tuple[Check, ...] = ()
    orders = [-step for step in successive_orders(rows)]
    if refusal is None:
        last = posed.planes[-1]
        cap = CAP * sum((grid.h / scale) ** order for grid, scale in zip((last.x, last.y), scales, strict=True))
        low, high = order - LOW, most + HIGH
        checks = (
            Check(f"order of the last step lies between {low:g} and {high:g}", f"{orders[-1]:.4f}",
                  low <= orders[-1] <= high),
            Check(f"last error is at most {cap:.2e}", f"{rows[-1].error:.2e}", rows[-1].error <= cap),
        )  # fmt: skip
    told = (
        f"order from level to level: {', '.join(f'{step:.3f}' for step in orders)}",
        "from the law at rest on, which stays what it is" if posed.at_rest else "",
        f"at t = {asked.time:g} the density is too narrow for these grids" if posed.until < asked.time else "",
        sees_no_product_term(posed.model) or "",
    )
    plane = posed.planes[0]
    return asked.study(
        refinement="cells N in each direction",
        quantity=f"L1(PDE, exact law) at t = {posed.until:g}, {asked.used.name}",
        rows=rows,
        slope=Interval(-orders[-1], abs(orders[-1] - orders[-2])),  # of the last step, and what it still changes
        expected_slope=-order,
        one_sided=most > order,
        checks=checks,
        refusal=refusal,
        remarks=tuple(line for line in told if line),
        extra={
            "time": posed.until, "scheme": asked.used.name, "at_rest": posed.at_rest, "expected_order": order,
            "domain": [[plane.x.lo, plane.x.hi], [plane.y.lo, plane.y.hi]],
            "blind": sees_no_product_term(posed.model) is not None,
        },
    )  # fmt: skip


def sees_no_product_term(model: Model) -> str | None:
    """Why a scheme without the term that couples the directions would do as well for this field; None where not."""
    times = np.array([0.0, *model.breakpoints])
    weights = model.weights(times)
    why = ""
    if not weights[:, 0, 1].any() and not weights[:, 1, 0].any():
        why = "w is diagonal"
    elif model.drift.linear and not (weights[:, 0, 1] + weights[:, 1, 0]).any():
        why = "w_12 = -w_21 and the drift is linear"
    if not why:
        return None
    return f"{why}: this field cannot see the term of a flux that couples the directions (the case shear does)"


def _scales(posed: _Posed) -> list[float]:
    """Scales sqrt(max g/max abs(d^2 g)) of start and exact law in x and in y, the smaller, at the last grid."""
    plane = posed.planes[-1]
    found = []
    for law in (posed.model.initial, posed.law):
        assert isinstance(law, SpaceLaw)
        u, _ = _on_cells(law, plane)
        bends = (np.abs(np.diff(u, 2, axis=axis)).max() for axis in (1, 0))
        widths = (plane.x.h, plane.y.h)
        found.append([h * math.sqrt(u.max() / max(bend, 1e-300)) for h, bend in zip(widths, bends, strict=True)])
    return [min(pair) for pair in zip(*found, strict=True)]


def _blind(posed: _Posed, scales: Sequence[float], error: float) -> str | None:
    """Why errors on these grids say nothing of the scheme, or None."""
    third, last = posed.planes[-3], posed.planes[-1]
    for name, grid, scale in zip(("x", "y"), (third.x, third.y), scales, strict=True):
        if scale < RESOLVED * grid.h:
            cells = math.ceil(RESOLVED * (grid.hi - grid.lo) / scale)
            return (
                f"in {name} the density bends within {scale:.2g}, less than {RESOLVED:g} of {grid.cells} cells: the"
                f" last three levels need {cells} cells or more"
            )
    if posed.model.walls is None:
        lost = abs(1.0 - last.size * float(last.averages(posed.law).sum()))
        if lost > LOST * error:
            return f"the rectangle cuts off a mass of {lost:.1e}, which the last error {error:.1e} may show: widen it"
    return None
