"""The explicit scheme in the plane in time: third-order SSP Runge-Kutta, the walls through the same stages.

Longest steps: a = max abs(A_x)/h + max abs(A_y)/k, d = D/h^2 + D/k^2, dt <= cfl/a, dt <= fourier/d, and together

    dt (a/1.6259 + 16/3 d/2.5127) <= 1   (D of a coordinate: 49/9, and its largest value):

the linear scheme is stable up to a dt = 1.6259, the number of the line, for every ratio of the two speeds. (The product
term is of lower order: B = O(h).)

On ranks each has its rows of the density and of the face data (`kinetic.plane.strips`). Two rows go to either neighbour
before a stage; both then form the fluxes through their common faces from the same numbers. The walls are short: every
rank has them whole, and what arrives there is told to all.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from kinetic.flux import upwind
from kinetic.grid import first_moment
from kinetic.line.integrate import FOURIER, UPWIND_LIMIT
from kinetic.line.reconstruction import Reconstruction
from kinetic.line.tableau import REAL_LIMIT, SSPRK3
from kinetic.plane.field import FaceData, face_data, outward_speeds, wall_speeds
from kinetic.plane.grid import Plane
from kinetic.plane.local_diffusion import LocalDiffusion
from kinetic.plane.marginals import marginals
from kinetic.plane.problem import PlaneProblem
from kinetic.plane.rows import aligned, in_lines, whole_lines
from kinetic.plane.stage import Arrivals, Step, fill, fluxes, stage, states, work_arrays
from kinetic.plane.strips import HALO, Strips
from kinetic.plane.walls import RELEASED, Release, Walls, release
from particles import vmath
from particles.base.arrays import Floats
from particles.base.errors import InputError

_STIFFNESS = 16.0 / 3.0
"""Largest eigenvalue of -h^2 d_xx for the fourth-order differences of averages."""


class _Data(NamedTuple):
    """The field at the faces of this rank's rows; along all walls, and out of them, where something sticks."""

    faces: FaceData
    walls: list[Floats]
    outward: list[Floats]


class PlaneIntegrator:
    """The state of a run in the plane and its steps.

    Parameters
    ----------
    problem : PlaneProblem
    plane : Plane
    reconstruction : CWENO3 or Linear
    averages : ndarray, shape (N_y, N_x)
        On ranks the rows of this one.
    atoms : ndarray, shape (2 N_y + 2 N_x + 4,)
        Masses on the walls and in the corners, as in `kinetic.plane.walls`.
    fourier : float > 0
    strips : Strips, optional
        Which rows lie on this rank; default: all.

    Raises
    ------
    InputError
        If `fourier` is beyond the stable, or D negative somewhere.
    """

    def __init__(
        self,
        problem: PlaneProblem,
        plane: Plane,
        reconstruction: Reconstruction,
        averages: Floats,
        atoms: Floats,
        *,
        fourier: float = FOURIER,
        strips: Strips | None = None,
    ) -> None:
        self._strips = strips = Strips.alone(plane) if strips is None else strips
        self._edge = strips.edge(problem.boundary)
        self._local = LocalDiffusion(problem, strips, self._edge) if problem.constant is None else None
        self._largest = problem.largest(plane)
        self._stiffness = _STIFFNESS if self._local is None else self._local.stiffness
        most = REAL_LIMIT / self._stiffness
        if not 0.0 < fourier <= most:
            raise InputError(f"fourier = {fourier!r} must lie in (0, {most:.4f}] in the plane")
        self._positive = reconstruction.positive
        self._problem, self._plane, self._fourier = problem, plane, fourier
        self.steady = problem.steady
        rows, columns = strips.shape
        self._states = aligned((3, rows + 2 * HALO, whole_lines(columns + 2 * HALO)), begin=HALO)
        self._base = 0
        self.averages[:] = averages
        self._work = work_arrays()
        self._arrivals = Arrivals(np.zeros(rows), np.zeros(rows), np.zeros(columns), np.zeros(columns))
        (along_x, along_edge), (along_y, _) = marginals(strips, averages, atoms)
        highest = max(strips.ranks.gather(float(np.abs(averages).max())))
        self._constants = constants_of(reconstruction, plane, highest, (along_x, along_y))
        noisy = problem.noisy and self._local is None
        self._fill, self._loop = fill(), stage(*states(reconstruction.polynomial), *fluxes(noisy, self._positive))
        self._walls: Walls | None = None
        if problem.boundary == "wall":
            lines = [reconstruction.constants(g.h, u, _power) for g, u in ((plane.y, along_y), (plane.x, along_x))]
            self._walls = Walls(plane, reconstruction, upwind, lines)
            self._walls.put(atoms)
        self._evaluated: tuple[tuple[float, int], _Data] | None = None
        self._mass = plane.x.h * float(along_x.sum()) + float(along_edge.sum()) or 1.0
        self._kept = atoms.copy()  # where nothing sticks, what a run starts with at the edge stays there

    @property
    def averages(self) -> Floats:
        """Cell averages now of this rank's rows, shape (N_y, N_x) on a single rank; a view."""
        return self._inside(self._base)

    def _inside(self, row: int) -> Floats:
        inside: Floats = self._states[row, 2:-2, 2 : self._plane.x.cells + 2]
        return inside

    @property
    def atoms(self) -> Floats:
        """Masses on the walls and in the corners now."""
        return self._masses(self._base)

    @property
    def held(self) -> Floats:
        """What the state consists of beside the averages: that of the walls, as it is stepped."""
        return self._kept.copy() if self._walls is None else self._walls.get(self._base)

    @held.setter
    def held(self, numbers: Floats) -> None:
        self._evaluated = None
        if self._walls is not None:
            self._walls.set(self._base, numbers)

    def release(self, t: float) -> Release | None:
        """Mass that lies on a wall where the field points inwards at time t; None where next to none does."""
        if self._walls is None:
            return None
        data = self._data(t, self._base)
        return release(self._plane, self.atoms, data.outward, t, RELEASED * self._mass)

    def _masses(self, row: int) -> Floats:
        return self._kept if self._walls is None else self._walls.masses(row)

    def longest_step(self, t: float, cfl: float, *, settled: bool = False) -> float:
        """The longest step at time t by the rules above; inf where nothing moves."""
        faces, walls, _ = self._data(t, self._base)
        fast_x, fast_y = map(max, *self._strips.ranks.gather(faces.fastest(at_nodes=self._positive)), (0.0, 0.0))
        h, k = self._plane.x.h, self._plane.y.h
        if self._walls is not None:
            fast_x = max(fast_x, *(float(np.abs(speeds).max()) for speeds in walls[2:]))
            fast_y = max(fast_y, *(float(np.abs(speeds).max()) for speeds in walls[:2]))
        rate, spread = fast_x / h + fast_y / k, self._largest * (1.0 / h**2 + 1.0 / k**2)
        limits = [math.inf]
        limits += [cfl / rate] if rate > 0.0 else []
        limits += [self._fourier / spread] if spread > 0.0 else []
        share = rate / UPWIND_LIMIT + self._stiffness * spread / REAL_LIMIT
        return min(*limits, 1.0 / share) if share > 0.0 else math.inf

    def advance(self, t: float, dt: float, count: int, latest: float) -> None:
        """Do `count` steps of length dt from time t, data no later than `latest`."""
        for step in range(count):
            for k, (share, node) in enumerate(zip(SSPRK3.share, SSPRK3.nodes, strict=True)):
                source, target = ((self._base, 1 - self._base), (1 - self._base, 2), (2, 1 - self._base))[k]
                at = min(t + (step + node) * dt, latest)
                self._stage((self._base, source, target), at, share, dt)
            self._base = 1 - self._base

    def _stage(self, rows: tuple[int, int, int], t: float, share: float, dt: float) -> None:
        start, source, target = (self._states[row] for row in rows)
        faces, walls, _ = self._data(t, rows[1])
        h, k, d = self._plane.x.h, self._plane.y.h, 0.0 if self._local else self._largest / 12.0
        step = Step(share, share * dt / h, share * dt / k, d / h, d / k)
        self._fill(source, self._plane.x.cells, self._edge)
        self._strips.ranks.exchange(source, HALO, around=self._edge.periodic)
        self._loop(start, source, target, faces, self._work, self._constants, self._edge, step, self._arrivals)
        if self._local is not None:
            self._inside(rows[2])[:] += share * dt * self._local.rate(source)
        if self._walls is not None:
            self._walls.stage(rows, share, dt, self._strips.arrivals(self._arrivals), walls)
        self._evaluated = None

    def _data(self, t: float, row: int) -> _Data:
        """The field at time t with the state of a row; that of the last look serves the first stage after it too."""
        if self.steady:
            return self._steady
        key = t, row
        if self._evaluated is None or self._evaluated[0] != key:
            mean = self._mean(row) if self._problem.needs_mean else None
            self._evaluated = key, self._at(t, mean)
        return self._evaluated[1]

    @functools.cached_property
    def _steady(self) -> _Data:
        return self._at(0.0, None)

    def _at(self, t: float, mean: Floats | None) -> _Data:
        field, plane, strips = self._problem.field, self._plane, self._strips

        def evaluate() -> _Data:
            faces = face_data(field, plane, t, mean, rows=strips.rows, periodic=self._edge.periodic)
            faces = FaceData(*map(in_lines, faces))
            if self._walls is None:
                return _Data(faces, [], [])
            return _Data(faces, wall_speeds(field, plane, t, mean), outward_speeds(field, plane, t, mean))

        return strips.ranks.together(evaluate)

    def _mean(self, row: int) -> Floats:
        """First moments of density, walls and corners: those of both marginals."""
        along_x, along_y = marginals(self._strips, self._inside(row), self._masses(row))
        return np.array([first_moment(self._plane.x, *along_x), first_moment(self._plane.y, *along_y)])


def constants_of(
    reconstruction: Reconstruction, plane: Plane, highest: float, along: tuple[Floats, Floats]
) -> tuple[Any, Any]:
    """Numbers of the reconstruction in x and in y: a relative eps is that of a marginal as high as the density."""
    return tuple(  # type: ignore[return-value]
        reconstruction.constants(grid.h, marginal * (highest / (float(np.abs(marginal).max()) or 1.0)), _power)
        for grid, marginal in zip((plane.x, plane.y), along, strict=True)
    )


def _power(x: float, exponent: float) -> float:
    """x^exponent for x > 0, the same bits on any CPU."""
    return vmath.exp(exponent * vmath.log(x))
