"""Exact laws: theory's reference values, walls, compositions, and the transport of the sampling constant."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    MEAN_COUPLED,
    RELU,
    SIGMOID,
    TANH,
    Law,
    Mixture,
    Model,
    Normal,
    Product,
    PushForward,
    Uniform,
    cases,
    cubic,
    exact_law,
    flow_map,
    lognormal_family,
    piecewise,
)  # fmt: skip
from particles.model.laws.empirical import Empirical

P = np.linspace(0.0005, 0.9995, 200)
MODELS: dict[str, Model] = {
    "identity": Model(drift=IDENTITY, weight=-1.0, bias=0.3, initial=Normal(1.0, 1.0)),
    "relu": Model(drift=RELU, weight=-1.0, bias=1.0, initial=Normal(0.5, 1.0)),
    "tanh": cases["regression"].model,
    "tanh-repelling": Model(drift=TANH, weight=1.0, bias=-5.0, initial=Uniform(2.0, 8.0)),
    "sigmoid": Model(drift=SIGMOID, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0)),
    "cubic": Model(drift=cubic(0.5), weight=1.0, bias=0.0, initial=Normal(0.2, 1.0)),
    "lognormal": Model(drift=lognormal_family(0.6), weight=0.0, bias=0.0, initial=Uniform(0.5, 3.0)),
    "layers": Model(
        drift=TANH,
        weight=piecewise([0.0, 0.5, 1.2], [-1.0, 2.0, 0.0]),
        bias=piecewise([0.0, 0.7], [1.0, -1.0]),
        initial=Normal(0.0, 1.0),
    ),
    "coupled": cases["moments-conserved"].model,
    "mixture": Model(
        drift=TANH, weight=-1.0, bias=0.0, initial=Mixture([Normal(-2.0, 0.1), Uniform(0.0, 1.0)], [0.5, 0.5])
    ),
}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


def law_at(model: Model, t: float) -> Law:
    law = exact_law(model, t)
    assert law is not None
    return law


@each_model
@pytest.mark.parametrize("t", [0.0, 0.4, 1.7])
def test_cloud_carries_its_levels_along(model: Model, t: float) -> None:
    """F_t(X_t(x)) = F_0(x)."""
    law = law_at(model, t)
    np.testing.assert_allclose(law.cdf(law.quantile(P)), P, rtol=0.0, atol=1e-11)


@each_model
def test_density_is_the_slope_of_the_cdf(model: Model) -> None:
    law = law_at(model, 1.3)
    levels = np.linspace(0.02, 0.98, 60)
    x = law.quantile(levels)
    h = 1e-5
    slope = (law.cdf(x + h) - law.cdf(x - h)) / (2.0 * h)
    smooth = np.abs(law.pdf(x + h) - law.pdf(x - h)) < 1e-3  # away from the jumps of the density
    assert smooth.sum() > 40
    np.testing.assert_allclose(law.pdf(x)[smooth], slope[smooth], rtol=2e-5, atol=1e-8)


@each_model
def test_moments_are_those_of_the_quantile(model: Model) -> None:
    law = law_at(model, 1.3)
    near = 0.5 * np.exp(-np.linspace(0.0, 34.0, 40_001))
    edges = np.unique(np.concatenate([[0.0], near, 1.0 - near, np.linspace(0.0, 1.0, 100_001), [1.0]]))
    x, cells = law.quantile(0.5 * (edges[1:] + edges[:-1])), np.diff(edges)
    mean = (x * cells).sum()
    assert law.mean == pytest.approx(mean, abs=1e-6)
    assert law.variance == pytest.approx((x * x * cells).sum() - mean**2, abs=1e-5)


@pytest.mark.parametrize(("t", "constant"), [(0.0, 1.288379), (1.0, 0.714796), (2.0, 0.339967), (5.0, 0.020794)])
def test_sampling_constant_is_transported(t: float, constant: float) -> None:
    """Theory 3.2: tanh, w = -1, b = 1, N(1, 1)."""
    assert law_at(cases["regression"].model, t).w1_constant() == pytest.approx(constant, abs=2e-6)


@pytest.mark.parametrize(("t", "std"), [(1.0, 0.50421391), (2.0, 0.21995668), (5.0, 0.01203304)])
def test_regression_has_theorys_spread(t: float, std: float) -> None:
    law = law_at(cases["regression"].model, t)
    assert law.std == pytest.approx(std, abs=2e-8)
    assert law.mean == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize(
    ("t", "mass"), [(1.0, 0.16409391), (2.0, 0.31466611), (3.0, 0.41998283), (5.0, 0.48875854), (8.0, 0.49943990)]
)
def test_vehicles_have_theorys_wall_masses(t: float, mass: float) -> None:
    law = law_at(cases["vehicles"].model, t)
    assert float(law.cdf(2.0)) == pytest.approx(mass, abs=1e-8)
    assert 1.0 - float(law.cdf(np.nextafter(8.0, 0.0))) == pytest.approx(mass, abs=1e-8)
    assert (float(law.cdf(1.999)), float(law.cdf(8.0))) == (0.0, 1.0)


def test_vehicles_density_at_the_centre() -> None:
    for t in (1.0, 3.0, 8.0):
        assert float(law_at(cases["vehicles"].model, t).pdf(5.0)) == pytest.approx(math.exp(-t) / 6.0, rel=1e-12)


@pytest.mark.parametrize("t", [1.0, 2.0])
def test_moments_follow_the_closed_forms(t: float) -> None:
    decay, kept = (law_at(cases[name].model, t) for name in ("moments-decay", "moments-conserved"))
    assert (decay.mean, decay.variance) == pytest.approx((math.exp(-t), math.exp(-2.0 * t)), rel=1e-9)
    assert (kept.mean, kept.variance) == pytest.approx((1.0, math.exp(-2.0 * t)), rel=1e-9)


WALLED: dict[str, dict[str, Any]] = {
    "outwards": {"weight": 1.0, "bias": -5.0, "initial": Uniform(2.0, 8.0), "walls": (2.0, 8.0)},
    "inwards": {"weight": -1.0, "bias": 5.0, "initial": Uniform(2.0, 8.0), "walls": (2.0, 8.0)},
    "inwards-from-atoms": {"weight": -1.0, "bias": 1.0, "initial": Normal(1.0, 1.0), "walls": (0.0, 2.0)},
    "rightwards": {"weight": 0.0, "bias": 1.0, "initial": Normal(1.0, 1.0), "walls": (0.0, 3.0)},
    "leftwards": {"weight": 0.0, "bias": -1.0, "initial": Normal(1.0, 1.0), "walls": (0.0, 3.0)},
    "out-then-in": {
        "weight": piecewise([0.0, 1.0], [1.0, -1.0]),
        "bias": piecewise([0.0, 1.0], [-5.0, 5.0]),
        "initial": Uniform(2.0, 8.0),
        "walls": (2.0, 8.0),
    },
    "in-then-out": {
        "weight": piecewise([0.0, 1.0], [-1.0, 1.0]),
        "bias": piecewise([0.0, 1.0], [5.0, -5.0]),
        "initial": Normal(5.0, 4.0),
        "walls": (2.0, 8.0),
    },
    "right-then-left": {
        "weight": 0.0,
        "bias": piecewise([0.0, 1.0], [2.0, -2.0]),
        "initial": Uniform(2.0, 8.0),
        "walls": (2.0, 8.0),
    },
}
each_walled = pytest.mark.parametrize("name", WALLED)


def carried(model: Model, levels: np.ndarray, t: float) -> np.ndarray:
    """Quantile points of the start moved in 4000 small exact steps, each clipped: what sticks, stays."""
    low, high = model.walls  # type: ignore[misc]
    x = np.clip(model.initial.quantile(levels), low, high)  # type: ignore[union-attr]
    for s in np.arange(4000) * (t / 4000):
        w = model.weights(s)
        moved = np.clip(flow_map(model.drift, x, w[0, 0, 0], model.biases(s, w)[0, 0], t / 4000), low, high)
        x = np.where((x <= low) | (x >= high), x, moved)
    return x


@each_walled
def test_walls_hold_what_reached_them_even_when_the_drift_turns(name: str) -> None:
    model = Model(drift=TANH, **WALLED[name])
    law, levels, t = law_at(model, 2.0), np.linspace(0.0005, 0.9995, 1000), 2.0
    x = carried(model, levels, t)
    np.testing.assert_allclose(law.quantile(levels), x, atol=1e-9)
    low, high = model.walls  # type: ignore[misc]
    for point in np.linspace(low, high, 41)[:-1]:
        assert float(law.cdf(point + 1e-9)) == pytest.approx((x <= point + 1e-9).mean(), abs=1.01e-3)


@each_walled
def test_density_between_walls_and_atoms_make_up_one(name: str) -> None:
    model = Model(drift=TANH, **WALLED[name])
    law = law_at(model, 2.0)
    low, high = model.walls  # type: ignore[misc]
    inside = 0.5 * (np.linspace(low, high, 40_001)[1:] + np.linspace(low, high, 40_001)[:-1])
    density = law.pdf(inside).sum() * (high - low) / 40_000
    atoms = float(law.cdf(low)) + 1.0 - float(law.cdf(np.nextafter(high, low)))
    assert density + atoms == pytest.approx(1.0, abs=2e-4)


@each_walled
def test_moments_between_walls(name: str) -> None:
    model = Model(drift=TANH, **WALLED[name])
    levels = (np.arange(100_000) + 0.5) / 100_000
    law = law_at(model, 2.0)
    x = law.quantile(levels)
    assert law.mean == pytest.approx(x.mean(), abs=2e-5)
    assert law.variance == pytest.approx(x.var(), abs=2e-4)


@pytest.mark.parametrize(
    ("model", "below", "above"),
    [
        (Model(drift=cubic(1.0), weight=1.0, bias=0.0, initial=Normal(0.0, 1.0)), -2.0, 2.0),
        (Model(drift=lognormal_family(1.0), weight=0.0, bias=0.0, initial=Uniform(0.5, 3.0)), -1.0, 9.0),
    ],
    ids=["cubic", "lognormal"],
)
def test_cdf_is_zero_and_one_beyond_the_image_of_the_flow(model: Model, below: float, above: float) -> None:
    """The flow maps the line to a bounded interval (theory 2.1): no mass lies beyond."""
    law = law_at(model, 2.0)
    np.testing.assert_array_equal(law.cdf(np.array([below, above])), [0.0, 1.0])
    np.testing.assert_array_equal(law.pdf(np.array([below, above])), [0.0, 0.0])


@pytest.mark.parametrize("t", [30.0, 100.0, 350.0, 400.0])
def test_late_laws_are_still_numbers(t: float) -> None:
    law = law_at(Model(drift=TANH, weight=1.0, bias=0.0, initial=Normal(0.0, 1.0)), t)
    np.testing.assert_allclose(law.cdf([-0.5 * t, 0.0, 0.5 * t, 2.0 * t]), [0.5, 0.5, 0.5, 1.0], atol=1e-6)
    late = law_at(cases["regression"].model, t)
    np.testing.assert_allclose(late.cdf([0.9, 1.1]), [0.0, 1.0], atol=1e-12)


def test_density_near_a_rest_point_is_smooth() -> None:
    """g(t, 5 + y) = e^-t/6 X^-1' with sinh u: closed form, on both sides of the switch to the limit."""
    t = 8.0
    y = np.array([0.0, 1e-9, 0.9e-7, 1.1e-7, 1e-6, 1e-4, 0.1])
    exact = np.exp(-t) / 6.0 * np.cosh(y) / np.sqrt(1.0 + (np.exp(-t) * np.sinh(y)) ** 2)
    np.testing.assert_allclose(law_at(MODELS["tanh-repelling"], t).pdf(5.0 + y), exact, rtol=1e-6)


def test_product_of_one_component_is_that_component() -> None:
    one = Model(drift=TANH, weight=-1.0, bias=1.0, initial=Product([Normal(1.0, 1.0)]))
    assert float(law_at(one, 1.0).cdf(0.7)) == pytest.approx(float(law_at(cases["regression"].model, 1.0).cdf(0.7)))


def test_mean_coupled_bias_between_walls_has_no_closed_form() -> None:
    """What sticks to a wall pulls the mean along: b = -w m1(0) is then wrong (by 2 % of the mean in this case)."""
    model = Model(drift=IDENTITY, weight=1.0, bias=MEAN_COUPLED, initial=Uniform(2.0, 5.0), walls=(2.0, 8.0))
    assert exact_law(model, 1.0) is None


@pytest.mark.parametrize(
    "model",
    [
        Model(drift=IDENTITY, weight=math.cos, bias=0.0, initial=Normal(0.0, 1.0)),
        Model(drift=TANH, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(0.0, 1.0)),
        Model(drift=cubic(1.0), weight=1.0, bias=0.5, initial=Normal(0.0, 1.0)),
        replace(cases["regression-2d"].model, drift=RELU, weight=np.ones((2, 2))),
    ],
    ids=["varying", "coupled-tanh", "cubic-with-bias", "plane"],
)
def test_no_closed_form_is_said_so(model: Model) -> None:
    assert exact_law(model, 1.0) is None


@pytest.mark.parametrize("t", [-1.0, math.nan, math.inf])
def test_times_that_are_none_are_refused(t: float) -> None:
    with pytest.raises(InputError):
        PushForward(cases["regression"].model, t)


def test_law_from_data_is_moved_point_by_point() -> None:
    data = [0.5, 1.0, 4.0]
    law = law_at(Model(drift=TANH, weight=-1.0, bias=1.0, initial=Empirical(data)), 1.0)
    np.testing.assert_array_equal(law.quantile([0.1, 0.5, 0.9]), flow_map(TANH, data, -1.0, 1.0, 1.0))


def test_w1_between_exact_laws_contracts_as_theory_says() -> None:
    """Theory 3.2, identity: W1(X_t # mu, X_t # nu) = e^(wt) W1(mu, nu); for N(1,1), N(2,1) it is e^(wt)."""
    a, b = (law_at(Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Normal(m, 1.0)), 1.0) for m in (1.0, 2.0))
    w1, _ = quad(lambda x: abs(float(a.cdf(x) - b.cdf(x))), -8.0, 10.0, limit=200)
    assert w1 == pytest.approx(math.exp(-1.0), rel=1e-8)
    assert float(a.cdf(1.0)) == pytest.approx(norm.cdf((1.0 - math.exp(-1.0)) / math.exp(-1.0)), rel=1e-13)
