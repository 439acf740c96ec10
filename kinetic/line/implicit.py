"""Diffusion d_xx(D g) as a matrix: fluxes at the faces, linear in the averages, and the solves of implicit stages.

Fluxes G = -d_x(D g) of fourth order; q_j is D_j times the centre value of the parabola through three averages:

    D constant:  G_{j+1/2} = -D (u_{j-1} - 15 u_j + 15 u_{j+1} - u_{j+2})/(12 h)
    D(x):        G_{j+1/2} = -(q_{j-1} - 27 q_j + 27 q_{j+1} - q_{j+2})/(24 h)
                 q_j = D_j (u_j - (u_{j+1} - 2 u_j + u_{j-1})/24)

Next to an end the missing average is that of the explicit scheme, `reconstruction.ghost`, and the missing q continues
three q the same way, so that D is never needed outside. Both formulas become (q_j - q_{j+1})/h there.

A stage solves (1 - gamma dt L) u = r, (L u)_j = (G_{j-1/2} - G_{j+1/2})/h. At reflecting ends G = -s g, where g is the
end value of the parabola next to it and the speed s may change from stage to stage. The matrix A without it is
factorised, and the speeds are brought in with two columns of its inverse, Z_lo = A^-1 e_0 and Z_hi = A^-1 e_{N-1}:

    u = A^-1 r - tau s_lo g_lo Z_lo + tau s_hi g_hi Z_hi,   tau = gamma dt/h,

whose end values are two equations for g_lo and g_hi (Sherman, Morrison, Woodbury).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.grid import Grid
from kinetic.line.banded import BANDS, BORDER, factorise, solve
from kinetic.line.reconstruction import Linear, edges, ghost
from particles.base.arrays import Floats
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma

PAD = 3
"""Cells stored beyond each end: a row of the matrix reaches three cells to either side."""

System = tuple[Floats, Floats, Floats, Floats]
"""The matrix by bands, its factors, the border of a ring, and Z_lo and Z_hi."""

_GHOST = np.array([ghost(1.0, 0.0, 0.0), ghost(0.0, 1.0, 0.0), ghost(0.0, 0.0, 1.0)])
_optimal = Linear().polynomial


def face_coefficients(diffusion: Floats, grid: Grid, *, ring: bool) -> Floats:
    """Coefficients c, shape (6, N + 1), of the flux between the cells f - 1 and f, G = sum_k c[k, f] u_{f-3+k}.

    D, length^2/time, is constant, shape (), or at the centres, shape (N,). On a ring the ends are joined; on none c is
    zero at them.
    """
    n, h = grid.cells, grid.h
    c = np.zeros((2 * PAD, n + 1))
    if diffusion.ndim == 0:
        c[1:5] = np.array([-1.0, 15.0, -15.0, 1.0])[:, None] * (diffusion / (12.0 * h))
    else:
        d = np.pad(diffusion, 2, mode="wrap") if ring else np.pad(diffusion, 2)
        weights = np.tile(np.array([-1.0, 27.0, -27.0, 1.0])[:, None] / (24.0 * h), n + 1)
        if not ring:
            weights[:, (1, -2)] = np.array([0.0, 1.0, -1.0, 0.0])[:, None] / h
        for m, weight in enumerate(weights):
            for k, share in enumerate((-1.0 / 24.0, 13.0 / 12.0, -1.0 / 24.0)):
                c[m + k] += share * weight * d[m : m + n + 1]
    for end in () if ring else (c, c[::-1, ::-1]):
        end[:, 0] = 0.0
        for f in (1, 2):
            end[3 - f : 6 - f, f] += end[2 - f, f] * _GHOST
            end[2 - f, f] = 0.0
    return c


def empty_system(cells: int) -> System:
    """Arrays for `prepare`."""
    return np.zeros((BANDS, cells)), np.zeros((BANDS, cells)), np.zeros((BORDER, cells - BORDER)), np.zeros((2, cells))


@formula
def diffusive(c: Any, u: Any, out: Any) -> None:
    """Flux at each face, `out` of shape (N + 1,), from averages with pads, `u` of shape (N + 6,)."""
    for f in range(out.size):
        low = fma(c[0, f], u[f], fma(c[1, f], u[f + 1], c[2, f] * u[f + 2]))
        out[f] = fma(c[5, f], u[f + 5], fma(c[4, f], u[f + 4], fma(c[3, f], u[f + 3], low)))


@formula
def join(u: Any) -> None:
    """Fill the pads of a ring."""
    n = u.size - 2 * PAD
    for k in range(PAD):
        u[k], u[n + PAD + k] = u[n + k], u[PAD + k]


@formula
def end_value(first: float, second: float, third: float) -> float:
    """Value at an end of the parabola through the averages of the three cells next to it."""
    return edges(_optimal(ghost(first, second, third), first, second, (0.0, 1.0, 1.0, 0.0)))[0]


@formula
def end_values(u: Any) -> tuple[float, float]:
    """Values at both ends of the parabolas through the three averages next to them; `u` without pads."""
    n = u.size
    return end_value(u[0], u[1], u[2]), end_value(u[n - 1], u[n - 2], u[n - 3])


@kernel
def prepare() -> Formula:
    """Kernel (c, system, ring, tau) that factorises A and computes Z."""

    def loop(c: Any, system: Any, ring: bool, tau: float) -> None:
        bands, factors, border, columns = system
        n = bands.shape[1]
        for j in range(n):
            bands[0, j] = -tau * c[0, j]
            for m in range(1, BANDS - 1):
                bands[m, j] = tau * (c[m - 1, j + 1] - c[m, j])
            bands[BANDS - 1, j] = tau * c[BANDS - 2, j + 1]
            bands[3, j] += 1.0
        factorise(bands, factors, border, ring)
        if not ring:
            columns[:] = 0.0
            columns[0, 0], columns[1, n - 1] = 1.0, 1.0
            for k in range(2):
                solve(bands, factors, border, ring, columns[k])

    return loop


@formula
def solve_stage(system: Any, ring: bool, low: float, high: float, x: Any) -> None:
    """Solve for a stage in place of r, shape (N,); low = -tau s_lo, high = tau s_hi."""
    bands, factors, border, columns = system
    solve(bands, factors, border, ring, x)
    if ring:
        return
    y_low, y_high = end_values(x)
    low_of_low, high_of_low = end_values(columns[0])
    low_of_high, high_of_high = end_values(columns[1])
    a, b = 1.0 - low * low_of_low, high * low_of_high  # a g_lo - b g_hi = y_lo
    c, d = low * high_of_low, 1.0 - high * high_of_high  # d g_hi - c g_lo = y_hi
    share = 1.0 / (a * d - b * c)
    p, q = low * share * (d * y_low + b * y_high), high * share * (c * y_low + a * y_high)
    for j in range(x.size):
        x[j] += p * columns[0, j] + q * columns[1, j]
