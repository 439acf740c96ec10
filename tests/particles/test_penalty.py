"""Claims about what controls cost: values by hand, derivatives, the same minimum for any number of pieces, Bonnet's."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from particles import Euler
from particles.base.errors import InputError
from particles.model import TANH, Model, Normal, Product, Samples, cubic, layers, piecewise
from particles.training import LBFGS, LM, Moment, Parameters, Penalty, Stop, Supervised, fit

UNEVEN = Model(
    drift=TANH, weight=piecewise([0.0, 0.5, 1.5, 4.0], [1.0, 3.0, 2.0, 9.0]), bias=0.5, initial=Normal(0.0, 1.0)
)


def test_the_integrals_are_those_of_the_pieces_up_to_the_horizon() -> None:
    """w = 1, 3, 2 over .5, 1, 1.5 up to T = 3, middles .75 and 1.25 apart; the piece from 4 on counts nothing."""
    parameters = Parameters(UNEVEN)
    cost = Penalty.of(parameters, 3.0, control={"weight": 0.1, "bias": 2.0})
    assert cost.value(parameters.values) == pytest.approx(0.1 * (0.5 + 9.0 + 6.0) + 2.0 * 0.25 * 3.0, rel=1e-15)
    smooth = Penalty.of(parameters, 3.0, smoothness={"weight": 0.2})
    assert smooth.value(parameters.values) == pytest.approx(0.1 * (4.0 / 0.75 + 1.0 / 1.25), rel=1e-15)
    assert smooth.slope(parameters.values)[3:].tolist() == [0.0, 0.0]


def test_slope_and_matrix_are_the_derivatives_of_the_value() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 2, 2)), np.random.default_rng(1).normal(size=(4, 2))
    start = Product([Normal(0.0, 1.0)] * 2)
    model = Model(drift=cubic(0.3), weight=layers(rows[0], 2.0), bias=layers(rows[1], 2.0), initial=start)
    parameters = Parameters(model, ("bias", "gamma", "weight"))
    penalty = Penalty.of(parameters, 2.0, control=0.3, smoothness={"weight": 0.7, "bias": 0.1})
    theta, n = parameters.values, len(parameters.names)
    expected = [
        (penalty.value(theta + 1e-3 * e) - penalty.value(theta - 1e-3 * e)) / 2e-3 for e in np.eye(n)
    ]  # of a square: exact but for rounding
    np.testing.assert_allclose(penalty.slope(theta), expected, atol=1e-11)
    np.testing.assert_allclose(penalty.matrix() @ theta, penalty.slope(theta), atol=1e-13)
    spans = 0.5
    by_hand = 0.3 * spans * ((rows[0] ** 2).sum() + (rows[1] ** 2).sum())
    by_hand += (0.35 * (np.diff(rows[0], axis=0) ** 2).sum() + 0.05 * (np.diff(rows[1], axis=0) ** 2).sum()) / spans
    assert penalty.value(theta) == pytest.approx(by_hand, rel=1e-14)


def learnt(many: int, **asked: Any) -> np.ndarray:
    model = Model(drift=TANH, weight=layers([0.5] * many, 1.0), bias=0.2, initial=Normal(1.0, 1.0))
    given: dict[str, Any] = {"count": 50, "until": 1.0, "start": "quantile", "learn": ("weight",)}
    found = fit(model, Euler(layers=many), Moment(2.0), **(given | {"stop": Stop(gradient=1e-8)} | asked))
    return np.asarray(found.curve[-1].theta)


@pytest.mark.parametrize("first", [5, pytest.param(20, marks=pytest.mark.long)])
def test_smoothness_means_the_same_for_any_number_of_layers(first: int) -> None:
    """w(t) of 5, 10 and 20 layers: differences halve (order 1); lam in units of the layers would not settle."""
    rows = [learnt(many, control=0.02, smoothness=0.05) for many in (first, 2 * first, 4 * first)]
    means = [row.reshape(5, -1).mean(axis=1) for row in rows]
    off = [np.abs(a - b).max() for a, b in itertools.pairwise(means)]
    assert off[1] < 0.65 * off[0] < 0.4 / first
    wrong = learnt(4 * first, control=0.02, smoothness=0.05 * 4.0**2).reshape(5, -1).mean(axis=1)
    assert np.abs(wrong - means[2]).max() > 4.0 * off[1]  # the control
    bare = [np.ptp(learnt(first, control=0.02, smoothness=lam)) for lam in (0.0, 0.05, 5.0)]
    assert bare[0] > 1.5 * bare[1] > 20.0 * bare[2]  # what it is for


def test_methods_agree_on_the_minimum() -> None:
    pair = [learnt(8, control=0.05, smoothness=0.1, method=method) for method in (LM(), LBFGS())]
    np.testing.assert_allclose(pair[0], pair[1], atol=1e-7)


def test_the_control_cost_of_two_clusters_is_bonnets() -> None:
    """E abs(x_T - y)^2 + .1 int theta^2 dt, and 1 int tau^2 dt of a bias, which is 0 by symmetry; ten layers."""
    low, high = ndtr([-0.2, 0.2])
    half = 1.0 + ndtri(low + (high - low) * (np.arange(10_000) + 0.5) / 10_000)
    points = np.concatenate([-half[::-1], half])
    model = Model(drift=TANH, weight=layers([1.0] * 10, 1.0), bias=layers([0.3] * 10, 1.0), initial=Normal(0.0, 1.0))
    found = fit(
        model, Euler(layers=10), Supervised(2.0 * np.sign(points)), until=1.0, start=Samples(points),
        control={"weight": 0.05, "bias": 0.5}, stop=Stop(gradient=1e-11),
    )  # fmt: skip
    thetas = [1.007496575, 0.977833295, 0.949298876, 0.921945105, 0.895790981, 0.870830899, 0.847041429, 0.824386739,
              0.802822818, 0.782300690]  # fmt: skip
    np.testing.assert_allclose(found.curve[-1].theta[:10], thetas, atol=1e-8)
    np.testing.assert_allclose(found.curve[-1].theta[10:], 0.0, atol=1e-10)
    assert 2.0 * found.curve[-1].value == pytest.approx(0.1335876092521, abs=1e-9)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"control": -1.0}, "control of weight = -1.0 must be"),
        ({"smoothness": 0.1}, "smoothness = 0.1 of bias: allowed is 0, as it has no pieces"),
        ({"control": {"gamma": 1.0}}, "control of 'gamma': allowed are weight, bias"),
        ({"control": {"bias": 1.0}, "learn": ("weight",)}, "control of 'bias': allowed are weight, as learnt"),
    ],
)
def test_a_penalty_of_nothing_is_refused(asked: dict[str, Any], words: str) -> None:
    learn = asked.pop("learn", ("weight", "bias"))
    with pytest.raises(InputError) as caught:
        Penalty.of(Parameters(UNEVEN, learn), 3.0, **asked)
    assert words in str(caught.value)
