"""What of a model its equation on a grid takes: the law it starts from, and the times at which it jumps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from kinetic.grid import Grid
from particles.base.arrays import as_floats
from particles.base.errors import InputError
from particles.model import Law, Model
from particles.model.structure import jumps


def initial_law(model: Model, grid: Grid) -> Law:
    """Return the initial law of a model that fits the grid.

    InputError if the model is not one-dimensional, its walls are not the ends of the grid, or sticky with noise.
    """
    law = model.law
    require_walls_at_ends(model, grid)
    return law


def require_walls_at_ends(model: Model, *grids: Grid) -> None:
    """Refuse walls of a model that are not the ends of its grids, one a feature, or sticky with noise."""
    if model.walls is None:
        return
    if model.nu2 > 0.0 and model.wall == "sticky":
        raise InputError(f"wall = 'sticky' with noise (nu2 = {model.nu2!r}): allowed is wall = 'reflecting'")
    for name, walls, grid in zip("xy", model.box, grids, strict=False):
        tolerance, where = 1e-12 * (grid.hi - grid.lo), f"in {name}: " if len(grids) > 1 else ""
        for wall, end in zip(walls, (grid.lo, grid.hi), strict=True):
            if math.isfinite(wall) and abs(wall - end) > tolerance:
                raise InputError(f"{where}grid ends ({grid.lo!r}, {grid.hi!r}) must be the model's walls {walls!r}")


def reflects(model: Model) -> bool:
    """Whether walls of a model mirror what crosses them."""
    return model.walls is not None and model.wall == "reflecting"


def breaks(model: Model, until: float) -> list[float]:
    """Times in (0, until] that no step straddles: jumps of the parameters, functions of time included."""
    found = {t for t in model.breakpoints if t <= until}
    return sorted(found.union(*(jumps(parameter, until) for parameter in model.parameters)))


def times_within(
    given: Sequence[float] | Callable[[float], Sequence[float]], start: float, until: float
) -> list[float]:
    """Return those of given times, or of a function of `until` that returns them, that lie in (start, until]."""
    found = as_floats(given(until) if callable(given) else given, "breakpoints")
    return [t for t in found.tolist() if start < t <= until]
