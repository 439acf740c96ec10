"""Sliced W1 in R^d: the mean over directions theta on the sphere of W1 between the projections on theta.

SW1 = (1/n) sum_k W1(theta_k . mu, theta_k . nu), the theta_k fixed: normal numbers by the counter-based generator, at
the address (seed, direction, component), over their length. So the first n directions are the same in every run. It is
a distance of its own, SW1 <= W1, not an estimate of W1: a shift by a gives E abs(theta . a), (2/pi) abs(a) in R^2.
"""

from __future__ import annotations

import math

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Measure, Normal
from particles.philox import start_uniforms
from validation.distance import w1


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
        Of the same dimension and of mass 1 within 1e-9.
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
    if slices < 1:
        raise InputError(f"slices = {slices!r} must be at least 1")
    theta = directions(a.dim, slices, seed=seed)
    parts = [w1(*(_projected(measure, column) for measure in (a, b))) for column in theta.T]
    return math.fsum(parts) / slices


def _projected(measure: Measure, theta: Floats) -> Measure:
    line = np.zeros((1, measure.masses.size))
    for weight, row in zip(theta, measure.points, strict=True):
        line[0] += weight * row
    return Measure(line, measure.masses)
