"""Claims about adjoints: they are exact for the scheme, by the complex step through the same formulas in Python."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from particles import Collisions, Euler, ExactFlow
from particles.kernels.adjoint import SEGMENT, TILE
from particles.model import (
    CONSTANT,
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    RELU,
    SIGMOID,
    TANH,
    Dirac,
    Drift,
    Model,
    Normal,
    Product,
    Samples,
    Uniform,
    cubic,
    layers,
    piecewise,
    power_law,
)
from particles.noise import GAUSSIAN, TWO_POINT, UNIFORM
from particles.training.losses import Loss, Moment, Supervised
from particles.training.of_particles import Gradient, gradient
from tests.noisy import variates

COUNT, UNTIL, TARGET = 3 * TILE + 5, 1.5, 0.3
POINTS = np.random.default_rng(1).normal(0.4, 1.0, (3, COUNT))
WALLS = (-1.0, 1.2), (-0.9, 1.5), (-1.5, 1.5)
FORMULAS: dict[str, Any] = {
    "identity": lambda u, x, c: u,
    "relu": lambda u, x, c: np.where(u.real > 0.0, u, 0.0),
    "tanh": lambda u, x, c: np.tanh(u),
    "sigmoid": lambda u, x, c: 1.0 / (1.0 + np.exp(-u)),
    "cubic": lambda u, x, c: u - c[0] * x**3,
    "power-law": lambda u, x, c: u - c[0] * np.where(x.real < 0.0, -1.0, 1.0) * np.where(x.real < 0.0, -x, x) ** c[1],
}


def loss_of(
    model: Model, weights: Any, biases: Any, nu: Any, dt: float, points: Any, eta: Any = None, constants: Any = None
) -> Any:
    """Half the mean squared distance of the readouts from the target, of numbers that may be complex."""
    constants = model.drift.constants if constants is None else constants
    x = np.tile(points[: model.dim], (model.neurons, 1)).astype(complex)
    low, high = np.array(model.box).T[:, :, None]
    x = np.where(x.real < low, low, np.where(x.real > high, high, x))
    for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
        b = -w @ x.mean(axis=1) if model.mean_coupled else b
        shape = x if model.diffusion.power == 1 else 1.0
        kick = 0.0 if eta is None else math.sqrt(dt) * nu * shape * eta[k]
        new = x + dt * FORMULAS[model.drift.name](w @ x + b[:, None], x, constants) + kick
        if model.walls is not None and model.wall == "sticky":
            held = (x.real <= low) | (x.real >= high)
            new = np.where(held, x, np.where(new.real < low, low, np.where(new.real > high, high, new)))
        elif model.walls is not None:
            new = np.where(new.real < low, 2.0 * low - new, np.where(new.real > high, 2.0 * high - new, new))
        x = new
    ends = x.reshape(model.neurons, model.dim, -1).mean(axis=0)
    return 0.5 * ((ends - TARGET) ** 2).sum(axis=0).mean()


def by_complex_step(model: Model, steps: int, eta: Any = None) -> tuple[Any, Any, Any, Any]:
    """Derivatives by the weights and biases of every step, by nu^2, and by the drift's constant."""
    dt, h = UNTIL / steps, 1e-30
    times = dt * np.arange(steps)
    weights = model.weights(times)
    biases = np.zeros((steps, model.size)) if model.mean_coupled else model.biases(times, weights)
    nu = math.sqrt(model.nu2)

    def moved(array: Any, at: tuple[int, ...]) -> Any:
        changed = array.astype(complex)
        changed[at] += 1j * h
        return changed

    by_w = [
        loss_of(model, moved(weights, at), biases, nu, dt, POINTS, eta).imag / h for at in np.ndindex(weights.shape)
    ]
    by_b = [loss_of(model, weights, moved(biases, at), nu, dt, POINTS, eta).imag / h for at in np.ndindex(biases.shape)]
    by_nu2 = 0.0
    if nu > 0.0:
        by_nu2 = loss_of(model, weights, biases, nu + 1j * h, dt, POINTS, eta).imag / h / (2.0 * nu)
    by_c = 0.0
    if model.drift.constant:
        first, *rest = model.drift.constants
        by_c = loss_of(model, weights, biases, nu, dt, POINTS, eta, (first + 1j * h, *rest)).imag / h
    return np.reshape(by_w, weights.shape), np.reshape(by_b, biases.shape), by_nu2, by_c


def of(drift: Drift, dim: int = 1, **changed: Any) -> Model:
    size = dim * changed.get("neurons", 1)
    rows = np.random.default_rng(2).normal(0.0, 0.8, (5, size, size)), np.random.default_rng(3).normal(size=(5, dim))
    start = Product([Normal(0.4, 1.0)] * dim) if dim > 1 else Normal(0.4, 1.0)
    given = {"weight": layers(rows[0], UNTIL), "bias": layers(rows[1], UNTIL), "initial": start}
    return Model(**({"drift": drift} | given | changed))


def ours(model: Model, scheme: Any, loss: Loss | None = None, **asked: Any) -> Gradient:
    points = Samples(POINTS[0] if model.dim == 1 else POINTS[: model.dim])
    return gradient(model, scheme, loss or Moment(TARGET), until=UNTIL, start=points, **asked)


@dataclass(frozen=True)
class Example:
    model: Model
    steps: int = 5


EULER = {
    **{f"{drift.name}": Example(of(drift)) for drift in (IDENTITY, RELU, TANH, SIGMOID)},
    "tanh in R^2": Example(of(TANH, 2)),
    "tanh in R^3": Example(of(TANH, 3)),
    "cubic": Example(of(cubic(0.2))),
    "three neurons": Example(of(TANH, neurons=3)),
    "three neurons of two features": Example(of(TANH, 2, neurons=3)),
    "sticky": Example(of(TANH, walls=(-0.5, 1.2))),
    "reflecting": Example(of(TANH, walls=(-0.5, 1.2), wall="reflecting")),
    "sticky box": Example(of(TANH, 2, walls=((-0.5, 1.2), (-0.9, 1.5)))),
    "reflecting box": Example(of(TANH, 2, walls=((-0.5, 1.2), (-0.9, 1.5)), wall="reflecting")),
    "sticky box in R^3": Example(of(TANH, 3, walls=((-0.5, 1.2), (-0.9, 1.5), (-1.0, 1.0)))),
    "reflecting box in R^3": Example(of(TANH, 3, walls=((-1.0, 1.2), (-0.9, 1.5), (-1.5, 1.5)), wall="reflecting")),
    "mean-coupled in R^3": Example(of(TANH, 3, bias=MEAN_COUPLED)),
    "mean-coupled": Example(of(TANH, bias=MEAN_COUPLED)),
    "mean-coupled in R^2": Example(of(TANH, 2, bias=MEAN_COUPLED)),
    "more layers than a segment": Example(of(TANH, weight=-1.0, bias=1.0), SEGMENT + 3),
}


MORE = {
    **{f"{drift.name} in R^{d}": Example(of(drift, d))
       for drift in (IDENTITY, RELU, SIGMOID, cubic(0.2), power_law(0.3, 2.5)) for d in (2, 3)},
    "power-law": Example(of(power_law(0.3, 2.5))),
    **{f"{drift.name}, {wall}, in R^{d}": Example(of(drift, d, walls=WALLS[:d] if d > 1 else WALLS[0], wall=wall))
       for drift in (IDENTITY, RELU, SIGMOID, cubic(0.2)) for wall in ("sticky", "reflecting") for d in (1, 2)},
    **{f"three neurons, {drift.name}": Example(of(drift, neurons=3)) for drift in (RELU, SIGMOID, cubic(0.2))},
}  # fmt: skip
LONG = pytest.mark.long  # a kernel for each is compiled


@pytest.mark.parametrize("name", [*EULER, *(pytest.param(name, marks=LONG) for name in MORE)])
def test_the_adjoint_of_eulers_layers_is_exact_for_them(name: str) -> None:
    model, steps = (EULER | MORE)[name].model, (EULER | MORE)[name].steps
    found, (by_w, by_b, _, by_c) = ours(model, Euler(layers=steps)), by_complex_step(model, steps)
    np.testing.assert_allclose(found.weights, by_w, rtol=0.0, atol=2e-13 * np.abs(by_w).max())
    if not model.mean_coupled:
        np.testing.assert_allclose(found.biases, by_b, rtol=0.0, atol=2e-13 * np.abs(by_b).max())
    assert found.constant == pytest.approx(by_c, rel=2e-13, abs=0.0)


@pytest.mark.parametrize(
    ("drift", "shape"),
    [
        (TANH, LINEAR),
        *(
            pytest.param(drift, shape, marks=LONG)
            for drift in (IDENTITY, RELU, SIGMOID, TANH) for shape in (CONSTANT, LINEAR)
            if (drift, shape) != (TANH, LINEAR)
        ),
    ],
    ids=lambda part: part.name,
)  # fmt: skip
@pytest.mark.parametrize("dim", [1, 2])
def test_the_adjoint_of_collisions_is_exact_with_the_numbers_held_fixed(dim: int, drift: Drift, shape: Any) -> None:
    model, steps = of(drift, dim, nu2=0.4, diffusion=shape), 5
    eta = variates(UNIFORM, COUNT, steps, dim=dim, seed=7)
    found = ours(model, Collisions(UNTIL / steps, "synchronous", UNIFORM), seed=7)
    by_w, by_b, by_nu2, by_c = by_complex_step(model, steps, eta)
    np.testing.assert_allclose(found.weights, by_w, rtol=0.0, atol=2e-13 * np.abs(by_w).max())
    np.testing.assert_allclose(found.biases, by_b, rtol=0.0, atol=2e-13 * np.abs(by_b).max())
    assert found.nu2 == pytest.approx(by_nu2, rel=2e-13)
    assert found.constant == pytest.approx(by_c, rel=2e-13)


def test_the_adjoint_of_signs_of_single_bits_is_exact() -> None:
    """Of 140 steps on the line, which two counters of 128 bits serve."""
    steps = 140
    model = of(TANH, weight=-0.8, bias=0.5, nu2=0.4, diffusion=LINEAR)
    eta = variates(TWO_POINT, COUNT, steps, seed=7)
    assert set(np.unique(eta)) == {-1.0, 1.0}
    found = ours(model, Collisions(UNTIL / steps, "synchronous", TWO_POINT), seed=7)
    weights, biases, dt = np.full((steps, 1, 1), -0.8 + 0j), np.full((steps, 1), 0.5), UNTIL / steps
    for k in (0, 127, 128, 139):
        weights[k] += 1e-30j
        expected = loss_of(model, weights, biases, math.sqrt(0.4), dt, POINTS, eta).imag / 1e-30
        weights[k] = -0.8
        assert found.weights[k, 0, 0] == pytest.approx(expected, rel=1e-12)
    by_nu = loss_of(model, weights, biases, math.sqrt(0.4) + 1e-30j, dt, POINTS, eta).imag / 1e-30
    assert found.nu2 == pytest.approx(by_nu / (2.0 * math.sqrt(0.4)), rel=1e-12)


@LONG  # test_adjoint_with_noise holds the same to complex steps
@pytest.mark.parametrize(("walls", "dim"), [(None, 1), (None, 2), ((-0.5, 1.2), 1)])
@pytest.mark.parametrize("clock", ["poisson", "nanbu"])
def test_the_adjoint_of_counted_collisions_is_their_difference_quotient(clock: str, walls: Any, dim: int) -> None:
    """How often particles collide does not depend on the parameters: quotients of 1e-6 hold seven digits."""
    scheme, h = Collisions(0.1, clock, GAUSSIAN, dt=0.5 if clock == "poisson" else 0.1), 1e-6
    model = of(TANH, dim, weight=-0.7, bias=0.3, nu2=0.4, walls=walls, wall="reflecting", diffusion=LINEAR)
    found = ours(model, scheme, seed=3)

    def quotient(**changed: float) -> float:
        (name, value), *_ = changed.items()
        up, down = (
            ours(of(**{"drift": TANH, "dim": dim, "weight": -0.7, "bias": 0.3, "nu2": 0.4, "walls": walls,
                       "wall": "reflecting", "diffusion": LINEAR} | {name: value + sign * h}), scheme, seed=3).loss
            for sign in (1.0, -1.0)
        )  # fmt: skip
        return (up - down) / (2.0 * h)

    scale = 1.0 / dim
    assert np.trace(found.weights.sum(axis=0)) * scale == pytest.approx(quotient(weight=-0.7), rel=2e-7)
    assert found.biases.sum() == pytest.approx(quotient(bias=0.3), rel=2e-7)
    assert found.nu2 == pytest.approx(quotient(nu2=0.4), rel=2e-7)


def test_labels_are_a_target_of_each_particle() -> None:
    model = of(TANH)
    labels = np.sin(np.arange(COUNT))
    found = ours(model, Euler(layers=5), Supervised(labels))
    flat = ours(model, Euler(layers=5), Supervised(np.full(COUNT, TARGET)))
    same = ours(model, Euler(layers=5))
    assert found.loss != same.loss
    np.testing.assert_array_equal(flat.weights, same.weights)


def test_numbers_of_a_network_of_fifty_layers() -> None:
    """A thousand quantile particles of N(1, 1), tanh, (w, b) = (-1, 1), T = 5, y = 2: an independent implementation."""
    model = Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0))
    found = gradient(model, Euler(layers=50), Moment(2.0), count=1000, until=5.0, start="quantile")
    assert found.loss == pytest.approx(0.500047380564248, abs=1e-14)
    assert found.weights.sum() == pytest.approx(-0.99055263859829, abs=1e-13)
    assert found.biases.sum() == pytest.approx(-0.990940616630399, abs=1e-13)
    np.testing.assert_allclose(
        [*found.weights[[0, -1], 0, 0], *found.biases[[0, -1], 0]],
        [-4.21484266675e-4, -0.0999778095163, -4.23369322169e-4, -0.099988317663], rtol=1e-11,
    )  # fmt: skip


def test_numbers_of_a_cubic_network_in_the_plane() -> None:
    """Ruseckas' (60)-(71) with w = (.3 -.8; .5 -.2), b = (.2, -.1), gamma = .4: limits of fine steps, elsewhere."""
    start = Product([Dirac(0.7), Dirac(-0.4)])
    model = Model(drift=cubic(0.4), weight=[[0.3, -0.8], [0.5, -0.2]], bias=[0.2, -0.1], initial=start)
    rows = []
    for layers_ in (800, 1600):
        found = gradient(model, Euler(layers=layers_), Moment([1.0, 0.5]), count=1, until=1.5)
        by_w, by_b = found.weights.sum(axis=0).ravel(), found.biases.sum(axis=0)
        rows.append([found.loss, found.constant, found.horizon, *by_w, *by_b, *found.mean])
    np.testing.assert_allclose(
        2.0 * np.array(rows[1]) - rows[0],
        [0.0456885919893949, 0.0593936863015237, -0.112619600736595, -0.0737081853901758, 0.0169098036237451,
         -0.342415388563162, 0.0246457643985886, -0.0818019346935074, -0.354506569905490, -0.0996377743068305,
         -0.150602722518296],
        rtol=1e-5,
    )  # fmt: skip


def test_the_gradient_of_layers_is_that_of_the_flow_to_first_order() -> None:
    model = Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0))
    asked: dict[str, Any] = {"count": 1000, "until": 5.0, "start": "quantile"}
    exact = gradient(model, ExactFlow(), Moment(2.0), **asked)
    assert exact.weights.sum() == pytest.approx(-0.98839501580249, abs=1e-13)
    assert exact.biases.sum() == pytest.approx(-0.988917527920441, abs=1e-13)
    errors = [
        abs(gradient(model, Euler(layers=n), Moment(2.0), **asked).weights.sum() - exact.weights.sum())
        for n in (50, 100, 200, 400)
    ]
    np.testing.assert_allclose(errors, [2.158e-3, 1.102e-3, 5.567e-4, 2.798e-4], rtol=1e-3)


def test_the_gradient_of_pieces_is_that_of_their_flows() -> None:
    edges = [0.0, 0.5, 1.0, 1.5]
    model = Model(
        drift=TANH, weight=piecewise(edges, [-1.2, -0.5, 0.4, -0.8]), bias=piecewise(edges, [0.9, 0.2, -0.3, 1.1]),
        initial=Normal(1.0, 1.0),
    )  # fmt: skip
    found = gradient(model, ExactFlow(), Moment(2.0), count=1000, until=2.0, start="quantile")
    assert found.loss == pytest.approx(0.644744261114141, abs=1e-14)
    by_w = [-0.124143577420541, -0.199042384342130, -0.201745018444173, -0.242288774086624]
    by_b = [-0.186768300409040, -0.386276603043635, -0.401937670088888, -0.305848756021944]
    np.testing.assert_allclose(found.weights[:, 0, 0], by_w, atol=1e-14)
    np.testing.assert_allclose(found.biases[:, 0], by_b, atol=1e-14)


@pytest.mark.parametrize("drift", [IDENTITY, RELU, TANH, SIGMOID], ids=lambda drift: drift.name)
def test_the_adjoint_times_the_speed_is_kept_by_the_exact_flow(drift: Drift) -> None:
    """p . f is constant on a trajectory of an autonomous model: at the start it is E[p_0 f(x_0)], at T dL/dT."""
    model = Model(drift=drift, weight=-0.8, bias=0.9, initial=Uniform(-1.0, 2.0))
    found = gradient(model, ExactFlow(), Moment(2.0), count=1000, until=2.0, start="quantile")
    h = 1e-5
    up, down = (
        gradient(model, ExactFlow(), Moment(2.0), count=1000, until=2.0 + s * h, start="quantile").loss for s in (1, -1)
    )
    assert found.horizon == pytest.approx((up - down) / (2.0 * h), rel=1e-8)
