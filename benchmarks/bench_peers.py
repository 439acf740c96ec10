"""The same work in other tools, each written as its best user would: their time over ours, taken in turns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.layers import DT, Layers, check_against_exact_flow, check_spread, noisy_model
from benchmarks.measure import Work, named, nanoseconds
from particles import Euler
from particles.collisions import Collisions
from particles.model import cases
from particles.noise import NOISES


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
        ours = Layers(cases["regression"].model, start[:, : self.counts["ours"]], self.layers)
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
            check_against_exact_flow(start[0, : states[name].size], states[name], self.layers)
        if peers.HAS_JAX:
            run = peers.tanh_jax(start[0, : self.counts["ours"]], -1.0, 1.0, DT, self.layers)
            check_against_exact_flow(start[0, : self.counts["ours"]], run(), self.layers)
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
        ours, noisy = start[:, : self.counts["ours"]], noisy_model(1.0)
        self.works = {"deterministic": self._work(Layers(noisy_model(0.0), ours, self.steps, Euler(dt=DT)))}
        for name, noise in NOISES.items():
            layers = Layers(noisy, ours, self.steps, Collisions(DT, "synchronous", noise))
            self.works[name] = self._work(layers)
            check_spread(layers.state[0], self.steps)
        for name, loop in (("numpy", peers.noisy_blocks), ("numba", peers.noisy_loop)):
            state = np.empty(self.counts[name])
            work = Work(
                lambda state=state: np.copyto(state, start[0, : state.size]),  # type: ignore[misc]
                lambda loop=loop, state=state: loop(state, -1.0, 1.0, DT, math.sqrt(DT), self.steps),  # type: ignore[misc]
                state.size * self.steps,
            )
            work.prepare()
            work.run()
            check_spread(state, self.steps)
            self.works[name] = work
        if peers.HAS_JAX:
            run = peers.noisy_jax(ours[0], -1.0, 1.0, DT, math.sqrt(DT), self.steps)
            check_spread(run(), self.steps)
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
