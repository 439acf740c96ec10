"""A contestant: who solves a problem, from the cheapest setting to the most exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Result

GROUP = "simresnet.contest"  # entry points of this group name contestants: name = module:object

Setting = Mapping[str, float | int | str]


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

    def prepare(self, problem: Problem, setting: Setting) -> Callable[[int], Result]:
        """Return what solves the problem with a seed; only its calls are timed, after a first that may compile.

        Drawing the start from its law (or averaging it over cells) belongs to the call.
        """
