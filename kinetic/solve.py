"""The equation of a model, and conservation laws as such: from cell averages to the record of a run.

    d_t g + d_x F = d_xx (D g) + k S(g),   D = (nu^2/2) K(x)^2      (arXiv 2001.04294, (4), (8), (22))

(K = x is missing from (22): docs/errata.md, E37.) `solve` takes a model, `evolve` a flux. The schemes have files of
their own, the time loop is in `kinetic.loop`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kinetic import jumps, pace
from kinetic.chang_cooper import ChangCooper, StructurePreserving
from kinetic.diffusion import Diffusivity
from kinetic.flux import Boundary, Flux
from kinetic.grid import Grid
from kinetic.imex import Imex
from kinetic.integrate import FOURIER, Integrator
from kinetic.limit import fokker_planck, initial_law
from kinetic.limiter import LONGEST
from kinetic.loop import STEPS, Run, Stepper, Steps, drive
from kinetic.reconstruction import CWENO3, Reconstruction
from kinetic.solution import Solution
from kinetic.source import Source
from particles.base.arrays import Floats, as_floats
from particles.base.errors import InputError
from particles.base.provenance import provenance
from particles.model import Model

SCHEMES = ("explicit", "imex", "chang-cooper")


def solve(
    model: Model,
    grid: Grid,
    *,
    until: float,
    times: Sequence[float] = (),
    averages: Floats | None = None,
    atoms: Sequence[float] | None = None,
    scheme: str | StructurePreserving = "explicit",
    reconstruction: Reconstruction | None = None,
    cfl: float = 0.45,
    fourier: float = FOURIER,
    steps: Steps = "equal",
    residual: float | None = None,
    progress: Callable[[float], None] | None = None,
    heed: Callable[[Sequence[str]], None] = lambda cautions: None,
) -> Solution:
    """Solve the mean-field equation of a model, with noise its Fokker-Planck equation, from its initial law.

    Without noise, mass that the law has outside the grid is put at the ends, and what flows out is kept there: at a
    wall an atom of the solution, without walls the mass beyond the end, which does not come back. With noise, or where
    walls reflect, nothing passes the ends of the grid, and mass outside it starts in the cells at its ends. The total
    stays 1 to rounding.

    Parameters
    ----------
    model : Model
        d = N = 1; finite walls, if any, at the ends of the grid, and reflecting where there is noise.
    grid : Grid
    until, times, reconstruction, cfl, fourier, steps, residual, progress
        As for `evolve`; steps never straddle a jump of the model's parameters, functions of time included.
    averages : ndarray, shape (N,), optional
        Initial cell averages; default: exact ones of the initial law.
    atoms : (float, float), optional
        Initial masses at the ends; default: those of the law outside the grid, or 0 with given averages.
    scheme : "explicit", "imex", "chang-cooper" or StructurePreserving, default "explicit"
        CWENO3, fourth-order differences and third-order SSP Runge-Kutta. With noise: the same with implicit diffusion,
        of third order too, whose step grows with h and not with h^2; or the second-order scheme that stays positive and
        rests where the model does, for long times. The step of both is `cfl` times what accuracy asks for.
    heed : callable, optional
        Called once, before the first step and after every refusal, with the record's "cautions".

    Raises
    ------
    InputError
        If the model does not fit the grid, the run needs more steps than a day holds, or as `evolve`.
    NotFiniteError
        As `evolve`.
    """
    stored = stored_times(0.0, until, times)
    if residual is not None and model.varying:
        raise InputError(f"residual = {residual!r}: weight and bias that are functions of time never come to rest")
    flux, diffusivity, boundary = fokker_planck(model, grid)
    if averages is None:
        averages, outside = _start(model, grid, boundary)
        atoms = outside if atoms is None else atoms
    averages, ends = _given(averages, (0.0, 0.0) if atoms is None else atoms, grid)
    reconstruction = CWENO3() if reconstruction is None else reconstruction
    _check(reconstruction, cfl, steps, residual)
    if scheme not in SCHEMES and not isinstance(scheme, StructurePreserving):
        raise InputError(f"scheme = {scheme!r} must be one of {', '.join(SCHEMES)}")
    stepper: Stepper
    if scheme == "explicit":
        stepper = Integrator(
            flux, grid, reconstruction, boundary, averages, ends, diffusivity=diffusivity, fourier=fourier
        )
        constants = _constants(reconstruction, diffusivity, fourier)
    elif diffusivity is None:
        raise InputError(f"scheme = {scheme!r} needs noise: nu2 = 0.0 must be above 0")
    elif scheme == "imex":
        stepper = Imex(flux, grid, reconstruction, "reflecting", averages, ends, diffusivity.values)
        constants = {**_constants(reconstruction, None, fourier), "time": "ARK3(2)4L[2]SA", "diffusion": "implicit"}
    else:
        chosen = scheme if isinstance(scheme, StructurePreserving) else StructurePreserving()
        stepper = ChangCooper(jumps.equation(model), grid, averages, chosen, atoms=ends.tolist())
        constants = {"flux": "Chang-Cooper", **asdict(chosen)}
    breaks, ahead = pace.breaks(model, until), pace.ahead(model, stepper, until, cfl)
    cautions = pace.judge(pace.count_steps(stepper, 0.0, [*stored, *breaks], cfl, ahead), grid, residual)
    heed(cautions)
    run = drive(
        stepper, 0.0, stored, width=grid.h, cfl=cfl, steps=steps, jumps=breaks, residual=residual, ahead=ahead,
        progress=progress,
    )  # fmt: skip
    about = {"model": model.describe(), "scheme": {**constants, "cfl": cfl, "steps": steps}, "cautions": cautions}
    return _record(run, grid, _kept(reconstruction, grid, averages), boundary, about)


def evolve(
    flux: Flux,
    averages: Floats,
    grid: Grid,
    *,
    until: float,
    times: Sequence[float] = (),
    boundary: Boundary,
    start: float = 0.0,
    diffusivity: Diffusivity | None = None,
    source: Source | None = None,
    reconstruction: Reconstruction | None = None,
    cfl: float = 0.45,
    fourier: float = FOURIER,
    steps: Steps = "equal",
    atoms: Sequence[float] = (0.0, 0.0),
    breakpoints: Sequence[float] = (),
    residual: float | None = None,
    progress: Callable[[float], None] | None = None,
    about: dict[str, Any] | None = None,
) -> Solution:
    """Solve a scalar conservation law, with diffusion and a source if they are given, from given cell averages.

    Parameters
    ----------
    flux : LinearFlux or NonlinearFlux
    averages : ndarray, shape (N,)
    grid : Grid
    until : float >= start
        End of the run; stored, unless the run ends before it.
    times : sequence of float in [start, until], default ()
        Further times to store, met exactly.
    boundary : "periodic", "wall", "outflow" or "reflecting"
        See `kinetic.flux`; with diffusion the first or the last.
    start : float, default 0
    diffusivity : Diffusivity, optional
    source : Source, optional
    reconstruction : CWENO3 or Linear, default CWENO3()
    cfl : float in (0, 1], default 0.45
        dt <= cfl h/max abs(F') and dt <= cfl/max abs(k S'), taken anew every step unless the flux is steady; at most
        1/6 with a positive reconstruction.
    fourier : float, default 0.4
        dt <= fourier h^2/max D; see `kinetic.integrate` for what both make together.
    steps : "equal" or "cut", default "equal"
        Equal steps between two stored times, or longest steps with the last one cut.
    atoms : (float, float), default (0, 0)
        Masses at both ends.
    breakpoints : sequence of float, default ()
        Times at which the flux jumps; no step straddles one.
    residual : float >= 0, optional
        End early, past the last breakpoint, once h sum abs(u_j(t) - u_j(s)) <= residual (t - s) between two looks at
        the state, which are at most 100 steps apart.
    progress : callable, optional
        Called with the time now and then.
    about : dict, optional
        Added to the record's provenance; values for JSON.

    Raises
    ------
    InputError
        If an argument is out of its range or not finite, or the run needs more steps than a day holds.
    NotFiniteError
        If a cell stops being finite; names the first one, its x and t.
    """
    reconstruction = CWENO3() if reconstruction is None else reconstruction
    stored = stored_times(start, until, times)
    averages, ends = _given(averages, atoms, grid)
    _check(reconstruction, cfl, steps, residual)
    stepper = Integrator(
        flux, grid, reconstruction, boundary, averages, ends,
        diffusivity=diffusivity, source=source, fourier=fourier,
    )  # fmt: skip
    breaks = [float(b) for b in breakpoints if start < b <= until]
    cautions = pace.judge(pace.count_steps(stepper, start, [*stored, *breaks], cfl, None), grid, residual)
    run = drive(
        stepper, start, stored, width=grid.h, cfl=cfl, steps=steps, jumps=breaks, residual=residual, progress=progress
    )
    scheme = {**_constants(reconstruction, diffusivity, fourier), "cfl": cfl, "steps": steps}
    return _record(
        run,
        grid,
        _kept(reconstruction, grid, averages),
        boundary,
        {**(about or {}), "scheme": scheme, "cautions": cautions},
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


def _start(model: Model, grid: Grid, boundary: Boundary) -> tuple[Floats, tuple[float, float]]:
    """Exact cell averages of the initial law and the masses at the ends; reflecting ends send theirs back inside."""
    law = initial_law(model, grid)
    averages = grid.averages(law)
    low, high = float(law.cdf(grid.lo)), 1.0 - float(law.cdf(grid.hi))
    if boundary != "reflecting":
        return averages, (low, high)
    averages[0] += low / grid.h
    averages[-1] += high / grid.h
    return averages, (0.0, 0.0)


def _constants(reconstruction: Reconstruction, diffusivity: Diffusivity | None, fourier: float) -> dict[str, Any]:
    """What the record of a run says of the explicit scheme."""
    scheme = {"reconstruction": type(reconstruction).__name__, **asdict(reconstruction), "time": "SSPRK3"}
    return scheme if diffusivity is None else {**scheme, "diffusion": diffusivity.form, "fourier": fourier}


def _kept(reconstruction: Reconstruction, grid: Grid, averages: Floats) -> Reconstruction:
    """The reconstruction as the run had it, a relative eps as its number: that of its parabolas at every time."""
    return reconstruction.of_run(grid.h, averages) if isinstance(reconstruction, CWENO3) else reconstruction


def _record(
    run: Run, grid: Grid, reconstruction: Reconstruction, boundary: Boundary, about: dict[str, Any]
) -> Solution:
    return Solution(
        grid=grid,
        reconstruction=reconstruction,
        boundary=boundary,
        provenance={**about, **provenance()},
        **run._asdict(),
    )


def _given(averages: ArrayLike, atoms: ArrayLike, grid: Grid) -> tuple[Floats, Floats]:
    """Averages and atoms as plain arrays that fit the grid."""
    averages, atoms = as_floats(averages, "averages", finite=False), np.array(as_floats(atoms, "atoms"))
    if averages.shape != (grid.cells,):
        raise InputError(f"averages of shape {averages.shape} do not fit: allowed is ({grid.cells},)")
    finite = np.isfinite(averages)
    if not finite.all():
        j = int(np.argmin(finite))
        raise InputError(f"averages[{j}] = {averages[j]} (x = {grid.centres[j]:.6g}) must be finite")
    if atoms.shape != (2,):
        raise InputError(f"atoms = {atoms.tolist()!r} must be two finite masses")
    return averages, atoms


def _check(reconstruction: Reconstruction, cfl: float, steps: Steps, residual: float | None) -> None:
    if not 0.0 < cfl <= 1.0:
        raise InputError(f"cfl = {cfl!r} must lie in (0, 1]")
    if reconstruction.positive and cfl > LONGEST:
        raise InputError(f"cfl = {cfl!r} must be at most 1/6 where the reconstruction is positive")
    if steps not in STEPS:
        raise InputError(f"steps = {steps!r} must be one of {', '.join(STEPS)}")
    if residual is not None and not 0.0 <= residual < math.inf:
        raise InputError(f"residual = {residual!r} must be a finite rate of at least 0")
