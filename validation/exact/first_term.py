"""The first term of the grazing limit: F_eps = F + eps^q F_1 + ..., and W1(F_eps, F) = eps^q int abs(F_1) dx.

With kappa_j = E eta^j/nu^j a collision at rate 1/eps has the generator

    L_eps = L + sqrt(eps) (kappa_3 nu^3/6) K^3 d^3
              + eps [ f^2/2 d^2 + (nu^2/2) f K^2 d^3 + (kappa_4 nu^4/24) K^4 d^4 ] + ...

and a clock of Bernoulli trials of length dt = r eps has (1/dt) ln(1 + dt L_eps) = L_eps - (dt/2) L^2 + ... So F_1 obeys

    d_t F_1 = A F_1 + B F,   d_t F = A F,   F_1(0) = 0,

A of `fokker_planck`, and on a distribution function (the adjoint on the density, integrated once; ' = d/dx)

    kappa_3 != 0, q = 1/2:   B F = -(kappa_3 nu^3/6) (K^3 F')''
    kappa_3 = 0,  q = 1:     B F = (f^2 F')'/2 - (nu^2/2)(f K^2 F')'' + (kappa_4 nu^4/24)(K^4 F')''' - (r/2) A^2 F.

It needs the law to be smooth: two-point noise without drift from a point stays on a lattice, and has q = 1/2 with
another constant: a quarter of the lattice's step sqrt(eps) nu (2 sqrt(eps) nu where all particles collide as often).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base.arrays import Floats, over_arrays
from particles.base.errors import InputError
from particles.model import Model
from particles.noise import Noise
from validation.exact.boltzmann import is_free
from validation.exact.fokker_planck import computed_law, exponential, generator, slope_matrix
from validation.exact.interpolation import UniformGrid
from validation.exact.refine import start_values
from validation.exact.tabulated import Chart

_SUB = 32  # midpoints a cell for int abs(F_1)
_FEWEST, _MOST = 64, 256  # steps in time, of order 7


@dataclass(frozen=True)
class FirstTerm:
    """W1 = constant eps^order (1 + o(1)); `accuracy` is relative, the difference to half the resolution."""

    order: float
    constant: float
    accuracy: float


def first_term(model: Model, noise: Noise, time: float, *, share: float = 0.0) -> FirstTerm:
    """First term of W1 between the laws of collisions at rate 1/eps and of their limit.

    Parameters
    ----------
    model : Model
        As for `limit_law`.
    noise : Noise
    time : float > 0
    share : float in [0, 1], default 0
        r = dt/eps of the clock: 0 for poisson, 1 for synchronous.

    Raises
    ------
    InputError
        As `limit_law`, or for two-point noise without drift from a start that is neither smooth nor a point.
    """
    start = model.law
    lattice = noise.bits and is_free(model) and start.kinks().size > 0
    if lattice and start.variance > 0.0:
        raise InputError(f"two-point noise without drift from {model.initial!r}: allowed is a smooth start or a point")
    if lattice:
        step = (2.0 if share == 1.0 else 1.0) * math.sqrt(model.nu2)
        return FirstTerm(0.5, 0.25 * step, 0.0)
    law = computed_law(model, time)
    fine = law.grid
    coarse = UniformGrid(fine.origin, 2.0 * fine.step, (fine.size + 1) // 2)
    values = [_constant(model, noise, time, share, law.chart, grid) for grid in (fine, coarse)]
    return FirstTerm(0.5 if noise.third else 1.0, values[0], abs(values[1] / values[0] - 1.0))


def _constant(model: Model, noise: Noise, time: float, share: float, chart: Chart, grid: UniformGrid) -> float:
    """int abs(F_1) dx."""
    from scipy.sparse import block_array

    a = generator(model, chart, grid)
    system = block_array([[a, None], [_source(model, noise, share, chart, grid, a), a]])
    start = np.concatenate([start_values(model, chart, grid), np.zeros((grid.size + 2, 2))])
    steps = min(max(_FEWEST, grid.size // 4), _MOST)
    law, term = np.split(exponential(time / steps * system, start, steps), 2)
    end = np.where(law[:, 0] < 0.5, term[:, 0], -term[:, 1])  # far up from 1 - F, whose rounding is small there
    y = grid.origin + grid.step * (np.arange((grid.size - 1) * _SUB) + 0.5) / _SUB
    return float((np.abs(grid.interpolate(end, y)) * chart.slope(y)).sum() * grid.step / _SUB)


def _source(model: Model, noise: Noise, share: float, chart: Chart, grid: UniformGrid, a: Any) -> Any:
    """B as a sparse matrix on the size + 2 values of a grid."""
    from scipy.sparse import diags_array

    x = chart.back(grid.points)

    def times(values: Floats) -> Any:
        return diags_array(np.append(values, [0.0, 0.0]))

    d = times(1.0 / chart.slope(grid.points)) @ slope_matrix(grid)
    k = over_arrays(model.diffusion.value, x, constants=model.diffusion.constants)
    f, nu = model.speed(x, 0.0), math.sqrt(model.nu2)
    if noise.third:
        return -(noise.third * nu**3 / 6.0) * (d @ d @ times(k**3) @ d)
    out = 0.5 * (d @ times(f * f) @ d) - 0.5 * nu**2 * (d @ d @ times(f * k * k) @ d)
    return out + noise.fourth * nu**4 / 24.0 * (d @ d @ d @ times(k**4) @ d) - 0.5 * share * (a @ a)
