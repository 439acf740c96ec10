"""SciPy: the method of lines on finite volumes, by LSODA with its banded Jacobian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.contest.aids import Floats, averages
from benchmarks.contest.contestant import Setting, Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import CellAverages, Result


@dataclass(frozen=True)
class Lines:
    """Fluxes of second order: means of both sides, differences of K^2 g; none at the ends."""

    title: str = "SciPy, method of lines"
    library: str = "scipy"
    source: str = "https://docs.scipy.org/doc/scipy/reference/generated/scipy.integrate.LSODA.html"
    seeded: bool = False

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't."""
        able = problem.noise == "brownian" and problem.dimension == 1 and "no mean" not in problem.features
        return None if able else "central differences in equal cells are for smooth densities on the line"

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Twice as many cells, and a tolerance that keeps up."""
        return [{"cells": 50 * 2**k, "tolerance": 1e-3 * 0.25**k} for k in range(9)]

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what solves it."""
        cells, size, end = int(setting["cells"]), float(setting["tolerance"]), problem.until
        edges = np.linspace(*problem.domain, cells + 1)
        h, drift = edges[1] - edges[0], problem.drift(edges[1:-1])
        half = 0.5 * problem.deviation(0.5 * (edges[1:] + edges[:-1])) ** 2
        control = {"rtol": size, "atol": 1e-3 * size, "lband": 1, "uband": 1}

        def rate(_: float, g: Floats) -> Floats:
            flux = np.zeros(cells + 1)
            flux[1:-1] = 0.5 * drift * (g[1:] + g[:-1]) - np.diff(half * g) / h
            return np.asarray(-np.diff(flux) / h)

        def solve(problem: Problem, seed: int) -> Result:
            found = solve_ivp(rate, (0.0, end), averages(problem, edges), "LSODA", (end,), **control)
            return CellAverages(edges, found.y[:, -1])

        return solve


lines = Lines()
