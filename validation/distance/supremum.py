"""The Kolmogorov distance on the line, sup_x abs(F_mu - F_nu), which needs no mean.

Between two atoms of a cloud its F_M is constant and a law's F monotone, so the supremum is met at a side of an atom:
max_i of abs(F_M(x_i) - F(x_i)) and abs(F_M(x_i-) - F(x_i-)). The F of a finite volume density that falls below zero is
not monotone: there the zeros of the density and the faces are looked at too.
"""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Law, Measure
from validation.distance.checks import check_probability


def kolmogorov(cloud: Measure, target: Law | Measure) -> float:
    """Kolmogorov distance between a cloud and a law, or between two measures; exact to the rounding of the cdf.

    Parameters
    ----------
    cloud : Measure
        On the line, of mass 1 within 1e-9; without a density if the target is a law.
    target : Law or Measure

    Raises
    ------
    InputError
        If a measure is no probability on the line, or one with a density meets a law.

    See Also
    --------
    w1_to_law : For laws with a mean.

    Examples
    --------
    >>> from particles.model import Measure, Pareto
    >>> from validation import kolmogorov
    >>> print(f"{kolmogorov(Measure.of_points([1.5, 3.0, 9.0]), Pareto(1.0)):.6f}")  # no mean
    0.333333
    >>> kolmogorov(Measure([[1.0]], [0.5]), Pareto(1.0))
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: mass = 0.5 must be 1 within 1e-09
    """
    for measure in (cloud, target):
        if isinstance(measure, Measure):
            check_probability(measure)
    if isinstance(target, Measure):
        x = np.concatenate([_candidates(cloud), _candidates(target)])
        return float(np.abs(_both_sides(cloud, x) - _both_sides(target, x)).max())
    if cloud.has_density:
        raise InputError("a measure with a density has no exact Kolmogorov distance to a law: allowed is a cloud")
    x = np.unique(cloud.points[0])
    law = np.stack([target.cdf(np.nextafter(x, -np.inf)), target.cdf(x)])
    return float(np.abs(_both_sides(cloud, x) - law).max())


def furthest(density: Measure, law: Law) -> float:
    """Largest difference between the distribution functions of a density in cells and of a law, at 16 points a cell.

    A lower bound of the Kolmogorov distance, which misses what F moves in a sixteenth of a cell at most.
    """
    x = density.faces[:-1] + np.arange(16)[:, None] / 16.0 * np.diff(density.faces)
    x = np.append(x.ravel(), density.faces[-1])
    return float(np.abs(density.cdf(x) - law.cdf(x)).max())


def _both_sides(measure: Measure, x: Floats) -> Floats:
    """F(x-) and F(x), shape (2, n)."""
    right = measure.cdf(x)
    points, running = np.sort(measure.points[0]), measure.running_masses
    left = running[np.searchsorted(points, x, side="left")] + measure.density_cdf(x)
    return np.stack([left, right])


def _candidates(measure: Measure) -> Floats:
    """Atoms, faces, and where the density vanishes."""
    widths = np.diff(measure.faces)
    q0, q1, q2 = (q * widths for q in measure.polynomials_from_left)  # masses: no unit of length, squares are numbers
    root = np.sqrt(np.maximum(q1 * q1 - 4.0 * q0 * q2, 0.0))
    q = -0.5 * (q1 + np.where(q1 >= 0.0, root, -root))
    zeros = [np.divide(a, b, out=np.zeros_like(q), where=b != 0.0) for a, b in ((q, q2), (q0, q))]
    inside = [measure.faces[:-1] + np.clip(t, 0.0, 1.0) * widths for t in zeros]
    return np.concatenate([measure.points[0], measure.faces, *inside])
