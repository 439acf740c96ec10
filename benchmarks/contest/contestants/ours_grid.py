"""This project's equation: CWENO of orders 3, 5 and 7 with explicit steps, IMEX steps, Chang and Cooper's fluxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.even import even
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result


@dataclass(frozen=True)
class Cells:
    """One scheme, by its name among the commands' schemes, on even cells of x, or of ln x where noise grows with x."""

    title: str
    scheme: str
    library: str = "simresnet"
    source: str = "docs/python.md of this project"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        if problem.noise == "collisions" or problem.dimension == 2:
            return "it solves the limit of small eps, on the line"
        return "it is for noise" if self.scheme in ("chang-cooper", "imex") and problem.noise == "none" else None

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Twice as many cells."""
        return [{"cells": 40 * 2**k} for k in range(11)]

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what solves it."""
        import kinetic
        from kinetic.schemes import named

        cells = even(problem, int(setting["cells"]))
        faces = cells.edges[0]
        grid, flux = kinetic.Grid(faces[0], faces[-1], cells=len(faces) - 1), kinetic.LinearFlux(*cells.drift(faces))
        whole = kinetic.FokkerPlanck(
            lambda y, t, mean: cells.drift(y)[0], lambda y: 0.0 * y + cells.diffusion, lambda y: 0.0 * y, steady=True
        )
        ends: Any = ("reflecting", kinetic.Diffusivity(cells.diffusion)) if problem.nu else ("wall", None)
        equation = kinetic.Problem(flux, *ends, equation=whole)

        def solve(problem: Problem, seed: int) -> Result:
            found = kinetic.evolve(equation, cells.start(problem), grid, named(self.scheme), until=problem.until)
            return cells.result(found.averages[-1], found.atoms[-1])

        return solve


cweno3 = Cells("simresnet, CWENO3", "explicit")
cweno5 = Cells("simresnet, CWENO5", "explicit5")
cweno7 = Cells("simresnet, CWENO7", "explicit7")
imex = Cells("simresnet, CWENO3 and IMEX", "imex")
chang_cooper = Cells("simresnet, Chang-Cooper", "chang-cooper")
