"""A rectangle that holds a model of two features up to a time, and what will limit a run on one.

Without noise the flow is a homeomorphism: what starts inside a rectangle stays inside the image of its edge. So points
of the edge of the rectangle between the 1e-12 quantiles of the start, at levels that reach into its tails, are carried
along from jump to jump of the parameters by LSODA, which takes stiff drifts too. With noise see `kinetic.plane.spread`.
"""

from __future__ import annotations

import functools
import math
import warnings
from itertools import pairwise

import numpy as np

from kinetic.cautions import outside, too_narrow
from kinetic.domain import MARGIN, TAIL, masses_at_ends
from kinetic.grid import Grid
from kinetic.limit import breaks, reflects
from kinetic.loop import BEFORE
from kinetic.plane.grid import Plane, two_components
from kinetic.plane.problem import require_two_features, speeds
from kinetic.plane.solution import PlaneSolution
from kinetic.plane.spread import reach_with_noise
from particles.base.arrays import Floats
from particles.base.checks import require_positive
from particles.base.errors import InputError
from particles.model import Model

_TAILS = np.logspace(math.log10(TAIL), -2.0, 12)
_LEVELS = np.concatenate([_TAILS, np.linspace(0.02, 0.98, 41), 1.0 - _TAILS[::-1]])
"""Levels of the start, in each component, between which its edge is followed."""
_MOST_STEPS = 10_000
_DIGITS = 16
"""Binary digits of the width of a rectangle that its ends are told in."""


def rectangle(model: Model, until: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return ends in x and in y for the equation of a model of two features up to `until`.

    Finite walls are ends. Elsewhere 1/64 of the rectangle at each end is a margin, as on the line, and ends are
    multiples of some 1/60 000 of the width: the last digits of the way there hang on the CPU.

    Raises
    ------
    InputError
        If `until` is not positive, or the model has not two features; without noise if the bias follows a mean which
        the drift does not keep, the start has no width, or its edge can't be followed; with noise if tails reach too
        far.
    """
    require_positive("until", until)
    if np.isfinite(model.box).all() and model.size == 2:
        in_x, in_y = model.box
        return in_x, in_y
    (x_lo, x_hi), (y_lo, y_hi) = (_rounded(lo - share, hi + share) for lo, hi, share in _reach(model, until))
    (west, east), (south, north) = model.box
    return (max(x_lo, west), min(x_hi, east)), (max(y_lo, south), min(y_hi, north))


def _rounded(lo: float, hi: float) -> tuple[float, float]:
    """Ends a little farther out, multiples of a power of two."""
    unit = math.ldexp(1.0, math.frexp(hi - lo)[1] - _DIGITS)
    return unit * math.floor(lo / unit), unit * math.ceil(hi / unit)


def tail_masses(solution: PlaneSolution) -> tuple[tuple[float, float], tuple[float, float]]:
    """Largest mass over the stored times within the outer 1/64 of the plane at its low and high end, in x and in y.

    Masses at the edge are not in it: with noise there are none.
    """
    plane, sizes = solution.grid, np.abs(solution.averages)
    none = np.zeros((len(sizes), 2))
    in_x = masses_at_ends(plane.x, plane.y.h * sizes.sum(axis=1), none)
    return in_x, masses_at_ends(plane.y, plane.x.h * sizes.sum(axis=2), none)


def cautions(model: Model, plane: Plane, until: float) -> tuple[str, ...]:
    """Return sentences on what limits a run in the plane up to `until`.

    A start that is narrower than a cell, mass outside the rectangle at the start, or that comes to its edge.
    """
    found = []
    for name, law, grid in zip(("x", "y"), two_components(model.initial), (plane.x, plane.y), strict=True):
        told = outside(law, grid)
        found += [f"in {name}: {one}" for one in (too_narrow(law, grid), told) if one]
        if not (told or reflects(model) or model.nu2 > 0.0) and (ends := _ends_reached(model, until, name, grid)):
            where = "wall" if model.walls is not None else "end of the grid"
            found.append(f"in {name}: mass reaches the {where} at {ends} by t = {until:g}, and stays there")
    return tuple(found)


def _ends_reached(model: Model, until: float, name: str, grid: Grid) -> str:
    """Ends of the grid in a direction that what starts inside comes to, in words; none where that is not known."""
    try:
        lo, hi, _ = _reach(model, until)["xy".index(name)]
    except InputError:
        return ""
    return " and ".join(f"{end:g}" for end, there in ((grid.lo, lo < grid.lo), (grid.hi, hi > grid.hi)) if there)


@functools.lru_cache(maxsize=1)  # asked for both directions, and for rectangle and cautions
def _reach(model: Model, until: float) -> tuple[tuple[float, float, float], ...]:
    """How far mass comes in x and in y, and the margin that a grid has; InputError where that is not found."""
    from scipy.integrate import LSODA

    if model.nu2 > 0.0:
        require_two_features(model)
        in_x, in_y = reach_with_noise(model, until)
        return (*in_x, 0.0), (*in_y, 0.0)
    if model.mean_coupled and not model.drift.linear:
        raise InputError(f"a mean-coupled bias with drift {model.drift.name!r}: the domain in the plane must be given")
    laws = two_components(model.initial)
    mean = np.array([law.mean for law in laws]) if model.mean_coupled else None
    with np.errstate(over="ignore"):
        edge = _edge(*(np.asarray(law.quantile(_LEVELS), dtype=np.float64) for law in laws))
    if not np.isfinite(edge).all():
        raise InputError(f"initial = {model.initial!r:.80}: its 1e-12 quantiles lie beyond the largest number")

    def rate(t: float, x: Floats) -> Floats:
        return np.concatenate(speeds(model, *_halves(x), t, mean))

    low = high = now = edge
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        for begin, end in pairwise(sorted({0.0, *breaks(model, until), until})):
            # parameters give their new values a little ahead of a jump
            solver = LSODA(rate, begin, now, end - BEFORE * end, rtol=1e-6, atol=1e-9 * float(np.ptp(edge)))
            for _ in range(_MOST_STEPS):
                if solver.status != "running" or not np.isfinite(solver.y).all():
                    break
                solver.step()
                low, high = np.minimum(low, solver.y), np.maximum(high, solver.y)
            now = solver.y if solver.status == "finished" else np.full_like(now, np.nan)
            if not np.isfinite(now).all():
                break
    ends = [(float(least.min()), float(most.max())) for least, most in zip(*map(_halves, (low, high)), strict=True)]
    if not np.isfinite([*now, *np.ravel(ends)]).all() or not all(lo < hi for lo, hi in ends):
        raise InputError("no rectangle is found that holds this model: the domain in the plane must be given")
    return tuple((lo, hi, (hi - lo) * MARGIN / (1.0 - 2.0 * MARGIN)) for lo, hi in ends)


def _edge(x: Floats, y: Floats) -> Floats:
    """Points at these coordinates on the four sides of a rectangle, shape (8 n,): all x, then all y."""
    along_x = [np.stack([x, np.full(x.size, end)]) for end in (y[0], y[-1])]
    along_y = [np.stack([np.full(y.size, end), y]) for end in (x[0], x[-1])]
    return np.concatenate(along_x + along_y, axis=1).reshape(-1)


def _halves(points: Floats) -> tuple[Floats, Floats]:
    """All x, and all y."""
    x, y = np.split(points, 2)
    return x, y
