"""Time of a stage of the finite-volume scheme for one cell: reconstruction, flux and update, linear flux, d = 1."""

from __future__ import annotations

from functools import partial

import numpy as np

import kinetic
from benchmarks.measure import Work, named, nanoseconds
from benchmarks.peers import Cweno
from kinetic.integrate import Integrator
from kinetic.loop import CHUNK
from particles.base.arrays import Floats
from particles.model import cases, exact_law

CASE = cases["regression"]
CFL = 0.45
SCHEMES = {"CWZ": kinetic.CWENO3(weights="CWZ"), "CW": kinetic.CWENO3(weights="CW"), "linear": kinetic.Linear()}


class CellStage:
    """A stage for the mean-field equation of the case `regression`, by scheme, with ours and with NumPy.

    Both sides take the interval for periodic, which changes nothing: no mass is near its ends.
    """

    cells = 3200
    steps = {"ours": CHUNK, "numpy": 25}  # noqa: RUF012  (of three stages; CHUNK as `evolve` does them in one call)
    turns = 15
    params = (tuple(SCHEMES),)
    param_names = ("scheme",)
    smallest = {"cells": 400, "steps": {"ours": 10, "numpy": 10}, "turns": 1}  # noqa: RUF012
    timeout = 120.0

    def setup(self, scheme: str) -> None:
        """Compile, and compare each side with the exact law."""
        self.grid = kinetic.Grid(*CASE.domain, cells=self.cells)
        flux = kinetic.mean_field(CASE.model, self.grid)
        start = self.grid.averages(CASE.model.initial)
        ours = Integrator(flux, self.grid, SCHEMES[scheme], "periodic", start, np.zeros(2))
        numpy = Cweno(start, flux.data(self.grid, 0.0, None), self.grid.h, scheme)
        dt = ours.longest_step(0.0, CFL)

        def restart(state: Integrator | Cweno) -> None:
            state.averages[:] = start

        runs = {
            "ours": partial(ours.advance, 0.0, dt, self.steps["ours"], np.inf),
            "numpy": partial(numpy.advance, dt, self.steps["numpy"]),
        }
        self.works = {}
        for name, state in (("ours", ours), ("numpy", numpy)):
            work = Work(partial(restart, state), runs[name], 3.0 * self.steps[name] * self.cells)
            work.prepare()
            work.run()
            self._check(state.averages, dt * self.steps[name])
            self.works[name] = work

    def _check(self, averages: Floats, time: float) -> None:
        """Compare with the exact law at third order; the start is 0.17 away from it at 3200 cells."""
        exact = np.diff(exact_law(CASE.model, time).cdf(self.grid.faces)) / self.grid.h
        error = np.abs(averages - exact).sum() * self.grid.h
        assert error <= 1e-7 * (3200.0 / self.cells) ** 3, f"L1 error {error:.2e}: this is not the equation's solution"

    def measure(self, *names: str) -> dict[str, float]:
        """Nanoseconds a cell and stage of each side, taken in turns."""
        return nanoseconds({name: self.works[name] for name in names}, self.turns)

    @named("finite volumes: time a cell and stage", "ns")
    def track_ours(self, scheme: str) -> float:
        return self.measure("ours")["ours"]

    @named("finite volumes: time a cell and stage, NumPy", "ns")
    def track_numpy(self, scheme: str) -> float:
        return self.measure("numpy")["numpy"]

    @named("finite volumes: NumPy takes so many times as long", "times")
    def track_ratio_numpy(self, scheme: str) -> float:
        times = self.measure("ours", "numpy")
        return times["numpy"] / times["ours"]
