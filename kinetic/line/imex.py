"""Implicit diffusion with explicit advection: the step of a Fokker-Planck equation grows with h, not with h^2.

    d_t g + d_x F(g) = d_xx(D g),   D = (nu^2/2) K(x)^2                                  (arXiv 2001.04294, (20))
    u_j' = -(F_{j+1/2} + G_{j+1/2} - F_{j-1/2} - G_{j-1/2})/h

F is the flux of CWENO3, explicit; G = -d_x(D g) is implicit, a matrix; both by the stages of `kinetic.line.additive`.

A reflecting end has F + G = 0. Zero for each would be wrong for each by O(1): F would jump to zero within a cell, and
the order in time fall to 2.3. So F = s g and G = -s g there, g the end value of a parabola and s the speed at the end
at the time of the stage. They cancel exactly, also in the step since both parts have the same weights, and the order
is 3. Two exceptions: abs(s) <= 2 D/h, for a layer narrower than a cell is left to the cell, and any cfl <= 1 is stable
for any D; and where s depends on the mean, a stage that is still to come takes the mean on a line through the last two
steps.

A new state is the old one plus differences of fluxes, so mass is kept to rounding: the stages that the solves return
are used for their fluxes only. Positivity is not guaranteed, neither CWENO3 nor an implicit scheme of order 3 has it.
A step costs about as much as four of SSPRK3 with explicit diffusion on the same grid, for any number of cells.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kinetic.flux import Boundary, Flux, LinearFlux, in_run
from kinetic.grid import Grid, first_moment
from kinetic.line import implicit
from kinetic.line.additive import ARK3, Additive
from kinetic.line.diffusion import Diffusivity
from kinetic.line.implicit import PAD, join
from kinetic.line.integrate import advection
from kinetic.line.reconstruction import Reconstruction
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import Formula, kernel
from particles.base.shims import fma

ENDS: tuple[Boundary, ...] = ("reflecting", "periodic")
FEWEST_ON_A_RING = 7
"""A row of the matrix has seven different columns."""
SAME = 1e-12
"""Relative change of a step up to which its factorisation is kept."""
Pair = tuple[float, float]


@kernel
def _march(fluxes: Formula) -> Formula:
    def loop(memory: Any, c: Any, system: Any, data: Any, constants: Any, tableau: Any, step: Any, stages: Any) -> None:
        # states[0] holds u^n and at last u^(n+1), states[1] the stage U_k; row k of the tableau makes U_(k+1)
        states, slopes, work = memory
        dt, h, t, ring, tau = step
        first, count, speeds, following = stages
        n, last = states.shape[1] - 2 * PAD, tableau.shape[1] - 1
        for stage in range(first, first + count):
            k = stage % (last + 1)
            u = states[0] if k == 0 else states[1]
            f, g = slopes[0, k], slopes[1, k]
            if ring:
                join(u)
            fluxes(u[PAD - 1 : PAD + n + 1], (work[0], work[1], f), data, constants, (0.0, 0.0, ring), t)
            implicit.diffusive(c, u, g)
            if not ring:
                low, high = implicit.end_values(u[PAD : PAD + n])
                f[0], f[n] = speeds[0] * low, speeds[1] * high
                g[0], g[n] = -f[0], -f[n]
            total = work[0, : n + 1]
            total[:] = 0.0
            for m in range(k + 1):
                a, b = tableau[0, k, m], tableau[1, k, m]
                f, g = slopes[0, m], slopes[1, m]
                for i in range(n + 1):
                    total[i] += a * f[i] + b * g[i]  # no fma: F = -G has to vanish at an end where a = b
            start, out = states[0, PAD : PAD + n], states[0 if k == last else 1, PAD : PAD + n]
            for j in range(n):
                out[j] = fma(dt / h, total[j] - total[j + 1], start[j])
            if k < last:
                implicit.solve_stage(system, ring, -tau * following[0], tau * following[1], out)

    return loop


@kernel
def _diffusive_speed() -> Formula:
    def loop(c: Any, u: Any, ring: bool) -> float:
        """Return int abs(G) dx / int abs(g) dx."""
        if ring:
            join(u)
        flow = mass = 0.0
        for f in range(1, c.shape[1] - 1):
            g = 0.0
            for k in range(2 * PAD):
                g = fma(c[k, f], u[f + k], g)
            flow += abs(g)
            mass += abs(u[f + PAD - 1])
        return flow / mass if mass > 0.0 else 0.0

    return loop


class ImexStepper:
    """The state of a run with implicit diffusion and its steps; the arguments are the fields of `Problem` and `Imex`.

    A nonlinear flux has s = 0 at reflecting ends: mass is kept, third order is not. Atoms stay as they are. InputError
    if the boundary is neither "reflecting" nor "periodic", a ring has fewer than 7 cells, or D does not fit.
    """

    def __init__(
        self,
        flux: Flux,
        grid: Grid,
        reconstruction: Reconstruction,
        boundary: Boundary,
        averages: Floats,
        atoms: Floats,
        diffusivity: Diffusivity,
        tableau: Additive = ARK3,
    ) -> None:
        d = _checked(boundary, grid, diffusivity)
        n, stages = grid.cells, len(tableau.nodes)
        self._flux, self._grid, self._tableau = in_run(flux), grid, tableau
        self._ring, self._linear = boundary == "periodic", isinstance(flux, LinearFlux)
        self.steady, self.atoms = flux.steady, np.array(atoms, dtype=np.float64)
        self._states = np.zeros((2, n + 2 * PAD))
        self.averages = self._states[0, PAD:-PAD]
        self.averages[:] = averages
        self._memory = (self._states, np.zeros((2, stages, n + 1)), np.zeros((2, n + 2)))
        self._data = np.zeros((stages, n + 1))
        self._faces, self._system = implicit.face_coefficients(d, grid, ring=self._ring), implicit.empty_system(n)
        self._resolved = tuple(2.0 * float(end) / grid.h for end in np.broadcast_to(d, n)[[0, -1]])
        self._slowest = math.pi * float(d.max()) / (grid.hi - grid.lo)
        self._step = math.nan
        self._before: tuple[float, float | None] = (math.inf, None)
        self._rows = tableau.rows
        self._constants = reconstruction.constants(grid.h, averages)
        self._loop = _march(advection(reconstruction.polynomial, flux.face))

    def longest_step(self, t: float, cfl: float, *, settled: bool = False) -> float:
        """The step cfl h/max(velocities) at time t: max abs(F'), and two of the diffusion, for accuracy alone.

        int abs(d_x(D g)) dx / int abs(g) dx, about D/width, follows a narrow start until it has spread, `settled`;
        pi max(D)/(hi - lo) follows the last mode that decays. Neither grows with the number of cells. inf where nothing
        moves.
        """
        spreading = 0.0 if settled else float(_diffusive_speed()(self._faces, self._states[0], self._ring))
        data = self._flux.data(self._grid, t, self._mean(0))
        fastest = max(self._flux.fastest(data, self.averages, t), spreading, self._slowest)
        return cfl * self._grid.h / fastest if fastest > 0.0 else math.inf

    def advance(self, t: float, dt: float, count: int, latest: float) -> None:
        """Do `count` steps of length dt from time t, data no later than `latest`; several if the flux is steady."""
        h = self._grid.h
        if not math.isclose(dt, self._step, rel_tol=SAME):
            self._step = dt
            implicit.prepare()(self._faces, self._system, self._ring, self._tableau.gamma * dt / h)
        if self.steady:
            data = self._flux.data(self._grid, t, None)
            speeds = self._end_speeds(data)
            self._stages(data, (speeds, speeds), t, dt, 0, len(self._tableau.nodes) * count)
        else:
            self._unsteady_step(t, dt, latest)

    def _unsteady_step(self, t: float, dt: float, latest: float) -> None:
        mean = self._mean(0)
        rate = self._rate(t, mean)
        times = [min(t + node * dt, latest) for node in self._tableau.nodes]
        for row, at in zip(self._data, times, strict=True):
            row[:] = self._flux.data(self._grid, at, None if mean is None else mean + rate * (at - t))
        speeds = [self._end_speeds(row) for row in self._data]
        for k, at in enumerate(times):
            if k > 0 and mean is not None:
                self._data[k] = self._flux.data(self._grid, at, self._mean(1))
            self._stages(self._data[k], (speeds[k], speeds[min(k + 1, len(speeds) - 1)]), at, dt, k, 1)

    def _stages(self, data: Floats, speeds: tuple[Pair, Pair], t: float, dt: float, first: int, count: int) -> None:
        h = self._grid.h
        self._loop(
            self._memory, self._faces, self._system, data, self._constants, self._rows,
            (dt, h, t, self._ring, self._tableau.gamma * dt / h), (first, count, *speeds),
        )  # fmt: skip

    def _end_speeds(self, data: Floats) -> Pair:
        """Speeds s of the fluxes that cancel at the ends."""
        if self._ring or not self._linear:
            return 0.0, 0.0
        low, high = self._resolved
        return max(-low, min(float(data[0]), low)), max(-high, min(float(data[-1]), high))

    def _rate(self, t: float, mean: float | None) -> float:
        """Slope of the mean since the step before; 0 in the first one."""
        (before, old), self._before = self._before, (t, mean)
        return (mean - old) / (t - before) if mean is not None and old is not None and t > before else 0.0

    def _mean(self, row: int) -> float | None:
        """First moment of u^n or of the stage, if the flux asks for it."""
        return first_moment(self._grid, self._states[row, PAD:-PAD], self.atoms) if self._flux.needs_mean else None


def _checked(boundary: str, grid: Grid, diffusivity: Diffusivity) -> Floats:
    """D, shape () or (N,), if all three fit."""
    if boundary not in ENDS:
        raise InputError(f"boundary = {boundary!r} with implicit diffusion must be one of {', '.join(ENDS)}")
    if boundary == "periodic" and grid.cells < FEWEST_ON_A_RING:
        raise InputError(f"cells = {grid.cells!r} must be at least {FEWEST_ON_A_RING} for a periodic diffusion")
    centres = diffusivity.data(grid)
    return centres if np.ndim(diffusivity.values) else centres[:1].reshape(())
