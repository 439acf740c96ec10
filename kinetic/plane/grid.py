"""Cells of a rectangle, a product of two grids, and the averages of laws and functions over them.

Cell (j, i) is [x_{i-1/2}, x_{i+1/2}] x [y_{j-1/2}, y_{j+1/2}]; arrays have shape (N_y, N_x), x contiguous. The averages
of a product law are products of exact averages on the line; those of a function are by Gauss quadrature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.grid import Grid
from particles.base.arrays import Floats
from particles.base.checks import require_type
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.model import Law, Product, SpaceLaw


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
        """Exact cell averages of a product law, shape (N_y, N_x), or some rows of them.

        InputError if the law is not one of two components.
        """
        x, y = two_components(law)
        return np.asarray(self.y.averages(y)[rows, None] * self.x.averages(x))

    def inside(self, law: Law | SpaceLaw, rows: slice = slice(None)) -> Floats:
        """The same with what the law has beyond an edge in the cells next to it: the mass is 1."""
        x, y = two_components(law)
        return np.asarray(self.y.inside(y)[rows, None] * self.x.inside(x))

    def outside(self, law: Law | SpaceLaw) -> Floats:
        """Masses of a product law beyond the walls and the corners, in the order of `kinetic.plane.walls`."""
        x, y = two_components(law)
        (left, right), (below, above) = (grid.outside(law).tolist() for law, grid in ((x, self.x), (y, self.y)))
        along_y, along_x = (grid.h * grid.averages(law) for grid, law in ((self.y, y), (self.x, x)))
        corners = np.array([left * below, right * below, left * above, right * above])
        return np.concatenate([left * along_y, right * along_y, below * along_x, above * along_x, corners])

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
    """Components of a product law of two features, or InputError."""
    if not isinstance(law, Product) or law.dim != 2:
        raise InputError(f"law = {law!r:.80} in the plane: allowed is a product of two laws")
    first, second = law.components
    return first, second
