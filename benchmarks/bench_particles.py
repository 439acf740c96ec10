"""Time of a layer of a residual network, x <- x + dt sigma(w_k x/d + b_k), for one particle: a particle-step."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.measure import Work, named, nanoseconds
from particles import Euler
from particles.base.arrays import Floats
from particles.model import IDENTITY, RELU, SIGMOID, TANH, Model, Normal, Product, cases
from particles.philox import Where
from particles.schemes import Scheme

DT = 0.01
DRIFTS = {drift.name: drift for drift in (IDENTITY, RELU, SIGMOID, TANH)}


class _Layers:
    """The layers of a model as `simulate` carries them out, from a given start of shape (D, M)."""

    def __init__(self, model: Model, start: Floats, layers: int, scheme: Scheme | None = None) -> None:
        self.model, self.start, self.scheme = model, start, scheme or Euler(dt=DT)
        self.state = np.empty_like(start)
        levels = self.scheme.levels(model, layers * DT, ())
        self.parameters = self.scheme.parameters(model, levels, 0, len(levels) - 1, None)

    def restart(self) -> None:
        self.state[:] = self.start

    def run(self) -> None:
        self.scheme.advance(self.model, self.state, self.parameters, Where(first=0, seed=0, replicate=0, step=0))

    def check_against_numpy(self, activation: str, columns: int = 500) -> None:
        """Compare the first particles with the formula as it stands."""
        self.restart()
        self.run()
        weights, biases, dt = self.parameters
        expected = peers.plain_euler(activation, self.start[:, :columns], weights, biases, dt)
        np.testing.assert_allclose(self.state[:, :columns], expected, rtol=1e-11, atol=1e-11)


def _check_against_exact_flow(start: Floats, end: Floats, layers: int) -> None:
    """Euler for x' = tanh(1 - x) stays within t dt max abs(x'')/2 of sinh(1 - x(t)) = e^(-t) sinh(1 - x(0))."""
    time = layers * DT
    exact = 1.0 - np.arcsinh(np.exp(-time) * np.sinh(1.0 - start))
    assert np.abs(end - exact).max() <= 0.5 * 0.385 * DT * time, "the sweep did not give the exact flow"


class TanhLayer:
    """A layer of the case `regression` (tanh, w = -1, b = 1, d = 1) with ours, with NumPy and with plain numba.

    The peers carry fewer particles, through all layers: the time of tanh depends on where its argument lies, which
    changes from the first layer to the last. With less than 2^17 the branches of numba's tanh would be learnt by heart.
    """

    counts = {"ours": 2**20, "numpy": 2**18, "numba": 2**17}  # noqa: RUF012
    layers = 200
    turns = 7
    smallest = {"counts": {"ours": 5000, "numpy": 5000, "numba": 500}, "layers": 20, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self) -> None:
        """Draw the particles, compile, and compare each side with the exact flow."""
        start = np.random.default_rng(1).normal(1.0, 1.0, (1, max(self.counts.values())))
        ours = _Layers(cases["regression"].model, start[:, : self.counts["ours"]], self.layers)
        weights, biases = ours.parameters[0][:, 0, 0].copy(), ours.parameters[1][:, 0].copy()
        self.works = {"ours": self._work("ours", ours.restart, ours.run)}
        states = {"ours": ours.state[0]}
        for name, loop in (("numpy", peers.tanh_blocks), ("numba", peers.tanh_loop)):
            state = states[name] = np.empty(self.counts[name])
            self.works[name] = self._work(
                name,
                lambda state=state: np.copyto(state, start[0, : state.size]),
                lambda loop=loop, state=state: loop(state, weights, biases, DT),
            )
        for name, work in self.works.items():
            work.prepare()
            work.run()
            _check_against_exact_flow(start[0, : states[name].size], states[name], self.layers)
        if peers.HAS_JAX:
            run = peers.tanh_jax(start[0, : self.counts["ours"]], -1.0, 1.0, DT, self.layers)
            _check_against_exact_flow(start[0, : self.counts["ours"]], run(), self.layers)
            self.works["jax"] = self._work("ours", lambda: None, run)

    def _work(self, name: str, prepare: Any, run: Any) -> Work:
        return Work(prepare, run, self.counts[name] * self.layers)

    def measure(self, *names: str) -> dict[str, float]:
        """Nanoseconds a particle-step of each side, taken in turns."""
        return nanoseconds({name: self.works[name] for name in names}, self.turns)

    @named("tanh layer: time a particle-step", "ns")
    def track_ours(self) -> float:
        return self.measure("ours")["ours"]

    @named("tanh layer: time a particle-step, NumPy on blocks", "ns")
    def track_numpy(self) -> float:
        return self.measure("numpy")["numpy"]

    @named("tanh layer: time a particle-step, plain numba loop", "ns")
    def track_numba(self) -> float:
        return self.measure("numba")["numba"]

    @named("tanh layer: NumPy on blocks takes so many times as long", "times")
    def track_ratio_numpy(self) -> float:
        times = self.measure("ours", "numpy")
        return times["numpy"] / times["ours"]

    if peers.HAS_JAX:

        @named("tanh layer: JAX takes so many times as long", "times")
        def track_ratio_jax(self) -> float:
            times = self.measure("ours", "jax")
            return times["jax"] / times["ours"]

    @named("tanh layer: a plain numba loop takes so many times as long", "times")
    def track_ratio_numba(self) -> float:
        times = self.measure("ours", "numba")
        return times["numba"] / times["ours"]


class Sweep:
    """A whole sweep, 200 tanh layers on 2^20 particles."""

    count = 2**20
    layers = 200
    smallest = {"count": 5000, "layers": 20}  # noqa: RUF012
    timeout = 300.0
    number, repeat, warmup_time = 1, (5, 20, 10.0), 0.0  # one sweep a sample, each from a fresh start

    def setup(self) -> None:
        """Draw the particles, compile, compare with the exact flow, and go back to the start."""
        start = np.random.default_rng(1).normal(1.0, 1.0, (1, self.count))
        self.sweep = _Layers(cases["regression"].model, start, self.layers)
        self.sweep.restart()
        self.sweep.run()
        _check_against_exact_flow(start, self.sweep.state, self.layers)
        self.sweep.restart()

    @named("sweep of 200 tanh layers on 2^20 particles", "seconds")
    def time_sweep(self) -> None:
        self.sweep.run()


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
        self.sweep = _Layers(model, start, self.layers)
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
        self.sweep = _Layers(model, random.normal(size=(features, self.count)), self.layers)
        self.sweep.check_against_numpy("tanh")

    @named("tanh layer with a full matrix: time a particle-step", "ns")
    def track_layer(self, features: int) -> float:
        work = Work(self.sweep.restart, self.sweep.run, self.count * self.layers)
        return nanoseconds({"ours": work}, self.turns)["ours"]
