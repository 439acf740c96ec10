"""This project's equation in the plane: CWENO3 with explicit steps, directions together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import CellAverages, Result


@dataclass(frozen=True)
class Cells:
    """The model's own equation, as `kinetic.solve` makes it."""

    title: str = "simresnet, CWENO3 in the plane"
    library: str = "simresnet"
    source: str = "docs/python.md of this project"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return None if problem.dimension == 2 else "in the plane only"

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Twice as many cells a direction."""
        return [{"cells": 24 * 2**k} for k in range(8)]

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what solves it."""
        import kinetic
        from benchmarks.contest.model import model_of

        cells = int(setting["cells"])
        grid = kinetic.Plane(*(kinetic.Grid(low, high, cells=cells) for low, high in problem.domain))

        def solve(problem: Problem, seed: int) -> Result:
            found = kinetic.solve(model_of(problem), grid, until=problem.until)
            return CellAverages((grid.x.faces, grid.y.faces), found.averages[-1].T)

        return solve


cells = Cells()
