"""FPlanck: hops between even cells, moved by the exponential of their matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.even import even, ladder_of_cells, with_noise
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result


@dataclass(frozen=True)
class Cells:
    """Temperature, drag and force are such that k T = 1, diffusion = k T/drag, drift = force/drag."""

    title: str = "FPlanck"
    library: str = "fplanck"
    source: str = "https://github.com/johnaparker/fplanck/tree/master/examples"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return with_noise(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Cells."""
        return ladder_of_cells(problem, 7 if problem.dimension == 1 else 5)

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what builds the matrix and moves the law."""
        import fplanck
        from scipy.constants import k

        cells, count = even(problem, int(setting["cells"])), int(setting["cells"])
        middle = [0.5 * (e[0] + e[-1]) for e in cells.edges]

        def force(*places: Any) -> Any:
            found = cells.drift(*(x + m for x, m in zip(places, middle, strict=True)))
            return np.stack(found) / cells.diffusion

        stiff = bool(problem.features & {"long", "no mean"})  # then its squared matrices are cheaper than its products
        extent = [(count - 0.5) * h for h in cells.widths]  # is divided by the width and rounded up

        def solve(problem: Problem, seed: int) -> Result:
            solver = fplanck.fokker_planck(
                temperature=1.0 / k, drag=1.0 / cells.diffusion, extent=extent, resolution=cells.widths, force=force
            )
            moved = solver.propagate(lambda *places: cells.start(problem), problem.until, dense=stiff)
            return cells.result(moved / np.prod(cells.widths))

        return solve


cells = Cells()
