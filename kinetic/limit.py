"""The mean-field limit of a model on a grid, d_t g + d_x (sigma(w(t) x + b(t)) g) = 0 (arXiv 2001.04294, (4), (8)).

The model enters as data: its drift at the faces. A bias b = -w m1 takes the mean m1 of the solution itself, atoms
included (Proposition 3). Sticky walls are the ends of the grid.
"""

from __future__ import annotations

from kinetic.flux import LinearFlux
from kinetic.grid import Grid
from particles.base.errors import InputError
from particles.model import Law, Model


def mean_field(model: Model, grid: Grid) -> LinearFlux:
    """Return the linear flux F = sigma(w x + b) g of a model on the line.

    Raises
    ------
    InputError
        If the model is not one-dimensional, or its walls are not the ends of the grid.
    """
    initial_law(model, grid)
    if model.autonomous:
        return LinearFlux(model.speed(grid.faces, 0.0))
    return LinearFlux(lambda t, mean: model.speed(grid.faces, t, mean), needs_mean=model.mean_coupled)


def initial_law(model: Model, grid: Grid) -> Law:
    """Return the initial law of a model that fits the grid.

    Raises
    ------
    InputError
        If the model is not one-dimensional, or its walls are not the ends of the grid.
    """
    if model.size != 1 or not isinstance(model.initial, Law):
        raise InputError(f"a model of dimension {model.size} has no equation on the line: allowed is 1")
    if model.nu2 > 0.0:
        raise InputError(f"nu2 = {model.nu2!r}: this solver is for models without noise, nu2 = 0")
    if model.walls is not None:
        tolerance = 1e-12 * (grid.hi - grid.lo)
        if abs(model.walls[0] - grid.lo) > tolerance or abs(model.walls[1] - grid.hi) > tolerance:
            raise InputError(f"grid ends ({grid.lo!r}, {grid.hi!r}) must be the model's walls {model.walls!r}")
    return model.initial
