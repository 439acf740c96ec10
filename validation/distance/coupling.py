"""The coupling of two clouds on the line by equal quantiles, optimal for every W_p, p >= 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats

Indices = NDArray[np.intp]


def levels(masses: Floats) -> Floats:
    """Share of the first 0, 1, ..., n masses in all of them, shape (n + 1,); of equal ones k/n to the last bit."""
    if masses.min() == masses.max():
        return np.arange(masses.size + 1) / masses.size
    sums = np.concatenate([[0.0], np.cumsum(masses, dtype=np.longdouble)])
    return np.asarray(sums / sums[-1], dtype=np.float64)


def coupling(x_levels: Floats, y_levels: Floats) -> tuple[Floats, Indices, Indices]:
    """Masses that move, and from which sorted atom to which, between the levels of both, each of shape (n,)."""
    merged = np.union1d(x_levels, y_levels)
    first, second = (np.searchsorted(levels_[1:-1], merged[1:]) for levels_ in (x_levels, y_levels))
    return np.diff(merged), first, second
