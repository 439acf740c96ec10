"""Time to an error: the fewest cells of a fixed ladder whose solution is within a tolerance, and the time they take.

The problem: identity, w = -1, nu^2 = 2, from N(1/2, variance 1/5) to t = 1/2 on [-9, 9]; the law stays normal.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import kinetic
from benchmarks.measure import Work, named, nanoseconds
from benchmarks.peers import fokker_planck_second_order
from kinetic.chang_cooper import ChangCooper
from kinetic.imex import Imex
from kinetic.integrate import Integrator
from kinetic.jumps import equation
from kinetic.loop import Stepper, drive
from particles.base.arrays import Floats
from particles.model import IDENTITY, Model, Normal

UNTIL = 0.5
MODEL = Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=2.0, initial=Normal(0.5, 0.2))
LAW = Normal(0.5 * math.exp(-UNTIL), 1.0 - 0.8 * math.exp(-2.0 * UNTIL))
LADDER = tuple(round(40.0 * 2.0 ** (k / 8.0)) for k in range(60))
"""Numbers of cells, nine per cent apart."""
SCHEMES = ("explicit", "imex", "chang-cooper", "numpy")
CFL = {"explicit": 0.45, "imex": 0.9, "chang-cooper": 0.45}


def _stepper(scheme: str, grid: kinetic.Grid, start: Floats) -> Stepper:
    """A fresh state of one of our schemes."""
    if scheme == "chang-cooper":
        return ChangCooper(equation(MODEL), grid, start)
    flux, diffusivity, _ = kinetic.fokker_planck(MODEL, grid)
    assert diffusivity is not None
    if scheme == "imex":
        return Imex(flux, grid, kinetic.CWENO3(), "reflecting", start, np.zeros(2), diffusivity.values)
    return Integrator(flux, grid, kinetic.CWENO3(), "reflecting", start, np.zeros(2), diffusivity=diffusivity)


def _solve(scheme: str, grid: kinetic.Grid) -> Floats:
    """Cell averages at the end."""
    start = grid.averages(Normal(0.5, 0.2))
    if scheme == "numpy":
        return fokker_planck_second_order(start, grid.faces, grid.h, UNTIL)
    state = _stepper(scheme, grid, start)
    run = drive(state, 0.0, (UNTIL,), width=grid.h, cfl=CFL[scheme], steps="equal")
    return np.asarray(run.averages[-1])


class TimeToError:
    """Seconds until the L1 error of the cell averages is at most 1e-5, by scheme.

    "numpy" is the plain second-order scheme, central differences and Heun's steps, in NumPy.
    """

    tolerance = 1e-5
    turns = 5
    params = (SCHEMES,)
    param_names = ("scheme",)
    smallest = {"tolerance": 1e-2, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self, scheme: str) -> None:
        """Find the number of cells: the first of the ladder that meets the tolerance, by bisection."""
        low, high = 0, len(LADDER) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._error(scheme, LADDER[middle]) <= self.tolerance else (middle + 1, high)
        self.cells = LADDER[low]
        error = self._error(scheme, self.cells)
        assert error <= self.tolerance, f"L1 error {error:.2e} on {self.cells} cells"
        assert low == 0 or self._error(scheme, LADDER[low - 1]) > self.tolerance

    def _error(self, scheme: str, cells: int) -> float:
        grid = kinetic.Grid(-9.0, 9.0, cells=cells)
        with np.errstate(all="ignore"):
            error = float(grid.h * np.abs(_solve(scheme, grid) - grid.averages(LAW)).sum())
        return error if math.isfinite(error) else math.inf

    def measure(self, scheme: str) -> float:
        """Shortest time of several."""
        grid = kinetic.Grid(-9.0, 9.0, cells=self.cells)
        run: Callable[[], object] = lambda: _solve(scheme, grid)  # noqa: E731
        return 1e-9 * nanoseconds({scheme: Work(lambda: None, run, 1.0)}, self.turns)[scheme]

    @named("Fokker-Planck: time to an L1 error of 1e-5", "seconds")
    def track_seconds(self, scheme: str) -> float:
        return self.measure(scheme)
