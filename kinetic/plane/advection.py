"""The rate of change by advection alone, E(u) = -(F_{i+1/2} - F_{i-1/2})/h - (G_{j+1/2} - G_{j-1/2})/k, as an array.

The fluxes are those of `kinetic.plane.stage`, of a rectangle without walls that hold anything, on one process.
"""

from __future__ import annotations

import numpy as np

from kinetic.grid import first_moment
from kinetic.line.reconstruction import Reconstruction
from kinetic.plane.field import FaceData, face_data
from kinetic.plane.grid import Plane
from kinetic.plane.integrate import constants_of
from kinetic.plane.marginals import marginals
from kinetic.plane.problem import PlaneProblem
from kinetic.plane.rows import aligned, in_lines, whole_lines
from kinetic.plane.stage import Arrivals, Step, fill, fluxes, stage, states, work_arrays
from kinetic.plane.strips import HALO, Strips
from particles.base.arrays import Floats


class Advection:
    """E of a problem on a plane, for states that start from `averages`, shape (N_y, N_x), and masses at the edge."""

    def __init__(
        self, problem: PlaneProblem, plane: Plane, reconstruction: Reconstruction, averages: Floats, atoms: Floats
    ) -> None:
        self._problem, self._plane, self._atoms = problem, plane, atoms
        self._strips = strips = Strips.alone(plane)
        self._edge = strips.edge(problem.boundary)
        rows, columns = plane.shape
        shape = rows + 2 * HALO, whole_lines(columns + 2 * HALO)
        self._nothing, self._state, self._out = (aligned(shape, begin=HALO) for _ in range(3))
        self._work = work_arrays()
        self._arrivals = Arrivals(np.zeros(rows), np.zeros(rows), np.zeros(columns), np.zeros(columns))
        (along_x, _), (along_y, _) = marginals(strips, averages, atoms)
        self._constants = constants_of(reconstruction, plane, float(np.abs(averages).max()), (along_x, along_y))
        self._fill, self._loop = (
            fill(),
            stage(*states(reconstruction.polynomial), *fluxes(False, reconstruction.positive)),
        )
        self._steady = self._at(0.0, None) if problem.steady else None

    def data(self, t: float, u: Floats) -> FaceData:
        """Speeds at the faces at time t, of a field that follows the mean those of the mean of u."""
        if self._steady is not None:
            return self._steady
        return self._at(t, self._mean(u) if self._problem.needs_mean else None)

    def rate(self, u: Floats, faces: FaceData) -> Floats:
        """E(u), shape (N_y, N_x); a view that the next call overwrites."""
        columns = self._plane.x.cells
        inside = np.s_[HALO:-HALO, HALO : columns + HALO]
        self._state[inside] = u
        self._fill(self._state, columns, self._edge)
        step = Step(0.0, 1.0 / self._plane.x.h, 1.0 / self._plane.y.h, 0.0, 0.0)
        self._loop(
            self._nothing, self._state, self._out, faces, self._work, self._constants, self._edge, step, self._arrivals
        )
        found: Floats = self._out[inside]
        return found

    def _at(self, t: float, mean: Floats | None) -> FaceData:
        faces = face_data(self._problem.field, self._plane, t, mean, periodic=self._edge.periodic)
        return FaceData(*map(in_lines, faces))

    def _mean(self, u: Floats) -> Floats:
        along_x, along_y = marginals(self._strips, u, self._atoms)
        return np.array([first_moment(self._plane.x, *along_x), first_moment(self._plane.y, *along_y)])
