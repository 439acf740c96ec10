"""Diffusion with a coefficient of the coordinate itself as a sparse matrix, for implicit stages.

    L = I x L_x + L_y x I (Kronecker products),   L_x, L_y: seven bands, those of the line (`kinetic.line.implicit`)

It has no modes that one transform knows, so that a stage is solved by sparse LU, factorised once a length of step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kinetic.grid import Grid
from kinetic.line.implicit import PAD, face_coefficients
from kinetic.line.rates import LocalDiffusivity
from kinetic.plane.chain import factorised
from kinetic.plane.grid import Plane
from particles.base.arrays import Floats


class LocalMatrix:
    """What `kinetic.plane.modes.Modes` is for a constant D, on averages as they are.

    Parameters
    ----------
    plane : Plane
    diffusivity : LocalDiffusivity
    periodic : bool
    """

    even = False
    """Ends are those of the matrix, whatever slope there is."""

    def __init__(self, plane: Plane, diffusivity: LocalDiffusivity, *, periodic: bool) -> None:
        from scipy.sparse import csr_matrix, identity, kron

        in_x, in_y = (csr_matrix(_along(grid, diffusivity, periodic)) for grid in (plane.x, plane.y))
        units = identity(plane.y.cells), identity(plane.x.cells)
        self._matrix: Any = (kron(units[0], in_x) + kron(in_y, units[1])).tocsc()

    def of(self, u: Floats) -> Floats:
        """The averages themselves, a copy."""
        return u.copy()

    def back(self, u: Floats) -> Floats:
        """The averages themselves."""
        return u

    def act(self, u: Floats) -> Floats:
        """L u, arrays of shape (N_y, N_x)."""
        return np.asarray(self._matrix @ u.reshape(-1)).reshape(u.shape)

    def solver(self, tau: float) -> Callable[[Floats], Floats]:
        """The function that solves (1 - tau L) u = r."""
        return factorised(self._matrix, tau)


def _along(grid: Grid, diffusivity: LocalDiffusivity, periodic: bool) -> Floats:
    """L of one direction, shape (N, N)."""
    n = grid.cells
    values = np.broadcast_to(np.asarray(diffusivity.value(grid.centres), dtype=np.float64), (n,))
    coefficients, fluxes = face_coefficients(values, grid, ring=periodic), np.zeros((n + 1, n))
    faces = np.arange(n + 1)
    for k, row in enumerate(coefficients):
        cells = faces - PAD + k
        inside = np.full(n + 1, True) if periodic else (cells >= 0) & (cells < n)
        fluxes[faces[inside], cells[inside] % n] += row[inside]
    return np.asarray((fluxes[:-1] - fluxes[1:]) / grid.h)
