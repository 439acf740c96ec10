"""``python -m benchmarks.contest.worker IN OUT TARGET``: solves what it is told to, in a process of its own.

It knows problems, never their answers, and imports NumPy and SciPy alone; the rest is the contestant's. IN and OUT are
descriptors of two pipes (`channel`), TARGET is ``module:object`` or ``file.py:object``. The clock is that of who asks:
"done" is sent when the result lies in plain arrays, the arrays themselves when they are asked for.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import pickle
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.contest.channel import Channel, Message
from benchmarks.contest.contestant import Solve, ready
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Cdf, CellAverages, Density, Result, Samples

KINDS: dict[str, type[Samples | Cdf | CellAverages | Density]] = {
    kind.__name__: kind for kind in (Samples, Cdf, CellAverages, Density)
}
_LONGEST = 500  # characters of a message


class NotAResult(Exception):
    """What was returned is none of `KINDS`."""


def load(target: str) -> Any:
    """Return the object that ``module:object`` or ``file.py:object`` names."""
    place, _, name = target.rpartition(":")
    if place.endswith(".py"):
        spec = importlib.util.spec_from_file_location("contestant_of_a_file", place)
        if spec is None or spec.loader is None:
            raise ImportError(f"{place} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(place)
    found = module
    for part in name.split("."):
        found = getattr(found, part)
    return found


def version_of(library: str) -> str | None:
    """Version of a distribution; None where it is not installed here."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def flat(result: object) -> Message:
    """A result as plain arrays; NotAResult if it is none, or holds something other than numbers."""
    if not isinstance(result, Samples | Cdf | CellAverages | Density):
        raise NotAResult(f"it returned {type(result).__name__}: allowed are {', '.join(KINDS)}")
    arrays, names = [], []
    for name, value in vars(result).items():
        paired = name in ("edges", "points") and isinstance(value, tuple)
        for part in value if paired else (value,):
            array = np.ascontiguousarray(part)
            if array.dtype.kind not in "fiub":
                raise NotAResult(f"its {name} are of type {array.dtype}: allowed are real numbers")
            arrays.append(array)
            names.append(name)
    return Message({"kind": type(result).__name__, "names": names}, arrays)


def whole(message: Message) -> Result:
    """The result that `flat` took apart, in double precision."""
    values: dict[str, Any] = {}
    for name, array in zip(message.words["names"], message.arrays, strict=True):
        numbers = np.asarray(array, dtype=np.float64)
        values[name] = (values[name], numbers) if name in values else numbers
    if "atoms" in values:
        values["atoms"] = tuple((float(x), float(m)) for x, m in values["atoms"].reshape(-1, 2))
    return KINDS[message.words["kind"]](**values)


class Worker:
    """Answers: each method is a request of its name."""

    def __init__(self, channel: Channel, target: str) -> None:
        self._channel, self._contestant = channel, load(target)
        self._solve: Solve | None = None
        self._problem: Problem | None = None
        self._starts: list[Problem] = []
        self._result: Message | None = None

    def about(self) -> dict[str, Any]:
        """Who solves."""
        one = self._contestant
        told = {name: str(getattr(one, name)) for name in ("title", "library", "source")}
        return {**told, "seeded": bool(one.seeded), "version": version_of(one.library)}

    def ladder(self, problem: Any) -> dict[str, Any]:
        """Its settings for a problem, or why it cannot solve it."""
        why = self._contestant.cannot(problem)
        return {"cannot": why, "ladder": [] if why else [dict(one) for one in self._contestant.ladder(problem)]}

    def prepare(self, problem: Any, setting: Any) -> dict[str, Any]:
        """Make ready for a setting."""
        self._solve = self._result = None
        self._problem, self._solve = problem, ready(self._contestant, problem, setting)
        return {}

    def tell(self, starts: Sequence[Any]) -> dict[str, Any]:
        """Hold starts ready, which the contestant sees one by one, in its calls."""
        assert self._problem is not None
        self._starts = [replace(self._problem, start=start) for start in starts]
        return {}

    def solve(self, seed: int, kept: int) -> dict[str, Any]:
        """Solve from each start, with seeds that follow: this is what is timed. The result of one is kept."""
        assert self._solve is not None
        for number, problem in enumerate(self._starts):
            found = flat(self._solve(problem, seed + number))
            if number == kept:
                self._result = found
        return {}

    def answer(self, requests: Message) -> None:
        """Send what a request asks for, or why there is none."""
        name = requests.words.pop("ask")
        try:
            if name == "result" and self._result is not None:
                self._channel.send(self._result.words, self._result.arrays)
                return
            given = pickle.loads(requests.arrays[0].tobytes()) if requests.arrays else {}
            self._channel.send(getattr(self, name)(**given, **requests.words))
        except NotAResult as error:
            self._channel.send({"refused": str(error)})
        except Exception as error:
            self._channel.send({"failed": _told(error)})


def _told(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST]


def main() -> None:
    """Answer until the pipe is closed."""
    incoming, outgoing, target = sys.argv[1:]
    channel = Channel(int(incoming), int(outgoing))
    for descriptor in (int(incoming), int(outgoing)):
        os.set_inheritable(descriptor, False)  # not its children's
    try:
        worker = Worker(channel, target)
    except Exception as error:
        channel.send({"failed": _told(error)})
        return
    channel.send(worker.about())
    while True:
        try:
            asked = channel.receive()
        except EOFError:
            return
        worker.answer(asked)


if __name__ == "__main__":
    main()
