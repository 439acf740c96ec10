"""Speed at a fixed error, and error at a fixed cost: what is faster and less accurate shows here.

`TimeToError` solves a Fokker-Planck equation: identity, w = -1, nu^2 = 2, from N(1/2, variance 1/5) to t = 1/2 on
[-9, 9]; the law stays normal. The others carry the case `regression` to t = 2, where its exact law is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import kinetic
import particles
import validation
from benchmarks.measure import Work, named, nanoseconds
from benchmarks.peers import HAS_PYPDE, fokker_planck_pypde, fokker_planck_second_order
from benchmarks.solved import solved
from particles.base.arrays import Floats
from particles.model import IDENTITY, Measure, Model, Normal, cases, exact_law

UNTIL = 0.5
START = Normal(0.5, 0.2)
LAW = Normal(0.5 * math.exp(-UNTIL), 1.0 - 0.8 * math.exp(-2.0 * UNTIL))
LADDER = tuple(round(40.0 * 2.0 ** (k / 8.0)) for k in range(60))
"""Numbers of cells, nine per cent apart."""
SCHEMES = ("explicit", "imex", "chang-cooper", "numpy", "py-pde")
CFL = {"explicit": 0.45, "imex": 0.9, "chang-cooper": 0.45}


def _solve(scheme: str, grid: kinetic.Grid) -> Floats:
    """Cell averages at the end."""
    if scheme in CFL:
        return solved(NOISY, grid, scheme, until=UNTIL, cfl=CFL[scheme]).averages[-1]
    start = grid.averages(START)
    if scheme == "numpy":
        return fokker_planck_second_order(start, grid.faces, grid.h, UNTIL)
    return fokker_planck_pypde(start, grid.lo, grid.hi, UNTIL)


class TimeToError:
    """Seconds until the L1 error of the cell averages is at most 1e-5, by scheme.

    "numpy" is the plain second-order scheme, central differences and Heun's steps, in NumPy; "py-pde" is that package
    with its compiled Runge-Kutta steps, where it is installed.
    """

    tolerance = 1e-5
    turns = 5
    params = (SCHEMES,)
    param_names = ("scheme",)
    smallest = {"tolerance": 1e-2, "turns": 1}  # noqa: RUF012
    timeout = 600.0

    def setup(self, scheme: str) -> None:
        """Find the number of cells: the first of the ladder that meets the tolerance, by bisection."""
        if scheme == "py-pde" and not HAS_PYPDE:
            raise NotImplementedError("py-pde is not installed")
        low, high = 0, len(LADDER) - 1
        if scheme == "py-pde":  # compiles for half a minute a grid; as NumPy's, its error is of second order
            near = self._first("numpy", low, high)
            low, high = max(near - 4, 0), min(near + 4, high)
        low = self._first(scheme, low, high)
        self.cells = LADDER[low]
        error = self._error(scheme, self.cells)
        assert error <= self.tolerance, f"L1 error {error:.2e} on {self.cells} cells"
        assert low == 0 or self._error(scheme, LADDER[low - 1]) > self.tolerance

    def _first(self, scheme: str, low: int, high: int) -> int:
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._error(scheme, LADDER[middle]) <= self.tolerance else (middle + 1, high)
        return low

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

    @named("time to an L1 error of 1e-5, Fokker-Planck", "seconds")
    def track_seconds(self, scheme: str) -> float:
        return self.measure(scheme)


CASE, END = cases["regression"], 2.0
NOISY = Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=2.0, initial=START)
NINE = {"fokker-planck": (NOISY, (-9.0, 9.0), UNTIL), "regression": (CASE.model, (-7.0, 9.0), END)}
THIRD = {"fokker-planck": kinetic.Imex(cfl=0.9), "regression": kinetic.Explicit(cfl=0.9)}
"""The third-order scheme that is fastest there."""


class TimeToNineDigits:
    """Seconds until the L1 error of the cell averages is at most 1e-9, by the order of the scheme.

    Of a normal law with noise, and of the case `regression`, whose density grows to a narrow peak.
    """

    tolerance = 1e-9
    turns = 3
    params = (tuple(NINE), ("third order", "explicit5", "explicit7"))
    param_names = ("problem", "scheme")
    smallest = {"tolerance": 1e-3, "turns": 1}  # noqa: RUF012
    timeout = 900.0

    def setup(self, problem: str, scheme: str) -> None:
        """Find the number of cells: doubled from 50 on, then by bisection nine per cent apart."""
        cells = 50
        while not self._error(problem, scheme, cells) <= self.tolerance:
            cells *= 2
        low, high = 0, 8
        while low < high:
            middle = (low + high) // 2
            met = self._error(problem, scheme, self._between(cells, middle)) <= self.tolerance
            low, high = (low, middle) if met else (middle + 1, high)
        self.cells = self._between(cells, low)

    @staticmethod
    def _between(cells: int, eighths: int) -> int:
        return round(cells * 2.0 ** (eighths / 8.0 - 1.0))

    def _solve(self, problem: str, scheme: str, cells: int) -> tuple[kinetic.Grid, Floats]:
        model, ends, until = NINE[problem]
        grid = kinetic.Grid(*ends, cells=cells)
        chosen = THIRD[problem] if scheme == "third order" else kinetic.schemes.named(scheme)
        return grid, kinetic.solve(model, grid, chosen, until=until).averages[-1]

    def _error(self, problem: str, scheme: str, cells: int) -> float:
        grid, averages = self._solve(problem, scheme, cells)
        law = LAW if problem == "fokker-planck" else exact_law(CASE.model, END)
        return float(grid.h * np.abs(averages - grid.averages(law)).sum())

    def measure(self, problem: str, scheme: str) -> float:
        """Shortest time of several."""
        run: Callable[[], object] = lambda: self._solve(problem, scheme, self.cells)  # noqa: E731
        return 1e-9 * nanoseconds({scheme: Work(lambda: None, run, 1.0)}, self.turns)[scheme]

    @named("time to an L1 error of 1e-9", "seconds")
    def track_seconds(self, problem: str, scheme: str) -> float:
        return self.measure(problem, scheme)


def _cloud(count: int, start: str, seed: int = 0, layers: int = 1000) -> Measure:
    scheme = particles.Euler(layers=layers)
    return particles.simulate(CASE.model, scheme, count=count, until=END, start=start, seed=seed).at(END)


def _density(cells: int) -> Measure:
    return kinetic.solve(CASE.model, kinetic.Grid(-7.0, 9.0, cells=cells), until=END).at(END)


METHODS: dict[str, Callable[[int], Measure]] = {
    "random draws": lambda size: _cloud(size, "random"),
    "stratified draws": lambda size: _cloud(size, "stratified"),
    "equation": _density,
}
SIZES = {"random draws": 100_000, "stratified draws": 100_000, "equation": 400}
CAPS = {"random draws": 3e-3, "stratified draws": 1e-3, "equation": 1e-3}


class ErrorAtCost:
    """W1 to the exact law of 10^5 particles through 1000 layers, drawn in two ways, and of the equation on 400 cells.

    No time is taken: the same numbers on every machine, unless the mathematics changed.
    """

    share = 1.0  # of the size: less in the tests
    params = (tuple(METHODS),)
    param_names = ("method",)
    smallest = {"share": 0.25}  # noqa: RUF012
    timeout = 120.0

    def setup(self, method: str) -> None:
        """Know the exact law."""
        self.law = exact_law(CASE.model, END)

    @named("W1 error, 10^5 particles or 400 cells", "distance")
    def track_w1(self, method: str) -> float:
        error = validation.w1_to_law(METHODS[method](int(self.share * SIZES[method])), self.law)
        assert error <= CAPS[method] / self.share**3, f"W1 {error:.2e}"
        return error


class TimeToDistance:
    """Seconds until W1 to the exact law is at most 1e-3, the size doubled until it is."""

    tolerance = 1e-3
    turns = 5
    params = (tuple(METHODS),)
    param_names = ("method",)
    smallest = {"tolerance": 1e-2, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self, method: str) -> None:
        """Double the size from 50 on; a single lucky draw does not count, so the size after must hold too."""
        law, self.size = exact_law(CASE.model, END), 50
        errors = [math.inf, math.inf]
        while not max(errors) <= self.tolerance:
            self.size *= 2
            assert self.size <= 10**7, f"W1 {errors} at {self.size // 2}"
            errors = [validation.w1_to_law(METHODS[method](size), law) for size in (self.size, 2 * self.size)]

    @named("time to a W1 error of 1e-3, regression", "seconds")
    def track_seconds(self, method: str) -> float:
        run: Callable[[], object] = lambda: METHODS[method](self.size)  # noqa: E731
        return 1e-9 * nanoseconds({method: Work(lambda: None, run, 1.0)}, self.turns)[method]
