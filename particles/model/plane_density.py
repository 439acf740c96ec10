"""A density on a rectangle as averages of its cells, and what sticks to the walls as densities along them.

    mu = g(x, y) dx dy + sum over walls of L(s) ds,   u_ji = average of g over cell (j, i),   h k u_ji its mass

Averages say nothing of g inside a cell, and cells taken as uniform have moments of their own: the variance of x is
h^2/6 too large, of the masses at the centres h^2/12 (Sheppard), while E xy is right for both. So a variance comes from
the marginal, averages on the line with a parabola in each cell, and E xy from the centres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_type
from particles.base.errors import InputError
from particles.model.measure import Measure


@dataclass(frozen=True, eq=False)
class PlaneDensity:
    """Cells of a rectangle and, where its walls hold mass, four lines.

    Parameters
    ----------
    averages : ndarray, shape (N_y, N_x)
        Cell averages, mass/area.
    inside : (Measure, Measure)
        Marginals in x and in y of the cells alone: on the line, without atoms, N_x and N_y cells of equal width. Their
        faces are those of the cells.
    walls : tuple of four Measure, optional
        What lies on the walls x low, x high (along y), y low and y high (along x): densities on the same faces.

    Raises
    ------
    InputError
        If the averages are no array of finite numbers, or the parts do not fit each other.

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Measure, PlaneDensity
    >>> nothing = np.empty((1, 0)), np.empty(0)
    >>> faces = np.array([0.0, 1.0, 2.0])
    >>> constant = np.array([[0.5, 0.5], [0.0, 0.0], [0.0, 0.0]])
    >>> side = Measure(*nothing, faces=faces, polynomials=constant)
    >>> square = PlaneDensity(np.array([[0.25, 0.25], [0.25, 0.25]]), inside=(side, side))
    >>> square.mass, square.cell_masses.tolist()
    (1.0, [[0.25, 0.25], [0.25, 0.25]])
    """

    averages: Floats
    inside: tuple[Measure, Measure]
    walls: tuple[Measure, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "averages", as_floats(self.averages, "averages", ndim=2))
        if len(self.inside) != 2 or len(self.walls) not in (0, 4):
            raise InputError(f"{len(self.inside)} marginals and {len(self.walls)} walls: allowed are 2, and 0 or 4")
        for part in (*self.inside, *self.walls):
            require_type("a marginal or wall of a plane", part, Measure, "a Measure")
        x, y = self.faces
        if self.averages.shape != (y.size - 1, x.size - 1):
            told = f"{y.size - 1} cells in y and {x.size - 1} in x"
            raise InputError(f"averages of shape {self.averages.shape} do not fit {told}: allowed is (N_y, N_x)")
        for faces in (x, y):
            widths = np.diff(faces)
            if widths.max() - widths.min() > 1e-9 * (np.abs(faces).max() + widths.max()):
                raise InputError("cells of a density in the plane must be equally wide")
        for wall, faces in zip(self.walls, (y, y, x, x), strict=False):
            if not np.array_equal(wall.faces, faces):
                raise InputError("a wall of a density in the plane must have the faces of its cells")

    @property
    def faces(self) -> tuple[Floats, Floats]:
        """Faces of the cells in x, shape (N_x + 1,), and in y, (N_y + 1,)."""
        return self.inside[0].faces, self.inside[1].faces

    @property
    def widths(self) -> tuple[float, float]:
        """Widths h and k of a cell."""
        h, k = (float((faces[-1] - faces[0]) / (faces.size - 1)) for faces in self.faces)
        return h, k

    @cached_property
    def cell_masses(self) -> Floats:
        """Mass of every cell, shape (N_y, N_x)."""
        h, k = self.widths
        return np.asarray(h * k * self.averages)

    @cached_property
    def mass(self) -> float:
        """Mass of cells and walls."""
        return float(self.cell_masses.sum()) + sum(wall.mass for wall in self.walls)

    @cached_property
    def sharpened(self) -> Floats:
        """Masses of cells that, spread evenly, are weakly nearer to the density, shape (N_y, N_x).

        Averages spread evenly are g + (h^2/12) g_xx + (k^2/12) g_yy, weakly: here m - (sum of neighbours - 4 m)/12,
        without a flux through the edge, so that no mass is lost.
        """
        masses = self.cell_masses
        out = masses.copy()
        for axis in (0, 1):
            flux = np.diff(masses, axis=axis) / 12.0
            edge = np.zeros_like(masses.take([0], axis=axis))
            out -= np.diff(np.concatenate([edge, flux, edge], axis=axis), axis=axis)
        return out

    def wall_at(self, wall: int) -> tuple[int, float]:
        """Axis across a wall, 0 or 1, and where on it the wall lies."""
        axis = wall // 2
        return axis, float(self.faces[axis][-(wall % 2)])

    @cached_property
    def marginals(self) -> tuple[Measure, Measure]:
        """Marginals in x and in y with the walls: those along an axis add to the density, those across are atoms."""
        return self._marginal(0), self._marginal(1)

    def _marginal(self, axis: int) -> Measure:
        polynomials, points, masses = self.inside[axis].polynomials, [], []
        for k, wall in enumerate(self.walls):
            across, at = self.wall_at(k)
            if across == axis:
                points.append(at)
                masses.append(wall.mass)
            else:
                polynomials = polynomials + wall.polynomials
        return Measure(np.array([points]).reshape(1, -1), np.array(masses), self.faces[axis], polynomials)

    def product_moment(self, about: Floats) -> float:
        """Integral of (x - c_x)(y - c_y) about a point c, shape (2,), of cells by their centres."""
        x, y = (0.5 * (faces[1:] + faces[:-1]) - c for faces, c in zip(self.faces, about, strict=True))
        total = float((self.cell_masses * x).sum(axis=1) @ y)
        for k, wall in enumerate(self.walls):
            across, at = self.wall_at(k)
            total += (at - float(about[across])) * float(wall.moment(1, about[1 - across])[0])
        return total
