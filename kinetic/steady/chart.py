"""Coordinates y on the interval where a law lives, in which every end is far away, or at a wall.

==================  =================  ============================  =================================================
low end             high end           x(y)                          range of y
==================  =================  ============================  =================================================
-oo                 +oo                centre + scale sinh y         [-FAR, FAR]
wall                +oo                low + scale sinh y            [0, FAR]
-oo                 wall               high + scale sinh y           [-FAR, 0]
zero of K           +oo, or wall       low + e^y                     [NEAR, FAR], or up to ln(high - low)
-oo, or wall        zero of K          high - e^(-y)                 the same, reversed
zero of K           zero of K          (low + high e^(2y))/(1 + e^(2y))   [-ln(1/EPS)/2, ln(1/EPS)/2]
wall                wall               (low (1 - y) + high (1 + y))/2   [-1, 1]
==================  =================  ============================  =================================================

Towards an infinite end y is +-ln abs(x): a power of x is an exponential of y, and no scale of x is special.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from particles.base.arrays import Floats

FAR = 340.0
"""Where a coordinate ends: x = e^FAR is 5e147, and its square is finite."""
_EPS = 1e-12
"""Distance from an end other than 0, relative to it, that x still resolves."""

Map = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Chart:
    """A coordinate y in [low, high] of the x in `interval`.

    The maps are x(y), x'(y) > 0, x''(y)/x'(y) and y(x). `anchor` is the largest number that is added in x(y): x is
    rounded to eps (abs(x) + anchor). `growth` is the limit of d ln abs(x)/dy, outwards, at either end: 1 at infinity,
    -1 at x = 0, 0 at another zero of K; None at a wall, where the coordinate ends too.
    """

    low: float
    high: float
    interval: tuple[float, float]
    point: Map
    slope: Map
    bend: Map
    inverse: Map
    anchor: float
    growth: tuple[float | None, float | None]

    def rounding(self, y: Floats) -> Floats:
        """Rounding of y and of x(y), in units of y."""
        return np.asarray(2.0**-52 * (np.abs(y) + (np.abs(self.point(y)) + self.anchor) / self.slope(y)))


def chart(low: float, high: float, zeros: tuple[bool, bool], centre: float, scale: float = 1.0) -> Chart:
    """Return the coordinate on (low, high), of which either may be infinite.

    `zeros` says whether K vanishes at a (finite) end, so that no mass can reach it; the coordinate of the whole line is
    finest at `centre`, and the first three are linear below the length `scale`.
    """
    if zeros[0] and zeros[1]:
        return _between(low, high)
    if zeros[0]:
        return _from_zero(low, high)
    if zeros[1]:
        return _mirrored(_from_zero(-high, -low))
    if math.isfinite(low) and math.isfinite(high):
        return _inside(low, high)
    lower, upper = math.isfinite(low), math.isfinite(high)
    origin = low if lower else (high if upper else centre)
    return Chart(
        0.0 if lower else -FAR,
        0.0 if upper else FAR,
        (low, high),
        lambda y: origin + scale * np.sinh(y),
        lambda y: scale * np.cosh(y),
        np.tanh,
        lambda x: np.arcsinh((x - origin) / scale),
        abs(origin),
        (None if lower else 1.0, None if upper else 1.0),
    )


def scan(on: Chart, points: tuple[float, ...] = ()) -> Floats:
    """Return increasing coordinates that show every feature wider than 0.01 near y = 0, and 0.35 far out."""
    coarse = np.linspace(on.low, on.high, 2001)
    inside = np.array([at for at in (*np.linspace(-20.0, 20.0, 4001), *points) if on.low < at < on.high])
    return np.unique(np.concatenate([coarse, inside]))


def _inside(low: float, high: float) -> Chart:
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    return Chart(
        -1.0,
        1.0,
        (low, high),
        lambda y: 0.5 * (low * (1.0 - y) + high * (1.0 + y)),
        lambda y: np.full_like(y, half),
        np.zeros_like,
        lambda x: (x - middle) / half,
        max(abs(low), abs(high)),
        (None, None),
    )


def _from_zero(low: float, high: float) -> Chart:
    near = -FAR if low == 0.0 else math.log(_EPS * abs(low))
    return Chart(
        near,
        math.log(high - low) if math.isfinite(high) else FAR,
        (low, high),
        lambda y: low + np.exp(y),
        np.exp,
        np.ones_like,
        lambda x: np.log(x - low),
        abs(low),
        (-1.0 if low == 0.0 else 0.0, None if math.isfinite(high) else 1.0),
    )


def _mirrored(other: Chart) -> Chart:
    return Chart(
        -other.high,
        -other.low,
        (-other.interval[1], -other.interval[0]),
        lambda y: -other.point(-y),
        lambda y: other.slope(-y),
        lambda y: -other.bend(-y),
        lambda x: -other.inverse(-x),
        other.anchor,
        (other.growth[1], other.growth[0]),
    )


def _between(low: float, high: float) -> Chart:
    far = -0.5 * math.log(_EPS)
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    return Chart(
        -far,
        far,
        (low, high),
        lambda y: middle + half * np.tanh(y),
        lambda y: half / np.cosh(y) ** 2,
        lambda y: -2.0 * np.tanh(y),
        lambda x: 0.5 * np.log((x - low) / (high - x)),
        max(abs(low), abs(high)),
        (0.0, 0.0),
    )
