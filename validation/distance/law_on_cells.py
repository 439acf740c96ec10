"""A law of the plane as a measure on cells: averages, and what lies at or beyond the edges on the walls.

Of a product law all masses are differences of distribution functions, and exact; of another they come from its density
by three Gauss nodes a cell and direction, scaled to mass 1.
"""

from __future__ import annotations

import numpy as np

from kinetic import Grid, Plane
from kinetic.line.reconstruction import Linear
from kinetic.plane.solution import plane_measure
from particles.base.arrays import Floats
from particles.model import Law, Measure, Product
from particles.model.laws.space import SpaceLaw

_SPREAD = 1e-9  # mass at or beyond the edges that goes to the cells next to it


def law_on_cells(law: Law | SpaceLaw, plane: Plane) -> Measure:
    """Averages of a law over the cells of a plane, a measure of mass 1.

    Raises
    ------
    InputError
        If the law is not one of the plane.
    """
    if not (isinstance(law, Product) and law.dim == 2):
        return _by_density(law, plane)
    x, y = law.components
    (low_x, in_x, high_x), (low_y, in_y, high_y) = _masses(plane.x, x), _masses(plane.y, y)
    averages = np.outer(in_y, in_x) / plane.size
    corners = np.array([low_x * low_y, high_x * low_y, low_x * high_y, high_x * high_y])
    atoms = np.concatenate([low_x * in_y, high_x * in_y, low_y * in_x, high_y * in_x, corners])
    return plane_measure(plane, averages, atoms, Linear())


def _masses(grid: Grid, law: Law) -> tuple[float, Floats, float]:
    """Masses at or below the low end, in the cells, and at or above the high end."""
    below = np.append(law.cdf(grid.faces[:-1]), law.cdf(np.nextafter(grid.hi, grid.lo)))
    low, inside, high = float(below[0]), np.diff(below), 1.0 - float(below[-1])
    if low + high < _SPREAD:
        inside[0] += low
        inside[-1] += high
        return 0.0, inside, 0.0
    return low, inside, high


def _by_density(law: Law | SpaceLaw, plane: Plane) -> Measure:
    def density(x: Floats, y: Floats) -> Floats:
        return law.pdf(np.stack(np.broadcast_arrays(x, y)))

    averages = plane.averages_of(density, nodes=3)
    return plane_measure(plane, averages / (averages.sum() * plane.size), np.zeros(plane.atoms), Linear())
