"""The equation of a model, and conservation laws as such: from cell averages to the record of a run.

`solve` takes a model, `evolve` any problem, which `kinetic.problem` writes out; the time loop is in `kinetic.loop`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Required, TypedDict, Unpack, overload

import numpy as np
from numpy.typing import ArrayLike

from kinetic import pace
from kinetic.grid import Grid, first_not_finite
from kinetic.line.reconstruction import CWENO3, Reconstruction
from kinetic.loop import drive
from kinetic.plane.grid import Plane
from kinetic.plane.problem import PlaneProblem
from kinetic.plane.solution import PlaneSolution
from kinetic.problem import Problem
from kinetic.schemes import Explicit, Scheme, require_scheme
from kinetic.solution import Solution
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_type
from particles.base.errors import InputError
from particles.base.provenance import provenance
from particles.model import Model

_EXPLICIT = Explicit()


class Kind(NamedTuple):
    """What goes with a grid: its problems and its records, and what turns its averages into a density."""

    problem: Any
    record: Any
    used: Callable[[Reconstruction, Any, Floats], Reconstruction]


def _of_run(used: Reconstruction, grid: Grid, averages: Floats) -> Reconstruction:
    return used.of_run(grid.h, averages) if isinstance(used, CWENO3) else used


_KINDS: dict[type, Kind] = {
    Grid: Kind(Problem, Solution, _of_run),
    Plane: Kind(PlaneProblem, PlaneSolution, lambda used, grid, averages: used),
}


def kind_of(grid: Grid | Plane) -> Kind:
    """Return what goes with a grid, or raise InputError where it is none."""
    require_type("grid", grid, tuple(_KINDS), "a Grid or a Plane")
    return next(kind for grids, kind in _KINDS.items() if isinstance(grid, grids))


class _Options(TypedDict, total=False):
    """Keywords of `solve` and `evolve`."""

    until: Required[float]
    times: Sequence[float]
    atoms: ArrayLike | None
    residual: float | None
    progress: Callable[[float], None] | None
    heed: Callable[[Sequence[str]], None]


class _OfModel(_Options, total=False):
    averages: Floats | None


class _OfProblem(_Options, total=False):
    start: float
    about: dict[str, Any] | None


@overload
def solve(model: Model, grid: Grid, scheme: Scheme = ..., **options: Unpack[_OfModel]) -> Solution: ...
@overload
def solve(model: Model, grid: Plane, scheme: Scheme = ..., **options: Unpack[_OfModel]) -> PlaneSolution: ...
def solve(
    model: Model,
    grid: Any,
    scheme: Scheme = _EXPLICIT,
    *,
    until: float,
    times: Sequence[float] = (),
    averages: Floats | None = None,
    atoms: ArrayLike | None = None,
    residual: float | None = None,
    progress: Callable[[float], None] | None = None,
    heed: Callable[[Sequence[str]], None] = lambda cautions: None,
) -> Any:
    """Solve the mean-field equation of a model, with noise its Fokker-Planck equation, from its initial law.

    Without noise, mass that the law has outside the grid is put at the ends, and what flows out is kept there: at a
    wall an atom of the solution, without walls the mass beyond the end, which does not come back. With noise, or where
    walls reflect, nothing passes the ends of the grid, and mass outside it starts in the cells at its ends. The total
    stays 1 to rounding.

    Parameters
    ----------
    model : Model
        On a Grid d = N = 1; finite walls, if any, at the ends of the grid, and reflecting where there is noise. On a
        Plane d = 2, N = 1.
    grid : Grid or Plane
        The record is a `Solution`, or a `PlaneSolution`.
    scheme : Scheme, default Explicit()
        With noise also `Imex()`, of third order too, whose steps grow with h and not with h^2, or `ChangCooper()`, of
        second order, positive and at rest where the model is, for long times.
    until, times, residual, progress, heed
        As for `evolve`.
    averages : ndarray, shape (N,), in the plane (N_y, N_x), optional
        Initial cell averages; default: exact ones of the initial law.
    atoms : (float, float), in the plane as in `PlaneSolution.atoms`, optional
        Initial masses at the ends; default: those of the law outside the grid, or 0 with given averages.

    Raises
    ------
    InputError
        If the model does not fit the grid, or as `evolve`.
    NotFiniteError
        As `evolve`.
    """
    problem, outside = kind_of(grid).problem.of(model, grid), np.zeros(grid.atoms)
    if averages is None and problem.boundary == "reflecting":  # ends that reflect send back inside what lies beyond
        averages = grid.inside(model.initial)
    elif averages is None:
        averages, outside = grid.averages(model.initial), grid.outside(model.initial)
    return evolve(
        problem, averages, grid, scheme, until=until, times=times, atoms=outside if atoms is None else atoms,
        residual=residual, progress=progress, heed=heed, about={"model": model.describe()},
    )  # fmt: skip


@overload
def evolve(
    problem: Problem, averages: Floats, grid: Grid, scheme: Scheme = ..., **options: Unpack[_OfProblem]
) -> Solution: ...
@overload
def evolve(
    problem: PlaneProblem, averages: Floats, grid: Plane, scheme: Scheme = ..., **options: Unpack[_OfProblem]
) -> PlaneSolution: ...
def evolve(
    problem: Any,
    averages: Floats,
    grid: Any,
    scheme: Scheme = _EXPLICIT,
    *,
    until: float,
    times: Sequence[float] = (),
    start: float = 0.0,
    atoms: ArrayLike | None = None,
    residual: float | None = None,
    progress: Callable[[float], None] | None = None,
    heed: Callable[[Sequence[str]], None] = lambda cautions: None,
    about: dict[str, Any] | None = None,
) -> Any:
    """Solve a scalar conservation law, with diffusion and a source if it has them, from given cell averages.

    Parameters
    ----------
    problem : Problem, in the plane PlaneProblem
    averages : ndarray, shape (N,), in the plane (N_y, N_x)
    grid : Grid or Plane
    scheme : Scheme, default Explicit()
        See `kinetic.schemes`.
    until : float >= start
        End of the run; stored, unless the run ends before it.
    times : sequence of float in [start, until], default ()
        Further times to store, met exactly.
    start : float, default 0
    atoms : (float, float), default 0
        Masses at both ends; in the plane those at its edge, as in `PlaneSolution.atoms`.
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
    kind = kind_of(grid)
    require_type("problem", problem, kind.problem, f"a {kind.problem.__name__}")
    stored = stored_times(start, until, times)
    averages, ends = _given(averages, atoms, grid)
    if residual is not None and not 0.0 <= residual < math.inf:
        raise InputError(f"residual = {residual!r} must be a finite rate of at least 0")
    if residual is not None and problem.varying:
        raise InputError(f"residual = {residual!r}: weight and bias that are functions of time never come to rest")
    require_scheme(scheme, noisy=problem.noisy, in_plane=isinstance(problem, PlaneProblem))
    stepper, cfl = scheme.stepper(problem, averages, grid, ends), scheme.cfl
    breaks = problem.breaks(start, until)
    ahead = pace.Ahead(stepper, start, until, cfl) if problem.varying and until > start else None
    cautions = pace.judge(pace.count_steps(stepper, start, [*stored, *breaks], cfl, ahead), grid, residual)
    heed(cautions)
    run = drive(
        stepper, start, stored, grid=grid, cfl=cfl, steps=scheme.steps, jumps=breaks, residual=residual, ahead=ahead,
        progress=progress,
    )  # fmt: skip
    return kind.record(
        grid=grid,
        scheme=scheme,
        reconstruction=kind.used(scheme.reconstruction, grid, averages),
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


def _given(averages: ArrayLike, atoms: ArrayLike | None, grid: Grid | Plane) -> tuple[Floats, Floats]:
    """Averages and atoms as plain arrays that fit the grid."""
    averages = as_floats(averages, "averages", finite=False, ndim=(len(grid.shape),))
    atoms = np.zeros(grid.atoms) if atoms is None else np.array(as_floats(atoms, "atoms"))
    if averages.shape != grid.shape:
        allowed = "(N_y, N_x) = " if len(grid.shape) > 1 else ""
        raise InputError(f"averages of shape {averages.shape} do not fit: allowed is {allowed}{grid.shape}")
    index = first_not_finite(averages)
    if index is not None:
        told = ", ".join(map(str, index))
        raise InputError(f"averages[{told}] = {averages[index]} ({grid.where(index)}) must be finite")
    if atoms.shape != (grid.atoms,):
        count = "two" if grid.atoms == 2 else f"{grid.atoms}"
        raise InputError(f"atoms = {atoms.tolist()!r:.80} must be {count} finite masses")
    return averages, atoms
