"""Wide stencils: what lies beyond an end, and diffusion by central differences of order 2r + 2.

G = -d_x(D u) is minus the slope at a face, over h, of the polynomial through the averages of the 2r + 2 cells about it
where D is constant, and through the point values q_j = D(x_j) P_opt(x_j) where it is not. Beyond an end lie averages
(or q) of the polynomial of degree 2r through the 2r + 1 next to it; for advection, where waves enter at that end, of
the cubic through four, and where they enter at more than `PECLET` D/h, of the end's own: a constant. With the full
degree there the linear scheme has modes that grow, with a cubic those of waves that slow down inside, unless diffusion
bounds them (tests/kinetic/test_high_order.py, test_high_order_ends.py).
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import Any

import numpy as np

from kinetic.flux import leaving
from kinetic.grid import Grid, weighted
from kinetic.line.cweno_formulas import DIFFERENCES, chain
from kinetic.line.stencils import average, derivative, over_differences, point_slope, point_value, value
from particles.base.arrays import Floats
from particles.base.jit import Formula, formula
from particles.base.shims import fma

_HALF = Fraction(1, 2)
PECLET = 10.0
"""Largest speed times h/D at which waves enter through a cubic: modes that grow were found at 50, none at 10."""


@functools.cache
def fill_ends(face: Formula, r: int) -> Formula:
    """Formula (u, data, constants, ends, t) -> None: full degree where what is at an end leaves, else a lower one."""
    pad = r + 1

    @formula
    def fill(u: Any, data: Any, constants: Any, ends: Any, t: float) -> None:
        full, cubic, flat, slow = constants[1]
        n = u.size - 2 * pad
        low, high = u[pad], u[pad + n - 1]
        at_low = face(low, low, data[0], t) - face(0.0, 0.0, data[0], t)
        at_high = face(high, high, data[n], t) - face(0.0, 0.0, data[n], t)
        if_low = cubic if abs(at_low) <= slow[0] * abs(low) else flat
        if_high = cubic if abs(at_high) <= slow[1] * abs(high) else flat
        beyond(u, full if leaving(-low, at_low) else if_low, full if leaving(high, at_high) else if_high, ends[2], pad)

    return fill


@formula
def beyond(u: Any, at_low: Any, at_high: Any, periodic: bool, pad: int) -> None:
    """Fill the `pad` cells beyond either end: the other end's, or continued by rows over differences, (pad, 2r)."""
    first, last = pad, u.size - pad - 1
    for k in range(pad):
        if periodic:
            u[first - 1 - k], u[last + 1 + k] = u[last - k], u[first + k]
        else:
            low = high = 0.0
            for m in range(at_low.shape[1]):
                low = fma(at_low[k, m], u[first + m + 1] - u[first + m], low)
                high = fma(at_high[k, m], u[last - m - 1] - u[last - m], high)
            u[first - 1 - k], u[last + 1 + k] = u[first] + low, u[last] + high


@formula
def _steps_5(u: Any, j: int) -> Any:
    first = u[j + 1] - u[j], u[j + 2] - u[j + 1], u[j + 3] - u[j + 2]
    return *first, u[j + 4] - u[j + 3], u[j + 5] - u[j + 4]


@formula
def _steps_7(u: Any, j: int) -> Any:
    first = u[j + 1] - u[j], u[j + 2] - u[j + 1], u[j + 3] - u[j + 2], u[j + 4] - u[j + 3]
    return *first, u[j + 5] - u[j + 4], u[j + 6] - u[j + 5], u[j + 7] - u[j + 6]


_STEPS = {2: _steps_5, 3: _steps_7}


@functools.cache
def _slope_at_faces(r: int, points: bool) -> Formula:
    """Formula (q, flux, scale, periodic) -> None that adds -scale dq/ds to the faces; else nothing passes the ends."""
    rows, steps = point_slope if points else (lambda low, high, s: derivative(low, high, 1, s)), _STEPS[r]
    slope, pad = chain(over_differences(rows(-r, r + 1, _HALF))), r + 1

    @formula
    def add(q: Any, flux: Any, scale: float, periodic: bool) -> None:
        n = q.size - 2 * pad
        for i in range(1, n + 1):
            flux[i] = fma(-scale, slope(steps(q, i), 0.0), flux[i])
        flux[n] = flux[n] if periodic else 0.0
        flux[0] = flux[n]

    return add


@functools.cache
def wide_diffusion(r: int, points: bool) -> Formula:
    """Formula (u, work, data, constants, periodic) -> None that adds G to the faces; constants: scale, rows beyond."""
    add, pad = _slope_at_faces(r, points), r + 1
    centre, differences = chain(over_differences(value(-r, r, Fraction(0)), r)), DIFFERENCES[r]

    @formula
    def of_averages(u: Any, work: Any, data: Any, constants: Any, periodic: bool) -> None:
        beyond(u, constants[1], constants[1], periodic, pad)
        add(u, work[2], constants[0], periodic)

    @formula
    def of_points(u: Any, work: Any, data: Any, constants: Any, periodic: bool) -> None:
        q = work[3]
        for j in range(1, q.size - 2 * pad + 1):
            q[j + r] = data[j - 1] * centre(differences(u, j), u[j + r])
        beyond(q, constants[1], constants[1], periodic, pad)
        add(q, work[2], constants[0], periodic)

    return of_points if points else of_averages


@functools.cache
def averages_beyond(r: int, degree: int) -> Floats:
    """Rows over the differences of the 2r + 1 cells next to an end, shape (r + 1, 2r), of the averages beyond it."""
    rows = np.zeros((r + 1, 2 * r))
    for k in range(r + 1):
        rows[k, :degree] = over_differences(average(0, degree, -k - 3 * _HALF, -k - _HALF), 0)
    return rows


@functools.cache
def points_beyond(r: int) -> Floats:
    """The same of values at centres."""
    return np.array([over_differences(point_value(0, 2 * r, Fraction(-k)), 0) for k in range(1, r + 2)])


@functools.cache
def stiffness(r: int, points: bool) -> float:
    """Largest eigenvalue of -h^2 d_xx, that of (-1)^j."""
    row = point_slope(-r, r + 1, _HALF) if points else derivative(-r, r + 1, 1, _HALF)
    steep = 2.0 * abs(sum(x * (-1) ** k for k, x in enumerate(row)))
    return float(steep * abs(sum(x * (-1) ** k for k, x in enumerate(value(-r, r, Fraction(0))))) if points else steep)


@functools.cache
def moment_at_ends(r: int) -> Floats:
    """Row over the averages of the 2r + 1 cells next to the high end: g/12 - g_ss/720 + g_ssss/30240 there."""
    ends = [derivative(-2 * r, 0, order, _HALF) for order in (0, 2, 4)]
    factors = Fraction(1, 12), Fraction(-1, 720), Fraction(1, 30240)
    return np.array(
        [float(sum(f * x for f, x in zip(factors, column, strict=True))) for column in zip(*ends, strict=True)]
    )


def first_moment(grid: Grid, averages: Floats, atoms: Floats, r: int) -> float:
    """int x u dx + lo atom_low + hi atom_high by the formula of Euler and Maclaurin for the distribution function:

    h sum_j x_j u_j + h^2/12 [u] - h^4/720 [u_xx] + h^6/30240 [u_xxxx], [.] the high end less the low one.
    """
    row = moment_at_ends(r).tolist()
    high = math.fsum(f * u for f, u in zip(row, averages[-len(row) :].tolist(), strict=True))
    low = math.fsum(f * u for f, u in zip(row, averages[len(row) - 1 :: -1].tolist(), strict=True))
    inner = grid.h * weighted()(averages, grid.centres) + grid.h**2 * (high - low)
    return float(inner + grid.lo * atoms[0] + grid.hi * atoms[1])
