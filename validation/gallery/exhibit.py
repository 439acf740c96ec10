"""Exhibit: a failure that was run for real, what theory foretells of it, and what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from particles.base.errors import InputError
from validation.studies.study import Check


@dataclass(frozen=True)
class Number:
    """A number that theory foretells, and the same one measured; `within` is the largest difference that agrees."""

    what: str
    predicted: float
    measured: float
    within: float

    @property
    def holds(self) -> bool:
        """True if both agree; False where one is not a number."""
        return abs(self.measured - self.predicted) <= self.within


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A failure, run: what goes wrong in one sentence, and what to do instead in another.

    `checks` are claims that are no numbers: refusals, and what a record says.
    """

    name: str
    failure: str
    numbers: tuple[Number, ...]
    checks: tuple[Check, ...] = ()
    remedy: str

    @property
    def holds(self) -> bool:
        """True if it fails as foretold, in every number and every claim."""
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
