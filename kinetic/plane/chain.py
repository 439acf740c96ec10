"""Schemes of the plane that are Markov chains: mass jumps between neighbouring cells, implicitly in time.

    d/dt g = A g,   (A g)_i = sum over the four neighbours n of i: (rate n -> i) g_n - (rate i -> n) g_i

With rates >= 0 an implicit Euler step of any length keeps g >= 0, and relative entropy to the state at rest falls in
it, with detailed balance or without. The steps in time, their orders and bounds are those of the line
(`kinetic.line.chang_cooper`).

I - c dt A has columns that sum to 1, a positive diagonal and nothing positive beside it. Sparse LU (SuperLU) with the
diagonal as pivots keeps these signs, so that a solve adds up positive numbers: g >= 0 holds in floating point too. The
matrix is factorised once where neither field nor step changes, else once a step, which is what such a run costs. A
rounding of some 1e-16 of the mass a solve is scaled away. (The last bits are those of the libraries: not the same on
every CPU.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kinetic.line.chang_cooper import SDIRK2, TimeStep
from kinetic.plane.grid import Plane
from particles.base.arrays import Floats
from particles.base.errors import InputError


class Rates(NamedTuple):
    """Rates, 1/time, of jumps through the faces in x, shape (N_y, N_x + 1), and in y, shape (N_y + 1, N_x).

    From above a face to below it ("left", "down"), and from below to above; 0 at the edge of the rectangle. `drift` is
    how many cells a unit of time the field crosses at most, over both directions.
    """

    left: Floats
    right: Floats
    down: Floats
    up: Floats
    drift: float

    @property
    def fastest(self) -> float:
        """The largest rate at which a cell loses its mass."""
        in_x, in_y = self.left[:, :-1] + self.right[:, 1:], self.down[:-1] + self.up[1:]
        return float((in_x + in_y).max())

    def fluxes(self, g: Floats) -> tuple[Floats, Floats]:
        """Mass through the inner faces over that of a cell, in x and in y, upwards."""
        in_x = self.right[:, 1:-1] * g[:, :-1] - self.left[:, 1:-1] * g[:, 1:]
        in_y = self.up[1:-1] * g[:-1] - self.down[1:-1] * g[1:]
        return in_x, in_y

    def matrix(self) -> Any:
        """A for cells in the order of rows, compressed by columns."""
        from scipy.sparse import csc_matrix

        rows, columns = self.left.shape[0], self.left.shape[1] - 1
        cell = np.arange(rows * columns).reshape(rows, columns)
        jumps = [
            (cell[:, :-1], cell[:, 1:], self.right[:, 1:-1]), (cell[:, 1:], cell[:, :-1], self.left[:, 1:-1]),
            (cell[:-1], cell[1:], self.up[1:-1]), (cell[1:], cell[:-1], self.down[1:-1]),
        ]  # fmt: skip
        begin, end, rate = (np.concatenate([np.ravel(jump[k]) for jump in jumps]) for k in range(3))
        entries = np.concatenate([rate, -rate]), (np.concatenate([end, begin]), np.concatenate([begin, begin]))
        return csc_matrix(entries, shape=(cell.size, cell.size))


class ChainStepper:
    """The state of a run by a Markov chain and its steps.

    A field that varies is taken once a step, at its middle, with the mean carried there by the fluxes at its begin.
    What lies at the edge of the rectangle stays there.

    Parameters
    ----------
    rates : callable (t, mean) -> Rates
    plane : Plane
    averages : ndarray, shape (N_y, N_x), >= 0
    atoms : ndarray, shape (2 N_y + 2 N_x + 4,)
    time : "ssprk2", "implicit-euler" or "sdirk2"
    steady, needs_mean : bool
        As of a `PlaneProblem`.
    diffusivity : float > 0
        The largest D, length^2/time.

    Raises
    ------
    InputError
        If the start is negative somewhere.
    """

    def __init__(
        self,
        rates: Callable[[float, Floats | None], Rates],
        plane: Plane,
        averages: Floats,
        atoms: Floats,
        time: TimeStep,
        *,
        steady: bool,
        needs_mean: bool,
        diffusivity: float,
    ) -> None:
        self.steady, self._plane, self._time, self._needs_mean = steady, plane, time, needs_mean
        self.averages, self.atoms = np.array(averages, dtype=np.float64), np.array(atoms, dtype=np.float64)
        if not self.averages.min() >= 0.0:
            j, i = np.unravel_index(int(np.argmin(self.averages)), plane.shape)
            told = f"averages[{j}, {i}] = {self.averages[j, i]} ({plane.where((int(j), int(i)))})"
            raise InputError(f"{told} must be at least 0")
        self._spread = diffusivity * sum(1.0 / (grid.h * (grid.hi - grid.lo)) for grid in (plane.x, plane.y))
        self._total = float(self.averages.sum())
        self._of = rates
        self._steady_rates = rates(0.0, None) if steady else None
        self._solver: tuple[float, Any] = (math.nan, None)

    @property
    def mean(self) -> Floats:
        """First moments, shape (2,), the mass being at the centres."""
        x, y = self._plane.x, self._plane.y
        return self._plane.size * np.array(
            [self.averages.sum(axis=0) @ x.centres, self.averages.sum(axis=1) @ y.centres]
        )

    def rates(self, t: float, mean: Floats | None = None) -> Rates:
        """The rates at time t, by default with the mean of the state."""
        if self._steady_rates is not None:
            return self._steady_rates
        return self._of(t, self.mean if mean is None and self._needs_mean else mean)

    def equilibrium(self, t: float = 0.0) -> Floats:
        """The state of the present mass that rests under the rates of time t, shape (N_y, N_x)."""
        rates = self.rates(t)
        solve = factorised(rates.matrix(), 1e12 / rates.fastest)
        state = np.full(self._plane.shape, 1.0 / self.averages.size)
        for _ in range(3):
            state = solve(state)
            state /= state.sum()
        return np.asarray(self.averages.sum() * state)

    def longest_step(self, t: float, cfl: float, *, settled: bool = False) -> float:
        """The step at time t: cfl times the bound on positivity if explicit, else the one that accuracy asks for.

        That is cfl over the cells a unit of time that drift and slow diffusion cross, or, until the state has spread,
        those of its mean velocity, over both directions.
        """
        rates = self.rates(t)
        if self._time == "ssprk2":
            fastest = rates.fastest
        else:
            fastest, total = rates.drift + self._spread, self.averages.sum()
            if not settled and total > 0.0:
                fastest = max(fastest, sum(float(np.abs(part).sum() / total) for part in rates.fluxes(self.averages)))
        return cfl / fastest if fastest > 0.0 else math.inf

    def advance(self, t: float, dt: float, count: int, latest: float) -> None:
        """Do `count` steps of length dt from time t, data no later than `latest`."""
        for k in range(count):
            self._step(self._middle(t + k * dt, dt, latest), dt)

    def _middle(self, t: float, dt: float, latest: float) -> Rates:
        """Rates in the middle of a step, to first order in dt: enough for the second order of the step."""
        at, mean = min(t + 0.5 * dt, latest), None
        if self._needs_mean:
            fluxes = self.rates(min(t, latest), self.mean).fluxes(self.averages)
            moved = [
                grid.h * float(part.sum()) for grid, part in zip((self._plane.x, self._plane.y), fluxes, strict=True)
            ]
            mean = self.mean + 0.5 * dt * self._plane.size * np.array(moved)
        return self.rates(at, mean)

    def _step(self, rates: Rates, dt: float) -> None:
        u = self.averages
        if self._time == "ssprk2":
            matrix = self._kept(rates, dt, lambda: rates.matrix())
            first = u + dt * (matrix @ u.reshape(-1)).reshape(u.shape)
            u[:] = 0.5 * (u + first) + 0.5 * dt * (matrix @ first.reshape(-1)).reshape(u.shape)
            return
        sdirk = self._time == "sdirk2"
        solve = self._kept(rates, dt, lambda: factorised(rates.matrix(), SDIRK2 * dt if sdirk else dt))
        stage = self._scaled(solve(u))
        if sdirk:
            stage = self._scaled(solve(u + (1.0 - SDIRK2) / SDIRK2 * (stage - u)))
        u[:] = stage

    def _kept(self, rates: Rates, dt: float, made: Callable[[], Any]) -> Any:
        """What is made of the rates for a step, once where neither changes."""
        if not (self.steady and dt == self._solver[0]):
            self._solver = dt, made()
        return self._solver[1]

    def _scaled(self, state: Floats) -> Floats:
        """The state with the mass of the start."""
        total = float(state.sum())
        return state * (self._total / total) if total > 0.0 else state


def factorised(matrix: Any, dt: float) -> Callable[[Floats], Floats]:
    """The function that solves (I - dt A) g' = g, arrays of shape (N_y, N_x)."""
    from scipy.sparse import identity
    from scipy.sparse.linalg import splu

    whole = (identity(matrix.shape[0], format="csc") - dt * matrix).tocsc()
    factors = splu(whole, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return lambda g: np.asarray(factors.solve(np.ascontiguousarray(g).reshape(-1))).reshape(g.shape)
