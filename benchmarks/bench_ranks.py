"""What ranks bring: the slowest rank's time of a sweep, start-up and compilation left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.measure import fresh_python, named, repeats
from particles.model import cases, exact_law

JOB, PLANE_JOB, TRAIN_JOB = (
    Path(__file__).with_name(name) for name in ("rank_job.py", "plane_rank_job.py", "train_rank_job.py")
)


class Ranks:
    """A sweep of 200 tanh layers on 10^7 particles, or on as many for each rank, on one rank and on two."""

    count = 10**7
    layers = 200
    turns = 3  # sweeps of a job
    jobs = 6  # of each kind, in turns
    params = ((1, 2),)
    param_names = ("ranks",)
    smallest = {"count": 20_000, "layers": 20, "turns": 1, "jobs": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self, ranks: int) -> None:
        """Run a small job on one rank and on so many: it fills the cache of compiled kernels; its moments are known.

        The start is symmetric about 1 and so is the drift: the mean stays. The variance is that of the exact law up to
        Euler's error, dt t max abs(x'')/2 in x. Both clouds are the same, to the last bit.
        """
        case = cases["regression"]
        one, many = (self._job(number, 20_000, 1)["moments"] for number in (1, ranks))
        assert one == many, f"one rank gives the moments {one}, {ranks} give {many}"
        error = 0.5 * 0.385 * case.until**2 / self.layers
        assert abs(one[0] - 1.0) <= 1e-12
        assert abs((one[1] - one[0] ** 2) ** 0.5 - exact_law(case.model, case.until).variance ** 0.5) <= error

    def _job(self, ranks: int, count: int, turns: int) -> dict[str, Any]:
        answer = fresh_python(str(JOB), str(count), str(self.layers), str(turns), ranks=ranks)
        result: dict[str, Any] = json.loads(answer)
        return result

    def measure(self, *jobs: tuple[int, int]) -> list[float]:
        """Seconds of a sweep for each (ranks, particles), from jobs in turns."""
        best = dict.fromkeys(jobs, float("inf"))
        for _ in range(repeats(self.jobs)):
            for ranks, count in best:
                seconds = self._job(ranks, count, self.turns)["seconds"]
                best[ranks, count] = min(best[ranks, count], seconds)
        return [best[job] for job in jobs]

    @named("slowest rank, 200 layers, 10^7 particles", "seconds")
    def track_slowest_rank(self, ranks: int) -> float:
        return self.measure((ranks, self.count))[0]

    @named("strong efficiency, 10^7 particles", "share")
    def track_strong_efficiency(self, ranks: int) -> float:
        """Time on one rank/(ranks x time on so many)."""
        one, many = self.measure((1, self.count), (ranks, self.count))
        return one / (ranks * many)

    @named("weak efficiency, 5 10^6 particles a rank", "share")
    def track_weak_efficiency(self, ranks: int) -> float:
        """Time on one rank/time on so many, each with as many particles."""
        one, many = self.measure((1, self.count // 2), (ranks, self.count // 2 * ranks))
        return one / many


class PlaneRanks:
    """Steps of the equation in the plane, sticky, on one rank and on two, in turns."""

    cells = 1024
    steps = 4
    turns = 4  # of a job
    jobs = 5  # of each kind
    params = ((2,),)
    param_names = ("ranks",)
    smallest = {"cells": 32, "steps": 1, "turns": 1, "jobs": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self, ranks: int) -> None:
        """A small job on one rank and on so many, which compiles; both have the same cells, to the last bit."""
        try:
            import kinetic.plane.strips  # noqa: F401
        except ImportError as error:
            raise NotImplementedError("no plane on ranks yet") from error
        one, many = (self._job(number, 32 * ranks, 2)["sum"] for number in (1, ranks))
        assert one == many, f"one rank gives the sum {one}, {ranks} give {many}"

    def _job(self, ranks: int, cells: int, steps: int) -> dict[str, Any]:
        answer = fresh_python(str(PLANE_JOB), str(cells), str(steps), str(self.turns), ranks=ranks)
        result: dict[str, Any] = json.loads(answer)
        return result

    def measure(self, ranks: int) -> tuple[float, float]:
        """Seconds of a step on one rank and on so many, from jobs in turns."""
        best = {1: float("inf"), ranks: float("inf")}
        for _ in range(repeats(self.jobs)):
            for number in best:
                best[number] = min(best[number], self._job(number, self.cells, self.steps)["seconds"])
        return best[1], best[ranks]

    @named("the plane on ranks: one over so many", "times")
    def track_over_one(self, ranks: int) -> float:
        one, many = self.measure(ranks)
        return one / many


class TrainingOnRanks:
    """Three iterations of learning, 100 tanh layers of 4 10^5 particles, draws included, on one rank and on two."""

    count = 400_000
    layers = 100
    turns = 2  # of a job
    jobs = 5  # of each kind
    ranks = 2
    params = (("lm", "lbfgs"),)
    param_names = ("method",)
    smallest = {"count": 20_000, "layers": 5, "turns": 1, "jobs": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self, method: str) -> None:
        """A small job on one rank and on two, which compiles; both learn the same numbers, to the last bit."""
        try:
            import particles.training.record  # noqa: F401
        except ImportError as error:
            raise NotImplementedError("no record of what is learnt yet") from error
        one, many = (self._job(number, method, 20_000)["values"] for number in (1, self.ranks))
        assert one == many, f"one rank learns {one}, {self.ranks} learn {many}"

    def _job(self, ranks: int, method: str, count: int) -> dict[str, Any]:
        answer = fresh_python(str(TRAIN_JOB), method, str(count), str(self.layers), str(self.turns), ranks=ranks)
        result: dict[str, Any] = json.loads(answer)
        return result

    def measure(self, method: str) -> tuple[float, float]:
        """Seconds on one rank and on two, from jobs in turns."""
        best = {1: float("inf"), self.ranks: float("inf")}
        for _ in range(repeats(self.jobs)):
            for number in best:
                best[number] = min(best[number], self._job(number, method, self.count)["seconds"])
        return best[1], best[self.ranks]

    @named("learning on two ranks: one over two", "times")
    def track_over_one(self, method: str) -> float:
        one, many = self.measure(method)
        return one / many
