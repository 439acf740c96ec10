"""What the closed families share: the half line, and functions of the Gamma law."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats


def on_half_line(x: ArrayLike, function: Callable[[Floats], Floats], below: float = 0.0) -> Floats:
    """Return function(x) where x > 0, `below` where x <= 0, NaN where x is."""
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(over="ignore"):  # 1/x of a subnormal x
        return np.where(x <= 0.0, below, function(np.where(x <= 0.0, 1.0, x)))


def gamma_weight(a: float, y: Floats) -> Floats:
    """y^a e^(-y)/Gamma(a + 1), with no cancellation for large a: its maximum times (r e^(1-r))^a, r = y/a.

    The maximum, at y = a, is a difference of two regularised incomplete Gamma functions.
    """
    from scipy.special import gammaincc

    maximum = gammaincc(a + 1.0, a) - gammaincc(a, a)
    r, beyond = y / a, (y - a) / a
    with np.errstate(divide="ignore", invalid="ignore"):  # y = 0 and y = inf: the weight is 0
        power = np.where(r < 0.5, np.log(r) - beyond, np.log1p(beyond) - beyond)
    return np.asarray(maximum * np.exp(a * np.where(np.isinf(r), -np.inf, power)))


def per_length(factor: float, x: Floats, weight: Floats) -> Floats:
    """Return factor/x times a weight: 0 where the weight is, though 1/x may overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(weight > 0.0, factor / x * weight, 0.0)


def gamma_ratio(a: float, step: float) -> float:
    """Gamma(a + step)/Gamma(a) for a > 0 and a + step > 0."""
    from scipy.special import poch

    return float(poch(a, step) if step >= 0.0 else 1.0 / poch(a + step, -step))


def bounded_exp(x: float) -> float:
    """e^x, inf where it is beyond the largest number."""
    return math.exp(x) if x < 709.78 else math.inf
