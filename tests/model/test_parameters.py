"""Weights and biases as arrays sampled once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model.parameters import MEAN_COUPLED, Constant, Varying, as_parameter, layers, piecewise


def test_number_is_a_multiple_of_the_identity_or_equal_entries() -> None:
    np.testing.assert_array_equal(as_parameter(2.0, (2, 2), "weight").sample(np.zeros(1)), [[[2.0, 0.0], [0.0, 2.0]]])
    np.testing.assert_array_equal(as_parameter(2.0, (3,), "bias").sample(np.zeros(2)), np.full((2, 3), 2.0))


def test_piecewise_values_hold_from_their_edge_on() -> None:
    sampled = as_parameter(piecewise([0.0, 1.0, 3.0], [5.0, 6.0, 7.0]), (1,), "bias").sample(
        np.array([0.0, 0.999, 1.0, 2.9, 3.0, 99.0])
    )
    np.testing.assert_array_equal(sampled[:, 0], [5.0, 5.0, 6.0, 6.0, 7.0, 7.0])


@pytest.mark.parametrize("count", [3, 7, 10, 49, 1000, 12345])
@pytest.mark.parametrize("until", [0.1, 1.0, 5.0, 1e-3, 1e6])
def test_each_layer_meets_its_own_value(count: int, until: float) -> None:
    """Levels k dt that fall an ulp short of their edge still belong to layer k."""
    values = np.arange(float(count))
    sampled = layers(values, until).sample(np.arange(count) * (until / count))
    np.testing.assert_array_equal(sampled, values)


def test_callable_is_sampled_at_the_times() -> None:
    times = np.linspace(0.0, 1.0, 5)
    np.testing.assert_array_equal(
        as_parameter(math.cos, (1,), "bias").sample(times)[:, 0], [math.cos(t) for t in times]
    )
    matrix = as_parameter(lambda t: [[t, 1.0], [0.0, 2.0]], (2, 2), "weight")
    assert isinstance(matrix, Varying)
    np.testing.assert_array_equal(matrix.sample(np.array([3.0]))[0], [[3.0, 1.0], [0.0, 2.0]])


def test_callable_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(InputError):
        as_parameter(lambda t: [1.0, 2.0], (3,), "bias").sample(np.zeros(1))
    with pytest.raises(InputError):
        as_parameter(lambda t: math.nan, (1,), "bias").sample(np.zeros(1))


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        [1.0, 2.0],
        [[1.0]],
        [1.0, math.inf, 0.0],
        "three",
        [[1.0, 2.0], [3.0]],
        None,
        MEAN_COUPLED,
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_that_do_not_fit_are_refused(value: object) -> None:
    with pytest.raises(InputError):
        as_parameter(value, (3,), "bias")


@pytest.mark.parametrize(
    ("edges", "values"),
    [
        ([0.5, 1.0], [1.0, 2.0]),
        ([0.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
        ([0.0, 2.0, 1.0], [1.0, 2.0, 3.0]),
        ([0.0], [1.0, 2.0]),
        ([], []),
        ([0.0, math.nan], [1.0, 2.0]),
        ([0.0, 1.0], [1.0, [2.0, 3.0]]),
    ],
    ids=str,
)
def test_pieces_that_do_not_fit_are_refused(edges: list[float], values: list[float]) -> None:
    with pytest.raises(InputError):
        as_parameter(piecewise(edges, values), (1,), "bias")


def test_constant_is_broadcast_not_copied() -> None:
    parameter = as_parameter(1.0, (1,), "bias")
    assert isinstance(parameter, Constant)
    sampled = parameter.sample(np.zeros(10**6))
    assert sampled.strides[0] == 0
    assert not sampled.flags.writeable  # it is the parameter's own number


@pytest.mark.parametrize("value", [np.array(2.0), np.array([1.0, -2.0]), np.arange(6.0).reshape(2, 3).T])
@pytest.mark.parametrize("count", [0, 3])
def test_a_constant_is_itself_at_every_time(value: Floats, count: int) -> None:
    np.testing.assert_array_equal(
        Constant(value).sample(np.zeros(count)), np.broadcast_to(value, (count, *value.shape))
    )
