"""CWENO3: a parabola in every cell from three cell averages, third order, without oscillation at jumps.

With s = (x - x_j)/h in [-1/2, 1/2], D1 = (u_{j+1} - u_{j-1})/2, D2 = u_{j+1} - 2 u_j + u_{j-1}::

    P_opt = u_j - D2/24 + D1 s + (D2/2) s^2            P_L = u_j + (u_j - u_{j-1}) s
    P_0   = (P_opt - C_L P_L - C_R P_R)/C_0            P_R = u_j + (u_{j+1} - u_j) s
          = u_j - D2/(24 C_0) + D1 s + D2/(2 C_0) s^2,      C_L = C_R = (1 - C_0)/2
    I_L   = (u_j - u_{j-1})^2,   I_R = (u_{j+1} - u_j)^2,   I_0 = D1^2 + (13/12) (D2/C_0)^2
    P     = sum_k omega_k P_k,   omega_k = alpha_k / sum alpha
    CW :    alpha_k = C_k / (I_k + eps)^p                                           (Levy, Puppo, Russo 2000)
    CWZ:    alpha_k = C_k (1 + (tau/(I_k + eps))^p),   tau = abs(I_L + I_R - 2 I_0)   (CWENOZ)

The weights are brought over one denominator, so that a cell costs one division.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kinetic.limiter import limited
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma

Three = tuple[float, float, float]
Constants = tuple[float, float, float, float]


@dataclass(frozen=True)
class CWENO3:
    """Nonlinear reconstruction of order 3.

    Parameters
    ----------
    c0 : float, default 0.75
        Weight C_0 of the central parabola, 0 < c0 < 1; 1/2 and 3/4 are in use.
    eps : "h^2", "h" or float > 0, default "h^2"
        Regularisation of the indicators. A fixed number loses the order near critical points until it dominates.
    p : int in 1..3, default 2
        Exponent.
    weights : "CWZ" or "CW", default "CWZ"
        "CWZ" with eps = h^2 and p = 2 has the linear scheme's error on a sine to five digits from 160 cells on
        ("CW": nine times as much), the smaller error of the two on a travelling square, and oversteps its jumps by
        half a per cent of their height (the linear scheme: six, which do not decay). With p = 1 a jump inside the
        domain (ReLU, w > 0) delays third order to thousands of cells. Hence the default.
    positive : bool, default False
        Draw parabolas up to zero, see `kinetic.limiter`; steps must have cfl <= 1/6.

    Raises
    ------
    InputError
        If a parameter is out of its range.
    """

    c0: float = 0.75
    eps: Literal["h^2", "h"] | float = "h^2"
    p: int = 2
    weights: Literal["CWZ", "CW"] = "CWZ"
    positive: bool = False

    order = 3

    def __post_init__(self) -> None:
        if not 0.0 < self.c0 < 1.0:
            raise InputError(f"c0 = {self.c0!r} must lie between 0 and 1")
        if self.weights not in _WEIGHTS:
            raise InputError(f'weights = {self.weights!r} must be one of "CWZ", "CW"')
        if self.p not in _POWERS:
            raise InputError(f"p = {self.p!r} must be one of 1, 2, 3")
        number = isinstance(self.eps, int | float) and math.isfinite(self.eps) and self.eps > 0.0
        if self.eps not in ("h^2", "h") and not number:
            raise InputError(f'eps = {self.eps!r} must be "h^2", "h" or a positive number')
        self._check_table()

    def _check_table(self) -> None:
        """C_0 P_0 + C_L P_L + C_R P_R must be P_opt, coefficient by coefficient, for the data (1, 2, 5)."""
        c_side, c_0, over_c0, _ = self.constants(1.0)
        d1, d2 = 2.0, 2.0
        parabola = (2.0 - d2 * over_c0 / 24.0, d1, 0.5 * d2 * over_c0)
        optimal = (2.0 - d2 / 24.0, d1, 0.5 * d2)
        for k, sides in enumerate((2.0 * 2.0, 1.0 + 3.0, 0.0)):
            assert math.isclose(c_0 * parabola[k] + c_side * sides, optimal[k], rel_tol=1e-14)

    def constants(self, h: float) -> Constants:
        """Numbers that the formula takes on a grid of width h: C_L = C_R, C_0, 1/C_0, eps."""
        eps = {"h^2": h * h, "h": h}[self.eps] if isinstance(self.eps, str) else float(self.eps)
        return 0.5 * (1.0 - self.c0), self.c0, 1.0 / self.c0, eps

    @property
    def polynomial(self) -> Formula:
        """Formula (u_{j-1}, u_j, u_{j+1}, constants) -> (p0, p1, p2) of P = p0 + p1 s + p2 s^2."""
        free = _WEIGHTS[self.weights](_POWERS[self.p])
        return limited(free) if self.positive else free


@dataclass(frozen=True)
class Linear:
    """P_opt itself, the control: order 3 on smooth data, oscillates at jumps; `positive` as for `CWENO3`."""

    positive: bool = False

    order = 3

    def constants(self, h: float) -> Constants:
        """Numbers that the formula takes; P_opt needs none."""
        return 0.0, 1.0, 1.0, 0.0

    @property
    def polynomial(self) -> Formula:
        """Formula (u_{j-1}, u_j, u_{j+1}, constants) -> (p0, p1, p2)."""
        return limited(_optimal) if self.positive else _optimal


Reconstruction = CWENO3 | Linear


@formula
def _first(x: float) -> float:
    return x


@formula
def _square(x: float) -> float:
    return x * x


@formula
def _cube(x: float) -> float:
    return x * x * x


@formula
def _indicators(left: float, right: float, over_c0: float, eps: float) -> Three:
    """Return (I_L + eps, I_0 + eps, I_R + eps) from the one-sided differences."""
    d1 = 0.5 * (left + right)
    d2 = over_c0 * (right - left)
    return fma(left, left, eps), fma((13.0 / 12.0) * d2, d2, fma(d1, d1, eps)), fma(right, right, eps)


@formula
def _blend(left: float, right: float, u: float, alpha: Three, over_c0: float) -> Three:
    """Coefficients of sum_k omega_k P_k from the one-sided differences and the weights before normalisation."""
    a_l, a_0, a_r = alpha
    share = 1.0 / (a_l + a_0 + a_r)
    omega_0 = a_0 * share
    d2 = omega_0 * over_c0 * (right - left)
    slope = fma(0.5 * omega_0, left + right, fma(a_l, left, a_r * right) * share)
    return fma(d2, -1.0 / 24.0, u), slope, 0.5 * d2


@functools.cache
def _cw(power: Formula) -> Formula:
    @formula
    def cw(before: float, u: float, after: float, constants: Constants) -> Three:
        """alpha_k = C_k/d_k, times d_L d_0 d_R."""
        c_side, c_0, over_c0, eps = constants
        left, right = u - before, after - u
        i_l, i_0, i_r = _indicators(left, right, over_c0, eps)
        d_l, d_0, d_r = power(i_l), power(i_0), power(i_r)
        side = c_side * d_0
        return _blend(left, right, u, (side * d_r, c_0 * d_l * d_r, side * d_l), over_c0)

    return cw


@functools.cache
def _cwz(power: Formula) -> Formula:
    @formula
    def cwz(before: float, u: float, after: float, constants: Constants) -> Three:
        """alpha_k = C_k (d_k + tau^p)/d_k, times d_L d_0 d_R."""
        c_side, c_0, over_c0, eps = constants
        left, right = u - before, after - u
        i_l, i_0, i_r = _indicators(left, right, over_c0, eps)
        d_l, d_0, d_r, tau = power(i_l), power(i_0), power(i_r), power(abs(i_l + i_r - 2.0 * i_0))
        side = c_side * d_0
        a_l, a_0, a_r = side * d_r * (d_l + tau), c_0 * d_l * d_r * (d_0 + tau), side * d_l * (d_r + tau)
        return _blend(left, right, u, (a_l, a_0, a_r), over_c0)

    return cwz


_POWERS: dict[int, Formula] = {1: _first, 2: _square, 3: _cube}
_WEIGHTS = {"CWZ": _cwz, "CW": _cw}


@formula
def _optimal(before: float, u: float, after: float, constants: Constants) -> Three:
    d2 = (after - u) - (u - before)
    return fma(d2, -1.0 / 24.0, u), 0.5 * (after - before), 0.5 * d2


@formula
def edges(parabola: Three) -> tuple[float, float]:
    """Values of p0 + p1 s + p2 s^2 at s = -1/2 and s = 1/2."""
    p0, p1, p2 = parabola
    middle = fma(0.25, p2, p0)
    return fma(-0.5, p1, middle), fma(0.5, p1, middle)


@formula
def ghost(first: float, second: float, third: float) -> float:
    """Average of the cell beyond an end: the parabola through the averages of the three cells next to it."""
    return fma(3.0, first - second, third)


@kernel
def _parabolas(polynomial: Formula) -> Formula:
    def loop(u: Floats, constants: Any, out: Floats) -> None:
        for j in range(u.size - 2):
            out[0, j], out[1, j], out[2, j] = polynomial(u[j], u[j + 1], u[j + 2], constants)

    return loop


def parabolas(reconstruction: Reconstruction, averages: Floats, h: float, *, periodic: bool) -> Floats:
    """Coefficients p0, p1, p2 of every cell, shape (3, N), from averages of shape (N,)."""
    low, high = averages[-1], averages[0]
    if not periodic:
        low, high = ghost(*averages[:3]), ghost(*averages[:-4:-1])
    out = np.empty((3, averages.size))
    padded = np.concatenate([[low], averages, [high]])
    _parabolas(reconstruction.polynomial)(padded, reconstruction.constants(h), out)
    return out
