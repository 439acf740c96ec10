"""What is asked of a method of minimising, and what it tells."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats
from particles.training.objective import Objective

if TYPE_CHECKING:
    from particles.training.task import Task

EXPLODED = "the objective is no longer finite: the rate is too high"
Bounds = tuple[Floats, Floats]
_SHARE = 1e-10
"""Of the largest derivative at the start, from which on there is none."""


class Point(NamedTuple):
    """An iterate: its number, the evaluations so far, value, largest component of the gradient, and the numbers.

    A method without gradients has None of them.
    """

    iteration: int
    evaluations: int
    value: float
    slope: float | None
    theta: Floats


class Stop(NamedTuple):
    """When to end: by the largest component of the gradient, by the value, by the number of iterations.

    Parameters
    ----------
    gradient : float, default 1e-10 of the largest component at the start
        End where no component of the gradient is larger. A number hangs on the units of length.
    value : float, default -inf
        End where the objective is at most this.
    iterations : int, default 1000

    Examples
    --------
    >>> from particles.training import Stop
    >>> Stop(iterations=20)
    Stop(gradient=None, value=-inf, iterations=20)
    """

    gradient: float | None = None
    value: float = -math.inf
    iterations: int = 1000

    def of(self, start: Point) -> Stop:
        """The same with a number for the gradient, by that at the start."""
        if self.gradient is not None:
            return self
        return self._replace(gradient=_SHARE * (start.slope or 0.0))

    def reason(self, point: Point) -> str:
        """Why to end here, in words; "" to go on."""
        if point.value <= self.value:
            return f"the objective is at most {self.value:g}"
        if point.slope is not None and self.gradient is not None and point.slope <= self.gradient:
            return f"no derivative is above {self.gradient:.3g}"
        return f"{self.iterations} iterations are done" if point.iteration >= self.iterations else ""


STOP = Stop()


class Method(Protocol):
    """What is asked of a method.

    Examples
    --------
    >>> from particles.training import EnKI, LBFGS, LM
    >>> [(method.name, method.reproducible) for method in (LM(), LBFGS(), EnKI())]
    [('lm', True), ('lbfgs', False), ('enki', True)]
    """

    name: ClassVar[str]
    reproducible: ClassVar[bool] = True
    """Whether its steps have the same bytes on any CPU."""

    def require(self, task: Task) -> None:
        """InputError where the method does not suit what is asked, or takes more memory than there is."""
        return

    def minimise(
        self, objective: Objective, theta: Floats, bounds: Bounds, stop: Stop, tell: Callable[[Point], None]
    ) -> str:
        """Start from theta, shape (n,), tell of every iterate from the first on, and return why it ended."""


def free_among(slope: Floats, theta: Floats, bounds: Bounds) -> NDArray[np.bool_]:
    """Which numbers can follow -slope: those that it does not push out of their bounds."""
    low, high = bounds
    return ~(((theta <= low) & (slope > 0.0)) | ((theta >= high) & (slope < 0.0)))


def largest(slope: Floats, theta: Floats, bounds: Bounds) -> float:
    """Largest component of the gradient that does not point out of the bounds."""
    free = free_among(slope, theta, bounds)
    return float(np.abs(slope[free]).max()) if free.any() else 0.0
