"""The limit of a model on a grid: the mean-field equation, and with noise the Fokker-Planck equation.

    d_t g + d_x (sigma(w(t) x + b(t)) g) = d_xx (D(x) g),   D = (nu^2/2) K(x)^2

(arXiv 2001.04294, (4), (8) for nu = 0, (22) for K = 1; for K = x see E37 of docs/errata.md). The model enters as data:
its drift at the faces and D at the centres. A bias b = -w m1 takes the mean m1 of the solution itself, atoms included
(Proposition 3). Walls are the ends of the grid; where there is none, or an infinite one, the grid's end does its work.
"""

from __future__ import annotations

import math

import numpy as np

from kinetic.diffusion import Diffusivity
from kinetic.flux import LinearFlux
from kinetic.grid import Grid
from kinetic.jumps import equation
from particles.base.errors import InputError
from particles.model import Law, Model
from particles.model.structure import jumps


def mean_field(model: Model, grid: Grid) -> LinearFlux:
    """Return the linear flux F = sigma(w x + b) g of a model on the line, or raise InputError as `initial_law`."""
    initial_law(model, grid)
    if model.autonomous:
        return LinearFlux(model.speed(grid.faces, 0.0))
    return LinearFlux(lambda t, mean: model.speed(grid.faces, t, mean), needs_mean=model.mean_coupled)


def diffusivity(model: Model, grid: Grid) -> Diffusivity | None:
    """Return D = (nu^2/2) K(x)^2 of a model on the line: a number where K is one; None without noise."""
    if model.nu2 == 0.0:
        return None
    values = equation(model).diffusion(grid.centres)
    if np.ptp(values) == 0.0:
        return Diffusivity(float(values[0]))
    return Diffusivity(values, "conservative")


def initial_law(model: Model, grid: Grid) -> Law:
    """Return the initial law of a model that fits the grid.

    Raises
    ------
    InputError
        If the model is not one-dimensional, its walls are not the ends of the grid, or sticky where there is noise.
    """
    if model.size != 1 or not isinstance(model.initial, Law):
        raise InputError(f"a model of dimension {model.size} has no equation on the line: allowed is 1")
    if model.walls is not None:
        if model.nu2 > 0.0 and model.wall == "sticky":
            raise InputError(f"wall = 'sticky' with noise (nu2 = {model.nu2!r}): allowed is wall = 'reflecting'")
        tolerance = 1e-12 * (grid.hi - grid.lo)
        for wall, end in zip(model.walls, (grid.lo, grid.hi), strict=True):
            if math.isfinite(wall) and abs(wall - end) > tolerance:
                raise InputError(f"grid ends ({grid.lo!r}, {grid.hi!r}) must be the model's walls {model.walls!r}")
    return model.initial


def breaks(model: Model, until: float) -> list[float]:
    """Times in (0, until] that no step straddles: jumps of the parameters, functions of time included."""
    found = {t for t in model.breakpoints if t <= until}
    return sorted(found.union(*(jumps(parameter, until) for parameter in model.parameters)))
