"""torchsde: draws by its Runge-Kutta scheme for even noise, Milstein's for noise that depends on x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

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
        """Draws and steps, of whose length the law's error is of order 2 where the noise is even."""
        return ladder_of_draws(problem, 1 if problem.multiplicative else 2)

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what moves them."""
        import torch
        import torchsde

        torch.set_num_threads(1)
        count, end, own = int(setting["count"]), problem.until, problem.multiplicative
        shape, h = (count, problem.dimension), end / int(setting["steps"])
        sigma = {"identity": lambda u: u, "relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
        of, real = sigma[problem.activation], torch.float64
        weight = torch.as_tensor(problem.weight, dtype=real).reshape(problem.dimension, problem.dimension).T
        bias = torch.as_tensor(problem.bias, dtype=real)
        even = problem.nu * torch.eye(problem.dimension, dtype=real).expand(count, -1, -1)
        kind, method, area = ("diagonal", "milstein", "none") if own else ("additive", "srk", "space-time")
        equation = SimpleNamespace(noise_type=kind, sde_type="ito")
        equation.f = lambda t, y: of(y @ weight + bias)
        equation.g = lambda t, y: problem.nu * y if own else even

        def solve(problem: Problem, seed: int) -> Result:
            x = drawn(problem, count, seed)
            path = torchsde.BrownianInterval(0.0, end, shape, real, entropy=seed, levy_area_approximation=area)
            with torch.no_grad():
                found = torchsde.sdeint(equation, torch.from_numpy(x.reshape(shape)), [0.0, end], path, method, h)
            return Samples(found[-1].numpy().reshape(x.shape))

        return solve


draws = Draws()
