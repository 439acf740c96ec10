"""The law of a residual network without noise after L layers, x <- x + dt f(w_k x + b_k, x), dt = T/L.

While every layer increases, 1 + dt d/dx f(w x + b, x) > 0, the network is an increasing map x_L of the line, and

    F_L^(-1) = x_L o F_0^(-1),   F_L(x_L(x0)) = F_0(x0):

no sampling, no discretisation. The way back is found by Newton's method between the images of 4000 quantiles of the
start. Sticky walls hold what reaches them, as in the particle code.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from particles import Euler
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import Formula, kernel
from particles.model import Law, Model
from particles.model.laws.panels import follow

_CUBIC = 1e-12  # of the largest start: what the cubic between two of them may miss by
_LEVELS = 4000  # of the start, evenly; beyond them the start's own breakpoints


def euler_law(model: Model, layers: int, time: float) -> EulerLaw:
    """Exact law at `time` of the particles of `particles.Euler(layers=layers)`.

    Parameters
    ----------
    model : Model
        On the line, nu2 = 0, no reflecting walls; a mean-coupled bias with the identity and no walls (m1 is conserved).
    layers : int >= 1
    time : float > 0

    Raises
    ------
    InputError
        If the model is another, or a layer does not preserve order: then it takes more layers.
    """
    law_at_start = model.law
    if model.nu2 > 0.0:
        raise InputError(f"nu2 = {model.nu2!r}: the law of the layers is known without noise only")
    if model.walls is not None and model.wall != "sticky":
        raise InputError(f"wall = {model.wall!r}: the law of the layers knows sticky walls only")
    if model.mean_coupled and (not model.drift.linear or model.walls is not None):
        raise InputError(f"a bias that follows the mean needs the identity without walls, not {model.drift.name!r}")
    scheme = Euler(layers=layers)
    levels = scheme.levels(model, time, ())
    mean = np.array([law_at_start.mean]) if model.mean_coupled else None
    weights = model.weights(levels[:-1])
    biases = model.biases(levels[:-1], weights, mean)
    law = EulerLaw(model, float(levels[1]), weights[:, 0, 0].copy(), biases[:, 0].copy())
    if not law.least_slope > 0.0:
        raise InputError(
            f"layers = {layers!r} up to {time!r}: a layer does not preserve order; allowed are more layers"
        )
    return law


@kernel
def _with_slopes(value: Formula, f_u: Formula, f_x: Formula) -> Formula:
    """Images of points under the layers in place, d/dx of the map there, 0 at a wall; returns the least slope met."""

    def sweep(x: Any, slopes: Any, weights: Any, biases: Any, dt: float, c: Any, low: float, high: float) -> float:
        least = np.inf
        for i in range(x.size):
            at, slope = x[i], 1.0
            for k in range(weights.size):
                if at <= low or at >= high:
                    slope = 0.0
                    break
                w = weights[k]
                u = w * at + biases[k]
                layer = 1.0 + dt * (w * f_u(u, at, c) + f_x(u, at, c))
                least = min(least, layer)
                at, slope = min(max(at + dt * value(u, at, c), low), high), slope * layer
            x[i], slopes[i] = at, slope if low < at < high else 0.0
        return least

    return sweep


@dataclass(frozen=True, eq=False)
class EulerLaw(Law):
    """Push-forward of the start by Euler layers, weights and biases of shape (layers,); see `euler_law`."""

    model: Model
    dt: float
    weights: Floats
    biases: Floats

    @cached_property
    def _start(self) -> Law:
        return self.model.start_law

    def _forward(self, x: Floats) -> tuple[Floats, Floats, float]:
        """Images of points, d/dx of the map there, and the least slope of a layer that they met."""
        drift, (low, high) = self.model.drift, self.model.ends
        images, slopes = np.array(x, dtype=np.float64), np.empty_like(x)
        sweep = _with_slopes(drift.value, drift.f_u, drift.f_x)
        least = sweep(images, slopes, self.weights, self.biases, self.dt, drift.constants, low, high)
        return images, slopes, float(least)

    @cached_property
    def _table(self) -> tuple[Floats, Floats, Floats, float]:
        """Increasing points of the start, their images and slopes, and the least slope of a layer between them."""
        levels = (np.arange(_LEVELS) + 0.5) / _LEVELS
        points = np.union1d(self._start.quantile(levels), self._start.breakpoints())
        return points, *self._forward(points)

    @property
    def least_slope(self) -> float:
        """Least slope of a layer at the points of the table: above 0 where all layers preserve order."""
        return self._table[3]

    def _inverse(self, x: Floats) -> Floats:
        """The way back by Hermite's cubic between the points of the table, by a chord where a wall has a hand in it."""
        points, images, slopes, _ = self._table
        k = np.clip(np.searchsorted(images, x, side="right"), 1, points.size - 1)
        rise, run, s0, s1 = images[k] - images[k - 1], points[k] - points[k - 1], slopes[k - 1], slopes[k]
        smooth = (rise > 0.0) & (s0 > 0.0) & (s1 > 0.0)
        rise, s0, s1 = (np.where(smooth, number, 1.0) for number in (rise, s0, s1))
        t = (x - images[k - 1]) / rise
        back = 1.0 - t
        cubic = run * t * t * (3.0 - 2.0 * t) + t * back * rise * (back / s0 - t / s1)
        found = np.where(smooth, points[k - 1] + cubic, np.interp(x, images, points))
        return np.clip(found, points[k - 1], points[k])

    @cached_property
    def _rough(self) -> NDArray[np.bool_]:
        """Panels of the table in whose middle Hermite's cubic misses by more than rounding."""
        points, images = self._table[:2]
        middle = 0.5 * (images[1:] + images[:-1])
        image, slope, _ = self._forward(self._inverse(middle))
        smooth = (slope > 0.0) & (np.abs(image - middle) <= _CUBIC * np.abs(points[[0, -1]]).max() * slope)
        return np.asarray(~smooth)

    def _backward(self, x: Floats) -> Floats:
        """Greatest start whose image is at most x, between the outermost points of the table."""
        points, images = self._table[:2]
        x = np.clip(x, images[0], images[-1])
        found = self._inverse(x)
        panel = np.clip(np.searchsorted(images, x, side="right") - 1, 0, points.size - 2)
        rough = self._rough[panel]
        found[rough] = self._refined(x[rough], found[rough])
        return found

    def _refined(self, x: Floats, guess: Floats) -> Floats:
        """The same by Newton's method, kept between points of the table."""
        points, images = self._table[:2]
        after = np.searchsorted(images, x, side="right")
        low = points[np.maximum(after - 1, 0)]
        high = points[np.minimum(after, points.size - 1)]
        small = 1e-10 * float(np.abs(points[[0, -1]]).max())  # after a Newton step as small the next is rounding
        for _ in range(60):
            image, slope, _ = self._forward(guess)
            below = image <= x
            low, high = np.where(below, guess, low), np.where(below, high, guess)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = (x - image) / slope
            new = guess + step
            new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
            settled = bool(np.all(np.abs(new - guess) <= small))
            guess = new
            if settled:
                break
        return guess

    def cdf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        (low, high), images = self.model.ends, self._table[1]
        inside = self._start.cdf(self._backward(x.ravel())).reshape(x.shape)
        inside = np.where(x < images[0], 0.0, np.where(x >= images[-1], 1.0, inside))
        return np.where(x < low, 0.0, np.where(x >= high, 1.0, inside))

    def pdf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        (low, high), images = self.model.ends, self._table[1]
        origin = self._backward(x.ravel())
        slope = self._forward(origin)[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            density = np.where(slope > 0.0, self._start.pdf(origin) / slope, 0.0).reshape(x.shape)
        return np.where((x > max(low, images[0])) & (x < min(high, images[-1])), density, 0.0)

    def quantile(self, p: ArrayLike) -> Floats:
        start = np.asarray(self._start.quantile(p))
        return self._forward(start.ravel())[0].reshape(start.shape)

    @cached_property
    def _panels(self) -> Floats:
        points = self._start.breakpoints()
        if self.model.walls is not None:  # what starts beside a wall is a front
            points = np.append(points, np.nextafter(self.model.walls, self.model.walls[::-1]))
        return follow(self.cdf, self._forward(points)[0])
