"""Every drift in mpmath: derivatives, Lipschitz constants, what its exact flow keeps; the rest in `test_contracts`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import mpmath
import numpy as np
import pytest

from particles.base.errors import InputError
from particles.model.drifts.activations import IDENTITY, RELU, SIGMOID, TANH
from particles.model.drifts.drift import Drift, one, zero
from particles.model.drifts.lognormal_family import lognormal_family
from particles.model.drifts.power_law import cubic, power_law
from particles.model.exact.transients import flow_map


@dataclass(frozen=True)
class Row:
    """A drift, its formula in mpmath, where its state lives, and steps (w, b, t) of its flow."""

    drift: Drift
    oracle: object
    points: list[float] = field(default_factory=lambda: [-8.0, -3.0, -1.1, -0.3, 0.02, 0.5, 1.7, 4.0, 9.0])
    steps: list[tuple[float, float, float]] = field(
        default_factory=lambda: [
            (-1.0, 1.0, 2.0),
            (1.0, -5.0, 3.0),
            (0.0, 0.7, 1.5),
            (-0.3, -2.0, 1.0),
            (2.0, 0.1, 0.7),
        ]
    )
    kinks: tuple[float, ...] = ()


ZERO_BIAS = [(-1.0, 0.0, 2.0), (1.0, 0.0, 1.5), (0.0, 0.0, 1.0)]
POSITIVE = [0.05, 0.3, 1.0, 1.7, 4.0, 9.0]
ROWS = [
    Row(IDENTITY, lambda u, x: u),
    Row(RELU, lambda u, x: u if u > 0 else mpmath.mpf(0), kinks=(0.0,)),
    Row(TANH, lambda u, x: mpmath.tanh(u)),
    Row(SIGMOID, lambda u, x: 1 / (1 + mpmath.exp(-u))),
    Row(cubic(0.5), lambda u, x: u - x**3 / 2, steps=ZERO_BIAS),
    Row(
        power_law(0.3, 2.5),
        lambda u, x: u - mpmath.mpf(0.3) * mpmath.sign(x) * abs(x) ** mpmath.mpf(2.5),
        steps=ZERO_BIAS,
    ),
    Row(
        lognormal_family(0.7, lam=1.3, scale=1.2),
        lambda u, x: -(mpmath.mpf(1.3) / mpmath.mpf(0.7)) * ((x / mpmath.mpf(1.2)) ** mpmath.mpf(0.7) - 1) * x,
        points=POSITIVE,
        steps=ZERO_BIAS,
    ),
]
each_drift = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.drift.name)
US = [-9.0, -2.5, -1.0, -0.2, 0.3, 1.0, 2.5, 9.0]


@each_drift
def test_value_is_the_formula(row: Row) -> None:
    with mpmath.workdps(40):
        for x in row.points:
            for u in US:
                exact = float(row.oracle(mpmath.mpf(u), mpmath.mpf(x)))  # type: ignore[operator]
                assert float(row.drift(u, x)) == pytest.approx(exact, rel=1e-13, abs=1e-13 * max(1.0, abs(x) ** 3))


@each_drift
@pytest.mark.parametrize("which", ["f_u", "f_x", "f_uu"])
def test_derivatives_are_those_of_the_formula(row: Row, which: str) -> None:
    with mpmath.workdps(40):
        for x in row.points:
            for u in US:
                point = (mpmath.mpf(u), mpmath.mpf(x))
                order = {"f_u": (1, 0), "f_x": (0, 1), "f_uu": (2, 0)}[which]
                exact = float(mpmath.diff(row.oracle, point, order, h=mpmath.mpf(10) ** -12))
                value = float(getattr(row.drift, which)(u, x, row.drift.constants))
                assert value == pytest.approx(exact, rel=1e-10, abs=1e-11)


@each_drift
def test_array_derivatives_are_the_scalar_formulas(row: Row) -> None:
    u, x = np.meshgrid(US, row.points)
    c = row.drift.constants
    for array, scalar in [(row.drift.derivative_u, row.drift.f_u), (row.drift.derivative_x, row.drift.f_x)]:
        expected = [
            [scalar(a, b, c) for a, b in zip(p, q, strict=True)] for p, q in zip(u.tolist(), x.tolist(), strict=True)
        ]
        np.testing.assert_array_equal(array(u, x), expected)


@each_drift
def test_lipschitz_constants_are_the_suprema(row: Row) -> None:
    u = np.linspace(-30.0, 30.0, 60_001)
    x = np.linspace(min(row.points), max(row.points), 60_001)
    at_most = np.abs(row.drift.derivative_u(u, 1.0)).max()
    assert at_most == pytest.approx(row.drift.lipschitz_u, rel=1e-6)
    assert at_most <= row.drift.lipschitz_u
    if math.isinf(row.drift.lipschitz_x):
        wide = np.abs(row.drift.derivative_x(0.0, 10.0 ** np.arange(1.0, 8.0)))
        assert np.all(np.diff(wide) > 0.0)
        assert wide[-1] > 10.0 * wide[0]
    else:
        assert np.abs(row.drift.derivative_x(0.0, x)).max() <= row.drift.lipschitz_x


@each_drift
def test_flow_backwards_undoes_the_flow(row: Row) -> None:
    for w, b, t in row.steps:
        there = flow_map(row.drift, row.points, w, b, t)
        stretch = (
            np.abs(flow_map(row.drift, there + 1e-6, w, b, -t) - flow_map(row.drift, there - 1e-6, w, b, -t)) / 2e-6
        )
        back = flow_map(row.drift, there, w, b, -t)
        np.testing.assert_array_less(
            np.abs(back - row.points), 1e-13 + 2e-15 * 20 * (1.0 + stretch) * (1 + np.abs(there))
        )


@each_drift
def test_flow_over_no_time_is_the_identity(row: Row) -> None:
    for w, b, _ in row.steps:
        np.testing.assert_allclose(flow_map(row.drift, row.points, w, b, 0.0), row.points, rtol=1e-15)


@each_drift
def test_flow_is_a_semigroup(row: Row) -> None:
    for w, b, t in row.steps:
        halves = flow_map(row.drift, flow_map(row.drift, row.points, w, b, 0.3 * t), w, b, 0.7 * t)
        np.testing.assert_allclose(halves, flow_map(row.drift, row.points, w, b, t), rtol=1e-12, atol=1e-12)


@each_drift
@pytest.mark.parametrize("w", [1e-6, -1e-9, 1e-12, -1e-200, 1e-300])
def test_flow_has_no_jump_at_weight_zero(row: Row, w: float) -> None:
    """The limit is reached at the rate abs(w), with no loss of digits on the way."""
    b = row.steps[0][1]
    near, at = flow_map(row.drift, row.points, w, b, 1.0), flow_map(row.drift, row.points, 0.0, b, 1.0)
    np.testing.assert_allclose(near, at, rtol=0.0, atol=50.0 * abs(w) + 1e-14)


@each_drift
@pytest.mark.parametrize("tiny", [1e-9, 1e-14])
def test_flow_over_a_short_time_keeps_its_digits(row: Row, tiny: float) -> None:
    """x and the rest of the flow cancel exactly at x = 0 or where x is small: the increment is t f to first order."""
    for w, b, _ in row.steps:
        x = np.array(row.points)
        increment = flow_map(row.drift, x, w, b, tiny) - x
        expected = tiny * row.drift(w * x + b, x)
        np.testing.assert_allclose(
            increment, expected, rtol=0.0, atol=200.0 * tiny**2 * 100 + 1e-15 * 4 * (1 + np.abs(x).max())
        )


def mp_tanh_flow(x: float, w: float, b: float, t: float) -> float:
    with mpmath.workdps(600):
        u = mpmath.mpf(w) * x + b
        v = mpmath.asinh(mpmath.exp(mpmath.mpf(w) * t) * mpmath.sinh(u))
        return float(x + (v - u) / w)


@pytest.mark.parametrize("x", [-300.0, -40.0, -2.0, -1e-3, 0.0, 1e-9, 0.5, 3.0, 50.0, 500.0, 1000.0])
@pytest.mark.parametrize(
    ("w", "t"),
    [(1.0, 30.0), (-1.0, 30.0), (1.0, 345.0), (1.0, 400.0), (1.0, 800.0), (-1.0, 400.0), (-1.0, 800.0), (-50.0, 3.0)],
)
def test_tanh_flow_holds_for_any_product_of_weight_and_time(x: float, w: float, t: float) -> None:
    found = float(flow_map(TANH, [x], w, 0.0, t)[0])
    assert found == pytest.approx(mp_tanh_flow(x, w, 0.0, t), rel=1e-13, abs=1e-12)


def mp_sigmoid_flow(x: float, w: float, b: float, t: float) -> float:
    with mpmath.workdps(400):
        u = mpmath.mpf(w) * x + b
        right = u - mpmath.exp(-u) + mpmath.mpf(w) * t
        v = (
            right + mpmath.lambertw(mpmath.exp(-right))
            if right > -500
            else -mpmath.log(mpmath.lambertw(mpmath.exp(-right)))
        )
        return float(x + (v - u) / w)


@pytest.mark.parametrize("x", [-900.0, -40.0, -2.0, 0.0, 0.5, 3.0, 50.0, 900.0])
@pytest.mark.parametrize(("w", "t"), [(1.0, 30.0), (-1.0, 30.0), (1.0, 800.0), (-1.0, 800.0), (1e-7, 3.0)])
def test_sigmoid_flow_holds_for_any_product_of_weight_and_time(x: float, w: float, t: float) -> None:
    found = float(flow_map(SIGMOID, [x], w, 0.0, t)[0])
    assert found == pytest.approx(mp_sigmoid_flow(x, w, 0.0, t), rel=1e-13, abs=2e-12)


@pytest.mark.parametrize("t", [1.0, 400.0, 800.0])
def test_attracting_linear_flows_end_at_the_rest_point(t: float) -> None:
    x = np.array([-3.0, 0.5, 7.0])
    exact = 1.0 + (x - 1.0) * math.exp(-t)
    np.testing.assert_allclose(flow_map(IDENTITY, x, -1.0, 1.0, t), exact, atol=1e-14)
    np.testing.assert_allclose(flow_map(RELU, x, -1.0, 1.0, t), np.where(x < 1.0, exact, x), atol=1e-14)


def test_closed_forms_of_the_cubic() -> None:
    """Ruseckas (85) and (87)."""
    x, w, gamma, t = np.array([-1.5, 0.2, 2.0]), 0.8, 0.5, 1.3
    d = 1.0 + (gamma / w) * x**2 * math.expm1(2.0 * w * t)
    np.testing.assert_allclose(flow_map(cubic(gamma), x, w, 0.0, t), x * math.exp(w * t) / np.sqrt(d), rtol=1e-14)
    at_zero = x / np.sqrt(1.0 + 2.0 * gamma * x**2 * t)
    np.testing.assert_allclose(flow_map(cubic(gamma), x, 0.0, 0.0, t), at_zero, rtol=1e-14)


def test_printed_sigma_n_would_not_have_this_rest_point() -> None:
    """Errata E5: with the sign and the parenthesis mended the rest point is `scale`, and it attracts."""
    drift = lognormal_family(0.5, scale=2.0)
    assert float(drift(0.0, 2.0)) == 0.0
    assert float(drift(0.0, 2.1)) < 0.0 < float(drift(0.0, 1.9))
    assert flow_map(drift, [0.1, 9.0], 0.0, 0.0, 60.0) == pytest.approx([2.0, 2.0], rel=1e-12)


def test_cubic_is_the_power_law_of_three() -> None:
    assert cubic(0.7) == power_law(0.7, 3.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: cubic(0.0),
        lambda: cubic(math.nan),
        lambda: power_law(1.0, 1.0),
        lambda: power_law(1.0, math.inf),
        lambda: lognormal_family(0.0),
        lambda: lognormal_family(1.0, lam=-1.0),
        lambda: lognormal_family(1.0, scale=math.inf),
        lambda: cubic(1.0).step(1.0, 0.5, 1.0),
        lambda: Drift("own", _own, one, zero, zero, 1.0).step(1.0, 0.0, 1.0),
    ],
)
def test_what_a_drift_cannot_do_is_refused(make: object) -> None:
    with pytest.raises(InputError):
        make()  # type: ignore[operator]


def _own(u: float, x: float, c: tuple[float, ...]) -> float:
    return u
