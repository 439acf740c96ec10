"""Time of gradients: forwards and backwards through layers, and JAX's value_and_grad where it is installed."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from benchmarks.measure import Work, named, nanoseconds
from particles import Euler
from particles.base.arrays import Floats
from particles.model import TANH, Model, Normal
from particles.philox import Address

Parts = tuple[float, Floats, Floats]


class Gradient:
    """tanh layers on the line, (x - y)^2/2, derivatives by weight and bias of every layer, beside the forward sweep."""

    count, layers, turns = 2**16, 100, 9
    dt, target = 0.05, 2.0
    smallest = {"count": 1000, "layers": 5, "turns": 1}  # noqa: RUF012
    timeout = 300.0

    def setup(self) -> None:
        """Compile, and compare with NumPy."""
        from particles.kernels.adjoint import to_target

        model = Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0))
        scheme, address = Euler(dt=self.dt), Address(0, 0, 0, 0)
        rows = -np.ones((self.layers, 1, 1)), np.ones((self.layers, 1)), self.dt
        start = np.random.default_rng(0).normal(1.0, 1.0, (1, self.count))
        state, slopes = start.copy(), np.empty_like(start)
        self.start, self.sums = start, np.empty(0)

        def restart() -> None:
            state[:], slopes[:] = start, self.target

        def backwards() -> None:
            self.sums = scheme.retrace(model, state, slopes, rows, address, 2**12, to_target)

        units = float(self.count * self.layers)
        self.works = {
            "forwards": Work(restart, lambda: scheme.advance(model, state, rows, address), units),
            "gradient": Work(restart, backwards, units),
        }
        for work in self.works.values():
            work.prepare()
            work.run()
        by_w, by_b = self._numpy()
        found = self.sums.sum(axis=0)
        assert np.abs(found[:, 0] - by_w).max() < 1e-11 * np.abs(by_w).max(), "another derivative by the weights"
        assert np.abs(found[:, 1] - by_b).max() < 1e-11 * np.abs(by_b).max(), "another derivative by the biases"

    def _numpy(self) -> tuple[Floats, Floats]:
        states = [self.start[0]]
        for _ in range(self.layers):
            states.append(states[-1] + self.dt * np.tanh(1.0 - states[-1]))
        p, by_w, by_b = states[-1] - self.target, np.empty(self.layers), np.empty(self.layers)
        for k in range(self.layers - 1, -1, -1):
            by_u = self.dt * p * (1.0 - np.tanh(1.0 - states[k]) ** 2)
            by_w[k], by_b[k] = (by_u * states[k]).sum(), by_u.sum()
            p = p - by_u
        return by_w, by_b

    @named("gradient of layers: time a particle-layer", "ns")
    def track_gradient(self) -> float:
        return nanoseconds({"gradient": self.works["gradient"]}, self.turns)["gradient"]

    @named("gradient of layers over the forward sweep", "times")
    def track_over_forwards(self) -> float:
        times = nanoseconds({name: self.works[name] for name in ("gradient", "forwards")}, self.turns)
        return times["gradient"] / times["forwards"]


class GradientPeer(Gradient):
    """The same beside JAX's value_and_grad."""

    def setup(self) -> None:
        """Compile both, and compare them."""
        super().setup()
        self.works["jax"] = self._jax()

    @named("gradient of layers: JAX over ours", "times")
    def track_ratio_jax(self) -> float:
        times = nanoseconds({name: self.works[name] for name in ("gradient", "jax")}, self.turns)
        return times["jax"] / times["gradient"]

    def _jax(self) -> Work:
        """value_and_grad of a scan over the layers, compiled, on one thread."""
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
        try:
            import jax
        except ImportError as error:
            raise NotImplementedError("JAX is not installed") from error
        jax.config.update("jax_enable_x64", True)

        def loss(rows: Any, x: Any) -> Any:
            def layer(x: Any, row: Any) -> Any:
                return x + self.dt * jax.numpy.tanh(row[0] * x + row[1]), None

            return 0.5 * ((jax.lax.scan(layer, x, rows)[0] - self.target) ** 2).sum()

        both = jax.jit(jax.value_and_grad(loss))
        rows = -jax.numpy.ones(self.layers), jax.numpy.ones(self.layers)
        x = jax.numpy.asarray(self.start[0])
        _, (by_w, _) = both(rows, x)
        assert np.abs(np.asarray(by_w) - self._numpy()[0]).max() < 1e-9 * np.abs(by_w).max(), "JAX differs"
        return Work(lambda: None, lambda: jax.block_until_ready(both(rows, x)), float(self.count * self.layers))
