"""Common random numbers across eps: what a smaller eps changes, seen by the same draws at both.

Synchronous collisions with Gaussian noise at eps and at eps/2 are coupled path by path: a collision at eps takes the
sum of the two noises at eps/2. So E X^2 at eps/2 minus that at eps is seen by M pairs with an error far below the one
of independent clouds, and is compared with the difference of the exact laws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from particles import GAUSSIAN, Collisions
from particles.base.errors import InputError
from particles.base.parallel import Ranks
from particles.model import Model
from particles.multilevel.levels import BLOCK, Levels
from particles.multilevel.quantities import Moments
from validation.exact import boltzmann_law
from validation.studies.study import Z95, Check, Interval


@dataclass(frozen=True)
class CommonNumbers:
    """The change of E X^2 from eps to eps/2: by pairs with its 95 % interval, by exact laws, and what pairing saves.

    `saved` is how many times as many particles independent clouds would take for the same interval.
    """

    eps: float
    pairs: int
    seen: Interval
    exact: float
    saved: float

    @property
    def check(self) -> Check:
        """The pairs see the exact change (99.9 % level)."""
        claim = f"common random numbers see what eps = {self.eps:g} and half of it differ by in E X^2 (99.9 % level)"
        found = f"{self.seen.estimate:.3e} +- {self.seen.half_width:.1e}, exact {self.exact:.3e}"
        return Check(claim, found, self.seen.allows(self.exact))

    @property
    def remark(self) -> str:
        """What pairing saves."""
        return f"{self.pairs} pairs with common numbers do what {self.saved * self.pairs:.0e} independent ones would"


def common_numbers(model: Model, until: float, eps: float, count: int, seed: int, ranks: Ranks) -> CommonNumbers | None:
    """Pair synchronous Gaussian collisions at eps and eps/2; collective, the same on any number of ranks.

    None where K = x, which Gaussian noise leaves, where the horizon is no multiple of eps, or where the laws to compare
    with cannot be computed.
    """
    steps = round(until / eps)
    if model.diffusion.half_line or abs(steps * eps - until) > 1e-9 * until:
        return None
    try:
        coarse_law, fine_law = (
            boltzmann_law(model, Collisions(size, "synchronous", GAUSSIAN), until) for size in (eps, 0.5 * eps)
        )
    except InputError:
        return None
    levels = Levels(model, until, Moments((2,)), "euler-maruyama", coarsest=steps, seed=seed)
    with ranks.one_rank_a_node_first():
        levels.compile()
    sums = levels.sums(1, range(-(-count // BLOCK)), ranks)
    (difference,), (fine,) = sums.variance
    return CommonNumbers(
        eps=eps,
        pairs=sums.count,
        seen=Interval(float(sums.mean[0, 0]), Z95 * math.sqrt(difference / sums.count)),
        exact=fine_law.mean**2 + fine_law.variance - coarse_law.mean**2 - coarse_law.variance,
        saved=float(2.0 * fine / difference),
    )
