"""Work off the clock, side by side: what contestants compile, a processor each while nobody is timed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import SimpleQueue
from types import TracebackType
from typing import Any, NamedTuple

from benchmarks.contest.process import Contestant


class Job(NamedTuple):
    """What a contestant is to be asked off the clock; its answer, or what it raises, is for who asks for the job."""

    process: Contestant
    work: Callable[[], Any]


class Aside:
    """As many jobs at a time as there are processors for this process; each contestant is back on its own after it."""

    def __init__(self) -> None:
        processors = sorted(os.sched_getaffinity(0))
        self._free: SimpleQueue[int] = SimpleQueue()
        for processor in processors:
            self._free.put(processor)
        self._pool = ThreadPoolExecutor(len(processors))

    def __enter__(self) -> Aside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def all(self, jobs: Iterable[Job]) -> list[Future[Any]]:
        """Carry all of them out, and return when the last one is done."""
        futures = [self._pool.submit(self._carry_out, job) for job in jobs]
        wait(futures)
        return futures

    def _carry_out(self, job: Job) -> Any:
        processor = self._free.get()
        try:
            with job.process.on(processor):
                return job.work()
        finally:
            self._free.put(processor)
