"""Study of the mean field: W1 between M particles and the PDE falls like M^(-1/2), with the constant that theory gives.

Without noise particles follow the exact flow, so that sampling is their only error; with noise they collide, at an eps
so small that the bias of their own law, which is computed, is below a tenth of the smallest floor
(`validation.studies.followed`). At each M many replicates, each with its own key (clouds of one key are nested in M,
their errors dependent). The PDE is refined until its own distance to the exact law is below a tenth of the smallest
floor, so that it does not show; otherwise the study refuses. Where the intervals are too wide to tell it refuses too,
with what it would take. Without noise one cloud a level is held, beside the means, against what its own start says of
W1 at t, to rounding: `validation.studies.propagation`.

Where the law at rest has no mean, the equation is solved in ln x and the distance is Kolmogorov's; in R^d the distance
is sliced W1, whose mean for M draws is known too (`validation.studies.sides`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import particles
from particles.base import command, parallel
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_count, require_one_of, require_positive
from particles.base.errors import InputError
from particles.base.launch import launched_size
from particles.base.memory import require_memory
from particles.ensemble import STARTS
from particles.model import Case, Model, Samples, kernel_estimate, read_measurements
from validation.studies import followed, line_sides, mean_field_verdict, propagation, space_sides
from validation.studies.followed import SHARE
from validation.studies.kind import Kind, Progress, ascending, cloud_alone, option, require_levels
from validation.studies.mean_field_verdict import replicates_of
from validation.studies.sides import Sides
from validation.studies.study import Check, Row, Study, fit_constant, fit_slope

LEVELS = (1_000, 3_162, 10_000, 31_623, 100_000, 316_228, 1_000_000)
NOISY_LEVELS = (100, 1_000, 10_000, 100_000)
REPLICATES = 400  # at most: see `replicates_of`


@dataclass(frozen=True, eq=False, repr=False)
class MeanFieldStudy(Kind):
    """E W1 between M particles and the PDE over `levels` of M.

    Parameters
    ----------
    case : Case
        On the line, where it needs an exact flow, or with noise constant weight and bias and no walls. In R^d with a
        known exact law, with noise a linear one.
    levels : sequence of int, optional
        Increasing particle numbers, at least three; by default seven up to 10^6, with noise four up to 10^5.
    replicates : int >= 2
        Independent clouds a level; less where a level would cost more than `replicates_of` allows.
    eps : float > 0, optional
        Of the collisions, with noise only; by default so small that their bias does not show.
    distance : {"w1", "kolmogorov", "sliced"}, optional
        On the line by default "w1", or "kolmogorov" where the law at rest has no mean; then the study is of ln x. In
        R^d "sliced".
    start : {"random", "stratified", "quantile"}
        With noise, which makes a cloud forget its start, "random" alone.
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
        By `check` and `run`, if the case has no exact law or one that cannot be computed, or a field is out of range.

    Notes
    -----
    ::

        sqrt(M) E W1(F_M, F) -> sqrt(2/pi) int sqrt(F (1 - F)) dx

    Examples
    --------
    >>> from particles.model import cases
    >>> from validation import MeanFieldStudy
    >>> study = MeanFieldStudy(cases["regression"], levels=[100, 1000, 10000], replicates=80).run()
    >>> print(study.verdict, study.slope, study.constant)
    holds -0.5014 +- 0.0197 1.0151 +- 0.0371
    """

    name: ClassVar[str] = "mean-field"
    help: ClassVar[str] = "errors against the number of particles"

    levels: Sequence[int] | None = option(
        None, arrange=ascending, type=command.positive_integer, nargs="+", metavar="M", help="particle numbers"
    )
    replicates: int = option(
        REPLICATES, type=command.positive_integer, metavar="R", help="most clouds a level (default: 400)"
    )
    seed: int = option(0, type=command.seed, help="0 to 2**32 - 1 (default: 0)")
    eps: float | None = option(
        None, type=command.positive_float, metavar="EPS", help="of the collisions, with noise (default: small enough)"
    )
    distance: str | None = option(
        None, metavar="D", help="w1, kolmogorov (default where the law at rest has no mean), or in R^d sliced"
    )
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

    @property
    def counts(self) -> Sequence[int]:
        """The levels, or those of the case."""
        return self.levels or (NOISY_LEVELS if self.model.nu2 > 0.0 else LEVELS)

    def check(self) -> None:
        """Refuse what `run` could not do."""
        require_levels(self.counts, "increasing particle numbers above 1", least=2)
        require_count("replicates", self.replicates, least=2)
        require_one_of("start", self.start, STARTS)
        if self.model.nu2 == 0.0 and self.eps is not None:
            raise InputError(f"eps = {self.eps!r} without noise: particles follow the exact flow; allowed is none")
        known = line_sides if self.model.size == 1 else space_sides
        known.check(self._posed, self.time, self.distance, self.start)
        if self.eps is not None:
            require_positive("eps", self.eps)
        require_memory(f"levels up to {self.counts[-1]}", 40.0 * self.counts[-1] * launched_size())

    def run(self, *, comm: Any = None, progress: Progress = lambda share: None) -> Study:
        """Solve, carry the clouds, and judge; the replicates are shared out over the ranks of `comm`."""
        self.check()
        ranks, until = parallel.of(comm), self.time
        with ranks.one_rank_a_node_first():
            sides = self._sides()
        floors, own = sides.floors(self.counts, ranks), sides.particles
        allowed = SHARE * min(floors.values())
        extra: dict[str, Any] = {
            "time": until, "symbol": sides.symbol, "variable": sides.variable, "against": sides.against,
            "bias": own.bias, "bias_allowed": allowed, "eps": own.eps, "steps": own.steps, "noise": own.noise,
            "needed": followed.told_needed(own, until, allowed), "work": own.work(sides.work),
        }  # fmt: skip
        checks, rows = [], []
        if own.eps is not None:
            claim = f"bias of the collisions, in {sides.symbol}, below a tenth of the smallest floor"
            checks.append(Check(claim, f"{own.bias:.2e}", own.bias < allowed))
        held = ranks.on_first(lambda: sides.resolve(allowed)) if own.bias < allowed else None
        if held is not None:
            extra |= {"cells": held.cells, "told": held.told, "pde_error": held.error, "pde_error_allowed": allowed}
            claim = f"{sides.symbol}({sides.against}, exact law) below a tenth of the smallest floor"
            checks.append(Check(claim, f"{held.error:.2e}", held.error < allowed))
        if held is not None and held.error < allowed:
            samples = self._replicate(sides, held.target, ranks, progress)
            carried = self._carried(ranks)
            for count, s in samples.items():
                floor = None if self.model.mean_coupled else floors[count]
                also = carried[count].columns if carried else {}
                rows.append(Row(count, len(s), float(s.mean()), float(s.std(ddof=1)), floor, also))
            checks += propagation.checks(tuple(carried.values()))
            extra["carried"] = bool(carried)
        if self.measurements is not None and held is not None:
            extra["measured"] = self._measured(sides, self.measurements, held.target, ranks)
        if _labelled(self.case) is not None:
            extra["classification"] = classify(self.case, until)
        return _judge(self, sides, rows, checks, extra)

    @property
    def _posed(self) -> Case:
        """The case with the model that is studied."""
        return dataclasses.replace(self.case, model=self.model)

    def _sides(self) -> Sides:
        asked: dict[str, Any] = {"eps": self.eps}
        if self.model.size > 1:
            return space_sides.space_sides(self._posed, self.time, self.counts[-1], **asked)
        asked |= {"start": self.start, "distance": self.distance}
        return line_sides.line_sides(self._posed, self.time, self.counts[-1], **asked)

    def _carried(self, ranks: parallel.Ranks) -> dict[int, propagation.Propagation]:
        """What the flow makes of one cloud a level; nothing with noise, which no cloud carries, nor in R^d."""
        if self.model.nu2 > 0.0 or self.model.size > 1:
            return {}
        return propagation.of_levels(self.model, self.time, self.counts, self.start, self.seed, ranks)

    def _replicate(self, sides: Sides, target: Any, ranks: parallel.Ranks, progress: Progress) -> dict[int, Floats]:
        """The distance of every replicate of every level; the tasks go round the ranks, the largest first."""
        work = sides.particles.work(sides.work)
        repeats = {count: replicates_of(count, self.replicates, work) for count in self.counts}
        tasks = [(count, i, r) for i, count in enumerate(self.counts) for r in range(repeats[count])]
        tasks.sort(reverse=True)
        with ranks.one_rank_a_node_first():
            self._distance(sides, target, 2, 0)
        found = ranks.deal(
            tasks,
            lambda task: self._distance(sides, target, task[0], 1000 * task[1] + task[2]),
            progress=progress,
            cost=lambda task: task[0],
        )
        merged = {(level, r): w for (_, level, r), w in zip(tasks, found, strict=True)}
        return {
            count: np.array([merged[level, r] for r in range(repeats[count])])
            for level, count in enumerate(self.counts)
        }

    def _distance(self, sides: Sides, target: Any, count: int, replicate: int) -> float:
        asked = {"count": count, "start": self.start, "seed": self.seed, "replicate": replicate}
        return sides.distance(cloud_alone(self.model, sides.particles.scheme, self.time, **asked), target)

    def _measured(self, sides: Sides, data: Floats, target: Any, ranks: parallel.Ranks) -> dict[str, Any]:
        carried = particles.carry(self.model, sides.particles.scheme, data, self.time, seed=self.seed)
        (floor,) = sides.floors([data.size], ranks).values()
        return {"count": int(data.size), "w1": sides.distance(carried[None, :], target), "floor": floor}


def _judge(asked: MeanFieldStudy, sides: Sides, rows: list[Row], checks: list[Check], extra: dict[str, Any]) -> Study:
    slope = fit_slope(rows) if rows else None
    constant = fit_constant(rows) if rows else None
    expected = mean_field_verdict.expected_slope(rows) if asked.start == "random" else -0.5
    checks = checks + mean_field_verdict.checks(slope, expected, constant, sides.symbol)
    of = "" if sides.variable == "x" else f" of {sides.variable}"
    return asked.study(
        refinement="particles M",
        quantity=f"{sides.symbol}(cloud, {sides.against}){of} at t = {extra['time']:g}",
        rows=tuple(rows),
        slope=slope,
        constant=constant,
        expected_slope=expected,
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


def _labelled(case: Case) -> Samples | None:
    return case.samples if case.samples is not None and case.samples.labels is not None else None
