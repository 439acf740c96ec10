"""Layers of a network as `simulate` carries them out, and what their results must be; benchmarks of several files."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks import peers
from particles import Euler, philox
from particles.base.arrays import Floats
from particles.model import TANH, Model, Normal

DT = 0.01
Address = getattr(philox, "Address" if hasattr(philox, "Address") else "Where")  # the name in older versions


class Layers:
    """The layers of a model as `simulate` carries them out, from a given start of shape (D, M)."""

    def __init__(self, model: Model, start: Floats, layers: int, scheme: Any = None) -> None:
        self.model, self.start, self.scheme = model, start, scheme or Euler(dt=DT)
        self.state = np.empty_like(start)
        levels = self.scheme.levels(model, layers * DT, ())
        self.parameters = self.scheme.parameters(model, levels, 0, len(levels) - 1, None)

    def restart(self) -> None:
        self.state[:] = self.start

    def run(self) -> None:
        self.scheme.advance(self.model, self.state, self.parameters, Address(first=0, seed=0, replicate=0, step=0))

    def check_against_numpy(self, activation: str, columns: int = 500) -> None:
        """Compare the first particles with the formula as it stands."""
        self.restart()
        self.run()
        weights, biases, dt = self.parameters
        expected = peers.plain_euler(activation, self.start[:, :columns], weights, biases, dt)
        np.testing.assert_allclose(self.state[:, :columns], expected, rtol=1e-11, atol=1e-11)


def check_against_exact_flow(start: Floats, end: Floats, layers: int) -> None:
    """Euler for x' = tanh(1 - x) stays within t dt max abs(x'')/2 of sinh(1 - x(t)) = e^(-t) sinh(1 - x(0))."""
    time = layers * DT
    exact = 1.0 - np.arcsinh(np.exp(-time) * np.sinh(1.0 - start))
    assert np.abs(end - exact).max() <= 0.5 * 0.385 * DT * time, "the sweep did not give the exact flow"


def noisy_model(nu2: float) -> Model:
    return Model(drift=TANH, weight=-1.0, bias=1.0, nu2=nu2, initial=Normal(1.0, 1.0))


def check_spread(end: Floats, steps: int) -> None:
    """Noise alone gives the variance 1 + t, drift alone more than e^(-2 t): the truth lies between, up to sampling."""
    time, sampling = steps * DT, 8.0 / math.sqrt(end.size)
    assert math.exp(-2.0 * time) - sampling < end.var() < 1.0 + time + sampling, "the noisy sweep did not diffuse"
    assert abs(end.mean() - 1.0) < 10.0 / math.sqrt(end.size), "the noisy sweep has a drift of its own"
