"""A run of the equation, from the averages of a rank's cells to the record: checks, steps, checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kinetic import pace
from kinetic.checkpoint import digest, keeping
from kinetic.grid import FEWEST_CELLS, Grid, first_not_finite
from kinetic.line.cweno import HighOrder
from kinetic.line.reconstruction import CWENO3, Reconstruction
from kinetic.loop import Run, Stepper, drive
from kinetic.plane.grid import Plane
from kinetic.plane.problem import PlaneProblem
from kinetic.plane.solution import PlaneSolution
from kinetic.plane.strips import Strips
from kinetic.problem import Problem
from kinetic.schemes import Scheme, require_scheme
from kinetic.share import Share, Whole
from kinetic.solution import Solution
from particles.base import parallel
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_type
from particles.base.errors import InputError
from particles.base.provenance import provenance
from particles.base.watch import Checkpoints


class Kind(NamedTuple):
    """What goes with a grid: problems and records, what turns averages into a density, and the share of a rank."""

    problem: Any
    record: Any
    used: Callable[[Any, Any, Floats], Any]
    share: Callable[[Any, Any], Share]


def _of_run(used: Reconstruction | HighOrder, grid: Grid, averages: Floats) -> Reconstruction | HighOrder:
    return used.of_run(grid.h, averages) if isinstance(used, CWENO3 | HighOrder) else used


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


def stored_times(start: float, until: float, times: Sequence[float]) -> tuple[float, ...]:
    """Return the times that a run stores, increasing in [start, until], `until` among them, or InputError."""
    if not (math.isfinite(start) and math.isfinite(until) and until >= start):
        raise InputError(f"until = {until!r} must be finite and not before the start {start!r}")
    for t in times:
        if not start <= t <= until:
            raise InputError(f"times: {t!r} must lie in [{start!r}, {until!r}]")
    return tuple(sorted({*(float(t) for t in times), float(until)}))


def own_rows(averages: ArrayLike, share: Share, grid: Grid | Plane) -> Floats:
    """What this rank has of averages that were given as a whole."""
    averages = as_floats(averages, "averages", finite=False, ndim=(len(grid.shape),))
    if averages.shape != grid.shape:
        allowed = "(N_y, N_x) = " if len(grid.shape) > 1 else ""
        raise InputError(f"averages of shape {averages.shape} do not fit: allowed is {allowed}{grid.shape}")
    return averages[share.rows]


def perform(
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
    """What `kinetic.evolve` does, from the averages of this rank's cells."""
    ranks = share.ranks
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
    return _record(problem, grid, scheme, share, run, averages, cautions, everywhere, about)


def _record(
    problem: Any,
    grid: Any,
    scheme: Scheme,
    share: Share,
    run: Run,
    start: Floats,
    cautions: list[str],
    everywhere: bool,
    about: dict[str, Any] | None,
) -> Any:
    """The record of a run that started from these averages; collective, None where this rank does not get it."""
    kind = kind_of(grid)
    found = [share.whole(one) if everywhere else share.whole_on_first(one) for one in run.averages]
    if any(one is None for one in found):
        return None
    released = {}
    if run.release is not None:
        cautions, released = [*cautions, run.release.sentence], {"release": run.release._asdict()}
    return kind.record(
        grid=grid,
        scheme=scheme,
        reconstruction=kind.used(scheme.reconstruction, grid, start),
        boundary=problem.boundary,
        provenance={**(about or {}), **share.about(problem, scheme), "cautions": cautions, **released, **provenance()},
        **{name: value for name, value in run._asdict().items() if name not in ("averages", "release")},
        averages=np.array(found),
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
