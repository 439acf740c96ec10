"""Measure: what particles and PDE both produce, and all that a comparison sees.

mu = sum_i m_i delta_{x_i} + g(x) dx, atoms in R^d and, for d = 1, a density that is a parabola in every cell:
g(x) = p0 + p1 s + p2 s^2, s = (x - x_j)/h_j in [-1/2, 1/2]; for d = 2, cells of a rectangle and lines on its walls, a
`PlaneDensity`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats, as_floats
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.base.shown import Shown

if TYPE_CHECKING:
    from particles.model.plane_density import PlaneDensity

_NO_FACES = np.empty(0)
_NO_CELLS = np.empty((3, 0))


@dataclass(frozen=True, eq=False, repr=False)
class Measure(Shown):
    """A finite measure on R^d of atoms and a density: for d = 1 parabolas in cells, for d = 2 cells of a rectangle.

    Parameters
    ----------
    points : ndarray, shape (d, n)
        Positions of the atoms; n may be 0.
    masses : ndarray, shape (n,)
        Their masses, all >= 0.
    faces : ndarray, shape (N + 1,), optional
        Increasing cell faces of the density; needs d = 1.
    polynomials : ndarray, shape (3, N), optional
        Coefficients p0, p1, p2 in every cell.
    plane : PlaneDensity, optional
        Cells of a rectangle and lines on its walls; needs d = 2.

    Raises
    ------
    InputError
        If an array is no plain one of finite numbers, the shapes do not fit each other, or the faces do not increase.

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Measure
    >>> cloud = Measure.of_points([0.0, 1.0, 5.0])
    >>> cloud.dim, cloud.mass, cloud.mean
    (1, 1.0, array([2.]))
    >>> faces, polynomials = np.array([0.0, 1.0]), np.array([[0.5], [0.0], [0.0]])  # half the mass
    >>> mixed = Measure(np.array([[2.0]]), np.array([0.5]), faces, polynomials)  # half at a point
    >>> print(mixed.mean, mixed.cdf([0.5, 1.0, 2.0]))
    [1.25] [0.25 0.5  1.  ]
    """

    points: Floats
    masses: Floats
    faces: Floats = field(default_factory=lambda: _NO_FACES)
    polynomials: Floats = field(default_factory=lambda: _NO_CELLS)
    plane: PlaneDensity | None = None

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from (("dim", self.dim), ("atoms", self.masses.size))
        cells = self.plane.averages.size if self.plane is not None else max(self.faces.size - 1, 0)
        if cells:
            yield "cells", cells

    def __post_init__(self) -> None:
        for name, ndim in (("points", 2), ("masses", 1), ("faces", 1), ("polynomials", 2)):
            object.__setattr__(self, name, as_floats(getattr(self, name), name, ndim=ndim))
        if self.points.ndim != 2 or self.masses.shape != (self.points.shape[1],):
            shapes = f"points {self.points.shape} and masses {self.masses.shape}"
            raise InputError(f"{shapes} do not fit: allowed are (d, n) and (n,)")
        cells = max(self.faces.size - 1, 0)
        if self.polynomials.shape != (3, cells) or (cells and self.dim != 1):
            shapes = f"faces {self.faces.shape} and polynomials {self.polynomials.shape}"
            raise InputError(f"{shapes} do not fit: allowed are (N + 1,) and (3, N), with d = 1")
        if not (np.diff(self.faces) > 0.0).all():
            raise InputError("faces of a density must increase")
        if self.plane is not None and self.dim != 2:
            raise InputError(f"dimension {self.dim} of the points does not fit a density in the plane: allowed is 2")

    @staticmethod
    def of_points(points: ArrayLike) -> Measure:
        """Empirical measure of points, finite, shape (d, n) or (n,), n >= 1, of equal masses 1/n, or InputError."""
        rows = np.atleast_2d(as_floats(points, "points", ndim=(1, 2), finite=False))  # finite: see __post_init__
        if rows.size == 0:
            raise InputError(f"a cloud of {rows.shape[1]} points in R^{len(rows)} must hold at least one")
        return Measure(rows, np.full(rows.shape[1], 1.0 / rows.shape[1]))

    @property
    def dim(self) -> int:
        """Dimension d of the space."""
        return len(self.points)

    @property
    def has_density(self) -> bool:
        """True where the measure holds cells."""
        return self.faces.size > 0 or self.plane is not None

    @cached_property
    def cell_masses(self) -> Floats:
        """Mass of the density on the line in every cell, shape (N,)."""
        return np.asarray(self.widths * (self.polynomials[0] + self.polynomials[2] / 12.0))

    @property
    def mass(self) -> float:
        """Total mass of atoms and density."""
        on_the_line = float(self.masses.sum() + self.cell_masses.sum())
        return on_the_line if self.plane is None else on_the_line + self.plane.mass

    def moment(self, k: int, about: ArrayLike = 0.0) -> Floats:
        """Componentwise moment of order k about a point c, shape (d,): sum_i m_i (x_i - c)^k + int (x - c)^k g(x) dx.

        Parameters
        ----------
        k : int >= 0
        about : array_like, shape () or (d,), default 0

        Returns
        -------
        ndarray, shape (d,); inf beyond the largest number
        """
        centre = np.broadcast_to(as_floats(about, "about", ndim=(0, 1)), (self.dim,))
        with np.errstate(over="ignore"):
            total: Floats = (self.masses * (self.points - centre[:, None]) ** k).sum(axis=1)
            if self.plane is not None:
                parts = zip(self.plane.marginals, centre, strict=True)
                total = total + np.array([float(part.moment(k, about)[0]) for part, about in parts])
            elif self.has_density:
                total = total + self._density_moment(k, float(centre[0]))
        return total

    def _density_moment(self, k: int, about: float) -> float:
        nodes, weights = gauss(k // 2 + 2)  # exact for the degree k + 2
        centres, widths = 0.5 * (self.faces[1:] + self.faces[:-1]) - about, np.diff(self.faces)
        s = 0.5 * nodes[:, None]
        density = self.polynomials[0] + s * (self.polynomials[1] + s * self.polynomials[2])
        return float((0.5 * weights[:, None] * density * (centres + s * widths) ** k * widths).sum())

    @cached_property
    def mean(self) -> Floats:
        """m1/m0, shape (d,): a shift of the measure shifts it, also where the mass is 1 up to rounding alone.

        Raises
        ------
        InputError
            If the mass is not positive.
        """
        guess = self._over_mass(1, np.zeros(self.dim))
        return guess + self._over_mass(1, guess)

    @cached_property
    def variance(self) -> Floats:
        """V = int (x - m1)^2 dmu/m0 componentwise, shape (d,): no cancellation as in m2 - m1^2; errors as `mean`."""
        return self._over_mass(2, self.mean) - self._over_mass(1, self.mean) ** 2

    @cached_property
    def covariance(self) -> Floats:
        """Covariance matrix, shape (d, d), the variances on its diagonal; errors as `mean`."""
        from_mean = self.points - self.mean[:, None]
        found = (self.masses * from_mean) @ from_mean.T / self.mass
        if self.plane is not None:
            found = found + self.plane.product_moment(self.mean) / self.mass * (1.0 - np.eye(2))
        np.fill_diagonal(found, self.variance)
        return np.asarray(found)

    def marginal(self, axis: int) -> Measure:
        """Marginal of one component, a measure on the line: what lies on a wall across it is an atom.

        Parameters
        ----------
        axis : int in [0, d)

        Raises
        ------
        InputError
            If there is no such component.
        """
        if isinstance(axis, bool) or axis not in range(self.dim):
            raise InputError(f"axis = {axis!r} must be an integer in [0, {self.dim})")
        if self.dim == 1:
            return self
        if self.plane is None:
            return Measure(self.points[axis : axis + 1], self.masses)
        part = self.plane.marginals[axis]
        points, place = np.unique(np.concatenate([self.points[axis], part.points[0]]), return_inverse=True)
        masses = np.bincount(place, np.concatenate([self.masses, part.masses]), points.size)
        return Measure(points[None, :], np.asarray(masses, dtype=np.float64), part.faces, part.polynomials)

    def _over_mass(self, k: int, about: Floats) -> Floats:
        if not self.mass > 0.0:
            raise InputError(f"a measure of mass {self.mass!r} has no mean: allowed are masses above 0")
        return self.moment(k, about) / self.mass

    @property
    def energy(self) -> float:
        """The energy m2 of Definition 2 (arXiv 2001.04294), summed over the components."""
        return float(self.moment(2).sum())

    def cdf(self, x: ArrayLike) -> Floats:
        """Distribution function just right of each x, atoms and density; d = 1.

        Raises
        ------
        InputError
            If d > 1.
        """
        if self.dim != 1:
            raise InputError(f"dimension {self.dim} has no use for the distribution function: allowed is 1")
        x = np.asarray(x, dtype=np.float64)
        atoms = self.running_masses[np.searchsorted(np.sort(self.points[0]), x, side="right")]
        return np.asarray(atoms + self.density_cdf(x))

    @cached_property
    def face_cdf(self) -> Floats:
        """Distribution function just right of every face, shape (N + 1,); d = 1."""
        return self.cdf(self.faces)

    @cached_property
    def running_masses(self) -> Floats:
        """Mass of the first 0, 1, ..., n atoms in the order of their positions; counts over n where all are equal."""
        masses = self.masses
        if masses.size and masses.min() == masses.max() == 1.0 / masses.size:
            return np.arange(masses.size + 1) / masses.size
        if masses.size and masses.min() == masses.max():
            return np.asarray(np.arange(masses.size + 1) * float(masses[0] * masses.size) / masses.size)
        sums = np.cumsum(masses[np.argsort(self.points[0], kind="stable")], dtype=np.longdouble)
        return np.concatenate([[0.0], sums.astype(np.float64)])

    def density_cdf(self, x: Floats) -> Floats:
        """Integral of the density up to each x, exact for its parabolas; 0 without a density."""
        if not self.faces.size:
            return np.zeros(x.shape)
        cells = np.clip(np.searchsorted(self.faces, x, side="right") - 1, 0, self.faces.size - 2)
        width = self.widths[cells]
        t = np.clip((x - self.faces[cells]) / width, 0.0, 1.0)
        q0, q1, q2 = (q[cells] for q in self.polynomials_from_left)
        start = self._running_cells[cells]
        return np.asarray(start + width * t * (q0 + t * (q1 / 2.0 + t * q2 / 3.0)))

    @cached_property
    def widths(self) -> Floats:
        """Widths of the cells of the density on the line, shape (N,)."""
        return np.diff(self.faces)

    @cached_property
    def _running_cells(self) -> Floats:
        return np.concatenate([[0.0], np.cumsum(self.cell_masses)])

    @cached_property
    def polynomials_from_left(self) -> tuple[Floats, Floats, Floats]:
        """Coefficients of the density in t = s + 1/2, which runs from 0 at a cell's left face to 1."""
        p0, p1, p2 = self.polynomials
        return p0 - p1 / 2.0 + p2 / 4.0, p1 - p2, p2

    @cached_property
    def masses_from_left(self) -> Floats:
        """Those times the widths of the cells, shape (3, N)."""
        return np.array(self.polynomials_from_left) * self.widths
