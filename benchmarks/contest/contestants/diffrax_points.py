"""diffrax: points that stand for the start's law as one system, in steps that its controller sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contest.aids import distribution, on_points, spread
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.contestants.jax_points import drift_of
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result


@dataclass(frozen=True)
class Points:
    """Tsit5 for loose tolerances, Dopri8 for tight ones, steps by a PID controller."""

    title: str = "diffrax, Tsit5 and Dopri8 of points"
    library: str = "diffrax"
    source: str = "https://docs.kidger.site/diffrax/usage/how-to-choose-a-solver/"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return on_points(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Points and a tolerance."""
        return [{"count": 32 * 4**k, "tolerance": 1e-3 * 0.02**k} for k in range(9)]

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        f, count, size = drift_of(problem), int(setting["count"]), max(1e-13, float(setting["tolerance"]))
        import diffrax
        import jax

        solver = diffrax.Dopri8() if size < 1e-6 else diffrax.Tsit5()
        control = diffrax.PIDController(rtol=size, atol=size)

        @jax.jit
        def run(x: Any) -> Any:
            term = diffrax.ODETerm(lambda t, x, args: f(x))
            end = problem.until
            found = diffrax.diffeqsolve(term, solver, 0.0, end, None, x, stepsize_controller=control, max_steps=None)
            return found.ys[-1]

        def solve(problem: Problem, seed: int) -> Result:
            x, values = spread(problem, count)
            return distribution(problem, run(x), values)

        return solve


points = Points()
