"""The model: shapes, the factor 1/(d N), the mean-coupled bias, and what it refuses."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from particles import Collisions, Euler, Milstein
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    TANH,
    Clipped,
    Mixture,
    Model,
    Normal,
    Pareto,
    Product,
    Uniform,
    cubic,
    piecewise,
)
from particles.noise import GAUSSIAN, UNIFORM

LINE = Normal(1.0, 1.0)
PLANE = Product([Normal(1.0, 1.0), Normal(0.0, 1.0)])


def model(**changes: Any) -> Model:
    return Model(**({"drift": TANH, "weight": -1.0, "bias": 1.0, "initial": LINE} | changes))


@pytest.mark.parametrize(
    ("initial", "neurons", "scaled", "factor"),
    [
        (LINE, 1, None, 1.0),
        (PLANE, 1, None, 0.5),
        (PLANE, 1, False, 1.0),
        (LINE, 3, None, 1 / 3),
        (PLANE, 2, True, 0.25),
    ],
)
def test_weights_carry_one_over_d_n(initial: Any, neurons: int, scaled: bool | None, factor: float) -> None:
    made = model(initial=initial, neurons=neurons, scaled=scaled, weight=-2.0)
    np.testing.assert_allclose(made.weights(0.0)[0], -2.0 * factor * np.eye(made.size), rtol=1e-15)


def test_ruseckas_drift_carries_no_factor() -> None:
    made = model(drift=cubic(1.0), initial=PLANE, bias=0.0)
    np.testing.assert_array_equal(made.weights(0.0)[0], -np.eye(2))


def test_bias_is_shared_by_the_neurons_of_a_feature() -> None:
    made = model(initial=PLANE, neurons=2, bias=np.array([3.0, 4.0]))
    np.testing.assert_array_equal(made.biases(0.0, made.weights(0.0)), [[3.0, 4.0, 3.0, 4.0]])


def test_mean_coupled_bias_is_minus_w_m1() -> None:
    """Proposition 3, errata E27: with w = -1 the bias is +m1."""
    line = model(drift=IDENTITY, bias=MEAN_COUPLED)
    np.testing.assert_array_equal(line.biases(0.0, line.weights(0.0), np.array([3.0])), [[3.0]])
    w = np.array([[1.0, 2.0], [-3.0, 0.5]])
    plane = model(drift=IDENTITY, bias=MEAN_COUPLED, initial=PLANE, weight=w)
    mean = np.array([0.3, -0.7])
    np.testing.assert_allclose(plane.biases(0.0, plane.weights(0.0), mean)[0], -(w / 2.0) @ mean, rtol=1e-15)
    with pytest.raises(InputError):
        line.biases(0.0, line.weights(0.0))


def test_speed_is_the_drift_at_the_point() -> None:
    x = np.linspace(-2.0, 3.0, 7)
    np.testing.assert_allclose(model().speed(x, 0.0), np.tanh(1.0 - x), rtol=1e-14)
    coupled = model(drift=IDENTITY, bias=MEAN_COUPLED)
    np.testing.assert_allclose(coupled.speed(x, 0.0, 0.5), 0.5 - x, atol=1e-15)


@pytest.mark.parametrize(
    ("changes", "autonomous", "piecewise_constant"),
    [
        ({}, True, True),
        ({"weight": piecewise([0.0, 1.0], [1.0, 2.0])}, False, True),
        ({"weight": math.cos}, False, False),
        ({"bias": math.cos}, False, False),
        ({"drift": IDENTITY, "bias": MEAN_COUPLED}, False, True),
        ({"bias": MEAN_COUPLED}, False, False),
    ],
)
def test_what_is_known_of_the_parameters(changes: Any, autonomous: bool, piecewise_constant: bool) -> None:
    made = model(**changes)
    assert (made.autonomous, made.piecewise_constant) == (autonomous, piecewise_constant)


def test_breakpoints_are_the_jumps() -> None:
    made = model(weight=piecewise([0.0, 1.0, 2.0], [1.0, 2.0, 3.0]), bias=piecewise([0.0, 1.5], [0.0, 1.0]))
    assert made.breakpoints == (1.0, 1.5, 2.0)


def test_model_is_frozen_and_described_in_plain_values() -> None:
    made = model(walls=(0.0, 2.0), weight=piecewise([0.0, 1.0], [1.0, 2.0]))
    with pytest.raises(AttributeError):
        made.neurons = 2  # type: ignore[misc]
    json.dumps(made.describe(), allow_nan=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"neurons": 0},
        {"neurons": 1.5},
        {"weight": math.nan},
        {"weight": np.eye(2)},
        {"weight": [[1.0, 2.0], [3.0]]},
        {"weight": MEAN_COUPLED},
        {"bias": [1.0, 2.0]},
        {"bias": math.inf},
        {"bias": "one"},
        {"initial": PLANE, "bias": [1.0, 2.0, 3.0]},
        {"initial": PLANE, "weight": np.eye(3)},
        {"initial": PLANE, "walls": (0.0, 1.0)},
        {"neurons": 2, "walls": (0.0, 1.0)},
        {"neurons": 2, "bias": MEAN_COUPLED},
        {"walls": (1.0, 1.0)},
        {"walls": (2.0, 1.0)},
        {"walls": (math.nan, 1.0)},
        {"walls": (0.0, 1.0, 2.0)},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_models_that_make_no_sense_are_refused(changes: Any) -> None:
    with pytest.raises(InputError):
        model(**changes)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: model(initial=3.0), "initial = 3.0 must be a Law or a Product"),
        (lambda: model(drift="tanh"), "drift = 'tanh' must be a Drift"),
        (lambda: model(diffusion="x"), "diffusion = 'x' must be a Diffusion"),
        (lambda: model(scaled="no"), "scaled = 'no' must be True, False or None"),
        (lambda: model(scaled=0.5), "scaled = 0.5 must be True, False or None"),
        (lambda: model(neurons="two"), "neurons = 'two' must be an integer"),
        (lambda: model(neurons=True), "neurons = True must be an integer"),
        (lambda: model(nu2="one"), "nu2 = 'one' must be a number"),
        (lambda: model(nu2=-1.0), "nu2 = -1.0 must be a finite number of at least 0"),
        (lambda: model(wall=3), "wall = 3 must be 'sticky' or 'reflecting'"),
        (lambda: model(walls=3.0), "walls = 3.0 must be two increasing numbers or None"),
        (lambda: model(walls=("a", 1.0)), "walls = 'a' must be a number"),
        (lambda: Mixture(["normal"], [1.0]), "component = 'normal' must be a Law"),
        (lambda: Mixture(LINE, [1.0]), "components = Normal(m=1.0, v=1.0) must be a sequence of laws"),
        (lambda: Mixture([LINE], ["all"]), "weights = 'all' must be a number"),
        (lambda: Product([1.0]), "component = 1.0 must be a Law"),
        (lambda: Clipped(PLANE.dim, 0.0, 1.0), "law = 2 must be a Law"),
        (lambda: replace(TANH, value=1.0), "value = 1.0 must be a function (u, x, c)"),
        (lambda: replace(LINEAR, derivative=1.0), "derivative = 1.0 must be a function (x, c)"),
        (lambda: replace(GAUSSIAN, variates=None), "variates = None must be a function of four words"),
        (lambda: Collisions(0.1, noise="uniform"), "noise = 'uniform' must be a Noise"),
        (lambda: Milstein(0.1, noise=UNIFORM.name), "noise = 'uniform' must be a Noise"),
        (lambda: Euler(dt="0.1"), "dt = '0.1' must be a number"),
        (lambda: Euler(layers=2.5), "layers = 2.5 must be an integer of at least 1"),
    ],
)
def test_a_wrong_type_is_one_sentence_with_field_value_and_what_is_allowed(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_bias_that_follows_the_mean_needs_a_start_that_has_one() -> None:
    heavy = Pareto(1.0, 0.9)
    for initial in (heavy, Product([LINE, heavy])):
        with pytest.raises(InputError, match=re.escape("has no mean that a mean-coupled bias could follow")):
            model(initial=initial, bias=MEAN_COUPLED)
    assert model(initial=heavy, bias=MEAN_COUPLED, walls=(0.0, 9.0)).start.mean < 9.0  # type: ignore[union-attr]
    assert model(initial=Pareto(1.0, 1.5), bias=MEAN_COUPLED).mean_coupled


def test_start_outside_the_walls_sits_at_them() -> None:
    start = model(walls=(0.0, 2.0)).start
    assert float(start.cdf(-1e-9)) == 0.0  # type: ignore[union-attr]
    assert float(start.cdf(0.0)) == pytest.approx(0.15865525, rel=1e-7)  # type: ignore[union-attr]
    assert model(initial=Uniform(2.0, 8.0)).start == Uniform(2.0, 8.0)
