"""NumPy: points that stand for the start's law, by Runge and Kutta's classical scheme on blocks in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contest.aids import BLOCK, classical_rk4, distribution, ladder_of_points, on_points, spread
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result


@dataclass(frozen=True)
class Points:
    """Steps of order 4."""

    title: str = "NumPy, Runge-Kutta of points"
    library: str = "numpy"
    source: str = "https://numpy.org/doc/stable/user/basics.ufuncs.html"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return on_points(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Points and steps."""
        return ladder_of_points()

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        count, steps = int(setting["count"]), int(setting["steps"])

        def solve(problem: Problem, seed: int) -> Result:
            x, values = spread(problem, count)
            for k in range(0, count, BLOCK):
                part = x[k : k + BLOCK]
                for _ in range(steps):
                    part = classical_rk4(problem.drift, part, problem.until / steps)
                x[k : k + BLOCK] = part
            return distribution(problem, x, values)

        return solve


points = Points()
