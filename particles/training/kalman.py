"""Ensemble Kalman inversion (Iglesias, Law and Stuart, Inverse Problems 29, 2013): forward runs, no gradients.

    theta_j <- theta_j + C^{theta G} (C^{GG} + Gamma)^{-1} (y - G(theta_j)),   j = 1, ..., J

with covariances over the ensemble, G(theta) where all particles end, y their targets, and nothing drawn but the first
ensemble. With deviations A = theta - mean, (J, n), and B = G - mean, (J, M d), of rank J at most,

    C^{theta G} (C^{GG} + Gamma)^{-1} r = A^T K^{-1} B r/J,   K = B B^T/J + Gamma,

so that only products of the ensemble's outputs are summed over the particles. A ridge, and what else is quadratic in
theta, counts as outputs with the target 0.

The ensemble stays in the space that its first draw spans, and shrinks with every step: the objective stops falling.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from particles.base.arrays import Floats, ordered_product
from particles.base.checks import require_count, require_positive
from particles.base.errors import InputError
from particles.base.memory import require_memory
from particles.model import Normal
from particles.networks.trainer import SHUFFLE
from particles.philox import start_uniforms
from particles.training.method import Bounds, Method, Point, Stop
from particles.training.objective import Objective, factored, substituted

if TYPE_CHECKING:
    from particles.training.task import Task

_PATIENCE, _LEAST = 10, 0.1
"""Iterations in which the objective must fall by this share."""


@dataclass(frozen=True)
class EnKI(Method):
    """Ensemble Kalman inversion, for squared losses.

    Parameters
    ----------
    members : int >= 2, default 10
        Their number J.
    variance : float > 0, default 0.01
        Gamma, of a number among the targets.
    spread : float > 0, default 0.3
        Standard deviation of the first ensemble about the start, which are normal numbers of the run's seed.

    Raises
    ------
    InputError
        If one of them is not of its type or out of its range.

    Notes
    -----
    ::

        theta_j <- theta_j + C^{theta G} (C^{GG} + Gamma)^{-1} (y - G(theta_j)),   j = 1, ..., J

    with covariances over the ensemble (Iglesias, Law and Stuart 2013), G(theta) where the particles end, y the targets.

    Examples
    --------
    >>> from particles import Euler
    >>> from particles.model import cases
    >>> from particles.training import EnKI, Moment, Stop, fit
    >>> task = {"count": 1000, "until": 2.0, "start": "quantile", "ridge": 1e-2}
    >>> task["stop"] = Stop(iterations=5)
    >>> found = fit(cases["regression"].model, Euler(layers=10), Moment(2.0), EnKI(), **task)
    >>> found.curve[-1].value < 0.2 * found.curve[0].value
    True
    >>> EnKI(members=1)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: members = 1 must be an integer of at least 2
    """

    members: int = 10
    variance: float = 0.01
    spread: float = 0.3
    name = "enki"

    def __post_init__(self) -> None:
        require_count("members", self.members, least=2)
        require_positive("variance", self.variance)
        require_positive("spread", self.spread)

    def require(self, task: Task) -> None:
        """The loss must be one of targets."""
        if not task.loss.squared:
            name = task.loss.name
            raise InputError(f"method = 'enki' with loss {name!r}: allowed are moment and supervised; else use lbfgs")
        needed = 8.0 * self.members * (2.0 * task.model.size * task.run.count + self.members)
        require_memory(f"method = 'enki' of {self.members} members", needed)

    def minimise(
        self, objective: Objective, theta: Floats, bounds: Bounds, stop: Stop, tell: Callable[[Point], None]
    ) -> str:
        """See `Method`; an iterate is the ensemble's mean."""
        ensemble = np.clip(theta + self.spread * self._draws(theta.size, objective.sweep.run.seed), *bounds)
        best, best_at, iteration, first = math.inf, 0, 0, 0.0
        while True:
            mean, value, products = objective.of_ensemble(ensemble)
            if iteration and not (math.isfinite(value) and np.isfinite(products).all()):
                return "the objective of a member of the ensemble is not finite: give bounds, or a smaller spread"
            point = Point(iteration, objective.evaluations, value, None, mean)
            tell(point)
            if reason := stop.reason(point):
                return reason
            width = math.sqrt(math.fsum(np.diag(products)[:-1].tolist()))
            first = first or width
            if value < (1.0 - _LEAST) * best:
                best, best_at = value, iteration
            elif iteration >= best_at + _PATIENCE:
                share = f"its outputs have a share {width / first:.2g} of the spread they had"
                return f"the ensemble has collapsed: {share}, and the objective hardly falls any more"
            ensemble = np.clip(ensemble + self._step(ensemble - mean, products), *bounds)
            iteration += 1

    def _draws(self, n: int, seed: int) -> Floats:
        """Standard normal numbers, shape (J, n)."""
        columns = [start_uniforms(0, self.members, component=k, seed=seed, purpose=SHUFFLE) for k in range(n)]
        return np.stack([Normal(0.0, 1.0).quantile(column) for column in columns], axis=1)

    def _step(self, deviations: Floats, products: Floats) -> Floats:
        """How every member moves, shape (J, n), from the products of B and of what the mean output lacks."""
        many = self.members
        inner, lacking = products[:many, :many], products[:many, many]
        factor = factored(inner / many + self.variance * np.eye(many))
        solution = np.stack([substituted(factor, column) for column in deviations.T])
        step: Floats = ordered_product(solution, lacking[:, None] - inner).T / many
        return step
