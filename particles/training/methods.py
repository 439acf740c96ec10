"""How an objective is minimised: values with their numbers, each a loop of a page.

==========  ==========================================================================================================
method      step
==========  ==========================================================================================================
`LM`        (H + lam diag H) delta = -g, H Gauss and Newton's matrix; lam by the share of the forecast fall that comes
`LBFGS`     scipy's L-BFGS-B
`Descent`   -gamma g; gamma found by halving until the objective falls as it must (Armijo), or fixed as in the paper
`Adam`      m/(sqrt(v) + 1e-8), moving means of g and of g^2; in `particles.training.stochastic`, as
`SGD`       v, a sum of gradients that fades, of all particles or of a few at a time
`EnKI`      an ensemble moves by its own covariances, without gradients; in `particles.training.kalman`
==========  ==========================================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats, ordered_product
from particles.base.checks import require_count, require_positive
from particles.base.errors import InputError
from particles.base.memory import require_memory
from particles.training.kalman import EnKI
from particles.training.method import EXPLODED, Bounds, Method, Point, Stop, free_among, largest
from particles.training.objective import Objective, dot, solved
from particles.training.stochastic import SGD, Adam

if TYPE_CHECKING:
    from particles.training.task import Task


@dataclass(frozen=True)
class LM(Method):
    """Levenberg and Marquardt's method, for squared losses and few numbers.

    Parameters
    ----------
    damping : float > 0, default 1e-3
        lam at the start.

    Raises
    ------
    InputError
        If `damping` is no positive number.

    Notes
    -----
    ::

        (H + lam diag H) delta = -g,   H Gauss and Newton's matrix, lam by what of the forecast fall comes

    Examples
    --------
    >>> from particles import Euler
    >>> from particles.model import cases
    >>> from particles.training import LM, Moment, Stop, fit
    >>> task = {"count": 1000, "until": 2.0, "start": "quantile", "ridge": 1e-2}
    >>> task["stop"] = Stop(iterations=3)
    >>> found = fit(cases["regression"].model, Euler(layers=10), Moment(2.0), LM(), **task)
    >>> [f"{point.value:.3f}" for point in found.curve]
    ['0.530', '0.090', '0.089', '0.089']
    >>> LM(damping=0.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: damping = 0.0 must be a positive finite number
    """

    damping: float = 1e-3
    name = "lm"

    def __post_init__(self) -> None:
        require_positive("damping", self.damping)

    def require(self, task: Task) -> None:
        """The loss must be a sum of squares of ends whose tangents are carried."""
        if not task.squared:
            name = task.loss.name
            raise InputError(
                f"method = 'lm' with loss {name!r}: allowed are squares, without noise, walls and a bias that follows"
                " the mean; else use lbfgs"
            )
        n, size, steps = len(task.parameters.names), task.model.size, len(task.run.levels(task.model, task.scheme)) - 1
        needed = 8.0 * n * (3.0 * size * task.run.count + steps * size * (size + 1) + 32.0 * n)
        require_memory(f"method = 'lm' of {n} numbers", needed)

    def minimise(
        self, objective: Objective, theta: Floats, bounds: Bounds, stop: Stop, tell: Callable[[Point], None]
    ) -> str:
        """See `Method`."""
        damping, iteration = self.damping, 0
        value, slope, matrix = objective.linearised(theta)
        while True:
            large = largest(slope, theta, bounds)
            point = Point(iteration, objective.evaluations, value, large, theta)
            tell(point)
            stop = stop.of(point)
            if reason := stop.reason(point):
                return reason
            free = free_among(slope, theta, bounds)
            while True:
                moved = np.clip(theta - _damped_step(matrix, damping, slope, free), *bounds)
                delta = moved - theta
                forecast = -(dot(slope, delta) + 0.5 * dot(delta, ordered_product(matrix, delta)))
                new = objective.linearised(moved)
                share = (value - new[0]) / forecast if math.isfinite(new[0]) and forecast > 0.0 else -1.0
                # where the objective's own rounding hides a fall, look at its slope
                fine = abs(forecast) <= 1e-11 * abs(value)
                if share > 1e-4 or (fine and largest(new[1], moved, bounds) < 0.9 * large):
                    break
                damping *= 10.0
                if fine or damping > 1e12:
                    return "no step makes the objective fall beyond its rounding"
            damping = max(damping * (0.1 if share > 0.5 else 1.0), 1e-12)
            theta, (value, slope, matrix), iteration = moved, new, iteration + 1


@dataclass(frozen=True)
class LBFGS(Method):
    """scipy's L-BFGS-B.

    Parameters
    ----------
    memory : int >= 1, default 10
        Pairs of steps and changes of the gradient that are kept.

    Raises
    ------
    InputError
        If `memory` is no integer >= 1.

    Examples
    --------
    >>> from particles import Euler
    >>> from particles.model import cases
    >>> from particles.training import LBFGS, Moment, fit
    >>> task = {"count": 1000, "until": 2.0, "start": "quantile", "ridge": 1e-2}
    >>> found = fit(cases["regression"].model, Euler(layers=10), Moment(2.0), LBFGS(), **task)
    >>> print({name: round(value, 2) for name, value in found.values.items()})
    {'weight': -1.02, 'bias': 2.18}
    >>> LBFGS(memory=0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: memory = 0 must be an integer of at least 1
    """

    memory: int = 10
    name = "lbfgs"
    reproducible = False

    def __post_init__(self) -> None:
        require_count("memory", self.memory)

    def minimise(
        self, objective: Objective, theta: Floats, bounds: Bounds, stop: Stop, tell: Callable[[Point], None]
    ) -> str:
        """See `Method`."""
        from scipy.optimize import minimize

        state: dict[str, Point] = {}
        ends = [stop]

        def at(theta: Floats) -> tuple[float, Floats]:
            value, slope = objective.at(objective.agreed(theta))
            if state and not math.isfinite(value):  # scipy's line search would go on with NaN
                raise _Ended("the objective is not finite where the next step leads: give bounds, or take lm")
            return value, slope

        def see(theta: Floats) -> None:
            value, slope = objective.at(theta)
            number = state["last"].iteration + 1 if state else 0
            state["last"] = Point(number, objective.evaluations, value, largest(slope, theta, bounds), theta.copy())
            tell(state["last"])
            ends[0] = ends[0].of(state["last"])
            if reason := ends[0].reason(state["last"]):
                raise _Ended(reason)

        try:
            see(theta)
            found = minimize(
                at, theta, jac=True, method="L-BFGS-B", bounds=list(zip(*bounds, strict=True)), callback=see,
                options={"maxcor": self.memory, "maxiter": stop.iterations, "gtol": ends[0].gradient, "ftol": 0.0},
            )  # fmt: skip
        except _Ended as ended:
            return str(ended)
        told = {1: f"{stop.iterations} iterations are done", 2: "no step along its directions makes the objective fall"}
        return told.get(found.status, "the objective falls no more")


@dataclass(frozen=True)
class Descent(Method):
    """Steps against the gradient.

    Parameters
    ----------
    rate : float > 0, default 1
        gamma, or the first that is tried.
    fixed : bool, default False
        Take gamma as it is, as the paper does (arXiv 2001.04294, 5.3); it may run through w > 0, which repels.

    Raises
    ------
    InputError
        If `rate` is no positive number.

    Notes
    -----
    ::

        theta <- theta - gamma g

    Examples
    --------
    >>> from particles import Euler
    >>> from particles.model import cases
    >>> from particles.training import Descent, Moment, Stop, fit
    >>> model, layers = cases["regression"].model, Euler(layers=50)
    >>> task = {"count": 1000, "until": 5.0, "start": "quantile", "stop": Stop(iterations=1)}
    >>> for method in (Descent(2.0, fixed=True), Descent(2.0)):  # the first goes too far
    ...     first, second = fit(model, layers, Moment(2.0), method, **task).curve
    ...     print(f"{second.theta[0]:+.2f}", second.value < first.value)
    +0.98 False
    -0.50 True
    """

    rate: float = 1.0
    fixed: bool = False
    name = "descent"

    def __post_init__(self) -> None:
        require_positive("rate", self.rate)

    def minimise(
        self, objective: Objective, theta: Floats, bounds: Bounds, stop: Stop, tell: Callable[[Point], None]
    ) -> str:
        """See `Method`."""
        iteration, rate = 0, self.rate
        value, slope = objective.at(theta)
        while True:
            point = Point(iteration, objective.evaluations, value, largest(slope, theta, bounds), theta)
            tell(point)
            stop = stop.of(point)
            if reason := stop.reason(point):
                return reason
            while True:
                moved = np.clip(theta - rate * slope, *bounds)
                new, new_slope = objective.at(moved)
                if self.fixed or new <= value - 1e-4 * dot(slope, theta - moved):
                    break
                rate *= 0.5
                if rate < 1e-15 * self.rate:
                    return "no step against the gradient makes the objective fall"
            if not math.isfinite(new):
                return EXPLODED
            theta, value, slope, iteration = moved, new, new_slope, iteration + 1
            rate = rate if self.fixed else min(2.0 * rate, self.rate)


class _Ended(Exception):
    """Ends scipy's loop where the rule says so."""


def _damped_step(matrix: Floats, damping: float, slope: Floats, free: NDArray[np.bool_]) -> Floats:
    """Levenberg and Marquardt's step among the free numbers: one held at its bound would bend the way of the others."""
    step, among = np.zeros_like(slope), np.ix_(free, free)
    step[free] = solved((matrix + damping * np.diag(np.diag(matrix)))[among], slope[free])
    return step


METHODS: dict[str, Method] = {row.name: row for row in (LM(), LBFGS(), Adam(), SGD(), Descent(), EnKI())}
"""The words of command lines, and what each stands for."""
