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

Indicators are squares of u, and eps must be one too: eps = h^2 of the papers, a length for a density, makes the weights
depend on the units of length and mass. The default is relative to the state's own scale,

    eps = (s U)^2,   U = max abs(u_i),   s = min(a^q U^2/sum u_i^2, 1/4),   a = U sum abs(u_i)/sum u_i^2 >= 1,

u being the state that a run starts from, so that a scaled start has the scaled solution. q = log2(2 pi^2) makes it h^2
for the two laws that h^2 suits: the uniform law of height 1 (a = 1) and N(m, 1) (a = 2^(1/2)). It falls like h^2, which
third order at critical points needs, and lies below the indicator of a jump, even of a single cell. It is one number a
run, as h^2 is: the equation in time stays one equation, of which the Runge-Kutta schemes keep their order (a scale
taken anew every step makes them first order in dt).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from kinetic.line.limiter import LONGEST, limited
from particles.base.arrays import Floats
from particles.base.checks import require_one_of
from particles.base.errors import InputError
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma

Three = tuple[float, float, float]
Constants = tuple[float, float, float, float]
"""C_L = C_R, C_0, 1/C_0, eps."""

Power = Callable[[float, float], float]
_POWER = math.log2(2.0 * math.pi**2)
"""Of a, which tells a square from a law with tails."""
_LARGEST_SHARE = 0.25
"""Of the highest cell: a start in fewer cells than four keeps its jumps apart from what is smooth."""


@dataclass(frozen=True)
class CWENO3:
    """Nonlinear reconstruction of order 3.

    Parameters
    ----------
    c0 : float, default 0.75
        Weight C_0 of the central parabola, 0 < c0 < 1; 1/2 and 3/4 are in use.
    eps : "relative", "h^2", "h" or float > 0, default "relative"
        Regularisation of the indicators. "relative": h^2 in units of the start's own, see below. The others are numbers
        compared with u^2 as they are, those of the papers: right where lengths and u are of the order of 1. A fixed
        number loses the order near critical points until it dominates.
    p : int in 1..3, default 2
        Exponent.
    weights : "CWZ" or "CW", default "CWZ"
        "CWZ" with p = 2 has the linear scheme's error on a sine to five digits from 160 cells on, and on laws of height
        and width about 1 that of eps = h^2. On 400 cells it oversteps the jumps of a travelling
        square by 1.4 per cent of their height (the linear scheme: by 6, which do not decay; eps = h^2: by 0.4 where
        interval and height are 1, but by 6 where the height is 0.01). With p = 1 a jump inside the domain
        (ReLU, w > 0) delays third order to thousands of cells. Hence the default.
    positive : bool, default False
        Draw parabolas up to zero, see `kinetic.line.limiter` and `kinetic.plane.positive`; steps must have cfl <= 1/6.

    Raises
    ------
    InputError
        If a parameter is out of its range.

    Notes
    -----
    With s = (x - x_j)/h, D1 = (u_{j+1} - u_{j-1})/2, D2 = u_{j+1} - 2 u_j + u_{j-1}, C_L = C_R = (1 - C_0)/2::

        P_opt = u_j - D2/24 + D1 s + D2 s^2/2 = C_L P_L + C_0 P_0 + C_R P_R,   P = sum_k omega_k P_k,
        I_L = (u_j - u_{j-1})^2,   I_R = (u_{j+1} - u_j)^2,   I_0 = D1^2 + (13/12) (D2/C_0)^2,

    P_L and P_R the lines to the neighbours, omega_k proportional to C_k/(I_k + eps)^p for "CW" (Levy, Puppo and Russo
    2000) and to C_k (1 + (tau/(I_k + eps))^p), tau = abs(I_L + I_R - 2 I_0), for "CWZ". "relative" is eps = (s U)^2
    with U = max abs(u_i), s = min(a^q U^2/sum u_i^2, 1/4), a = U sum abs(u_i)/sum u_i^2, q = log2(2 pi^2), of the
    start's averages: a start that is twice as high, or a metre in place of a hundred centimetres, has the same
    solution.

    Examples
    --------
    >>> from kinetic import CWENO3, Linear
    >>> CWENO3().order, Linear().order
    (3, 3)
    >>> CWENO3(c0=1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: c0 = 1.0 must lie between 0 and 1
    """

    c0: float = 0.75
    eps: Literal["relative", "h^2", "h"] | float = "relative"
    p: int = 2
    weights: Literal["CWZ", "CW"] = "CWZ"
    positive: bool = False

    order = 3
    edge_share = LONGEST

    def __post_init__(self) -> None:
        if not 0.0 < self.c0 < 1.0:
            raise InputError(f"c0 = {self.c0!r} must lie between 0 and 1")
        require_one_of("weights", self.weights, _WEIGHTS)
        require_one_of("p", self.p, _POWERS)
        number = isinstance(self.eps, int | float) and math.isfinite(self.eps) and self.eps > 0.0
        if self.eps not in ("relative", "h^2", "h") and not number:
            raise InputError(f'eps = {self.eps!r} must be "relative", "h^2", "h" or a positive number')
        self._check_table()

    def _check_table(self) -> None:
        """C_0 P_0 + C_L P_L + C_R P_R must be P_opt, coefficient by coefficient, for the data (1, 2, 5)."""
        c_side, c_0, over_c0 = self._shares
        d1, d2 = 2.0, 2.0
        parabola = (2.0 - d2 * over_c0 / 24.0, d1, 0.5 * d2 * over_c0)
        optimal = (2.0 - d2 / 24.0, d1, 0.5 * d2)
        for k, sides in enumerate((2.0 * 2.0, 1.0 + 3.0, 0.0)):
            assert math.isclose(c_0 * parabola[k] + c_side * sides, optimal[k], rel_tol=1e-14)

    def constants(self, h: float, averages: Floats, power: Power = pow) -> Constants:
        """Numbers that the formula takes in a run that starts from averages, shape (N,), on cells of width h.

        `power` is what a power of a relative eps is taken by: the C library's last bit is not that of any CPU.

        Raises
        ------
        InputError
            If the weights of numbers of this size under- or overflow.
        """
        return *self._shares, self._eps(h, averages, power)

    @property
    def _shares(self) -> tuple[float, float, float]:
        """C_L = C_R, C_0 and 1/C_0."""
        return 0.5 * (1.0 - self.c0), self.c0, 1.0 / self.c0

    def _eps(self, h: float, averages: Floats, power: Power = pow) -> float:
        if not isinstance(self.eps, str):
            return float(self.eps)
        if self.eps != "relative":
            return {"h^2": h * h, "h": h}[self.eps]
        scale, share = own_scale(averages, power, _REACH[self.p], f"weights with p = {self.p}")
        return (scale * share) ** 2

    def of_run(self, h: float, averages: Floats) -> CWENO3:
        """The same with the number that a relative eps is in a run from these averages: what its record keeps."""
        return replace(self, eps=self._eps(h, averages)) if self.eps == "relative" else self

    @property
    def polynomial(self) -> Formula:
        """Formula (u_{j-1}, u_j, u_{j+1}, constants) -> (p0, p1, p2) of P = p0 + p1 s + p2 s^2."""
        free = _WEIGHTS[self.weights](_POWERS[self.p])
        return limited(free) if self.positive else free


@dataclass(frozen=True)
class Linear:
    """P_opt itself, the control: order 3 on smooth data, oscillates at jumps; `positive` as for `CWENO3`.

    Parameters
    ----------
    positive : bool, default False
        Draw parabolas up to zero, as `CWENO3` does.

    Notes
    -----
    ::

        P_opt = u_j - D2/24 + D1 s + D2 s^2/2,   s = (x - x_j)/h

    with D1 and D2 as in `CWENO3`.

    Examples
    --------
    >>> import numpy as np
    >>> import kinetic
    >>> grid = kinetic.Grid(0.0, 1.0, cells=100)
    >>> wave = kinetic.Problem(kinetic.LinearFlux(np.ones(101)), "periodic")
    >>> square = np.where(abs(grid.centres - 0.5) < 0.25, 1.0, 0.0)
    >>> for used in (kinetic.CWENO3(), kinetic.Linear()):
    ...     end = kinetic.evolve(wave, square, grid, kinetic.Explicit(used), until=1.0)
    ...     print(f"{end.averages.max():.2f}")
    1.01
    1.06
    """

    positive: bool = False

    order = 3
    edge_share = LONGEST

    def constants(self, h: float, averages: Floats, power: Power = pow) -> Constants:
        """Numbers that the formula takes; P_opt needs none."""
        return 0.0, 1.0, 1.0, 0.0

    @property
    def polynomial(self) -> Formula:
        """Formula (u_{j-1}, u_j, u_{j+1}, constants) -> (p0, p1, p2)."""
        return limited(_optimal) if self.positive else _optimal


def own_scale(averages: Floats, power: Power, reach: float, weights: str) -> tuple[float, float]:
    """U and s of a state: its height, and a cell's width in units of its own, see above.

    Raises
    ------
    InputError
        If U is below 1/reach or above reach, of which the weights, in words, are no numbers.
    """
    sizes = np.abs(averages)
    scale = float(sizes.max()) or 1.0
    if math.isfinite(scale) and not 1.0 / reach < scale < reach:
        raise InputError(
            f"averages up to {scale:.3g} are out of reach of the {weights}: allowed are"
            f" {1.0 / reach:g} to {reach:g}; choose another unit of length or mass"
        )
    u = sizes / scale
    total, squares = max(float(u.sum()), 1.0), max(float(np.square(u).sum()), 1.0)
    share: float = power(total / squares, _POWER) / squares
    return scale, min(share, _LARGEST_SHARE)


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
_REACH = {1: 1e40, 2: 1e20, 3: 1e13}
"""Largest scale, and one over the smallest, for which products of three indicators to the power p are numbers."""
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
    _parabolas(reconstruction.polynomial)(padded, reconstruction.constants(h, averages), out)
    return out
