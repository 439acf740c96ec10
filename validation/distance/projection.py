"""The projection of a measure of the plane on a direction theta = (c, s): a measure on the line, exactly.

Mass d per area, spread evenly over the cell [x_0, x_1] x [y_0, y_1], projects to a trapezoid: with the corners
q = c x + s y of the cell and z_+ = max(z, 0)

    f(z) = d/(c s) ((z - q_00)_+ - (z - q_10)_+ - (z - q_01)_+ + (z - q_11)_+)

So the density of all cells is linear between the projected nodes, and its slope changes at a node by w/(c s), w the
mixed difference of d over the four cells around it: two running sums over the nodes in their order. Both are
compensated, and w is taken with what its rounding lost, since near an axis 1/(c s) is large. Masses are the sharpened
ones of `PlaneDensity`: those of the averages would cost (h^2/12) TV(f) in every distance.

Along an axis the cells of a column fall on one another, where sharpened masses are of no help (they are spread evenly
there too): the projection is the marginal, parabolas in cells. So it is to 1e-7 of an axis, which costs
1e-7 E abs(y) in W1 at most. A line on a wall keeps its
parabolas, scaled; on a direction across it, and for a corner, it is an atom.

Nodes are rounded in proportion to their distance from 0. A density of spread 1 that lies 1e8 away loses a mass of some
1e-9 by it, and a distance to it as much: it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import Formula, kernel
from particles.model import Measure, PlaneDensity

_ALONG = 1e-7
_LOST = 1e-9  # mass that rounding of the nodes may cost
_NOWHERE, _NOTHING = np.empty((1, 0)), np.empty(0)


class Projector:
    """Projects one measure, on direction after direction.

    Parameters
    ----------
    measure : Measure
        In R^d; a density only in the plane.
    sharpened : bool, default True
        False spreads the masses of the averages, the control.
    """

    def __init__(self, measure: Measure, *, sharpened: bool = True) -> None:
        self._measure, held = measure, measure.masses != 0.0
        self._points, self._masses = measure.points, measure.masses
        if not held.all():
            self._points, self._masses = measure.points[:, held], measure.masses[held]
        if measure.plane is not None:
            h, k = measure.plane.widths
            masses = measure.plane.sharpened if sharpened else measure.plane.cell_masses
            self._bends = _mixed_difference(np.pad(masses / (h * k), 1))

    def __call__(self, theta: Floats) -> Measure:
        """Project on a direction of length 1, shape (d,).

        Raises
        ------
        InputError
            If a density lies so far from 0 that rounding costs its projection mass.
        """
        axis = int(np.argmax(np.abs(theta)))
        if self._measure.dim == 2 and abs(theta[1 - axis]) < _ALONG:
            marginal = self._measure.marginal(axis)
            return marginal if theta[axis] > 0.0 else _scaled(marginal, -1.0, 0.0)
        atoms = Measure(on_direction(theta, self._points)[None, :], self._masses)
        if self._measure.plane is None:
            return atoms
        walls = [
            _scaled(wall, *_along(self._measure.plane, k, theta)) for k, wall in enumerate(self._measure.plane.walls)
        ]
        faces, polynomials = superposed([self._cells(self._measure.plane, theta), *walls])
        found = Measure(atoms.points, atoms.masses, faces, polynomials)
        if not abs(found.mass - self._measure.mass) <= _LOST:
            raise InputError(
                f"a density so far from 0 that its projection has the mass {found.mass!r} instead of"
                f" {self._measure.mass!r}: move it towards 0, and what it is compared with"
            )
        return found

    def _cells(self, plane: PlaneDensity, theta: Floats) -> Measure:
        c, s = theta
        x, y = plane.faces
        nodes = (c * x + s * y[:, None]).reshape(-1)
        order = np.argsort(nodes, kind="stable")
        faces, polynomials = np.empty(nodes.size), np.zeros((3, nodes.size))
        n = _pieces()(nodes[order], *(part[order] for part in self._bends), 1.0 / (c * s), faces, polynomials)
        return Measure(_NOWHERE, _NOTHING, faces[: n + 1], polynomials[:, :n])


def _mixed_difference(d: Floats) -> tuple[Floats, Floats]:
    """Differences of d in both directions at every node, and what their rounding lost, each of shape (nodes,)."""

    def difference(a: Floats, b: Floats) -> tuple[Floats, Floats]:
        found = a - b
        back = found - a
        return found, (a - (found - back)) - (b + back)

    in_y, lost = difference(d[1:], d[:-1])
    found, rest = difference(in_y[:, 1:], in_y[:, :-1])
    return found.reshape(-1), (rest + lost[:, 1:] - lost[:, :-1]).reshape(-1)


def on_direction(theta: Floats, points: Floats) -> Floats:
    """Projections of points, shape (d, n), summed in the order of the components."""
    total = theta[0] * points[0]
    for weight, row in zip(theta[1:], points[1:], strict=True):
        total += weight * row
    return np.asarray(total)


def _along(plane: PlaneDensity, wall: int, theta: Floats) -> tuple[float, float]:
    """Scale and shift that a wall's own coordinate has on a direction."""
    across, at = plane.wall_at(wall)
    return float(theta[1 - across]), float(theta[across]) * at


def _scaled(measure: Measure, scale: float, shift: float) -> Measure:
    """Image of a measure on the line under x -> scale x + shift, scale not 0."""
    faces, polynomials = scale * measure.faces + shift, measure.polynomials / abs(scale)
    if scale < 0.0:
        faces, polynomials = faces[::-1], polynomials[:, ::-1] * np.array([[1.0], [-1.0], [1.0]])
    return Measure(scale * measure.points + shift, measure.masses, faces, polynomials)


def superposed(parts: Sequence[Measure]) -> tuple[Floats, Floats]:
    """Faces and polynomials of the sum of densities on the line."""
    if len(parts) == 1:
        return parts[0].faces, parts[0].polynomials
    faces = np.unique(np.concatenate([part.faces for part in parts]))
    polynomials = np.zeros((3, faces.size - 1))
    for part in parts:
        _add()(faces, part.faces, part.polynomials, polynomials)
    return faces, polynomials


@kernel
def _add() -> Formula:
    """Add one density to another on cells that no face of either divides."""

    def loop(faces: Any, own: Any, given: Any, out: Any) -> None:
        j = 0
        for i in range(faces.size - 1):
            left, right = faces[i], faces[i + 1]
            if left < own[0] or right > own[-1]:
                continue
            while own[j + 1] <= left:
                j += 1
            h = own[j + 1] - own[j]
            s, ratio = (0.5 * (left + right) - 0.5 * (own[j] + own[j + 1])) / h, (right - left) / h
            out[0, i] += given[0, j] + s * (given[1, j] + s * given[2, j])
            out[1, i] += (given[1, j] + 2.0 * s * given[2, j]) * ratio
            out[2, i] += given[2, j] * ratio * ratio

    return loop


@kernel
def _pieces() -> Formula:
    """Linear pieces between sorted nodes that are apart; returns their number."""

    def loop(nodes: Any, bends: Any, rests: Any, scale: float, faces: Any, polynomials: Any) -> int:
        n, at = 0, nodes[0]
        slope, slope_rest, value, value_rest = 0.0, 0.0, 0.0, 0.0
        for i in range(nodes.size):
            width = nodes[i] - at
            if width > 0.0:
                rise = scale * (slope + slope_rest) * width
                faces[n] = at
                polynomials[0, n], polynomials[1, n] = value + value_rest + 0.5 * rise, rise
                n += 1
                at = nodes[i]
                before, value = value, value + rise
                back = value - before
                value_rest += (before - (value - back)) + (rise - back)
            before, slope = slope, slope + bends[i]
            back = slope - before
            slope_rest += (before - (slope - back)) + (bends[i] - back) + rests[i]
        faces[n] = at
        return n

    return loop
