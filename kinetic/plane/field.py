"""A velocity field (a_1, a_2) as data at the faces: its mean over a face, and its slope along it.

With a(+-) at the two Gauss nodes of a face, +-h/(2 sqrt 3) from its middle,

    A = (a(+) + a(-))/2,   B = sqrt(3) (a(+) - a(-)):   <a> = A + O(h^4),   h a_t = B + O(h^3),

and the mean flux over the face is <a g> = A <g> + B (h g_t)/12 + O(h^4): Gauss quadrature of a times a parabola.
Along a wall what sticks moves with the tangential speed, taken at the corners of the cells.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from kinetic.plane.grid import Plane
from kinetic.plane.positive import NODE
from particles.base.arrays import Floats, as_floats
from particles.base.errors import InputError, NotFiniteError

Field = Callable[[Floats, Floats, float, Floats | None], tuple[Floats, Floats]]
"""(x, y, t, mean) -> (a_1, a_2), arrays that broadcast with x and y; `mean`, shape (2,), where it is needed."""

_ROOT = math.sqrt(3.0)


class FaceData(NamedTuple):
    """Means and slopes of the normal speed over the faces in x, shape (N_y, N_x + 1), and in y, (N_y + 1, N_x)."""

    mean_x: Floats
    slope_x: Floats
    mean_y: Floats
    slope_y: Floats

    def fastest(self, *, at_nodes: bool = False) -> tuple[float, float]:
        """Largest abs(A) in x and in y, or largest speed at the nodes, abs(A) + abs(B)/(2 sqrt 3)."""
        weight = NODE if at_nodes else 0.0
        in_x = np.abs(self.mean_x) + weight * np.abs(self.slope_x)
        in_y = np.abs(self.mean_y) + weight * np.abs(self.slope_y)
        return float(in_x.max()), float(in_y.max())


def face_data(
    field: Field,
    plane: Plane,
    t: float = 0.0,
    mean: Floats | None = None,
    *,
    rows: slice = slice(None),
    periodic: bool = False,
) -> FaceData:
    """Means and slopes of a field over the faces of some rows of cells at time t.

    `periodic`: the two ends in either direction are one face. NotFiniteError where a speed is not finite.
    """
    x, y = plane.x, plane.y
    faces_x, faces_y = x.faces.copy(), y.faces.copy()
    if periodic:
        faces_x[0], faces_y[0] = faces_x[-1], faces_y[-1]
    first, end, _ = rows.indices(y.cells)
    middles, edges = y.centres[rows], faces_y[first : end + 1]
    in_x = [speeds_at(field, faces_x, (middles + side * y.h)[:, None], t, mean)[0] for side in (-NODE, NODE)]
    in_y = [speeds_at(field, x.centres + side * x.h, edges[:, None], t, mean)[1] for side in (-NODE, NODE)]
    given = in_x + in_y
    if not all(np.isfinite(speeds).all() for speeds in given):
        raise NotFiniteError(f"a speed at a face of the plane is not finite at t = {t:.6g}")
    a, b, c, d = given
    data = 0.5 * (a + b), _ROOT * (b - a), 0.5 * (c + d), _ROOT * (d - c)
    return FaceData(*map(np.ascontiguousarray, data))


def speeds_at(field: Field, x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    """Both speeds of a field at points that broadcast, of their common shape; or InputError."""
    shape, speeds = np.broadcast_shapes(x.shape, y.shape), field(x.copy(), y.copy(), t, mean)  # it may work in place
    if not isinstance(speeds, tuple | list) or len(speeds) != 2:
        raise InputError(f"speeds = {speeds!r:.60} of the field must be two arrays that broadcast with x and y")
    first, second = (as_floats(part, "speeds of the field", finite=False, ndim=(0, 1, 2)) for part in speeds)
    try:
        return np.broadcast_to(first, shape), np.broadcast_to(second, shape)
    except ValueError:
        told = f"{first.shape} and {second.shape}"
        raise InputError(f"speeds of the field of shapes {told} must broadcast to {shape}") from None


def wall_speeds(field: Field, plane: Plane, t: float = 0.0, mean: Floats | None = None) -> list[Floats]:
    """Tangential speeds at the corners of the cells along the walls x low, x high, y low and y high."""
    x, y = plane.x, plane.y
    along_y = [speeds_at(field, np.array(end), y.faces, t, mean)[1] for end in (x.lo, x.hi)]
    along_x = [speeds_at(field, x.faces, np.array(end), t, mean)[0] for end in (y.lo, y.hi)]
    return [np.array(speeds) for speeds in along_y + along_x]


def outward_speeds(field: Field, plane: Plane, t: float = 0.0, mean: Floats | None = None) -> list[Floats]:
    """Means over the faces of the cells on the walls x low, x high, y low and y high of the speed out of the rectangle.

    Above 0 exactly where a face of `face_data` lets mass through to its wall.
    """
    x, y = plane.x, plane.y
    means = []
    for axis, (along, ends) in enumerate(((y, (x.lo, x.hi)), (x, (y.lo, y.hi)))):
        for end, sign in zip(ends, (-1.0, 1.0), strict=True):
            nodes = [along.centres + side * along.h for side in (-NODE, NODE)]
            places = [(np.array(end), node)[:: 1 - 2 * axis] for node in nodes]
            a, b = (speeds_at(field, u, v, t, mean)[axis] for u, v in places)
            means.append(sign * (0.5 * (a + b)))
    return means
