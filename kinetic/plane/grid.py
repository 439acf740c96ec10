"""Cells of a rectangle, a product of two grids, and the averages of laws and functions over them.

Cell (j, i) is [x_{i-1/2}, x_{i+1/2}] x [y_{j-1/2}, y_{j+1/2}]; arrays have shape (N_y, N_x), x contiguous. The averages
of a product law are products of exact averages on the line; those of a function, and of other laws in the plane, are by
Gauss quadrature. What such a law has beyond the edge is found on a larger rectangle with the same cells.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from kinetic.grid import Grid
from particles.base.arrays import Floats
from particles.base.checks import require_type
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.model import Law, Product, SpaceLaw

_TAIL = 1e-15  # mass of a law that a larger rectangle leaves out on each side
_MOST = 2**24  # cells of that rectangle
_LOST = 1e-9  # mass that quadrature may miss
_NODES = 5  # of the quadrature of a law, a cell and direction


@dataclass(frozen=True)
class Plane:
    """Uniform cells on a rectangle, a product of two grids whose widths h and k may differ.

    Parameters
    ----------
    x, y : Grid

    Raises
    ------
    InputError
        If one of them is no Grid.

    Examples
    --------
    >>> import kinetic
    >>> plane = kinetic.Plane(kinetic.Grid(-7.0, 9.0, cells=40), kinetic.Grid(-8.0, 8.0, cells=20))
    >>> plane.shape, plane.cells, plane.atoms
    ((20, 40), 800, 124)
    >>> kinetic.Plane((-7.0, 9.0), (-8.0, 8.0))
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: x = (-7.0, 9.0) must be a Grid
    """

    x: Grid
    y: Grid

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            require_type(name, getattr(self, name), Grid, "a Grid")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an array of cell averages: (N_y, N_x)."""
        return self.y.cells, self.x.cells

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.x.cells * self.y.cells

    @property
    def size(self) -> float:
        """Area h k of a cell, by which an average is a mass."""
        return self.x.h * self.y.h

    @property
    def atoms(self) -> int:
        """Number of masses at the edge: 2 N_y + 2 N_x on the walls, and 4 in the corners."""
        return 2 * (self.x.cells + self.y.cells) + 4

    @property
    def widths(self) -> str:
        """Widths of a cell, in words."""
        return f"widths {self.x.h:.3g} and {self.y.h:.3g}"

    @property
    def told(self) -> str:
        """The grid in words."""
        x, y = self.x, self.y
        return f"{x.cells} x {y.cells} cells on [{x.lo:g}, {x.hi:g}] x [{y.lo:g}, {y.hi:g}]"

    def describe(self) -> dict[str, Any]:
        """Cells and ends in x and in y, values for JSON."""
        x, y = self.x, self.y
        return {"cells": [x.cells, y.cells], "domain": [[x.lo, x.hi], [y.lo, y.hi]]}

    def where(self, index: tuple[int, ...]) -> str:
        """Coordinates of a cell's centre, in words."""
        return f"x = {self.x.centres[index[1]]:.6g}, y = {self.y.centres[index[0]]:.6g}"

    def averages(self, law: Law | SpaceLaw, rows: slice = slice(None)) -> Floats:
        """Cell averages of a law, shape (N_y, N_x), or some rows of them; exact for a product law.

        InputError if the law is not one of two components.
        """
        if isinstance(law, SpaceLaw) and law.dim == 2 and not isinstance(law, Product):
            return self.averages_of(partial(_density, law), nodes=_NODES)[rows]
        (_, in_x, _), (_, in_y, _) = self._masses(law)
        return np.asarray((in_y[rows, None] / self.y.h) * (in_x / self.x.h))

    def inside(self, law: Law | SpaceLaw, rows: slice = slice(None)) -> Floats:
        """The same with what the law has beyond an edge in the cells next to it: the mass is 1."""
        parts = self._masses(law)
        if not isinstance(law, Product):
            masses = _folded(self, law).copy()
            masses[[1, -2]] += masses[[0, -1]]
            masses[:, [1, -2]] += masses[:, [0, -1]]
            return np.ascontiguousarray(masses[1:-1, 1:-1][rows] / self.size)
        for below, masses, above in parts:
            masses[0] += below
            masses[-1] += above
        (_, in_x, _), (_, in_y, _) = parts
        return np.asarray((in_y[rows, None] / self.y.h) * (in_x / self.x.h))

    def outside(self, law: Law | SpaceLaw) -> Floats:
        """Masses of a law beyond the walls and the corners, in the order of `kinetic.plane.walls`."""
        (left, in_x, right), (below, in_y, above) = self._masses(law)
        if not isinstance(law, Product):
            masses = _folded(self, law)
            beside, under = masses[1:-1, [0, -1]].T, masses[[0, -1], 1:-1]
            return np.concatenate([*beside, *under, masses[[0, 0, -1, -1], [0, -1, 0, -1]]])
        corners = np.array([left * below, right * below, left * above, right * above])
        return np.concatenate([left * in_y, right * in_y, below * in_x, above * in_x, corners])

    def _masses(self, law: Law | SpaceLaw) -> list[tuple[float, Floats, float]]:
        return [grid.masses(one) for grid, one in zip((self.x, self.y), two_components(law), strict=True)]

    def averages_of(self, function: Callable[[Floats, Floats], Floats], *, nodes: int = 3) -> Floats:
        """Cell averages of a function of x and y by Gauss quadrature, shape (N_y, N_x).

        Parameters
        ----------
        function : callable
            Takes x of shape (N_x,) and y of shape (N_y, 1), returns values of shape (N_y, N_x).
        nodes : int, default 3
            Gauss nodes a cell and direction; exact for degree 2 nodes - 1 in each.
        """
        offsets, weights = gauss(nodes)
        total = np.zeros(self.shape)
        for below, share in zip(0.5 * self.y.h * offsets, 0.5 * weights, strict=True):
            for beside, part in zip(0.5 * self.x.h * offsets, 0.5 * weights, strict=True):
                total += share * part * function(self.x.centres + beside, (self.y.centres + below)[:, None])
        return total


def two_components(law: Law | SpaceLaw) -> tuple[Law, Law]:
    """Laws of the two components of a law in the plane, or InputError."""
    if not isinstance(law, SpaceLaw) or law.dim != 2:
        raise InputError(f"law = {law!r:.80} in the plane: allowed is a law of two features")
    return law.marginal(0), law.marginal(1)


def _density(law: SpaceLaw, x: Floats, y: Floats) -> Floats:
    return law.pdf(np.stack(np.broadcast_arrays(x, y)))


@functools.lru_cache(maxsize=1)  # asked for inside and outside
def _folded(plane: Plane, law: SpaceLaw) -> Floats:
    """Masses of a law in the cells, and in a first and last row and column what lies beyond, (N_y + 2, N_x + 2)."""
    grids, beyond = [], []
    for grid, side in zip((plane.x, plane.y), two_components(law), strict=True):
        low, high = side.quantile(np.array([_TAIL, 1.0 - _TAIL])).tolist()
        more = [max(0, math.ceil(gap / grid.h)) for gap in (grid.lo - low, high - grid.hi)]
        ends = grid.lo - more[0] * grid.h, grid.hi + more[1] * grid.h
        grids.append(Grid(*ends, cells=grid.cells + sum(more)))
        beyond.append(more)
    whole = Plane(*grids)
    if whole.cells > _MOST:
        raise InputError(f"{plane.told}: cells as small would have to be {whole.cells} to hold the law")
    masses = whole.size * whole.averages(law)
    if not abs(masses.sum() - 1.0) <= _LOST:
        raise InputError(f"{plane.told}: of the law's mass 1 quadrature finds {masses.sum():.10g}; take smaller cells")
    (left, right), (below, above) = beyond
    rows, columns = masses.shape
    in_x = [masses[:, :left].sum(axis=1), masses[:, columns - right :].sum(axis=1)]
    masses = np.column_stack([in_x[0], masses[:, left : columns - right], in_x[1]])
    in_y = [masses[:below].sum(axis=0), masses[rows - above :].sum(axis=0)]
    return np.vstack([in_y[0], masses[below : rows - above], in_y[1]])


def portable(law: Any) -> bool:
    """Whether the averages of a law of two features are the same bits on any CPU."""
    end = np.zeros(1)
    return isinstance(law, Product) and all(one.portable_cdf(end) is not None for one in law.components)
