"""Marginals of a density in the plane with its walls: averages on the line and two atoms, in each direction.

    int g dy over a column of cells, and what lies on the walls y low and y high above and below it; the masses on the
    wall x low, its corners included, are the low atom of the marginal in x.

Sums run row by row and from the low end on, those of columns strip by strip and then over the strips
(`kinetic.plane.strips`), so that they are the same bits for any CPU and any number of ranks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kinetic.plane.grid import Plane
from kinetic.plane.strips import Strips
from particles.base.arrays import Floats
from particles.base.jit import Formula, kernel


class Edge(NamedTuple):
    """Masses on the four walls, shapes (N_y,), (N_y,), (N_x,), (N_x,), and in the corners, shape (4,)."""

    x_low: Floats
    x_high: Floats
    y_low: Floats
    y_high: Floats
    corners: Floats


def edge_masses(plane: Plane, atoms: Floats) -> Edge:
    """Cut the masses at the edge, shape (2 N_y + 2 N_x + 4,), into walls and corners; views."""
    rows, columns = plane.shape
    return Edge(*np.split(atoms, np.cumsum([rows, rows, columns, columns])))


@kernel
def _sums() -> Formula:
    def loop(u: Any, bounds: Any, columns: Any, rows: Any) -> None:
        for s in range(bounds.size - 1):
            for j in range(bounds[s], bounds[s + 1]):
                total = 0.0
                for i in range(u.shape[1]):
                    columns[s, i] += u[j, i]
                    total += u[j, i]
                rows[j] = total

    return loop


@kernel
def _total() -> Formula:
    def loop(x: Any) -> float:
        total = 0.0
        for i in range(x.size):
            total += x[i]
        return total

    return loop


def marginals(strips: Strips, local: Floats, atoms: Floats) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Averages and atoms of the marginal in x, shapes (N_x,) and (2,), and of that in y, shapes (N_y,) and (2,).

    Collective: of the averages a rank has its own rows, of the masses at the edge all.
    """
    plane, ranks = strips.plane, strips.ranks
    parts, beside = np.zeros((len(strips.parts), plane.x.cells)), np.empty(strips.shape[0])
    _sums()(np.ascontiguousarray(local), np.array(strips.bounds), parts, beside)
    if ranks.size > 1:
        own, parts, rows = parts, np.empty((strips.count, plane.x.cells)), np.empty(plane.y.cells)
        ranks.join(own, parts, [plane.x.cells * number for number in strips.counts])
        ranks.join(beside, rows, strips.heights)
    else:
        rows = beside
    columns = parts[0]
    for part in parts[1:]:
        columns = columns + part
    edge, total = edge_masses(plane, atoms), _total()
    low_low, high_low, low_high, high_high = edge.corners
    in_x = plane.y.h * columns + (edge.y_low + edge.y_high) / plane.x.h
    in_y = plane.x.h * rows + (edge.x_low + edge.x_high) / plane.y.h
    atoms_x = np.array([total(edge.x_low) + (low_low + low_high), total(edge.x_high) + (high_low + high_high)])
    atoms_y = np.array([total(edge.y_low) + (low_low + high_low), total(edge.y_high) + (low_high + high_high)])
    return (in_x, atoms_x), (in_y, atoms_y)
