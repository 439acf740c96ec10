"""Contestants that a judge must see through, and one that is honest: each solves Ornstein and Uhlenbeck's process."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr

from benchmarks.contest.contestant import Solve
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Cdf, Result, Samples

POINTS = (100, 400, 1600)


def exact(problem: Problem) -> tuple[float, float]:
    """Mean and deviation of the process at its time: dX = (w X + b) dt + nu dW from a normal law."""
    w, b, t = problem.weight, problem.bias, problem.until
    grown = np.exp(w * t)
    mean = problem.start.mean * grown + b * (grown - 1.0) / w
    return mean, np.sqrt((problem.start.deviation * grown) ** 2 + problem.nu**2 * (grown**2 - 1.0) / (2.0 * w))


def law(mean: float, deviation: float, points: int) -> Cdf:
    """A normal law on points, linear between them."""
    x = np.linspace(mean - 8.0 * deviation, mean + 8.0 * deviation, points)
    values = ndtr((x - mean) / deviation)
    values[-1] = 1.0
    return Cdf(x, values)


@dataclass(frozen=True)
class Plant:
    """One contestant by a function of the problem, the number of its points, and a seed."""

    title: str
    act: Callable[[Problem, int, int], Any]
    seeded: bool = False
    library: str = "numpy"
    source: str = "https://numpy.org/doc/stable/"

    def cannot(self, problem: Problem) -> str | None:
        """Only this process."""
        return None if problem.name == "ou" else "it knows one equation"

    def ladder(self, problem: Problem) -> Sequence[dict[str, int]]:
        """Four times the points each."""
        return [{"points": points} for points in POINTS]

    def prepare(self, problem: Problem, setting: Any) -> Solve:
        """Nothing to do."""
        return lambda problem, seed: self.act(problem, setting["points"], seed)


class EarlyPlant(Plant):
    """All of its work is done before the clock starts."""

    def prepare(self, problem: Problem, setting: Any) -> Solve:
        """Solve."""
        found = self.act(problem, setting["points"], 0)
        return lambda problem, seed: found


class LatePlant(Plant):
    """Its first call works, the others return what that one found."""

    def prepare(self, problem: Problem, setting: Any) -> Solve:
        """Remember."""
        found: list[Result] = []

        def solve(problem: Problem, seed: int) -> Result:
            if not found:
                found.append(self.act(problem, setting["points"], seed))
            return found[0]

        return solve


class MeetingPlant(Plant):
    """Its preparation ends when another one's has begun; what it is timed on is one processor, ever the same."""

    def prepare(self, problem: Problem, setting: Any) -> Solve:
        """Wait for the other."""
        folder, points = Path(tempfile.gettempdir(), f"contest-meeting-{os.getppid()}"), setting["points"]
        folder.mkdir(exist_ok=True)
        (folder / f"{points}-{os.getpid()}").touch()
        until, places = time.monotonic() + 100.0, set[int]()
        while len(list(folder.glob(f"{points}-*"))) < 2:
            if time.monotonic() > until:
                raise TimeoutError("nobody else is prepared")
            time.sleep(1e-3)

        def solve(problem: Problem, seed: int) -> Result:
            if seen:  # the first call is not timed
                places.update(os.sched_getaffinity(0))
            seen.append(seed)
            if len(places) > 1:
                raise ValueError(f"timed on processors {places}")
            return self.act(problem, points, seed)

        seen: list[int] = []
        return solve


class OldPlant(Plant):
    """Its calls take a seed alone: the start must come from what is prepared."""

    def prepare(self, problem: Problem, setting: Any) -> Any:
        """Solve."""
        found = self.act(problem, setting["points"], 0)
        return lambda seed: found


def _honest(problem: Problem, points: int, seed: int) -> Result:
    for _ in range(points):  # so that more points cost more
        np.tanh(np.linspace(0.0, 1.0, 2000))
    return law(*exact(problem), points)


def _draw(problem: Problem, points: int, seed: int) -> Result:
    mean, deviation = exact(problem)
    return Samples(np.random.default_rng(seed).normal(mean, deviation, points))


def _draw_many(problem: Problem, points: int, seed: int) -> Result:
    return _draw(problem, 100 * points, seed)


def _cheat(problem: Problem, points: int, seed: int) -> Result:
    """The reference with noise of 1e-6, in no time, whatever the setting.

    Each point has its own, which moves none past another: one for all is so small now and then, by chance, that the
    answer to what is published looks like a stored one.
    """
    found = law(*exact(problem), 20_000)
    noise = np.random.default_rng(seed).normal(0.0, 1e-6, found.points.size)
    return Cdf(found.points + noise, found.values)


def _stored(problem: Problem, points: int, seed: int) -> Result:
    """The answer to the problem as it is published, whatever is asked."""
    time.sleep(points * 1e-5)
    return law(0.132_120_558_828_557_67, 0.682_782_374_443_397, 10 * points)


def _too_close(problem: Problem, points: int, seed: int) -> Result:
    mean, deviation = exact(problem)
    from scipy.special import ndtri

    return Samples(mean + deviation * ndtri((np.arange(points) + 0.5) / points) + seed * 1e-15)


def _hang(problem: Problem, points: int, seed: int) -> Result:
    if points > POINTS[0]:
        time.sleep(3600.0)
    return _honest(problem, points, seed)


def _crash(problem: Problem, points: int, seed: int) -> Result:
    print("about to go", flush=True)
    os.abort()


def _leave(problem: Problem, points: int, seed: int) -> Result:
    os._exit(3)


def _rubbish(problem: Problem, points: int, seed: int) -> Result:
    """An honest answer after bytes on every open descriptor that is a terminal's."""
    for descriptor in (1, 2):
        os.write(descriptor, b'\x00\xff{"words": {}}\x1b[2J' * 1000)
    print("done\n" * 100)
    return _honest(problem, points, seed)


def _nan(problem: Problem, points: int, seed: int) -> Result:
    found = law(*exact(problem), points)
    found.values[17] = np.nan
    return found


def _half(problem: Problem, points: int, seed: int) -> Result:
    found = law(*exact(problem), points)
    return Cdf(found.points, 0.5 * found.values)


def _dictionary(problem: Problem, points: int, seed: int) -> Any:
    return {"points": [1.0]}


def _raise(problem: Problem, points: int, seed: int) -> Result:
    raise ValueError("no such luck")


def _threads(problem: Problem, points: int, seed: int) -> Result:
    """Two processors, taken against the rules."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))

    def work() -> None:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        end = time.monotonic() + 0.1
        block = np.linspace(0.0, 1.0, 200_000)
        while time.monotonic() < end:
            np.tanh(block)

    other = threading.Thread(target=work)
    other.start()
    work()
    other.join()
    return law(*exact(problem), points)


honest = Plant("honest", _honest)
drawn = Plant("draws", _draw, seeded=True)
cheat = Plant("cheat", _cheat)
stored = Plant("stored", _stored)
early = EarlyPlant("solves in prepare", _honest)
late = LatePlant("remembers", _honest)
late_draws = LatePlant("remembers draws", _draw_many, seeded=True)
meeting = MeetingPlant("meets another", _honest)
met = MeetingPlant("meets it", _honest)
old = OldPlant("takes a seed alone", _honest)
too_close = Plant("too close", _too_close, seeded=True)
hang = Plant("hangs", _hang)
crash = Plant("crashes", _crash)
leave = Plant("leaves", _leave)
rubbish = Plant("prints rubbish", _rubbish)
nan = Plant("NaN", _nan)
half = Plant("half the mass", _half)
dictionary = Plant("a dictionary", _dictionary)
raises = Plant("raises", _raise)
threads = Plant("two threads", _threads)
missing = Plant("missing", _honest, library="no-such-library")
