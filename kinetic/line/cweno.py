"""CWENO5 and CWENO7: a polynomial of degree 2r in every cell from 2r + 1 averages, no oscillation at jumps; r = 2, 3.

P_opt has the averages of the cells -r..r of a stencil, P_k of degree r those of the cells k - r..k, k = 0..r, and

    P_opt = C_c P_c + sum_k C_k P_k,   C_c = 3/4,   C_k = binomial(r, k)/2^(r+2)                    (Capdeville 2008)
    P = omega_c P_c + sum_k omega_k P_k = q P_opt + sum_k (omega_k - q C_k) P_k,   q = omega_c/C_c
    omega = alpha/sum alpha,   alpha_k = C_k (1 + (tau/(I_k + eps))^2)                              (CWENOZ)
    I_k = sum_{l >= 1} int (d^l P_k/ds^l)^2 ds over the cell, I_c that of P_opt                     (Jiang, Shu 1996)
    tau = abs(I_0 - I_2) for r = 2,   abs(I_0 + 3 I_1 - 3 I_2 - I_3) for r = 3

as in Cravero, Puppo, Semplice and Visconti (Math. Comp. 87, 2018). eps is that of `kinetic.line.reconstruction`, in
units of the start's own. The numbers of all rows are made by `kinetic.line.stencils`, exactly.

Drawn up to zero, `positive`, a polynomial becomes P~ = u_j + theta (P - u_j), theta = min(1, u_j/(u_j - m)), m the
lowest of its two edges and of what the inner nodes of the Gauss-Lobatto rule have on average,
(u_j - w (P_l + P_r))/(1 - 2 w), w the weight of an edge (Zhang and Shu 2010): enough for upwinding with
dt <= w h/abs(s), see `kinetic.line.limiter`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

from kinetic.line.cweno_formulas import SHARES, edges_of, parts_of
from kinetic.line.reconstruction import Power, Reconstruction, own_scale
from particles.base.arrays import Floats
from particles.base.checks import require_one_of
from particles.base.errors import InputError
from particles.base.jit import Formula

_REACH = 1e60
"""Largest height, and one over the smallest, of which the squares of indicators are numbers."""


@dataclass(frozen=True)
class HighOrder:
    """What `CWENO5` and `CWENO7` share; not made by itself."""

    eps: Literal["relative"] | float = "relative"
    weights: Literal["CWZ", "linear"] = "CWZ"
    positive: bool = False

    radius: ClassVar[int]
    """r: cells to either side that a cell's polynomial sees."""
    order: ClassVar[int]
    edge_share: ClassVar[float]
    """Weight w of an edge in the Gauss-Lobatto rule that is exact for a cell's polynomial."""
    pieces: ClassVar[int]
    """Parabolas by which a record tells a cell's polynomial."""

    def __post_init__(self) -> None:
        require_one_of("weights", self.weights, SHARES)
        number = isinstance(self.eps, int | float) and math.isfinite(self.eps) and self.eps > 0.0
        if self.eps != "relative" and not number:
            raise InputError(f'eps = {self.eps!r} must be "relative" or a positive number')

    def constants(self, h: float, averages: Floats, power: Power = pow) -> float:
        """eps of a run that starts from averages, shape (N,); `power` as for `CWENO3`.

        Raises
        ------
        InputError
            If the weights of numbers of this size under- or overflow.
        """
        if not isinstance(self.eps, str):
            return float(self.eps)
        scale, share = own_scale(averages, power, _REACH, "weights")
        return (scale * share) ** 2

    def of_run(self, h: float, averages: Floats) -> Self:
        """The same with the number that eps is in a run from these averages: what its record keeps."""
        return replace(self, eps=self.constants(h, averages))

    @property
    def edges(self) -> Formula:
        """Formula (u, j, eps) -> (P_l, P_r), the values at the edges of the cell amid u_j, ..., u_{j+2r}."""
        return edges_of(self.radius, self.weights, self.edge_share if self.positive else 0.0)

    @property
    def parts(self) -> Formula:
        """Formula (u, j, eps) -> (theta, q, omega_k - q C_k for all k), what P_opt and all P_k have a share of in P."""
        return parts_of(self.radius, self.weights, self.edge_share if self.positive else 0.0)


@dataclass(frozen=True)
class CWENO5(HighOrder):
    """Nonlinear reconstruction of order 5, of `Explicit` on the line; steps by `RK5` of `kinetic.line.runge_kutta`.

    Parameters
    ----------
    eps : "relative" or float > 0, default "relative"
        Regularisation of the indicators, as for `CWENO3`.
    weights : "CWZ" or "linear", default "CWZ"
        "linear" is P_opt itself, the control: it oscillates at jumps.
    positive : bool, default False
        Draw polynomials up to zero; steps must have cfl <= 1/12, and are those of the third-order SSP scheme.

    Raises
    ------
    InputError
        If a parameter is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> import kinetic
    >>> grid = kinetic.Grid(-0.5, 0.5, cells=40)
    >>> wave = kinetic.Problem(kinetic.LinearFlux(np.ones(41)), "periodic")  # u_t + u_x = 0
    >>> start = grid.averages_of(lambda x: np.sin(2 * np.pi * x))
    >>> end = kinetic.evolve(wave, start, grid, kinetic.Explicit(kinetic.CWENO5()), until=1.0).averages[-1]
    >>> print(f"{np.abs(end - start).sum() * grid.h:.1e}")  # after a revolution; 1.3e-03 by CWENO3
    6.3e-06
    """

    radius = 2
    order = 5
    edge_share = 1.0 / 12.0
    pieces = 4


@dataclass(frozen=True)
class CWENO7(HighOrder):
    """Nonlinear reconstruction of order 7, of `Explicit` on the line; steps by `RK8` of `kinetic.line.runge_kutta`.

    Parameters
    ----------
    eps, weights, positive
        As for `CWENO5`; drawn up to zero steps must have cfl <= 1/20.

    Raises
    ------
    InputError
        If a parameter is out of its range.

    Examples
    --------
    >>> import kinetic
    >>> scheme = kinetic.Explicit(kinetic.CWENO7(), cfl=1.8, fourier=0.9)  # "explicit7" of commands
    >>> print(scheme.order)
    7
    >>> kinetic.Explicit(kinetic.CWENO7(positive=True))
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: cfl = 0.45 must be at most 1/20 where the reconstruction is positive
    """

    radius = 3
    order = 7
    edge_share = 1.0 / 20.0
    pieces = 8


def require_three_cells(reconstruction: Reconstruction | HighOrder, where: str) -> Reconstruction:
    """Return a reconstruction whose polynomials see three cells, or raise InputError; `where` is for people."""
    if isinstance(reconstruction, HighOrder):
        name = type(reconstruction).__name__
        raise InputError(f"reconstruction = {name} for {where}: allowed is CWENO3 or Linear", on_all_ranks=True)
    return reconstruction
