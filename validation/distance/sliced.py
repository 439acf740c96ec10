"""Sliced W1 in R^d: the mean over directions theta on the sphere of W1 between the projections on theta.

SW1 = (1/n) sum_k W1(theta_k . mu, theta_k . nu), the theta_k fixed: normal numbers by the counter-based generator, at
the address (seed, direction, component), over their length. So the first n directions are the same in every run. It is
a distance of its own, SW1 <= W1, not an estimate of W1: a shift by a gives E abs(theta . a), (2/pi) abs(a) in R^2.

A projection is the unevaluated sum of a number and of what its rounding lost (products after Dekker and Veltkamp, sums
after Knuth; Ogita, Rump and Oishi, SIAM J. Sci. Comput. 26, 2005): neither a common shift nor single points far away
cost a digit of the others.
"""

from __future__ import annotations

import math

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count
from particles.base.errors import InputError
from particles.model import Measure, Normal
from particles.philox import start_uniforms
from validation.distance.checks import check_probability
from validation.distance.coupling import coupling, levels

_SPLIT = 2.0**27 + 1.0


def directions(dim: int, count: int, *, seed: int = 0) -> Floats:
    """Directions theta_0, ..., theta_(count - 1) on the unit sphere of R^dim, shape (dim, count)."""
    uniforms = [start_uniforms(0, count, component=j, seed=seed) for j in range(dim)]
    normals = np.stack([Normal(0.0, 1.0).quantile(u) for u in uniforms])
    return np.asarray(normals / np.sqrt((normals * normals).sum(axis=0)))


def sliced_w1(a: Measure, b: Measure, *, slices: int = 64, seed: int = 0) -> float:
    """Sliced Wasserstein distance SW1 between two clouds in R^d, d > 1, of any size.

    Parameters
    ----------
    a, b : Measure
        Of the same dimension and of mass 1 within 1e-9, atoms alone.
    slices : int >= 1, default 64
        Number of directions.
    seed : int, default 0

    Raises
    ------
    InputError
        If the dimensions differ or are 1, a measure is no probability, or there is no direction.
    """
    if a.dim != b.dim or a.dim == 1:
        raise InputError(f"dimensions {a.dim} and {b.dim} must be equal and above 1; on the line use validation.w1")
    require_count("slices", slices, most=10**9)
    for measure in (a, b):
        check_probability(measure)
    size = math.frexp(max(float(np.abs(measure.points).max()) for measure in (a, b)))[1]
    scaled = [Measure(np.ldexp(measure.points, -size), measure.masses) for measure in (a, b)]
    parts = [_w1_along(theta, *scaled) for theta in directions(a.dim, slices, seed=seed).T]
    return math.ldexp(math.fsum(parts) / slices, size)


def _w1_along(theta: Floats, a: Measure, b: Measure) -> float:
    (x, x_rest, x_masses), (y, y_rest, y_masses) = (_projected(measure, theta) for measure in (a, b))
    masses, i, j = coupling(levels(x_masses), levels(y_masses))
    return float((masses * np.abs((x[i] - y[j]) + (x_rest[i] - y_rest[j]))).sum())


def _projected(measure: Measure, theta: Floats) -> tuple[Floats, Floats, Floats]:
    """Projections in their order, what their rounding lost, and the masses."""
    total, rest = np.zeros(measure.masses.size), np.zeros(measure.masses.size)
    for weight, row in zip(theta, measure.points, strict=True):
        product = weight * row
        (w, w_low), (x, x_low) = _halves(weight), _halves(row)
        rest += ((w * x - product) + w * x_low + w_low * x) + w_low * x_low
        before, total = total, total + product
        back = total - before
        rest += (before - (total - back)) + (product - back)
    order = np.argsort(total, kind="stable")
    if np.any(total[order[1:]] == total[order[:-1]]):
        order = np.lexsort((rest, total))
    return total[order], rest[order], measure.masses[order]


def _halves(x: Floats) -> tuple[Floats, Floats]:
    """A number as a sum of two of 26 bits, so that their products are exact."""
    high = _SPLIT * x
    high = high - (high - x)
    return high, x - high
