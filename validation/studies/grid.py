"""Study of the grid: the equation's density on N cells against the exact law, dx = (hi - lo)/N.

Where noise of shape K = x keeps the half line, laws without a closed form are computed (`validation.exact`), and the
equation starts from the law at T/8, which has no jumps any more. It is studied in x where the grids resolve these laws
in x, else in ln x.

The error is W1(solution, exact law), beside it stands the L1 error of the cell averages. What order to expect follows
from the model (`validation.studies.expected_order`); where model and grids leave none, or the errors are not the
scheme's but those of ends, of rounding or of a law between two faces, the study says so and gives no verdict.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

import kinetic
from kinetic.schemes import named, require_scheme
from particles.base import command, parallel
from particles.base.checks import require_one_of
from particles.base.errors import InputError
from particles.model import Law, Model, exact_law
from validation.distance import w1_to_law
from validation.exact import limit_law, w1_between
from validation.exact.refine import chart_of
from validation.studies import plane_grid
from validation.studies.chart import HALF_LINE, LINE, Chart, chart_for, ends_in, law_in, solve_in
from validation.studies.expected_order import (
    Data,
    Expected,
    default_levels,
    expected_order,
    jumps,
    kinks,
    masses,
    scale,
)
from validation.studies.kind import Kind, Progress, ascending, option, require_levels
from validation.studies.study import Check, Row, Study, fit_order, order_checks, successive_orders

FIRST, FIRST_NOISY = 100, 50  # coarsest of the five default levels, without noise and with it
BAND = 0.3  # about the expected slope, over the last three levels
CAP = 2.0  # the last error is at most CAP h (h/scale)^(order - 1)
RESOLVED = 1.5  # cells in the scale of start and exact law that the last three levels must have
ROUNDING = 1e-13  # of the domain's length: errors below are rounding
SINCE = 0.125  # of the horizon, when the equation starts on the half line
HALF_LINE_LEVELS = 4  # in x, whose ends cut off what a fifth would show
KNOWN = 0.03  # of the last error, that a computed law may be off one on half as many points
VARIABLES = {"x": LINE, "ln-x": HALF_LINE}


class _Posed(NamedTuple):
    """The problem in a variable: it, the time of the start, the laws there, at the end and by how much that is off."""

    chart: Chart
    since: float
    model: Model
    data: Data
    grids: list[kinetic.Grid]
    accuracy: float


@dataclass(frozen=True, eq=False, repr=False)
class GridStudy(Kind):
    """W1 between the equation's solution and the exact law over `levels` of cells.

    Parameters
    ----------
    case : Case
        On the line, with an exact law at `until`, or with noise K = x one that can be computed: constant weight and
        bias, no walls. On the case's domain, or `kinetic.domain` where it has none. In the plane
        (`validation.studies.plane_grid`), with an exact law at `until` or one at rest that circulates.
    levels : sequence of int, optional
        Increasing numbers of cells, at least three; by default five doublings from 100 (50 with noise), or from the
        first number that puts the jumps of the initial density on faces. In the plane three from 40 x 40
        cells, or from as many as the laws need.
    scheme : kinetic.Scheme, optional
        By default Explicit(), with noise K = x Imex(), whose steps do not shrink with h^2/x^2.
    variable : {"x", "ln-x"}, optional
        "ln-x" with noise K = x only; by default there where x does not resolve the laws, or they have no mean at rest.
    until : float > 0, optional
        Time of the comparison; by default the case's horizon.

    Raises
    ------
    InputError
        By `check` and `run`, if the case has no exact law or its start has atoms, or a field is out of range.

    Examples
    --------
    >>> from particles.model import cases
    >>> from validation import GridStudy
    >>> study = GridStudy(cases["regression"], levels=[200, 400, 800], until=1.0).run()
    >>> print(study.verdict, study.slope, study.expected_slope)
    holds -3.1304 +- 0.5445 -3.0
    >>> [f"{row.error:.1e}" for row in study.rows]
    ['1.7e-04', '1.8e-05', '2.2e-06']
    """

    name: ClassVar[str] = "grid"
    help: ClassVar[str] = "errors of the equation against the number of cells"

    levels: Sequence[int] | None = option(
        None, arrange=ascending, type=command.positive_integer, nargs="+", metavar="N", help="numbers of cells"
    )
    scheme: kinetic.Scheme | None = option(
        None, arrange=named, help="explicit (default), imex (default where K = x) or chang-cooper", metavar="S"
    )
    variable: str | None = option(None, metavar="V", help="x or, where K = x, ln-x (default: what resolves the laws)")

    @property
    def used(self) -> kinetic.Scheme:
        """The scheme, or that of the case."""
        return self.scheme or (kinetic.Imex() if self._half_line else kinetic.Explicit())

    @property
    def _half_line(self) -> bool:
        return self.case.model.nu2 > 0.0 and self.case.model.diffusion.half_line

    def check(self) -> None:
        """Refuse what `run` could not do."""
        model, until = self.case.model, self.time
        if model.size > 1:
            plane_grid.check(self)
            return
        require_scheme(self.used, noisy=model.nu2 > 0.0)
        if self.variable is not None:
            require_one_of("variable", self.variable, tuple(VARIABLES))
        if self._half_line:
            chart_of(model)
        elif self.variable == "ln-x":
            raise InputError(f"variable = {self.variable!r} without noise of shape K = x: allowed is 'x'")
        elif not isinstance(exact_law(model, until), Law):
            raise InputError(
                f"case {self.case.name!r} has no exact law on the line at t = {until:g}: this study needs one"
            )
        else:
            self._require_density(*(self.case.interval or kinetic.domain(model, until)))
        if self.levels is not None:
            require_levels(self.levels, "increasing numbers of cells")

    def _require_density(self, lo: float, hi: float) -> None:
        points = [float(x) for x in self.case.model.start_law.atoms()[0] if lo < x < hi]
        if points:
            raise InputError(
                f"the start has an atom at x = {points[0]:g}, which no cell resolves: allowed are densities"
            )

    def run(self, *, comm: Any = None, progress: Progress = lambda share: None) -> Study:
        """Solve on every grid; the grids are shared out over the ranks of `comm`."""
        self.check()
        if self.case.model.size > 1:
            return plane_grid.run(self, parallel.of(comm), progress)
        posed, used = self._posed(), self.used

        def errors(g: kinetic.Grid) -> tuple[float, float]:
            lasts = self.time - posed.since
            solution = solve_in(posed.chart, posed.model, g, used, lasts)
            return w1_to_law(solution.at(lasts), posed.data.law), _l1(solution, posed.data.law)

        found = parallel.of(comm).deal(posed.grids, errors, progress=progress, cost=lambda g: g.cells**2)
        rows = tuple(
            Row(g.cells, 1, w1, 0.0, None, {"h": g.h, "L1": l1}) for g, (w1, l1) in zip(posed.grids, found, strict=True)
        )
        expected = expected_order(posed.data, posed.grids, used)
        extra = {"time": self.time, "scheme": used.name, "variable": posed.chart.name, "since": posed.since}
        return _judge(self, posed, rows, expected, extra)

    def _posed(self) -> _Posed:
        """The problem in the variable that was asked for, or in x if that resolves the laws, else in ln x."""
        if not self._half_line or self.variable is not None:
            return self._posed_in(VARIABLES[self.variable or "x"])
        if chart_for(self.case.model) is HALF_LINE:
            return self._posed_in(HALF_LINE)
        posed = self._posed_in(LINE)
        data = posed.data
        fine = all(scale(law, posed.grids[-1], data.kinks) >= RESOLVED * posed.grids[-3].h for law in data[:2])
        return posed if fine else self._posed_in(HALF_LINE)

    def _posed_in(self, chart: Chart) -> _Posed:
        model, until = self.case.model, self.time
        law, since, accuracy = limit_law(model, until), 0.0, 0.0
        if self._half_line:
            since = SINCE * until
            model = dataclasses.replace(model, initial=limit_law(model, since))
            accuracy = law.accuracy if chart is LINE else self._accuracy_in(chart, law)
        law = law_in(chart, law)
        lo, hi = ends_in(chart, self.case, until, law)
        bent = kinks(model, until, *(float(x) for x in chart.back(np.array([lo, hi]))))
        data = Data(law_in(chart, model.start_law), law, [float(chart.to(np.array(x))) for x in bent], model.nu2 > 0.0)
        levels = self.levels
        if levels is None:
            first = FIRST_NOISY if data.noisy else FIRST
            points = [*data.kinks, *(jumps(self.case.model.start_law, lo, hi) if data.noisy and not since else [])]
            levels = default_levels(points, lo, hi, first)
            levels = levels[:HALF_LINE_LEVELS] if since and chart is LINE else levels
        return _Posed(chart, since, model, data, [kinetic.Grid(lo, hi, cells=cells) for cells in levels], accuracy)

    def _accuracy_in(self, chart: Chart, law: Law) -> float:
        """By how much a computed law is off one on half as many points, in units of the chart; 0 for a closed form."""
        for factor in (8.0, 64.0, 512.0):
            if law.accuracy > 0.0:
                rough = limit_law(self.case.model, self.time, tolerance=factor * law.accuracy / law.std)
                off = w1_between(law_in(chart, rough), law_in(chart, law))
                if off > 0.0:
                    return off
        return 0.0


def _judge(asked: Kind, posed: _Posed, rows: tuple[Row, ...], expected: Expected, extra: dict[str, Any]) -> Study:
    grids, data = posed.grids, posed.data
    refusal = expected.refusal or _blind(posed, asked.case.model, rows[-1].error, extra["time"])
    checks: tuple[Check, ...] = ()
    if refusal is None:
        length = min(scale(known, grids[-1], data.kinks) for known in (data.start, data.law))
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
    of = "" if posed.chart is LINE else f" of {posed.chart.name}"
    begun = f"from the law at t = {posed.since:g} on" if posed.since else ""
    return asked.study(
        refinement="cells N",
        quantity=f"W1(PDE, exact law){of} at t = {extra['time']:g}, {extra['scheme']}",
        rows=rows,
        slope=fit_order(rows),
        expected_slope=-expected.order,
        one_sided=expected.most > expected.order,
        checks=checks,
        refusal=refusal,
        remarks=tuple(line for line in (f"order from level to level: {orders}", expected.why, begun) if line),
        extra={**extra, "domain": [grids[0].lo, grids[0].hi], "expected_order": expected.order},
    )


def _blind(posed: _Posed, model: Model, error: float, until: float) -> str | None:
    """Why errors on these grids say nothing of the scheme, or None."""
    grids, (start, law, points, _) = posed.grids, posed.data
    lo, hi = grids[-1].lo, grids[-1].hi
    for when, known in ((posed.since, start), (until, law)):
        if scale(known, grids[-3], points) < RESOLVED * grids[-3].h:
            now, first = (scale(one, grids[-1], points) for one in (known, start))
            return _narrow(model, when, now, first, grids)
    lost = max(_outside(known, lo, hi) for known in (start, law))
    if error < 10.0 * lost * (hi - lo):
        return f"the ends cut off a mass of {lost:.1e}, which the last error {error:.1e} may show: widen them"
    if posed.accuracy > KNOWN * error:
        return f"the law is known to {posed.accuracy:.1e} only, the last error is {error:.1e}: choose fewer cells"
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
