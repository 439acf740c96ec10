"""How a result is read: as a measure, or refused in a sentence with its place.

What a result leaves open between its own points is filled in by a fixed rule, the same for all: a distribution
function on points is the monotone cubic through them (Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5, 1984), cell
averages are the spline of parabolas that has them (the derivative of the cubic spline of F; Boneva, Kendall and
Stefanov, J. R. Stat. Soc. B 33, 1971), a density on points is linear between them. Constant cells would cost W1
(h^2/12) TV(g), which hides any order above two; differences at the faces alone would find no fault with three cells.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline, PchipInterpolator

from benchmarks.contest.result import Cdf, CellAverages, Density, Samples
from particles.base.errors import InputError
from particles.model import Measure, PlaneDensity

Floats = npt.NDArray[np.float64]
MASS = 1e-6  # how far from 1 it may be
_NOWHERE = np.empty((1, 0)), np.empty(0)


def cloud(result: Samples, dim: int) -> Floats:
    """Return points of shape (M,), or (2, M) in the plane; InputError if they are none."""
    points = _checked("points", result.points, 2 if dim == 2 else 1)
    if dim == 2 and points.shape[1] != 2:
        raise InputError(f"points has shape {points.shape}: allowed is (M, 2)")
    return np.ascontiguousarray(points.T)


def on_line(result: Cdf | CellAverages | Density) -> tuple[Measure, float]:
    """Return a measure of mass 1 on the line and the mass it had; InputError if it is none."""
    match result:
        case Cdf():
            points, masses, faces, polynomials = _of_cdf(result)
        case CellAverages():
            faces, values = _grid("edges", result.edges), _checked("values", result.values, 1)
            _require_shape("values", values, (faces.size - 1,))
            points, masses = _atoms(result.atoms)
            polynomials = _spline(faces, values)
        case Density():
            faces, values = _grid("points", result.points), _checked("values", result.values, 1)
            _require_shape("values", values, (faces.size,))
            points, masses = _atoms(result.atoms)
            polynomials = np.stack([0.5 * (values[1:] + values[:-1]), np.diff(values), np.zeros(faces.size - 1)])
    mass = float(np.diff(faces) @ (polynomials[0] + polynomials[2] / 12.0) + masses.sum())
    _require_mass(mass)
    return Measure(points[None], masses / mass, faces, polynomials / mass), mass


def in_plane(result: CellAverages | Density) -> tuple[Floats, Floats, Floats, float]:
    """Return edges in x and y, the masses of the cells divided by their sum, shape (NX, NY), and that sum."""
    name = "edges" if isinstance(result, CellAverages) else "points"
    given: Any = result.edges if isinstance(result, CellAverages) else result.points
    if not (isinstance(given, tuple) and len(given) == 2):
        raise InputError(f"{name} must be a pair of arrays in the plane")
    x, y = (_grid(f"{name}[{k}]", part) for k, part in enumerate(given))
    if np.size(result.atoms):
        raise InputError("atoms in the plane are not read: allowed are none")
    values = _checked("values", result.values, 2)
    if isinstance(result, Density):
        _require_shape("values", values, (x.size, y.size))
        values = 0.25 * (values[1:, 1:] + values[1:, :-1] + values[:-1, 1:] + values[:-1, :-1])
    _require_shape("values", values, (x.size - 1, y.size - 1))
    masses = values * np.outer(np.diff(x), np.diff(y))
    mass = float(masses.sum())
    _require_mass(mass)
    return x, y, masses / mass, mass


def plane_measure(x: Floats, y: Floats, masses: Floats) -> Measure:
    """Return the measure of these masses on even cells; InputError where they are not even."""
    sides = []
    for edges, marginal in ((x, masses.sum(axis=1)), (y, masses.sum(axis=0))):
        sides.append(Measure(*_NOWHERE, faces=edges, polynomials=_spline(edges, marginal / np.diff(edges))))
    averages = np.ascontiguousarray((masses / np.outer(np.diff(x), np.diff(y))).T)
    return Measure(np.empty((2, 0)), np.empty(0), plane=PlaneDensity(averages, inside=(sides[0], sides[1])))


def _of_cdf(result: Cdf) -> tuple[Floats, Floats, Floats, Floats]:
    """Atoms where points repeat or F starts above 0; parabolas between points, a piece between atoms at a time."""
    points, values = _checked("points", result.points, 1), _checked("values", result.values, 1)
    _require_shape("values", values, points.shape)
    _require_rising("points", points, strictly=False)
    _require_rising("values", values, strictly=False)
    _require_mass(float(values[-1]))
    again = np.diff(points) == 0.0
    within = (
        np.concatenate([[False], again[:-1] & again[1:], [False]]) if points.size > 2 else np.zeros(points.size, bool)
    )
    points, values = points[~within], values[~within]  # of many at one place the first and the last: one jump
    jumps = np.diff(points) == 0.0
    steps = np.diff(values, prepend=0.0)
    held = np.concatenate([[True], jumps]) & (steps != 0.0)
    faces, slopes = np.unique(points), np.zeros((2, points.size - 1))
    if faces.size < 2:
        raise InputError("points hold one place: allowed are two and more, or samples")
    widths = np.where(jumps, 1.0, np.diff(points))
    slopes[:] = np.diff(values) / widths
    ends = np.concatenate([[0], np.flatnonzero(jumps) + 1, [points.size]])
    for first, last in pairwise(ends.tolist()):
        if last - first > 2:
            rising = PchipInterpolator(points[first:last], values[first:last])(points[first:last], 1)
            slopes[0, first : last - 1], slopes[1, first : last - 1] = rising[:-1], rising[1:]
    averages = (np.diff(values) / widths)[~jumps]
    return points[held], steps[held], faces, _parabolas(averages, *slopes[:, ~jumps])


def _spline(faces: Floats, averages: Floats) -> Floats:
    """Parabolas with these averages whose values and slopes agree at the faces."""
    if averages.size < 3:
        return np.stack([averages, np.zeros_like(averages), np.zeros_like(averages)])
    below = np.concatenate([[0.0], np.cumsum(averages * np.diff(faces))])
    at_faces = CubicSpline(faces, below)(faces, 1)
    return _parabolas(averages, at_faces[:-1], at_faces[1:])


def _parabolas(averages: Floats, left: Floats, right: Floats) -> Floats:
    """p0 + p1 s + p2 s^2, s in [-1/2, 1/2], with these averages and values at the ends."""
    bend = 3.0 * (left + right) - 6.0 * averages
    return np.stack([averages - bend / 12.0, right - left, bend])


def _atoms(given: Any) -> tuple[Floats, Floats]:
    array = _checked("atoms", np.asarray(given, dtype=np.float64).reshape(-1, 2), 2, empty=True)
    bad = np.flatnonzero(array[:, 1] < 0.0)
    if bad.size:
        raise InputError(f"atoms[{bad[0]}] has mass {array[bad[0], 1]:g}: allowed are masses of at least 0")
    places, which = np.unique(array[:, 0], return_inverse=True)
    return places, np.bincount(which, array[:, 1], places.size)


def _grid(name: str, given: Any) -> Floats:
    array = _checked(name, given, 1)
    if array.size < 2:
        raise InputError(f"{name} holds one number: allowed are two and more")
    _require_rising(name, array)
    return array


def _checked(name: str, given: Any, ndim: int, *, empty: bool = False) -> Floats:
    """An array of finite numbers, or InputError with the place of the first that is none."""
    array = np.asarray(given)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name} is of type {array.dtype}: allowed are real numbers")
    array = array.astype(np.float64, copy=False)
    if array.ndim != ndim:
        raise InputError(f"{name} has shape {array.shape}: allowed are {ndim} axes")
    if array.size == 0 and not empty:
        raise InputError(f"{name} is empty: allowed are one number and more")
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        place = ", ".join(map(str, bad[0]))
        raise InputError(f"{name}[{place}] = {array[tuple(bad[0])]} is not finite, {len(bad)} of {array.size} are not")
    return array


def _require_shape(name: str, array: Floats, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise InputError(f"{name} has shape {array.shape}: allowed is {shape}")


def _require_rising(name: str, array: Floats, *, strictly: bool = True) -> None:
    steps = np.diff(array)
    bad = np.flatnonzero(steps <= 0.0 if strictly else steps < 0.0)
    if bad.size:
        at = int(bad[0])
        raise InputError(f"{name}[{at + 1}] = {array[at + 1]:g} after {array[at]:g}: allowed are increasing ones")


def _require_mass(mass: float) -> None:
    if abs(mass - 1.0) > MASS:
        raise InputError(f"mass = {mass:.9g} must be 1 within {MASS:g}")
