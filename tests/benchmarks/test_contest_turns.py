"""Whose turn it is in a contest: on the clock one at a time, off it side by side, nobody far ahead of the others."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.contest.aside import Aside, Job, Turns
from benchmarks.contest.judge import _Programme
from benchmarks.contest.problems import PROBLEMS
from benchmarks.contest.registry import chosen
from benchmarks.contest.seat import Seat
from benchmarks.contest.store import End, Store
from tests.benchmarks import contest_plants


class Desk:
    """Who is at work; a contestant that can be moved to a processor."""

    def __init__(self) -> None:
        self._lock, self.judging, self.working, self.seen = threading.Lock(), 0, 0, set[int]()

    @contextmanager
    def on(self, processor: int) -> Iterator[None]:
        self.seen.add(processor)
        yield

    @contextmanager
    def at(self, kind: str) -> Iterator[None]:
        with self._lock:
            setattr(self, kind, getattr(self, kind) + 1)
        yield
        with self._lock:
            setattr(self, kind, getattr(self, kind) - 1)


def player(desk: Any, order: list[str], name: str, settings: int) -> Turns[None]:
    def solve() -> str:
        with desk.at("working"):
            return name

    def judge() -> int:
        with desk.at("judging"):
            return int(desk.judging)

    for _ in range(settings):
        done = yield Job(solve, float(settings), desk)
        assert done is not None
        assert done.result() == name
        for _ in range(2):
            yield None
            assert (desk.working, desk.judging) == (0, 0)
            order.append(name)
        done = yield Job(judge, float(settings))
        assert done is not None
        assert done.result() == 1


def test_calls_are_in_turns_and_nobody_works_beside_them() -> None:
    """The judge is one. Who joins asks for a job first, so that it is on the clock at the turns after the next."""
    desk, order, ended = Desk(), list[str](), list[int]()

    def joining(_: Turns[None]) -> list[Turns[None]]:
        ended.append(len(order))
        return [player(desk, order, "c", 1)] if len(ended) == 1 else []

    with Aside() as aside:
        aside.play([player(desk, order, "a", 3), player(desk, order, "b", 1)], joining)
    assert {"".join(order[:4]), "".join(order[4:6])} <= {"abab", "baba", "aa"}
    assert ("".join(order[6:]) in ("acac", "caca"), len(ended)) == (True, 3)
    assert desk.seen <= os.sched_getaffinity(0)


def test_what_a_job_raises_is_raised_where_it_was_asked_for() -> None:
    told: list[str] = []

    def fails() -> Turns[None]:
        done = yield Job(lambda: 1 // 0)
        assert done is not None
        with pytest.raises(ZeroDivisionError):
            done.result()
        told.append("here")

    with Aside() as aside:
        aside.play([fails()], lambda _: [])
    assert told == ["here"]


def test_nobody_is_more_than_a_problem_ahead(tmp_path: Path) -> None:
    """The third problem has been done by the one, in an earlier run."""
    problems = [PROBLEMS[name] for name in ("ou", "tanh", "relu", "lognormal")]
    quick, slow = (Seat(entry, 1.0) for entry in chosen([f"{contest_plants.__file__}:{n}" for n in ("honest", "nan")]))
    store = Store(tmp_path / "run")
    store.begin({"commit": "0", "cpu": "none"})
    store.finish("relu", quick.entry.name, End("finished"))
    programme = _Programme(problems, [quick, slow], store, 1.0)
    assert programme.done == 1 / 8
    first, other = programme.begin()
    (second,) = programme.next_of(first)
    assert programme.next_of(second) == programme.begin() == []  # its next is the fourth
    (others_second,) = programme.next_of(other)
    found = programme.next_of(others_second)
    assert len(found) == 2  # the third of the slow one opens the fourth
    for climb in found:
        programme.next_of(climb)
    assert programme.done == 7 / 8
    (last,) = programme._climbs
    assert (programme.next_of(last), programme.done) == ([], 1.0)
