"""Fluxes in the plane that rest exactly at a known law, also where a current circulates in it.

    F = (D/h) ghat (f_i - f_{i+1}) + J (f_i + f_{i+1})/2,   f = g/g_oo,   ghat = B(-lam) g_oo,i,
    lam = ln(g_oo,i+1/g_oo,i),   J = difference of psi = -q g_oo over the two corners of the face, over its length

f = 1 gives F = J, and J has no divergence on the grid, for it is a difference of psi; psi = 0 on the edge of the
rectangle. As rates of jumps both terms are those of Chang and Cooper and J/2 over g_oo. These are >= 0, so that g >= 0
stays and entropy falls, while abs(J) h <= 2 D ghat. Where that fails, in far corners of coarse grids, J takes the f
that it comes from: of first order there, and at rest all the same. Transients are of second order.

Where g_oo is too small for a number, lam is Chang and Cooper's and J is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from kinetic.line.rates import Quadrature, jump_rates
from kinetic.plane.chain import Rates
from kinetic.plane.chang_cooper import faces
from kinetic.plane.grid import Plane
from kinetic.plane.problem import PlaneProblem
from kinetic.plane.rest import Rest
from particles.base.arrays import Floats
from particles.base.errors import InputError

_QUADRATURE: Quadrature = "gauss3"


def well_balanced(problem: PlaneProblem, rest: Rest, plane: Plane) -> Callable[[float, Floats | None], Rates]:
    """The rates of a problem with noise that rests at `rest`, as a function of time and mean: they know neither."""
    x, y = plane.x, plane.y
    level = _logarithms(rest, x.centres, y.centres)
    highest = float(level.max())
    corners = _logarithms(rest, x.faces, y.faces)
    (drop_x, speed_x), (drop_y, speed_y) = (one.drop(0.0, None) for one in faces(problem, plane, _QUADRATURE))
    along_x = _Line(drop_x, level, problem.largest(plane), x.h)
    along_y = _Line(drop_y, level.T, problem.largest(plane), y.h)
    psi = -rest.circulation * np.exp(corners - highest)
    psi[0] = psi[-1] = psi[:, 0] = psi[:, -1] = 0.0
    with np.errstate(over="ignore"):
        left, right = along_x.rates(np.diff(psi, axis=0)[:, 1:-1] / y.h, highest)
        down, up = along_y.rates(-np.diff(psi, axis=1).T[:, 1:-1] / x.h, highest)
    if not all(np.isfinite(part).all() for part in (left, right, down, up)):
        raise InputError(
            f"cells of {plane.widths} are too wide for the law at rest: it falls by e^700 over one of them"
        )
    drift = float(np.abs(speed_x).max()) / x.h + float(np.abs(speed_y).max()) / y.h
    found = Rates(left, right, down.T, up.T, drift)
    return lambda t, mean: found


def _logarithms(rest: Rest, x: Floats, y: Floats) -> Floats:
    """ln g_oo at a product of points, shape (y.size, x.size), or InputError."""
    found = np.asarray(rest.log_density(x.copy(), y[:, None].copy()), dtype=np.float64)
    if found.shape != (y.size, x.size) or np.isnan(found).any() or not math.isfinite(found.max()):
        raise InputError(f"log_density at {y.size} x {x.size} points must be as many numbers or -inf, not -inf alone")
    return found


class _Line:
    """Lines of one direction side by side: lam and the logarithm of g_oo on either side of every inner face."""

    def __init__(self, drop: Floats, level: Floats, diffusivity: float, h: float) -> None:
        self._low, self._high, self._d, self._h = level[:, :-1], level[:, 1:], diffusivity, h
        with np.errstate(invalid="ignore"):
            lam = self._low - self._high
        self._known = np.isfinite(lam)
        self._lam = np.where(self._known, lam, drop)

    def rates(self, current: Floats, highest: float) -> tuple[Floats, Floats]:
        """Rates from above to below a face and from below to above, of J over the largest g_oo at the inner faces."""
        to_left, to_right = jump_rates(self._lam, np.full_like(self._lam, self._d), self._h)
        known = self._known & (current != 0.0)
        by_low, by_high = (np.zeros_like(current) for _ in range(2))
        # J/g_oo by logarithms: it is of the order of the drift even where both are tiny
        size = np.log(np.abs(current[known])) + highest
        by_low[known] = np.sign(current[known]) * np.exp(size - self._low[known]) / self._h
        by_high[known] = np.sign(current[known]) * np.exp(size - self._high[known]) / self._h
        central = (to_right + 0.5 * by_low >= 0.0) & (to_left - 0.5 * by_high >= 0.0)
        right = to_right + np.where(central, 0.5 * by_low, np.maximum(by_low, 0.0))
        left = to_left - np.where(central, 0.5 * by_high, np.minimum(by_high, 0.0))
        return tuple(np.pad(part, ((0, 0), (1, 1))) for part in (left, right))  # type: ignore[return-value]
