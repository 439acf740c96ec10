"""Exact flows at the ends of the range of numbers: weights and products w t that are subnormal, tiny, or overflow."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from numpy.testing import assert_allclose, assert_array_equal

from kinetic import moments
from particles.model import Model, Normal, Uniform
from particles.model.drifts.activations import IDENTITY, RELU, SIGMOID, TANH
from particles.model.drifts.drift import Drift
from particles.model.drifts.lognormal_family import lognormal_family
from particles.model.drifts.power_law import cubic, power_law
from particles.model.exact.transients import flow_map

DIGITS = 60
POWERS = (-323, -310, -300, -290, -200, -101, -99, -30, -17, -12, -9, -8, -7, -4, -1, 0, 1, 2)
WEIGHTS = [sign * float(f"1e{power}") for power in POWERS for sign in (1.0, -1.0)]
POINTS = np.array([0.0, 1e-3, -0.7, 2.1, -40.0, 1e6])


def linear(x: mpf, w: mpf, b: mpf, t: mpf, u: mpf) -> mpf:
    return x + u * t * phi(w * t)


def phi(z: mpf) -> mpf:
    """(e^z - 1)/z."""
    return mpmath.expm1(z) / z if abs(z) > mpf(10) ** -DIGITS else mpf(1)


def relu(x: mpf, w: mpf, b: mpf, t: mpf, u: mpf) -> mpf:
    return linear(x, w, b, t, max(u, mpf(0)))


def tanh(x: mpf, w: mpf, b: mpf, t: mpf, u: mpf) -> mpf:
    if abs(w * t) < mpf(10) ** -30:
        return x + t * mpmath.tanh(u)
    size = abs(u)
    if size == 0:
        return x
    late = w * t + size + mpmath.log1p(-mpmath.exp(-2 * size))  # ln(2 e^(wt) sinh abs(u))
    grown = late if late > 200 else mpmath.asinh(mpmath.exp(late) / 2)
    return x + mpmath.sign(u) * (grown - size) / w


def sigmoid(x: mpf, w: mpf, b: mpf, t: mpf, u: mpf) -> mpf:
    if abs(w * t) < mpf(10) ** -30:
        return x + t / (1 + mpmath.exp(-u))
    right = u - mpmath.exp(-u) + w * t
    v = right if right > 0 else -mpmath.log(1 - right)
    for _ in range(100):  # Newton's method for v - e^(-v) = right
        v -= (v - mpmath.exp(-v) - right) / (1 + mpmath.exp(-v))
    return x + (v - u) / w


def power(gamma: float, mu: float):  # type: ignore[no-untyped-def]
    def flow(x: mpf, w: mpf, b: mpf, t: mpf, u: mpf) -> mpf:
        rest = mpf(mu) - 1
        if x == 0:
            return x
        left = mpmath.exp(-rest * w * t) + gamma * abs(x) ** rest * rest * t * phi(-rest * w * t)
        return x * left ** (-1 / rest)

    return flow


def lognormal(delta: float):  # type: ignore[no-untyped-def]
    def flow(x: mpf, w: mpf, b: mpf, t: mpf, u: mpf) -> mpf:
        return x * (mpmath.exp(-t) - x**delta * mpmath.expm1(-t)) ** (-1 / mpf(delta))

    return flow


ORACLES = [
    (IDENTITY, linear),
    (RELU, relu),
    (TANH, tanh),
    (SIGMOID, sigmoid),
    (cubic(0.5), power(0.5, 3.0)),
    (power_law(0.5, 1.75), power(0.5, 1.75)),
    (lognormal_family(0.5), lognormal(0.5)),
    (lognormal_family(300.0), lognormal(300.0)),
]
each = pytest.mark.parametrize(("drift", "oracle"), ORACLES, ids=[f"{d.name} {d.constants}" for d, _ in ORACLES])


@each
@pytest.mark.parametrize("t", [1.0, 20.0])
def test_flow_holds_for_every_weight(drift: Drift, oracle, t: float) -> None:  # type: ignore[no-untyped-def]
    """To 2e-13 of the largest of x, its image and b t; w t from 1e-323 to 2000."""
    points = POINTS[POINTS > 0.0] if drift.name == "lognormal-family" else POINTS
    biases = (0.0,) if drift.flow_needs_zero_bias or drift.name == "lognormal-family" else (1.0, -0.4, -600.0)
    with mpmath.workdps(DIGITS):
        for w in WEIGHTS if drift.name != "lognormal-family" else WEIGHTS[:4]:
            for b in biases:
                found = flow_map(drift, points, w, b, t)
                for x, image in zip(points.tolist(), found.tolist(), strict=True):
                    exact = oracle(mpf(x), mpf(w), mpf(b), mpf(t), mpf(w) * x + b)
                    if abs(exact) > 1.7e308:
                        assert np.isinf(image)
                    else:
                        scale = max(abs(exact), abs(x), t if drift.name in ("tanh", "sigmoid") else abs(b) * t)
                        assert abs(image - exact) <= 2e-13 * scale, (w, b, x, image, float(exact))


@pytest.mark.parametrize("w", [5e-324, -5e-324, 1e-310, 1e-300, 0.0])
def test_the_limit_of_a_vanishing_weight(w: float) -> None:
    """From x = 0 with b = 1 over time 1: 1, 1, tanh 1, and the sigmoid of 1."""
    assert flow_map(IDENTITY, [0.0], w, 1.0, 1.0)[0] == 1.0
    assert flow_map(RELU, [0.0], w, 1.0, 1.0)[0] == 1.0
    assert_allclose(flow_map(TANH, [0.0, 0.3], w, 1.0, 1.0), np.array([0.0, 0.3]) + np.tanh(1.0), rtol=1e-15)
    assert_allclose(flow_map(SIGMOID, [0.0], w, 1.0, 1.0), 1.0 / (1.0 + np.exp(-1.0)), rtol=1e-15)


@pytest.mark.parametrize(("w", "t"), [(1e-200, 1e-200), (1e-5, 1e-310), (1e-160, 1e-160)])
def test_a_product_that_underflows(w: float, t: float) -> None:
    """From x = 0 the flow is t f(b), a number, though w t is none."""
    for drift, value in ((IDENTITY, 2.0), (RELU, 2.0), (TANH, np.tanh(2.0)), (SIGMOID, 1.0 / (1.0 + np.exp(-2.0)))):
        assert_allclose(flow_map(drift, [0.0], w, 2.0, t), t * value, rtol=1e-13)


@pytest.mark.parametrize("w", [800.0, 1e10, 1e100])
def test_what_rests_stays_where_others_leave_the_range_of_numbers(w: float) -> None:
    assert_array_equal(flow_map(RELU, [-1.0, 0.0, 1.0], w, 0.0, 1.0), [-1.0, 0.0, np.inf])
    assert_array_equal(flow_map(IDENTITY, [-1.0, 0.0, 1.0], w, 0.0, 1.0), [-np.inf, 0.0, np.inf])
    assert_allclose(flow_map(TANH, [-2.0, 0.0, 2.0], w, 0.0, 1.0), [-3.0, 0.0, 3.0], rtol=1e-14)
    rest = (w / 0.5) ** 0.5
    assert_allclose(flow_map(cubic(0.5), [-1e-9, 0.0, 7.0], w, 0.0, 1.0), [-rest, 0.0, rest], rtol=1e-13)


def test_digits_of_the_sigmoid_flow_at_tiny_products() -> None:
    """Control: with the rounding of u beside w t, as without the series, the change is lost at w = 1e-30."""
    change = flow_map(SIGMOID, [0.0], 1e-30, -0.4, 1.0)[0]
    assert_allclose(change, 1.0 / (1.0 + np.exp(0.4)), rtol=1e-15)
    u = -0.4
    step = (u - np.exp(-u) + 1e-30) - (u - np.exp(-u))
    assert step == 0.0


@pytest.mark.parametrize("weight", [-1e-320, 1e-310, -1e-300])
def test_moments_at_a_weight_next_to_nothing_are_those_at_none(weight: float) -> None:
    spread = Model(drift=IDENTITY, weight=weight, bias=0.0, initial=Normal(0.0, 1.0), nu2=1.0)
    assert_allclose(moments(spread, times=[1.0]), [[1.0, 0.0, 2.0]])  # x' = 0 and dx = dW
    moved = Model(drift=RELU, weight=weight, bias=1.0, initial=Uniform(1.0, 2.0))
    assert_allclose(moments(moved, times=[1.0]), [[1.0, 2.5, 19.0 / 3.0]])  # x' = 1
