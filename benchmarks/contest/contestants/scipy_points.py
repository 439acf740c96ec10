"""SciPy: points that stand for the start's law as one system, by the solver its documentation names for precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.integrate import solve_ivp

from benchmarks.contest.aids import distribution, on_points, spread
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result


@dataclass(frozen=True)
class Points:
    """DOP853."""

    title: str = "SciPy, DOP853 of points"
    library: str = "scipy"
    source: str = "https://docs.scipy.org/doc/scipy/reference/generated/scipy.integrate.solve_ivp.html"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return on_points(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Points and a tolerance."""
        return [{"count": 32 * 4**k, "tolerance": 1e-3 * 0.02**k} for k in range(9)]

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        count, size = int(setting["count"]), max(1e-13, float(setting["tolerance"]))
        end = problem.until

        def solve(problem: Problem, seed: int) -> Result:
            x, values = spread(problem, count)
            found = solve_ivp(lambda _, y: problem.drift(y), (0.0, end), x, "DOP853", (end,), rtol=size, atol=size)
            return distribution(problem, found.y[:, -1], values)

        return solve


points = Points()
