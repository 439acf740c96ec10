"""Study of the mean field: W1 between M particles and the PDE falls like M^(-1/2), with the constant that theory gives.

Particles by the exact flow, so that sampling is their only error; at each M many replicates, each with its own key
(clouds of one key are nested in M, their errors dependent). The PDE is refined until its own W1 to the exact
push-forward is below a tenth of the smallest floor, so that it does not show; otherwise the study refuses. Where the
intervals are too wide to tell it refuses too, with what it would take. Beside the means, one cloud a level is held
against what its own start says of W1 at t, to rounding: `validation.studies.propagation`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import kinetic
import particles
from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.launch import launched_size
from particles.base.memory import require_memory
from particles.base.provenance import provenance
from particles.model import Case, Law, Measure, Model, Samples, exact_law, kernel_estimate, read_measurements
from validation.distance import w1, w1_to_law
from validation.distance.floor import expected_w1
from validation.studies import mean_field_verdict, propagation
from validation.studies.mean_field_verdict import replicates_of
from validation.studies.study import Check, Row, Study, fit_constant, fit_slope

LEVELS = (1_000, 3_162, 10_000, 31_623, 100_000, 316_228, 1_000_000)
REPLICATES = 400  # at most: see `replicates_of`
MOST_CELLS = 12_800


def check(
    case: Case, *, levels: Sequence[int], replicates: int, until: float, measurements: Floats | None = None
) -> tuple[Model, Law]:
    """Refuse what `mean_field` could not do, before MPI or numba is loaded; return the model and its exact law.

    Raises
    ------
    InputError
        With the argument, its value and what is allowed.
    """
    if len(levels) < 3 or list(levels) != sorted(set(levels)) or levels[0] < 2:
        raise InputError(f"levels = {list(levels)!r} must be at least three increasing particle numbers above 1")
    if replicates < 2:
        raise InputError(f"replicates = {replicates!r} must be at least 2")
    model = case.model if measurements is None else _smoothed(case.model, measurements)
    if model.nu2 > 0.0:
        raise InputError(f"nu2 = {model.nu2!r}: this study moves particles by the exact flow; allowed: 0")
    law = exact_law(model, until)
    if law is None or case.domain is None:
        raise InputError(f"case {case.name!r} has no exact law on the line: this study needs one")
    require_memory(f"levels up to {levels[-1]}", 40.0 * levels[-1] * launched_size())
    return model, law


def mean_field(
    case: Case,
    *,
    levels: Sequence[int] = LEVELS,
    replicates: int = REPLICATES,
    until: float | None = None,
    start: str = "random",
    seed: int = 0,
    measurements: Floats | None = None,
    comm: Any = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Study:
    """Measure E W1 between M particles and the PDE over `levels` of M. Collective over the ranks of `comm`.

    Parameters
    ----------
    case : Case
        On the line, with a domain and an exact flow.
    levels : sequence of int
        Increasing particle numbers, at least three.
    replicates : int >= 2
        Independent clouds a level; less where a level would cost more than `replicates_of` allows.
    until : float > 0, optional
        Time of the comparison; by default the case's horizon.
    start : {"random", "stratified", "quantile"}
    seed : int in [0, 2**32)
    measurements : ndarray, shape (n,), optional
        Measured data: their Gaussian kernel estimate becomes the initial law, and their own W1 a row of its own.
    comm : mpi4py communicator, optional
        Replicates are shared out over its ranks; the result does not depend on their number.
    progress : callable, optional
        Gets the finished share in [0, 1].

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If the case has no exact law or no domain, or an argument is out of range.
    """
    until = until or case.until
    model, law = check(case, levels=levels, replicates=replicates, until=until, measurements=measurements)
    ranks = parallel.of(comm)
    floors = {count: expected_w1(law, count, start) for count in levels}
    target = 0.1 * min(floors.values())
    pde = ranks.on_first(lambda: _resolve(case, model, until, law, target))
    extra: dict[str, Any] = {"time": until, "cells": pde.cells, "pde_error": pde.error, "pde_error_allowed": target}
    resolved = Check("W1(PDE, exact law) below a tenth of the smallest floor", f"{pde.error:.2e}", pde.error < target)
    checks, rows = [resolved], []
    if resolved.holds:
        samples = _replicate(model, pde.measure, until, levels, replicates, start, seed, ranks, progress)
        carried = propagation.of_levels(model, until, levels, start, seed, ranks)
        rows = [
            Row(
                count,
                len(s),
                float(s.mean()),
                float(s.std(ddof=1)),
                None if model.mean_coupled else floors[count],
                carried[count].columns if carried else {},
            )
            for count, s in samples.items()
        ]
        checks += propagation.checks(tuple(carried.values()))
        extra["carried"] = bool(carried)
    if measurements is not None:
        extra["measured"] = _measured(model, measurements, until, pde.measure, law)
    if _labelled(case) is not None:
        extra["classification"] = classify(case, until)
    slope = fit_slope(rows) if rows else None
    constant = fit_constant(rows) if rows else None
    checks += mean_field_verdict.checks(slope, constant)
    return Study(
        name="mean-field",
        case=case.name,
        refinement="particles M",
        quantity=f"W1(cloud, PDE) at t = {until:g}",
        rows=tuple(rows),
        slope=slope,
        constant=constant,
        expected_slope=-0.5,
        checks=tuple(checks),
        reference="exact mean",
        refusal=mean_field_verdict.refusal(rows, checks, extra),
        remarks=mean_field_verdict.remarks(extra),
        extra=extra,
        provenance=provenance(),
    )


def classify(case: Case, until: float) -> dict[str, Any]:
    """Carry the labelled measurements of a case to `until` and count those nearer to the wrong wall."""
    samples = _labelled(case)
    assert samples is not None
    assert case.model.walls is not None
    ends = particles.carry(case.model, particles.ExactFlow(), samples.points, until)
    low = ends < 0.5 * sum(case.model.walls)
    wrong = int((low != samples.labels).sum())
    return {"what": samples.what, "wrong": wrong, "of": len(ends), "error_rate": wrong / len(ends)}


@dataclasses.dataclass(frozen=True)
class _Resolved:
    measure: Measure
    cells: int
    error: float


def _smoothed(model: Model, measurements: Floats) -> Model:
    return dataclasses.replace(model, initial=kernel_estimate(measurements))


def _resolve(case: Case, model: Model, until: float, law: Law, target: float) -> _Resolved:
    """Double the cells until the PDE's W1 to the exact law is below the target, or too many are needed."""
    assert case.domain is not None
    cells = min(case.cells, MOST_CELLS)
    while True:
        solution = kinetic.solve(model, kinetic.Grid(*case.domain, cells=cells), until=until)
        measure = solution.at(until)
        error = w1_to_law(measure, law)
        if error < target or 2 * cells > MOST_CELLS:
            return _Resolved(measure, cells, error)
        cells *= 2


def _replicate(
    model: Model,
    pde: Measure,
    until: float,
    levels: Sequence[int],
    replicates: int,
    start: str,
    seed: int,
    ranks: parallel.Ranks,
    progress: Callable[[float], None],
) -> dict[int, Floats]:
    """W1 of every replicate of every level; the tasks go round the ranks, the largest first."""
    tasks = [(count, i, r) for i, count in enumerate(levels) for r in range(replicates_of(count, replicates))]
    tasks.sort(reverse=True)
    with ranks.one_rank_a_node_first():
        _one(model, pde, until, 2, start, seed, 0)
    found = ranks.deal(
        tasks,
        lambda task: _one(model, pde, until, task[0], start, seed, 1000 * task[1] + task[2]),
        progress=progress,
        cost=lambda task: task[0],
    )
    merged = {(level, r): w for (_, level, r), w in zip(tasks, found, strict=True)}
    return {
        count: np.array([merged[level, r] for r in range(replicates_of(count, replicates))])
        for level, count in enumerate(levels)
    }


def _one(model: Model, pde: Measure, until: float, count: int, start: str, seed: int, replicate: int) -> float:
    cloud = particles.simulate(
        model,
        particles.ExactFlow(),
        count=count,
        until=until,
        start=start,
        seed=seed,
        replicate=replicate,
        comm=parallel.serial(),
    )
    return w1(cloud.at(until), pde)


def _measured(model: Model, data: Floats, until: float, pde: Measure, law: Law) -> dict[str, Any]:
    carried = Measure.of_points(particles.carry(model, particles.ExactFlow(), data, until))
    return {"count": int(data.size), "w1": w1(carried, pde), "floor": expected_w1(law, data.size)}


def measurements_of(case: Case, path: str | None, column: str | None) -> Floats | None:
    """Measured data of a study: a file given by the caller, or the case's own labelled data; None without any."""
    if path is not None:
        return read_measurements(path, column)
    samples = _labelled(case)
    return None if samples is None else samples.points


def _labelled(case: Case) -> Samples | None:
    return case.samples if case.samples is not None and case.samples.labels is not None else None
