"""Euler (a ResNet layer) and the exact flow: orders, compositions, independent oracles."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from scipy.integrate import solve_ivp

from particles.base import parallel
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    MEAN_COUPLED,
    RELU,
    SIGMOID,
    TANH,
    Model,
    Normal,
    Product,
    cases,
    cubic,
    layers,
    lognormal_family,
    piecewise,
)  # fmt: skip
from particles.schemes.euler import Euler
from particles.schemes.flow import ExactFlow
from particles.schemes.scheme import Scheme
from particles.simulate import simulate


def cloud(model: Model, scheme: Scheme, until: float = 1.0, **options: Any) -> np.ndarray:
    options = {"count": 20_000, "start": "quantile", "comm": parallel.serial()} | options
    return simulate(model, scheme, until=until, **options).states[-1]


def fitted_slope(steps: list[int], errors: list[float]) -> float:
    return float(np.polyfit(np.log(1.0 / np.array(steps)), np.log(errors), 1)[0])


LAYERS = [20, 40, 80, 160, 320]


@pytest.mark.parametrize(("drift", "constant"), [(IDENTITY, 0.14676), (TANH, 0.0845)], ids=["identity", "tanh"])
def test_euler_is_first_order_with_theorys_constant(drift: Any, constant: float) -> None:
    """W1 between Euler's and the exact cloud from the same levels; theory 2.7: w = -1, N(0, 1), T = 1."""
    model = Model(drift=drift, weight=-1.0, bias=0.0, initial=Normal(0.0, 1.0))
    exact = cloud(model, ExactFlow())
    errors = [float(np.abs(cloud(model, Euler(layers=n)) - exact).mean()) for n in LAYERS]
    assert Euler.order - 0.05 < fitted_slope(LAYERS, errors) < Euler.order + 0.05
    assert errors[-1] * LAYERS[-1] == pytest.approx(constant, rel=0.01)
    assert errors[-1] < 5e-4
    assert fitted_slope(LAYERS, [math.sqrt(e) for e in errors]) < Euler.order - 0.05  # control: half the order fails
    frozen = [float(np.abs(cloud(model, Euler(layers=n)) - exact - 1e-2).mean()) for n in LAYERS]
    assert not Euler.order - 0.05 < fitted_slope(LAYERS, frozen) < Euler.order + 0.05  # control: a wrong limit fails


DRIFTS = [
    (RELU, -1.0, 1.0, Normal(0.5, 1.0)),
    (SIGMOID, -1.0, 1.0, Normal(1.0, 1.0)),
    (cubic(0.5), 1.0, 0.0, Normal(0.0, 0.25)),
    (lognormal_family(0.7), 0.0, 0.0, cases["vehicles"].model.initial),
]


@pytest.mark.parametrize(("drift", "w", "b", "initial"), DRIFTS, ids=lambda v: getattr(v, "name", ""))
def test_euler_converges_to_the_exact_flow(drift: Any, w: float, b: float, initial: Any) -> None:
    model = Model(drift=drift, weight=w, bias=b, initial=initial)
    exact = cloud(model, ExactFlow(), count=2000)
    errors = [float(np.abs(cloud(model, Euler(layers=n), count=2000) - exact).mean()) for n in LAYERS[1:]]
    assert 0.9 < fitted_slope(LAYERS[1:], errors) < 1.1
    assert errors[-1] < 2e-2


def test_composed_exact_flows_solve_the_equation() -> None:
    """Piecewise constant weight and bias with different jumps, against DOP853 between the jumps."""
    model = Model(
        drift=TANH,
        weight=piecewise([0.0, 0.5, 1.2], [-1.0, 2.0, 0.0]),
        bias=piecewise([0.0, 0.7], [1.0, -1.0]),
        initial=Normal(0.0, 1.0),
    )
    start = model.initial.quantile((np.arange(20) + 0.5) / 20)  # type: ignore[union-attr]
    expected = start
    for a, b in zip([0.0, 0.5, 0.7, 1.2], [0.5, 0.7, 1.2, 2.0], strict=True):
        w = model.weights(a)
        c = model.biases(a, w)
        speed = partial(lambda t, y, w, c: np.tanh(w * y + c), w=w[0, 0, 0], c=c[0, 0])
        expected = solve_ivp(speed, (a, b), expected, method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1]
    np.testing.assert_allclose(cloud(model, ExactFlow(), 2.0, count=20)[0], expected, rtol=2e-12, atol=2e-12)


def test_snapshots_do_not_change_the_exact_cloud() -> None:
    model = cases["regression"].model
    often = cloud(model, ExactFlow(), 2.0, times=(0.1, 0.7, 1.3, 2.0), count=1000)
    np.testing.assert_allclose(often, cloud(model, ExactFlow(), 2.0, count=1000), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("layers_", [10, 1000])
def test_snapshots_do_not_change_a_bit_of_eulers_cloud(layers_: int) -> None:
    """A step is dt, wherever the loop looks at the state."""
    model, scheme = cases["regression"].model, Euler(layers=layers_)
    often = cloud(model, scheme, 2.0, times=(0.2, 0.6, 1.4, 2.0), count=1000)
    np.testing.assert_array_equal(often, cloud(model, scheme, 2.0, count=1000))


def test_network_of_layers_is_euler_with_the_same_arrays() -> None:
    """x <- x + dt tanh(w_k x + b_k) written in numpy with a step of T/L (errata E41)."""
    count = 300
    weights, biases = np.random.default_rng(3).normal(size=(2, count))
    model = Model(drift=TANH, weight=layers(weights, 3.0), bias=layers(biases, 3.0), initial=Normal(0.0, 1.0))
    x = model.initial.quantile((np.arange(50) + 0.5) / 50)  # type: ignore[union-attr]
    for w, b in zip(weights, biases, strict=True):
        x = x + (3.0 / count) * np.tanh(w * x + b)
    found = cloud(model, Euler(layers=count), 3.0, count=50)[0]
    np.testing.assert_allclose(found, x, rtol=1e-12, atol=1e-12)


def test_callable_parameters_are_sampled_at_the_left_of_each_step() -> None:
    model = Model(drift=IDENTITY, weight=math.cos, bias=math.sin, initial=Normal(0.0, 1.0))
    x = model.initial.quantile((np.arange(5) + 0.5) / 5)  # type: ignore[union-attr]
    for k in range(8):
        x = x + 0.25 * (math.cos(0.25 * k) * x + math.sin(0.25 * k))
    np.testing.assert_allclose(cloud(model, Euler(dt=0.25), 2.0, count=5)[0], x, rtol=1e-14)


def test_euler_of_the_mean_coupled_identity_keeps_the_mean_and_contracts() -> None:
    """x - m1 is multiplied by 1 + w dt at every step; the mean stays to rounding."""
    model = cases["moments-conserved"].model
    run = simulate(model, Euler(layers=100), count=5000, until=2.0, times=(0.0, 2.0), seed=3)
    start, end = run.states
    assert end.mean() == pytest.approx(start.mean(), abs=1e-13)
    np.testing.assert_allclose(end - end.mean(), (start - start.mean()) * (1.0 - 0.02) ** 100, atol=1e-13)


def test_exact_flow_of_the_mean_coupled_identity() -> None:
    run = simulate(cases["moments-conserved"].model, ExactFlow(), count=5000, until=2.0, times=(0.0, 1.0, 2.0))
    start, _, end = run.states
    np.testing.assert_allclose(end - start.mean(), (start - start.mean()) * math.exp(-2.0), atol=1e-13)


def test_mean_coupled_walls_have_no_exact_flow() -> None:
    model = Model(drift=IDENTITY, weight=1.0, bias=MEAN_COUPLED, initial=Normal(3.0, 1.0), walls=(2.0, 8.0))
    with pytest.raises(InputError):
        ExactFlow().levels(model, 1.0, ())


PLANE = Product([Normal(1.0, 1.0), Normal(0.0, 1.0)])
FULL = np.array([[-1.0, 0.7], [0.3, -0.5]])


@pytest.mark.parametrize(
    ("weight", "bias"),
    [
        (FULL, [1.0, -0.5]),
        (np.array([[0.0, -2.0], [2.0, 0.0]]), [0.0, 0.0]),
        (np.array([[0.0, 1.0], [0.0, 0.0]]), [0.0, 1.0]),
    ],
    ids=["full", "rotation", "nilpotent"],
)
def test_full_matrix_is_the_matrix_exponential(weight: np.ndarray, bias: list[float]) -> None:
    """Theory 2.2, the factor 1/d kept."""
    model = Model(drift=IDENTITY, weight=weight, bias=bias, initial=PLANE)
    run = simulate(model, ExactFlow(), count=300, until=1.5, times=(0.0, 1.5))
    start, end = run.states
    generator = np.zeros((3, 3))
    generator[:2, :2], generator[:2, 2] = weight / 2.0, bias
    whole = scipy.linalg.expm(1.5 * generator)
    np.testing.assert_allclose(end, whole[:2, :2] @ start + whole[:2, 2:], rtol=1e-13, atol=1e-13)
    euler = [simulate(model, Euler(layers=n), count=300, until=1.5).states[-1] for n in LAYERS]
    errors = [float(np.abs(x - end).mean()) for x in euler]
    assert 0.9 < fitted_slope(LAYERS, errors) < 1.1


def test_rotation_keeps_the_distance_from_the_origin() -> None:
    model = Model(drift=IDENTITY, weight=[[0.0, -2.0], [2.0, 0.0]], bias=0.0, initial=PLANE)
    start, end = simulate(model, ExactFlow(), count=300, until=7.0, times=(0.0, 7.0)).states
    np.testing.assert_allclose(np.hypot(*end), np.hypot(*start), rtol=1e-13)
    np.testing.assert_allclose(end[0], math.cos(7.0) * start[0] - math.sin(7.0) * start[1], atol=1e-13)


@pytest.mark.parametrize(
    ("name", "stds"),
    [("regression-2d", (0.64851870, 0.40757063)), ("regression-2d-unscaled", (0.50421391, 0.21995668))],
)
def test_regression_in_the_plane_has_theorys_spread(name: str, stds: tuple[float, float]) -> None:
    """Theory 5.5, t = 1, 2; both marginals have unit variance. 10^6 draws: a true cloud fails once in 10^5."""
    count = 1_000_000
    run = simulate(cases[name].model, ExactFlow(), count=count, until=2.0, times=(1.0, 2.0))
    for moments, std in zip(run.moments, stds, strict=True):
        found = np.sqrt(moments[1] - moments[0] ** 2)
        np.testing.assert_allclose(found, std, rtol=4.6 * math.sqrt(1.2 / count))  # sd of s/std at most sqrt(1.2/M)
        np.testing.assert_allclose(moments[0], [1.0, 0.0], atol=4.6 * std / math.sqrt(count))


def test_diagonal_plane_is_a_product_of_lines() -> None:
    model = cases["regression-2d"].model
    start, end = simulate(model, ExactFlow(), count=100, until=2.0, times=(0.0, 2.0)).states
    np.testing.assert_allclose(
        np.sinh(0.5 - 0.5 * end[0]), math.exp(-1.0) * np.sinh(0.5 - 0.5 * start[0]), rtol=1e-11, atol=1e-14
    )
    np.testing.assert_allclose(
        np.sinh(-0.5 * end[1]), math.exp(-1.0) * np.sinh(-0.5 * start[1]), rtol=1e-11, atol=1e-14
    )


@pytest.mark.parametrize(
    ("drift", "bias"), [(IDENTITY, 0.5), (TANH, 1.0), (RELU, 0.3)], ids=["identity", "tanh", "relu"]
)
def test_equal_neurons_are_one_neuron(drift: Any, bias: float) -> None:
    """N = 2, d = 1, all weights equal: u = (w x + w x)/2 + b."""
    one = Model(drift=drift, weight=-1.0, bias=bias, initial=Normal(1.0, 1.0))
    two = Model(drift=drift, weight=-np.ones((2, 2)), bias=bias, initial=Normal(1.0, 1.0), neurons=2)
    a, b = (simulate(m, Euler(layers=50), count=500, until=2.0, seed=5) for m in (one, two))
    assert b.states[-1].shape == (2, 500)
    np.testing.assert_array_equal(b.states[-1][0], b.states[-1][1])
    np.testing.assert_allclose(b.states[-1][0], a.states[-1][0], rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(b.at(2.0).points, a.at(2.0).points, rtol=1e-13, atol=1e-13)


def test_readout_is_the_mean_over_the_neurons_of_a_feature() -> None:
    weight = np.random.default_rng(8).normal(size=(4, 4))
    model = Model(drift=TANH, weight=weight, bias=[0.2, -0.3], initial=PLANE, neurons=2)
    run = simulate(model, Euler(layers=7), count=50, until=1.0)
    state = run.states[-1]
    np.testing.assert_allclose(run.at(1.0).points, 0.5 * (state[:2] + state[2:]), rtol=1e-15)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Euler(),
        lambda: Euler(dt=0.1, layers=3),
        lambda: Euler(dt=0.0),
        lambda: Euler(dt=math.nan),
        lambda: Euler(layers=0),
        lambda: Euler(layers=2.5),
    ],
)
def test_schemes_that_make_no_sense_are_refused(make: Any) -> None:
    with pytest.raises(InputError):
        make()


@pytest.mark.parametrize(
    ("scheme", "until", "times"),
    [
        (Euler(dt=0.3), 1.0, ()),
        (Euler(dt=0.25), 1.0, (0.3,)),
        (Euler(layers=10), 2.0, (0.5,)),
        (Euler(dt=3.0), 1.0, ()),
        (Euler(dt=1e-90), 1.0, ()),
        (Euler(layers=10**13), 1.0, ()),
    ],
)
def test_times_that_are_no_multiple_and_steps_beyond_memory_are_refused(
    scheme: Euler, until: float, times: tuple[float, ...]
) -> None:
    with pytest.raises(InputError):
        scheme.levels(cases["regression"].model, until, times)


def test_multiples_up_to_rounding_are_accepted() -> None:
    levels = Euler(dt=0.1).levels(cases["regression"].model, 0.7, (0.3, 0.1 + 0.2, 0.6))
    assert levels.size == 8


@pytest.mark.parametrize(
    "model",
    [
        Model(drift=TANH, weight=math.cos, bias=0.0, initial=Normal(0.0, 1.0)),
        Model(drift=TANH, weight=FULL, bias=0.0, initial=PLANE),
        Model(drift=TANH, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(0.0, 1.0)),
        Model(drift=cubic(1.0), weight=1.0, bias=0.5, initial=Normal(0.0, 1.0)),
    ],
    ids=["varying", "full-tanh", "coupled-tanh", "cubic-with-bias"],
)
def test_exact_flow_refuses_what_it_does_not_know(model: Model) -> None:
    with pytest.raises(InputError):
        ExactFlow().levels(model, 1.0, ())
