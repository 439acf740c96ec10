"""How far off a result is.

W1 is int abs(F - F_reference) dx of the measure as which it is read (`reading`); in the plane its mean over 16
directions. L1 is the sum over cells of abs(mass - mass of the reference): the cells of averages; of what states values
on points of the line the pieces between these and 2048 quantiles of the reference, since exact values on few points
know little of the density between. A hundred thousand particles
and more are judged with F_reference linear between neighbours, and between 2^15 points where there are none; fewer by
quadrature, from which that differs by some 1e-6 of the distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.contest import reading
from benchmarks.contest.problem import Floats, Problem
from benchmarks.contest.references import PlaneReference, Reference
from benchmarks.contest.result import Cdf, CellAverages, Result, Samples
from particles.base.errors import InputError
from particles.model import Measure
from validation import sliced_w1
from validation.distance import w1_to_law
from validation.distance.sliced import directions

_MANY = 100_000
_EVEN = 2**15
_FINE = 2048
_BLOCK = 2**13  # knots of which a few arrays fit into the cache


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
    negative : float
        Mass of the cells in which the density is negative, as a positive number; it is allowed.
    """

    w1: float | None
    kolmogorov: float | None
    l1: float | None
    mean: float | None
    variance: float | None
    mass: float
    negative: float = 0.0


def scores(problem: Problem, reference: Reference | PlaneReference, result: Result) -> Scores:
    """Return the errors of a result.

    Raises
    ------
    InputError
        If it is none of a probability: with the field and the place.
    """
    if problem.dimension == 2:
        assert isinstance(reference, PlaneReference)
        return _of_plane_cloud(reference, result) if isinstance(result, Samples) else _of_plane(reference, result)
    assert isinstance(reference, Reference)
    return _of_cloud(reference, result) if isinstance(result, Samples) else _of_measure(reference, result)


def _of_measure(reference: Reference, result: Any) -> Scores:
    measure, mass = reading.on_line(result)
    masses = measure.cell_masses
    return Scores(
        w1=w1_to_law(measure, reference.law) if reference.mean is not None else None,
        kolmogorov=_supremum(measure, reference),
        l1=_l1(measure, reference, measure.faces if isinstance(result, CellAverages) else _pieces(measure, reference)),
        mean=None if reference.mean is None else abs(float(measure.mean[0]) - reference.mean),
        variance=None if reference.variance is None else abs(float(measure.variance[0]) - reference.variance),
        mass=abs(mass - 1.0),
        negative=-float(masses[masses < 0.0].sum()),
    )


def _of_cloud(reference: Reference, result: Samples) -> Scores:
    x = np.sort(reading.cloud(result, 1))
    mean = float(x.mean())
    w1, farthest = _between(x, reference)
    if x.size < _MANY and reference.mean is not None:
        w1 = cloud_w1(x, reference)
    return Scores(
        w1=None if reference.mean is None else w1,
        kolmogorov=farthest,
        l1=None,
        mean=None if reference.mean is None else abs(mean - reference.mean),
        variance=None if reference.variance is None else abs(float(np.square(x - mean).mean()) - reference.variance),
        mass=0.0,
    )


def cloud_w1(x: Floats, reference: Reference) -> float:
    """W1 between sorted particles and a law."""
    if x.size < _MANY:
        return float(w1_to_law(Measure.of_points(x), reference.law))
    return _between(x, reference)[0]


def _between(x: Floats, reference: Reference) -> tuple[float, float]:
    """W1 with F_reference linear between knots, and the supremum of abs(F - F_reference), which these do not change.

    The knots are the sorted particles and, of many, even points; a block of them at a time stays in the cache.
    """
    panels = reference.panels
    others = panels if x.size < _MANY else np.union1d(np.linspace(panels[0], panels[-1], _EVEN), panels)
    places = np.searchsorted(x, others, side="right")
    knots, counted = np.insert(x, places, others), np.ones(x.size + others.size)
    counted[places + np.arange(others.size)] = 0.0
    level = np.cumsum(counted) / x.size
    w1, farthest = 0.0, max(float(reference.cdf_left(knots[0])), 1.0 - float(reference.cdf(knots[-1])))
    for first in range(0, knots.size - 1, _BLOCK):
        ends = knots[first : first + _BLOCK + 1]
        at, before = reference.both_sides(ends)
        held, widths = level[first : first + ends.size - 1], np.diff(ends)
        left, right = at[:-1] - held, before[1:] - held
        low, high = np.abs(left), np.abs(right)
        sizes = low + high
        crossed = np.flatnonzero(left * right < 0.0)  # two triangles of heights l, r over h: h (l^2 + r^2)/(2 (l + r))
        sizes[crossed] = (left[crossed] ** 2 + right[crossed] ** 2) / sizes[crossed]
        w1 += 0.5 * float(widths @ sizes)
        apart = widths > 0.0  # of equal particles the last and the first count
        larger = np.maximum(low, high)
        farthest = max(farthest, float(larger.max() if apart.all() else larger.max(initial=0.0, where=apart)))
    return w1, farthest


def _supremum(measure: Measure, reference: Reference) -> float:
    x = np.unique(np.concatenate([measure.faces, measure.points[0], reference.panels]))
    before = measure.cdf(np.nextafter(x, -np.inf)) - reference.cdf_left(x)
    return float(np.maximum(np.abs(before), np.abs(measure.cdf(x) - reference.cdf(x))).max())


def _pieces(measure: Measure, reference: Reference) -> Floats:
    fine = reference.quantile(np.arange(1, _FINE) / _FINE)
    return np.union1d(measure.faces, fine[(fine > measure.faces[0]) & (fine < measure.faces[-1])])


def _l1(measure: Measure, reference: Reference, faces: Floats) -> float:
    """Cells, and what lies beyond them; atoms against atoms."""
    places, masses = reference.atoms
    first, last = faces[0], faces[-1]
    inside = np.diff(reference.cdf(faces))
    cells = np.searchsorted(faces, places, side="left") - 1  # an atom at a face counts in the cell before it
    counted = (cells >= 0) & (cells < inside.size)
    np.subtract.at(inside, cells[counted], masses[counted])
    beyond = float(reference.cdf_left(first)) + 1.0 - float(reference.cdf(last))
    beyond -= float(masses[(places < first) | (places > last)].sum())
    ours = {float(x): float(m) for x, m in zip(measure.points[0], measure.masses, strict=True)}
    theirs = {float(x): float(m) for x, m in zip(places, masses, strict=True)}
    of_atoms = sum(abs(ours.get(x, 0.0) - theirs.get(x, 0.0)) for x in {*ours, *theirs})
    return float(np.abs(np.diff(measure.density_cdf(faces)) - inside).sum() + max(0.0, beyond) + of_atoms)


def _of_plane_cloud(reference: PlaneReference, result: Samples) -> Scores:
    points = reading.cloud(result, 2)
    along = [cloud_w1(np.sort(theta @ points), reference.projected(theta)) for theta in directions(2).T]
    mean = np.abs(points.mean(axis=1) - reference.mean).max()
    variance = np.abs(points.var(axis=1) - reference.variance).max()
    return Scores(float(np.mean(along)), None, None, float(mean), float(variance), 0.0)


def _of_plane(reference: PlaneReference, result: Any) -> Scores:
    if isinstance(result, Cdf):
        raise InputError("a distribution function on points is no result in the plane: allowed are the other forms")
    x, y, masses, mass = reading.in_plane(result)
    exact = reference.cell_masses(x, y)
    measure = reading.plane_measure(x, y, masses)
    return Scores(
        w1=sliced_w1(measure, reference),
        kolmogorov=None,
        l1=float(np.abs(masses - exact).sum() + max(0.0, 1.0 - exact.sum())),
        mean=float(np.abs(measure.mean - reference.mean).max()),
        variance=float(np.abs(measure.variance - reference.variance).max()),
        mass=abs(mass - 1.0),
        negative=-float(masses[masses < 0.0].sum()),
    )
