"""This project's particles: the exact flow, collisions, interactions as Euler-Maruyama's steps, Milstein's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contest.aids import ladder_of_draws, on_draws
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result, Samples


@dataclass(frozen=True)
class Draws:
    """Draws of the start, moved by the scheme that fits: each costs least for its error."""

    title: str = "simresnet, particles"
    library: str = "simresnet"
    source: str = "docs/python.md of this project"
    seeded: bool = True

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return on_draws(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Four times as many, or steps of an error of its own too."""
        return ladder_of_draws(problem)

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        import particles
        from benchmarks.contest.model import model_of

        until, count = problem.until, int(setting["count"])
        dt = until / int(setting["steps"])
        scheme: Any = particles.ExactFlow()
        if problem.noise == "collisions":
            scheme = particles.Collisions(eps=problem.eps, clock="poisson")
        elif problem.noise == "brownian":
            milstein = problem.multiplicative
            scheme = particles.Milstein(dt) if milstein else particles.Collisions(eps=dt, clock="synchronous")

        def solve(problem: Problem, seed: int) -> Result:
            cloud = particles.simulate(model_of(problem), scheme, count=count, until=until, seed=seed).at(until)
            return Samples(cloud.points[0] if problem.dimension == 1 else cloud.points.T)

        return solve


draws = Draws()
