"""Progress of long work, told by rank 0 on stderr: a bar on a terminal, elsewhere a line now and then.

A line comes every 30 s, or sooner where another 10 % are done; never before the first 30 s are over, so that short work
says nothing. SIMRESNET_LOG_EVERY is another number of seconds, or ``never``.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from particles.base.errors import InputError
from particles.base.launch import launched_rank, launched_size

Report = Callable[[float], None]
EVERY, STEP = 30.0, 0.1
VARIABLE = "SIMRESNET_LOG_EVERY"


@contextmanager
def progress_bar(what: str, work: float | None = None, *, samples: float | None = None) -> Iterator[Report]:
    """Yield a function that takes the finished share in [0, 1].

    Every line begins with `what`; given the `work`, particle-steps of the whole over all ranks, lines tell the
    nanoseconds that a rank takes for one; given the samples of all epochs, how many are done in a second. InputError if
    SIMRESNET_LOG_EVERY is no positive number of seconds and not ``never``.
    """
    every = _every()
    if launched_rank() != 0:
        yield lambda share: None
    elif not sys.stderr.isatty():
        yield Log(what, work, every, samples)
    else:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=1.0)
            yield lambda share: bar.update(task, completed=share)


def part_of(progress: Report, done: int, total: int) -> Report:
    """What takes the share of one of `total` parts, so many of them done, and tells `progress` that of the whole."""
    return lambda share: progress((done + share) / total)


def _every() -> float:
    told = os.environ.get(VARIABLE, str(EVERY))
    if told == "never":
        return math.inf
    with contextlib.suppress(ValueError):
        if 0.0 < float(told) < math.inf:
            return float(told)
    raise InputError(f"{VARIABLE} = {told!r} must be a positive number of seconds, or 'never'")


class Log:
    """Lines of a finished share, its speed and the time that is left; see `progress_bar`.

    The first share that it is given is where the speed counts from: a run that goes on from a checkpoint does not begin
    at 0, and what came before the first look was compilation.
    """

    def __init__(self, what: str, work: float | None, every: float, samples: float | None = None) -> None:
        self._what, self._work, self._every, self._samples = what, work, every, samples
        self._began = self._last = monotonic()
        self._shown = 0.0
        self._first: tuple[float, float] | None = None

    def __call__(self, share: float) -> None:
        """Take the finished share; print a line where one is due."""
        now = monotonic()
        if self._first is None:
            self._first, self._shown = (now, share), share
        due = now - self._last >= self._every or share - self._shown >= STEP - 1e-9
        if due and now - self._began >= self._every and share < 1.0:
            self._last, self._shown = now, share
            with contextlib.suppress(OSError):  # nobody reads stderr any more
                print(self._line(now, share, *self._first), file=sys.stderr, flush=True)

    def _line(self, now: float, share: float, began: float, before: float) -> str:
        line = f"{self._what}: {100.0 * share:.0f} %"
        if share <= before:
            return line
        seconds = (now - began) / (share - before)  # of the whole
        if self._work is not None:
            line += f", {1e9 * seconds * launched_size() / self._work:.3g} ns a particle-step"
        if self._samples is not None:
            line += f", {self._samples / seconds:.3g} samples a second"
        return line + f", {spoken((1.0 - share) * seconds)} left"


def spoken(seconds: float) -> str:
    """A duration for people: ``4 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    whole = max(0, round(seconds))
    for name, smaller, size, part in (("d", "h", 86400, 3600), ("h", "min", 3600, 60), ("min", "s", 60, 1)):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // part} {smaller}"
    return f"{whole} s"
