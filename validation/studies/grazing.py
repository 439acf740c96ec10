"""Study of the grazing limit: W1 between Boltzmann's collisions at finite eps and their Fokker-Planck equation.

Both laws are computed to many digits (`validation.exact`), so the error carries no sampling noise: E eta^3 = 0 makes it
C eps, a skewed noise C sqrt(eps), and two signs without drift from a point keep a lattice, C sqrt(eps) too. C comes
from the first term of the expansion of the law (`validation.exact.first_term`). Particles at the largest eps must have
the law of the collisions. Where the laws are not known well enough for the smallest error there is no verdict.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from particles import Collisions
from particles.base import command, parallel
from particles.base.checks import require_count
from particles.base.errors import InputError
from particles.base.launch import launched_size
from particles.base.memory import require_memory
from particles.model import Law
from particles.noise import Noise, noise_named
from validation.distance import w1_to_law
from validation.distance.floor import expected_w1
from validation.exact import FirstTerm, boltzmann_law, collision_counts, first_term, limit_law, w1_between
from validation.exact.refine import require_plain
from validation.studies import space_grazing
from validation.studies.common_numbers import CommonNumbers, common_numbers
from validation.studies.followed import noise_of
from validation.studies.kind import Kind, Progress, descending, option, require_levels, run_alone
from validation.studies.study import Check, Row, Study, fit_order, order_checks, ratio_at_zero, successive_orders

LEVELS = (0.04, 0.02, 0.01, 0.005, 0.0025)
COUNT, REPLICATES = 100_000, 10
NANBU = 0.5  # dt/eps of Nanbu's clock: with 1 it is the synchronous one
BAND = 0.1  # about the order
CONSTANT = 0.05  # about error/(C eps^order), carried on to eps = 0
SHARE = 0.01  # of the smallest error, that the laws' own may have
ABOVE = 1.8  # mean W1 of 10 clouds over its expectation: sd(W1)/E W1 <= 0.76, so one study in 1000 exceeds it by chance


@dataclass(frozen=True, eq=False, repr=False)
class GrazingStudy(Kind):
    """W1 between the laws of collisions and of their Fokker-Planck equation over `levels` of eps.

    Parameters
    ----------
    case : Case
        On the line, with noise, without walls, constant weight and bias; in R^d a linear one with a normal start
        (`validation.studies.space_grazing`).
    levels : sequence of float, optional
        Decreasing values of eps, at least three; every collision must preserve order.
    clock : {"poisson", "nanbu", "synchronous"}, default "poisson", in R^d "synchronous"
        Nanbu's with dt = eps/2.
    noise : Noise, optional
        Default: gaussian where K is constant, uniform where K = x, where a Gaussian could cross 0.
    count : int >= 2
        Particles of each of the 10 clouds that must have the law at the largest eps.
    seed : int in [0, 2**32)
    until : float > 0, optional
        Time of the comparison; by default the case's horizon.

    Raises
    ------
    InputError
        By `check` and `run`, if a field is out of range, or a law cannot be computed.

    Notes
    -----
    ::

        E eta^3 = 0:  W1(law of collisions, law of Fokker-Planck) = C eps + ...;   a skewed noise:  C sqrt(eps) + ...

    (E36 of docs/errata.md on (19) and (20) of arXiv 2001.04294.)

    Examples
    --------
    >>> from particles.model import cases
    >>> from validation import GrazingStudy
    >>> asked = {"levels": [0.1, 0.05, 0.025], "count": 1000, "until": 1.0}
    >>> study = GrazingStudy(cases["fokker-planck"], **asked).run()
    >>> print(study.verdict, study.slope, study.expected_slope)
    holds 1.0147 +- 0.0448 1.0
    """

    name: ClassVar[str] = "grazing"
    help: ClassVar[str] = "the Fokker-Planck limit of the collisions, against eps"

    levels: Sequence[float] | None = option(
        None, arrange=descending, type=command.positive_float, nargs="+", metavar="EPS", help="values of eps"
    )
    clock: str | None = option(None, help="poisson (default), nanbu or synchronous (in R^d)")
    noise: Noise | None = option(
        None, arrange=noise_named, metavar="N", help="gaussian24, uniform, two-point, exponential, ..."
    )
    count: int = option(COUNT, type=command.positive_integer, metavar="M", help="particles (default: 100000)")
    seed: int = option(0, type=command.seed, help="0 to 2**32 - 1 (default: 0)")

    @property
    def drawn(self) -> Noise:
        """The noise that is drawn."""
        return self.noise or noise_of(self.case.model)

    @property
    def ticking(self) -> str:
        """The clock, or Poisson's."""
        return self.clock or "poisson"

    @property
    def values(self) -> Sequence[float]:
        """The levels, or those of the case: in R^d the horizon must be a multiple of each."""
        if self.levels is not None:
            return self.levels
        return LEVELS if self.case.model.size == 1 else tuple(self.time / (25 * 2**k) for k in range(5))

    def scheme(self, eps: float) -> Collisions:
        """The collisions of a level: rate 1/eps, and dt = eps/2 for Nanbu's clock."""
        return Collisions(eps, self.ticking, self.drawn, dt=NANBU * eps if self.ticking == "nanbu" else None)

    def check(self) -> None:
        """Refuse what `run` could not do."""
        model = self.case.model
        require_levels(self.values, "decreasing positive values of eps", decreasing=True)
        require_count("count", self.count, least=2)
        if not model.nu2 > 0.0:
            raise InputError(f"nu2 = {model.nu2!r}: the grazing limit needs noise; allowed: above 0")
        if model.size > 1:
            space_grazing.check(self)
            return
        require_plain(model)
        for eps in self.values:
            collision_counts(self.scheme(eps), self.time)  # the horizon must be a multiple of the clock's step
        require_memory(f"count = {self.count!r}", 40.0 * self.count * launched_size())

    def run(self, *, comm: Any = None, progress: Progress = lambda share: None) -> Study:
        """Compute the laws and carry the clouds; both are shared out over the ranks of `comm`."""
        self.check()
        ranks, model, until = parallel.of(comm), self.case.model, self.time
        if model.size > 1:
            return space_grazing.run(self, ranks, progress, REPLICATES)
        share = {"poisson": 0.0, "nanbu": NANBU, "synchronous": 1.0}[self.ticking]
        with ranks.one_rank_a_node_first():
            limit = limit_law(model, until)
        term = first_term(model, self.drawn, until, share=share)
        schemes = [self.scheme(eps) for eps in self.values]
        first = boltzmann_law(model, schemes[0], until)

        def error(scheme: Collisions) -> tuple[float, float]:
            law = first if scheme is schemes[0] else boltzmann_law(model, scheme, until)
            return w1_between(law, limit), law.accuracy + limit.accuracy

        errors = ranks.deal(schemes, error, progress=progress)
        mean = (
            sum(ranks.deal(range(REPLICATES), lambda replicate: self._distance(schemes[0], first, replicate)))
            / REPLICATES
        )
        paired = common_numbers(model, until, self.values[0], self.count, self.seed, ranks)
        rows = tuple(
            Row(eps, 1, errors[k][0], 0.0, term.constant * eps**term.order, {"laws +-": errors[k][1]})
            for k, eps in enumerate(self.values)
        )
        extra = {
            "time": until, "clock": self.ticking, "noise": self.drawn.name, "count": self.count, "sampled": mean,
            "floor": expected_w1(first, self.count), **dataclasses.asdict(term),
            "common_numbers": None if paired is None else dataclasses.asdict(paired),
        }  # fmt: skip
        return _judge(self, rows, term, paired, extra)

    def _distance(self, scheme: Collisions, law: Law, replicate: int) -> float:
        cloud = run_alone(self.case.model, scheme, self.time, count=self.count, seed=self.seed, replicate=replicate)
        return w1_to_law(cloud.at(self.time), law)


def _judge(
    asked: Kind, rows: tuple[Row, ...], term: FirstTerm, paired: CommonNumbers | None, extra: dict[str, Any]
) -> Study:
    least = min(row.error for row in rows)
    worst = max(row.also["laws +-"] for row in rows)
    refusal = None
    if worst > SHARE * least:
        refusal = f"the laws are known to {worst:.1e} only, the smallest error is {least:.1e}: give larger eps"
    elif term.accuracy > SHARE:
        refusal = f"the constant C is known to {term.accuracy:.0%} only: the drift or the start is too rough for it"
    limit, ratio = ratio_at_zero(rows, lambda row: row.level**term.order), extra["sampled"] / extra["floor"]
    claim = f"error/(C eps^{term.order:g}), carried on to eps = 0, is 1 within {CONSTANT:g}"
    checks = (
        *order_checks(rows, term.order, band=BAND, cap=1.5 * term.constant * rows[-1].level ** term.order),
        Check(claim, f"{limit:.5f}", abs(limit - 1.0) <= CONSTANT),
        Check(
            f"W1(particles, their law) at eps = {rows[0].level:g} is at most {ABOVE:g} times its expectation",
            f"{ratio:.3f}", ratio <= ABOVE,
        ),
        *([] if paired is None else [paired.check]),
    )  # fmt: skip
    orders = ", ".join(f"{order:.4f}" for order in successive_orders(rows))
    remarks = (
        f"{extra['clock']} clock, {extra['noise']} noise; order from level to level: {orders}",
        f"C = {term.constant:.6g}, from the first term of the expansion in eps",
        f"particles: {REPLICATES} clouds of {extra['count']}, W1 to the law of the collisions {extra['sampled']:.3e}"
        f" (expected: {extra['floor']:.3e})",
        *([] if paired is None else [paired.remark]),
    )
    return asked.study(
        refinement="eps",
        quantity=f"W1(Boltzmann, Fokker-Planck) at t = {extra['time']:g}",
        rows=rows,
        slope=fit_order(rows),
        expected_slope=term.order,
        checks=checks,
        reference=f"C eps^{term.order:g}",
        refusal=refusal,
        remarks=remarks,
        extra=extra,
    )
