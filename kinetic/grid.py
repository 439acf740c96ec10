"""Uniform cells on an interval, and the averages of laws and functions over them.

Cell j is [x_{j-1/2}, x_{j+1/2}], x_{j+1/2} = lo + (j + 1) h, h = (hi - lo)/N. The average of a law is exact,

    u_j = (F(x_{j+1/2}) - F(x_{j-1/2}))/h,

that of a function is 3-point Gauss quadrature, exact for degree 5 (errata E38: fifth, not seventh).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import LARGEST, require_count, require_positive
from particles.base.checks import require_finite as require_number
from particles.base.errors import InputError
from particles.base.jit import Formula, kernel
from particles.base.quadrature import gauss
from particles.base.shims import fma
from particles.model import Law

FEWEST_CELLS = 4
"""Both ends extrapolate three cells; four keep the two extrapolations apart."""


class Cells(Protocol):
    """What the time loop and a record ask of a grid, of an interval or of a rectangle."""

    @property
    def cells(self) -> int:
        """Number of cells."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an array of cell averages."""

    @property
    def size(self) -> float:
        """Length or area of a cell, by which an average is a mass."""

    @property
    def atoms(self) -> int:
        """Number of masses at the edge."""

    @property
    def widths(self) -> str:
        """Widths of a cell, in words."""

    def where(self, index: tuple[int, ...]) -> str:
        """Coordinates of a cell's centre, in words."""


@dataclass(frozen=True)
class Grid:
    """Uniform grid of `cells` cells on [lo, hi].

    Parameters
    ----------
    lo, hi : float
        Ends, in [-1e100, 1e100], lo < hi; units of length.
    cells : int >= 4
        Number N of cells.

    Raises
    ------
    InputError
        If an end is no number in its range, the ends do not increase, or the cells are too few or too narrow.

    Examples
    --------
    >>> from kinetic import Grid
    >>> from particles.model import Normal
    >>> grid = Grid(-7.0, 9.0, cells=160)
    >>> grid.h, grid.faces.shape, grid.centres[:2].round(2).tolist()
    (0.1, (161,), [-6.95, -6.85])
    >>> averages = grid.averages(Normal(1.0, 1.0))  # exact ones
    >>> print(f"{averages.sum() * grid.h:.12f}")
    1.000000000000
    >>> Grid(1.0, -1.0, cells=10)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: grid ends lo = 1.0, hi = -1.0 must be finite with lo < hi
    """

    lo: float
    hi: float
    cells: int = field(kw_only=True)

    def __post_init__(self) -> None:
        for name in ("lo", "hi"):
            require_number(f"grid end {name}", getattr(self, name))
        if not self.lo < self.hi:
            raise InputError(f"grid ends lo = {self.lo!r}, hi = {self.hi!r} must be finite with lo < hi")
        require_positive("hi - lo", self.hi - self.lo, high=2.0 * LARGEST)
        require_count("cells", self.cells, least=FEWEST_CELLS)
        if not self.h > 4.0 * math.ulp(max(abs(self.lo), abs(self.hi))):
            raise InputError(f"cells = {self.cells!r} on [{self.lo!r}, {self.hi!r}] are narrower than rounding")

    @property
    def h(self) -> float:
        """Width of a cell."""
        return (self.hi - self.lo) / self.cells

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an array of cell averages: (N,)."""
        return (self.cells,)

    @property
    def size(self) -> float:
        """Length of a cell, by which an average is a mass."""
        return self.h

    @property
    def atoms(self) -> int:
        """Number of masses at the edge: 2."""
        return 2

    @property
    def widths(self) -> str:
        """Width of a cell, in words."""
        return f"width {self.h:.3g}"

    @property
    def told(self) -> str:
        """The grid in words."""
        return f"{self.cells} cells on [{self.lo:g}, {self.hi:g}]"

    def describe(self) -> dict[str, Any]:
        """Cells and ends, values for JSON."""
        return {"cells": self.cells, "domain": [self.lo, self.hi]}

    def where(self, index: tuple[int, ...]) -> str:
        """Coordinates of a cell's centre, in words."""
        return f"x = {self.centres[index[0]]:.6g}"

    @cached_property
    def faces(self) -> Floats:
        """Faces x_{j+1/2}, shape (N + 1,); the first and the last are the ends to the last bit."""
        return np.linspace(self.lo, self.hi, self.cells + 1)

    @cached_property
    def centres(self) -> Floats:
        """Centres x_j, shape (N,)."""
        return 0.5 * (self.faces[1:] + self.faces[:-1])

    def averages(self, law: Law) -> Floats:
        """Exact cell averages of a law from its distribution function, shape (N,)."""
        return np.diff(law.cdf(self.faces)) / self.h

    def masses(self, law: Law) -> tuple[float, Floats, float]:
        """Masses of a law below the grid, in its cells, shape (N,), and above; the same bits on any CPU where they can.

        That is where the law has a `portable_cdf`.
        """
        cdf = law.portable_cdf(self.faces)
        cdf = np.asarray(law.cdf(self.faces)) if cdf is None else cdf
        return float(cdf[0]), np.diff(cdf), 1.0 - float(cdf[-1])

    def outside(self, law: Law) -> Floats:
        """Masses of a law beyond the low and the high end, shape (2,)."""
        return np.array([float(law.cdf(self.lo)), 1.0 - float(law.cdf(self.hi))])

    def inside(self, law: Law) -> Floats:
        """Averages of a law, shape (N,), with what it has beyond either end in the cell there: the mass is 1."""
        averages, (low, high) = self.averages(law), self.outside(law)
        averages[0] += low / self.h
        averages[-1] += high / self.h
        return averages

    def averages_of(self, function: Callable[[Floats], Floats], *, nodes: int = 3) -> Floats:
        """Cell averages of a function of x by Gauss quadrature, shape (N,).

        Parameters
        ----------
        function : callable
            Takes an array of points of any shape, returns values of that shape.
        nodes : int, default 3
            Gauss nodes a cell; exact for degree 2 nodes - 1.
        """
        offsets, weights = gauss(nodes)
        points = self.centres + 0.5 * self.h * offsets[:, None]
        return np.asarray((0.5 * weights[:, None] * function(points)).sum(axis=0))


@kernel
def weighted() -> Formula:
    """Kernel (u, centres) -> sum_j x_j u_j."""

    def loop(u: Any, centres: Any) -> float:
        total = 0.0
        for j in range(centres.size):
            total = fma(centres[j], u[j], total)
        return total

    return loop


def first_moment(grid: Grid, averages: Floats, atoms: Floats) -> float:
    """int x u dx + lo atom_low + hi atom_high, fourth order: the centres, and h^2/12 [u] for the slopes."""
    jump = 1.5 * (averages[-1] - averages[0]) - 0.5 * (averages[-2] - averages[1])
    inner = grid.h * weighted()(averages, grid.centres) + grid.h**2 / 12.0 * jump
    return float(inner + grid.lo * atoms[0] + grid.hi * atoms[1])


def first_not_finite(averages: Floats) -> tuple[int, ...] | None:
    """Return the index of the first cell whose average is not finite, or None."""
    if math.isfinite(averages.min()) and math.isfinite(averages.max()):  # no mask of the size
        return None
    finite = np.isfinite(averages)
    return tuple(int(k) for k in np.unravel_index(int(np.argmin(finite)), finite.shape))
