"""How a gradient moves the numbers: theta <- theta - rate(step) factor direction.

============  ===============================================================
optimiser     direction, from the gradient g and moments that it keeps
============  ===============================================================
`Momentum`    v <- mu v + g;  v
`Adam`        m <- a m + (1 - a) g,  v <- c v + (1 - c) g^2;
              m/(1 - a^k) / (sqrt(v/(1 - c^k)) + 1e-8) at the k-th step
============  ===============================================================

Only + - x / and sqrt, each rounded once, number by number: the same bytes on any CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count, require_one_of, require_positive
from particles.base.errors import InputError


class Optimiser(Protocol):
    """What is asked of an optimiser."""

    moments: ClassVar[int]
    """Rows that it keeps, each as long as theta; they begin at 0."""
    name: ClassVar[str]

    def direction(self, gradient: Floats, moments: Floats, number: int) -> Floats:
        """Where to go against at the step of this number, from 1 on; `moments`, shape (moments, n), are renewed."""


@dataclass(frozen=True)
class Momentum:
    """Stochastic gradient descent; Ruseckas, 4.4, with the momentum of Polyak's heavy ball.

    Parameters
    ----------
    momentum : float in [0, 1), default 0.9
    """

    momentum: float = 0.9
    moments: ClassVar[int] = 1
    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        _require_share("momentum", self.momentum)

    def direction(self, gradient: Floats, moments: Floats, number: int) -> Floats:
        """See `Optimiser`."""
        moments[0] = self.momentum * moments[0] + gradient
        velocity: Floats = moments[0]
        return velocity


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba, 2015).

    Parameters
    ----------
    first, second : float in [0, 1), default 0.9 and 0.999
        What a step leaves of the moving means of g and g^2.
    """

    first: float = 0.9
    second: float = 0.999
    moments: ClassVar[int] = 2
    name: ClassVar[str] = "adam"

    def __post_init__(self) -> None:
        _require_share("first", self.first)
        _require_share("second", self.second)

    def direction(self, gradient: Floats, moments: Floats, number: int) -> Floats:
        """See `Optimiser`."""
        moments[0] = self.first * moments[0] + (1.0 - self.first) * gradient
        moments[1] = self.second * moments[1] + (1.0 - self.second) * (gradient * gradient)
        mean = moments[0] / (1.0 - power(self.first, number))
        square = moments[1] / (1.0 - power(self.second, number))
        step: Floats = mean / (np.sqrt(square) + 1e-8)
        return step


OPTIMISERS: dict[str, Callable[[], Optimiser]] = {"adam": Adam, "sgd": Momentum}


@dataclass(frozen=True)
class Schedule:
    """The learning rate from step to step.

    Parameters
    ----------
    rate : float > 0
    warmup : int >= 0, default 0
        Steps over which it grows to `rate` by equal parts.
    decay : {"constant", "linear"}, default "constant"
        What it does else: stay, or fall to 0 at the end.
    """

    rate: float
    warmup: int = 0
    decay: str = "constant"

    def __post_init__(self) -> None:
        require_positive("rate", self.rate)
        require_count("warmup", self.warmup, least=0)
        require_one_of("decay", self.decay, ("constant", "linear"))

    def at(self, step: int, steps: int) -> float:
        """Rate of a step, from 0 on, of so many."""
        grown = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        return self.rate * grown * (1.0 - step / steps if self.decay == "linear" else 1.0)


def power(base: float, exponent: int) -> float:
    """base**exponent by squares: the C library's last bit is not everybody's."""
    found = 1.0
    while exponent:
        found = found * base if exponent & 1 else found
        base, exponent = base * base, exponent >> 1
    return found


def _require_share(name: str, value: float) -> None:
    if not 0.0 <= value < 1.0:
        raise InputError(f"{name} = {value!r} must lie in [0, 1)")
