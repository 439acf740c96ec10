"""Budget: where the distance between a cloud and a solution comes from, term by term, and whether the sum closes.

Laws and solutions in a chain, each term the W1 between neighbours:

    cloud -- its own law -- law of the Poisson clock -- limit eps -> 0 -- PDE, wide domain -- PDE, domain given
       sampling       time step              eps                     grid              domain

and rounding, which moves the cloud itself. W1 is a metric, so for the total, which is measured from other clouds,

    largest term - the rest  <=  total  <=  sum of the terms.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from particles.base.shown import Shown
from particles.base.tables import Cell, Table
from validation.studies.study import Check


@dataclass(frozen=True)
class Term:
    """One term of a budget: sampling, time step, eps, grid, domain or rounding.

    `value` is W1, and `half_width` half of its 95 % interval or, for a computed term, what the computation may be off
    by. `how` is the experiment, in words; `knob` what refines it, such as "particles x 4", None where nothing does;
    `remaining` and `seconds` what that would leave of the term, and what it would cost more, in seconds on this
    machine.
    """

    name: str
    value: float
    half_width: float
    how: str
    knob: str | None = None
    remaining: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, repr=False)
class Budget(Shown):
    """A measured budget: the terms in the order of the chain, and the total from clouds of their own.

    `settings` are count, cells, domain, until, pde, replicates and seed; `floor` is the exact mean of W1 between so
    many draws and their law, which the sampling term must be; `distance` is W1, in the plane sliced W1.
    """

    case: str
    scheme: str
    settings: dict[str, Any]
    terms: tuple[Term, ...]
    total: Term
    floor: float
    distance: str = "W1"
    provenance: dict[str, Any] = field(default_factory=dict)

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from (("case", self.case), ("scheme", self.scheme), ("total", self.total.value), ("sum", self.sum))
        yield from (("dominating", self.dominating.name), ("holds", self.holds))

    def _tables(self) -> tuple[Table, ...]:
        return tables(self)

    @property
    def dominating(self) -> Term:
        """The largest term."""
        return max(self.terms, key=lambda term: term.value)

    @property
    def refinement(self) -> Term | None:
        """The term whose refinement takes most off the sum a second, of those that take off a tenth of it; or None."""
        gains = {term.name: term.value - term.remaining for term in self.terms if term.knob is not None}
        worth = [term for term in self.terms if gains.get(term.name, 0.0) >= 0.1 * self.sum]
        return max(worth, key=lambda term: gains[term.name] / max(term.seconds, 1e-9), default=None)

    @property
    def sum(self) -> float:
        """Of the terms."""
        return sum(term.value for term in self.terms)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Closure both ways, and sampling against its exact mean; a 95 % interval stands for each measured number."""
        largest = self.dominating
        slack = sum(term.half_width for term in self.terms) + self.total.half_width
        rest = self.sum - largest.value
        value, sampling = self.total.value, self.terms[0]
        least = largest.value - rest
        return (
            Check("total <= sum", f"{value:.3e} <= {self.sum:.3e} (intervals {slack:.1e})", value <= self.sum + slack),
            Check(
                "total >= largest - rest", f"{value:.3e} >= {least:.3e} (intervals {slack:.1e})", value >= least - slack
            ),
            Check(
                "sampling is the exact mean for so many draws (99.9 % level)",
                f"{sampling.value:.4e} +- {sampling.half_width:.1e} against {self.floor:.4e}",
                abs(sampling.value - self.floor) <= sampling.half_width * 3.29 / 1.96,
            ),
        )

    @property
    def holds(self) -> bool:
        """True if every check holds."""
        return all(check.holds for check in self.checks)


def heads(found: Budget) -> tuple[str, ...]:
    """Heads of the table of a budget."""
    return "term", found.distance, "95 %", "share", "by"


def tables(found: Budget) -> tuple[Table, Table]:
    """The terms with their sum and the total, and the claims."""
    from validation.report.table import of_checks

    rows: list[tuple[Cell, ...]] = [(t.name, t.value, t.half_width, t.value / found.sum, t.how) for t in found.terms]
    total = found.total
    rows += [("sum", found.sum, None, None, ""), ("total", total.value, total.half_width, None, total.how)]
    title = f"budget: {found.case} at t = {found.settings['until']:g}"
    return Table(title, heads(found), tuple(rows)), of_checks(f"{title}, claims", found.checks)


def told_grid(settings: dict[str, Any]) -> str:
    """The grid of a budget in words."""
    cells, domain = settings["cells"], settings["domain"]
    pairs = domain if isinstance(domain[0], tuple | list) else [domain]
    return f"{' x '.join([str(cells)] * len(pairs))} cells on {' x '.join(f'[{lo:g}, {hi:g}]' for lo, hi in pairs)}"


def lines(found: Budget) -> list[list[str]]:
    """The table of a budget below its `heads`: a line a term, then their sum and the total."""

    def line(name: str, value: float, half: float = 0.0, share: str = "", how: str = "") -> list[str]:
        return [name, f"{value:.3e}", f"+- {half:.1e}" if half else "", share, how]

    terms = [line(t.name, t.value, t.half_width, f"{100.0 * t.value / found.sum:.1f} %", t.how) for t in found.terms]
    total = found.total
    return [*terms, line("sum", found.sum), line("total", total.value, total.half_width, how=total.how)]


def sentences(found: Budget) -> tuple[str, str]:
    """What dominates, and the cheapest next refinement."""
    dominating, next_one = found.dominating, found.refinement
    first = f"dominating: {dominating.name}, {100.0 * dominating.value / found.sum:.0f} % of the sum"
    if next_one is None:
        return first, "no refinement takes a tenth off the sum"
    left = found.sum - next_one.value + next_one.remaining
    return first, (
        f"cheapest next refinement: {next_one.knob} ({next_one.name}): sum {left:.2e} instead of {found.sum:.2e},"
        f" for about {next_one.seconds:.2g} s more"
    )


def to_dict(found: Budget) -> dict[str, Any]:
    """Plain values of a budget, for JSON."""
    next_one = found.refinement
    return {
        **dataclasses.asdict(found),
        "sum": found.sum,
        "dominating": found.dominating.name,
        "refinement": None if next_one is None else next_one.knob,
        "checks": [dataclasses.asdict(check) for check in found.checks],
        "holds": found.holds,
    }
