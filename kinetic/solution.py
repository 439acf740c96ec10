"""Record of a run on the line: cell averages and the atoms at both ends at the stored times.

The distribution function at the faces is a running sum of the averages, without quadrature:

    F(x_{j+1/2}) = atom_low + h sum_{i <= j} u_i.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.flux import Boundary
from kinetic.grid import Grid
from kinetic.line.cweno import HighOrder
from kinetic.line.pieces import pieces
from kinetic.line.reconstruction import Reconstruction, parabolas
from kinetic.record import Record
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Measure


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Solution(Record):
    """Solution of a conservation law on the line.

    Parameters
    ----------
    times : tuple of float, T of them, increasing
    grid : Grid
    averages : ndarray, shape (T, N)
        Cell averages, mass/length.
    atoms : ndarray, shape (T, 2)
        Masses at the low and at the high end.
    scheme : Scheme
        As it was given; the dict of its `describe` where the record is read and the scheme a user's own.
    reconstruction : CWENO3, CWENO5, CWENO7 or Linear
        Turns averages into a density: that of the scheme, a relative eps as its number in this run.
    boundary : "periodic", "wall", "outflow" or "reflecting"
    steps : int
        Time steps done.
    lowest, lowest_at : float
        The lowest cell average at all looks at the state (see `kinetic.loop`), and its time; below 0 the scheme
        undershot.
    stopped : bool
        True where the run ended at times[-1], before its end, since nothing changed any more.
    provenance : dict
        Model, versions, commit.

    Raises
    ------
    InputError
        If the shapes do not fit each other.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> grid = kinetic.Grid(2.0, 8.0, cells=120)
    >>> solution = kinetic.solve(cases["vehicles"].model, grid, until=1.0)
    >>> solution.averages.shape, solution.atoms.round(5)  # (3 - arsinh(sinh(3)/e))/6 at each wall
    ((1, 120), array([[0.16409, 0.16409]]))
    >>> solution.at(0.5)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: t = 0.5 is not stored: allowed are 1
    """

    grid: Grid

    format = "simresnet-kinetic-3"
    title = "mean-field density by CWENO3 finite volumes"

    def at(self, t: float) -> Measure:
        """Measure at a stored time: a parabola in every cell, of higher orders several, and the atoms at both ends.

        Raises
        ------
        InputError
            If `t` is not a stored time (to 9 digits of the last one).
        """
        k = self._row(t)
        return measure(self.grid, self.averages[k], self.atoms[k], self.reconstruction, self.boundary)

    def cdf(self, t: float) -> Floats:
        """Distribution function at the faces, shape (N + 1,): from the low atom on, without the high one."""
        k = self._row(t)
        sums = np.concatenate([[0.0], np.cumsum(self.averages[k])])
        return np.asarray(self.atoms[k, 0] + self.grid.h * sums)

    def snapshot(self, t: float) -> dict[str, Any]:
        """Time, mass, atoms, mean and variance at a stored time, values for JSON."""
        found = self.at(t)
        moments = {"mean": float(found.mean[0]), "variance": float(found.variance[0])}
        return {"time": t, "mass": self.mass(t), "atoms": found.masses.tolist(), **moments}

    def sentence(self, t: float) -> str:
        """The same in words."""
        row = self.snapshot(t)
        told = f"t = {t:g}: mass {row['mass']:.15f}, mean {row['mean']:.8f}"
        if self.boundary == "reflecting":
            return told
        low, high = row["atoms"]
        return f"{told}, atoms {low:.8f} at {self.grid.lo:g}, {high:.8f} at {self.grid.hi:g}"

    def arrays(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, float]]:
        """Average over (time, x), atom over (time, end); centres and faces; the ends."""
        variables = {
            "average": (("time", "x"), self.averages, {"long_name": "cell average of the density", "units": "1"}),
            "atom": (("time", "end"), self.atoms, {"long_name": "mass at the low and high end", "units": "1"}),
        }
        coordinates = {
            "x": ("x", self.grid.centres, {"long_name": "centre of the cell", "units": "1"}),
            "face": ("face", self.grid.faces, {"long_name": "face of the cells", "units": "1"}),
        }
        return variables, coordinates, {"lo": self.grid.lo, "hi": self.grid.hi}

    @classmethod
    def parts(cls, data: Any) -> tuple[Grid, Floats, Floats]:
        """Grid, averages and atoms of a record that was read; InputError where its faces are not the grid's."""
        averages, atoms = (np.array(data[name], dtype=np.float64) for name in ("average", "atom"))
        grid = Grid(float(data.attrs["lo"]), float(data.attrs["hi"]), cells=averages.shape[-1])
        if not np.array_equal(data["face"], grid.faces):
            raise InputError("its faces are not those of its grid")
        return grid, averages, atoms


def measure(
    grid: Grid, averages: Floats, atoms: Floats, used: Reconstruction | HighOrder, boundary: Boundary
) -> Measure:
    """A parabola in every cell by a reconstruction, of higher orders several, and atoms at both ends of the grid."""
    faces, periodic = grid.faces, boundary == "periodic"
    if isinstance(used, HighOrder):
        faces, coefficients = pieces(used, averages, grid, periodic=periodic)
    else:
        coefficients = parabolas(used, averages, grid.h, periodic=periodic)
    return Measure(points=np.array([[grid.lo, grid.hi]]), masses=atoms, faces=faces, polynomials=coefficients)
