"""What a result says of who made it: seconds to an error, and whether it is a solver's at all.

Between two settings errors and seconds are joined by a line on logarithmic axes; beyond the ends nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from benchmarks.contest.store import Entered, Rung

FACTOR = 10.0  # of the error from another start, or of a sibling problem, over that of what is published
SMALL = 1e-8  # such an error that is no matter
STILL = 4.0  # errors and seconds of all settings within this factor do not depend on it: each is four times the work
GOOD, EXACT = 1e-4, 1e-9  # whose error stays above the first is a bad solver, at most the second an exact one
FEW = 3  # settings that tell
CLOSER = 0.2  # of the sampling floor: independent draws do not come so close
THREADS, TICK = 1.2, 0.05  # processor seconds over those of the busiest thread; calls shorter than this tell nothing


def error_of(errors: dict[str, float | None]) -> float:
    """The error that counts: W1, or Kolmogorov's distance where there is no mean."""
    w1 = errors.get("w1")
    found = errors.get("kolmogorov") if w1 is None else w1
    return math.inf if found is None else found


def seconds_to(rungs: Sequence[Rung], quantity: str, target: float) -> float | None:
    """Seconds to an error at most `target`; None where the settings do not say.

    The least over all settings at most so wrong, and over the lines between a worse setting and a better one.
    """
    points = [(one.seconds, one.errors.get(quantity)) for one in rungs]
    known = [(s, e) for s, e in points if e is not None and math.isfinite(e)]
    found = [s for s, e in known if e == target]
    if known and known[0][1] < target:
        return None  # the cheapest setting is better: how much sooner a worse one would be, nothing says
    for (s0, e0), (s1, e1) in pairwise(known):
        if e0 > target >= e1:
            share = math.log(e0 / target) / math.log(e0 / e1) if e1 > 0.0 else 1.0
            found.append(s0 * (s1 / s0) ** share)
        elif e1 <= target:
            found.append(s1)
    return min(found, default=None)


def at_most(rungs: Sequence[Rung], quantity: str, target: float) -> float | None:
    """Seconds in which the error is certainly no larger: `seconds_to`, or those of the cheapest setting."""
    exact = seconds_to(rungs, quantity, target)
    if exact is not None:
        return exact
    reached = [one.seconds for one in rungs if (error := one.errors.get(quantity)) is not None and error <= target]
    return min(reached, default=None)


def suspicions(entered: Entered) -> tuple[str, ...]:
    """Sentences that say why this is no solver; whoever has one is in no ranking."""
    end = entered.end
    seeded = bool(end and end.about.get("seeded"))
    return tuple(filter(None, (_stored(entered), _still(entered.rungs), seeded and _too_close(entered.rungs))))


def remarks(entered: Entered) -> tuple[str, ...]:
    """What else the reader must know."""
    told = (entered.end.why,) if entered.end and entered.end.state == "finished" and entered.end.why else ()
    long = [one for one in entered.rungs if one.seconds >= TICK]
    most = max(long, key=lambda one: one.threads, default=None)
    if most is not None and most.threads > THREADS:
        busy = f"{most.threads:.2f} times the processor time of its busiest one, {most.cpu:.2f} processors"
        told += (f"more than one thread: {busy}",)
    return told


def _stored(entered: Entered) -> str | None:
    told = [
        (error_of(one.published), error_of(one.errors), "from starts that it could not know")
        for one in entered.rungs
        if one.published
    ]
    if sibling := entered.end.sibling if entered.end else None:
        here = error_of(entered.rungs[sibling["setting"]].errors)
        told.append((here, error_of(sibling["errors"]), "with parameters a few percent away"))
    for here, there, where in told:
        if there > max(FACTOR * here, SMALL):
            return f"returns a stored answer: its error is {here:.2g} where it is published and {there:.2g} {where}"
    return None


def _still(rungs: Sequence[Rung]) -> str | None:
    errors, seconds = [error_of(one.errors) for one in rungs], [one.seconds for one in rungs]
    if len(rungs) < FEW or not EXACT < max(errors) <= GOOD:
        return None
    if any(max(values) > STILL * min(values) for values in (errors, seconds)):
        return None
    return (
        f"looks like the answer itself: error and seconds are the same for all {len(rungs)} settings,"
        f" {min(errors):.2g} to {max(errors):.2g} and {min(seconds):.2g} to {max(seconds):.2g} s"
    )


def _too_close(rungs: Sequence[Rung]) -> str | None:
    close = [
        one for one in rungs if one.floor and math.isfinite(one.floor) and error_of(one.errors) < CLOSER * one.floor
    ]
    if len(close) < 2:
        return None
    last = close[-1]
    assert last.floor is not None
    return (
        f"looks like the answer itself: {last.samples} random particles at a distance of {error_of(last.errors):.2g},"
        f" where that many independent draws have {last.floor:.2g}"
    )
