"""Finite volumes for d_t u + d_x F(u, x, t) = 0: the time loop, and the mean-field equation of a model as its user.

u_j' = -(F_{j+1/2} - F_{j-1/2})/h,   u_j the average over cell j      (arXiv 2001.04294, (22), (23) without noise)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from kinetic.flux import Boundary, Flux
from kinetic.grid import Grid
from kinetic.integrate import STEPS, Integrator, Steps, plan
from kinetic.limit import initial_law, mean_field
from kinetic.reconstruction import CWENO3, Reconstruction
from kinetic.solution import Solution
from particles.base.arrays import Floats
from particles.base.errors import InputError, NotFiniteError
from particles.base.provenance import provenance
from particles.model import Model

CHUNK = 100
"""Steps of a steady flux between two looks at the state and two reports of progress."""
BEFORE = 1e-11
"""The last stages before a jump take the flux so much earlier: parameters give their new value 1e-12 ahead of it."""


def solve(
    model: Model,
    grid: Grid,
    *,
    until: float,
    times: Sequence[float] = (),
    averages: Floats | None = None,
    atoms: Sequence[float] | None = None,
    reconstruction: Reconstruction | None = None,
    cfl: float = 0.45,
    steps: Steps = "equal",
    progress: Callable[[float], None] | None = None,
) -> Solution:
    """Solve the mean-field equation of a model from its initial law.

    Mass that the law has outside the grid is put at the ends, and what flows out is kept there: at a wall an atom of
    the solution, without walls the mass beyond the end, which does not come back. The total stays 1 to rounding.

    Parameters
    ----------
    model : Model
        d = N = 1; walls, if any, at the ends of the grid.
    grid : Grid
    until, times, reconstruction, cfl, steps, progress
        As for `evolve`; steps never straddle a jump of the model's parameters.
    averages : ndarray, shape (N,), optional
        Initial cell averages; default: exact ones of the initial law.
    atoms : (float, float), optional
        Initial masses at the ends; default: those of the law outside the grid, or 0 with given averages.

    Raises
    ------
    InputError
        If the model does not fit the grid, or as `evolve`.
    NotFiniteError
        As `evolve`.
    """
    flux, law = mean_field(model, grid), initial_law(model, grid)
    if atoms is None and averages is None:
        atoms = (float(law.cdf(grid.lo)), 1.0 - float(law.cdf(grid.hi)))
    return evolve(
        flux,
        grid.averages(law) if averages is None else averages,
        grid,
        until=until,
        times=times,
        boundary="wall",
        reconstruction=reconstruction,
        cfl=cfl,
        steps=steps,
        atoms=(0.0, 0.0) if atoms is None else atoms,
        breakpoints=model.breakpoints,
        progress=progress,
        about={"model": model.describe()},
    )


def evolve(
    flux: Flux,
    averages: Floats,
    grid: Grid,
    *,
    until: float,
    times: Sequence[float] = (),
    boundary: Boundary,
    start: float = 0.0,
    reconstruction: Reconstruction | None = None,
    cfl: float = 0.45,
    steps: Steps = "equal",
    atoms: Sequence[float] = (0.0, 0.0),
    breakpoints: Sequence[float] = (),
    progress: Callable[[float], None] | None = None,
    about: dict[str, Any] | None = None,
) -> Solution:
    """Solve a scalar conservation law from given cell averages.

    Parameters
    ----------
    flux : LinearFlux or NonlinearFlux
    averages : ndarray, shape (N,)
    grid : Grid
    until : float >= start
        End of the run; always stored.
    times : sequence of float in [start, until], default ()
        Further times to store, met exactly.
    boundary : "periodic", "wall" or "outflow"
        See `kinetic.flux`.
    start : float, default 0
    reconstruction : CWENO3 or Linear, default CWENO3()
    cfl : float in (0, 1], default 0.45
        dt <= cfl h/max abs(F'), taken anew every step unless the flux is steady.
    steps : "equal" or "cut", default "equal"
        Equal steps between two stored times, or longest steps with the last one cut.
    atoms : (float, float), default (0, 0)
        Masses at both ends.
    breakpoints : sequence of float, default ()
        Times at which the flux jumps; no step straddles one.
    progress : callable, optional
        Called with the time now and then.
    about : dict, optional
        Added to the record's provenance; values for JSON.

    Raises
    ------
    InputError
        If an argument is out of its range or not finite.
    NotFiniteError
        If a cell stops being finite; names the first one, its x and t.
    """
    reconstruction = CWENO3() if reconstruction is None else reconstruction
    stored = stored_times(start, until, times)
    _check(averages, atoms, grid, cfl, steps)
    jumps = {float(b) for b in breakpoints if start < b <= until}
    state = Integrator(flux, grid, reconstruction, boundary, averages, np.asarray(atoms, dtype=np.float64))
    t, done = start, 0
    snapshots, ends = [], []
    for stop in sorted({*stored, *jumps}):
        latest = stop - BEFORE * abs(stop) if stop in jumps else stop
        while t < stop:
            dt, count = plan(stop - t, state.longest_step(t, cfl), steps)
            if t + dt == t:
                raise NotFiniteError(f"the time step {dt:.3g} no longer advances t = {t:.6g}: the speeds blow up")
            now = min(count, CHUNK) if flux.steady else 1
            state.advance(t, dt, now, latest)
            t = stop if now * dt >= stop - t or (now == count and steps == "equal") else t + now * dt
            done += now
            if progress is not None:
                progress(t)
        if stop in stored:
            snapshots.append(state.averages.copy())
            ends.append(state.atoms.copy())
    scheme = {"reconstruction": type(reconstruction).__name__, **asdict(reconstruction)}
    record = {**(about or {}), "scheme": {**scheme, "time": "SSPRK3", "cfl": cfl, "steps": steps}, **provenance()}
    return Solution(
        times=stored,
        grid=grid,
        averages=np.array(snapshots),
        atoms=np.array(ends),
        reconstruction=reconstruction,
        boundary=boundary,
        steps=done,
        provenance=record,
    )


def stored_times(start: float, until: float, times: Sequence[float]) -> tuple[float, ...]:
    """Return the times that a run stores, increasing, `until` among them.

    Raises
    ------
    InputError
        If one is not finite or lies outside [start, until].
    """
    if not (math.isfinite(start) and math.isfinite(until) and until >= start):
        raise InputError(f"until = {until!r} must be finite and not before the start {start!r}")
    for t in times:
        if not start <= t <= until:
            raise InputError(f"times: {t!r} must lie in [{start!r}, {until!r}]")
    return tuple(sorted({*(float(t) for t in times), float(until)}))


def _check(averages: Floats, atoms: Sequence[float], grid: Grid, cfl: float, steps: Steps) -> None:
    if np.shape(averages) != (grid.cells,):
        raise InputError(f"averages of shape {np.shape(averages)} do not fit: allowed is ({grid.cells},)")
    finite = np.isfinite(averages)
    if not finite.all():
        j = int(np.argmin(finite))
        raise InputError(f"averages[{j}] = {averages[j]} (x = {grid.centres[j]:.6g}) must be finite")
    if np.shape(atoms) != (2,) or not np.isfinite(atoms).all():
        raise InputError(f"atoms = {atoms!r} must be two finite masses")
    if not 0.0 < cfl <= 1.0:
        raise InputError(f"cfl = {cfl!r} must lie in (0, 1]")
    if steps not in STEPS:
        raise InputError(f"steps = {steps!r} must be one of {', '.join(STEPS)}")
