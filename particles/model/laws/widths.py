"""Automatic widths of bins and of kernels for n measurements, and where the rules for them end.

bins      2 IQR n^(-1/3) (Freedman and Diaconis), where the quartiles coincide (24 sqrt(pi))^(1/3) std n^(-1/3) (Scott)
kernels   0.9 min(std, IQR/1.34) n^(-1/5) (Silverman), where the quartiles coincide 0.9 std n^(-1/5)

Quartiles coincide where they differ by no more than what rounding leaves of numbers of the data's size: such a
difference is no width. The number of bins is bounded: one far measurement asks for any number of them.
"""

from __future__ import annotations

import math

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError

MOST_BINS = 10**6
_PLAIN = 10**4
"""More bins than that are kept where they hold something, and each gap between them as one."""
_SMALLEST, _LARGEST = 1e-150, 1e150
_COINCIDE, _REST = 2.0**-40, 2.0**-46


def bandwidth(values: Floats) -> float:
    """Silverman's width of a kernel for increasing measurements, shape (n,), n >= 2.

    InputError if they are equal up to rounding, or their size or width is beyond what squares can hold.
    """
    _require_spread(values)
    scale, range_ = _std(values), _interquartile(values)
    if range_ > 0.0:
        scale = min(scale, range_ / 1.34)
    return _resolved(values, 0.9 * scale * values.size**-0.2)


def bins(values: Floats) -> tuple[Floats, Floats]:
    """Edges, shape (k + 1,), and shares, shape (k,), of increasing measurements, shape (n,), n >= 2, in bins.

    Equal bins by Freedman and Diaconis' rule; of more than 10 000 the empty ones between two others are one.
    Errors as `bandwidth`; and if there would be more than `MOST_BINS`.
    """
    _require_spread(values)
    range_ = _interquartile(values)
    width = 2.0 * range_ * values.size ** (-1.0 / 3.0)
    if range_ == 0.0:
        width = (24.0 * math.sqrt(math.pi)) ** (1.0 / 3.0) * _std(values) * values.size ** (-1.0 / 3.0)
    count = math.ceil((values[-1] - values[0]) / _resolved(values, width))
    if count > MOST_BINS:
        median = float(np.median(values))
        far = float(max(values[0], values[-1], key=lambda x: abs(x - median)))
        raise InputError(
            f"data hold {far:g}, far from the half of them within {0.5 * range_:.3g} of {median:g}: that would be"
            f" {float(count):.2g} bins, allowed are {MOST_BINS}; leave it out, or take law = 'kernel'"
        )
    counts, edges = np.histogram(values, bins=count)
    if count > _PLAIN:
        held = counts > 0
        kept = np.append(True, held[1:] | held[:-1])
        counts, edges = counts[kept], edges[np.append(kept, True)]
    return edges, counts / values.size


def _require_spread(values: Floats) -> None:
    if values[0] == values[-1]:
        raise InputError(f"data of {values.size} equal values have no continuous approximation: give at least two")
    first, last = float(values[0]), float(values[-1])
    largest = max(abs(first), abs(last))
    if largest > _LARGEST or last - first < _SMALLEST:
        raise InputError(
            f"data up to {largest:.3g} and {last - first:.3g} wide: allowed are numbers up to"
            f" {_LARGEST:g}, at least {_SMALLEST:g} wide; choose another unit"
        )


def _resolved(values: Floats, width: float) -> float:
    """The width, refused where the numbers in the middle of the data are further apart."""
    if not width > 4.0 * np.spacing(np.abs(np.quantile(values, [0.25, 0.75])).max()):
        raise InputError(
            f"data of {values.size} values from {values[0]!r} to {values[-1]!r} are equal up to rounding: they have no"
            " continuous approximation"
        )
    return width


def _std(values: Floats) -> float:
    off = values - math.fsum(values) / values.size
    return math.sqrt(math.fsum(off * off) / values.size * values.size / (values.size - 1))


def _interquartile(values: Floats) -> float:
    """The interquartile range; 0 where the quartiles coincide up to the rounding of themselves, or of most others."""
    high, low = np.percentile(values, [75, 25])
    sizes = np.abs(values)
    others = (sizes.sum() - sizes.max()) / values.size  # without the largest, which may be far off
    noise = max(_COINCIDE * max(abs(low), abs(high)), _REST * others)
    return float(high - low) if high - low > noise else 0.0
