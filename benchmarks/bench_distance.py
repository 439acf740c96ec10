"""Time of a distance by the number M of particles: exact, enclosed between two bounds, and by POT."""

from __future__ import annotations

import kinetic
import particles
import validation
from benchmarks.measure import Work, named, nanoseconds
from particles.model import cases, exact_law
from validation.distance.law_on_cells import law_on_cells

CASE = cases["regression"]
TIME = 2.0
COUNTS = (10**4, 10**5, 10**6)


class _OfCount:
    """Clouds of `regression` at t = 2 and what they are compared with."""

    share = 1.0  # of the particles: less in the tests
    turns = 5
    params = (COUNTS,)
    param_names = ("particles M",)
    timeout = 300.0

    def setup(self, count: int) -> None:
        """Draw, solve, compile."""
        self.count = int(self.share * count)
        self.law = exact_law(CASE.model, TIME)
        self.cloud, self.other = (self._cloud(seed) for seed in (0, 1))
        self.works: dict[str, Work] = {}

    def _cloud(self, seed: int) -> particles.model.Measure:
        run = particles.simulate(CASE.model, particles.ExactFlow(), count=self.count, until=TIME, seed=seed)
        return run.at(TIME)

    def measure(self, *names: str) -> dict[str, float]:
        """Nanoseconds a particle, in turns."""
        return nanoseconds({name: self.works[name] for name in names}, self.turns)


class ToDensity(_OfCount):
    """Exact W1 between M particles and a finite-volume solution of 1600 cells."""

    smallest = {"share": 0.1, "turns": 1}  # noqa: RUF012

    def setup(self, count: int) -> None:
        """See that it is that of the exact law, up to the error of the solution."""
        super().setup(count)
        density = kinetic.solve(CASE.model, kinetic.Grid(-7.0, 9.0, cells=1600), until=TIME).at(TIME)
        value, known = validation.w1(self.cloud, density), validation.w1_to_law(self.cloud, self.law)
        assert abs(value - known) <= 1e-5, f"{value:.6e} to the solution, {known:.6e} to its law"
        expected = validation.expected_w1(self.law, self.count)
        assert 0.2 * expected < value < 5.0 * expected
        self.works["exact"] = Work(lambda: None, lambda: validation.w1(self.cloud, density), self.count)

    @named("exact W1 to a density: time a particle", "ns")
    def track_exact(self, count: int) -> float:
        return self.measure("exact")["exact"]


class ToCloud(_OfCount):
    """W1 between two clouds of M particles each: exact with ours, and by POT's own route on the line."""

    smallest = {"share": 0.1, "turns": 1}  # noqa: RUF012

    def setup(self, count: int) -> None:
        """See that both give the same number."""
        super().setup(count)
        x, y = self.cloud, self.other
        ours, pot = validation.w1(x, y), validation.distance.w1_by_pot(x, y)
        assert abs(ours - pot) <= 1e-9 * pot, f"{ours!r} by ours, {pot!r} by POT"
        self.works["ours"] = Work(lambda: None, lambda: validation.w1(x, y), self.count)
        self.works["pot"] = Work(lambda: None, lambda: validation.distance.w1_by_pot(x, y), self.count)

    @named("exact W1 of two clouds: time a particle", "ns")
    def track_exact(self, count: int) -> float:
        return self.measure("ours")["ours"]

    @named("exact W1 of two clouds: POT over ours", "times")
    def track_ratio_pot(self, count: int) -> float:
        times = self.measure("ours", "pot")
        return times["pot"] / times["ours"]


class Enclosed(_OfCount):
    """Two bounds of W1 to the exact law, one per cent apart, from counts of particles alone."""

    turns = 3
    smallest = {"share": 0.1, "turns": 1}  # noqa: RUF012

    def setup(self, count: int) -> None:
        """See that the bounds hold the exact value, and are as near as asked."""
        super().setup(count)
        found, value = validation.enclose(self.cloud.points, self.law), validation.w1_to_law(self.cloud, self.law)
        assert found.lower <= value * (1.0 + 1e-9)
        assert value <= found.upper * (1.0 + 1e-9)
        assert found.upper - found.lower <= 0.01 * found.upper
        self.works["bounds"] = Work(lambda: None, lambda: validation.enclose(self.cloud.points, self.law), self.count)

    @named("W1 within one per cent: time a particle", "ns")
    def track_bounds(self, count: int) -> float:
        return self.measure("bounds")["bounds"]


class Sliced(_OfCount):
    """Sliced W1 over 16 angles between M particles of `regression-2d` and a solution's 400 x 400 cells."""

    turns = 3
    side = 400
    smallest = {"share": 0.1, "turns": 1, "side": 160}  # noqa: RUF012

    def setup(self, count: int) -> None:
        """See that it is what so many draws have on average; beside it W1 of the same cloud's first component."""
        self.count, case = int(self.share * count), cases["regression-2d"]
        run = particles.simulate(case.model, particles.ExactFlow(), count=self.count, until=TIME, seed=0)
        x, y = (kinetic.Grid(lo, lo + 16.0, cells=self.side) for lo in (-7.0, -8.0))
        density = law_on_cells(exact_law(case.model, TIME), kinetic.Plane(x, y))
        cloud = run.at(TIME)
        expected = validation.expected_sliced_w1(density, self.count)
        assert 0.4 * expected < validation.sliced_w1(cloud, density) < 2.5 * expected
        line, marginal = cloud.marginal(0), density.marginal(0)
        self.works = {
            "sliced": Work(lambda: None, lambda: validation.sliced_w1(cloud, density), self.count),
            "line": Work(lambda: None, lambda: validation.w1(line, marginal), self.count),
        }

    @named("sliced W1 in the plane: time a particle", "ns")
    def track_sliced(self, count: int) -> float:
        return self.measure("sliced")["sliced"]

    @named("sliced W1: 16 angles over the line", "times")
    def track_ratio_line(self, count: int) -> float:
        times = self.measure("sliced", "line")
        return times["sliced"] / times["line"]


class InSpace(_OfCount):
    """W1 in R^2 by POT's network simplex, through the project's checks; memory and time grow with the square of M."""

    params = ((250, 500, 1000),)
    turns = 3
    smallest = {"share": 0.1, "turns": 1}  # noqa: RUF012

    def setup(self, count: int) -> None:
        """See that a shifted cloud is as far away as the shift is long: the optimal plan moves all alike."""
        super().setup(count)
        x = self.cloud.points.repeat(2, axis=0)
        x[1] = self.other.points[0]
        value = validation.wasserstein(x, x + 0.3)
        assert abs(value - 0.3 * 2.0**0.5) <= 1e-9, f"{value!r} for a shift of 0.3 in both directions"
        self.works["simplex"] = Work(lambda: None, lambda: validation.wasserstein(x, x[::-1].copy()), self.count)

    @named("W1 in the plane by POT: time a particle", "ns")
    def track_simplex(self, count: int) -> float:
        return self.measure("simplex")["simplex"]
