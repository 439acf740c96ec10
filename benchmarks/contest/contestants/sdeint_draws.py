"""sdeint: draws by Euler and Maruyama's steps, a few dozen as one system: its noise is a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.contest.aids import Floats, drawn, ladder_of_draws
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result, Samples

BLOCK = 64  # unknowns of a system: fewer ask for more calls, more for larger matrices


@dataclass(frozen=True)
class Draws:
    """Independent draws of the start, moved."""

    title: str = "sdeint"
    library: str = "sdeint"
    source: str = "https://github.com/mattja/sdeint/blob/master/README.rst"
    seeded: bool = True

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return None if problem.noise == "brownian" else "for stochastic equations with a Brownian motion"

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Draws and steps."""
        return ladder_of_draws(problem)[:8]

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        import sdeint

        count, block = int(setting["count"]), BLOCK // problem.dimension
        shape = (-1,) if problem.dimension == 1 else (-1, 2)
        times = np.linspace(0.0, problem.until, int(setting["steps"]) + 1)

        def drift(x: Floats, t: float) -> Floats:
            return problem.drift(x.reshape(shape)).ravel()

        def noise(x: Floats, t: float) -> Floats:
            return np.diag(problem.deviation(x))

        def solve(problem: Problem, seed: int) -> Result:
            x, generator = drawn(problem, count, seed), np.random.default_rng([seed, 1])
            for k in range(0, count, block):
                part = sdeint.itoEuler(drift, noise, x[k : k + block].ravel(), times, generator=generator)
                x[k : k + block] = part[-1].reshape(shape)
            return Samples(x)

        return solve


draws = Draws()
