"""The same work in other tools, each written as its best user would: their times, and over ours, taken in turns."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.layers import DT, Layers, check_against_exact_flow, check_spread, noisy_model
from benchmarks.measure import Work, named, nanoseconds
from particles import Collisions
from particles.base.arrays import Floats
from particles.model import cases

WHO = ("ours", "NumPy", "numba loop", "JAX")


class _Peers(ABC):
    """Ours and one other, from the same start N(1, 1).

    NumPy and numba carry fewer particles, through all layers: the time of tanh depends on where its argument lies,
    which changes from the first layer to the last. With less than 2^17 the branches of numba's tanh would be learnt by
    heart.
    """

    counts = {"ours": 2**20, "NumPy": 2**18, "numba loop": 2**17, "JAX": 2**20}  # noqa: RUF012
    layers: int
    turns: int
    params = (WHO,)
    param_names = ("who",)
    timeout = 300.0

    def setup(self, who: str) -> None:
        """Draw the particles, compile, and check where each side carries them."""
        if who == "JAX" and not peers.HAS_JAX:
            raise NotImplementedError("JAX is not installed")
        self.works = {name: self._work(name) for name in dict.fromkeys(("ours", who))}

    def _work(self, who: str) -> Work:
        start = np.random.default_rng(1).normal(1.0, 1.0, self.counts[who])
        prepare: Callable[[], object]
        if who == "ours":
            layers = self.ours(start[None])
            prepare, run, end = layers.restart, layers.run, lambda: layers.state[0]
        elif who == "JAX":
            run = end = self.jax(start)
            prepare = lambda: None  # noqa: E731
        else:
            state = np.empty_like(start)
            prepare, run, end = lambda: np.copyto(state, start), lambda: self.loop(who, state), lambda: state
        prepare()
        run()
        self.check(start, np.asarray(end()))
        return Work(prepare, run, start.size * self.layers)

    @abstractmethod
    def ours(self, start: Floats) -> Layers:
        """Our layers from a start of shape (1, M)."""

    @abstractmethod
    def loop(self, who: str, state: Floats) -> None:
        """Carry a state of shape (M,) through all layers, in place."""

    @abstractmethod
    def jax(self, start: Floats) -> Any:
        """Return a function that gives the carried particles."""

    @abstractmethod
    def check(self, start: Floats, end: Floats) -> None:
        """Raise if a side did not carry its particles as it should."""

    def measure(self, *names: str) -> dict[str, float]:
        """Nanoseconds a particle-step of each of these, in turns."""
        return nanoseconds({name: self.works[name] for name in names}, self.turns)


class TanhLayer(_Peers):
    """A layer of the case `regression` (tanh, w = -1, b = 1, d = 1); each side is compared with the exact flow."""

    layers = 200
    turns = 7
    smallest = {"counts": dict.fromkeys(WHO, 5000), "layers": 20, "turns": 1}  # noqa: RUF012

    def ours(self, start: Floats) -> Layers:
        return Layers(cases["regression"].model, start, self.layers)

    def loop(self, who: str, state: Floats) -> None:
        function = peers.tanh_blocks if who == "NumPy" else peers.tanh_loop
        function(state, np.full(self.layers, -1.0), np.ones(self.layers), DT)

    def jax(self, start: Floats) -> Any:
        return peers.tanh_jax(start, -1.0, 1.0, DT, self.layers)

    def check(self, start: Floats, end: Floats) -> None:
        check_against_exact_flow(start, end, self.layers)

    @named("tanh layer: time a particle-step", "ns")
    def track_time(self, who: str) -> float:
        return self.measure(who)[who]

    @named("tanh layer: time over ours", "times")
    def track_over_ours(self, who: str) -> float:
        times = self.measure("ours", who)
        return times[who] / times["ours"]


class GaussianLayer(_Peers):
    """The tanh step with a Gaussian each, nu = 1, steps of 0.01; each side must spread as diffusion does."""

    layers = 64
    turns = 5
    smallest = {"counts": dict.fromkeys(WHO, 5000), "layers": 8, "turns": 1}  # noqa: RUF012

    def ours(self, start: Floats) -> Layers:
        return Layers(noisy_model(1.0), start, self.layers, Collisions(DT, "synchronous"))

    def loop(self, who: str, state: Floats) -> None:
        function = peers.noisy_blocks if who == "NumPy" else peers.noisy_loop
        function(state, -1.0, 1.0, DT, math.sqrt(DT), self.layers)

    def jax(self, start: Floats) -> Any:
        return peers.noisy_jax(start, -1.0, 1.0, DT, math.sqrt(DT), self.layers)

    def check(self, start: Floats, end: Floats) -> None:
        check_spread(end, self.layers)

    @named("tanh and Gaussian: time a particle-step", "ns")
    def track_time(self, who: str) -> float:
        return self.measure(who)[who]

    @named("tanh and Gaussian: time over ours", "times")
    def track_over_ours(self, who: str) -> float:
        times = self.measure("ours", who)
        return times[who] / times["ours"]
