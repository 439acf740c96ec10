"""Ends of a rectangle for a model of two features with noise, by tail mass in each direction, as on the line.

Where the law is known in closed form the quantiles of its marginals say it. Elsewhere a coarse run by the scheme of
Chang and Cooper with implicit Euler steps does, which is positive and spreads rather too far, on a rectangle that is
doubled in each direction until the outer quarters of it stay empty. K = x never takes mass across 0, which is an end
where the drift does not either.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from kinetic.domain import MARGIN, TAIL, empty_beyond, stops
from kinetic.grid import Grid
from kinetic.plane.chain import ChainStepper
from kinetic.plane.chang_cooper import chang_cooper
from kinetic.plane.grid import Plane, two_components
from kinetic.plane.problem import PlaneProblem, speeds
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Model, SpaceLaw, exact_law

Reach = tuple[float, float]
"""The low and the high end of a grid."""

_TIMES, _STEPS, _CELLS, _DOUBLINGS = 32, 128, 64, 8


def reach_with_noise(model: Model, until: float) -> tuple[Reach, Reach]:
    """Ends in x and in y beyond which at most 1e-12 of the mass lies at all times up to `until`.

    InputError if the start is no product of two laws, or its tails need a rectangle some hundred times as wide.
    """
    return _by_quantiles(model, until) or _by_runs(model, until)


def _by_quantiles(model: Model, until: float) -> tuple[Reach, Reach] | None:
    laws = [model.initial, *(exact_law(model, t) for t in stops(model, until, _TIMES)[1:])]
    known = [law for law in laws if isinstance(law, SpaceLaw)]
    if len(known) < len(laws):
        return None
    levels, found = np.array([TAIL, 1.0 - TAIL]), list[Reach]()
    for k in (0, 1):
        try:
            ends = np.array([law.marginal(k).quantile(levels) for law in known])
        except InputError:
            return None
        lo, hi = float(ends.min()), float(ends.max())
        margin = (hi - lo) * MARGIN / (1.0 - 2.0 * MARGIN)
        found.append((0.0 if _bottom(model, k, lo, until) == 0.0 else lo - margin, hi + margin))
    return found[0], found[1]


def _bottom(model: Model, k: int, lo: float, until: float) -> float:
    """The lowest end in direction k for mass that starts at lo or above: a wall, or 0 where K and the drift keep it."""
    if model.walls is not None:
        return model.box[k][0]
    if not (model.diffusion.half_line and lo >= 0.0) or model.mean_coupled:
        return -math.inf
    along = np.concatenate([[0.0], np.logspace(-3.0, 3.0, 61)])
    places = (np.zeros_like(along), along) if k == 0 else (along, np.zeros_like(along))
    inwards = all(speeds(model, *places, t, None)[k].min() >= 0.0 for t in stops(model, until, _TIMES))
    return 0.0 if inwards else -math.inf


def _by_runs(model: Model, until: float) -> tuple[Reach, Reach]:
    levels = np.array([TAIL, 1.0 - TAIL])
    with np.errstate(over="ignore"):
        starts = [tuple(float(x) for x in law.quantile(levels)) for law in two_components(model.initial)]
    if not np.isfinite(starts).all():
        raise InputError(f"initial = {model.initial!r:.80}: its 1e-12 quantiles lie beyond the largest number")
    limits = [(_bottom(model, k, starts[k][0], until), model.box[k][1]) for k in (0, 1)]
    reaches = [hi - lo or math.sqrt(model.nu2 * until) for lo, hi in starts]
    for _ in range(_DOUBLINGS):
        grids = [
            Grid(max(lo - reach, bottom), min(hi + reach, top), cells=_CELLS)
            for (lo, hi), reach, (bottom, top) in zip(starts, reaches, limits, strict=True)
        ]
        tails = _largest_tails(model, Plane(*grids), until)
        found = [
            empty_beyond(grid, below, above, TAIL, ends)
            for grid, (below, above), ends in zip(grids, tails, limits, strict=True)
        ]
        ends = [one for one in found if one is not None]
        if len(ends) == 2:
            (left, right), (low, high) = ends
            return (left, right), (low, high)
        reaches = [reach * (2.0 if one is None else 1.0) for reach, one in zip(reaches, found, strict=True)]
    raise InputError(
        f"the tails of this model hold more than {TAIL:.3g} of its mass beyond"
        f" [{grids[0].lo:.4g}, {grids[0].hi:.4g}] x [{grids[1].lo:.4g}, {grids[1].hi:.4g}]: the domain must be given"
    )


def _largest_tails(model: Model, plane: Plane, until: float) -> list[tuple[Floats, Floats]]:
    """Largest mass of each marginal below and above each face over all steps of a coarse run, shape (N + 1,)."""
    problem = PlaneProblem.of(model, plane)
    run = ChainStepper(
        chang_cooper(problem, plane, "midpoint"), plane, plane.inside(model.initial), np.zeros(plane.atoms),
        "implicit-euler", steady=problem.steady, needs_mean=problem.needs_mean, diffusivity=problem.largest(plane),
    )  # fmt: skip
    tails = [(np.zeros(grid.cells + 1), np.zeros(grid.cells + 1)) for grid in (plane.x, plane.y)]

    def look() -> None:
        for axis, (below, above) in enumerate(tails):
            masses = plane.size * run.averages.sum(axis=axis)
            below[1:] = np.maximum(below[1:], np.cumsum(masses))
            above[:-1] = np.maximum(above[:-1], np.cumsum(masses[::-1])[::-1])

    look()
    for begin, end in pairwise(stops(model, until, 1)):
        dt = (end - begin) / _STEPS
        for k in range(_STEPS):
            run.advance(begin + k * dt, dt, 1, end)
            look()
    return tails
