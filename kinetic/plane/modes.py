"""Constant diffusion on a rectangle by its modes: D (d_xx + d_yy) is a number for each, and a solve a division.

    (L u)_i = D (-u_{i-2} + 16 u_{i-1} - 30 u_i + 16 u_{i+1} - u_{i+2})/(12 h^2) in each direction,
    -h^2 L/D = lam + lam^2/12,   lam = 2 - 2 cos(theta):   fourth order on averages

Periodic ends: theta = 2 pi k/N. Reflecting ends: u continues as an even function across them, theta = pi k/N, cosines
(DCT-II, at (i + 1/2)/N), and no flux passes the ends. So u has no slope there; `kinetic.plane.imex` puts that right.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kinetic.plane.grid import Plane
from particles.base.arrays import Floats


class Modes:
    """The transform of arrays of shape (N_y, N_x) and L by modes.

    Parameters
    ----------
    plane : Plane
    diffusivity : float >= 0
    periodic : bool
    """

    def __init__(self, plane: Plane, diffusivity: float, *, periodic: bool) -> None:
        self._shape, self._periodic = plane.shape, periodic
        in_x, in_y = (diffusivity / grid.h**2 * _symbol(grid.cells, periodic) for grid in (plane.x, plane.y))
        if periodic:  # of a real array half the modes in x
            in_x = in_x[: plane.x.cells // 2 + 1]
        self._rates: Floats = in_y[:, None] + in_x

    @property
    def even(self) -> bool:
        """Whether u has no slope at the ends."""
        return not self._periodic

    def act(self, modes: Floats) -> Floats:
        """L of what has these modes."""
        return -self._rates * modes

    def solver(self, tau: float) -> Callable[[Floats], Floats]:
        """The function that solves (1 - tau L) u = r, by modes."""
        inverse = 1.0 / (1.0 + tau * self._rates)
        return lambda modes: inverse * modes

    def of(self, u: Floats) -> Floats:
        """Modes of an array; complex on a periodic rectangle."""
        from scipy import fft

        return np.asarray(fft.rfft2(u) if self._periodic else fft.dctn(u, type=2, norm="ortho"))

    def back(self, modes: Floats) -> Floats:
        """The array that has these modes."""
        from scipy import fft

        return np.asarray(
            fft.irfft2(modes, s=self._shape) if self._periodic else fft.idctn(modes, type=2, norm="ortho")
        )  # fmt: skip


def _symbol(cells: int, periodic: bool) -> Floats:
    """-h^2 L/D of one direction."""
    lam = 2.0 - 2.0 * np.cos((2.0 if periodic else 1.0) * np.pi / cells * np.arange(cells))
    return np.asarray(lam + lam * lam / 12.0)
