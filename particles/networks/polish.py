"""Down to a minimum after the trainer: scipy's L-BFGS-B on the objective of all samples at once.

On every rank alike, with sums of blocks in their order; scipy's own arithmetic is that of one kind of CPU.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from particles.base.arrays import Floats
from particles.base.parallel import Ranks
from particles.base.sums import ordered_sum
from particles.networks.learner import Learner

_FREE = -1e300
_WALL = 1e3
"""Above the start: what a step to numbers that explode is said to have."""


class Polished(NamedTuple):
    """The numbers, the objective there, and how many iterations and evaluations it took."""

    theta: Floats
    objective: float
    iterations: int
    evaluations: int


def polish(learner: Learner, theta: Floats, iterations: int, ranks: Ranks, block: int) -> Polished:
    """Minimise mean loss and penalty of all samples from theta on, `block` samples at a time. Collective.

    Lower bounds are where the learner's projection takes numbers that are far too low.
    """
    from scipy.optimize import minimize

    blocks = -(-learner.count // block)
    own = range(blocks * ranks.rank // ranks.size, blocks * (ranks.rank + 1) // ranks.size)

    def objective(numbers: Floats) -> tuple[float, Floats]:
        rows = np.zeros((len(own), numbers.size + 1))
        for row, number in zip(rows, own, strict=True):
            part = np.arange(number * block, min((number + 1) * block, learner.count))
            row[-1], _, row[:-1] = learner.gradient(numbers, part)
        total = ordered_sum(rows, ranks) / learner.count
        value, slope = learner.penalty(numbers)
        return float(total[-1]) + value, total[:-1] + slope

    first = objective(theta)[0]

    def bounded(numbers: Floats) -> tuple[float, Floats]:
        with np.errstate(all="ignore"):
            value, slope = objective(numbers)
        if np.isfinite(value) and np.isfinite(slope).all():
            return value, slope
        return first + _WALL, np.zeros(numbers.size)

    low = learner.project(np.full(theta.size, _FREE))
    bounds = [(None if end == _FREE else float(end), None) for end in low]
    options = {"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 20, "ftol": 1e-13, "gtol": 1e-8}
    found = minimize(bounded, theta, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return Polished(np.asarray(found.x), float(found.fun), int(found.nit), int(found.nfev))
