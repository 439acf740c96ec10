"""py-pde: central differences that numba compiles, in steps of Runge and Kutta that its error control sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.even import even, ladder_of_cells, on_cells
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result


@dataclass(frozen=True)
class Cells:
    """The equation as an expression; its fields hold the drift."""

    title: str = "py-pde"
    library: str = "py-pde"
    source: str = "https://py-pde.readthedocs.io/en/latest/manual/advanced_usage.html"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        if "no mean" in problem.features:
            return "its mass is off by a thousandth there: it differentiates products, and the tail is long"
        return on_cells(problem)

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Cells; steps of an explicit scheme are as short as their width squared."""
        return ladder_of_cells(problem, 6)

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what solves it."""
        import numpy as np
        import pde

        cells = even(problem, int(setting["cells"]))
        grid = pde.CartesianGrid([(e[0], e[-1]) for e in cells.edges], [len(c) for c in cells.centres])
        drifts = cells.drift(*np.meshgrid(*cells.centres, indexing="ij"))
        consts = {f"a_{axis}": pde.ScalarField(grid, drift) for axis, drift in zip("xy", drifts, strict=False)}
        moved = "".join(f" - d_d{name[-1]}({name} * g)" for name in consts)
        rate = f"{cells.diffusion!r} * laplace(g){moved}" if problem.nu else moved
        equation = pde.PDE({"g": rate}, bc={"value": 0.0}, consts=consts)
        size = min(cells.widths) ** 2
        solver = pde.RungeKuttaSolver(equation, backend="numba", adaptive=True, tolerance=1e-3 * size)
        step = solver.make_stepper(pde.ScalarField(grid, cells.start(problem)), dt=0.1 * size)  # compiles

        def solve(problem: Problem, seed: int) -> Result:
            g = pde.ScalarField(grid, cells.start(problem))
            step(g, 0.0, problem.until)
            return cells.result(g.data)

        return solve


cells = Cells()
