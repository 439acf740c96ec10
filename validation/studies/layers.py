"""Study of the layers: a residual network of L layers against the flow whose Euler step, dt = T/L, a layer is.

The error is the exact bias W1(law of x_L, law of x(T)) of `validation.exact.network`, C dt to first order. The same
particles by both schemes see it with a relative error of about 1/sqrt(M) at every dt, since what their difference
scatters is in proportion to the bias. Clouds against the law, without common numbers, see it above the sampling floor
alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import particles
from particles.base import command, parallel
from particles.base.arrays import Floats
from particles.base.checks import require_count
from particles.base.errors import InputError
from particles.base.launch import launched_size
from particles.base.memory import require_memory
from particles.model import Law, Measure, exact_law
from particles.schemes.scheme import Scheme
from validation.distance import require_mean, w1_to_law
from validation.distance.floor import expected_w1
from validation.exact.network import check_layers, euler_bias, first_order
from validation.studies import space_layers
from validation.studies.kind import Kind, Progress, ascending, option, require_levels, run_alone
from validation.studies.study import (
    Z95,
    Z999,
    Check,
    Row,
    Study,
    fit_order,
    fit_slope,
    order_checks,
    ratio_at_zero,
    successive_orders,
)

LEVELS = (25, 50, 100, 200, 400, 800, 1600)
COUNT = 100_000
REPLICATES = 10  # clouds a level without common numbers
BAND = 0.05  # about the slope -1
CONSTANT = 0.01  # about error/(C dt) = 1 for dt -> 0
SHARE = 0.1  # of the smallest bias, that the sampling floor may have


@dataclass(frozen=True, eq=False, repr=False)
class LayersStudy(Kind):
    """W1 between a network of L layers and the exact flow over `levels` of L.

    Parameters
    ----------
    case : Case
        Without noise, with an exact flow; jumps of its parameters at multiples of every T/L. In the plane
        (`validation.studies.space_layers`) with a diagonal weight, or in R^d linear.
    levels : sequence of int
        Increasing numbers of layers, at least three.
    count : int >= 2
        Particles of a cloud.
    replicates : int >= 2
        Clouds a level; with `independent` ones only.
    independent : bool, default False
        False: the error is the exact bias, and beside it stands its estimate by the same particles under both schemes,
        one cloud for all levels. True: the error is W1 between clouds of the network and the exact law; there is no
        verdict where the sampling floor is above a tenth of the smallest bias.
    seed : int in [0, 2**32)
    until : float > 0, optional
        Horizon T; by default the case's.

    Raises
    ------
    InputError
        By `check` and `run`, if the case has no exact flow on the line, a layer crosses particles, or a field is out
        of range.

    Notes
    -----
    ::

        W1(law of x_L, law of x(T)) = C dt + O(dt^2),   dt = T/L

    Examples
    --------
    >>> from particles.model import cases
    >>> from validation import LayersStudy
    >>> study = LayersStudy(cases["regression"], levels=[25, 50, 100], count=1000).run()
    >>> print(study.verdict, study.slope, study.expected_slope)
    holds -1.0077 +- 0.0191 -1.0
    """

    name: ClassVar[str] = "layers"
    help: ClassVar[str] = "errors against the number of layers, dt = T/L"

    levels: Sequence[int] = option(
        LEVELS, arrange=ascending, type=command.positive_integer, nargs="+", metavar="L", help="numbers of layers"
    )
    count: int = option(COUNT, type=command.positive_integer, metavar="M", help="particles (default: 100000)")
    seed: int = option(0, type=command.seed, help="0 to 2**32 - 1 (default: 0)")
    independent: bool = option(
        False, action="store_true", help="clouds of their own draws against the law: what sampling hides"
    )
    replicates: int = option(
        REPLICATES, type=command.positive_integer, metavar="R", help="with --independent: clouds a level"
    )

    def check(self) -> None:
        """Refuse what `run` could not do."""
        model = self.case.model
        require_levels(self.levels, "increasing numbers of layers")
        require_count("count", self.count, least=2)
        require_count("replicates", self.replicates, least=2)
        if model.nu2 > 0.0:
            raise InputError(f"nu2 = {model.nu2!r}: a layer of this study is an Euler step without noise; allowed: 0")
        require_memory(f"count = {self.count!r}", 40.0 * self.count * model.size * launched_size())
        if model.size > 1:
            space_layers.check(self)
            return
        law = exact_law(model, self.time)
        if not isinstance(law, Law):
            raise InputError(f"case {self.case.name!r} has no exact flow on the line: this study needs one")
        if model.mean_coupled and self.independent:
            raise InputError(
                "a mean-coupled bias without common numbers: its clouds miss their own mean, and have no floor"
            )
        for number in self.levels:
            check_layers(model, self.time, number)
        require_mean(model.start_law)

    def run(self, *, comm: Any = None, progress: Progress = lambda share: None) -> Study:
        """Carry the clouds, which are shared out over the ranks of `comm`."""
        self.check()
        ranks, model, until = parallel.of(comm), self.case.model, self.time
        if model.size > 1:
            return space_layers.run(self, ranks, progress)
        law = exact_law(model, until)
        assert isinstance(law, Law)
        with ranks.one_rank_a_node_first():
            biases = {number: euler_bias(model, until, number) for number in self.levels}
        common = not self.independent
        extra = {"time": until, "count": self.count, "constant": first_order(model, until), "common": common}
        exact = self._cloud(particles.ExactFlow(), 0) if common else np.empty(0)

        def measure(task: tuple[int, int]) -> tuple[float, ...]:
            number, r = task
            cloud = self._cloud(particles.Euler(layers=number), 0 if common else 1000 * self.levels.index(number) + r)
            if not common:
                return (w1_to_law(Measure.of_points(cloud[None, :]), law),)
            apart = np.abs(cloud - exact)
            return float(apart.mean()), float(apart.std(ddof=1))

        tasks = [(number, r) for number in self.levels for r in range(1 if common else self.replicates)]
        done = ranks.deal(tasks, measure, progress=progress, cost=lambda task: task[0])
        found = dict(zip(tasks, done, strict=True))
        if common:
            return _judge(self, biases, {number: found[number, 0] for number in self.levels}, extra)
        clouds = {n: np.array([found[n, r][0] for r in range(self.replicates)]) for n in self.levels}
        return _judge_clouds(self, law, biases, clouds, extra)

    def _cloud(self, scheme: Scheme, replicate: int) -> Floats:
        run = run_alone(self.case.model, scheme, self.time, count=self.count, seed=self.seed, replicate=replicate)
        return np.asarray(run.state(self.time)[0])


def needed_count(law: Law, bias: float) -> float:
    """Particles whose sampling floor, E W1 to their own law, is a tenth of a bias."""
    many = 10**6
    return (expected_w1(law, many) / (SHARE * bias)) ** 2 * many


def _judge(
    asked: Kind, biases: dict[int, float], samples: dict[int, tuple[float, ...]], extra: dict[str, Any]
) -> Study:
    """The exact bias: order, constant, and whether the particles agree."""
    until, constant, root = extra["time"], extra["constant"], math.sqrt(extra["count"])
    rows = tuple(
        Row(
            number, 1, bias, 0.0, constant * until / number,
            {"dt": until / number, "sampled": samples[number][0], "95 % +-": Z95 * samples[number][1] / root},
        )
        for number, bias in biases.items()
    )  # fmt: skip
    off = max(
        abs(samples[number][0] - bias) / max(samples[number][1] / root, 1e-9 * bias)  # a Dirac start has no spread
        for number, bias in biases.items()
    )
    limit = ratio_at_zero(rows, lambda row: row.also["dt"])
    claim = f"error/(C dt), carried on to dt = 0, is 1 within {CONSTANT:g}"
    checks = (
        *order_checks(rows, -1.0, band=BAND, cap=1.5 * constant * until / rows[-1].level),
        Check(claim, f"{limit:.5f}", abs(limit - 1.0) <= CONSTANT),
        Check("particles by both schemes agree (99.9 % level)", f"{off:.2f} standard errors off", off <= Z999),
    )
    orders = ", ".join(f"{-order:.4f}" for order in successive_orders(rows))
    remarks = (
        f"order from level to level: {orders}",
        f"C = {constant:.6g}; sampled: the same {extra['count']} particles by both schemes at all levels",
    )
    return _study(asked, rows, checks, extra, slope=fit_order(rows), reference="C dt", remarks=remarks)


def _judge_clouds(
    asked: Kind, law: Law, biases: dict[int, float], clouds: dict[int, Floats], extra: dict[str, Any]
) -> Study:
    """What clouds of their own draws see; a refusal where that is sampling and not the bias."""
    floor, least = expected_w1(law, extra["count"]), min(biases.values())
    rows = tuple(
        Row(number, w.size, float(w.mean()), float(w.std(ddof=1)), biases[number], {"floor": floor})
        for number, w in clouds.items()
    )
    slope = fit_slope(rows)
    remarks = (f"floor: what {extra['count']} draws of the exact law are from it on average, {floor:.3e}",)
    if floor > SHARE * least:
        order, half = -slope.estimate, slope.half_width
        refusal = (
            f"order {order:.2f} [{order - half:.2f}, {order + half:.2f}]: limited by sampling, needs"
            f" M >= {needed_count(law, least):.1g}"
        )
        return _study(asked, rows, (), extra, slope=slope, reference="exact bias", remarks=remarks, refusal=refusal)
    check = Check(f"slope is -1 within {BAND:g}", str(slope), abs(slope.estimate + 1.0) <= BAND)
    return _study(asked, rows, (check,), extra, slope=slope, reference="exact bias", remarks=remarks)


def _study(asked: Kind, rows: tuple[Row, ...], checks: tuple[Check, ...], extra: dict[str, Any], **rest: Any) -> Study:
    return asked.study(
        refinement="layers L",
        quantity=f"W1(L layers, exact flow) at t = {extra['time']:g}",
        rows=rows,
        expected_slope=-1.0,
        checks=checks,
        extra=extra,
        **rest,
    )
