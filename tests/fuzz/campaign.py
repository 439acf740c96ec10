"""A campaign: mutated inputs in forked processes with limits of time and memory; what went wrong, by format.

Each input is drawn from (seed, format, number) alone, so that a single one can be tried again. A process takes some
hundred inputs; one that ends otherwise than by its last line is a failure of the input it was at.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.fuzz import targets
from tests.fuzz.command_lines import line
from tests.fuzz.mutator import spoil

SEED = 20261128
A_PROCESS = 200  # inputs that a process takes
LONGEST = 10.0  # seconds for an input that asks for no work
WORK = 5.0  # seconds after which a command line that works is interrupted
MOST = 2**31  # bytes of memory that a process may hold

Task = Callable[[int], "str | None"]


class Hang(BaseException):
    """An input took too long; no handler of the program catches it."""


def _hang(*signal_and_frame: object) -> None:
    raise Hang


def _interrupt(*signal_and_frame: object) -> None:
    signal.signal(signal.SIGALRM, _hang)
    raise KeyboardInterrupt


def files(target: targets.Target, original: Path, place: Path, seed: int = SEED) -> Task:
    """Take the mutated input of that number."""

    def take(number: int) -> str | None:
        signal.signal(signal.SIGALRM, _hang)
        draw = random.Random(f"{seed} {target.name} {number}")
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(original, place)
        spoiled = spoil(place, draw)
        signal.setitimer(signal.ITIMER_REAL, LONGEST)
        try:
            wrong = target.take(place)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        return f"{spoiled}: {wrong}" if wrong else None

    return take


def lines(originals: dict[str, Path], place: Path, work: float = WORK, seed: int = SEED) -> Task:
    """Run the random command line of that number among records of all kinds; interrupted after `work` seconds."""

    def take(number: int) -> str | None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        shutil.copytree(originals["run"] / "o", place / "o")
        shutil.copy(originals["solution"] / "a.nc", place)
        for path in originals["case"].iterdir():
            shutil.copy(path, place)
        os.chdir(place)
        words = line(random.Random(f"{seed} line {number}"))
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, work, LONGEST)
        try:
            wrong = targets.sentence(*targets.run(words))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        return f"{words!r}: {wrong}" if wrong else None

    return take


def campaign(name: str, task: Task, numbers: range, box: float) -> tuple[int, list[str]]:
    """Take inputs until they or the time box end: how many were taken, and what went wrong."""
    end, taken, wrong = time.monotonic() + box, 0, list[str]()
    left = list(numbers)
    while left and time.monotonic() < end:
        part, left = left[:A_PROCESS], left[A_PROCESS:]
        done, failures, reason = _in_a_process(task, part, end)
        taken += done
        wrong += [f"{name} {number}: {told}" for number, told in failures]
        if reason is not None:
            wrong.append(f"{name} {part[done]}: {reason}")
            taken += 1
            left = part[done + 1 :] + left
    return taken, wrong


def _in_a_process(task: Task, numbers: list[int], end: float) -> tuple[int, list[tuple[int, str]], str | None]:
    """Inputs that a forked process took, its failures, and why it ended before its time, if it did."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on, where the tests' own runner has threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(read)
            _take_all(task, numbers, end, write)
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as stream:
        told = [json.loads(text) for text in stream]
    _, status = os.waitpid(child, 0)
    failures = [(number, wrong) for number, wrong in told if wrong is not None]
    ended = os.waitstatus_to_exitcode(status)
    return len(told), failures, None if ended == 0 else f"the process ended with {ended}"


def _take_all(task: Task, numbers: list[int], end: float, write: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MOST + 2**30, MOST + 2**30))
    for number in numbers:
        if time.monotonic() > end:
            return
        try:
            wrong = task(number)
        except Hang:
            wrong = "it hangs"
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"[:300]
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MOST:
            wrong = "it takes more than 2 GiB of memory"
        os.write(write, (json.dumps([number, wrong]) + "\n").encode())


def figures(taken: dict[str, int], wrong: list[str]) -> Iterator[str]:
    """Lines that tell what a campaign took and found."""
    yield f"seed {SEED}: {sum(taken.values())} inputs, {len(wrong)} wrong"
    kinds = Counter(text.split(" ", 1)[0] for text in wrong)
    yield from (f"  {name}: {count} inputs, {kinds[name]} wrong" for name, count in taken.items())
    yield from wrong
