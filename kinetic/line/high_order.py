"""The explicit scheme of order 5 or 7: wide stencils, and Runge-Kutta stages that are kept.

    u_j' = -(F_{j+1/2} + G_{j+1/2} - F_{j-1/2} - G_{j-1/2})/h,   d/dt atom_low = -F_{1/2},   d/dt atom_high = F_{N+1/2}

F is the flux of advection from the edges of `kinetic.line.cweno`, G that of diffusion of `kinetic.line.wide`. A step is
the old state plus differences of fluxes, so mass is kept to rounding.

The stages are those of `kinetic.line.runge_kutta`; steps obey the rules of `kinetic.line.integrate`, with the limits
there. Positive steps are of order 3 in dt, which then falls faster than h: by s^((p - 3)/3), p the order of the cells
and s the cell in units of the start's own, so that the order is p as well.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from kinetic.flux import BOUNDARIES, Boundary, Flux, in_run
from kinetic.grid import Grid
from kinetic.line.cweno import HighOrder
from kinetic.line.diffusion import Diffusivity, with_diffusion
from kinetic.line.integrate import FOURIER, advection_by, check_diffusion, closed
from kinetic.line.reconstruction import own_scale
from kinetic.line.runge_kutta import RK5, RK8, SSP3
from kinetic.line.wide import PECLET, averages_beyond, fill_ends, first_moment, points_beyond, stiffness, wide_diffusion
from particles.base.arrays import Floats
from particles.base.checks import require_one_of
from particles.base.errors import InputError
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma


@kernel
def _march(fluxes: Formula) -> Formula:
    def loop(memory: Any, data: Any, constants: Any, ends: Any, tableau: Any, step: Any, stages: Any) -> None:
        # states[0] holds u^n and at last u^(n+1), states[1] the stage U_k; row k of the tableau makes U_(k+1)
        states, atoms, slopes, work = memory
        dt, h, t = step
        n, last = slopes.shape[1] - 1, tableau.shape[0] - 1
        pad = (states.shape[1] - n) // 2
        lost = 0.0 if ends[2] else dt
        for stage in range(stages[0], stages[0] + stages[1]):
            k = stage % (last + 1)
            fluxes(states[0] if k == 0 else states[1], work, data, constants, ends, t)
            flux, total = work[2], work[0]
            for i in range(n + 1):
                slopes[k, i], total[i] = flux[i], tableau[k, k] * flux[i]
            for m in range(k):
                a, slope = tableau[k, m], slopes[m]
                if a != 0.0:
                    for i in range(n + 1):
                        total[i] = fma(a, slope[i], total[i])
            target = 0 if k == last else 1
            start, out = states[0], states[target]
            for j in range(n):
                out[j + pad] = fma(dt / h, total[j] - total[j + 1], start[j + pad])
            atoms[target, 0] = atoms[0, 0] - lost * total[0]
            atoms[target, 1] = atoms[0, 1] + lost * total[n]

    return loop


class HighOrderIntegrator:
    """The state of a run and its steps; the arguments are the fields of `Problem` and `Explicit`.

    InputError if the boundary is none of the four, one that diffusion cannot have, `fourier` beyond the stable, or the
    cells are too few.
    """

    def __init__(
        self,
        flux: Flux,
        grid: Grid,
        reconstruction: HighOrder,
        boundary: Boundary,
        averages: Floats,
        atoms: Floats,
        *,
        diffusivity: Diffusivity | None = None,
        fourier: float = FOURIER,
    ) -> None:
        require_one_of("boundary", boundary, BOUNDARIES)
        r, n = reconstruction.radius, grid.cells
        if n < 4 * r + 2:
            raise InputError(f"cells = {n!r} must be at least {4 * r + 2} for {type(reconstruction).__name__}")
        pad = r + 1
        self._flux, self._grid, self._diffusivity, self._fourier = in_run(flux), grid, diffusivity, fourier
        self.steady = flux.steady
        self._radius, self._tableau = r, SSP3 if reconstruction.positive else _TABLEAUS[r]
        self._shorter = 1.0
        if reconstruction.positive:
            _, share = own_scale(averages, pow, math.inf, "weights")
            self._shorter = share ** ((reconstruction.order - SSP3.order) / SSP3.order)
        self._rows = self._tableau.rows
        self._states, self._atoms = np.zeros((2, n + 2 * pad)), np.zeros((2, 2))
        self.averages, self.atoms = self._states[0, pad:-pad], self._atoms[0]
        self.averages[:], self.atoms[:] = averages, atoms
        self._memory = self._states, self._atoms, np.zeros((len(self._rows), n + 1)), np.zeros((4, n + 2 * pad))
        outside = (float(averages[0]), float(averages[-1])) if boundary == "outflow" else (0.0, 0.0)
        self._ends = (*outside, boundary == "periodic")
        self._centres = None if diffusivity is None else diffusivity.data(grid)
        slow = (0.0, 0.0) if self._centres is None else tuple((PECLET / grid.h * self._centres[[0, -1]]).tolist())
        rows = tuple(averages_beyond(r, degree) for degree in (2 * r, 3, 0))
        self._constants: Any = reconstruction.constants(grid.h, averages), (*rows, slow)
        fluxes = advection_by(fill_ends(flux.face, r), _at(reconstruction.edges), flux.face, pad)
        if diffusivity is not None:
            points = diffusivity.form != "averages"
            self._stiffness = stiffness(r, points)
            check_diffusion(diffusivity, boundary, fourier, self._tableau.diffusion / self._stiffness)
            scale = (1.0 if points else diffusivity.largest) / grid.h
            self._constants = self._constants, (scale, points_beyond(r) if points else averages_beyond(r, 2 * r))
            fluxes = with_diffusion(fluxes, wide_diffusion(r, points))
        elif boundary == "reflecting":
            fluxes = closed(fluxes, pad)
        self._loop = _march(fluxes)

    def longest_step(self, t: float, cfl: float, *, settled: bool = False) -> float:
        """The longest step at time t; inf where nothing moves."""
        h = self._grid.h
        fastest = self._flux.fastest(self._data(t, 0), self.averages, t)
        longest, share = math.inf, 0.0
        if fastest > 0.0:
            longest, share = self._shorter * cfl * h / fastest, fastest / (self._tableau.advection * h)
        if self._diffusivity is not None and self._diffusivity.largest > 0.0:
            d = self._diffusivity.largest / h**2
            longest = min(longest, self._fourier / d)
            share += self._stiffness * d / self._tableau.diffusion
        return min(longest, 1.0 / share) if share > 0.0 else longest

    def advance(self, t: float, dt: float, count: int, latest: float) -> None:
        """Do `count` steps of length dt from time t, data no later than `latest`; several if the flux is steady."""
        nodes = self._tableau.nodes
        if self.steady:
            self._stages(self._data(t, 0), t, dt, 0, len(nodes) * count)
        else:
            for k, node in enumerate(nodes):
                at = min(t + node * dt, latest)
                self._stages(self._data(at, min(k, 1)), at, dt, k, 1)

    def _stages(self, data: Floats, t: float, dt: float, first: int, count: int) -> None:
        self._loop(
            self._memory, data if self._centres is None else (data, self._centres), self._constants, self._ends,
            self._rows, (dt, self._grid.h, t), (first, count),
        )  # fmt: skip

    def _data(self, t: float, row: int) -> Floats:
        if not self._flux.needs_mean:
            return self._flux.data(self._grid, t, None)
        pad = self._radius + 1
        mean = first_moment(self._grid, self._states[row, pad:-pad], self._atoms[row], self._radius)
        return self._flux.data(self._grid, t, mean)


@functools.cache
def _at(edges: Formula) -> Formula:
    @formula
    def at(u: Any, j: int, constants: Any) -> Any:
        return edges(u, j, constants[0])

    return at


_TABLEAUS = {2: RK5, 3: RK8}
