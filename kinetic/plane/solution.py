"""Record of a run in the plane: cell averages, and the masses on the walls and in the corners, at the stored times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.flux import Boundary
from kinetic.grid import Grid
from kinetic.line.reconstruction import Linear, Reconstruction
from kinetic.plane.grid import Plane
from kinetic.plane.marginals import edge_masses, marginals
from kinetic.plane.strips import Strips
from kinetic.plane.walls import Release
from kinetic.record import Record
from kinetic.solution import measure
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Measure, PlaneDensity


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class PlaneSolution(Record):
    """Solution of the equation of a model in the plane.

    Parameters
    ----------
    times : tuple of float, T of them, increasing
    grid : Plane
    averages : ndarray, shape (T, N_y, N_x)
        Cell averages, mass/area.
    atoms : ndarray, shape (T, 2 N_y + 2 N_x + 4)
        Masses on the walls x low, x high, y low, y high, cell by cell, and in the corners; see `edge`.
    scheme, reconstruction, boundary, steps, lowest, lowest_at, stopped, provenance
        As of a `Solution`.

    Raises
    ------
    InputError
        If the shapes do not fit each other.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> side = kinetic.Grid(-4.0, 4.0, cells=40)
    >>> solution = kinetic.solve(cases["rotation"].model, kinetic.Plane(side, side), until=1.0)
    >>> solution.averages.shape, solution.atoms.shape
    ((1, 40, 40), (1, 164))
    >>> print(solution.mean(1.0).round(3))  # (cos 1, sin 1) = (0.540, 0.841)
    [0.54  0.842]
    """

    grid: Plane

    format = "simresnet-kinetic-plane-1"
    undershoots = True
    time_by_time = True
    title = "mean-field density in the plane by CWENO3 finite volumes"

    def edge(self, t: float) -> dict[str, Floats]:
        """Masses at the edge at a stored time: "x_low", "x_high", shape (N_y,), "y_low", "y_high", (N_x,), "corners".

        The corners, shape (4,), are (x, y) low low, high low, low high and high high.
        """
        return edge_masses(self.grid, self.atoms[self._row(t)])._asdict()

    def at(self, t: float) -> Measure:
        """Measure at a stored time: averages of cells, lines on the walls, atoms in the corners.

        Raises
        ------
        InputError
            If `t` is not a stored time (to 9 digits of the last one).
        """
        k = self._row(t)
        return plane_measure(self.grid, self.averages[k], self.atoms[k], self.reconstruction, self.boundary)

    @property
    def release(self) -> Release | None:
        """Mass that lay on a wall where the field pointed inwards; None where none did.

        Particles would leave the wall there, along one characteristic: no grid scheme is of third order then.
        """
        told = self.provenance.get("release")
        return None if told is None else Release(**told)

    def marginal(self, t: float, axis: int) -> Measure:
        """Marginal in x (axis 0) or in y (axis 1) at a stored time, a measure on the line: walls are its atoms.

        Raises
        ------
        InputError
            If the axis is neither, or `t` is not a stored time.
        """
        if axis not in (0, 1):
            raise InputError(f"axis = {axis!r} must be 0 or 1")
        return self.at(t).marginal(axis)

    def mean(self, t: float) -> Floats:
        """Mean at a stored time, shape (2,): those of the marginals."""
        return self.at(t).mean

    def covariance(self, t: float) -> Floats:
        """Covariance matrix at a stored time, shape (2, 2).

        Variances are those of the marginals, parabolas in cells; E xy takes the centres, of which no h^2 is missing.
        """
        return self.at(t).covariance

    def snapshot(self, t: float) -> dict[str, Any]:
        """Time, mass, masses on walls and in corners, mean and covariance at a stored time, values for JSON."""
        edge = self.edge(t)
        corners = edge.pop("corners").tolist()
        held = {"walls": {wall: float(masses.sum()) for wall, masses in edge.items()}, "corners": corners}
        measure = self.at(t)
        moments = {"mean": measure.mean.tolist(), "covariance": measure.covariance.tolist()}
        return {"time": t, "mass": self.mass(t), **held, **moments}

    def sentence(self, t: float) -> str:
        """The same in words."""
        row = self.snapshot(t)
        (x, y), ((xx, xy), (_, yy)) = row["mean"], row["covariance"]
        told = f"t = {t:g}: mass {row['mass']:.15f}, mean ({x:.8f}, {y:.8f}), covariance ({xx:.8f}, {xy:.8f}, {yy:.8f})"
        held = sum(row["walls"].values()), sum(row["corners"])
        return told if self.boundary != "wall" else f"{told}, {held[0]:.8f} on the walls, {held[1]:.8f} in the corners"

    def arrays(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, float]]:
        """Average over (time, y, x), atom over (time, edge); centres and faces of both grids; their ends."""
        along = "mass on the walls x low, x high, y low, y high, and in the corners"
        variables = {
            "average": (("time", "y", "x"), self.averages, {"long_name": "cell average of the density", "units": "1"}),
            "atom": (("time", "edge"), self.atoms, {"long_name": along, "units": "1"}),
        }
        coordinates: dict[str, Any] = {}
        ends: dict[str, float] = {}
        for name, grid in (("x", self.grid.x), ("y", self.grid.y)):
            coordinates[name] = name, grid.centres, {"long_name": "centre of the cell", "units": "1"}
            coordinates[f"{name}_face"] = f"{name}_face", grid.faces, {"long_name": "face of the cells", "units": "1"}
            ends |= {f"{name}_lo": grid.lo, f"{name}_hi": grid.hi}
        return variables, coordinates, ends

    @classmethod
    def parts(cls, data: Any) -> tuple[Plane, Floats, Floats]:
        """Grid, averages and atoms of a record that was read; InputError where its faces are not the grid's."""
        averages, atoms = (np.array(data[name], dtype=np.float64) for name in ("average", "atom"))
        grids = []
        for name, cells in (("x", averages.shape[-1]), ("y", averages.shape[-2])):
            grids.append(Grid(float(data.attrs[f"{name}_lo"]), float(data.attrs[f"{name}_hi"]), cells=cells))
            if not np.array_equal(data[f"{name}_face"], grids[-1].faces):
                raise InputError("its faces are not those of its grid")
        return Plane(*grids), averages, atoms


def plane_measure(
    grid: Plane, averages: Floats, atoms: Floats, used: Reconstruction, boundary: Boundary = "outflow"
) -> Measure:
    """Cells of the plane with their marginals, lines on its walls and atoms in its corners.

    Parameters
    ----------
    grid : Plane
    averages : ndarray, shape (N_y, N_x)
    atoms : ndarray, shape (2 N_y + 2 N_x + 4,)
        As of a `PlaneSolution`.
    used : CWENO3 or Linear
        Turns averages on the line into parabolas; next to nothing, of which it makes none, is left to `Linear`.
    boundary : "periodic", "wall", "outflow" or "reflecting", default "outflow"
    """

    def line(along: Grid, values: Floats) -> Measure:
        try:
            found = measure(along, values, np.zeros(2), used, boundary)
        except InputError:
            found = measure(along, values, np.zeros(2), Linear(), boundary)
        return Measure(np.empty((1, 0)), np.empty(0), found.faces, found.polynomials)

    (in_x, _), (in_y, _) = marginals(Strips.alone(grid), averages, np.zeros_like(atoms))
    x, y, edge = grid.x, grid.y, edge_masses(grid, atoms)
    walls = tuple(line(along, masses / along.h) for along, masses in zip((y, y, x, x), edge[:4], strict=True))
    held = walls if any(masses.any() for masses in edge[:4]) else ()
    corners = np.array([[x.lo, x.hi, x.lo, x.hi], [y.lo, y.lo, y.hi, y.hi]])
    return Measure(corners, edge.corners, plane=PlaneDensity(averages, (line(x, in_x), line(y, in_y)), held))
