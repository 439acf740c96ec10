"""How the benchmarks measure: shortest times taken in turns, fresh processes, and names for the reader of a chart.

Two sides of a ratio run in turns in one process, so that what disturbs the machine meets both; of each the shortest
time counts, since a disturbance can only add.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., object])
QUICK = "SIMRESNET_BENCH_QUICK"  # set: a third of the turns, for a look rather than for a record


class Work(NamedTuple):
    """Something to time.

    Parameters
    ----------
    prepare : callable
        Puts the data back to the start; not timed.
    run : callable
        Does the work; compiled before it is timed.
    units : float
        Units of work in one run, such as particle-steps.
    """

    prepare: Callable[[], object]
    run: Callable[[], object]
    units: float


def repeats(turns: int) -> int:
    """How often to measure: `turns`, or a third of them where the variable `QUICK` is set."""
    return -(-turns // 3) if os.environ.get(QUICK) else turns


def nanoseconds(works: Mapping[str, Work], turns: int, clock: Callable[[], float] = perf_counter) -> dict[str, float]:
    """Shortest time a unit of each work in ns, over `repeats(turns)` turns, by a clock in seconds."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(repeats(turns)):
        for name, work in works.items():
            work.prepare()
            began = clock()
            work.run()
            best[name] = min(best[name], (clock() - began) / work.units * 1e9)
    return best


def named(title: str, unit: str, version: int = 1) -> Callable[[F], F]:
    """Give a benchmark the title and the unit of its chart, and a version: raise it when other work is measured.

    asv looks for a title at the function only, and shows no result of another version. By default that is a hash of
    the source, with which a new word in a title would end every curve.
    """

    def mark(function: F) -> F:
        function.pretty_name, function.unit, function.version = title, unit, str(version)  # type: ignore[attr-defined]
        return function

    return mark


def fresh_python(*arguments: str, ranks: int | None = None, env: Mapping[str, str] | None = None, code: int = 0) -> str:
    """Run this Python anew, under mpirun if `ranks` is given, and return what it printed; byte code is kept.

    Raises
    ------
    RuntimeError
        If it does not end with `code`; holds what it said.
    """
    command = [sys.executable, *arguments]
    if ranks is not None:
        beside = Path(sys.executable).with_name("mpirun")  # the launcher that belongs to this environment's MPI
        launcher = str(beside) if beside.is_file() else shutil.which("mpirun")
        if launcher is None:
            raise RuntimeError("no mpirun beside this Python nor on the PATH")
        command = [launcher, "-n", str(ranks), *command]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as a user's
    done = subprocess.run(command, capture_output=True, text=True, env={**kept, **(env or {})}, check=False)
    if done.returncode != code:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
