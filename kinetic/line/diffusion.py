"""Diffusion d_xx(D u) as a flux -D_h at the faces, by fourth-order central differences of one quantity a cell.

    F_{i+1/2} = -(q_{i-1} - c q_i + c q_{i+1} - q_{i+2})/(e h)

==============  =============================  ===========  ===========  ===============  ======================
form            q_j                            c, e         order        stiffness        longest D dt/h^2
==============  =============================  ===========  ===========  ===============  ======================
"averages"      D u_j, D constant              15, 12       4            16/3             0.4711
"conservative"  D(x_j) P_j(x_j)                27, 24       4 in q       14/3 (7/6)       0.4615
"points"        D(x_j) P_j(x_j)                15, 12       2            16/3 (7/6)       0.4038
==============  =============================  ===========  ===========  ===============  ======================

"averages" is the stencil (-1, 16, -30, 16, -1)/(12 h^2) on cell averages. P_j(x_j) is the value of the cell's parabola
at its centre, (6 u_j - u_l - u_r)/4 from its average and its edges (Simpson's rule is exact). "points" is what is said
after (23) of arXiv 2001.04294, the stencil of point values on averages: second order, since the average of u_xx is
u_xx + h^2/24 u_xxxx (docs/errata.md, E40). It is there to be compared with.

Stiffness is the largest eigenvalue of -h^2 d_xx/D on a periodic grid, that of (-1)^j; 7/6 is what P_opt(x_j) makes
of (-1)^j. The third-order SSP Runge-Kutta scheme is stable on [-2.5127, 0], hence the last column, for linear
parabolas; CWENO's may weigh (-1)^j more, and with C_0 = 3/4 "points" was seen to grow slowly from 0.385 on.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from kinetic.grid import Grid
from kinetic.line.reconstruction import ghost
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_one_of
from particles.base.errors import InputError
from particles.base.jit import Formula, formula
from particles.base.shims import fma

Form = Literal["averages", "conservative", "points"]


class _Stencil(NamedTuple):
    near: float  # c/e
    far: float  # 1/e
    stiffness: float


_STENCILS: dict[Form, _Stencil] = {
    "averages": _Stencil(15.0 / 12.0, 1.0 / 12.0, 16.0 / 3.0),
    "conservative": _Stencil(27.0 / 24.0, 1.0 / 24.0, 14.0 / 3.0 * 7.0 / 6.0),
    "points": _Stencil(15.0 / 12.0, 1.0 / 12.0, 16.0 / 3.0 * 7.0 / 6.0),
}


@dataclass(frozen=True, eq=False)
class Diffusivity:
    """D of d_xx(D u), as data.

    Parameters
    ----------
    values : float or ndarray, shape (N,)
        D at the centres of the cells, length^2/time, finite and >= 0; a number is constant.
    form : "averages", "conservative" or "points", default "averages"
        The quantity that is differenced; "averages" needs a number.

    Raises
    ------
    InputError
        If a value is negative or not finite, or the form does not fit.

    Notes
    -----
    ::

        F_{i+1/2} = -(q_{i-1} - c q_i + c q_{i+1} - q_{i+2})/(e h)

    with q = D u_j and c, e = 15, 12 for "averages", of fourth order; q = D P_j(x_j) and 27, 24 for "conservative", of
    fourth order too; q = D P_j(x_j) and 15, 12 for "points", of second order: what is said after (23) of arXiv
    2001.04294, to be compared with (E40 of docs/errata.md).

    Examples
    --------
    >>> from kinetic import Diffusivity
    >>> forms = ("averages", "conservative", "points")
    >>> [round(Diffusivity(1.0, form).stiffness, 6) for form in forms]
    [5.333333, 5.444444, 6.222222]
    >>> Diffusivity(-1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: diffusivity -1.0 must be finite and at least 0
    """

    values: float | Floats
    form: Form = "averages"

    def __post_init__(self) -> None:
        require_one_of("form", self.form, _STENCILS)
        if self.form == "averages" and np.ndim(self.values) > 0:
            raise InputError('form = "averages" needs a constant D: allowed for D(x) is "conservative"')
        if np.ndim(self.values) > 0:
            object.__setattr__(self, "values", as_floats(self.values, "diffusivities", finite=False))
        wrong = ~(np.isfinite(self.values) & (np.asarray(self.values) >= 0.0))
        if np.any(wrong):
            raise InputError(f"diffusivity {np.asarray(self.values)[wrong][0]} must be finite and at least 0")

    @functools.cached_property
    def largest(self) -> float:
        """Largest D."""
        return float(np.max(self.values))

    @property
    def stiffness(self) -> float:
        """Largest eigenvalue of -h^2 d_xx/D for the linear scheme."""
        return _STENCILS[self.form].stiffness

    @property
    def fluxes(self) -> Formula:
        """Formula (u, work, data, scales, periodic) -> None that adds the flux to the faces in work[2].

        `u` and work[0], work[1] hold averages and edge values as `kinetic.line.integrate.advection` leaves them.
        """
        return _of_averages if self.form == "averages" else _of_centres

    def data(self, grid: Grid) -> Floats:
        """D at the centres, shape (N,).

        Raises
        ------
        InputError
            If there is not one value for each cell.
        """
        values = np.asarray(self.values, dtype=np.float64)
        if values.ndim > 0 and values.shape != (grid.cells,):
            raise InputError(
                f"diffusivities of shape {values.shape} do not fit: allowed is one a cell, ({grid.cells},)"
            )
        return np.array(np.broadcast_to(values, (grid.cells,)))

    def scales(self, h: float) -> tuple[float, float]:
        """Factors of q_i - q_{i+1} and q_{i+2} - q_{i-1} in the flux."""
        stencil = _STENCILS[self.form]
        unit = self.largest / h if self.form == "averages" else 1.0 / h
        return stencil.near * unit, stencil.far * unit


@formula
def _add(q: Any, flux: Any, scales: Any, periodic: bool) -> None:
    """Add the flux of q, shape (N + 2,) with its ghosts; without periods the whole flux at both ends becomes 0."""
    n = q.size - 2
    near, far = scales
    for i in range(1, n):
        flux[i] = fma(near, q[i] - q[i + 1], fma(far, q[i + 2] - q[i - 1], flux[i]))
    flux[n] = fma(near, q[n] - q[1], fma(far, q[2] - q[n - 1], flux[n])) if periodic else 0.0
    flux[0] = flux[n]


@formula
def _of_averages(u: Any, work: Any, data: Any, scales: Any, periodic: bool) -> None:
    _add(u, work[2], scales, periodic)


@formula
def _of_centres(u: Any, work: Any, data: Any, scales: Any, periodic: bool) -> None:
    n = u.size - 2
    right, left, q = work[0], work[1], work[3]  # the cell's values at its right and left edge
    for j in range(1, n + 1):
        q[j] = data[j - 1] * fma(-0.25, left[j] + right[j], 1.5 * u[j])
    q[0] = q[n] if periodic else ghost(q[1], q[2], q[3])
    q[n + 1] = q[1] if periodic else ghost(q[n], q[n - 1], q[n - 2])
    _add(q, work[2], scales, periodic)


@functools.cache
def with_diffusion(advection: Formula, diffusion: Formula) -> Formula:
    """Formula like `advection` for both fluxes; `data` and `constants` are pairs, the diffusion's second."""
    formula(advection)
    formula(diffusion)

    @formula
    def fluxes(u: Any, work: Any, data: Any, constants: Any, ends: Any, t: float) -> None:
        advection(u, work, data[0], constants[0], ends, t)
        diffusion(u, work, data[1], constants[1], ends[2])

    return fluxes
