"""Time of a noisy step, x <- x + dt tanh(1 - x) + sqrt(dt) nu eta, of its random numbers, and of the Poisson clock."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.bench_particles import _Layers
from benchmarks.measure import Work, named, nanoseconds
from particles import Euler
from particles.base.arrays import Floats
from particles.collisions import Collisions
from particles.model import TANH, Model, Normal
from particles.noise import GAUSSIAN, NOISES
from particles.noisy_kernels import WIDTH, as_words, fill_variates

DT = 0.01


def _model(nu2: float) -> Model:
    return Model(drift=TANH, weight=-1.0, bias=1.0, nu2=nu2, initial=Normal(1.0, 1.0))


def _check_spread(end: Floats, steps: int) -> None:
    """Noise alone gives the variance 1 + t, drift alone more than e^(-2 t): the truth lies between, up to sampling."""
    time, sampling = steps * DT, 8.0 / math.sqrt(end.size)
    assert math.exp(-2.0 * time) - sampling < end.var() < 1.0 + time + sampling, "the noisy sweep did not diffuse"
    assert abs(end.mean() - 1.0) < 10.0 / math.sqrt(end.size), "the noisy sweep has a drift of its own"


class NoisyLayer:
    """A tanh step with noise with ours, with NumPy and with plain numba; nu = 1, steps of 0.01."""

    counts = {"ours": 2**20, "numpy": 2**18, "numba": 2**17}  # noqa: RUF012
    steps = 64
    turns = 5
    smallest = {"counts": {"ours": 5000, "numpy": 5000, "numba": 500}, "steps": 8, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self) -> None:
        """Draw the particles, compile, and check that every noisy side diffuses as it should."""
        start = np.random.default_rng(1).normal(1.0, 1.0, (1, max(self.counts.values())))
        ours, noisy = start[:, : self.counts["ours"]], _model(1.0)
        self.works = {"deterministic": self._work(_Layers(_model(0.0), ours, self.steps, Euler(dt=DT)))}
        for name, noise in NOISES.items():
            layers = _Layers(noisy, ours, self.steps, Collisions(DT, "synchronous", noise))
            self.works[name] = self._work(layers)
            _check_spread(layers.state[0], self.steps)
        for name, loop in (("numpy", peers.noisy_blocks), ("numba", peers.noisy_loop)):
            state = np.empty(self.counts[name])
            work = Work(
                lambda state=state: np.copyto(state, start[0, : state.size]),  # type: ignore[misc]
                lambda loop=loop, state=state: loop(state, -1.0, 1.0, DT, math.sqrt(DT), self.steps),  # type: ignore[misc]
                state.size * self.steps,
            )
            work.prepare()
            work.run()
            _check_spread(state, self.steps)
            self.works[name] = work
        if peers.HAS_JAX:
            run = peers.noisy_jax(ours[0], -1.0, 1.0, DT, math.sqrt(DT), self.steps)
            _check_spread(run(), self.steps)
            self.works["jax"] = Work(lambda: None, run, ours.size * self.steps)

    def _work(self, layers: Any) -> Work:
        layers.restart()
        layers.run()
        return Work(layers.restart, layers.run, layers.state.size * self.steps)

    def measure(self, *names: str) -> dict[str, float]:
        """Nanoseconds a particle-step of each side, taken in turns."""
        return nanoseconds({name: self.works[name] for name in names}, self.turns)

    @named("tanh step with a Gaussian: time a particle-step", "ns")
    def track_gaussian(self) -> float:
        return self.measure("gaussian")["gaussian"]

    @named("tanh step with a two-point noise, over the step without", "times")
    def track_two_point_over_deterministic(self) -> float:
        times = self.measure("two-point", "deterministic")
        return times["two-point"] / times["deterministic"]

    @named("tanh step with a Gaussian: NumPy on blocks takes so many times as long", "times")
    def track_ratio_numpy(self) -> float:
        times = self.measure("gaussian", "numpy")
        return times["numpy"] / times["gaussian"]

    if peers.HAS_JAX:

        @named("tanh step with a Gaussian: JAX takes so many times as long", "times")
        def track_ratio_jax(self) -> float:
            times = self.measure("gaussian", "jax")
            return times["jax"] / times["gaussian"]

    @named("tanh step with a Gaussian: a plain numba loop takes so many times as long", "times")
    def track_ratio_numba(self) -> float:
        times = self.measure("gaussian", "numba")
        return times["numba"] / times["gaussian"]


class RandomNumbers:
    """Philox words and normals, drawn a tile at a time as the sweeps do."""

    tiles = 4000
    turns = 5
    smallest = {"tiles": 3, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self) -> None:
        """Compile, and look at the first tile."""
        self.words = np.empty((4, WIDTH), dtype=np.uint64)
        self.normals = np.empty((4, WIDTH))
        self.works = {"word": self._work(as_words, self.words), "normal": self._work(GAUSSIAN.variates, self.normals)}
        for work in self.works.values():
            work.run()
        assert self.words.max() < 2**32 < 2 * self.words.max()
        assert abs(self.normals.std() - 1.0) < 0.1

    def _work(self, law: Any, out: Any) -> Work:
        fill = fill_variates(law)

        def run() -> None:
            for tile in range(self.tiles):
                fill(tile * WIDTH, 0, 0, (0, 1), out, WIDTH)

        return Work(lambda: None, run, self.tiles * 4 * WIDTH)

    @named("Philox: time a 32-bit word", "ns")
    def track_word(self) -> float:
        return nanoseconds({"word": self.works["word"]}, self.turns)["word"]

    @named("Philox and Box-Muller: time a normal", "ns")
    def track_normal(self) -> float:
        return nanoseconds({"normal": self.works["normal"]}, self.turns)["normal"]


class PoissonClock:
    """Collisions at eps = 0.01 up to t = 1 under the Poisson clock, over the synchronous clock's cost a collision."""

    count = 2**18
    turns = 5
    smallest = {"count": 3000, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self) -> None:
        """Compile, and check that both clocks give the same law."""
        start = np.random.default_rng(1).normal(1.0, 1.0, (1, self.count))
        self.works = {}
        for clock in ("poisson", "synchronous"):
            layers = _Layers(_model(1.0), start, 100, Collisions(DT, clock))
            layers.restart()
            layers.run()
            _check_spread(layers.state[0], 100)
            self.works[clock] = Work(layers.restart, layers.run, self.count * 100)

    def measure(self) -> dict[str, float]:
        """Nanoseconds a collision under each clock; 100 a particle, on average or exactly."""
        return nanoseconds(self.works, self.turns)

    @named("Poisson clock: cost a collision over the synchronous clock's", "times")
    def track_poisson_over_synchronous(self) -> float:
        times = self.measure()
        return times["poisson"] / times["synchronous"]
