"""torchsde: draws by its Runge-Kutta scheme for even noise, Milstein's for noise that depends on x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contest.aids import drawn, ladder_of_draws
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result, Samples


@dataclass(frozen=True)
class Draws:
    """All particles in one tensor in double precision, in fixed steps, without gradients."""

    title: str = "torchsde"
    library: str = "torchsde"
    source: str = "https://github.com/google-research/torchsde/blob/master/DOCUMENTATION.md"
    seeded: bool = True

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return None if problem.noise == "brownian" else "for stochastic equations with a Brownian motion"

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Draws and steps: where noise is even, the law's error is of order 2, and its half asks 4 times, 2^(1/2)."""
        if problem.multiplicative:
            return ladder_of_draws(problem)
        return [{"count": int(250 * 4 ** (0.8 * k)), "steps": int(2 * 4 ** (0.2 * k))} for k in range(11)]

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        import torch
        import torchsde

        torch.set_num_threads(1)
        count, end, own = int(setting["count"]), problem.until, problem.multiplicative
        shape = (count, problem.dimension)
        sigma = {"identity": lambda u: u, "relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
        of, real = sigma[problem.activation], torch.float64
        weight = torch.as_tensor(problem.weight, dtype=real).reshape(problem.dimension, problem.dimension).T
        bias = torch.as_tensor(problem.bias, dtype=real)
        even = problem.nu * torch.eye(problem.dimension, dtype=real).expand(count, -1, -1)

        class Equation:
            noise_type, sde_type = "diagonal" if own else "additive", "ito"

            def f(self, t: Any, y: Any) -> Any:
                return of(y @ weight + bias)

            def g(self, t: Any, y: Any) -> Any:
                return problem.nu * y if own else even

        def solve(problem: Problem, seed: int) -> Result:
            y, method = torch.from_numpy(drawn(problem, count, seed).reshape(shape)), "milstein" if own else "srk"
            area = "none" if own else "space-time"
            path = torchsde.BrownianInterval(0.0, end, shape, real, entropy=seed, levy_area_approximation=area)
            with torch.no_grad():
                found = torchsde.sdeint(Equation(), y, [0.0, end], path, method, end / int(setting["steps"]))
            return Samples(found[-1].numpy().squeeze(-1) if problem.dimension == 1 else found[-1].numpy())

        return solve


draws = Draws()
