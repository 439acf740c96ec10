"""Turns: one player at a time on the clock, and off it, while nobody is timed, work side by side, a processor each."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from queue import SimpleQueue
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from benchmarks.contest.process import Contestant


class Job(NamedTuple):
    """Work off the clock, a contestant's or else the judge's, and how long it or what comes after it may take."""

    work: Callable[[], Any]
    seconds: float = 0.0
    process: Contestant | None = None


R = TypeVar("R")
Turns = Generator[Job | None, Future[Any] | None, R]
"""Who asks for nothing is on the clock at its next turn; who asks for a job gets what came of it."""
Joining = Callable[[Turns[None]], Iterable[Turns[None]]]


class Aside:
    """As many jobs at a time as there are processors for this process, of which one may be the judge's.

    A contestant works on whichever is free, and is back on its own after it.
    """

    def __init__(self) -> None:
        processors = sorted(os.sched_getaffinity(0))
        self._free: SimpleQueue[int] = SimpleQueue()
        for processor in processors:
            self._free.put(processor)
        self._contestants, self._judge = ThreadPoolExecutor(len(processors)), ThreadPoolExecutor(1)

    def __enter__(self) -> Aside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for pool in (self._contestants, self._judge):
            pool.shutdown(cancel_futures=True)

    def play(self, players: Iterable[Turns[None]], joining: Joining) -> None:
        """Let all play to their end, and who joins when one has ended.

        They are on the clock, in turns, until every one of them has asked for a job; then all jobs are done, and those
        that are asked for after them, until every one asks for the clock.
        """
        timed = deque(players)
        while timed:
            asked: list[tuple[Job, Turns[None]]] = []
            while timed:
                player = timed.popleft()
                try:
                    job = next(player)
                except StopIteration:
                    timed.extend(joining(player))
                    continue
                if job is None:
                    timed.append(player)
                else:
                    asked.append((job, player))
            asked.sort(key=lambda one: -one[0].seconds)  # the longest first: it is not to be waited for alone
            working = {self._start(job): player for job, player in asked}
            while working:
                for done in wait(working, return_when=FIRST_COMPLETED).done:
                    player = working.pop(done)
                    try:
                        job = player.send(done)
                    except StopIteration:
                        timed.extend(joining(player))
                        continue
                    if job is None:
                        timed.append(player)
                    else:
                        working[self._start(job)] = player

    def _start(self, job: Job) -> Future[Any]:
        pool = self._judge if job.process is None else self._contestants
        return pool.submit(self._carry_out, job)

    def _carry_out(self, job: Job) -> Any:
        processor = self._free.get()
        try:
            with nullcontext() if job.process is None else job.process.on(processor):
                return job.work()
        finally:
            self._free.put(processor)
