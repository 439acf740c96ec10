"""A model on the line with constant parameters, on the interval on which its density may rest.

The interval ends at infinity, at a wall, or at a zero of K: there the noise stops, and the drift lets mass pass in its
own direction only (K = x, sigma(0) > 0: everything ends on x > 0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from kinetic.steady.chart import Chart, Map, chart
from particles.base.arrays import Floats, over_arrays
from particles.base.errors import InputError
from particles.model import Model


@dataclass(frozen=True)
class Line:
    """A model on the line with constant w and b, on the interval on which its density may rest."""

    model: Model
    weight: float
    bias: float
    low: float
    high: float
    zeros: tuple[bool, bool] = (False, False)

    def drift(self, x: Floats) -> Floats:
        return self.model.drift(self.weight * x + self.bias, x)

    def noise(self, x: Floats) -> Floats:
        """K."""
        return over_arrays(self.model.diffusion.value, x, constants=self.model.diffusion.constants)

    @property
    def turn(self) -> float | None:
        """The zero of u if it is inside: ReLU has its kink there, other activations change their sign."""
        zero = -self.bias / self.weight if self.weight != 0.0 else math.nan
        return zero if self.low < zero < self.high else None

    @property
    def without_walls(self) -> Line:
        """The same model on the largest interval that holds this one and has no zero of K inside."""
        if not self.model.diffusion.half_line:
            return replace(self, low=-math.inf, high=math.inf, zeros=(False, False))
        if self.low >= 0.0:
            return replace(self, low=0.0, high=math.inf, zeros=(True, False))
        return replace(self, low=-math.inf, high=0.0, zeros=(False, True))

    def chart(self, centre: float | None = None, scale: float = 1.0) -> Chart:
        """The coordinate of the interval; on the whole line finest at `centre`, the zero of u by default."""
        return chart(self.low, self.high, self.zeros, (self.turn or 0.0) if centre is None else centre, scale)

    def kinks(self, on: Chart) -> tuple[float, ...]:
        return () if self.turn is None else (float(on.inverse(np.array(self.turn))),)

    def slope(self, on: Chart) -> Map:
        """Slope of ln p, p = g x'(y): x' (2 sigma/(nu^2 K^2) - 2 K'/K) + x''/x'."""
        derivative, c = self.model.diffusion.derivative, self.model.diffusion.constants

        def slope(y: Floats) -> Floats:
            with np.errstate(all="ignore"):
                x = on.point(y)
                k = self.noise(x)
                pull = 2.0 / self.model.nu2 * (self.drift(x) / k) - 2.0 * over_arrays(derivative, x, constants=c)
                return np.asarray(pull * (on.slope(y) / k) + on.bend(y))

        return slope


def constants(model: Model) -> tuple[float, float]:
    """Return w and b; InputError if they vary with time, or with the mean of a model that does not keep it."""
    mean = None
    if model.mean_coupled:
        if not model.piecewise_constant:
            raise InputError("a mean-coupled bias has a steady state here only with the identity, without walls")
        mean = np.array([model.law.mean])
    elif not model.autonomous:
        raise InputError("weight or bias vary with time: allowed are constants")
    if model.breakpoints:
        raise InputError(f"weight or bias jump at t = {model.breakpoints[0]!r}: allowed are constants")
    weights = model.weights(0.0)
    return float(weights[0, 0, 0]), float(model.biases(0.0, weights, mean)[0, 0])


def sides(line: Line) -> list[Line]:
    """The interval beside a zero of K at 0 into which the drift carries all mass; both sides if it does not."""
    ends = [math.isfinite(end) and float(line.noise(np.array(end))) == 0.0 for end in (line.low, line.high)]
    line = replace(line, zeros=(ends[0], ends[1]))
    if not (line.model.diffusion.half_line and line.low < 0.0 < line.high):
        return [line]
    right, left = replace(line, low=0.0, zeros=(True, ends[1])), replace(line, high=0.0, zeros=(ends[0], True))
    at_zero, beyond = (float(line.drift(np.array(x))) for x in (0.0, -1.0))
    if at_zero != 0.0:
        return [right if at_zero > 0.0 else left]
    start = float(line.model.law.cdf(0.0))
    if start == 0.0 or math.isnan(beyond):
        return [right]
    return [left] if start == 1.0 else [right, left]
