"""JAX: draws by Euler and Maruyama's steps in a compiled loop, its numbers by key and step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.contest.aids import classical_rk4, drawn, ladder_of_draws, on_draws
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.contestants.jax_points import drift_of
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Samples


@dataclass(frozen=True)
class Draws:
    """Independent draws of the start, moved."""

    title: str = "JAX, particles"
    library: str = "jax"
    source: str = "https://docs.jax.dev/en/latest/random-numbers.html"
    seeded: bool = True

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return "numbers of collisions differ, its arrays have one shape" if problem.eps else on_draws(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Draws and steps."""
        return ladder_of_draws(problem)

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        import jax

        f, count, steps = drift_of(problem), int(setting["count"]), int(setting["steps"])
        h = problem.until / steps

        @jax.jit
        def run(x: Any, key: Any) -> Any:
            def step(k: Any, x: Any) -> Any:
                if problem.noise == "none":
                    return classical_rk4(f, x, h)
                noise = problem.nu * h**0.5 * jax.random.normal(jax.random.fold_in(key, k), x.shape, x.dtype)
                return x + h * f(x) + (x * noise if problem.multiplicative else noise)

            return jax.lax.fori_loop(0, steps, step, x)

        return lambda problem, seed: Samples(np.asarray(run(drawn(problem, count, seed), jax.random.key(seed))))


draws = Draws()
