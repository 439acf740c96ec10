"""Implicit diffusion with explicit advection in the plane: the step grows with h, not with h^2.

    d_t g + d_x(a_1 g) + d_y(a_2 g) = d_xx(D g) + d_yy(D g),   u' = E(u, t) + L u

E is that of the explicit scheme, line averages by CWENO3 and the product term (`kinetic.plane.advection`), L are
fourth-order differences by modes (`kinetic.plane.modes`), both by the stages of `kinetic.line.additive`. A stage solves

    (1 - gamma dt L) U = r

mode by mode, at once and exactly; with a D of the coordinate, as for K = x, by a sparse matrix (`.local_matrix`). A
splitting into lines would be of second order in time. So the order in time is that of the tableau, 3, for fields that
vary or follow the mean too.

At reflecting ends a g - D g_n = 0, but modes are functions without a slope there. What the slope a g/D adds to the flux
through the first inner face, D (h g_n)/(12 h) = a g/12, is of the size of advection and goes to E. Both fluxes vanish
at the end itself, each alone, where only their sum does. All this is right where the ends cut tails, and at rest; next
to a wall that holds mass which changes, the order in time falls to 2.5, and `Explicit` keeps it.

A step costs about as much as ten of SSPRK3 with explicit diffusion, and pays where those are ten times as short: on
fine grids with much noise. Mass is a mode of its own and kept to rounding; positivity is not guaranteed. (The last bits
are those of the library that transforms: not the same on every CPU.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kinetic.line.additive import ARK3, Additive
from kinetic.line.implicit import end_value
from kinetic.line.reconstruction import Reconstruction
from kinetic.plane.advection import Advection
from kinetic.plane.grid import Plane
from kinetic.plane.local_matrix import LocalMatrix
from kinetic.plane.modes import Modes
from kinetic.plane.problem import PlaneProblem
from particles.base.arrays import Floats

_END = np.array([end_value(1.0, 0.0, 0.0), end_value(0.0, 1.0, 0.0), end_value(0.0, 0.0, 1.0)])


def _at_ends(u: Floats, speeds: Floats, h: float, change: Floats) -> None:
    """Add a g/12 through the first inner faces of the second axis to `change`; speeds at both ends, shape (M, 2)."""
    low, high = (speeds[:, k] * (cells @ _END) / (12.0 * h) for k, cells in enumerate((u[:, :3], u[:, :-4:-1])))
    change[:, 0] -= low
    change[:, 1] += low
    change[:, -1] += high
    change[:, -2] -= high


class PlaneImexStepper:
    """The state of a run with implicit diffusion in the plane and its steps.

    Parameters
    ----------
    problem : PlaneProblem
        With diffusion, periodic or reflecting.
    plane : Plane
    reconstruction : CWENO3 or Linear
    averages : ndarray, shape (N_y, N_x)
    atoms : ndarray, shape (2 N_y + 2 N_x + 4,)
        They stay as they are.
    tableau : Additive, default ARK3
    """

    def __init__(
        self,
        problem: PlaneProblem,
        plane: Plane,
        reconstruction: Reconstruction,
        averages: Floats,
        atoms: Floats,
        tableau: Additive = ARK3,
    ) -> None:
        self._plane, self._tableau, self._rows = plane, tableau, tableau.rows
        self.steady = problem.steady
        self.averages, self.atoms = np.array(averages, dtype=np.float64), np.array(atoms, dtype=np.float64)
        self._advection = Advection(problem, plane, reconstruction, self.averages, self.atoms)
        self._positive = reconstruction.positive
        periodic, self._largest = problem.boundary == "periodic", problem.largest(plane)
        self._space: Modes | LocalMatrix = (
            LocalMatrix(plane, problem.local, periodic=periodic)
            if problem.constant is None
            else Modes(plane, problem.constant, periodic=periodic)
        )
        self._d = [np.asarray(problem.local.value(one)) for one in (plane.x.centres, plane.y.centres[:, None])]
        self._solver: tuple[float, Any] = (math.nan, None)

    def longest_step(self, t: float, cfl: float, *, settled: bool = False) -> float:
        """The step cfl over cells a unit of time: of the field, and two of the diffusion, for accuracy alone.

        Those are of int abs(grad D g)/int abs(g), which follows a narrow start until it has spread, `settled`, and of
        the last mode that decays, pi D/(hi - lo); both over both directions. inf where nothing moves.
        """
        x, y = self._plane.x, self._plane.y
        fast_x, fast_y = self._advection.data(t, self.averages).fastest(at_nodes=self._positive)
        rates = [fast_x / x.h + fast_y / y.h]
        rates.append(math.pi * self._largest * sum(1.0 / (grid.h * (grid.hi - grid.lo)) for grid in (x, y)))
        if not settled and self.averages.any():
            flow = sum(
                float(np.abs(np.diff(d * self.averages, axis=axis)).sum()) / grid.h**2
                for axis, grid, d in zip((1, 0), (x, y), self._d, strict=True)
            )
            rates.append(flow / float(np.abs(self.averages).sum()))
        return cfl / max(rates) if max(rates) > 0.0 else math.inf

    def advance(self, t: float, dt: float, count: int, latest: float) -> None:
        """Do `count` steps of length dt from time t, data no later than `latest`."""
        if dt != self._solver[0]:
            self._solver = dt, self._space.solver(self._tableau.gamma * dt)
        for k in range(count):
            self._step(t + k * dt, dt, latest, self._solver[1])

    def _step(self, t: float, dt: float, latest: float, solve: Callable[[Any], Any]) -> None:
        stage, start, slopes = self.averages, self._space.of(self.averages), list[Any]()
        state = start
        for k, node in enumerate(self._tableau.nodes):
            moved = self._moved(min(t + node * dt, latest), stage)
            slopes += [self._space.of(moved), self._space.act(state)]
            change = sum(a * slope for a, slope in zip(self._rows[:, k, : k + 1].T.reshape(-1), slopes, strict=True))
            if k + 1 < len(self._tableau.nodes):
                state = solve(start + dt * change)
                stage = self._space.back(state)
            else:
                self.averages += self._space.back(dt * change)

    def _moved(self, t: float, u: Floats) -> Floats:
        """E(u) at time t."""
        faces, (rows, columns) = self._advection.data(t, u), u.shape
        moved = self._advection.rate(u, faces)
        if self._space.even:
            _at_ends(u, faces.mean_x[:, ::columns], self._plane.x.h, moved)
            _at_ends(u.T, faces.mean_y[::rows, :columns].T, self._plane.y.h, moved.T)
        return moved
