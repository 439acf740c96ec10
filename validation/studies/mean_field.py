"""Study of the mean field: W1 between M particles and the PDE falls like M^(-1/2), with the constant that theory gives.

Particles by the exact flow, so that sampling is their only error; at each M many replicates, each with its own key
(clouds of one key are nested in M, their errors dependent). The PDE is refined until its own W1 to the exact
push-forward is below a tenth of the smallest floor, so that it does not show; otherwise the study refuses. Where the
intervals are too wide to tell it refuses too, with what it would take. Beside the means, one cloud a level is held
against what its own start says of W1 at t, to rounding: `validation.studies.propagation`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

import kinetic
import particles
from particles.base import command, parallel
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_count, require_one_of
from particles.base.errors import InputError
from particles.base.launch import launched_size
from particles.base.memory import require_memory
from particles.ensemble import STARTS
from particles.model import Case, Law, Measure, Model, Samples, exact_law, kernel_estimate, read_measurements
from validation.distance import w1, w1_to_law
from validation.distance.floor import expected_w1
from validation.studies import mean_field_verdict, propagation
from validation.studies.kind import Kind, Progress, ascending, option, require_levels, run_alone
from validation.studies.mean_field_verdict import replicates_of
from validation.studies.study import Check, Row, Study, fit_constant, fit_slope

LEVELS = (1_000, 3_162, 10_000, 31_623, 100_000, 316_228, 1_000_000)
REPLICATES = 400  # at most: see `replicates_of`
MOST_CELLS = 12_800


class _Resolved(NamedTuple):
    measure: Measure
    cells: int
    error: float


@dataclass(frozen=True, eq=False)
class MeanFieldStudy(Kind):
    """E W1 between M particles and the PDE over `levels` of M.

    Parameters
    ----------
    case : Case
        On the line, with a domain and an exact flow.
    levels : sequence of int
        Increasing particle numbers, at least three.
    replicates : int >= 2
        Independent clouds a level; less where a level would cost more than `replicates_of` allows.
    start : {"random", "stratified", "quantile"}
    seed : int in [0, 2**32)
    data : path or ndarray, shape (n,), optional
        Measured data: their Gaussian kernel estimate becomes the initial law, and their own W1 a row of its own; by
        default those of the case, where it has labelled ones.
    column : str, optional
        Column of a CSV file of data.
    until : float > 0, optional
        Time of the comparison; by default the case's horizon.

    Raises
    ------
    InputError
        By `check` and `run`, if the case has no exact law or no domain, or a field is out of range.
    """

    name: ClassVar[str] = "mean-field"
    help: ClassVar[str] = "errors against the number of particles"

    levels: Sequence[int] = option(
        LEVELS, arrange=ascending, type=command.positive_integer, nargs="+", metavar="M", help="particle numbers"
    )
    replicates: int = option(
        REPLICATES, type=command.positive_integer, metavar="R", help="most clouds a level (default: 400)"
    )
    seed: int = option(0, type=command.seed, help="0 to 2**32 - 1 (default: 0)")
    data: str | Path | Floats | None = option(
        None, metavar="FILE", help="measured data, a CSV or .npy file: start from their smoothed law"
    )
    column: str | None = option(None, metavar="NAME", help="column of a CSV file")
    start: str = "random"

    @cached_property
    def measurements(self) -> Floats | None:
        """Measured data: those given, or the case's own labelled ones; None without any."""
        if isinstance(self.data, str | Path):
            return read_measurements(self.data, self.column)
        samples = _labelled(self.case)
        if self.data is not None:
            return as_floats(self.data, "data")
        return None if samples is None else samples.points

    @cached_property
    def model(self) -> Model:
        """The case's model, from the kernel estimate of measured data where there are some."""
        data, model = self.measurements, self.case.model
        return model if data is None else dataclasses.replace(model, initial=kernel_estimate(data))

    def check(self) -> Law:
        """Refuse what `run` could not do; return the exact law."""
        require_levels(self.levels, "increasing particle numbers above 1", least=2)
        require_count("replicates", self.replicates, least=2)
        require_one_of("start", self.start, STARTS)
        if self.model.nu2 > 0.0:
            raise InputError(f"nu2 = {self.model.nu2!r}: this study moves particles by the exact flow; allowed: 0")
        law = exact_law(self.model, self.time)
        if law is None or self.case.domain is None:
            raise InputError(f"case {self.case.name!r} has no exact law on the line: this study needs one")
        require_memory(f"levels up to {self.levels[-1]}", 40.0 * self.levels[-1] * launched_size())
        return law

    def run(self, *, comm: Any = None, progress: Progress = lambda share: None) -> Study:
        """Solve, carry the clouds, and judge; the replicates are shared out over the ranks of `comm`."""
        law, ranks, until = self.check(), parallel.of(comm), self.time
        floors = {count: expected_w1(law, count, self.start) for count in self.levels}
        target = 0.1 * min(floors.values())
        pde = ranks.on_first(lambda: self._resolve(law, target))
        extra: dict[str, Any] = {"time": until, "cells": pde.cells, "pde_error": pde.error, "pde_error_allowed": target}
        resolved = Check(
            "W1(PDE, exact law) below a tenth of the smallest floor", f"{pde.error:.2e}", pde.error < target
        )
        checks, rows = [resolved], []
        if resolved.holds:
            samples = self._replicate(pde.measure, ranks, progress)
            carried = propagation.of_levels(self.model, until, self.levels, self.start, self.seed, ranks)
            for count, s in samples.items():
                floor = None if self.model.mean_coupled else floors[count]
                also = carried[count].columns if carried else {}
                rows.append(Row(count, len(s), float(s.mean()), float(s.std(ddof=1)), floor, also))
            checks += propagation.checks(tuple(carried.values()))
            extra["carried"] = bool(carried)
        if self.measurements is not None:
            extra["measured"] = _measured(self.model, self.measurements, until, pde.measure, law)
        if _labelled(self.case) is not None:
            extra["classification"] = classify(self.case, until)
        return _judge(self, rows, checks, extra)

    def _resolve(self, law: Law, target: float) -> _Resolved:
        """Double the cells until the PDE's W1 to the exact law is below the target, or too many are needed."""
        assert self.case.domain is not None
        cells = min(self.case.cells, MOST_CELLS)
        while True:
            grid = kinetic.Grid(*self.case.domain, cells=cells)
            measure = kinetic.solve(self.model, grid, until=self.time).at(self.time)
            error = w1_to_law(measure, law)
            if error < target or 2 * cells > MOST_CELLS:
                return _Resolved(measure, cells, error)
            cells *= 2

    def _replicate(self, pde: Measure, ranks: parallel.Ranks, progress: Progress) -> dict[int, Floats]:
        """W1 of every replicate of every level; the tasks go round the ranks, the largest first."""
        repeats = {count: replicates_of(count, self.replicates) for count in self.levels}
        tasks = [(count, i, r) for i, count in enumerate(self.levels) for r in range(repeats[count])]
        tasks.sort(reverse=True)
        with ranks.one_rank_a_node_first():
            self._distance(pde, 2, 0)
        found = ranks.deal(
            tasks,
            lambda task: self._distance(pde, task[0], 1000 * task[1] + task[2]),
            progress=progress,
            cost=lambda task: task[0],
        )
        merged = {(level, r): w for (_, level, r), w in zip(tasks, found, strict=True)}
        return {
            count: np.array([merged[level, r] for r in range(repeats[count])])
            for level, count in enumerate(self.levels)
        }

    def _distance(self, pde: Measure, count: int, replicate: int) -> float:
        asked = {"count": count, "start": self.start, "seed": self.seed, "replicate": replicate}
        cloud = run_alone(self.model, particles.ExactFlow(), self.time, **asked)
        return w1(cloud.at(self.time), pde)


def _judge(asked: Kind, rows: list[Row], checks: list[Check], extra: dict[str, Any]) -> Study:
    slope = fit_slope(rows) if rows else None
    constant = fit_constant(rows) if rows else None
    checks = checks + mean_field_verdict.checks(slope, constant)
    return asked.study(
        refinement="particles M",
        quantity=f"W1(cloud, PDE) at t = {extra['time']:g}",
        rows=tuple(rows),
        slope=slope,
        constant=constant,
        expected_slope=-0.5,
        checks=tuple(checks),
        reference="exact mean",
        refusal=mean_field_verdict.refusal(rows, checks, extra),
        remarks=mean_field_verdict.remarks(extra),
        extra=extra,
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


def _measured(model: Model, data: Floats, until: float, pde: Measure, law: Law) -> dict[str, Any]:
    carried = Measure.of_points(particles.carry(model, particles.ExactFlow(), data, until))
    return {"count": int(data.size), "w1": w1(carried, pde), "floor": expected_w1(law, data.size)}


def _labelled(case: Case) -> Samples | None:
    return case.samples if case.samples is not None and case.samples.labels is not None else None
