"""What the gallery shows: failures and figures that were run for real, what theory foretells, and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from particles.base.errors import InputError
from validation.studies.study import Check

Draw = Callable[[Sequence[Any]], None]
"""Draws into axes, three side by side at most, row after row."""


@dataclass(frozen=True)
class Number:
    """A number that theory foretells, and the same one measured; `within` is the largest difference that agrees."""

    what: str
    predicted: float
    measured: float
    within: float

    def __post_init__(self) -> None:
        for name in ("predicted", "measured", "within"):
            object.__setattr__(self, name, float(getattr(self, name)))  # tables know plain numbers

    @property
    def holds(self) -> bool:
        """True if both agree; False where one is not a number."""
        return abs(self.measured - self.predicted) <= self.within


class Evidence:
    """Numbers foretold and measured, and claims that are no numbers: refusals, and what a record says."""

    numbers: tuple[Number, ...]
    checks: tuple[Check, ...]
    panels: int
    draw: Draw | None

    @property
    def holds(self) -> bool:
        """True if it is as foretold, in every number and every claim."""
        return all(number.holds for number in self.numbers) and all(check.holds for check in self.checks)

    @property
    def table(self) -> str:
        """The numbers and claims as a table in Markdown."""
        lines = ["| what | predicted | measured | within |", "|---|---|---|---|"]
        lines += [f"| {n.what} | {n.predicted:.6g} | {n.measured:.6g} | {n.within:.2g} |" for n in self.numbers]
        if self.checks:
            lines += ["", "| claim | found |", "|---|---|"]
            lines += [f"| {check.claim} | {check.found.replace('|', '&#124;')} |" for check in self.checks]
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Exhibit(Evidence):
    """A failure, run: what goes wrong in one sentence, and what to do instead in another; `draw` and `panels` as those
    of a `Figure`, where there is a drawing.
    """

    name: str
    failure: str
    numbers: tuple[Number, ...]
    checks: tuple[Check, ...] = ()
    remedy: str
    panels: int = 1
    draw: Draw | None = None


@dataclass(frozen=True, kw_only=True)
class Figure(Evidence):
    """A figure of a paper, run anew: what it shows, what is open or wrong there, and how to draw it.

    Parameters
    ----------
    name : str
        Folder of the paper and number, such as "herty/7".
    source : str
        Paper and figure, for people.
    shows : str
        What the figure shows.
    doubts : str
        What the paper leaves open or has wrong there, with the rows of docs/errata.md; "" for nothing.
    cases : tuple of str
        Names of the cases that it runs, or starts from.
    numbers, checks
        As in `Evidence`.
    panels : int, 1 to 3 or a multiple of 3
        Axes, three side by side at most.
    draw : callable
        Draws into so many axes, given row after row.
    """

    name: str
    source: str
    shows: str
    doubts: str
    cases: tuple[str, ...]
    numbers: tuple[Number, ...]
    checks: tuple[Check, ...] = ()
    panels: int
    draw: Draw


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """A figure of a paper that exhibits of other names show: what they are, and what differs.

    Parameters
    ----------
    name, source, shows, doubts : str
        As those of a `Figure`.
    shown_by : tuple of str
        Names of the exhibits.
    """

    name: str
    source: str
    shows: str
    doubts: str
    shown_by: tuple[str, ...]


Run = Callable[[], Figure | Exhibit]
"""Runs an exhibit; takes nothing and is deterministic."""


def slope(levels: ArrayLike, values: ArrayLike) -> float:
    """Least-squares slope of ln(values) over ln(levels)."""
    return float(np.polyfit(np.log(levels), np.log(values), 1)[0])


def refusal(claim: str, attempt: Callable[[], object], words: str) -> Check:
    """Claim that an attempt is refused in a sentence that holds the words; found is that sentence."""
    try:
        attempt()
    except InputError as error:
        return Check(claim, str(error), words in str(error))
    return Check(claim, "it was not refused", False)
