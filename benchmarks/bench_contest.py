"""Seconds that this project's contestants take to an error of the contest, problem by problem."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from benchmarks.contest.contestant import Contestant, ready
from benchmarks.contest.contestants.ours_draws import draws
from benchmarks.contest.contestants.ours_grid import cweno7, imex
from benchmarks.contest.contestants.ours_points import points
from benchmarks.contest.problems import PROBLEMS
from benchmarks.contest.references import reference
from benchmarks.contest.score import scores
from benchmarks.measure import Work, named, nanoseconds

AIMS: dict[str, tuple[Contestant, str, str, float]] = {
    "tanh to W1 = 1e-3": (points, "tanh", "w1", 1e-3),
    "tanh to L1 = 1e-5": (cweno7, "tanh", "l1", 1e-5),
    "ou to W1 = 1e-3": (cweno7, "ou", "w1", 1e-3),
    "ou to L1 = 1e-5": (cweno7, "ou", "l1", 1e-5),
    "tanh-attracted to L1 = 1e-5": (imex, "tanh-attracted", "l1", 1e-5),
    "plane-linear to W1 = 1e-3": (draws, "plane-linear", "w1", 1e-3),
}
_SEEDS = 4  # of a random answer, whose root mean square counts


class ContestToError:
    """The cheapest setting of its ladder that comes so close."""

    ease = 1.0  # factor of the error: more in the tests
    turns = 5
    params = (tuple(AIMS),)
    param_names = ("aim",)
    timeout = 300.0
    smallest = {"ease": 300.0, "turns": 1}  # noqa: RUF012

    def setup(self, aim: str) -> None:
        """Climb, and keep what reached it; that it did is checked by the climb."""
        contestant, name, quantity, target = AIMS[aim]
        problem = PROBLEMS[name]
        known = reference(problem)
        for setting in contestant.ladder(problem):
            solve = partial(ready(contestant, problem, setting), problem)
            found: list[Any] = [
                getattr(scores(problem, known, solve(seed)), quantity)
                for seed in range(_SEEDS if contestant.seeded else 1)
            ]
            if math.sqrt(sum(error * error for error in found) / len(found)) <= self.ease * target:
                self.work = Work(lambda: None, partial(solve, 0), 1e9)
                return
        raise AssertionError(f"no setting of {contestant.title} comes to {quantity} = {target:g} on {name}")

    @named("contest: seconds of ours to an error", "seconds")
    def track_seconds(self, aim: str) -> float:
        return nanoseconds({aim: self.work}, self.turns)[aim]
