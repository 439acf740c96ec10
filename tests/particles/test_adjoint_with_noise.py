"""Claims about adjoints with noise: exact with the numbers held fixed, by complex steps through the same draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from particles import Collisions, Milstein, carry
from particles.base.errors import InputError
from particles.kernels.noisy import WIDTH, fill_variates
from particles.model import (
    CONSTANT,
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    RELU,
    SIGMOID,
    TANH,
    Diffusion,
    Dirac,
    Drift,
    Model,
    Normal,
    Product,
    Samples,
    cubic,
    layers,
)
from particles.noise import GAUSSIAN, TWO_POINT, UNIFORM, Noise
from particles.philox import NOISE, Address
from particles.training import Moment, gradient
from particles.training.of_particles import Gradient
from tests.noisy import variates
from tests.particles.test_adjoint import FORMULAS

COUNT, UNTIL, TARGET, SEED, TINY = 389, 1.5, 0.3, 7, 1e-30
POINTS = np.random.default_rng(1).normal(0.4, 1.0, (3, COUNT))
STEPS = 5


@dataclass(frozen=True)
class Draws:
    """Pushes of each particle in a step, shape (steps, COUNT), and their variates, (steps, pushes, D, COUNT)."""

    counts: Any
    eta: Any


def draws(scheme: Any, size: int) -> Draws:
    if isinstance(scheme, Milstein) or scheme.clock == "synchronous":
        eta = variates(scheme.noise, COUNT, STEPS, dim=size, seed=SEED)[:, None]
        return Draws(np.ones((STEPS, COUNT)), eta.reshape(STEPS, 1, size, COUNT))
    still = Model(drift=IDENTITY, weight=0.0, bias=1.0, initial=Dirac(0.0))  # a push moves it by eps
    counts = [
        carry(still, scheme, np.zeros((1, COUNT)), (k + 1) * scheme.dt, start=k * scheme.dt, seed=SEED)[0] / scheme.eps
        for k in range(STEPS)
    ]
    most, per, key = round(np.max(counts)), scheme.noise.steps, Address(0, SEED, 0, 0).key(NOISE)
    eta, out = np.zeros((STEPS, most, size, COUNT)), np.zeros((4, WIDTH))
    for k, turn, j in np.ndindex(STEPS, most, size):
        fill_variates(scheme.noise.variates)(0, k, j | (turn // per) << 12, key, out, COUNT)
        eta[k, turn, j] = out[turn % per, :COUNT]
    return Draws(np.round(counts), eta)


def loss_of(model: Model, scheme: Any, drawn: Draws, weights: Any, biases: Any, nu: Any, constants: Any) -> Any:
    """Half the mean squared distance of the readouts from the target, of numbers that may be complex."""
    x = np.tile(POINTS[: model.dim], (model.neurons, 1)).astype(complex)
    low, high = np.array(model.box).T[:, :, None]
    x = np.where(x.real < low, low, np.where(x.real > high, high, x))
    eps = scheme.eps
    for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
        b = -w @ x.mean(axis=1) if model.mean_coupled else b
        for turn in range(drawn.eta.shape[1]):
            shape, eta = (x if model.diffusion.power == 1 else 1.0), drawn.eta[k, turn]
            new = x + eps * FORMULAS[model.drift.name](w @ x + b[:, None], x, constants)
            new = new + math.sqrt(eps) * nu * shape * eta
            if isinstance(scheme, Milstein) and model.diffusion.power == 1:
                new = new + 0.5 * nu**2 * eps * shape * (eta**2 - 1.0)
            new = np.where(new.real < low, 2.0 * low - new, np.where(new.real > high, 2.0 * high - new, new))
            x = np.where(drawn.counts[k] > turn, new, x)
    ends = x.reshape(model.neurons, model.dim, -1).mean(axis=0)
    return 0.5 * ((ends - TARGET) ** 2).sum(axis=0).mean()


def of(drift: Drift, shape: Diffusion, dim: int = 1, **changed: Any) -> Model:
    size = dim * changed.get("neurons", 1)
    random = np.random.default_rng(2)
    rows = random.normal(0.0, 0.6, (STEPS, size, size)), random.normal(size=(STEPS, dim))
    start = Product([Normal(0.4, 1.0)] * dim) if dim > 1 else Normal(0.4, 1.0)
    given = {"weight": layers(rows[0], UNTIL), "bias": layers(rows[1], UNTIL), "initial": start, "nu2": 0.3}
    return Model(**({"drift": drift, "diffusion": shape} | given | changed))


def clock(name: str, noise: Noise = GAUSSIAN) -> Collisions:
    """Three collisions a step on average by Poisson's; Nanbu's hit two thirds."""
    step = UNTIL / STEPS
    if name == "synchronous":
        return Collisions(step, name, noise)
    return Collisions(0.1, name, noise, dt=step, tau=0.1 if name == "poisson" else 0.45)


REFLECTING: dict[str, Any] = {"walls": (-1.5, 2.5), "wall": "reflecting"}
PAIRS: dict[str, tuple[Model, Any]] = {
    **{f"poisson in R^{d}": (of(TANH, LINEAR, d), clock("poisson")) for d in (1, 2, 3)},
    **{f"nanbu in R^{d}": (of(TANH, LINEAR, d), clock("nanbu")) for d in (1, 2, 3)},
    **{f"milstein in R^{d}": (of(TANH, LINEAR, d), Milstein(UNTIL / STEPS)) for d in (1, 2, 3)},
}
MORE: dict[str, tuple[Model, Any]] = {
    **{f"{name}, {drift.name}, K = {shape.name}, in R^{d}": (of(drift, shape, d), clock(name, noise))
       for name, noise in (("poisson", TWO_POINT), ("nanbu", UNIFORM), ("synchronous", TWO_POINT))
       for drift in (IDENTITY, RELU, TANH, SIGMOID, cubic(0.2)) for shape in (CONSTANT, LINEAR) for d in (1, 2)},
    **{f"milstein, {drift.name}, K = {shape.name}": (of(drift, shape), Milstein(UNTIL / STEPS, noise))
       for drift in (IDENTITY, cubic(0.2)) for shape in (CONSTANT, LINEAR) for noise in (GAUSSIAN, UNIFORM)},
    "milstein, signs": (of(TANH, LINEAR), Milstein(UNTIL / STEPS, TWO_POINT)),
    "poisson between walls": (of(TANH, CONSTANT, **REFLECTING), clock("poisson", UNIFORM)),
    "poisson, three neurons": (of(TANH, LINEAR, neurons=3), clock("poisson")),
    "poisson, mean-coupled": (of(TANH, LINEAR, bias=MEAN_COUPLED), clock("poisson")),
    "nanbu, three neurons of two features": (of(TANH, LINEAR, 2, neurons=3), clock("nanbu")),
    "poisson, cubic": (of(cubic(0.2), CONSTANT), clock("poisson")),
    "synchronous between walls": (of(TANH, CONSTANT, **REFLECTING), clock("synchronous", UNIFORM)),
    "synchronous, three neurons": (of(TANH, LINEAR, neurons=3), clock("synchronous")),
    "synchronous, mean-coupled": (of(TANH, LINEAR, 2, bias=MEAN_COUPLED), clock("synchronous")),
}  # fmt: skip


@pytest.mark.parametrize("name", [*PAIRS, *(pytest.param(name, marks=pytest.mark.long) for name in MORE)])
def test_the_adjoint_is_exact_with_the_numbers_held_fixed(name: str) -> None:
    model, scheme = (PAIRS | MORE)[name]
    drawn = draws(scheme, model.size)
    points = Samples(POINTS[0] if model.dim == 1 else POINTS[: model.dim])
    found = gradient(model, scheme, Moment(TARGET), until=UNTIL, start=points, seed=SEED)
    times = UNTIL / STEPS * np.arange(STEPS)
    weights, nu, c = model.weights(times).astype(complex), math.sqrt(model.nu2), model.drift.constants
    biases = (np.zeros((STEPS, model.size)) if model.mean_coupled else model.biases(times, weights.real)).astype(
        complex
    )

    def moved(name: str, at: tuple[int, ...]) -> float:
        array = weights if name == "weights" else biases
        kept, array[at] = array[at], array[at] + 1j * TINY
        value = loss_of(model, scheme, drawn, weights, biases, nu, c).imag / TINY
        array[at] = kept
        return float(value)

    assert found.loss == pytest.approx(loss_of(model, scheme, drawn, weights, biases, nu, c).real, rel=1e-13)
    _same(found, "weights", [moved("weights", at) for at in np.ndindex(weights.shape)])
    if not model.mean_coupled:
        _same(found, "biases", [moved("biases", at) for at in np.ndindex(biases.shape)])
    by_nu = loss_of(model, scheme, drawn, weights, biases, nu + 1j * TINY, c).imag / TINY
    assert found.nu2 == pytest.approx(by_nu / (2.0 * nu), rel=1e-12)
    if c:
        by_c = loss_of(model, scheme, drawn, weights, biases, nu, (c[0] + 1j * TINY, *c[1:])).imag / TINY
        assert found.constant == pytest.approx(by_c, rel=1e-12)


def _same(found: Gradient, name: str, expected: list[float]) -> None:
    ours = getattr(found, name)
    np.testing.assert_allclose(ours.ravel(), expected, rtol=0.0, atol=4e-13 * np.abs(ours).max())


def test_pushes_differ_from_particle_to_particle() -> None:
    """What the examples rest on: clocks that count differently, and no more pushes than variates."""
    for name, allowed in (("poisson", range(20)), ("nanbu", range(2)), ("synchronous", range(1, 2))):
        drawn = draws(clock(name), 1)
        assert set(np.unique(drawn.counts)) <= set(allowed)
        assert name == "synchronous" or len(np.unique(drawn.counts)) >= 2


def test_a_shape_that_bends_has_no_adjoint_of_milsteins() -> None:
    bent = Diffusion("x^2", lambda x, c: x * x, lambda x, c: 2.0 * x, power=2)
    with pytest.raises(InputError, match=r"has an adjoint for K = 1 and K = x, not for K = 'x\^2'"):
        gradient(of(TANH, bent), Milstein(0.5), Moment(1.0), count=3, until=UNTIL)
