"""Integrals over laws that know P(X > x) below the rounding of 1: upper tails to levels of 1e-300, then as powers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import gauss, integrate

if TYPE_CHECKING:
    from particles.model.laws.law import Law

_NODES, _WEIGHTS = gauss(16)
LEVELS = np.concatenate([10.0 ** -np.arange(300.0, 2.0, -0.5), np.linspace(0.01, 0.5, 50)])


def integrate_cdf(law: Law, function: Callable[[Floats], Floats], kinks: ArrayLike) -> float:
    """Integral of function(F(x)) dx; in the upper tail it is taken as (1 - F) function(p)/(1 - p), p = F as rounded."""
    if law.tail <= 1.0:
        raise InputError(f"tail exponent = {law.tail:g}: the mean is infinite, and so is every W1; allowed: above 1")
    levels = np.asarray(kinks, dtype=np.float64)
    inner = law.quantile(levels[(levels > 0.0) & (levels < 1.0)])
    edges = np.concatenate([law.breakpoints(), law.far_points(LEVELS), inner])
    edges = np.unique(edges[np.isfinite(edges)])
    half = 0.5 * np.diff(edges)
    x = edges[:-1] + half * (1.0 + _NODES[:, None])
    p = np.clip(law.cdf(x), 0.0, 1.0 - 2.0**-53)
    values = function(p) * np.where(p > 0.5, law.sf(x) / (1.0 - p), 1.0)
    last = np.array([1.0 - 2.0**-53])
    beyond = float(function(last)[0] / (1.0 - last[0])) * law.power_tail(float(edges[-1]))
    return float((_WEIGHTS[:, None] * values * half).sum()) + beyond


def excess(law: Law, start: float) -> float:
    """E max(X - start, 0) = int P(X > x) dx from `start` on."""
    points = np.concatenate([[start], law.breakpoints(), law.far_points(LEVELS)])
    edges = np.unique(points[np.isfinite(points) & (points >= start)])
    half = 0.5 * np.diff(edges)
    x = edges[:-1] + half * (1.0 + _NODES[:, None])
    return float((_WEIGHTS[:, None] * law.sf(x) * half).sum()) + law.power_tail(float(edges[-1]))


def w1_constant(law: Law) -> float:
    """Sampling constant sqrt(2/pi) int sqrt(F (1 - F)) dx."""
    if law.tail <= 2.0:
        raise InputError(f"tail exponent = {law.tail:g}: the sampling constant of W1 is infinite; allowed: above 2")
    upper = law.far_points(LEVELS)
    edges = np.unique(np.concatenate([law.quantile(LEVELS), upper, law.breakpoints()]))
    inner = integrate(lambda x: np.sqrt(law.cdf(x) * law.sf(x)), edges)
    end = float(edges[-1])
    beyond = 0.0 if law.tail == math.inf else end * math.sqrt(float(law.sf(end))) / (0.5 * law.tail - 1.0)
    return math.sqrt(2.0 / math.pi) * (inner + beyond)
