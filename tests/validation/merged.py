"""W1 on the line by one merge of all points and faces, interval by interval: the route that `w1` is held against."""

from __future__ import annotations

import itertools
import math

import numpy as np

from particles.base.arrays import Floats
from particles.model import Measure


def merged_w1(a: Measure, b: Measure) -> float:
    """Integral of abs(F_a - F_b): between neighbours it is a constant and a cubic, split at the cubic's real roots."""
    knots = np.unique(np.concatenate([a.points[0], b.points[0], a.faces, b.faces]))
    parts = []
    for left, right in itertools.pairwise(knots):
        h, middle = right - left, 0.5 * (left + right)
        base = sum(sign * float(m.cdf(np.array([left]))[0]) for sign, m in ((1.0, a), (-1.0, b)))
        density = _coefficients(a, middle, left) - _coefficients(b, middle, left)
        cubic = np.array([density[2] * h**3 / 3.0, density[1] * h**2 / 2.0, density[0] * h, base])
        whole = np.polyint(cubic)
        cuts = [0.0, *sorted(_roots(cubic)), 1.0]
        values = np.polyval(whole, cuts)
        parts.append(h * math.fsum(abs(end - begin) for begin, end in itertools.pairwise(values)))
    return math.fsum(parts)


def _coefficients(measure: Measure, inside: float, left: float) -> Floats:
    """Density about `left`, by powers of the distance, in the cell that holds `inside`."""
    if not measure.has_density or not measure.faces[0] < inside < measure.faces[-1]:
        return np.zeros(3)
    j = int(np.searchsorted(measure.faces, inside)) - 1
    p0, p1, p2 = measure.polynomials[:, j]
    h = measure.widths[j]
    s = (left - 0.5 * (measure.faces[j] + measure.faces[j + 1])) / h
    return np.array([p0 + s * (p1 + s * p2), (p1 + 2.0 * s * p2) / h, p2 / h**2])


def _roots(cubic: Floats) -> list[float]:
    scale = np.abs(cubic).max()
    if scale == 0.0:
        return []
    return [float(z.real) for z in np.roots(cubic / scale) if abs(z.imag) < 1e-7 and 0.0 < z.real < 1.0]
