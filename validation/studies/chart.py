"""The equation in a coordinate y of the line or of the half line, x = c(y): Y = c^(-1)(X) has, by Ito's formula,

    dY = (f/c' - D c''/c'^3) dt + (nu K/c') dW,   D = (nu^2/2) K(x)^2.

With K = x and y = ln x the noise is constant, and a tail that needs millions of cells in x, like that of a law without
a mean, needs some hundred in y. Distribution functions are the same in x and in y, and so are Kolmogorov distances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

import kinetic
from kinetic.flux import LinearFlux
from kinetic.line.diffusion import Diffusivity
from kinetic.line.rates import FokkerPlanck
from kinetic.problem import Problem
from kinetic.schemes import Scheme
from kinetic.solution import Solution
from kinetic.steady import steady_state
from particles.base.arrays import Floats, over_arrays
from particles.model import Case, Law, Model
from validation.exact.refine import chart_of
from validation.exact.tabulated import HALF_LINE, LINE, Chart
from validation.studies.expected_order import kinks

_TAIL = 1e-10  # of the mass, beyond either end of a grid in ln x


@dataclass(frozen=True, eq=False)
class ChartedLaw(Law):
    """Law of y = c^(-1)(X) for X of a law that lies in the chart."""

    law: Law
    chart: Chart

    def cdf(self, x: ArrayLike) -> Floats:
        return self.law.cdf(self.chart.back(np.asarray(x, dtype=np.float64)))

    def sf(self, x: ArrayLike) -> Floats:
        """P(Y > y)."""
        return self.law.sf(self.chart.back(np.asarray(x, dtype=np.float64)))

    def pdf(self, x: ArrayLike) -> Floats:
        y = np.asarray(x, dtype=np.float64)
        return np.asarray(self.law.pdf(self.chart.back(y)) * self.chart.slope(y))

    def quantile(self, p: ArrayLike) -> Floats:
        return self.chart.to(self.law.quantile(p))

    def kinks(self) -> Floats:
        return self.chart.to(self.law.kinks())


def chart_for(model: Model) -> Chart:
    """ln x where noise keeps the half line and the law at rest has no mean, so that W1 of x has no meaning; else x."""
    if model.nu2 == 0.0 or not model.diffusion.half_line or not model.autonomous:
        return LINE
    rest = steady_state(model).law
    return chart_of(model) if rest is not None and not math.isfinite(rest.mean) else LINE


def law_in(chart: Chart, law: Law) -> Law:
    """The law of the coordinate."""
    return law if chart is LINE else ChartedLaw(law, chart)


def ends_in(chart: Chart, case: Case, until: float, law: Law) -> tuple[float, float]:
    """Ends of a grid in the chart, for a law at `until` in it: those of the case, or by tail masses.

    In ln x they lie at whole distances from the first kink of the drift, so that it can be a face of every grid.
    """
    if chart is LINE:
        return case.interval or kinetic.domain(case.model, until)
    levels = np.array([_TAIL, 1.0 - _TAIL])
    found = np.concatenate([known.quantile(levels) for known in (law_in(chart, case.model.start_law), law)])
    low, high = float(found.min()), float(found.max())
    bent = kinks(case.model, until, *(float(x) for x in chart.back(np.array([low, high]))))
    at = float(chart.to(np.array(bent[0]))) if bent else 0.0
    return at - math.ceil(at - low), at + math.ceil(high - at)


def equation_in(chart: Chart, model: Model) -> FokkerPlanck:
    """The equation of an autonomous model with noise in the chart."""
    constants = model.diffusion.constants

    def diffusion(y: Floats) -> Floats:
        shape = over_arrays(model.diffusion.value, chart.back(y), constants=constants) / chart.slope(y)
        return np.asarray(0.5 * model.nu2 * shape**2)

    def slope(y: Floats) -> Floats:
        x, first = chart.back(y), chart.slope(y)
        shape = over_arrays(model.diffusion.value, x, constants=constants) / first
        rise = over_arrays(model.diffusion.derivative, x, constants=constants) - shape * chart.bend(y) / first
        return np.asarray(model.nu2 * shape * rise)

    def drift(y: Floats, t: float, mean: float | None) -> Floats:
        first = chart.slope(y)
        return np.asarray((model.speed(chart.back(y), t) - diffusion(y) * chart.bend(y)) / first)

    return FokkerPlanck(drift, diffusion, slope, steady=True)


def solve_in(chart: Chart, model: Model, grid: kinetic.Grid, scheme: Scheme, until: float) -> Solution:
    """Solve the equation of a model on a grid of the chart from the exact averages of its start, as `kinetic.solve`.

    A computed start may fall below zero by rounding, which Chang and Cooper's scheme refuses: it is cut there.
    """
    averages = np.maximum(grid.inside(law_in(chart, model.start_law)), 0.0)
    if chart is LINE:
        given = averages if model.start_law.accuracy > 0.0 else None
        return kinetic.solve(model, grid, scheme, until=until, averages=given)
    whole = equation_in(chart, model)
    values = whole.diffusion(grid.centres)
    constant = bool(np.ptp(values) <= 1e-12 * values.max())
    diffusivity = Diffusivity(float(values[0])) if constant else Diffusivity(values, "conservative")
    problem = Problem(LinearFlux(whole.drift(grid.faces, 0.0, None)), "reflecting", diffusivity, equation=whole)
    return kinetic.evolve(problem, averages, grid, scheme, until=until)


__all__ = ["HALF_LINE", "LINE", "Chart", "chart_for", "ends_in", "law_in", "solve_in"]
