"""This project's equation: CWENO of orders 3, 5 and 7 with explicit steps, IMEX steps, Chang and Cooper's fluxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contest.contestant import Setting
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import CellAverages, Result


@dataclass(frozen=True)
class Cells:
    """One scheme, by its name among the commands' schemes."""

    title: str
    scheme: str
    library: str = "simresnet"
    source: str = "docs/python.md of this project"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        if problem.noise == "collisions":
            return "it solves the limit of small eps"
        if "no mean" in problem.features:
            return "its cells are equal, and the tail needs them up to 1e12"
        if problem.dimension == 2 and self.scheme != "explicit":
            return "on the line only"
        return "it is for noise" if self.scheme in ("chang-cooper", "imex") and problem.noise == "none" else None

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Twice as many cells a direction."""
        return [{"cells": (40 if problem.dimension == 1 else 24) * 2**k} for k in range(11)]

    def prepare(self, problem: Problem, setting: Setting) -> Callable[[int], Result]:
        """Return what solves it."""
        import kinetic
        from benchmarks.contest.model import model_of
        from kinetic.schemes import named

        model, until, cells = model_of(problem), problem.until, int(setting["cells"])
        ends = (problem.domain,) if problem.dimension == 1 else problem.domain
        sides = [kinetic.Grid(low, high, cells=cells) for low, high in ends]
        grid: Any = sides[0] if problem.dimension == 1 else kinetic.Plane(*sides)

        def solve(seed: int) -> Result:
            found = kinetic.solve(model, grid, named(self.scheme), until=until).at(until)
            if found.plane is not None:
                return CellAverages((sides[0].faces, sides[1].faces), found.plane.averages.T)
            held = zip(found.points[0].tolist(), found.masses.tolist(), strict=True)
            return CellAverages(found.faces, found.cell_masses / found.widths, tuple(held) if problem.walls else ())

        return solve


cweno3 = Cells("simresnet, CWENO3", "explicit")
cweno5 = Cells("simresnet, CWENO5", "explicit5")
cweno7 = Cells("simresnet, CWENO7", "explicit7")
imex = Cells("simresnet, CWENO3 and IMEX", "imex")
chang_cooper = Cells("simresnet, Chang-Cooper", "chang-cooper")
