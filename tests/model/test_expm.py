"""The affine flow against scipy's matrix exponential, a rotation and a nilpotent matrix."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg

from particles.model.exact.expm import affine_flow

RANDOM = np.random.default_rng(2)


def by_scipy(a: np.ndarray, b: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.zeros((len(b) + 1, len(b) + 1))
    generator[:-1, :-1], generator[:-1, -1] = a, b
    whole = scipy.linalg.expm(generator * t)
    return whole[:-1, :-1], whole[:-1, -1]


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("scale", [1e-9, 0.1, 1.0, 20.0])
def test_affine_flow_agrees_with_scipy(size: int, scale: float) -> None:
    a, b = scale * RANDOM.normal(size=(size, size)) - scale * size * np.eye(size), RANDOM.normal(size=size)
    e, c = affine_flow(a, b, 0.7)
    expected = by_scipy(a, b, 0.7)
    np.testing.assert_allclose(e, expected[0], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(c, expected[1], rtol=1e-11, atol=1e-13)


def test_rotation_is_a_rotation() -> None:
    e, c = affine_flow(np.array([[0.0, -1.0], [1.0, 0.0]]), np.zeros(2), 2.0)
    np.testing.assert_allclose(e, [[math.cos(2.0), -math.sin(2.0)], [math.sin(2.0), math.cos(2.0)]], atol=4e-15)
    np.testing.assert_array_equal(c, [0.0, 0.0])


def test_singular_weight_leaves_the_bias_to_add_up() -> None:
    e, c = affine_flow(np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([0.0, 3.0]), 2.0)
    np.testing.assert_allclose(e, [[1.0, 2.0], [0.0, 1.0]], rtol=1e-15)
    np.testing.assert_allclose(c, [6.0, 6.0], rtol=1e-15)


@pytest.mark.parametrize("bias", [1.0, 1e3, 1e6, 1e12])
def test_a_large_bias_costs_the_matrix_no_digits(bias: float) -> None:
    """x(t) is linear in the bias: E does not depend on it, c is proportional to it."""
    e, c = affine_flow(np.array([[-1.0]]), np.array([bias]), 1.0)
    assert e[0, 0] == pytest.approx(math.exp(-1.0), rel=1e-14)
    assert c[0] == pytest.approx(-bias * math.expm1(-1.0), rel=1e-14)


def test_no_time_is_the_identity() -> None:
    e, c = affine_flow(RANDOM.normal(size=(3, 3)), RANDOM.normal(size=3), 0.0)
    np.testing.assert_array_equal(e, np.eye(3))
    np.testing.assert_array_equal(c, np.zeros(3))


def test_many_flows_at_once_have_the_bits_of_each_alone() -> None:
    """Also where the times need other numbers of squarings."""
    a, b, times = RANDOM.normal(size=(3, 3)), RANDOM.normal(size=3), np.array([0.0, 1e-9, 0.3, 50.0, -2.0])
    for many in (affine_flow(a, b, times), affine_flow(np.stack([a] * 5), np.stack([b] * 5), times)):
        for k, t in enumerate(times):
            for whole, alone in zip(many, affine_flow(a, b, float(t)), strict=True):
                np.testing.assert_array_equal(whole[k], alone)
