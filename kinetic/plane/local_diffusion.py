"""Diffusion in the plane with a coefficient of the coordinate itself, d_xx(D(x) u) + d_yy(D(y) u), as for K = x.

The average over y commutes with D(x), and so each direction is the form "conservative" of `kinetic.line.diffusion`:

    G_{i+1/2} = -(q_{i-1} - 27 q_i + 27 q_{i+1} - q_{i+2})/(24 h)
    q_i = D(x_i) (u_i - (u_{i+1} - 2 u_i + u_{i-1})/24),

of fourth order, q being D times the centre value of the parabola through three averages. Missing values continue three
by a parabola; no flux passes ends that reflect. All by sums and products of whole arrays, in a fixed order.
"""

from __future__ import annotations

import numpy as np

from kinetic.grid import Grid
from kinetic.line.diffusion import Diffusivity
from kinetic.line.rates import LocalDiffusivity
from kinetic.plane.grid import Plane
from kinetic.plane.problem import PlaneProblem
from particles.base.arrays import Floats


class LocalDiffusion:
    """The rate of change of averages on a plane by diffusion.

    Parameters
    ----------
    diffusivity : LocalDiffusivity
    plane : Plane
    periodic : bool

    Raises
    ------
    InputError
        If D at a centre is negative or not finite.
    """

    def __init__(self, diffusivity: LocalDiffusivity, plane: Plane, *, periodic: bool) -> None:
        self._in_x, self._in_y = (Axis(diffusivity, grid, periodic) for grid in (plane.x, plane.y))

    @classmethod
    def of(cls, problem: PlaneProblem, plane: Plane) -> LocalDiffusion | None:
        """That of a problem, None where D is constant."""
        if problem.constant is not None:
            return None
        return cls(problem.local, plane, periodic=problem.boundary == "periodic")

    @property
    def stiffness(self) -> float:
        """Largest eigenvalue of -h^2 d_xx."""
        return self._in_x.form.stiffness

    def rate(self, u: Floats) -> Floats:
        """Rate of change of averages u, shape (N_y, N_x)."""
        return self._in_x.rate(u) + self._in_y.rate(u.T).T


class Axis:
    """One direction, the last axis of an array."""

    def __init__(self, diffusivity: LocalDiffusivity, grid: Grid, periodic: bool) -> None:
        values = np.broadcast_to(np.asarray(diffusivity.value(grid.centres), dtype=np.float64), (grid.cells,))
        self.form = Diffusivity(values, "conservative")
        self._h, self._periodic, self._scales = grid.h, periodic, self.form.scales(grid.h)
        self._d = values

    def centre_values(self, u: Floats) -> Floats:
        """Values at the centres of the parabolas through three averages."""
        before, after = self._beyond(u)
        wide = np.concatenate([before[..., -1:], u, after[..., :1]], axis=-1)
        return np.asarray(u - (wide[..., 2:] - 2.0 * u + wide[..., :-2]) / 24.0)

    def rate(self, u: Floats) -> Floats:
        q = self._d * self.centre_values(u)
        before, after = self._beyond(q)
        q = np.concatenate([before, q, after], axis=-1)
        near, far = self._scales
        flux = near * (q[..., 1:-2] - q[..., 2:-1]) + far * (q[..., 3:] - q[..., :-3])
        if not self._periodic:
            flux[..., 0] = flux[..., -1] = 0.0
        return np.asarray((flux[..., :-1] - flux[..., 1:]) / self._h)

    def _beyond(self, u: Floats) -> tuple[Floats, Floats]:
        """Two values beyond either end; the outer ones of a closed end count for nothing."""
        if self._periodic:
            return u[..., -2:], u[..., :2]
        low, high = (3.0 * (one[..., 0] - one[..., 1]) + one[..., 2] for one in (u, u[..., ::-1]))
        return np.stack([low, low], axis=-1), np.stack([high, high], axis=-1)
