"""The derivative of losses of the mean-field equation by the constants of a model: of what the scheme computes.

The speed at a face is s = f(w x + b, x): ds/dw = f_u x, with the factor of the model, and ds/db = f_u. The discrete
tangent of `kinetic.line.tangent` carries the derivatives of all averages and atoms to the horizon; a loss of them has
then its gradient by the chain rule. Two losses, of a solution g at T on cells of width h:

    moment      (sum_j h g_j (x_j - y)^2 - h^2/12)/2 and the atoms: Sheppard's h^2/12 is no matter of the gradient
    squares     int (g - q)^2 dx/2 for a density q, three Gauss nodes on the parabola of each cell: of third order,
                where sums of squares of averages are of second
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from kinetic.grid import Grid
from kinetic.limit import initial_law
from kinetic.line.cweno import require_three_cells
from kinetic.line.integrate import Integrator
from kinetic.line.reconstruction import ghost, parabolas
from kinetic.line.tangent import TangentIntegrator, polynomial_tangent
from kinetic.problem import Problem
from kinetic.schemes import Explicit
from particles.base.arrays import Floats
from particles.base.checks import require_positive, require_type
from particles.base.datasets import Axes
from particles.base.errors import InputError
from particles.base.jit import Formula, kernel
from particles.base.quadrature import gauss
from particles.base.shown import Shown
from particles.model import Model


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Tangent(Shown):
    """A solution at the horizon with its derivatives by w and b.

    Parameters
    ----------
    grid : Grid
    averages, atoms : ndarray, shapes (N,) and (2,)
    by_averages, by_atoms : ndarray, shapes (2, N) and (2, 2)
        By w, and by b.
    parabolas, by_parabolas : ndarray, shapes (3, N) and (2, 3, N)
        Coefficients in every cell, and their derivatives.
    steps : int

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> grid = kinetic.Grid(-7.0, 9.0, cells=200)
    >>> found = kinetic.tangent(cases["regression"].model, grid, until=1.0)
    >>> found.averages.shape, found.by_averages.shape
    ((200,), (2, 200))
    >>> loss, slopes = found.moment(2.0)
    >>> print(f"{loss:.4f} {slopes.round(4)}")
    0.6271 [-0.4126 -0.5025]
    """

    grid: Grid
    averages: Floats
    atoms: Floats
    by_averages: Floats
    by_atoms: Floats
    parabolas: Floats
    by_parabolas: Floats
    steps: int

    _axes: ClassVar[Axes] = {
        "averages": ("cell",), "atoms": ("end",),
        "by_averages": ("parameter", "cell"), "by_atoms": ("parameter", "end"),
        "parabolas": ("power", "cell"), "by_parabolas": ("parameter", "power", "cell"),
    }  # fmt: skip

    def moment(self, target: float) -> tuple[float, Floats]:
        """Half the mean squared distance from a target, and its derivatives by w and b, shape (2,)."""
        grid = self.grid
        weights, ends = grid.h * (grid.centres - target) ** 2, (np.array([grid.lo, grid.hi]) - target) ** 2
        value = 0.5 * (float(weights @ self.averages + ends @ self.atoms) - grid.h**2 / 12.0)
        return value, 0.5 * (self.by_averages @ weights + self.by_atoms @ ends)

    def squares(self, density: Callable[[Floats], Floats], *, of_averages: bool = False) -> tuple[float, Floats]:
        """int (g - q)^2 dx/2 for a density q, and its derivatives by w and b, shape (2,).

        With `of_averages` h sum (g_j - q(x_j))^2/2, q averaged: of second order, the control.
        """
        grid, value, by = self.grid, 0.0, np.zeros(2)
        nodes, weights = gauss(3)
        if of_averages:
            off = self.averages - grid.averages_of(density)
            return 0.5 * grid.h * float(off @ off), grid.h * (self.by_averages @ off)
        for node, weight in zip(0.5 * nodes, 0.5 * weights, strict=True):
            powers = np.array([1.0, node, node * node])
            off = powers @ self.parabolas - density(grid.centres + node * grid.h)
            value += 0.5 * weight * grid.h * float(off @ off)
            by += weight * grid.h * ((powers @ self.by_parabolas) @ off)
        return value, by


def tangent(model: Model, grid: Grid, scheme: Explicit | None = None, *, until: float) -> Tangent:
    """Solve the mean-field equation of a model with its derivatives by a constant weight and bias.

    Parameters
    ----------
    model : Model
        d = N = 1, constant weight and bias, no noise; sticky walls, if any, at the ends of the grid.
    grid : Grid
    scheme : Explicit, default Explicit()
        Equal steps.
    until : float > 0

    Raises
    ------
    InputError
        If the model or the scheme is another, or as `kinetic.solve`.

    See Also
    --------
    gradient : By the adjoint equation, with noise and by w(t), b(t).

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import Model, Normal, TANH
    >>> model = Model(drift=TANH, weight=-0.8, bias=0.9, initial=Normal(1.0, 1.0))
    >>> found = kinetic.tangent(model, kinetic.Grid(-7.0, 9.0, cells=400), until=1.0)
    >>> loss, slopes = found.squares(Normal(2.0, 0.49).pdf)
    >>> print(f"{loss:.4f} {slopes.round(4)}")  # exact: -0.45996352, -0.21853918
    0.2329 [-0.4599 -0.2185]
    """
    scheme = Explicit() if scheme is None else scheme
    require_type("scheme", scheme, Explicit, "an Explicit")
    reconstruction = require_three_cells(scheme.reconstruction, "derivatives of the equation")
    require_positive("until", until)
    if model.nu2 > 0.0 or not model.autonomous or model.mean_coupled:
        raise InputError("derivatives of the equation: allowed is a model without noise, with constant weight and bias")
    law, problem = initial_law(model, grid), Problem.of(model, grid)
    if problem.boundary != "wall":
        raise InputError(f"boundary = {problem.boundary!r} for derivatives: allowed is 'wall', no reflecting walls")
    x, start, atoms = grid.faces, grid.averages(law), grid.outside(law)
    w, b = model.weight_at(0.0), float(model.biases(0.0, model.weights(0.0))[0, 0])
    slope = model.drift.derivative_u(w * x + b, x)
    by_theta = np.stack([slope * x / (model.size if model.is_scaled else 1.0), slope])
    plain = Integrator(problem.flux, grid, reconstruction, "wall", start, atoms)
    longest = plain.longest_step(0.0, scheme.cfl)
    steps = max(1, math.ceil(until / longest * (1.0 - 1e-12)))
    run = TangentIntegrator(model.speed(x, 0.0), by_theta, grid.h, reconstruction, start, atoms)
    run.advance(until / steps, steps)
    by_parabolas = _by_parabolas(reconstruction, run.averages, run.by_averages, grid.h, start)
    return Tangent(
        grid=grid, averages=run.averages, atoms=run.atoms, by_averages=run.by_averages, by_atoms=run.by_atoms,
        parabolas=parabolas(reconstruction, run.averages, grid.h, periodic=False), by_parabolas=by_parabolas,
        steps=steps,
    )  # fmt: skip


@kernel
def _coefficients(formula: Formula) -> Formula:
    def loop(u: Floats, v: Floats, constants: Any, out: Floats) -> None:
        for j in range(u.size - 2):
            out[0, j], out[1, j], out[2, j] = formula(u[j], u[j + 1], u[j + 2], v[j], v[j + 1], v[j + 2], constants)

    return loop


def _by_parabolas(reconstruction: Any, averages: Floats, by_averages: Floats, h: float, start: Floats) -> Floats:
    loop, constants = _coefficients(polynomial_tangent(reconstruction)), reconstruction.constants(h, averages)
    found = np.empty((len(by_averages), 3, averages.size))
    for row, out in zip(by_averages, found, strict=True):
        u, v = (np.concatenate([[_beyond(x)], x, [_beyond(x[::-1])]]) for x in (averages, row))
        loop(u, v, constants, out)
    return found


def _beyond(x: Floats) -> float:
    return float(ghost(x[0], x[1], x[2]))
