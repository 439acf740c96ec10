"""What a second rank brings: the slowest rank's time of a sweep, start-up and compilation left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.measure import fresh_python, named
from particles.model import cases, exact_law

JOB = Path(__file__).with_name("rank_job.py")


class TwoRanks:
    """A sweep of 200 tanh layers on 10^7 particles, on one rank and on two."""

    count = 10**7
    layers = 200
    turns = 5  # sweeps of a job
    jobs = 3  # of each kind, in turns
    smallest = {"count": 20_000, "layers": 20, "turns": 1, "jobs": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self) -> None:
        """Run a small job on both numbers of ranks: it fills the cache of compiled kernels, and its moments are known.

        The start is symmetric about 1 and so is the drift: the mean stays. The variance is that of the exact law up to
        Euler's error, dt t max abs(x'')/2 in x. Both clouds are the same, to the last bit.
        """
        case = cases["regression"]
        one, two = (self._job(ranks, count=20_000, turns=1)["moments"] for ranks in (1, 2))
        assert one == two, f"one rank gives the moments {one}, two give {two}"
        error = 0.5 * 0.385 * case.until**2 / self.layers
        assert abs(one[0] - 1.0) <= 1e-12
        assert abs((one[1] - one[0] ** 2) ** 0.5 - exact_law(case.model, case.until).variance ** 0.5) <= error

    def _job(self, ranks: int, count: int, turns: int) -> dict[str, Any]:
        answer = fresh_python(str(JOB), str(count), str(self.layers), str(turns), ranks=ranks)
        result: dict[str, Any] = json.loads(answer)
        return result

    def measure(self) -> dict[int, float]:
        """Seconds of a sweep on one rank and on two, from jobs in turns."""
        best = {1: float("inf"), 2: float("inf")}
        for _ in range(self.jobs):
            for ranks in best:
                best[ranks] = min(best[ranks], self._job(ranks, self.count, self.turns)["seconds"])
        return best

    @named("sweep of 200 tanh layers on 10^7 particles: two ranks are so many times as fast as one", "times")
    def track_speedup(self) -> float:
        seconds = self.measure()
        return seconds[1] / seconds[2]
