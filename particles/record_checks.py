"""What a stored run must satisfy beside its sums: what costs little to see, also of runs that were stored without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError

ROUNDING = 1e-9  # of a moment, relative to the scale of its cloud


def check_times(times: tuple[float, ...]) -> None:
    """Refuse times that are not finite, from 0 on, increasing."""
    if not times or not np.isfinite(times).all() or times[0] < 0.0 or any(np.diff(times) <= 0.0):
        raise InputError("its times are not increasing from 0 on")


def check_counts(counts: Any, count: int) -> None:
    """Refuse histograms whose counts do not add up to the number of particles."""
    if (np.asarray(counts) < 0).any() or (counts.sum(axis=-1) != count).any():
        raise InputError(f"its histogram does not count {count} particles")


def check_moments(states: Any, moments: Floats, variances: Floats) -> None:
    """Refuse moments that are not those of the clouds, up to rounding, and what is not finite.

    Shapes (times, D, M) or () of the clouds, (times, 2, D), (times, D); variances are NaN where they are not known.
    """
    if not np.isfinite(moments).all() or (moments[:, 1] < 0.0).any() or (variances < 0.0).any():
        raise InputError("its moments are not those of particles")
    with np.errstate(all="ignore"):
        for state, (first, second), spread in zip(states, moments, variances, strict=False):
            for row, m1, m2, variance in zip(state, first, second, spread, strict=True):
                mean = row.mean()
                found = np.array([mean, np.square(row).mean(), np.square(row - mean).mean()])
                scale = np.array([max(-row.min(), row.max()), found[1], found[2] + ROUNDING * found[1]])
                told = np.array([m1, m2, found[2] if np.isnan(variance) else variance])
                if not np.isfinite(found[0]) or (np.abs(told - found) > ROUNDING * scale).any():
                    raise InputError("its moments are not those of its clouds")


def check_sizes(meta: Mapping[str, Any]) -> int:
    """Number of components of a state; refuse numbers that are none."""
    for name in ("count", "dim", "neurons"):
        if type(meta[name]) is not int or not 1 <= meta[name] <= 2**53:
            raise InputError(f"its {name} is {str(meta[name])[:60]!r}: allowed is a positive integer")
    return int(meta["dim"] * meta["neurons"])
