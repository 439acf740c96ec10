"""Two bounds of W1 from counts against sorting the cloud."""

from __future__ import annotations

import numpy as np

from benchmarks.measure import Work, named, nanoseconds
from particles.model import Measure, Normal
from particles.parallel import serial
from validation.distance import w1_to_law
from validation.distance.enclosure import enclose

LAW = Normal(0.0, 1.0)


class Enclose:
    """Bounds within 1 % of W1 of a cloud that its law drew, on one rank."""

    count = 10**7
    turns = 3
    smallest = {"count": 20_000, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self) -> None:
        """Draw the cloud; small bounds hold the exact distance."""
        self.x = np.random.default_rng(1).standard_normal(self.count)
        part = self.x[:10_000].copy()
        found = enclose(part, LAW, comm=serial())
        assert found.lower <= w1_to_law(Measure.of_points(part), LAW) <= found.upper

    def measure(self) -> dict[str, float]:
        """Nanoseconds a particle of the bounds, and of sorting alone."""
        found = enclose(self.x, LAW, comm=serial())
        assert found.upper - found.lower <= 0.01 * found.upper
        works = {
            "ours": Work(lambda: None, lambda: enclose(self.x, LAW, comm=serial()), self.count),
            "sort": Work(lambda: None, lambda: np.sort(self.x), self.count),
        }
        return nanoseconds(works, self.turns)

    @named("certified bounds of W1 within 1 %, 10^7 particles, each", "ns")
    def track_ours(self) -> float:
        return self.measure()["ours"]

    @named("the same / numpy's sort of the cloud", "times")
    def track_ratio_sort(self) -> float:
        ns = self.measure()
        return ns["ours"] / ns["sort"]
