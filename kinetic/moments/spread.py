"""Energy m2 and variance V as functions of time, with their derivatives, for Definition 2 of arXiv 2001.04294.

identity    (m1^2)' = 2 w m1^2 + 2 b m1,  V' = 2 w V + nu^2 E K^2,  m2 = V + m1^2
relu        m2 = m2^+ + m2^-, V = m2 - m1^2, from the partial moments of (16)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from kinetic.moments import active_set, require_closed, resting_moments
from kinetic.moments.hierarchy import LinearMoments, without_rounding
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Model

QUANTITIES = ("variance", "energy")


@dataclass(frozen=True, eq=False)
class Spread:
    """The variance or the energy of a model with closed moments.

    Parameters
    ----------
    model : Model
    quantity : {"variance", "energy"}

    Raises
    ------
    InputError
        If the quantity is another, or the moments of the model are not closed.
    """

    model: Model
    quantity: str

    def __post_init__(self) -> None:
        if self.quantity not in QUANTITIES:
            raise InputError(f"quantity = {self.quantity!r} must be 'variance' or 'energy'")
        require_closed(self.model)

    @cached_property
    def _system(self) -> LinearMoments:
        if self.model.drift.name == "relu":
            return LinearMoments.raw(self.model, 2, *active_set(self.model))
        return LinearMoments.spread(self.model)

    @cached_property
    def _rest(self) -> Floats | None:
        return resting_moments(self.model, 2) if self.model.drift.name == "relu" else None

    def at(self, times: ArrayLike) -> Floats:
        """Values at the times, shape (T,)."""
        z = self._system.at(times)
        if self._rest is None:
            return z[:, 3] + z[:, 2] if self.quantity == "energy" else z[:, 3]
        m1, m2 = (z[:, k] + self._rest[k] for k in (1, 2))
        return np.asarray(m2 if self.quantity == "energy" else m2 - m1 * m1)

    def rate(self, times: ArrayLike) -> Floats:
        """Derivatives at the times, shape (T,), from the right at a jump; what cancels to rounding is zero."""
        y = self._system.rate(times)
        if self._rest is not None:
            other = (
                0.0 if self.quantity == "energy" else -2.0 * (self._system.at(times)[:, 1] + self._rest[1]) * y[:, 1]
            )
            first = y[:, 2]
        else:
            other, first = (y[:, 2] if self.quantity == "energy" else 0.0), y[:, 3]
        return without_rounding(first + other, np.abs(first) + np.abs(other), 1e-12)


def variance(model: Model, times: ArrayLike) -> Floats:
    """Return V = m2 - m1^2 at the times, shape (T,), for the models of `kinetic.moments.moments`, errors as there.

    That of relu is the difference, which loses the digits by which m1^2 exceeds V.
    """
    return Spread(model, "variance").at(times)
