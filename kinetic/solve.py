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
from kinetic.checkpoint import digest, keeping
from kinetic.grid import FEWEST_CELLS, Grid, first_not_finite
from kinetic.line.reconstruction import CWENO3, Reconstruction
from kinetic.loop import Share, Stepper, Whole, drive
from kinetic.plane.grid import Plane
from kinetic.plane.problem import PlaneProblem
from kinetic.plane.solution import PlaneSolution
from kinetic.plane.strips import Strips
from kinetic.problem import Problem
from kinetic.schemes import Explicit, Scheme, require_scheme
from kinetic.solution import Solution
from particles.base import parallel
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_type
from particles.base.errors import InputError
from particles.base.provenance import provenance
from particles.base.watch import Checkpoints
from particles.model import Model

_EXPLICIT = Explicit()


class Kind(NamedTuple):
    """What goes with a grid: problems and records, what turns averages into a density, and the share of a rank."""

    problem: Any
    record: Any
    used: Callable[[Reconstruction, Any, Floats], Reconstruction]
    share: Callable[[Any, Any], Share]


def _of_run(used: Reconstruction, grid: Grid, averages: Floats) -> Reconstruction:
    return used.of_run(grid.h, averages) if isinstance(used, CWENO3) else used


_KINDS: dict[type, Kind] = {
    Grid: Kind(Problem, Solution, _of_run, lambda grid, comm: Whole(grid)),
    Plane: Kind(
        PlaneProblem,
        PlaneSolution,
        lambda used, grid, averages: used,
        lambda grid, comm: Strips(grid, parallel.of(comm)),
    ),
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
    comm: Any
    everywhere: bool
    checkpoints: Checkpoints | None


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
    comm: Any = None,
    everywhere: bool = True,
    checkpoints: Checkpoints | None = None,
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
    until, times, residual, progress, heed, comm, everywhere, checkpoints
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
    kind = kind_of(grid)
    problem, outside, share = kind.problem.of(model, grid), np.zeros(grid.atoms), kind.share(grid, comm)
    if averages is not None:
        own = _own_rows(averages, share, grid)
    elif problem.boundary == "reflecting":  # ends that reflect send back inside what lies beyond
        own = share.inside(model.initial)
    else:
        own, outside = share.averages(model.initial), grid.outside(model.initial)
    return _carry(
        problem, own, grid, scheme, share, until=until, times=times, atoms=outside if atoms is None else atoms,
        residual=residual, progress=progress, heed=heed, everywhere=everywhere, checkpoints=checkpoints,
        about={"model": model.describe()},
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
    comm: Any = None,
    everywhere: bool = True,
    checkpoints: Checkpoints | None = None,
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
    comm : mpi4py communicator, optional
        In the plane the ranks that share the work, by default all of the job: every one of them calls, with the same
        arguments, and the record is the same bytes on any number of them. On the line every rank works by itself.
    everywhere : bool, default True
        Every rank gets the record. False: rank 0 alone, which then gets the others' rows one rank after the other; the
        others get None, and need memory for their own rows alone.
    checkpoints : Checkpoints, optional
        Where and when to write what a restart needs, and whether this is one; see `particles.Checkpoints`. They are
        written at looks at the state, and the run goes on with the same bytes on any number of ranks.

    Raises
    ------
    InputError
        If an argument is out of its range or not finite, the scheme does not suit the problem, or the run needs more
        steps than a day holds.
    NotFiniteError
        If a cell stops being finite; names the first one, its x and t.
    Stopped
        If `checkpoints` asked to leave.
    """
    kind = kind_of(grid)
    require_type("problem", problem, kind.problem, f"a {kind.problem.__name__}")
    share = kind.share(grid, comm)
    return _carry(
        problem, _own_rows(averages, share, grid), grid, scheme, share, until=until, times=times, start=start,
        atoms=atoms, residual=residual, progress=progress, heed=heed, everywhere=everywhere, checkpoints=checkpoints,
        about=about,
    )  # fmt: skip


def _carry(
    problem: Any,
    averages: Floats,
    grid: Any,
    scheme: Scheme,
    share: Share,
    *,
    until: float,
    times: Sequence[float],
    start: float = 0.0,
    atoms: ArrayLike | None,
    residual: float | None,
    progress: Callable[[float], None] | None,
    heed: Callable[[Sequence[str]], None],
    everywhere: bool,
    checkpoints: Checkpoints | None,
    about: dict[str, Any] | None,
) -> Any:
    """What `evolve` does, from the averages of this rank's cells."""
    kind, ranks = kind_of(grid), share.ranks
    stored = stored_times(start, until, times)
    averages, ends = _given(averages, atoms, share, grid)
    if residual is not None and not 0.0 <= residual < math.inf:
        raise InputError(f"residual = {residual!r} must be a finite rate of at least 0")
    if residual is not None and problem.varying:
        raise InputError(f"residual = {residual!r}: weight and bias that are functions of time never come to rest")
    require_scheme(scheme, noisy=problem.noisy, in_plane=isinstance(problem, PlaneProblem), ranks=ranks.size)
    if ranks.size > 1:
        _compile(problem, grid, scheme, ranks, start)
    stepper, cfl = _stepper(scheme, problem, averages, grid, ends, share), scheme.cfl
    breaks = problem.breaks(start, until)
    ahead = pace.Ahead(stepper, start, until, cfl) if problem.varying and until > start else None
    steps = pace.count_steps(stepper, start, [*stored, *breaks], cfl, ahead)
    cautions = ranks.together(lambda: pace.judge(steps, grid, residual, ranks.size))
    heed(cautions)
    asked: dict[str, Any] = {}
    if checkpoints is not None:
        told = {"start": float(start), "times": list(stored), "residual": residual, "boundary": problem.boundary}
        sums = {"averages": digest(share, grid, averages), "atoms": ends.tolist()}
        asked = {**(about or {}), "grid": grid.describe(), "scheme": scheme.describe(), **told, **sums}
    with keeping(checkpoints, share, grid, asked, steps) as keeper:
        run = drive(
            stepper, start, stored, grid=grid, cfl=cfl, steps=scheme.steps, jumps=breaks, residual=residual,
            ahead=ahead, progress=progress, share=share, keeper=keeper,
        )  # fmt: skip
    found = [share.whole(one) if everywhere else share.whole_on_first(one) for one in run.averages]
    if any(one is None for one in found):
        return None
    run, released = run._replace(averages=np.array(found)), {}
    if run.release is not None:
        cautions, released = [*cautions, run.release.sentence], {"release": run.release._asdict()}
    return kind.record(
        grid=grid,
        scheme=scheme,
        reconstruction=kind.used(scheme.reconstruction, grid, averages),
        boundary=problem.boundary,
        provenance={**(about or {}), **share.about(problem, scheme), "cautions": cautions, **released, **provenance()},
        **{name: value for name, value in run._asdict().items() if name != "release"},
    )


def _stepper(scheme: Any, problem: Any, averages: Floats, grid: Any, atoms: Floats, share: Share) -> Stepper:
    """The state of a run; of one on ranks that of this one."""
    if share.ranks.size == 1:
        return scheme.stepper(problem, averages, grid, atoms)  # type: ignore[no-any-return]
    return scheme.stepper(problem, averages, grid, atoms, strips=share)  # type: ignore[no-any-return]


def _compile(problem: Any, grid: Plane, scheme: Scheme, ranks: parallel.Ranks, t: float) -> None:
    """Compile on one rank a node first, by a step of no length on a few cells."""
    small = Plane(*(Grid(one.lo, one.hi, cells=FEWEST_CELLS) for one in (grid.x, grid.y)))
    with ranks.one_rank_a_node_first():
        stepper = scheme.stepper(problem, np.ones(small.shape), small, np.zeros(small.atoms))
        stepper.advance(t, 0.0, 1, t)


def stored_times(start: float, until: float, times: Sequence[float]) -> tuple[float, ...]:
    """Return the times that a run stores, increasing in [start, until], `until` among them, or InputError."""
    if not (math.isfinite(start) and math.isfinite(until) and until >= start):
        raise InputError(f"until = {until!r} must be finite and not before the start {start!r}")
    for t in times:
        if not start <= t <= until:
            raise InputError(f"times: {t!r} must lie in [{start!r}, {until!r}]")
    return tuple(sorted({*(float(t) for t in times), float(until)}))


def _own_rows(averages: ArrayLike, share: Share, grid: Grid | Plane) -> Floats:
    """What this rank has of averages that were given as a whole."""
    averages = as_floats(averages, "averages", finite=False, ndim=(len(grid.shape),))
    if averages.shape != grid.shape:
        allowed = "(N_y, N_x) = " if len(grid.shape) > 1 else ""
        raise InputError(f"averages of shape {averages.shape} do not fit: allowed is {allowed}{grid.shape}")
    return averages[share.rows]


def _given(averages: Floats, atoms: ArrayLike | None, share: Share, grid: Grid | Plane) -> tuple[Floats, Floats]:
    """Averages of this rank's cells, which must be finite, and atoms as a plain array that fits the grid."""
    index = first_not_finite(averages)
    if index is not None:
        value, index = averages[index], (index[0] + share.first, *index[1:])
        told = ", ".join(map(str, index))
        raise InputError(f"averages[{told}] = {value} ({grid.where(index)}) must be finite")
    atoms = np.zeros(grid.atoms) if atoms is None else np.array(as_floats(atoms, "atoms"))
    if atoms.shape != (grid.atoms,):
        count = "two" if grid.atoms == 2 else f"{grid.atoms}"
        raise InputError(f"atoms = {atoms.tolist()!r:.80} must be {count} finite masses")
    return averages, atoms
