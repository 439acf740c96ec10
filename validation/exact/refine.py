"""Tables that are refined until two of them agree: the domain, the doubling, and what the difference says.

A solver takes a chart, a grid and the values of F and 1 - F at the start, and returns those at the end. The domain is
widened until less than 1e-13 of the mass reaches its lower end and 1e-16 its upper one; then the number of points is
doubled until W1 between two successive tables, int abs(F_h - F_2h) dx, is below the tolerance. That difference is
the accuracy that the finer table states: it is the error of the coarser one, so it errs on the safe side.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Model
from validation.exact.interpolation import UniformGrid
from validation.exact.tabulated import HALF_LINE, LINE, Chart, TabulatedLaw

Solver = Callable[[Chart, UniformGrid, Floats, int], Floats]  # (.., start (size + 2, 2), level 0, 1, ...) -> end

_COARSE, _FIRST = 192, 256
_MOST_STEPS = 20 * _COARSE  # of a domain
_BELOW, _ABOVE = 1e-13, 1e-16  # mass that may leave the domain; far up it weighs more where the chart is ln x
_CUT = 1e-2  # of it, where the domain ends
_WORST = 1e-4  # accuracy in standard deviations beyond which there is no law to speak of


def require_plain(model: Model) -> None:
    """Refuse a model that is not autonomous, not on the line, or between walls."""
    _ = model.law
    if model.walls is not None:
        raise InputError(f"walls = {model.walls!r}: a law by computation knows no walls")
    if not model.autonomous:
        raise InputError("a law by computation needs a constant weight and a constant bias")


def chart_of(model: Model) -> Chart:
    """ln x for a noise shape that keeps the half line, where the start must be, else x; errors as `require_plain`."""
    require_plain(model)
    if not model.diffusion.half_line:
        return LINE
    if not float(model.law.quantile(np.array(1e-17))) > 0.0:
        raise InputError(f"K = {model.diffusion.name} needs a start on x > 0, not {model.initial!r}")
    return HALF_LINE


def tabulate(model: Model, time: float, solver: Solver, *, tolerance: float, most: int) -> TabulatedLaw:
    """Refine the solver's table until two agree to `tolerance` standard deviations in W1, or have `most` points.

    InputError if no domain holds the mass, or the last two tables differ by more than 1e-4 standard deviations.
    """
    chart = chart_of(model)
    low, high = _domain(model, chart, time, solver)
    law = _solve(model, chart, UniformGrid(low, (high - low) / _FIRST, _FIRST + 1), solver, 0)
    for level in range(1, 40):
        grid = UniformGrid(low, 0.5 * law.grid.step, 2 * law.grid.size - 1)
        finer = _solve(model, chart, grid, solver, level)
        gap = np.where(finer.below < 0.5, finer.below, -finer.above)[::2] - np.where(
            law.below < 0.5, law.below, -law.above
        )
        gap -= np.round(gap)  # the two sides of one half
        accuracy = float((np.abs(gap) * chart.slope(law.grid.points)).sum() * law.grid.step)
        law = dataclasses.replace(finer, accuracy=accuracy)
        if accuracy <= tolerance * law.std or 2 * grid.size - 1 > most:
            break
    if not law.accuracy <= _WORST * law.std:
        raise InputError(
            f"the law at t = {time!r} is too rough for a table of {law.grid.size} points (two tables differ by"
            f" {law.accuracy:.1e}): allowed is a smoother start, a longer time or another noise"
        )
    return law


def _solve(model: Model, chart: Chart, grid: UniformGrid, solver: Solver, level: int) -> TabulatedLaw:
    end = solver(chart, grid, start_values(model, chart, grid), level)
    return TabulatedLaw(chart, grid, end[:-2, 0], end[:-2, 1])


def start_values(model: Model, chart: Chart, grid: UniformGrid) -> Floats:
    """F and 1 - F of the start on a grid, shape (size + 2, 2)."""
    start = model.law
    kinks = chart.to(start.kinks())
    below = grid.project(lambda y: start.cdf(chart.back(y)), kinks, 0.0, 1.0)
    above = grid.project(lambda y: start.sf(chart.back(y)), kinks, 1.0, 0.0)
    return np.stack([below, above], axis=1)


def _domain(model: Model, chart: Chart, time: float, solver: Solver) -> tuple[float, float]:
    """Ends in the chart that hold the start and the law at `time`."""
    start = model.law
    first, last = (float(chart.to(start.quantile(np.array(p)))) for p in (1e-17, 1.0 - 1e-16))
    spread = 2.0 * math.sqrt(model.nu2 * time) + 1e-3 * max(abs(first), abs(last)) or 1e-3
    if chart is HALF_LINE:
        spread = min(spread + 1e-3, 1.0)  # of ln x, which has no unit; far out the drift, over x, may be stiff
    low, high = first - spread, last + spread
    step = (high - low) / _COARSE
    while high - low < _MOST_STEPS * step:
        grid = UniformGrid(low, step, 1 + math.ceil((high - low) / step))
        law = _solve(model, chart, grid, solver, 0)
        leaks = float(np.abs(law.below[:4]).max()), float(np.abs(law.above[-4:]).max())
        if leaks[0] < _BELOW and leaks[1] < _ABOVE:
            y = grid.points
            low = min(first, float(y[np.argmax(law.below > _CUT * _BELOW)])) - 8.0 * step
            high = max(last, float(y[-1 - np.argmax(law.above[::-1] > _CUT * _ABOVE)])) + 8.0 * step
            return low, high
        width = high - low
        low -= 0.15 * width * (leaks[0] >= _BELOW)
        high += 0.15 * width * (leaks[1] >= _ABOVE)
    raise InputError(
        f"no interval holds the law at t = {time!r}: its mass runs away or reaches the end of the half line"
    )
