"""diffrax: draws by its Euler, or Ito-Milstein where the noise depends on x, in fixed steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.contest.aids import drawn, ladder_of_draws
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.contestants.jax_points import drift_of
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Samples


@dataclass(frozen=True)
class Draws:
    """All particles as one vector, a noise of its own for each; the path that fixed steps allow."""

    title: str = "diffrax, particles"
    library: str = "diffrax"
    source: str = "https://docs.kidger.site/diffrax/usage/how-to-choose-a-solver/"
    seeded: bool = True

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return "here for stochastic equations" if problem.noise != "brownian" else None

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Draws and steps."""
        return ladder_of_draws(problem)

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        f, count = drift_of(problem), int(setting["count"])
        import diffrax
        import jax
        import jax.numpy as jnp
        import lineax

        def noise(t: Any, x: Any, args: Any) -> Any:
            return lineax.DiagonalLinearOperator(problem.nu * (x if problem.multiplicative else jnp.ones_like(x)))

        @jax.jit
        def run(x: Any, key: Any) -> Any:
            path = diffrax.UnsafeBrownianPath(x.shape, key)
            terms = diffrax.MultiTerm(diffrax.ODETerm(lambda t, x, args: f(x)), diffrax.ControlTerm(noise, path))
            solver = diffrax.ItoMilstein() if problem.multiplicative else diffrax.Euler()
            h, adjoint = problem.until / int(setting["steps"]), diffrax.ForwardMode()
            return diffrax.diffeqsolve(terms, solver, 0.0, problem.until, h, x, adjoint=adjoint, max_steps=None).ys[-1]

        return lambda problem, seed: Samples(np.asarray(run(drawn(problem, count, seed), jax.random.key(seed))))


draws = Draws()
