"""Study of the mean field: W1 between M particles and the PDE falls like M^(-1/2), with the constant that theory gives.

Without noise particles follow the exact flow, so that sampling is their only error; with noise they collide, at an eps
so small that the bias of their own law, which is computed, is below a tenth of the smallest floor
(`validation.studies.followed`). At each M many replicates, each with its own key (clouds of one key are nested in M,
their errors dependent). The PDE is refined until its own distance to the exact law is below a tenth of the smallest
floor, so that it does not show; otherwise the study refuses. Where the intervals are too wide to tell it refuses too,
with what it would take. Without noise one cloud a level is held, beside the means, against what its own start says of
W1 at t, to rounding: `validation.studies.propagation`.

Where the law at rest has no mean, the equation is solved in ln x and the distance is Kolmogorov's.
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
from kinetic.schemes import suited
from particles.base import command, parallel
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_count, require_one_of, require_positive
from particles.base.errors import InputError
from particles.base.launch import launched_size
from particles.base.memory import require_memory
from particles.ensemble import STARTS
from particles.model import Case, Law, Measure, Model, Samples, exact_law, kernel_estimate, read_measurements
from validation.exact import limit_law
from validation.exact.refine import chart_of
from validation.studies import followed, mean_field_verdict, propagation
from validation.studies.chart import LINE, Chart, chart_for, ends_in, law_in, solve_in
from validation.studies.distances import KOLMOGOROV, W1, Distance, distance_named
from validation.studies.followed import SHARE, Followed
from validation.studies.kind import Kind, Progress, ascending, option, require_levels, run_alone
from validation.studies.mean_field_verdict import replicates_of
from validation.studies.study import Check, Row, Study, fit_constant, fit_slope

LEVELS = (1_000, 3_162, 10_000, 31_623, 100_000, 316_228, 1_000_000)
NOISY_LEVELS = (100, 1_000, 10_000, 100_000)
REPLICATES = 400  # at most: see `replicates_of`
MOST_CELLS = 12_800
FIRST_A_UNIT = 16  # cells of the first grid in ln x


class _Resolved(NamedTuple):
    measure: Measure
    cells: int
    error: float


class _Sides(NamedTuple):
    """What is compared: the equation's law in the chart, the distance, the particles and their law's floors."""

    chart: Chart
    distance: Distance
    limit: Law
    particles: Followed
    floors: dict[int, float]


@dataclass(frozen=True, eq=False)
class MeanFieldStudy(Kind):
    """E W1 between M particles and the PDE over `levels` of M.

    Parameters
    ----------
    case : Case
        On the line. Without noise it needs an exact flow, with noise constant weight and bias and no walls.
    levels : sequence of int, optional
        Increasing particle numbers, at least three; by default seven up to 10^6, with noise four up to 10^5.
    replicates : int >= 2
        Independent clouds a level; less where a level would cost more than `replicates_of` allows.
    eps : float > 0, optional
        Of the collisions, with noise only; by default so small that their bias does not show.
    distance : {"w1", "kolmogorov"}, optional
        By default "w1", or "kolmogorov" where the law at rest has no mean; then the study is of ln x.
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
        None, metavar="D", help="w1 (default) or kolmogorov (default where the law at rest has no mean)"
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
        if self.distance is not None:
            distance_named(self.distance)
        if self.model.nu2 > 0.0:
            chart_of(self.model)
            if self.start != "random":
                raise InputError(f"start = {self.start!r} with noise: only the floor of a random start is known")
        elif self.eps is not None:
            raise InputError(f"eps = {self.eps!r} without noise: particles follow the exact flow; allowed is none")
        elif not isinstance(exact_law(self.model, self.time), Law):
            raise InputError(f"case {self.case.name!r} has no exact law on the line: this study needs one")
        if self.eps is not None:
            require_positive("eps", self.eps)
        require_memory(f"levels up to {self.counts[-1]}", 40.0 * self.counts[-1] * launched_size())

    def run(self, *, comm: Any = None, progress: Progress = lambda share: None) -> Study:
        """Solve, carry the clouds, and judge; the replicates are shared out over the ranks of `comm`."""
        self.check()
        ranks, until = parallel.of(comm), self.time
        with ranks.one_rank_a_node_first():
            sides = self._sides()
        allowed, own = SHARE * min(sides.floors.values()), sides.particles
        extra: dict[str, Any] = {
            "time": until, "distance": sides.distance.name, "symbol": sides.distance.symbol,
            "variable": sides.chart.name, "bias": own.bias, "bias_allowed": allowed, "eps": own.eps, "steps": own.steps,
            "noise": own.noise,
            "needed": followed.told_needed(own, until, allowed),
        }  # fmt: skip
        checks, rows = [], []
        if own.eps is not None:
            claim = f"bias of the collisions, in {sides.distance.symbol}, below a tenth of the smallest floor"
            checks.append(Check(claim, f"{own.bias:.2e}", own.bias < allowed))
        pde = ranks.on_first(lambda: self._resolve(sides, allowed)) if own.bias < allowed else None
        if pde is not None:
            extra |= {"cells": pde.cells, "pde_error": pde.error, "pde_error_allowed": allowed}
            claim = f"{sides.distance.symbol}(PDE, exact law) below a tenth of the smallest floor"
            checks.append(Check(claim, f"{pde.error:.2e}", pde.error < allowed))
        if pde is not None and pde.error < allowed:
            samples = self._replicate(sides, pde.measure, ranks, progress)
            carried = self._carried(ranks)
            for count, s in samples.items():
                floor = None if self.model.mean_coupled else sides.floors[count]
                also = carried[count].columns if carried else {}
                rows.append(Row(count, len(s), float(s.mean()), float(s.std(ddof=1)), floor, also))
            checks += propagation.checks(tuple(carried.values()))
            extra["carried"] = bool(carried)
        if self.measurements is not None and pde is not None:
            extra["measured"] = self._measured(sides, self.measurements, pde.measure)
        if _labelled(self.case) is not None:
            extra["classification"] = classify(self.case, until)
        return _judge(self, sides, rows, checks, extra)

    def _sides(self) -> _Sides:
        model, until = self.model, self.time
        chart = chart_for(model)
        distance = distance_named(self.distance or (W1 if chart is LINE else KOLMOGOROV).name)
        limit = limit_law(model, until)
        law = law_in(chart, limit)
        distance.require(law)
        if model.nu2 == 0.0:
            own = followed.by_flow(limit)
        elif self.eps is not None:
            own = followed.by_collisions(model, until, self.eps, chart, limit, distance)
        else:
            least = distance.floor(law, self.counts[-1], self.start)
            own = followed.by_fine_collisions(model, until, chart, limit, distance, least)
        floors = {count: distance.floor(law_in(chart, own.law), count, self.start) for count in self.counts}
        return _Sides(chart, distance, law, own, floors)

    def _resolve(self, sides: _Sides, target: float) -> _Resolved:
        """Double the cells until the PDE's distance to the exact law is below the target, or too many are needed."""
        ends = ends_in(sides.chart, self.case, self.time, sides.limit)
        cells = min(self.case.cells, MOST_CELLS)
        if sides.chart is not LINE:  # as many whole cells a unit of ln x
            cells = FIRST_A_UNIT * round(ends[1] - ends[0])
        while True:
            grid = kinetic.Grid(*ends, cells=cells)
            measure = solve_in(sides.chart, self.model, grid, suited(self.model), self.time).at(self.time)
            error = sides.distance.to_law(measure, sides.limit)
            if error < target or 2 * cells > MOST_CELLS:
                return _Resolved(measure, cells, error)
            cells *= 2

    def _carried(self, ranks: parallel.Ranks) -> dict[int, propagation.Propagation]:
        """What the flow makes of one cloud a level; nothing with noise, which no cloud carries."""
        if self.model.nu2 > 0.0:
            return {}
        return propagation.of_levels(self.model, self.time, self.counts, self.start, self.seed, ranks)

    def _replicate(self, sides: _Sides, pde: Measure, ranks: parallel.Ranks, progress: Progress) -> dict[int, Floats]:
        """The distance of every replicate of every level; the tasks go round the ranks, the largest first."""
        work = mean_field_verdict.work_of(sides.particles.steps)
        repeats = {count: replicates_of(count, self.replicates, work) for count in self.counts}
        tasks = [(count, i, r) for i, count in enumerate(self.counts) for r in range(repeats[count])]
        tasks.sort(reverse=True)
        with ranks.one_rank_a_node_first():
            self._distance(sides, pde, 2, 0)
        found = ranks.deal(
            tasks,
            lambda task: self._distance(sides, pde, task[0], 1000 * task[1] + task[2]),
            progress=progress,
            cost=lambda task: task[0],
        )
        merged = {(level, r): w for (_, level, r), w in zip(tasks, found, strict=True)}
        return {
            count: np.array([merged[level, r] for r in range(repeats[count])])
            for level, count in enumerate(self.counts)
        }

    def _distance(self, sides: _Sides, pde: Measure, count: int, replicate: int) -> float:
        asked = {"count": count, "start": self.start, "seed": self.seed, "replicate": replicate}
        cloud = run_alone(self.model, sides.particles.scheme, self.time, **asked)
        return sides.distance.between(_measure(sides, cloud.state(self.time)[0]), pde)

    def _measured(self, sides: _Sides, data: Floats, pde: Measure) -> dict[str, Any]:
        carried = _measure(sides, particles.carry(self.model, sides.particles.scheme, data, self.time, seed=self.seed))
        floor = sides.distance.floor(law_in(sides.chart, sides.particles.law), data.size, "random")
        return {"count": int(data.size), "w1": sides.distance.between(carried, pde), "floor": floor}


def _measure(sides: _Sides, points: Floats) -> Measure:
    """Points of x in the chart."""
    return Measure.of_points(sides.chart.to(points))


def _judge(asked: Kind, sides: _Sides, rows: list[Row], checks: list[Check], extra: dict[str, Any]) -> Study:
    slope = fit_slope(rows) if rows else None
    constant = fit_constant(rows) if rows else None
    checks = checks + mean_field_verdict.checks(slope, constant, sides.distance.symbol)
    of = "" if sides.chart is LINE else f" of {sides.chart.name}"
    return asked.study(
        refinement="particles M",
        quantity=f"{sides.distance.symbol}(cloud, PDE){of} at t = {extra['time']:g}",
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


def _labelled(case: Case) -> Samples | None:
    return case.samples if case.samples is not None and case.samples.labels is not None else None
