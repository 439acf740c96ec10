"""FiPy: finite volumes with exponential fluxes, in implicit midpoint steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.even import even, ladder_of_cells, with_noise
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result


@dataclass(frozen=True)
class Cells:
    """A midpoint step is an implicit one of half its length, prolonged; the first is two implicit halves, for jumps."""

    title: str = "FiPy"
    library: str = "FiPy"
    source: str = "https://pages.nist.gov/fipy/en/latest/numerical/scheme.html"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        return with_noise(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Cells, and as many steps for each as keep up."""
        return [{**one, "steps": 10 * 2**k} for k, one in enumerate(ladder_of_cells(problem, 8))]

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what solves it."""
        import fipy

        cells, steps = even(problem, int(setting["cells"])), int(setting["steps"])
        number = [len(c) for c in cells.centres]
        sizes = {f"d{x}": width for x, width in zip("xy", cells.widths, strict=False)}
        numbers = {f"n{x}": count for x, count in zip("xy", number, strict=False)}
        mesh = (fipy.Grid1D if problem.dimension == 1 else fipy.Grid2D)(**sizes, **numbers)
        mesh += [[e[0]] for e in cells.edges]
        drift = fipy.FaceVariable(mesh=mesh, rank=1, value=np.stack(cells.drift(*mesh.faceCenters.value)))
        flux = fipy.ExponentialConvectionTerm(coeff=drift) - fipy.DiffusionTerm(coeff=cells.diffusion)
        equation, solver = fipy.TransientTerm() + flux == 0.0, fipy.LinearLUSolver()
        half = 0.5 * problem.until / steps

        def solve(problem: Problem, seed: int) -> Result:
            g = fipy.CellVariable(mesh=mesh, value=cells.start(problem).T.ravel(), hasOld=True)
            for step in range(steps + 1):
                g.updateOld()
                equation.solve(var=g, dt=half, solver=solver)
                if step > 1:
                    g.setValue(2.0 * g.value - g.old.value)
            return cells.result(g.value.reshape(number[::-1]).T)

        return solve


cells = Cells()
