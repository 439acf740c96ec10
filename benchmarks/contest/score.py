"""How far off a result is: distances to the reference, and what is refused.

W1 is the integral of abs(F - F_reference), exact for steps and for parabolas in cells; in the plane its mean over 16
directions. L1 is the sum over a result's own cells of abs(mass - mass of the reference).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.contest.problem import Problem
from benchmarks.contest.references import PlaneReference, Reference
from benchmarks.contest.result import Cdf, CellAverages, Density, Result, Samples
from particles.base.errors import InputError
from particles.model import Measure, PlaneDensity
from validation import kolmogorov, sliced_w1
from validation.distance import w1_to_law

Floats = npt.NDArray[np.float64]
MASS = 1e-6  # how far from 1 it may be


@dataclass(frozen=True)
class Scores:
    """Errors of a result; None where there is no such.

    Parameters
    ----------
    w1, kolmogorov, l1 : float, optional
        Wasserstein distance, supremum of abs(F - F_reference), integral of abs(g - g_reference).
    mean, variance : float, optional
        Of the first moments, and of the centred second ones: the largest over the components.
    mass : float
        Of the mass, before it was made 1.
    """

    w1: float | None
    kolmogorov: float | None
    l1: float | None
    mean: float | None
    variance: float | None
    mass: float


def scores(problem: Problem, reference: Reference | PlaneReference, result: Result) -> Scores:
    """Return the errors of a result; InputError, with the place, if it is none of a probability."""
    for name, array in _arrays(result):
        _require_finite(name, array)
    if isinstance(reference, PlaneReference):
        return _in_plane(reference, result)
    measure, mass = _on_line(result)
    law = reference.law
    known = reference.mean is not None
    return Scores(
        w1=w1_to_law(measure, law) if known else None,
        kolmogorov=_supremum(measure, reference),
        l1=None if isinstance(result, Samples) else _l1(measure, reference),
        mean=abs(float(measure.mean[0]) - law.mean) if known else None,
        variance=None if reference.variance is None else abs(float(measure.variance[0]) - reference.variance),
        mass=abs(mass - 1.0),
    )


def _arrays(result: Result) -> Iterator[tuple[str, Floats]]:
    for name, value in vars(result).items():
        if name == "atoms":
            yield name, np.asarray(value, dtype=np.float64).reshape(-1, 2)
        else:
            for part in value if isinstance(value, tuple) else (value,):
                if part.size == 0:
                    raise InputError(f"{name} is empty: allowed are one number and more")
                yield name, part


def _require_finite(name: str, array: Floats) -> None:
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        place = ", ".join(map(str, bad[0]))
        raise InputError(f"{name}[{place}] = {array[tuple(bad[0])]} is not finite, {len(bad)} of {array.size} are not")


def _require_shape(name: str, array: Floats, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise InputError(f"{name} has shape {array.shape}: allowed is {shape}")


def _require_increasing(name: str, array: Any, *, strictly: bool = True) -> None:
    if np.ndim(array) != 1:
        raise InputError(f"{name} has shape {np.shape(array)}: allowed is one axis")
    steps = np.diff(array)
    bad = np.flatnonzero(steps <= 0.0 if strictly else steps < 0.0)
    if bad.size:
        at = int(bad[0])
        raise InputError(f"{name}[{at + 1}] = {array[at + 1]:g} after {array[at]:g}: allowed are increasing ones")


def _require_mass(mass: float) -> None:
    if abs(mass - 1.0) > MASS:
        raise InputError(f"mass = {mass:.9g} must be 1 within {MASS:g}")


def _on_line(result: Result) -> tuple[Measure, float]:
    if isinstance(result, Samples):
        _require_shape("points", result.points, (result.points.size,))
        return Measure.of_points(result.points), 1.0
    if isinstance(result, Cdf):
        _require_shape("values", result.values, result.points.shape)
        _require_increasing("points", result.points, strictly=False)
        _require_increasing("values", result.values, strictly=False)
        edges, steps = result.points, np.diff(result.values, prepend=0.0)
        jumps = np.diff(edges, prepend=-np.inf) <= 0.0
        jumps[0] = steps[0] != 0.0
        atoms = np.stack([edges[jumps], steps[jumps]], axis=1)
        faces, inverse = np.unique(edges, return_inverse=True)
        masses = np.bincount(inverse, np.where(jumps, 0.0, steps), faces.size)[1:]
        polynomials = np.zeros((3, masses.size))
        polynomials[0] = masses / np.diff(faces)
    else:
        faces, values = (result.edges if isinstance(result, CellAverages) else result.points), result.values
        _require_increasing("edges" if isinstance(result, CellAverages) else "points", faces)
        cells = len(faces) - 1
        _require_shape("values", values, (cells if isinstance(result, CellAverages) else cells + 1,))
        atoms = np.asarray(result.atoms, dtype=np.float64).reshape(-1, 2)
        polynomials = np.zeros((3, cells))
        polynomials[0] = values if isinstance(result, CellAverages) else 0.5 * (values[1:] + values[:-1])
        if isinstance(result, Density):
            polynomials[1] = np.diff(values)  # over the width of a cell, from its centre
    if len(faces) < 2:
        raise InputError(f"{len(faces)} point is no distribution: allowed are two and more")
    mass = float(polynomials[0] @ np.diff(faces) + atoms[:, 1].sum())
    _require_mass(mass)
    return Measure(atoms[:, 0][None], atoms[:, 1] / mass, faces, polynomials / mass), mass


def _supremum(measure: Measure, reference: Reference) -> float:
    if not measure.has_density:
        return kolmogorov(measure, reference.law)
    x = np.unique(np.concatenate([measure.faces, measure.points[0], reference.panels]))
    left = measure.cdf(np.nextafter(x, -np.inf)) - reference.cdf_left(x)
    return float(np.maximum(np.abs(left), np.abs(measure.cdf(x) - reference.cdf(x))).max())


def _l1(measure: Measure, reference: Reference) -> float:
    """Cells, and what lies beyond them; atoms against atoms."""
    places, masses = reference.atoms
    held = np.zeros(measure.faces.size - 1)
    inside = np.clip(np.searchsorted(measure.faces, places, "right") - 1, 0, held.size - 1)
    np.add.at(held, inside, masses)
    exact = np.diff(reference.cdf(measure.faces))
    exact[0] += reference.cdf(measure.faces[0]) - reference.cdf_left(measure.faces[0])
    off = np.abs(measure.cell_masses - (exact - held)).sum() + max(0.0, 1.0 - exact.sum())
    ours = {float(x): float(m) for x, m in zip(measure.points[0], measure.masses, strict=True)}
    theirs = {float(x): float(m) for x, m in zip(places, masses, strict=True)}
    return float(off + sum(abs(ours.get(x, 0.0) - theirs.get(x, 0.0)) for x in {*ours, *theirs}))


def _in_plane(reference: PlaneReference, result: Result) -> Scores:
    if isinstance(result, Cdf):
        raise InputError("a distribution function on points is no result in the plane: allowed are the other forms")
    if isinstance(result, Samples):
        _require_shape("points", result.points, (len(result.points), 2))
        measure, mass, l1 = Measure.of_points(np.ascontiguousarray(result.points.T)), 1.0, None
    else:
        x, y, averages = _cells(result)
        for name, edges in (("x", x), ("y", y)):
            _require_increasing(name, edges)
        areas = np.outer(np.diff(x), np.diff(y))
        _require_shape("values", averages, areas.shape)
        masses = averages * areas
        mass = float(masses.sum())
        _require_mass(mass)
        exact = reference.cell_masses(x, y)
        l1 = float(np.abs(masses - exact).sum() + max(0.0, 1.0 - exact.sum()))
        measure = _plane_measure(x, y, masses / mass)
    mean = np.abs(measure.mean - reference.mean).max()
    variance = np.abs(measure.variance - reference.variance).max()
    return Scores(sliced_w1(measure, reference.law), None, l1, float(mean), float(variance), abs(mass - 1.0))


def _cells(result: CellAverages | Density) -> tuple[Floats, Floats, Floats]:
    if isinstance(result, CellAverages):
        return (*result.edges, result.values)
    (x, y), v = result.points, result.values
    _require_shape("values", v, (x.size, y.size))
    return x, y, 0.25 * (v[1:, 1:] + v[1:, :-1] + v[:-1, 1:] + v[:-1, :-1])


def _plane_measure(x: Floats, y: Floats, masses: Floats) -> Measure:
    nothing = np.empty((1, 0)), np.empty(0)
    sides = []
    for edges, axis in ((x, 1), (y, 0)):
        polynomials = np.zeros((3, edges.size - 1))
        polynomials[0] = masses.sum(axis=axis) / np.diff(edges)
        sides.append(Measure(*nothing, faces=edges, polynomials=polynomials))
    averages = (masses / np.outer(np.diff(x), np.diff(y))).T
    plane = PlaneDensity(np.ascontiguousarray(averages), inside=(sides[0], sides[1]))
    return Measure(np.empty((2, 0)), np.empty(0), plane=plane)
