"""Milstein's scheme for the limiting equation dX = f dt + nu K dW (Ito)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from particles.base.arrays import Floats
from particles.base.checks import require_positive, require_type
from particles.base.errors import InputError
from particles.base.jit import Formula
from particles.kernels import noisy
from particles.kernels.adjoint import given_slope
from particles.kernels.noisy import Sizes
from particles.model.rule import Model
from particles.noise import DEFAULT_NOISE, Noise
from particles.philox import Address
from particles.schemes.noisy import advance_together, leaves_half_line, retrace_space
from particles.schemes.scheme import Scheme, even_levels


@dataclass(frozen=True)
class Milstein(Scheme):
    """Milstein's scheme for dX = f dt + nu K dW: weak order 1, strong order 1; K constant: Euler and Maruyama's.

    A step is a synchronous collision at eps = tau = dt, and half nu^2 K K' (eta^2 - 1) dt beside it.

    Parameters
    ----------
    dt : float > 0
        Step; snapshots are multiples of it.
    noise : Noise, default GAUSSIAN24
        Any law of mean 0 and variance 1 keeps the weak order; the strong one means Gaussian increments.

    Raises
    ------
    InputError
        If one of them is not of its type or out of its range.

    See Also
    --------
    Collisions : Whose synchronous clock is Euler and Maruyama's scheme.

    Examples
    --------
    >>> from particles import Milstein, TWO_POINT
    >>> Milstein(dt=0.1, noise=TWO_POINT).order  # weak, whatever the noise
    1.0
    >>> Milstein(dt=0.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: dt = 0.0 must be a positive finite number
    """

    dt: float
    noise: Noise = field(default=DEFAULT_NOISE)
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
        advance_together(model, state, parameters[:2], self._sizes(model), self.noise, noisy.milstein, address)

    def require_adjoint(self, model: Model) -> None:
        """Refuse shapes that bend, whose second derivative nobody states, by an InputError."""
        if model.diffusion.power not in (0, 1):
            raise InputError(f"{self!r} has an adjoint for K = 1 and K = x, not for K = {model.diffusion.name!r}")

    def retrace(
        self, model: Model, state: Floats, slopes: Floats, parameters: tuple[Any, ...], address: Address, block: int,
        start: Formula = given_slope,
    ) -> Floats:  # fmt: skip
        """The pathwise adjoint of `advance`, the numbers held fixed, see `Scheme.retrace`."""
        rows, sizes = (parameters[0], parameters[1]), self._sizes(model)
        return retrace_space(model, state, slopes, rows, sizes, address, block, start, self.noise, push=noisy.milstein)

    def _sizes(self, model: Model) -> Sizes:
        return Sizes(self.dt, math.sqrt(self.dt * model.nu2), 0.5 * model.nu2 * self.dt)

    def cautions(self, model: Model) -> tuple[str, ...]:
        """Sentences for a person before a run: steps that can leave the half line of K = x."""
        return leaves_half_line(model, self.noise, self.dt)
