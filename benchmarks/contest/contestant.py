"""A contestant: who solves a problem, from the cheapest setting to the most exact."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result

GROUP = "simresnet.contest"  # entry points of this group name contestants: name = module:object

Setting = Mapping[str, float | int | str]
Solve = Callable[[Problem, int], Result]


class Contestant(Protocol):
    """What is registered. Its module must import without its library; `prepare` may import it.

    Attributes
    ----------
    title : str
        Such as "diffrax, Euler-Maruyama".
    library : str
        Distribution whose version is recorded, such as "diffrax".
    source : str
        Address of the documentation that its settings follow.
    seeded : bool
        Whether its answer is random: then its error has a sampling floor, and `seed` in a setting changes it.
    """

    title: str
    library: str
    source: str
    seeded: bool

    def cannot(self, problem: Problem) -> str | None:
        """Return why it can't solve this problem, in a short sentence; None where it can."""

    def ladder(self, problem: Problem) -> Sequence[Setting]:
        """Return settings from the cheapest to the most exact, each about four times the work of the one before."""

    def prepare(self, problem: Problem, setting: Setting) -> Solve:
        """Return what solves the problem, with the start that it is told in the call, and with a seed.

        Only its calls are timed, after a first that may compile. Each has a start of its own, the rest of the problem
        is that given here. What takes a seed alone has its start from here: then this method is timed with each call.
        """


def ready(contestant: Any, problem: Problem, setting: Setting) -> Solve:
    """Return what solves a problem from a start that it is told in the call: whatever is told the start is in it."""
    made: Any = contestant.prepare(problem, setting)
    if len(inspect.signature(made).parameters) > 1:
        return made  # type: ignore[no-any-return]
    return lambda problem, seed: contestant.prepare(problem, setting)(seed)  # type: ignore[no-any-return]
