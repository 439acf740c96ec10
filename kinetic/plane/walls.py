"""What sticks to the edge of a rectangle: four line densities, and four masses in the corners.

    d/dt L + d_s(a_s L) = what arrives from inside,   d/dt C = what arrives from two lines

A line moves with the tangential speed a_s along its wall by the scheme of the line (CWENO3, upwind), and what flows out
of its ends stays in a corner. All of it goes through the stages of the density, so that mass is kept to rounding.

What lies on a wall where the field points inwards stays there, as particles at sticky walls do; one that is clamped
anew every step would leave it, along a single characteristic. A `Release` tells of such mass: what arrives on the wall
is no smooth function along it then, and the scheme of no order there.

Walls are numbered x low, x high, y low, y high; corners (x, y) low low, high low, low high, high high.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from kinetic.line.integrate import advection
from kinetic.line.reconstruction import Reconstruction
from kinetic.plane.grid import Plane
from kinetic.plane.marginals import edge_masses
from kinetic.plane.stage import Arrivals
from particles.base.arrays import Floats
from particles.base.jit import Formula, kernel
from particles.base.shims import fma

NAMES = ("x low", "x high", "y low", "y high")
RELEASED = 1e-9
"""Share of all mass, on a wall where the field points inwards, that is told of."""
_ENDS = ((0, 2), (1, 3), (0, 1), (2, 3))
"""Corners at the low and the high end of a wall."""


class Release(NamedTuple):
    """Mass on a wall where the field points inwards: how much there was at most, when, and where most of it lay."""

    mass: float
    time: float
    wall: str
    at: float

    @property
    def sentence(self) -> str:
        """The same in words."""
        along = "y" if self.wall[0] == "x" else "x"
        return (
            f"mass {self.mass:.3g} lay on the wall {self.wall} where the field points inwards, most near {along} ="
            f" {self.at:.4g}, at t = {self.time:.4g}: it stays, as particles at a sticky wall do; where a wall holds"
            " back what would leave it, no grid scheme is of third order"
        )


def release(plane: Plane, masses: Floats, outward: list[Floats], t: float, least: float) -> Release | None:
    """The release from the wall that has most, of masses as `Walls.masses` gives them; None of `least` or less."""
    edge, found = edge_masses(plane, masses), []
    for name, wall, speeds, grid in zip(NAMES, edge[:4], outward, (plane.y, plane.y, plane.x, plane.x), strict=True):
        held = np.where(speeds < 0.0, np.maximum(wall, 0.0), 0.0)
        found.append(Release(math.fsum(held), t, name, float(grid.centres[int(held.argmax())])))
    largest = max(found, key=lambda one: one.mass)
    return largest if largest.mass > least else None


@kernel
def _line(fluxes: Formula) -> Formula:
    """Loop of one stage of one line; returns what leaves its low and its high end a unit of time."""

    def loop(
        start: Any, u: Any, out: Any, arriving: Any, sign: float, work: Any, speeds: Any, constants: Any, step: Any
    ) -> tuple[float, float]:
        n = u.size - 2
        share, scale, by_t = step
        fluxes(u, work, speeds, constants, (0.0, 0.0, False), 0.0)
        flux = work[2]
        for j in range(1, n + 1):
            gain = fma(sign * by_t, arriving[j - 1], scale * (flux[j - 1] - flux[j]))
            out[j] = start[j] + fma(share, u[j] - start[j], gain)
        return -flux[0], flux[n]

    return loop


class Walls:
    """Lines and corners of a run, three rows of each as for the density."""

    def __init__(self, plane: Plane, reconstruction: Reconstruction, face: Formula, constants: Any) -> None:
        sizes = 2 * [plane.y.cells] + 2 * [plane.x.cells]
        self._widths = 2 * [plane.y.h] + 2 * [plane.x.h]
        self._lines = [np.zeros((3, n + 2)) for n in sizes]
        self._corners = np.zeros((3, 4))
        self._work = [np.zeros((3, n + 2)) for n in sizes]
        self._constants = constants
        self._loop = _line(advection(reconstruction.polynomial, face))

    def masses(self, row: int) -> Floats:
        """Masses of the cells of all lines, wall by wall, and of the corners, shape (2 N_y + 2 N_x + 4,)."""
        lines = [width * line[row, 1:-1] for width, line in zip(self._widths, self._lines, strict=True)]
        return np.concatenate([*lines, self._corners[row]])

    def get(self, row: int) -> Floats:
        """Densities of all lines, wall by wall, and masses of the corners, shape (2 N_y + 2 N_x + 4,)."""
        return np.concatenate([*(line[row, 1:-1] for line in self._lines), self._corners[row]])

    def set(self, row: int, state: Floats) -> None:
        """Take what `get` gave for the state of a row."""
        ends = np.cumsum([line.shape[1] - 2 for line in self._lines])
        for line, part in zip(self._lines, np.split(state, ends)[:4], strict=True):
            line[row, 1:-1] = part
        self._corners[row] = state[ends[-1] :]

    def put(self, masses: Floats) -> None:
        """Take masses, as `masses` gives them, for the state in row 0."""
        ends = np.cumsum([line.shape[1] - 2 for line in self._lines])
        for line, width, part in zip(self._lines, self._widths, np.split(masses, ends)[:4], strict=True):
            line[0, 1:-1] = part / width
        self._corners[0] = masses[ends[-1] :]

    def stage(
        self, rows: tuple[int, int, int], share: float, dt: float, arrivals: Arrivals, speeds: list[Floats]
    ) -> None:
        """One stage from the rows (start, source) to the row `target`."""
        start, source, target = rows
        gains = np.zeros(4)
        for wall, line in enumerate(self._lines):
            step = share, share * dt / self._widths[wall], share * dt
            ends = self._loop(
                line[start], line[source], line[target], arrivals[wall], -1.0 if wall in (0, 2) else 1.0,
                self._work[wall], speeds[wall], self._constants[wall // 2], step,
            )  # fmt: skip
            for corner, gain in zip(_ENDS[wall], ends, strict=True):
                gains[corner] += gain
        old = self._corners
        old[target] = old[start] + (share * (old[source] - old[start]) + share * dt * gains)
