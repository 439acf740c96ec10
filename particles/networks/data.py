"""Samples that are made: two concentric circles with noise, Ruseckas' 5.1."""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count, require_positive
from particles.base.errors import InputError
from particles.kernels.rings import about_circles
from particles.networks.learner import Indices
from particles.philox import start_uniforms

RADIUS, STD = 1.0, 0.2
"""Of the inner circle, and of the noise. The paper has no radii; with 1/2 and 1 no classifier is above 89 % (R12)."""


def circles(count: int, *, seed: int = 0, replicate: int = 0, radius: float = RADIUS) -> tuple[Floats, Indices]:
    """Points about circles of radius r and 2 r in turn, with Gaussian noise of standard deviation 0.2.

    Parameters
    ----------
    count : int >= 1
    seed, replicate : int
        See `particles.philox`; another replicate is another sample.
    radius : float > 0, default 1

    Returns
    -------
    points : ndarray, shape (2, count)
    labels : ndarray of int, shape (count,)
        0 of the inner circle, 1 of the outer.
    """
    require_count("count", count)
    require_positive("radius", radius)
    labels = np.arange(count) % 2
    draws = [start_uniforms(0, count, component=k, seed=seed, replicate=replicate) for k in range(3)]
    points = np.empty((2, count))
    about_circles()(np.stack(draws), radius * (1.0 + labels), STD, points)
    return points, labels


def flipped(labels: Indices, share: float, *, seed: int = 0) -> tuple[Indices, Indices]:
    """Labels of two classes of which a share, rounded down, is wrong; and which these are, in increasing order.

    Raises
    ------
    InputError
        If the share does not lie in [0, 1].
    """
    if not 0.0 <= share <= 1.0:
        raise InputError(f"share = {share!r} must lie in [0, 1]")
    draws = start_uniforms(0, labels.size, component=3, seed=seed)
    chosen = np.sort(np.argsort(draws, kind="stable")[: int(share * labels.size)])
    changed = labels.copy()
    changed[chosen] = 1 - changed[chosen]
    return changed, chosen
