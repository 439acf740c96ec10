"""The structure-preserving scheme of Chang and Cooper in time, for d_t g = d_x [ (D' - sigma) g + D g_x ].

    d/dt g = A g,   (A g)_j = l_{j+1} g_{j+1} - (l_j + r_j) g_j + r_{j-1} g_{j-1}            (rates: kinetic.line.rates)

================  =====  =====================================================================================
step              order  g >= 0 stays, and entropy against the state at rest decays, while dt max (l_j + r_j) <=
================  =====  =====================================================================================
"ssprk2"          2      1; dt <= h^2/(2 (h max abs C + max D)) is enough
"implicit-euler"  1      no bound
"sdirk2"          2      1 + sqrt(2) for every start; far beyond it, smooth starts only
================  =====  =====================================================================================

    ssprk2    g1 = g + dt A g,              g' = g/2 + (g1 + dt A g1)/2                                  (Shu, Osher)
    sdirk2    (I - c dt A) g1 = g,          (I - c dt A) g' = g + (1/c - 1)(g1 - g),   c = 1 - 1/sqrt(2)  (Alexander)

No linear scheme of second order is positive without a bound (Bolley, Crouzeix 1978). The bound of SDIRK2 is the radius
of absolute monotonicity of its R(z) = (1 + (1 - 2 c) z)/(1 - c z)^2; it is L-stable. Mass is conserved by all three.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from kinetic.grid import Grid
from kinetic.line.rates import Faces, FokkerPlanck, Quadrature
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma

TimeStep = Literal["ssprk2", "implicit-euler", "sdirk2"]

ORDERS: dict[TimeStep, int] = {"ssprk2": 2, "implicit-euler": 1, "sdirk2": 2}
SDIRK2 = 1.0 - math.sqrt(0.5)
"""c of "sdirk2"."""


@kernel
def _explicit() -> Formula:
    def loop(u: Any, stage: Any, flux: Any, left: Any, right: Any, dt: float, count: int) -> None:
        # g^(1) = g + dt L g,  g <- g/2 + (g^(1) + dt L g^(1))/2
        n = u.size
        for _ in range(count):
            for i in range(1, n):
                flux[i] = left[i] * u[i] - right[i] * u[i - 1]
            for j in range(n):
                stage[j] = fma(dt, flux[j + 1] - flux[j], u[j])
            for i in range(1, n):
                flux[i] = left[i] * stage[i] - right[i] * stage[i - 1]
            for j in range(n):
                u[j] = 0.5 * u[j] + 0.5 * fma(dt, flux[j + 1] - flux[j], stage[j])

    return loop


@kernel
def _factorise() -> Formula:
    def loop(left: Any, right: Any, dt: float, carry: Any, inverse: Any, back: Any) -> None:
        # Columns of I - dt A sum to 1, so that the pivots p_j = s_j + dt r_j, s_{j+1} = 1 + dt l_{j+1} s_j/p_j, take no
        # subtraction: the solve is positive in floating point too, for every dt.
        n = inverse.size
        s = 1.0
        for j in range(n):
            to_right, to_left = dt * right[j + 1], dt * left[j + 1]
            pivot = s + to_right
            inverse[j] = 1.0 / pivot
            carry[j] = to_right / pivot
            back[j] = to_left / pivot
            s = fma(to_left, s / pivot, 1.0)

    return loop


@formula
def _solve(right_side: Any, out: Any, carry: Any, inverse: Any, back: Any, total: float) -> None:
    """Solve for `out`; its rounding, some 1e-17 of the mass a step and of one sign, is scaled away to `total`."""
    n = out.size
    out[0] = right_side[0]
    for j in range(1, n):
        out[j] = fma(carry[j - 1], out[j - 1], right_side[j])
    out[n - 1] = inverse[n - 1] * out[n - 1]
    after = out[n - 1]
    for i in range(1, n):
        j = n - 1 - i
        out[j] = fma(back[j], out[j + 1], inverse[j] * out[j])
        after += out[j]
    scale = total / after if after > 0.0 else 1.0
    for j in range(n):
        out[j] = scale * out[j]


@kernel
def _implicit() -> Formula:
    def loop(u: Any, stage: Any, carry: Any, inverse: Any, back: Any, ahead: float, total: float, count: int) -> None:
        for _ in range(count):
            _solve(u, stage, carry, inverse, back, total)
            if ahead > 0.0:  # the second stage: its right side is g + (1 - c) dt A g^(1)
                for j in range(u.size):
                    u[j] = fma(ahead, stage[j] - u[j], u[j])
                _solve(u, stage, carry, inverse, back, total)
            for j in range(u.size):
                u[j] = stage[j]

    return loop


@kernel
def _total() -> Formula:
    def loop(u: Any) -> float:
        total = 0.0
        for i in range(u.size):
            total += u[u.size - 1 - i]
        return total

    return loop


class ChangCooperStepper:
    """The state of a run and its steps; the arguments are the fields of `Problem` and `ChangCooper`.

    To second order averages over cells and values at the centres are the same. A drift that varies is taken once a
    step, at its middle t + dt/2, with the mean carried there by the fluxes at t. Atoms stay as they are. InputError if
    the start is negative somewhere, or D or D' cannot be used.
    """

    def __init__(
        self,
        equation: FokkerPlanck,
        grid: Grid,
        averages: Floats,
        time: TimeStep = "sdirk2",
        quadrature: Quadrature = "gauss3",
        *,
        atoms: Sequence[float] = (0.0, 0.0),
    ) -> None:
        self._equation, self._grid, self._time = equation, grid, time
        self.steady = equation.steady
        self.averages, self.atoms = np.array(averages, dtype=np.float64), np.array(atoms, dtype=np.float64)
        if not self.averages.min() >= 0.0:
            j = int(np.argmin(self.averages))
            raise InputError(f"averages[{j}] = {averages[j]} (x = {grid.centres[j]:.6g}) must be at least 0")
        self._faces = Faces(equation, grid, quadrature)
        self._stage = np.zeros(grid.cells)
        self._work = np.zeros((3, grid.cells + 1))
        self._total = float(_total()(self.averages))
        self._steady_rates = self._faces.rates(0.0, None) if equation.steady else None
        self._factorised = math.nan

    @property
    def mean(self) -> float:
        """int x g dx, the mass being at the centres."""
        return float(self._grid.h * _total()(self._grid.centres * self.averages))

    def equilibrium(self, t: float = 0.0) -> Floats:
        """The state of the present mass that rests under the drift of time t, shape (N,); `inf`s of lam are walls."""
        lam, _ = self._faces.drop(t, self.mean if self._equation.needs_mean else None)
        level = np.concatenate([[0.0], -np.cumsum(np.clip(lam, -1e4, 1e4))])  # beyond, the other side is empty
        shape = np.exp(level - level.max())
        return np.asarray(shape * (self.averages.sum() / shape.sum()))

    def longest_step(self, t: float, cfl: float, *, settled: bool = False) -> float:
        """The step at time t: cfl times the bound on positivity if explicit, else the one that accuracy asks for.

        That is cfl h over the larger of max abs C + max D/(hi - lo), a cell of transport, or the width of the grid by
        diffusion in N/cfl steps, and, until it has spread, of the mean velocity int abs(F) dx/int g dx.
        """
        left, right = self._rates(t, self.mean if self._equation.needs_mean else None)
        if self._time == "ssprk2":
            fastest = float((left[:-1] + right[1:]).max())
            return cfl / fastest if fastest > 0.0 else math.inf
        h, u, mean = self._grid.h, self.averages, 0.0
        if not settled and u.any():
            mean = h * float(np.abs(left[1:-1] * u[1:] - right[1:-1] * u[:-1]).sum() / u.sum())
        spread = float(self._faces.diffusion.max()) / (self._grid.hi - self._grid.lo)
        speed = max(h * float(np.abs(left - right).max()) + spread, mean)
        return cfl * h / speed if speed > 0.0 else math.inf

    def advance(self, t: float, dt: float, count: int, latest: float) -> None:
        """Do `count` steps of length dt from time t, the drift no later than `latest`; NotFiniteError if it is not."""
        if self.steady:
            self._step(*self._rates(t, None), dt, count)
        else:
            for k in range(count):
                self._step(*self._middle(t + k * dt, dt, latest), dt, 1)

    def _rates(self, t: float, mean: float | None) -> tuple[Floats, Floats]:
        return self._faces.rates(t, mean) if self._steady_rates is None else self._steady_rates

    def _middle(self, t: float, dt: float, latest: float) -> tuple[Floats, Floats]:
        """Rates in the middle of a step, to first order in dt: enough for the second order of the step."""
        at, mean = min(t + 0.5 * dt, latest), None
        if self._equation.needs_mean:
            mean = self.mean
            left, right = self._rates(min(t, latest), mean)
            flux = left[1:-1] * self.averages[1:] - right[1:-1] * self.averages[:-1]
            mean -= 0.5 * dt * self._grid.h**2 * float(_total()(flux))
        return self._rates(at, mean)

    def _step(self, left: Floats, right: Floats, dt: float, count: int) -> None:
        n = self._grid.cells
        if self._time == "ssprk2":
            _explicit()(self.averages, self._stage, self._work[0], left, right, dt, count)
            return
        sdirk = self._time == "sdirk2"
        factors = self._work[0, :n], self._work[1, :n], self._work[2, :n]
        if not (self.steady and dt == self._factorised):
            _factorise()(left, right, SDIRK2 * dt if sdirk else dt, *factors)
            self._factorised = dt
        ahead = (1.0 - SDIRK2) / SDIRK2 if sdirk else 0.0
        _implicit()(self.averages, self._stage, *factors, ahead, self._total, count)
