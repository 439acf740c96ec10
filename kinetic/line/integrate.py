"""The explicit scheme: third-order SSP Runge-Kutta, fused with the finite-volume right-hand side.

    d/dt u_j = L(u)_j = -(F_{j+1/2} - F_{j-1/2})/h + k S_j,   d/dt atom_low = -F_{1/2},   d/dt atom_high = F_{N+1/2}

    u^(k) = u^n + B_k (u^(k-1) - u^n + dt L(u^(k-1), t + c_k dt)),   u^(0) = u^n,  u^{n+1} = u^(3)

B_k and c_k stand in `kinetic.line.tableau`. F is the flux of advection and, with a `Diffusivity`, of diffusion; S_j is
the cell average of a `Source`.

Every stage is three passes over arrays in the first cache levels (parabolas, fluxes, update), each a loop without
branches over unit strides that the compiler vectorises; diffusion and a source are one pass more each. The atoms run
through the same stages, so that mass is conserved to rounding at every stage and they are of third order too. (The
sum (1 - B_k) u^n + B_k (...) would round to one side where u hardly changes, and mass drift a hundred times as far.)

Longest steps: dt <= cfl h/max abs(F'), dt <= cfl/max abs(k S'), dt <= fourier h^2/max D, and what keeps them stable
together. For the linear scheme (P_opt, upwind, constant coefficients, periodic) advection alone is stable up to
dt = 1.6259 h/abs(F'), diffusion alone up to 2.5127 h^2/(stiffness D). A step that obeys both need not be: for (-1)^j
both symbols are real and add up. One whose shares of these limits sum to at most 1 is stable, a source included:

    dt (max abs(F')/(1.6259 h) + stiffness max D/(2.5127 h^2) + max abs(k S')/2.5127) <= 1.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from kinetic.flux import BOUNDARIES, Boundary, Flux, in_run, leaving
from kinetic.grid import Grid, first_moment
from kinetic.line.diffusion import Diffusivity, with_diffusion
from kinetic.line.reconstruction import Reconstruction, edges, ghost
from kinetic.line.tableau import REAL_LIMIT, SSPRK3
from kinetic.source import Source
from particles.base.arrays import Floats
from particles.base.checks import require_one_of
from particles.base.errors import InputError
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma

UPWIND_LIMIT = 1.6258906661600212
"""u_t + u_x = 0 is stable with the linear scheme while dt/h is at most this."""

FOURIER = 0.4
"""D dt/h^2 of a run, below the limits of all forms of diffusion."""

_SHARE = SSPRK3.share


@functools.cache
def advection(polynomial: Formula, face: Formula) -> Formula:
    """Formula (u, work, data, constants, ends, t) -> None that leaves F_{j+1/2} in work[2, j], j = 0..N.

    `u`, shape (N + 2,), gets its two ghost cells; work[0] and work[1] hold the states on either side of a face.
    """
    formula(polynomial)

    @formula
    def at(u: Any, j: int, constants: Any) -> Any:
        return edges(polynomial(u[j - 1], u[j], u[j + 1], constants))

    return advection_by(_fill, at, face, 1)


@formula
def _fill(u: Any, data: Any, constants: Any, ends: Any, t: float) -> None:
    n, periodic = u.size - 2, ends[2]
    u[0] = u[n] if periodic else ghost(u[1], u[2], u[3])
    u[n + 1] = u[1] if periodic else ghost(u[n], u[n - 1], u[n - 2])


@functools.cache
def advection_by(fill: Formula, at: Formula, face: Formula, pad: int) -> Formula:
    """The same for any stencil: `fill` (u, data, constants, ends, t) fills the `pad` cells of u beyond either end, and
    `at` (u, j, constants) gives the values at both edges of cell j, j = 1..N.
    """
    for each in (fill, at, face):
        formula(each)

    @formula
    def fluxes(u: Any, work: Any, data: Any, constants: Any, ends: Any, t: float) -> None:
        n = u.size - 2 * pad
        low, high, periodic = ends
        left_of, right_of, flux = work[0], work[1], work[2]  # states left and right of a face, stored by cell
        fill(u, data, constants, ends, t)
        for j in range(1, n + 1):
            right_of[j], left_of[j] = at(u, j, constants)
        left_of[0], right_of[n + 1] = left_of[n], right_of[1]
        for i in range(n + 1):
            flux[i] = face(left_of[i], right_of[i + 1], data[i], t)
        flux[n] = flux[0]
        if not periodic:
            at_low, beyond_low = face(right_of[1], right_of[1], data[0], t), face(low, low, data[0], t)
            at_high, beyond_high = face(left_of[n], left_of[n], data[n], t), face(high, high, data[n], t)
            flux[0] = at_low if leaving(low - right_of[1], at_low - beyond_low) else beyond_low
            flux[n] = at_high if leaving(left_of[n] - high, at_high - beyond_high) else beyond_high

    return fluxes


@functools.cache
def closed(fluxes: Formula, pad: int = 1) -> Formula:
    """Formula like `fluxes` that lets nothing through the ends."""
    formula(fluxes)

    @formula
    def inside(u: Any, work: Any, data: Any, constants: Any, ends: Any, t: float) -> None:
        fluxes(u, work, data, constants, ends, t)
        work[2, 0] = work[2, u.size - 2 * pad] = 0.0

    return inside


@formula
def _nothing(out: Any, u: Any, work: Any, scale: float) -> None:
    pass


@kernel
def _march(fluxes: Formula, gain: Formula = _nothing) -> Formula:
    def loop(states: Any, atoms: Any, work: Any, data: Any, constants: Any, ends: Any, step: Any, stages: Any) -> Any:
        # row `base` of states and atoms holds u^n at first, the returned row the last u^(n+1)
        n = states.shape[1] - 2
        dt, h, t, rate = step
        first, count, base = stages
        flux = work[2]
        for stage in range(first, first + count):
            k = stage % 3
            source = base if k == 0 else (1 - base if k == 1 else 2)
            target = 2 if k == 1 else 1 - base
            start, u, out = states[base], states[source], states[target]
            fluxes(u, work, data, constants, ends, t)
            new = _SHARE[k]
            scale = new * dt / h
            for j in range(1, n + 1):
                out[j] = start[j] + fma(new, u[j] - start[j], scale * (flux[j - 1] - flux[j]))
            gain(out, u, work, new * dt * rate)
            lost = 0.0 if ends[2] else new * dt
            low, high = atoms[base]
            atoms[target, 0] = low + (new * (atoms[source, 0] - low) - lost * flux[0])
            atoms[target, 1] = high + (new * (atoms[source, 1] - high) + lost * flux[n])
            base = 1 - base if k == 2 else base
        return base

    return loop


class Integrator:
    """The state of a run and its steps; the arguments are the fields of `Problem` and `Explicit`.

    InputError if the boundary is none of the four, one that diffusion cannot have, or `fourier` beyond the stable.
    """

    def __init__(
        self,
        flux: Flux,
        grid: Grid,
        reconstruction: Reconstruction,
        boundary: Boundary,
        averages: Floats,
        atoms: Floats,
        *,
        diffusivity: Diffusivity | None = None,
        source: Source | None = None,
        fourier: float = FOURIER,
    ) -> None:
        require_one_of("boundary", boundary, BOUNDARIES)
        self._flux, self._grid, self._diffusivity, self._fourier = in_run(flux), grid, diffusivity, fourier
        self.steady = flux.steady
        self._source, self._rate = source, 0.0 if source is None else source.rate
        self._states = np.zeros((3, grid.cells + 2))
        self._states[0, 1:-1] = averages
        self._atoms = np.zeros((3, 2))
        self._atoms[0] = atoms
        self._work = np.zeros((4, grid.cells + 2))
        self._centres: Floats | None = None
        self._base = 0
        outside = (float(averages[0]), float(averages[-1])) if boundary == "outflow" else (0.0, 0.0)
        self._ends = (*outside, boundary == "periodic")
        self._constants: Any = reconstruction.constants(grid.h, averages)
        fluxes = advection(reconstruction.polynomial, flux.face)
        if diffusivity is not None:
            check_diffusion(diffusivity, boundary, fourier, REAL_LIMIT / diffusivity.stiffness)
            self._centres = diffusivity.data(grid)
            self._constants = self._constants, diffusivity.scales(grid.h)
            fluxes = with_diffusion(fluxes, diffusivity.fluxes)
        elif boundary == "reflecting":
            fluxes = closed(fluxes)
        self._loop = _march(fluxes) if source is None else _march(fluxes, source.gain)

    @property
    def averages(self) -> Floats:
        """Cell averages now, shape (N,); a view."""
        now: Floats = self._states[self._base, 1:-1]
        return now

    @property
    def atoms(self) -> Floats:
        """Masses at both ends now, shape (2,); a view."""
        now: Floats = self._atoms[self._base]
        return now

    def longest_step(self, t: float, cfl: float, *, settled: bool = False) -> float:
        """The longest step at time t by the three rules above; inf where nothing moves."""
        h = self._grid.h
        fastest = self._flux.fastest(self._data(t, self._base), self.averages, t)
        longest, share = (cfl * h / fastest, fastest / (UPWIND_LIMIT * h)) if fastest > 0.0 else (math.inf, 0.0)
        if self._diffusivity is not None and self._diffusivity.largest > 0.0:
            d = self._diffusivity.largest / h**2
            longest = min(longest, self._fourier / d)
            share += self._diffusivity.stiffness * d / REAL_LIMIT
        if self._source is not None and self._source.fastest > 0.0:
            longest = min(longest, cfl / self._source.fastest)
            share += self._source.fastest / REAL_LIMIT
        return min(longest, 1.0 / share) if share > 0.0 else longest

    def advance(self, t: float, dt: float, count: int, latest: float) -> None:
        """Do `count` steps of length dt from time t, data no later than `latest`; several if the flux is steady."""
        if self.steady:
            self._stages(self._data(t, self._base), t, dt, 0, 3 * count)
        else:
            for k, node in enumerate(SSPRK3.nodes):
                at = min(t + node * dt, latest)
                source = (self._base, 1 - self._base, 2)[k]
                self._stages(self._data(at, source), at, dt, k, 1)

    def _stages(self, data: Floats, t: float, dt: float, first: int, count: int) -> None:
        self._base = self._loop(
            self._states, self._atoms, self._work, data if self._centres is None else (data, self._centres),
            self._constants, self._ends,
            (dt, self._grid.h, t, self._rate), (first, count, self._base),
        )  # fmt: skip

    def _data(self, t: float, row: int) -> Floats:
        mean = first_moment(self._grid, self._states[row, 1:-1], self._atoms[row]) if self._flux.needs_mean else None
        return self._flux.data(self._grid, t, mean)


def check_diffusion(diffusivity: Diffusivity, boundary: Boundary, fourier: float, most: float) -> None:
    """Refuse ends that diffusion cannot have, and a `fourier` beyond the stable one."""
    if boundary not in ("periodic", "reflecting"):
        raise InputError(f"boundary = {boundary!r} with diffusion: allowed are periodic, reflecting")
    if not 0.0 < fourier <= most:
        raise InputError(f"fourier = {fourier!r} must lie in (0, {most:.4f}] for the form {diffusivity.form!r}")
