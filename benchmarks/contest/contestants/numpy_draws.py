"""NumPy: draws by Euler and Maruyama's steps or their collisions, on blocks in the cache, by its fastest generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.contest.aids import BLOCK, Floats, classical_rk4, drawn, ladder_of_draws, on_draws, pushed
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result, Samples


@dataclass(frozen=True)
class Draws:
    """Independent draws of the start, moved."""

    title: str = "NumPy, particles"
    library: str = "numpy"
    source: str = "https://numpy.org/doc/stable/reference/random/performance.html"
    seeded: bool = True

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return on_draws(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Draws and steps."""
        return ladder_of_draws(problem)

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        count, steps = int(setting["count"]), int(setting["steps"])
        h, still = problem.until / steps, problem.noise == "none"

        def moved(x: Floats, generator: np.random.Generator) -> Floats:
            for _ in range(steps):
                x = classical_rk4(problem.drift, x, h) if still else pushed(problem, x, h, generator)
            return x

        def collided(x: Floats, generator: np.random.Generator) -> Floats:
            number = -np.sort(-generator.poisson(problem.until / problem.eps, x.size))  # particles are alike
            for done in range(int(number[0])):
                more = np.searchsorted(-number, -done)  # those with more than `done`
                x[:more] = pushed(problem, x[:more], problem.eps, generator)
            return x

        def solve(problem: Problem, seed: int) -> Result:
            x, generator = drawn(problem, count, seed), np.random.Generator(np.random.SFC64([seed, 1]))
            for k in range(0, count, BLOCK):
                x[k : k + BLOCK] = (collided if problem.eps else moved)(x[k : k + BLOCK], generator)
            return Samples(x)

        return solve


draws = Draws()
