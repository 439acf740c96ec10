"""The equation of a model, and conservation laws as such: from cell averages to the record of a run.

`solve` takes a model, `evolve` any problem, which `kinetic.problem` writes out; the time loop is in `kinetic.loop`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kinetic import pace
from kinetic.grid import Grid
from kinetic.limit import initial_law
from kinetic.line.reconstruction import CWENO3
from kinetic.loop import drive
from kinetic.problem import Problem
from kinetic.schemes import Explicit, Scheme, require_scheme
from kinetic.solution import Solution
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_type
from particles.base.errors import InputError
from particles.base.provenance import provenance
from particles.model import Model

_EXPLICIT = Explicit()


def solve(
    model: Model,
    grid: Grid,
    scheme: Scheme = _EXPLICIT,
    *,
    until: float,
    times: Sequence[float] = (),
    averages: Floats | None = None,
    atoms: Sequence[float] | None = None,
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
    scheme : Scheme, default Explicit()
        With noise also `Imex()`, of third order too, whose steps grow with h and not with h^2, or `ChangCooper()`, of
        second order, positive and at rest where the model is, for long times.
    until, times, residual, progress, heed
        As for `evolve`.
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
    problem, outside = Problem.of(model, grid), (0.0, 0.0)
    if averages is None:
        averages, outside = _start(model, problem, grid)
    return evolve(
        problem, averages, grid, scheme, until=until, times=times, atoms=outside if atoms is None else atoms,
        residual=residual, progress=progress, heed=heed, about={"model": model.describe()},
    )  # fmt: skip


def evolve(
    problem: Problem,
    averages: Floats,
    grid: Grid,
    scheme: Scheme = _EXPLICIT,
    *,
    until: float,
    times: Sequence[float] = (),
    start: float = 0.0,
    atoms: Sequence[float] = (0.0, 0.0),
    residual: float | None = None,
    progress: Callable[[float], None] | None = None,
    heed: Callable[[Sequence[str]], None] = lambda cautions: None,
    about: dict[str, Any] | None = None,
) -> Solution:
    """Solve a scalar conservation law, with diffusion and a source if it has them, from given cell averages.

    Parameters
    ----------
    problem : Problem
    averages : ndarray, shape (N,)
    grid : Grid
    scheme : Scheme, default Explicit()
        See `kinetic.schemes`.
    until : float >= start
        End of the run; stored, unless the run ends before it.
    times : sequence of float in [start, until], default ()
        Further times to store, met exactly.
    start : float, default 0
    atoms : (float, float), default (0, 0)
        Masses at both ends.
    residual : float >= 0, optional
        End early, past the last breakpoint, once h sum abs(u_j(t) - u_j(s)) <= residual (t - s) between two looks at
        the state, which are at most 100 steps apart.
    progress : callable, optional
        Called with the time now and then.
    heed : callable, optional
        Called once, before the first step and after every refusal, with the record's "cautions".
    about : dict, optional
        Added to the record's provenance; values for JSON.

    Raises
    ------
    InputError
        If an argument is out of its range or not finite, the scheme does not suit the problem, or the run needs more
        steps than a day holds.
    NotFiniteError
        If a cell stops being finite; names the first one, its x and t.
    """
    require_type("problem", problem, Problem, "a Problem")
    require_type("grid", grid, Grid, "a Grid")
    stored = stored_times(start, until, times)
    averages, ends = _given(averages, atoms, grid)
    if residual is not None and not 0.0 <= residual < math.inf:
        raise InputError(f"residual = {residual!r} must be a finite rate of at least 0")
    if residual is not None and problem.varying:
        raise InputError(f"residual = {residual!r}: weight and bias that are functions of time never come to rest")
    require_scheme(scheme, noisy=problem.diffusivity is not None)
    stepper, cfl = scheme.stepper(problem, averages, grid, ends), scheme.cfl
    breaks = problem.breaks(start, until)
    ahead = pace.Ahead(stepper, start, until, cfl) if problem.varying and until > start else None
    cautions = pace.judge(pace.count_steps(stepper, start, [*stored, *breaks], cfl, ahead), grid, residual)
    heed(cautions)
    run = drive(
        stepper, start, stored, grid=grid, cfl=cfl, steps=scheme.steps, jumps=breaks, residual=residual, ahead=ahead,
        progress=progress,
    )  # fmt: skip
    used = scheme.reconstruction
    return Solution(
        grid=grid,
        scheme=scheme,
        reconstruction=used.of_run(grid.h, averages) if isinstance(used, CWENO3) else used,
        boundary=problem.boundary,
        provenance={**(about or {}), "cautions": cautions, **provenance()},
        **run._asdict(),
    )


def stored_times(start: float, until: float, times: Sequence[float]) -> tuple[float, ...]:
    """Return the times that a run stores, increasing in [start, until], `until` among them, or InputError."""
    if not (math.isfinite(start) and math.isfinite(until) and until >= start):
        raise InputError(f"until = {until!r} must be finite and not before the start {start!r}")
    for t in times:
        if not start <= t <= until:
            raise InputError(f"times: {t!r} must lie in [{start!r}, {until!r}]")
    return tuple(sorted({*(float(t) for t in times), float(until)}))


def _start(model: Model, problem: Problem, grid: Grid) -> tuple[Floats, tuple[float, float]]:
    """Exact cell averages of the initial law and the masses at the ends; reflecting ends send theirs back inside."""
    law = initial_law(model, grid)
    if problem.boundary == "reflecting":
        return grid.inside(law), (0.0, 0.0)
    return grid.averages(law), (float(law.cdf(grid.lo)), 1.0 - float(law.cdf(grid.hi)))


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
