"""JAX: points that stand for the start's law, in a compiled loop over steps, in double precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contest.aids import classical_rk4, distribution, ladder_of_points, on_points, spread
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result


def drift_of(problem: Problem) -> Callable[[Any], Any]:
    """Return sigma(w x + b) of JAX's arrays, in double precision from here on."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    sigma = {"identity": lambda u: u, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh}
    w, b, of = jnp.asarray(problem.weight), jnp.asarray(problem.bias), sigma[problem.activation]
    return lambda x: of((w * x if problem.dimension == 1 else x @ w.T) + b)


@dataclass(frozen=True)
class Points:
    """Runge and Kutta's classical scheme."""

    title: str = "JAX, Runge-Kutta of points"
    library: str = "jax"
    source: str = "https://docs.jax.dev/en/latest/_autosummary/jax.lax.fori_loop.html"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return on_points(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Points and steps."""
        return ladder_of_points()

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        import jax

        f, count, steps = drift_of(problem), int(setting["count"]), int(setting["steps"])
        h = problem.until / steps
        run = jax.jit(lambda x: jax.lax.fori_loop(0, steps, lambda _, x: classical_rk4(f, x, h), x))

        def solve(problem: Problem, seed: int) -> Result:
            x, values = spread(problem, count)
            return distribution(problem, run(x), values)

        return solve


points = Points()
