"""`carry`: given points through a scheme, against the particles of `simulate`."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import particles
from particles import Collisions, Euler, ExactFlow, Milstein
from particles.base.errors import InputError
from particles.carry import drawn
from particles.model import MEAN_COUPLED, TANH, Model, Normal, Product, cases, layers, power_law
from particles.noise import TWO_POINT
from particles.run import Run

COUNT, UNTIL = 5000, 2.0
NOISY = cases["tanh-noise"].model
RUNS = {
    "euler": (cases["regression"].model, Euler(layers=300)),
    "exact": (cases["regression"].model, ExactFlow()),
    "walls": (cases["vehicles"].model, ExactFlow()),
    "mean": (cases["moments-conserved"].model, Euler(layers=20)),
    "plane": (cases["regression-2d"].model, Euler(layers=20)),
    "poisson": (NOISY, Collisions(0.0625)),
    "nanbu": (NOISY, Collisions(0.0625, "nanbu", dt=0.03125)),
    "bits": (NOISY, Collisions(0.03125, "synchronous", TWO_POINT)),
    "milstein": (NOISY, Milstein(0.0625)),
}


@pytest.mark.parametrize("name", RUNS)
def test_points_of_a_start_are_carried_to_the_cloud_of_simulate(name: str) -> None:
    """To the bit, and in any parts: a point meets the numbers of its particle."""
    model, scheme = RUNS[name]
    run = particles.simulate(model, scheme, count=COUNT, until=UNTIL, times=(0.0, UNTIL), seed=5, replicate=2)
    points, end = run.state(0.0), run.state(UNTIL)
    keys: dict[str, Any] = {"seed": 5, "replicate": 2}
    assert particles.carry(model, scheme, points, UNTIL, **keys).tobytes() == end.tobytes()
    assert drawn(model, scheme, Run(count=COUNT, until=UNTIL, **keys)).tobytes() == end.tobytes()
    if not model.mean_coupled:
        part = particles.carry(model, scheme, points[:, 1234:2000], UNTIL, first=1234, **keys)
        np.testing.assert_array_equal(part, end[:, 1234:2000])


@pytest.mark.parametrize("name", ["euler", "nanbu", "bits", "milstein"])
def test_two_legs_are_one_way(name: str) -> None:
    model, scheme = RUNS[name]
    if name == "euler":
        scheme = Euler(dt=0.03125)
    points = np.linspace(2.0, -1.0, 100)
    half = particles.carry(model, scheme, points, 1.0, seed=3)
    whole = particles.carry(model, scheme, points, UNTIL, seed=3)
    np.testing.assert_array_equal(particles.carry(model, scheme, half, UNTIL, start=1.0, seed=3), whole)
    if model.nu2 > 0.0:  # the control: a second leg with the numbers of the first
        assert np.any(particles.carry(model, scheme, half, 1.0, seed=3) != whole)


def test_points_keep_their_order_and_their_shape() -> None:
    model = cases["regression"].model
    points = np.array([3.0, -2.0, 0.5, 3.0])
    carried = particles.carry(model, ExactFlow(), points, 1.0)
    assert carried.shape == (4,)
    assert carried.tolist() == [float(particles.carry(model, ExactFlow(), [x], 1.0)[0]) for x in points]
    assert points.tolist() == [3.0, -2.0, 0.5, 3.0]


FLOWLESS = {
    "none is known": (
        dataclasses.replace(TANH, flow=None, propagator=None, flow_x=None),
        0.0,
        "'tanh' has no exact flow: use Euler",
    ),
    "for no bias alone": (power_law(1.0, 3.0), layers([0.0, -0.5], 1.0), "bias 0 only, not -0.5: use Euler"),
}


@pytest.mark.parametrize("name", FLOWLESS)
def test_a_drift_without_a_flow_is_refused_before_a_step(name: str) -> None:
    drift, bias, told = FLOWLESS[name]
    with pytest.raises(InputError, match=told):
        ExactFlow().levels(Model(drift=drift, weight=-1.0, bias=bias, initial=Normal(1.0, 0.1)), 1.0, ())


def test_points_beyond_the_walls_are_put_at_them() -> None:
    model = cases["vehicles"].model
    low, high = model.walls or (0.0, 0.0)
    assert particles.carry(model, ExactFlow(), [low - 5.0, high + 5.0], 1.0).tolist() == [low, high]


def test_a_given_mean_is_held() -> None:
    model = Model(drift=TANH, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(1.0, 1.0))
    held = dataclasses.replace(model, bias=0.75)
    points = np.linspace(-2.0, 3.0, 50)
    given = particles.carry(model, Euler(layers=40), points, 1.0, mean=[0.75])
    np.testing.assert_array_equal(given, particles.carry(held, Euler(layers=40), points, 1.0))
    assert np.any(given != particles.carry(model, Euler(layers=40), points, 1.0))


@pytest.mark.parametrize(
    ("points", "options", "told"),
    [
        ([], {}, "at least one number"),
        ([[0.0], [1.0]], {}, "must be 1 rows"),
        ([np.nan], {}, "not finite"),
        ([0.0], {"until": 0.0}, "until = 0.0"),
        ([0.0], {"start": 1.0}, "start = 1.0"),
        ([0.0], {"start": 0.3}, "multiple of the step"),
        ([0.0], {"seed": -1}, "seed = -1"),
        ([0.0], {"start": "0"}, "start = '0' must be a number"),
        ([0.0], {"first": -1}, "first = -1"),
        ([0.0], {"first": 1.5}, "first = 1.5"),
        ([0.0], {"first": 2**70}, "first = "),
        ([0.0], {"mean": [0.0, 1.0]}, "mean of shape"),
        ([0.0], {"scheme": "euler"}, "scheme = 'euler' must be a value"),
        ([0.0], {"scheme": Euler}, "must be a value such as Euler"),
        ([0.0], {"model": "regression"}, "model = 'regression' must be a Model"),
    ],
)
def test_what_cannot_be_carried_is_refused(points: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        particles.carry(
            **(
                {"model": cases["regression"].model, "scheme": Euler(layers=4), "points": points, "until": 1.0}
                | options
            )
        )


def test_a_point_of_the_plane_has_a_row_a_component() -> None:
    model = Model(drift=TANH, weight=-1.0, bias=[0.0, 0.0], initial=Product([Normal(0.0, 1.0)] * 2))
    with pytest.raises(InputError, match="must be 2 rows"):
        particles.carry(model, Euler(layers=4), [0.0, 1.0], 1.0)


def test_a_run_of_what_is_no_model_or_no_scheme_is_refused() -> None:
    with pytest.raises(InputError, match="model = 'regression' must be a Model"):
        particles.simulate("regression", Euler(layers=4), count=3, until=1.0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="scheme = 'euler' must be a value"):
        particles.simulate(cases["regression"].model, "euler", count=3, until=1.0)  # type: ignore[arg-type]
