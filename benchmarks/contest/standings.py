"""Who is how fast: seconds to an error, best first, and over ours.

Ours are the contestants whose library is this project. A time is read between two settings (`verdicts.seconds_to`), or
is that of the cheapest setting, where this one is better already: then it is a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contest.store import Entered
from benchmarks.contest.verdicts import at_most, seconds_to, suspicions

OURS = "simresnet"
TARGETS = (("w1", 1e-2), ("w1", 1e-3), ("w1", 1e-4), ("l1", 1e-3), ("l1", 1e-5))
NAMES = {"w1": "W1", "kolmogorov": "Kolmogorov", "l1": "L1"}


@dataclass(frozen=True)
class Time:
    """Seconds to an error; `bound` where the cheapest setting is better than that, so that it may be less."""

    contestant: str
    ours: bool
    seconds: float
    bound: bool


def is_ours(entered: Entered) -> bool:
    """Whether it is one of this project's."""
    return bool(entered.end and entered.end.about.get("library") == OURS)


def targets_of(group: Sequence[Entered]) -> tuple[tuple[str, float], ...]:
    """Quantities and errors that are asked for: Kolmogorov's distance in place of W1 where there is no mean."""
    errors = [rung.errors for one in group for rung in one.rungs]
    without = bool(errors) and all(one.get("w1") is None for one in errors)
    return tuple(("kolmogorov" if name == "w1" and without else name, target) for name, target in TARGETS)


def reached(entered: Entered, quantity: str, target: float) -> Time | None:
    """Seconds of a contestant to an error; None where it does not get there."""
    exact = seconds_to(entered.rungs, quantity, target)
    seconds = at_most(entered.rungs, quantity, target) if exact is None else exact
    return None if seconds is None else Time(entered.contestant, is_ours(entered), seconds, exact is None)


def standing(group: Sequence[Entered], quantity: str, target: float) -> tuple[Time, ...]:
    """All that get there, the fastest first; who is no solver is not among them."""
    times = (reached(one, quantity, target) for one in group if not suspicions(one))
    return tuple(sorted((one for one in times if one is not None), key=lambda one: one.seconds))


def best_of_ours(times: Sequence[Time]) -> Time | None:
    """The fastest of ours."""
    return next((one for one in times if one.ours), None)
