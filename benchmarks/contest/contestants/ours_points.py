"""This project's exact flow, of points that stand for the start's law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contest.aids import distribution, on_points, spread
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result


@dataclass(frozen=True)
class Points:
    """The flow has no error; what is between the points is the judge's."""

    title: str = "simresnet, exact flow of points"
    library: str = "simresnet"
    source: str = "docs/python.md of this project"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return on_points(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Four times as many points."""
        return [{"count": 32 * 4**k} for k in range(11)]

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        import particles
        from benchmarks.contest.model import model_of

        model, count = model_of(problem), int(setting["count"])

        def solve(problem: Problem, seed: int) -> Result:
            points, values = spread(problem, count)
            moved = particles.carry(model, particles.ExactFlow(), points, problem.until)
            return distribution(problem, moved.ravel(), values)

        return solve


points = Points()
