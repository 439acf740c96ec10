"""A contestant on the ladder of one problem, setting by setting, as far as its seconds go.

Of a setting the first call may compile, and is told apart; it is done off the clock with what comes before it, and so
are answers judged. Of the others the shortest counts. Each of these begins from a start that its contestant has not
seen (`Starts`), with a seed of its own, so that neither what was prepared nor the answer of an earlier call is an
answer to it; what it returns is what is judged, and errors are root mean squares.
"""

from __future__ import annotations

import math
import random
import secrets
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.contest.aside import Job, Turns
from benchmarks.contest.problem import Problem
from benchmarks.contest.problems import started, varied
from benchmarks.contest.process import Contestant, Fault, Timed
from benchmarks.contest.references import reference
from benchmarks.contest.result import Result, Samples
from benchmarks.contest.score import scores
from benchmarks.contest.seat import Seat
from benchmarks.contest.store import End, Rung, Store
from benchmarks.contest.verdicts import FEW, error_of
from particles.base.errors import InputError

LEAST, MOST, ENOUGH = 2, 7, 0.3  # timed calls of a setting: at least, at most, and no more after so many seconds
DEAR = 0.2  # seconds of judging a setting, after which no more than LEAST of its calls are judged
SHORT, MOST_TIMES = 5e-3, 50  # a shorter call is timed with others, so that asking for it is no part of its seconds
TARGET = {True: 1e-5, False: 1e-10}  # an error that needs no better setting: of random answers, of others
GROWTH = 4.0  # work of a setting over that of the one before
COMPILING = 30.0  # seconds off the clock on a problem, those of the first setting left out, after which nobody goes on

Errors = dict[str, float | None]


class Starts:
    """A problem from starts that no contestant knows, none of which it sees twice.

    Those whose answers are judged are the same for all, so that they have a reference each for all together.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem, self.key = problem, secrets.token_hex(8)

    def judged(self, setting: int, call: int) -> Problem:
        """From the start of a call of a setting, one call to the one side, the next to the other."""
        return started(self._problem, f"{self.key}/{setting}/{call}", 1 - 2 * (call % 2))

    def among(self, problem: Problem, times: int) -> tuple[list[Any], int]:
        """Return a problem's start at a random place among others, as many as said in all, and that place."""
        place = secrets.randbelow(times)
        found = [started(self._problem, secrets.token_hex(8), secrets.choice((-1, 1))).start for _ in range(times)]
        found[place] = problem.start
        return found, place


class Climb:
    """A contestant on its ladder."""

    def __init__(self, problem: Problem, starts: Starts, seat: Seat, store: Store, share: float) -> None:
        self._problem, self._starts, self._seat, self._store = problem, starts, seat, store
        self._rungs = list(store.of(problem.name, seat.entry.name).rungs)
        self._share, self._limit, self._base, self._why = share, seat.limit, 0, ""
        self._spent = sum(one.seconds * one.calls for one in self._rungs)

    def turns(self) -> Turns[None]:
        """Climb, a timed call a turn, and keep how it ended."""
        process = self._seat.sit()
        end = self._seat.absent
        if process is not None:
            try:
                told = process.ladder(self._problem, self._limit)
                if told["cannot"]:
                    end = End("cannot", str(told["cannot"]), process.about)
                else:
                    process.forget_most()
                    yield from self._up(process, told["ladder"])
                    sibling = yield from self._sibling(process, told["ladder"])
                    end = End("finished", self._why, process.about, sibling)
            except Fault as fault:
                end = End(fault.kind, str(fault), process.about)
        assert end is not None
        if end.state != "missing" or not self._rungs:
            self._store.finish(self._problem.name, self._seat.entry.name, end)

    def _up(self, process: Contestant, ladder: Sequence[dict[str, Any]]) -> Turns[None]:
        seeded = bool(process.about["seeded"])
        for number in range(len(self._rungs), len(ladder)):
            if self._rungs:
                last = self._rungs[-1]
                cost = GROWTH * last.seconds * LEAST
                good = error_of(last.errors) <= TARGET[seeded] and number >= FEW
                if good or self._spent + cost > self._share:
                    return
                compiled = [one.prepare + one.first for one in self._rungs]
                if sum(compiled[1:]) > COMPILING:  # some compile once
                    self._why = f"no better setting was tried: these took {sum(compiled):.0f} s to compile"
                    return
            rung = yield from self._rung(process, number, ladder[number])
            self._rungs.append(rung)
            self._store.add(self._problem.name, self._seat.entry.name, number, rung)

    def _rung(self, process: Contestant, number: int, setting: dict[str, Any]) -> Turns[Rung]:
        prepare, first, published = yield from self._first(process, self._problem, setting)
        calls: list[Timed] = []
        answers: list[tuple[Problem, Result]] = []
        while len(calls) < LEAST or (len(calls) < MOST and sum(one.wall for one in calls) < ENOUGH):
            times = max(1, min(MOST_TIMES, math.ceil(SHORT / calls[-1].wall))) if calls else 1
            yield None
            problem = self._starts.judged(number, len(calls))
            starts, place = self._starts.among(problem, times)
            calls.append(process.solve(starts, _seed(), self._limit, place))
            answers.append((problem, process.result(self._limit)))
        self._spent += sum(one.wall for one in calls)
        memory = process.resident(most=True) - self._base
        timed = _timed(calls, answers[0][1], reference(self._problem))
        found = yield from self._judged(answers)
        errors = {name: _root_mean_square([one[name] for one in found]) for name in found[0]}
        return Rung(
            setting=setting, first=first, prepare=prepare, memory=max(0, memory), errors=errors,
            published=published, **timed,
        )  # fmt: skip

    def _first(
        self, process: Contestant, problem: Problem, setting: dict[str, Any]
    ) -> Turns[tuple[float, float, Errors]]:
        """Seconds of what comes before the first call and of that, off the clock, and how far off it was."""

        def work() -> tuple[float, float, Result]:
            prepare = process.prepare(problem, setting, self._limit)
            self._base = self._base or process.resident()
            first = process.solve([problem.start], _seed(), self._limit)
            return prepare, first.wall, process.result(self._limit)

        done = yield Job(work, self._seat.compiled, process)
        assert done is not None
        prepare, first, result = done.result()
        self._seat.compiled = prepare + first
        (errors,) = yield from self._judged([(problem, result)])
        return prepare, first, errors

    def _judged(self, answers: Sequence[tuple[Problem, Result]]) -> Turns[list[Errors]]:
        """How far off answers are: of the first, and of as many as it takes not long to judge."""

        def work() -> list[Errors]:
            found: list[Errors] = []
            begun = time.monotonic()
            for problem, result in answers:
                if len(found) < LEAST or time.monotonic() - begun < DEAR:
                    found.append(self._score(problem, result))
            return found

        done = yield Job(work, self._seat.compiled)
        assert done is not None
        return done.result()  # type: ignore[no-any-return]

    def _sibling(self, process: Contestant, ladder: Sequence[dict[str, Any]]) -> Turns[dict[str, Any]]:
        """Errors of a setting on a problem that nobody has seen: the most exact one that it has done."""
        number = len(self._rungs) - 1
        other = varied(self._problem, self._starts.key)
        *_, errors = yield from self._first(process, other, ladder[number])
        return {"setting": number, "errors": errors}

    @staticmethod
    def _score(problem: Problem, result: Result) -> Errors:
        try:
            found = vars(scores(problem, reference(problem), result))
        except InputError as error:
            raise Fault("refused", str(error)) from None
        return {
            name: None if value is None or not math.isfinite(value) else float(value) for name, value in found.items()
        }


def _timed(calls: Sequence[Timed], result: Result, answer: Any) -> dict[str, Any]:
    """What the timed calls of a setting say: seconds, processors, particles and their floor."""
    samples = len(result.points) if isinstance(result, Samples) else None
    floor = None if samples is None else float(answer.floor(samples))
    return {
        "seconds": min(one.wall for one in calls),
        "cpu": sum(one.cpu for one in calls) / sum(one.wall for one in calls),
        "threads": sum(one.cpu for one in calls) / max(sum(one.busiest for one in calls), 1e-9),
        "calls": len(calls),
        "samples": samples,
        "floor": floor if floor is not None and math.isfinite(floor) else None,
    }


def _root_mean_square(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.sqrt(math.fsum(value * value for value in known) / len(known)) if len(known) == len(values) else None


def _seed() -> int:
    return random.SystemRandom().randrange(2**31)
