"""Milstein's scheme for the limiting equation dX = f dt + nu K dW (Ito)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from particles.base.arrays import Floats
from particles.base.checks import require_positive, require_type
from particles.kernels import noisy
from particles.kernels.noisy import Sizes
from particles.model.rule import Model
from particles.noise import GAUSSIAN, Noise
from particles.philox import Address
from particles.schemes.noisy import advance_together, leaves_half_line
from particles.schemes.scheme import Scheme, even_levels


@dataclass(frozen=True)
class Milstein(Scheme):
    """Milstein's scheme for dX = f dt + nu K dW: weak order 1, strong order 1; K constant: Euler and Maruyama's.

    A step is a synchronous collision at eps = tau = dt, and half nu^2 K K' (eta^2 - 1) dt beside it.

    Parameters
    ----------
    dt : float > 0
        Step; snapshots are multiples of it.
    noise : Noise, default GAUSSIAN
        Any law of mean 0 and variance 1 keeps the weak order; the strong one means Gaussian increments.
    """

    dt: float
    noise: Noise = field(default=GAUSSIAN)
    order: ClassVar[float] = 1.0
    clock: ClassVar[str] = "synchronous"
    corrected: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_positive("dt", self.dt)
        require_type("noise", self.noise, Noise, "a Noise of `particles.noise`")

    def __repr__(self) -> str:
        return f"Milstein(dt={self.dt!r}, noise={self.noise.name!r})"

    @property
    def eps(self) -> float:
        """dt."""
        return self.dt

    mean_time = eps

    def levels(self, model: Model, until: float, stops: Sequence[float]) -> Floats:
        """Time levels 0, dt, 2 dt, ..., until; every stop is one of them, or InputError."""
        return even_levels(until, stops, self.dt)

    def advance(self, model: Model, state: Floats, parameters: tuple[Any, ...], address: Address) -> None:
        """Carry `state`, shape (D, m), over the steps, in place."""
        sizes = Sizes(self.dt, math.sqrt(self.dt * model.nu2), 0.5 * model.nu2 * self.dt)
        advance_together(model, state, parameters[:2], sizes, self.noise, noisy.milstein, address)

    def cautions(self, model: Model) -> tuple[str, ...]:
        """Sentences for a person before a run: steps that can leave the half line of K = x."""
        return leaves_half_line(model, self.noise, self.dt)
