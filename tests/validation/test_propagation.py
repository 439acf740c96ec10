"""W1 is carried as the start says: the sharp identity to rounding, Dobrushin's inequality, and where both fail."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

import particles
from particles.base import parallel
from particles.model import IDENTITY, RELU, SIGMOID, TANH, Model, Normal, Uniform, cases, cubic, piecewise
from particles.model.exact.transients import PushForward
from validation.distance import w1_to_law
from validation.studies import propagation
from validation.studies.propagation import TOLERANCE, Propagation

LAYERS = piecewise([0.0, 0.4, 0.9], [-1.5, 0.8, 2.0])
MODELS: dict[str, tuple[Model, float]] = {
    "identity": (Model(drift=IDENTITY, weight=2.0, bias=0.3, initial=Normal(0.0, 1.0)), 1.0),
    "relu": (Model(drift=RELU, weight=-1.0, bias=0.5, initial=Normal(0.0, 1.0)), 1.5),
    "sigmoid": (Model(drift=SIGMOID, weight=2.0, bias=-1.0, initial=Normal(0.5, 0.5)), 1.0),
    "tanh": (Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0)), 2.0),
    "layers": (Model(drift=TANH, weight=LAYERS, bias=0.2, initial=Normal(0.0, 1.0)), 1.4),
    "cubic": (Model(drift=cubic(0.5), weight=1.0, bias=0.0, initial=Normal(0.0, 1.0)), 1.0),
    "vehicles": (cases["vehicles"].model, 3.0),
    "clipped at the walls": (dataclasses.replace(cases["vehicles"].model, initial=Normal(5.0, 4.0)), 2.0),
    "iris": (cases["iris"].model, 6.0),
}


def carried(name: str, count: int, replicate: int = 0) -> Propagation:
    model, until = MODELS[name]
    cloud = particles.simulate(
        model,
        particles.ExactFlow(),
        count=count,
        until=until,
        times=(0.0, until),
        replicate=replicate,
        comm=parallel.serial(),
    )
    return propagation.propagation(PushForward(model, until), cloud.state(0.0)[0], cloud.state(until)[0])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("count", [1, 30, 3000])
def test_the_identity_holds_to_rounding_and_dobrushin_bounds_it(name: str, count: int) -> None:
    assert propagation.is_known(MODELS[name][0])
    found = carried(name, count, replicate=count)
    assert found.deviation < TOLERANCE
    assert found.end <= found.bound * (1.0 + TOLERANCE)
    assert ("Dobrushin" in found.columns) == (name != "cubic")
    assert all(check.holds for check in propagation.checks([found]))


@pytest.mark.parametrize("name", ["tanh", "vehicles", "layers"])
def test_the_integral_at_the_start_is_that_of_an_adaptive_rule(name: str) -> None:
    """scipy's quad, with X_t' by central differences of the flow and F_M by counting."""
    model, until = MODELS[name]
    law, points = PushForward(model, until), np.array([0.4, 3.1, 4.9, 5.0005, 6.6])
    low, high = model.walls or (-8.0, 10.0)

    def integrand(y: float) -> float:
        step = 1e-5
        slope = float(law.forward(y + step) - law.forward(y - step)) / (2.0 * step)
        return abs(float((points <= y).mean() - model.start.cdf(y))) * slope

    points = points[(points > low) & (points < high)]
    breaks = np.unique(np.concatenate([points, np.linspace(low, high, 40)]))
    parts = [quad(integrand, a, b, limit=200, epsabs=1e-10)[0] for a, b in itertools.pairwise(breaks)]
    assert_allclose(propagation.transported(law, points), sum(parts), rtol=1e-5)


@pytest.mark.parametrize("name", ["tanh", "vehicles"])
def test_another_weight_breaks_the_identity(name: str) -> None:
    """Control: particles carried with w one part in a thousand larger."""
    model, until = MODELS[name]
    x = model.start.sample(np.random.default_rng(1).random(1000))
    wrong = PushForward(dataclasses.replace(model, weight=1.001 * model.weight), until)
    assert propagation.propagation(PushForward(model, until), x, wrong.forward(x)).deviation > 1e-5


def test_walls_that_are_forgotten_break_the_identity() -> None:
    """Control: X_t' goes on where it is 0."""
    model, until = MODELS["vehicles"]
    x = model.start.sample(np.random.default_rng(1).random(1000))
    right = propagation.transported(PushForward(model, until), x)
    free = propagation.transported(PushForward(dataclasses.replace(model, walls=None), until), x)
    assert free > 1.05 * right


def test_the_printed_exponent_is_violated_by_the_identity() -> None:
    """Errata E11: w = 2 spreads W1 by e^(2t); Theorem 1 as printed allows e^(Lip(sigma) t) = e^t."""
    found = carried("identity", 1000)
    ratio = found.end / found.start
    assert_allclose(ratio, math.exp(2.0), rtol=1e-12)
    assert ratio > math.exp(MODELS["identity"][0].drift.lipschitz_u * 1.0)
    assert_allclose(found.share, 1.0, rtol=1e-12)
    assert propagation.exponent(*MODELS["identity"]) == 2.0


def test_exponent_is_the_integral_over_the_layers() -> None:
    assert_allclose(propagation.exponent(*MODELS["layers"]), 1.5 * 0.4 + 0.8 * 0.5 + 2.0 * 0.5, rtol=1e-15)
    assert propagation.exponent(*MODELS["cubic"]) == math.inf
    assert_allclose(propagation.exponent(*MODELS["sigmoid"]), 0.25 * 2.0, rtol=1e-15)


def test_a_wall_that_the_drift_leaves_is_not_studied() -> None:
    """Control: what is held stays and its neighbour goes: the identity fails, and W1 grows beyond the bound."""
    model = Model(drift=TANH, weight=-1.0, bias=0.5, initial=Uniform(0.0, 1.0), walls=(0.0, 1.0))
    assert not propagation.is_known(model)
    x = np.full(10, 1e-9)  # the cloud leaves the wall, the law's atom at it does not
    atom = dataclasses.replace(model, initial=Uniform(-1.0, 1e-9))
    end = PushForward(atom, 1.0).forward(x)
    found = propagation.propagation(PushForward(atom, 1.0), x, end)
    assert found.deviation > 0.5
    assert found.end > 2.0 * found.bound


def test_a_bias_that_follows_the_mean_is_not_studied() -> None:
    assert not propagation.is_known(cases["moments-conserved"].model)


@pytest.mark.parametrize("until", [5.0, 10.0, 20.0, 40.0])
def test_late_times_are_told_from_rounding(until: float) -> None:
    """W1 falls like e^(-t) until it is an ulp of the positions; a weight that is wrong by 1 % still shows at t = 10."""
    model, _ = MODELS["tanh"]
    x = model.start.sample(np.random.default_rng(2).random(1000))
    found = propagation.propagation(PushForward(model, until), x, PushForward(model, until).forward(x))
    assert found.agrees
    wrong = PushForward(dataclasses.replace(model, weight=-0.99), until)
    if until <= 10.0:
        assert not propagation.propagation(PushForward(model, until), x, wrong.forward(x)).agrees


def test_start_is_the_distance_at_time_zero() -> None:
    model, _ = MODELS["tanh"]
    x = model.start.sample(np.random.default_rng(2).random(50))
    start = propagation.propagation(PushForward(model, 1.0), x, PushForward(model, 1.0).forward(x)).start
    assert start == w1_to_law(particles.model.Measure.of_points(x), model.initial)
