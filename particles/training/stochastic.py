"""Steps of a rate along a direction that remembers gradients, of all particles or of a few at a time.

With a batch an iteration is an epoch: it goes through minibatches, which hold every particle once, drawn anew in each
epoch. The curve tells the objective of all particles, once an epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count, require_positive
from particles.base.errors import InputError
from particles.networks import optimisers
from particles.training.method import EXPLODED, Bounds, Method, Point, Stop, largest
from particles.training.objective import Objective

if TYPE_CHECKING:
    from particles.training.task import Task


@dataclass(frozen=True)
class SGD(Method):
    """Stochastic gradient descent with the momentum of Polyak's heavy ball: v <- mu v + g, theta <- theta - rate v.

    Parameters
    ----------
    rate : float > 0, default 0.01
    momentum : float in [0, 1), default 0.9
    batch : int >= 1, optional
        Particles of a step, at most all of them, which are the default. The loss to a law is that of the batch's own
        cloud, a bias that follows the mean follows that of the batch, and noise is drawn anew in each.

    Raises
    ------
    InputError
        If one of them is out of its range; by a fit, if a batch has more than all particles.

    Examples
    --------
    >>> from particles import Euler
    >>> from particles.model import cases
    >>> from particles.training import SGD, Moment, Stop, fit
    >>> task = {"count": 1000, "until": 2.0, "ridge": 1e-2, "stop": Stop(iterations=10)}  # epochs
    >>> model, method = cases["regression"].model, SGD(rate=0.02, batch=100)  # ten steps an epoch
    >>> found = fit(model, Euler(layers=10), Moment(2.0), method, **task)
    >>> found.curve[-1].value < 0.2 * found.curve[0].value
    True
    >>> SGD(momentum=1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: momentum = 1.0 must lie in [0, 1)
    """

    rate: float = 0.01
    momentum: float = 0.9
    batch: int | None = None
    name = "sgd"

    def __post_init__(self) -> None:
        optimisers.Momentum(self.momentum)
        _check(self.rate, self.batch)

    def require(self, task: Task) -> None:
        """A batch has at most all particles."""
        _require(self.batch, task)

    def minimise(
        self, objective: Objective, theta: Floats, bounds: Bounds, stop: Stop, tell: Callable[[Point], None]
    ) -> str:
        """See `Method`."""
        walk = _Walk(objective, optimisers.Momentum(self.momentum), self.rate, self.batch, bounds)
        return walk.go(theta, stop, tell)


@dataclass(frozen=True)
class Adam(Method):
    """Adam (Kingma and Ba, 2015).

    Parameters
    ----------
    rate : float > 0, default 0.1
    batch : int >= 1, optional
        As of `SGD`.

    Raises
    ------
    InputError
        As of `SGD`.

    Notes
    -----
    ::

        theta <- theta - rate m/(sqrt(v) + 1e-8),   m and v moving means of g and of g^2

    Examples
    --------
    >>> from particles import Euler
    >>> from particles.model import cases
    >>> from particles.training import Adam, Moment, Stop, fit
    >>> task = {"count": 1000, "until": 2.0, "start": "quantile", "ridge": 1e-2}
    >>> task["stop"] = Stop(iterations=100)
    >>> model = cases["regression"].model
    >>> found = fit(model, Euler(layers=10), Moment(2.0), Adam(rate=0.1), **task)
    >>> print({name: round(value, 1) for name, value in found.values.items()})
    {'weight': -1.0, 'bias': 2.2}
    >>> Adam(rate=-0.1)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: rate = -0.1 must be a positive finite number
    """

    rate: float = 0.1
    batch: int | None = None
    name = "adam"

    def __post_init__(self) -> None:
        _check(self.rate, self.batch)

    def require(self, task: Task) -> None:
        """As of `SGD`."""
        _require(self.batch, task)

    def minimise(
        self, objective: Objective, theta: Floats, bounds: Bounds, stop: Stop, tell: Callable[[Point], None]
    ) -> str:
        """See `Method`."""
        return _Walk(objective, optimisers.Adam(), self.rate, self.batch, bounds).go(theta, stop, tell)


def _require(batch: int | None, task: Task) -> None:
    if batch is not None and batch > task.run.count:
        raise InputError(f"batch = {batch} of {task.run.count} particles: allowed are at most as many")


def _check(rate: float, batch: int | None) -> None:
    require_positive("rate", rate)
    if batch is not None:
        require_count("batch", batch)


@dataclass(frozen=True)
class _Walk:
    """The loop of both."""

    objective: Objective
    optimiser: optimisers.Optimiser
    rate: float
    batch: int | None
    bounds: Bounds

    def go(self, theta: Floats, stop: Stop, tell: Callable[[Point], None]) -> str:
        """Start from theta, tell of every iterate, return why it ended."""
        iteration, steps = 0, 0
        moments = np.zeros((self.optimiser.moments, theta.size))
        batches = 1 if self.batch is None else self.objective.batches(self.batch)
        while True:
            value, slope = self.objective.at(theta)
            if iteration and not math.isfinite(value):
                return EXPLODED
            large = largest(slope, theta, self.bounds)
            point = Point(iteration, self.objective.evaluations, value, large, theta)
            tell(point)
            stop = stop.of(point)
            if reason := stop.reason(point):
                return reason
            for number in range(steps, steps + batches):
                if batches > 1:
                    value, slope = self.objective.at_batch(theta, number)
                    if not math.isfinite(value):
                        return EXPLODED
                direction = self.optimiser.direction(slope, moments, number + 1)
                theta = np.clip(theta - self.rate * direction, *self.bounds)
            iteration, steps = iteration + 1, steps + batches
