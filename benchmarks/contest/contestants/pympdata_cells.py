"""PyMPDATA: its upwind steps with corrections, diffusion as a velocity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.even import even, ladder_of_cells
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result


@dataclass(frozen=True)
class Cells:
    """Corrections for a flow that diverges; steps as long as courses and diffusion together allow."""

    title: str = "PyMPDATA"
    library: str = "PyMPDATA"
    source: str = "https://open-atmos.github.io/PyMPDATA/PyMPDATA.html"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        if problem.noise == "collisions":
            return "it solves equations with derivatives"
        return "its walls don't keep what arrives" if problem.walls is not None else None

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Cells."""
        return ladder_of_cells(problem, 7)

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what solves it."""
        from PyMPDATA import Options, ScalarField, Solver, Stepper, VectorField
        from PyMPDATA.boundary_conditions import Constant

        cells = even(problem, int(setting["cells"]))
        options = Options(n_iters=3, divergent_flow=True, non_zero_mu_coeff=bool(problem.nu), nonoscillatory=True)
        stepper = Stepper(options=options, n_dims=problem.dimension, n_threads=1)
        speeds = [part / width for part, width in zip(cells.through_faces(), cells.widths, strict=True)]
        rates = [cells.diffusion / width**2 for width in cells.widths]
        fastest = sum(abs(v).max() for v in speeds) + 2.0 * sum(rates)
        steps = int(np.ceil(2.0 * problem.until * fastest))
        dt, walls = problem.until / steps, tuple(Constant(0.0) for _ in speeds)
        diffusion = tuple(dt * rate for rate in rates) if problem.nu else None

        def solve(problem: Problem, seed: int) -> Result:
            moved = VectorField(tuple(dt * v for v in speeds), options.n_halo, walls)
            solver = Solver(stepper, ScalarField(cells.start(problem), options.n_halo, walls), moved)
            solver.advance(steps, mu_coeff=diffusion)
            return cells.result(solver.advectee.get())

        return solve


cells = Cells()
