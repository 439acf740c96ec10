"""Energy m2 and variance V as functions of time, with their derivatives, for Definition 2 of arXiv 2001.04294.

identity    (m1^2)' = 2 w m1^2 + 2 b m1,  V' = 2 w V + nu^2 E K^2,  m2 = V + m1^2
relu        m2 = m2^+ + m2^-; V = p V^+ + q V^- + p q (a^+ - a^-)^2 with the shares p and q = 1 - p of what moves and
            what rests, their means a and variances V: V^+' = 2 w V^+, a^+' = w a^+ + b, no digits lost far from 0
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from kinetic.moments import active_set, require_closed, resting_moments
from kinetic.moments.hierarchy import LinearMoments, without_rounding
from particles.base.arrays import Floats
from particles.base.checks import require_one_of
from particles.model import Model

QUANTITIES = ("variance", "energy")


@dataclass(frozen=True, eq=False)
class Spread:
    """The variance or the energy, as `quantity` says, of a model with closed moments; any other is refused."""

    model: Model
    quantity: str

    def __post_init__(self) -> None:
        require_one_of("quantity", self.quantity, QUANTITIES)
        require_closed(self.model)

    @cached_property
    def _parts(self) -> Parts | None:
        """What moves and what rests of a relu model, for its variance."""
        return _parts(self.model) if self.model.drift.rectified and self.quantity == "variance" else None

    @cached_property
    def _system(self) -> LinearMoments:
        if self._parts is not None:
            return self._parts.moving
        if self.model.drift.rectified:
            return LinearMoments.raw(self.model, 2, *active_set(self.model))
        return LinearMoments.spread(self.model) if self.quantity == "energy" else LinearMoments.variance(self.model)

    @cached_property
    def _resting_energy(self) -> float:
        return float(resting_moments(self.model, 2)[2]) if self.model.drift.rectified else 0.0

    def at(self, times: ArrayLike) -> Floats:
        """Values at the times, shape (T,)."""
        z = self._system.at(times)
        if self._parts is not None:
            return self._parts.variance(z)
        if self.quantity == "variance":
            return z[:, -1]
        return z[:, 2] + (self._resting_energy if self.model.drift.rectified else z[:, 3])

    def rate(self, times: ArrayLike) -> Floats:
        """Derivatives at the times, shape (T,), from the right at a jump; what cancels to rounding is zero."""
        y = self._system.rate(times)
        if self._parts is not None:
            first, other = self._parts.rates(self._system.at(times), y)
        elif self.model.drift.rectified:
            first, other = y[:, 2], np.zeros(len(y))
        else:
            first, other = y[:, -1], y[:, 2] if self.quantity == "energy" else np.zeros(len(y))
        return without_rounding(first + other, np.abs(first) + np.abs(other), 1e-12)


@dataclass(frozen=True, eq=False)
class Parts:
    """What moves of a relu model, and what rests: shares p and q, the rest's mean and q times its variance.

    Means are counted from the whole law's at the start.
    """

    moving: LinearMoments
    p: float
    q: float
    rest_mean: float
    rest_variance: float

    def variance(self, z: Floats) -> Floats:
        """V from (1, a, a^2, V) of what moves."""
        return self.p * z[:, 3] + self.rest_variance + self.p * self.q * (z[:, 1] - self.rest_mean) ** 2

    def rates(self, z: Floats, y: Floats) -> tuple[Floats, Floats]:
        """The two terms of V' from (1, a, a^2, V) of what moves and its derivative y."""
        return self.p * y[:, 3], 2.0 * self.p * self.q * (z[:, 1] - self.rest_mean) * y[:, 1]


def _parts(model: Model) -> Parts:
    law = model.law
    centre = law.mean
    active = law.raw_moments(2, *active_set(model), about=centre)
    rest = law.raw_moments(2, about=centre) - active
    p, q = float(active[0]), max(float(rest[0]), 0.0)
    mean, rest_mean = (float(part[1] / part[0]) if part[0] > 0.0 else 0.0 for part in (active, rest))
    moving = max(float(active[2]) / p - mean * mean, 0.0) if p > 0.0 else 0.0
    resting = max(float(rest[2]) - q * rest_mean * rest_mean, 0.0)
    return Parts(LinearMoments.spread_of(model, mean, moving, centre), p, q, rest_mean, resting)


def variance(model: Model, times: ArrayLike) -> Floats:
    """Return V = int (x - m1)^2 g dx at the times, shape (T,), for the models of `kinetic.moments.moments`."""
    return Spread(model, "variance").at(times)
