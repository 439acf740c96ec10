"""Time of a step of one particle: by activation, noise, clock and dimension; and of its random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.layers import DT, Layers, check_spread, noisy_model
from benchmarks.measure import Work, named, nanoseconds
from benchmarks.past import module
from particles import Collisions, Euler
from particles.base.jit import Formula, kernel
from particles.model import IDENTITY, RELU, SIGMOID, TANH, Model, Normal, Product
from particles.noise import NOISES

CLOCKS = ("poisson", "nanbu", "synchronous")
noisy = module("particles.kernels.noisy", "particles.noisy_kernels")
DRIFTS = {drift.name: drift for drift in (IDENTITY, RELU, SIGMOID, TANH)}


class Activation:
    """A layer on the line, d = 1, by activation."""

    count = 2**20
    layers = 50
    turns = 5
    params = (tuple(DRIFTS),)
    param_names = ("activation",)
    smallest = {"count": 1000, "layers": 5, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self, activation: str) -> None:
        """Compile, and compare with the formula in NumPy."""
        model = Model(drift=DRIFTS[activation], weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0))
        start = np.random.default_rng(2).normal(1.0, 1.0, (1, self.count))
        self.sweep = Layers(model, start, self.layers)
        self.sweep.check_against_numpy(activation)

    @named("layer by activation: time a particle-step", "ns")
    def track_layer(self, activation: str) -> float:
        work = Work(self.sweep.restart, self.sweep.run, self.count * self.layers)
        return nanoseconds({activation: work}, self.turns)[activation]


class Dimension:
    """A tanh layer in R^d with a full weight matrix, by d; a particle-step is one of all d features."""

    count = 2**17
    layers = 20
    turns = 5
    params = ((2, 4, 8, 16),)
    param_names = ("features d",)
    smallest = {"count": 1000, "layers": 5, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self, features: int) -> None:
        """Compile, and compare with matrix products in NumPy."""
        random = np.random.default_rng(3)
        model = Model(
            drift=TANH,
            weight=random.normal(size=(features, features)),
            bias=random.normal(size=features),
            initial=Product([Normal(0.0, 1.0)] * features),
        )
        self.sweep = Layers(model, random.normal(size=(features, self.count)), self.layers)
        self.sweep.check_against_numpy("tanh")

    @named("tanh, full matrix: time a particle-step", "ns")
    def track_layer(self, features: int) -> float:
        work = Work(self.sweep.restart, self.sweep.run, self.count * self.layers)
        return nanoseconds({"ours": work}, self.turns)["ours"]


class NoiseLaw:
    """A collision, x <- x + dt tanh(1 - x) + sqrt(dt) eta, by the law of eta; d = 1."""

    count = 2**18
    steps = 100
    turns = 5
    params = (tuple(NOISES),)
    param_names = ("noise law",)
    smallest = {"count": 3000, "steps": 8, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self, noise: str) -> None:
        """Compile, and check that the cloud spreads as it should, without noise that it follows the formula."""
        start = np.random.default_rng(1).normal(1.0, 1.0, (1, self.count))
        noisy = Layers(noisy_model(1.0), start, self.steps, Collisions(DT, "synchronous", NOISES[noise]))
        plain = Layers(noisy_model(0.0), start, self.steps, Euler(dt=DT))
        plain.check_against_numpy("tanh")
        noisy.restart()
        noisy.run()
        check_spread(noisy.state[0], self.steps)
        sides = {noise: noisy, "none": plain}
        self.works = {name: Work(it.restart, it.run, self.count * self.steps) for name, it in sides.items()}

    @named("collision by noise: time a particle-step", "ns")
    def track_collision(self, noise: str) -> float:
        return nanoseconds({noise: self.works[noise]}, self.turns)[noise]

    @named("collision by noise: over a step without", "times")
    def track_over_none(self, noise: str) -> float:
        times = nanoseconds(self.works, self.turns)
        return times[noise] / times["none"]


class Clock:
    """Collisions at eps = 0.01 up to t = 1, 100 a particle, exactly or on average, by the clock that times them."""

    count = 2**18
    turns = 5
    params = (CLOCKS,)
    param_names = ("clock",)
    smallest = {"count": 3000, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self, clock: str) -> None:
        """Compile, and check that both clocks give the same law."""
        start = np.random.default_rng(1).normal(1.0, 1.0, (1, self.count))
        self.works = {}
        for name in {clock, "synchronous"}:
            layers = Layers(noisy_model(1.0), start, 100, Collisions(DT, name))
            layers.restart()
            layers.run()
            check_spread(layers.state[0], 100)
            self.works[name] = Work(layers.restart, layers.run, self.count * 100)

    def measure(self) -> dict[str, float]:
        """Nanoseconds a collision under this clock and under the synchronous one."""
        return nanoseconds(self.works, self.turns)

    @named("collision by clock: time a collision", "ns")
    def track_collision(self, clock: str) -> float:
        return self.measure()[clock]

    @named("collision by clock: over synchronous", "times")
    def track_over_synchronous(self, clock: str) -> float:
        times = self.measure()
        return times[clock] / times["synchronous"]


@kernel
def _draws(variates: Formula) -> Formula:
    """Fill a tile again and again: called from Python, a tile would cost a fifth more."""
    fill = noisy.fill_variates(variates)

    def loop(tiles: int, key: tuple[int, int], out: Any) -> None:
        for tile in range(tiles):
            fill(tile * noisy.WIDTH, 0, 0, key, out, noisy.WIDTH)

    return loop


class RandomNumbers:
    """Philox words and normals, drawn a tile at a time as the sweeps do."""

    tiles = 4000
    turns = 5
    smallest = {"tiles": 3, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self) -> None:
        """Compile, and look at the first tile."""
        self.words = np.empty((4, noisy.WIDTH), dtype=np.uint64)
        self.normals = np.empty((4, noisy.WIDTH))
        self.works = {
            "word": self._work(noisy.as_words, self.words),
            "normal": self._work(Collisions(DT).noise.variates, self.normals),  # of the default law
            "float64": self._work(NOISES["gaussian"].variates, self.normals),
        }
        for work in self.works.values():
            work.run()
        assert self.words.max() < 2**32 < 2 * self.words.max()
        assert abs(self.normals.std() - 1.0) < 0.1

    def _work(self, law: Any, out: Any) -> Work:
        return Work(lambda: None, lambda: _draws(law)(self.tiles, (0, 1), out), self.tiles * 4 * noisy.WIDTH)

    @named("Philox: time a 32-bit word", "ns", version=2)
    def track_word(self) -> float:
        return nanoseconds({"word": self.works["word"]}, self.turns)["word"]

    @named("Philox and Box-Muller: time a normal", "ns", version=2)
    def track_normal(self) -> float:
        return nanoseconds({"normal": self.works["normal"]}, self.turns)["normal"]

    @named("Box-Muller in float64: over the default's", "times")
    def track_float64_over_normal(self) -> float:
        times = nanoseconds({name: self.works[name] for name in ("normal", "float64")}, self.turns)
        return times["float64"] / times["normal"]
