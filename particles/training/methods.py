"""How an objective is minimised: values with their numbers, each a loop of a page.

==========  ==========================================================================================================
method      step
==========  ==========================================================================================================
`LM`        (H + lam diag H) delta = -g, H Gauss and Newton's matrix; lam by the share of the forecast fall that comes
`LBFGS`     scipy's L-BFGS-B
`Adam`      m/(sqrt(v) + 1e-8), moving means of g and of g^2
`Descent`   -gamma g; gamma found by halving until the objective falls as it must (Armijo), or fixed as in the paper
==========  ==========================================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats, ordered_product
from particles.base.checks import require_count, require_positive
from particles.training.objective import Objective, dot, solved

Bounds = tuple[Floats, Floats]


class Point(NamedTuple):
    """An iterate: its number, the evaluations so far, value, largest component of the gradient, and the numbers."""

    iteration: int
    evaluations: int
    value: float
    slope: float
    theta: Floats


class Stop(NamedTuple):
    """When to end: by the largest component of the gradient, by the value, by the number of iterations."""

    gradient: float = 1e-10
    value: float = -math.inf
    iterations: int = 1000

    def reason(self, point: Point) -> str:
        """Why to end here, in words; "" to go on."""
        if point.value <= self.value:
            return f"the objective is at most {self.value:g}"
        if point.slope <= self.gradient:
            return f"no derivative is above {self.gradient:g}"
        return f"{self.iterations} iterations are done" if point.iteration >= self.iterations else ""


STOP = Stop()


class Method(Protocol):
    """What is asked of a method."""

    name: ClassVar[str]
    reproducible: ClassVar[bool] = True
    """Whether its steps have the same bytes on any CPU."""

    def minimise(
        self, objective: Objective, theta: Floats, bounds: Bounds, stop: Stop, tell: Callable[[Point], None]
    ) -> str:
        """Start from theta, shape (n,), tell of every iterate from the first on, and return why it ended."""


@dataclass(frozen=True)
class LM(Method):
    """Levenberg and Marquardt's method, for squared losses and few numbers.

    Parameters
    ----------
    damping : float > 0, default 1e-3
        lam at the start.
    """

    damping: float = 1e-3
    name = "lm"

    def __post_init__(self) -> None:
        require_positive("damping", self.damping)

    def minimise(
        self, objective: Objective, theta: Floats, bounds: Bounds, stop: Stop, tell: Callable[[Point], None]
    ) -> str:
        """See `Method`."""
        damping, iteration = self.damping, 0
        value, slope, matrix = objective.linearised(theta)
        while True:
            point = Point(iteration, objective.evaluations, value, _largest(slope, theta, bounds), theta)
            tell(point)
            if reason := stop.reason(point):
                return reason
            free = _free(slope, theta, bounds)
            while True:
                moved = np.clip(theta - _damped_step(matrix, damping, slope, free), *bounds)
                delta = moved - theta
                forecast = -(dot(slope, delta) + 0.5 * dot(delta, ordered_product(matrix, delta)))
                new = objective.linearised(moved)
                share = (value - new[0]) / forecast if math.isfinite(new[0]) and forecast > 0.0 else -1.0
                # where the objective's own rounding hides a fall, look at its slope
                fine = abs(forecast) <= 1e-11 * abs(value)
                if share > 1e-4 or (fine and _largest(new[1], moved, bounds) < 0.9 * point.slope):
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

        def at(theta: Floats) -> tuple[float, Floats]:
            value, slope = objective.at(theta)
            if state and not math.isfinite(value):  # scipy's line search would go on with NaN
                raise _Ended("the objective is not finite where the next step leads: give bounds, or take lm")
            return value, slope

        def see(theta: Floats) -> None:
            value, slope = objective.at(theta)
            number = state["last"].iteration + 1 if state else 0
            state["last"] = Point(number, objective.evaluations, value, _largest(slope, theta, bounds), theta.copy())
            tell(state["last"])
            if reason := stop.reason(state["last"]):
                raise _Ended(reason)

        try:
            see(theta)
            found = minimize(
                at, theta, jac=True, method="L-BFGS-B", bounds=list(zip(*bounds, strict=True)), callback=see,
                options={"maxcor": self.memory, "maxiter": stop.iterations, "gtol": stop.gradient, "ftol": 0.0},
            )  # fmt: skip
        except _Ended as ended:
            return str(ended)
        told = {1: f"{stop.iterations} iterations are done", 2: "no step along its directions makes the objective fall"}
        return told.get(found.status, "the objective falls no more")


@dataclass(frozen=True)
class Adam(Method):
    """Adam (Kingma and Ba, 2015).

    Parameters
    ----------
    rate : float > 0, default 0.1
    """

    rate: float = 0.1
    name = "adam"

    def __post_init__(self) -> None:
        require_positive("rate", self.rate)

    def minimise(
        self, objective: Objective, theta: Floats, bounds: Bounds, stop: Stop, tell: Callable[[Point], None]
    ) -> str:
        """See `Method`."""
        first, second, iteration = np.zeros_like(theta), np.zeros_like(theta), 0
        while True:
            value, slope = objective.at(theta)
            if iteration and not math.isfinite(value):
                return _EXPLODED
            point = Point(iteration, objective.evaluations, value, _largest(slope, theta, bounds), theta)
            tell(point)
            if reason := stop.reason(point):
                return reason
            iteration += 1
            first = 0.9 * first + 0.1 * slope
            second = 0.999 * second + 0.001 * slope * slope
            share = first / (1.0 - 0.9**iteration), np.sqrt(second / (1.0 - 0.999**iteration))
            theta = np.clip(theta - self.rate * share[0] / (share[1] + 1e-8), *bounds)


@dataclass(frozen=True)
class Descent(Method):
    """Steps against the gradient.

    Parameters
    ----------
    rate : float > 0, default 1
        gamma, or the first that is tried.
    fixed : bool, default False
        Take gamma as it is, as the paper does (arXiv 2001.04294, 5.3); it may run through w > 0, which repels.
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
            point = Point(iteration, objective.evaluations, value, _largest(slope, theta, bounds), theta)
            tell(point)
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
                return _EXPLODED
            theta, value, slope, iteration = moved, new, new_slope, iteration + 1
            rate = rate if self.fixed else min(2.0 * rate, self.rate)


_EXPLODED = "the objective is no longer finite: the rate is too high"


class _Ended(Exception):
    """Ends scipy's loop where the rule says so."""


def _damped_step(matrix: Floats, damping: float, slope: Floats, free: NDArray[np.bool_]) -> Floats:
    """Levenberg and Marquardt's step among the free numbers: one held at its bound would bend the way of the others."""
    step, among = np.zeros_like(slope), np.ix_(free, free)
    step[free] = solved((matrix + damping * np.diag(np.diag(matrix)))[among], slope[free])
    return step


def _free(slope: Floats, theta: Floats, bounds: Bounds) -> NDArray[np.bool_]:
    """Which numbers can follow -slope: those that it does not push out of their bounds."""
    low, high = bounds
    return ~(((theta <= low) & (slope > 0.0)) | ((theta >= high) & (slope < 0.0)))


def _largest(slope: Floats, theta: Floats, bounds: Bounds) -> float:
    """Largest component of the gradient that does not point out of the bounds."""
    free = _free(slope, theta, bounds)
    return float(np.abs(slope[free]).max()) if free.any() else 0.0


METHODS: dict[str, Method] = {row.name: row for row in (LM(), LBFGS(), Adam(), Descent())}
"""The words of command lines, and what each stands for."""
