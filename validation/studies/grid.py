"""Study of the grid: the equation's density on N cells against the exact law, dx = (hi - lo)/N.

The error is W1(solution, exact law), beside it stands the L1 error of the cell averages. What order to expect follows
from the model (`validation.studies.expected_order`); where model and grids leave none, or the errors are not the
scheme's but those of ends, of rounding or of a law between two faces, the study says so and gives no verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import kinetic
from kinetic.schemes import named, require_scheme
from particles.base import command, parallel
from particles.base.errors import InputError
from particles.model import Law, Model, exact_law
from validation.distance import w1_to_law
from validation.studies.expected_order import Expected, default_levels, expected_order, kinks, masses, scale
from validation.studies.kind import Kind, Progress, ascending, option, require_levels
from validation.studies.study import Check, Row, Study, fit_order, order_checks, successive_orders

FIRST, FIRST_NOISY = 100, 50  # coarsest of the five default levels, without noise and with it
BAND = 0.3  # about the expected slope, over the last three levels
CAP = 2.0  # the last error is at most CAP h (h/scale)^(order - 1)
RESOLVED = 1.5  # cells in the scale of start and exact law that the last three levels must have
ROUNDING = 1e-13  # of the domain's length: errors below are rounding


@dataclass(frozen=True, eq=False)
class GridStudy(Kind):
    """W1 between the equation's solution and the exact law over `levels` of cells.

    Parameters
    ----------
    case : Case
        On the line, with an exact law at `until`; on the case's domain, or `kinetic.domain` where it has none.
    levels : sequence of int, optional
        Increasing numbers of cells, at least three; by default five doublings from 100 (50 with noise), or from the
        first number that puts the jumps of the initial density on faces.
    scheme : kinetic.Scheme, default Explicit()
    until : float > 0, optional
        Time of the comparison; by default the case's horizon.

    Raises
    ------
    InputError
        By `check` and `run`, if the case has no exact law or its start has atoms, or a field is out of range.
    """

    name: ClassVar[str] = "grid"
    help: ClassVar[str] = "errors of the equation against the number of cells"

    levels: Sequence[int] | None = option(
        None, arrange=ascending, type=command.positive_integer, nargs="+", metavar="N", help="numbers of cells"
    )
    scheme: kinetic.Scheme = option(
        kinetic.Explicit(), arrange=named, help="explicit (default), imex or chang-cooper", metavar="S"
    )

    def check(self) -> tuple[Law, list[kinetic.Grid]]:
        """Refuse what `run` could not do; return the exact law and the grids."""
        model, until, levels = self.case.model, self.time, self.levels
        require_scheme(self.scheme, noisy=model.nu2 > 0.0)
        law = exact_law(model, until)
        if not isinstance(law, Law):
            raise InputError(
                f"case {self.case.name!r} has no exact law on the line at t = {until:g}: this study needs one"
            )
        lo, hi = self.case.domain or kinetic.domain(model, until)
        points = [float(x) for x in model.start_law.atoms()[0] if lo < x < hi]
        if points:
            raise InputError(
                f"the start has an atom at x = {points[0]:g}, which no cell resolves: allowed are densities"
            )
        if levels is None:
            levels = default_levels(model, lo, hi, FIRST_NOISY if model.nu2 > 0.0 else FIRST)
        require_levels(levels, "increasing numbers of cells")
        return law, [kinetic.Grid(lo, hi, cells=cells) for cells in levels]

    def run(self, *, comm: Any = None, progress: Progress = lambda share: None) -> Study:
        """Solve on every grid; the grids are shared out over the ranks of `comm`."""
        law, grids = self.check()

        def errors(g: kinetic.Grid) -> tuple[float, float]:
            solution = kinetic.solve(self.case.model, g, self.scheme, until=self.time)
            return w1_to_law(solution.at(self.time), law), _l1(solution, law)

        found = parallel.of(comm).deal(grids, errors, progress=progress, cost=lambda g: g.cells**2)
        rows = tuple(
            Row(g.cells, 1, w1, 0.0, None, {"h": g.h, "L1": l1}) for g, (w1, l1) in zip(grids, found, strict=True)
        )
        expected = expected_order(self.case.model, law, grids, self.time, self.scheme)
        return _judge(self, law, grids, rows, expected, {"time": self.time, "scheme": self.scheme.name})


def _judge(
    asked: Kind,
    law: Law,
    grids: Sequence[kinetic.Grid],
    rows: tuple[Row, ...],
    expected: Expected,
    extra: dict[str, Any],
) -> Study:
    model = asked.case.model
    refusal = expected.refusal or _blind(model, law, grids, rows[-1].error, extra["time"])
    checks: tuple[Check, ...] = ()
    if refusal is None:
        points = kinks(model, extra["time"], grids[0].lo, grids[0].hi)
        length = min(scale(known, grids[-1], points) for known in (model.start_law, law))
        order, cap = order_checks(
            rows, -expected.order, band=BAND, cap=CAP * grids[-1].h * (grids[-1].h / length) ** (expected.order - 1.0)
        )
        if expected.most > expected.order:
            slope = fit_order(rows[-3:]).estimate
            low, high = -expected.most - BAND, -expected.order + BAND
            claim = f"slope over the last three levels lies between {low:g} and {high:g}"
            order = Check(claim, f"{slope:.4f}", low <= slope <= high)
        checks = order, cap
    orders = ", ".join(f"{-order:.3f}" for order in successive_orders(rows))
    return asked.study(
        refinement="cells N",
        quantity=f"W1(PDE, exact law) at t = {extra['time']:g}, {extra['scheme']}",
        rows=rows,
        slope=fit_order(rows),
        expected_slope=-expected.order,
        one_sided=expected.most > expected.order,
        checks=checks,
        refusal=refusal,
        remarks=tuple(line for line in (f"order from level to level: {orders}", expected.why) if line),
        extra={**extra, "domain": [grids[0].lo, grids[0].hi], "expected_order": expected.order},
    )


def _blind(model: Model, law: Law, grids: Sequence[kinetic.Grid], error: float, until: float) -> str | None:
    """Why errors on these grids say nothing of the scheme, or None."""
    lo, hi, start = grids[-1].lo, grids[-1].hi, model.start_law
    points = kinks(model, until, lo, hi)
    for when, known in ((0.0, start), (until, law)):
        if scale(known, grids[-3], points) < RESOLVED * grids[-3].h:
            now, first = (scale(one, grids[-1], points) for one in (known, start))
            return _narrow(model, when, now, first, grids)
    lost = max(_outside(known, lo, hi) for known in (start, law))
    if error < 10.0 * lost * (hi - lo):
        return f"the ends cut off a mass of {lost:.1e}, which the last error {error:.1e} may show: widen them"
    if error < ROUNDING * (hi - lo):
        return f"the last error {error:.1e} is rounding: choose fewer cells"
    return None


def _narrow(model: Model, when: float, now: float, first: float, grids: Sequence[kinetic.Grid]) -> str:
    """A law too narrow for the third grid from the last, and until when one would not be, t* = ln(sigma_0/h)/abs(w)."""
    enough, rate, until = RESOLVED * grids[-3].h, -model.weight_at(0.0), ""
    if when > 0.0 and rate > 0.0 and model.nu2 == 0.0:
        until = f" (one that falls like exp(-{rate:g} t) has them until t = {math.log(first / enough) / rate:.2g})"
    cells = math.ceil(RESOLVED * (grids[0].hi - grids[0].lo) / now)
    return (
        f"at t = {when:g} the density bends within {now:.2g}, less than {RESOLVED:g} of {grids[-3].cells} cells{until}:"
        f" the last three levels need {cells} cells or more"
    )


def _l1(solution: kinetic.Solution, law: Law) -> float:
    """L1 error of the cell averages; what sticks at the ends is no part of the law's density."""
    return float(np.abs(solution.grid.h * solution.averages[-1] - masses(law, solution.grid)).sum())


def _outside(law: Law, lo: float, hi: float) -> float:
    return float(law.cdf(np.nextafter(lo, -np.inf)) + 1.0 - law.cdf(hi))
