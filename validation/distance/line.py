"""The exact integral of abs(F_mu - F_nu) over the line.

Inside an interval without atoms F_mu(x) = F_mu(left+) + int_left^x g: a step function plus a cubic in each cell. With
t = (x - left)/h and the masses q = h g of a cell the cubic is q0 t + q1 t^2/2 + q2 t^3/3, whatever the unit of length.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.jit import Formula, formula, kernel
from particles.model import Measure


def density_difference(a: Measure, b: Measure) -> tuple[Floats, Floats]:
    """Density of a minus density of b on the union of their faces, times h, as coefficients in t on [0, 1]."""
    faces = np.unique(np.concatenate([a.faces, b.faces]))
    if faces.size == 0:
        return faces, np.empty((3, 0))
    return faces, (_on_cells(a, faces) - _on_cells(b, faces)) * np.diff(faces)


def _on_cells(measure: Measure, faces: Floats) -> Floats:
    """Density of a measure on the cells between faces, some of which are its own: coefficients in t, not times h."""
    out = np.zeros((3, faces.size - 1))
    if measure.has_density:
        inside = (faces[:-1] >= measure.faces[0]) & (faces[1:] <= measure.faces[-1])
        left = faces[:-1][inside]
        cells = np.searchsorted(measure.faces, left, side="right") - 1
        width = np.diff(measure.faces)[cells]
        start, ratio = (left - measure.faces[cells]) / width, np.diff(faces)[inside] / width
        q0, q1, q2 = (q[cells] for q in measure.polynomials_from_left)
        value, slope = q0 + start * (q1 + start * q2), q1 + 2.0 * start * q2
        out[:, inside] = value, slope * ratio, q2 * ratio * ratio
    return out


@kernel
def absolute_integral() -> Formula:
    """Integral of abs(step function + piecewise cubic) over the line."""

    def integral(points: Any, steps: Any, faces: Any, polynomials: Any) -> float:
        """Merge the points with the faces; `steps[i]` is the step function right of points[i]."""
        total, compensation = 0.0, 0.0
        step, risen = 0.0, 0.0  # the step function, and the integral of the density up to the cell
        i, j = 0, -1  # next point; cell, -1 before the first face
        cells = faces.size - 1
        x = points[0] if points.size else faces[0]
        if cells > 0 and faces[0] < x:
            x = faces[0]
        while True:
            next_point = points[i] if i < points.size else np.inf
            next_face = faces[j + 1] if j < cells else np.inf
            stop = next_point if next_point < next_face else next_face
            if stop == np.inf:
                return total
            if stop > x:
                if 0 <= j < cells:
                    h = faces[j + 1] - faces[j]
                    q0, q1, q2 = polynomials[0, j], polynomials[1, j], polynomials[2, j]
                    part = _cell_part(step + risen, h, q0, q1, q2, (x - faces[j]) / h, (stop - faces[j]) / h)
                else:
                    part = abs(step + risen) * (stop - x)
                y = part - compensation  # Kahan's sum: the parts are as many as the particles
                new = total + y
                compensation = (new - total) - y
                total = new
            x = stop
            while i < points.size and points[i] == x:
                step = steps[i]
                i += 1
            if next_face == x:
                if 0 <= j < cells:
                    risen += polynomials[0, j] + polynomials[1, j] / 2.0 + polynomials[2, j] / 3.0
                j += 1

    return integral


def cloud_to_density(points: Floats, running_masses: Floats, density: Measure) -> float:
    """The same integral for sorted atoms and a measure of a density and few atoms: no two sorted runs, no division."""
    if density.masses.size:
        order = np.argsort(density.points[0], kind="stable")
        places = np.searchsorted(points, density.points[0, order])
        points = np.insert(points, places, density.points[0, order])
        running_masses = np.insert(running_masses, places + 1, running_masses[places])
        for k, mass in enumerate(density.masses[order]):
            running_masses[places[k] + k + 1 :] -= mass
    widths = np.diff(density.faces)
    q0, q1, q2 = density.polynomials_from_left
    pieces = np.stack([q0, q1 / widths, q2 / widths**2])
    return float(_cloud_integral()(points, running_masses, density.faces, pieces, density.cell_masses))


@kernel
def _cloud_integral() -> Formula:
    """Integral of abs(step function - F); F rises by `masses`, its density is r0 + r1 z + r2 z^2 in a cell."""

    def integral(points: Any, steps: Any, faces: Any, pieces: Any, masses: Any) -> float:
        total, compensation = 0.0, 0.0
        i, n = 0, points.size
        x, risen = faces[0], 0.0
        while i < n and points[i] <= x:  # before the density there are the points alone
            stop = points[i + 1] if i + 1 < n and points[i + 1] < x else x
            total += abs(steps[i + 1]) * (stop - points[i])
            i += 1
        for j in range(masses.size):
            left, right = faces[j], faces[j + 1]
            r0, r1, r2 = pieces[0, j], pieces[1, j], pieces[2, j]
            z, value, gap = 0.0, r0, risen - steps[i]
            bends = r2 > 0.0 and r1 * r1 > 4.0 * r0 * r2
            while True:
                point = i < n and points[i] < right
                stop = points[i] - left if point else right - left
                length = stop - z
                slope = r1 + 2.0 * z * r2
                end_value = r0 + stop * (r1 + stop * r2)
                end = gap + length * (value + length * (slope / 2.0 + length * (r2 / 3.0)))
                if bends or value < 0.0 or end_value < 0.0 or (gap < 0.0) != (end < 0.0):
                    part = _cell_part(risen - steps[i], 1.0, r0, r1, r2, z, stop)
                else:
                    part = abs(length * (gap + length * (value / 2.0 + length * (slope / 6.0 + length * (r2 / 12.0)))))
                y = part - compensation  # Kahan's sum: the parts are as many as the particles
                new = total + y
                compensation = (new - total) - y
                total = new
                if not point:
                    break
                i += 1
                z, value = stop, end_value
                gap = risen - steps[i] + z * (r0 + z * (r1 / 2.0 + z * (r2 / 3.0)))
            risen += masses[j]
        x = faces[-1]
        while i < n:
            total += abs(risen - steps[i]) * (points[i] - x)
            x = points[i]
            i += 1
        return total

    return integral


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
