"""The exact integral of abs(F_mu - F_nu) over the line: between a cloud and cells of a density, and between two clouds.

Between a face and the next point of the cloud F_nu - F_mu is a step less a cubic: with t = (x - left)/h and the masses
q = h g of a cell the cubic is q0 t + q1 t^2/2 + q2 t^3/3, whatever the unit of length. Where g >= 0 in a cell it grows
between two points, so that it has one sign there or one root: the parts between many points of a cell are vector code,
and the few with a root, and cells where g may be negative, are taken one by one. What jumps beside the cloud, atoms of
a wall, lies on faces.

Two clouds have W1 = int_0^1 abs(Q_a - Q_b) dp, Q constant between the running masses, which for equal masses are
multiples of 1/n: no point is compared with another, and no array of levels is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.jit import Formula, formula, kernel
from particles.model import Measure
from validation.distance.coupling import levels

_CHUNK = 128  # most intervals between points that are vector code at a time, a power of 2
_FEWEST = 8  # of them
_FEW = 16  # places that cut cells one by one


def between_clouds(a: Measure, b: Measure) -> float:
    """W1 of two clouds on the line."""
    (x, x_masses), (y, y_masses) = _in_order(a), _in_order(b)
    if x_masses is None and y_masses is None:
        if x.size == y.size:
            off = np.abs(np.subtract(x, y, out=x), out=x)
            return float(np.divide(off, off.size, out=off).sum())
        return float(_coupled(_multiple)(x, y, y.size, x.size, 1.0 / x.size / y.size))
    of_x, of_y = (levels(cloud.masses if row is None else row)[1:] for cloud, row in ((a, x_masses), (b, y_masses)))
    return float(_coupled(_given)(x, y, of_x, of_y, 1.0))


def to_density(a: Measure, b: Measure) -> float:
    """W1 on the line of two measures, of which one at least has a density."""
    loop, arguments = arranged(a, b)
    return float(loop(*arguments))


def arranged(a: Measure, b: Measure) -> tuple[Any, tuple[Any, ...]]:
    """The kernel of `to_density`, and its arguments: the larger cloud sorted, all else on the faces of cells."""
    cloud, other = (a, b) if a.masses.size >= b.masses.size else (b, a)
    points, steps = np.sort(cloud.points[0]), _steps(cloud)
    ends = points[[0, -1]] if points.size else points
    places = np.unique(np.concatenate([ends, other.points[0]]))
    faces, q = (_joined if cloud.has_density or places.size > _FEW else _cut)(other, places, cloud)
    jumps = np.bincount(np.searchsorted(faces, other.points[0]), other.masses, faces.size)
    loop = absolute_integral(equal if isinstance(steps, float) else _given)
    return loop, (points, steps, faces, q, jumps, np.zeros((4, _CHUNK + 1)))


def _joined(measure: Measure, places: Floats, less: Measure) -> tuple[Floats, Floats]:
    """Faces of two measures and more places, and what the one has on the cells between more than the other."""
    faces = np.unique(np.concatenate([places, measure.faces, less.faces]))
    return faces, (_on_cells(measure, faces) - _on_cells(less, faces)) * np.diff(faces)


def _cut(measure: Measure, places: Floats, less: Measure) -> tuple[Floats, Floats]:
    """The same, to the last bit, for few places and a cloud: all cells but those that are cut are as they were."""
    own = measure.faces
    at = np.searchsorted(own, places)
    new = own.take(at, mode="clip") != places
    at = at[new]
    faces = _inserted(own, at, places[new])
    q = _inserted(measure.masses_from_left, np.minimum(at, own.size - 1), np.zeros((3, at.size)))
    for k in at + np.arange(at.size):
        around = faces[max(k - 1, 0) : k + 2]
        q[:, max(k - 1, 0) : k + 1] = _on_cells(measure, around) * np.diff(around)
    return faces, q


def _inserted(rows: Floats, at: Any, new: Floats) -> Floats:
    """As `numpy.insert` along the last axis, for few columns: long pieces are copied, not numbers."""
    *parts, last = np.split(rows, at, axis=-1)
    pieces = [piece for k, part in enumerate(parts) for piece in (part, new[..., k : k + 1])]
    return np.concatenate([*pieces, last], axis=-1)


def _steps(cloud: Measure) -> float | Floats:
    """Mass of all points where all have the same, or that of the first 0, 1, ..., n, shape (n + 1,)."""
    masses = cloud.masses
    if not masses.size or masses.min() != masses.max():
        return cloud.running_masses
    return 1.0 if masses[0] == 1.0 / masses.size else float(masses[0] * masses.size)


def _on_cells(measure: Measure, faces: Floats) -> Floats:
    """Density of a measure on the cells between faces, some of which are its own: coefficients in t, not times h."""
    out = np.zeros((3, faces.size - 1))
    if measure.has_density:
        inside = (faces[:-1] >= measure.faces[0]) & (faces[1:] <= measure.faces[-1])
        left = faces[:-1][inside]
        cells = np.searchsorted(measure.faces, left, side="right") - 1
        width = measure.widths[cells]
        start, ratio = (left - measure.faces[cells]) / width, np.diff(faces)[inside] / width
        q0, q1, q2 = (q[cells] for q in measure.polynomials_from_left)
        value, slope = q0 + start * (q1 + start * q2), q1 + 2.0 * start * q2
        out[:, inside] = value, slope * ratio, q2 * ratio * ratio
    return out


def _in_order(cloud: Measure) -> tuple[Floats, Floats | None]:
    """Sorted points, and their masses, None where all are equal."""
    points, masses = cloud.points[0], cloud.masses
    if masses.min() == masses.max():
        return np.sort(points), None
    order = np.argsort(points, kind="stable")
    return points[order], masses[order]


@formula
def equal(total: float, i: int, n: int) -> float:
    """Mass of the first i of n points of equal masses."""
    return i * total / n


@formula
def _given(running: Any, i: int, n: int) -> float:
    return running[i]  # type: ignore[no-any-return]


@formula
def _multiple(unit: int, i: int, n: int) -> int:
    return (i + 1) * unit


@kernel
def _coupled(level: Formula) -> Formula:
    """Integral of abs(Q_x - Q_y) over the levels, in `unit`s, at which one of both quantile functions steps."""

    def integral(x: Any, y: Any, x_levels: Any, y_levels: Any, unit: float) -> float:
        total, compensation = 0.0, 0.0
        i, j, at = 0, 0, level(x_levels, 0, x.size) * 0
        while i < x.size and j < y.size:
            to_x, to_y = level(x_levels, i, x.size), level(y_levels, j, y.size)
            to = min(to_x, to_y)
            part = abs(x[i] - y[j]) * ((to - at) * unit) - compensation  # Kahan's sum
            new = total + part
            compensation = (new - total) - part
            total, at = new, to
            i += to_x <= to
            j += to_y <= to
        return total

    return integral


@kernel
def absolute_integral(height: Formula) -> Formula:
    """Integral of abs(F - step function); in cell j F rises by jumps[j] and then by a cubic of coefficients q[:, j]."""

    def integral(points: Any, steps: Any, faces: Any, q: Any, jumps: Any, work: Any) -> float:
        total, compensation, risen = 0.0, 0.0, 0.0
        i, n = 0, points.size
        for j in range(faces.size - 1):
            left, h = faces[j], faces[j + 1] - faces[j]
            q0, q1, q2 = q[0, j], q[1, j], q[2, j]
            rises = q0 >= 0.0 and q0 + q1 + q2 >= 0.0 and not (q2 > 0.0 and q1 * q1 > 4.0 * q0 * q2)
            risen += jumps[j]
            first, stop, t, last = i, _first_from(points, i, faces[j + 1]), 0.0, False
            while not last:
                many = min(stop - i, _CHUNK) if rises and i > first else 0
                if many >= _FEWEST:
                    for m in range(many):
                        work[0, m] = height(steps, i + m, n)
                        work[1, m] = (points[i - 1 + m] - left) / h
                    i += many
                    t = work[1, many] = (points[i - 1] - left) / h
                    part = h * _parts(work, many, risen, q0, q1, q2)
                else:
                    last = i == stop
                    to = 1.0 if last else (points[i] - left) / h
                    part = _cell_part(risen - height(steps, i, n), h, q0, q1, q2, t, to)
                    t, i = to, i + (not last)
                y = part - compensation  # Kahan's sum: the parts may be as many as the particles
                new = total + y
                compensation = (new - total) - y
                total = new
            risen += q0 + q1 / 2.0 + q2 / 3.0
        return total

    return integral


@formula
def _parts(work: Any, many: int, risen: float, q0: float, q1: float, q2: float) -> float:
    """Sum over the intervals between work[1, :] of the integrals of abs(F - work[0, :]) dt, for a density >= 0."""
    crossed = 0
    for m in range(many):
        t = work[1, m]
        length = work[1, m + 1] - t
        value, slope = q0 + t * (q1 + t * q2), q1 + 2.0 * t * q2
        gap = risen + t * (q0 + t * (q1 / 2.0 + t * (q2 / 3.0))) - work[0, m]
        end = gap + length * (value + length * (slope / 2.0 + length * (q2 / 3.0)))
        work[2, m] = abs(length * (gap + length * (value / 2.0 + length * (slope / 6.0 + length * (q2 / 12.0)))))
        work[3, m] = (gap < 0.0) != (end < 0.0)
        crossed += (gap < 0.0) != (end < 0.0)
    if crossed:
        for m in range(many):
            if work[3, m]:
                work[2, m] = _cell_part(risen - work[0, m], 1.0, q0, q1, q2, work[1, m], work[1, m + 1])
    for m in range(many, _CHUNK):
        work[2, m] = 0.0
    half = _CHUNK // 2
    while half:
        for m in range(half):
            work[2, m] += work[2, m + half]
        half //= 2
    return work[2, 0]  # type: ignore[no-any-return]


@formula
def _first_from(points: Any, i: int, x: float) -> int:
    """The first of points[i:], in their order, that is not below x: by steps that double, and halving."""
    low, step = i, 1
    while low + step <= points.size and points[low + step - 1] < x:
        low += step
        step *= 2
    high = min(low + step, points.size)
    while low < high:
        middle = (low + high) // 2
        if points[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


@formula
def _cell_part(base: float, h: float, q0: float, q1: float, q2: float, t0: float, t1: float) -> float:
    """Integral of abs(base + q0 t + q1 t^2/2 + q2 t^3/3) h dt from t0 to t1, split where the density vanishes."""
    a, b = t1, t1
    if q0 + t0 * (q1 + t0 * q2) < 0.0 or q0 + t1 * (q1 + t1 * q2) < 0.0 or q1 * q1 > 4.0 * q0 * q2:
        discriminant = q1 * q1 - 4.0 * q0 * q2
        if discriminant >= 0.0:
            q = -0.5 * (q1 + (discriminant**0.5 if q1 >= 0.0 else -(discriminant**0.5)))
            a = q / q2 if q2 != 0.0 else t1
            b = q0 / q if q != 0.0 else t1
            a, b = min(a, b), max(a, b)
            a, b = min(max(a, t0), t1), min(max(b, t0), t1)
    return (
        _monotone_part(base, h, q0, q1, q2, t0, a)
        + _monotone_part(base, h, q0, q1, q2, a, b)
        + _monotone_part(base, h, q0, q1, q2, b, t1)
    )


@formula
def _monotone_part(base: float, h: float, q0: float, q1: float, q2: float, t0: float, t1: float) -> float:
    """The same where base + ... is monotone: it has one sign, or one root."""
    if t1 <= t0:
        return 0.0
    r0, r1 = q0 + t0 * (q1 + t0 * q2), q1 + 2.0 * t0 * q2  # the parabola about t0
    start = base + t0 * (q0 + t0 * (q1 / 2.0 + t0 * q2 / 3.0))
    length = t1 - t0
    end = start + length * (r0 + length * (r1 / 2.0 + length * q2 / 3.0))
    whole = _primitive(start, h, r0, r1, q2, length)
    if (start >= 0.0) == (end >= 0.0) or start == 0.0 or end == 0.0:
        return abs(whole)
    low, high = 0.0, length
    for _ in range(80):
        middle = 0.5 * (low + high)
        value = start + middle * (r0 + middle * (r1 / 2.0 + middle * q2 / 3.0))
        if (value >= 0.0) == (start >= 0.0):
            low = middle
        else:
            high = middle
    before = _primitive(start, h, r0, r1, q2, high)
    return abs(before) + abs(whole - before)


@formula
def _primitive(start: float, h: float, r0: float, r1: float, q2: float, t: float) -> float:
    return h * t * (start + t * (r0 / 2.0 + t * (r1 / 6.0 + t * q2 / 12.0)))
