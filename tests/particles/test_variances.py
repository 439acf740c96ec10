"""Variances about the data's own centre: of clouds, laws, runs and solutions, wherever zero is.

Shifts and scales are powers of two or whole numbers, so that the data shifted are the data's shift to the last bit.
"""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kinetic
from particles import Euler, simulate
from particles.base.errors import InputError
from particles.model import (
    TANH,
    Clipped,
    Empirical,
    GeneralisedGamma,
    KernelEstimate,
    Law,
    Measure,
    Mixture,
    Model,
    Normal,
    Uniform,
    exact_law,
    histogram,
    kernel_estimate,
)

FAR = (101325.0, 1e6, 1e9)
DATA = st.lists(st.integers(-400, 400), min_size=2, max_size=40)
FEW = settings(derandomize=True, deadline=None, max_examples=30)


def exact(values: list[float], weights: list[float] | None = None) -> tuple[float, float]:
    """Mean and variance in rational numbers."""
    points = [Fraction(value) for value in values]
    shares = [Fraction(1)] * len(points) if weights is None else [Fraction(weight) for weight in weights]
    mean = sum(s * x for s, x in zip(shares, points, strict=True)) / sum(shares)
    return float(mean), float(sum(s * (x - mean) ** 2 for s, x in zip(shares, points, strict=True)) / sum(shares))


def test_variance_of_four_points_far_from_zero() -> None:
    assert Measure.of_points(1e9 + np.arange(4.0)).variance == 1.25
    near, far = histogram(np.arange(4.0)), histogram(1e9 + np.arange(4.0))
    assert near.variance == far.variance == 0.75  # two bins over [0, 3]


@FEW
@given(DATA, st.sampled_from(FAR), st.integers(-40, 40))
def test_mean_and_variance_of_a_cloud_are_those_in_rational_numbers(data: list[int], shift: float, power: int) -> None:
    points = 2.0**power * (shift + np.array(data) / 8.0)
    mean, variance = exact(points.tolist())
    for found in (Measure.of_points(points), Empirical(points)):
        assert float(np.squeeze(found.mean)) == pytest.approx(mean, rel=1e-15)
        assert float(np.squeeze(found.variance)) == pytest.approx(variance, rel=1e-13)


@FEW
@given(DATA, st.lists(st.integers(1, 5), min_size=40, max_size=40), st.randoms(use_true_random=False))
def test_weights_are_repetitions_and_order_does_not_matter(data: list[int], counts: list[int], random: object) -> None:
    points, weights = 1e6 + np.array(data) / 8.0, np.array(counts[: len(data)], dtype=np.float64)
    weighted = Measure(points[None, :], weights / weights.sum())
    repeated = np.repeat(points, weights.astype(int))
    random.shuffle(repeated)  # type: ignore[attr-defined]
    mean, variance = exact(points.tolist(), weights.tolist())
    for found in (weighted, Measure.of_points(repeated)):
        assert found.mean[0] == pytest.approx(mean, rel=1e-15)
        assert found.variance[0] == pytest.approx(variance, rel=1e-12)
    assert Empirical(repeated).variance == pytest.approx(variance, rel=1e-13)


def of_data(shift: float) -> np.ndarray:
    return shift + np.round(np.random.default_rng(5).normal(size=300) * 64.0) / 64.0


LAWS = {
    "empirical": lambda c: Empirical(of_data(c)),
    "histogram": lambda c: histogram(of_data(c)),
    "kernel": lambda c: kernel_estimate(of_data(c)),
    "normal": lambda c: Normal(c, 1.0),
    "uniform": lambda c: Uniform(c - 1.0, c + 1.0),
    "mixture": lambda c: Mixture([Normal(c - 1.0, 0.1), Uniform(c, c + 1.0)], [0.25, 0.75]),
    "clipped": lambda c: Clipped(Normal(c, 1.0), c - 1.0, c + 0.5),
    "clipped far away": lambda c: Clipped(Normal(c, 1.0), c - 1.0, c + 1e7),
    "pushed forward": lambda c: exact_law(Model(drift=TANH, weight=-1.0, bias=c, initial=Normal(c, 1.0)), 1.0),
}


@pytest.mark.parametrize("name", LAWS)
def test_variance_of_a_law_does_not_depend_on_where_zero_is(name: str) -> None:
    at_zero: Law = LAWS[name](0.0)
    for c in FAR:
        law: Law = LAWS[name](c)
        assert law.mean - c == pytest.approx(at_zero.mean, abs=4.0 * np.spacing(c))
        assert law.variance == pytest.approx(at_zero.variance, rel=1e-7)


@pytest.mark.parametrize("wall", [1e9, np.inf])
def test_a_wall_far_beyond_a_law_changes_nothing(wall: float) -> None:
    law = Clipped(Normal(0.5, 2.0), -wall, wall)
    assert (law.mean, law.variance) == pytest.approx((0.5, 2.0), rel=1e-13)


@pytest.mark.parametrize(
    ("kappa", "delta"), [(2.0, 1.0), (199.0, 1.0), (201.0, 1.0), (1e8, 1.0), (1e12, 2.0), (40.0, 0.1), (1e3, 30.0)]
)
def test_variance_of_a_narrow_generalised_gamma_law_does_not_cancel(kappa: float, delta: float) -> None:
    """Theta Y^(1/delta), Y ~ Gamma(kappa/delta), in 60 digits."""
    with mpmath.workdps(60):
        first, second = (
            mpmath.gammaprod([(kappa + k) / mpmath.mpf(delta)], [kappa / mpmath.mpf(delta)]) for k in (1, 2)
        )
        wanted = float(second - first**2)
    assert GeneralisedGamma(kappa, 1.0, delta).variance == pytest.approx(wanted, rel=1e-11)


def test_kernel_law_adds_the_variance_of_its_kernel() -> None:
    assert KernelEstimate(np.sort(of_data(1e9)), 0.5).variance == pytest.approx(of_data(0.0).var() + 0.25, rel=1e-13)


def test_a_run_of_a_barometer_tells_its_standard_deviation() -> None:
    """tanh, w = -1, b = 101325 hPa: numpy's deviations of the stored clouds."""
    model = Model(drift=TANH, weight=-1.0, bias=101325.0, initial=Normal(101325.0, 1e-6))
    run = simulate(model, Euler(layers=20), count=10_000, until=1.0, times=(0.0, 1.0))
    told = np.sqrt(run.variances[:, 0])
    np.testing.assert_allclose(told, [9.956e-4, 3.569e-4], rtol=1e-4)
    np.testing.assert_allclose(told, [state.std() for state in run.states], rtol=1e-12)
    np.testing.assert_allclose(told, [np.sqrt(run.at(t).variance[0]) for t in (0.0, 1.0)], rtol=1e-12)


def test_variance_of_a_solution_does_not_depend_on_where_zero_is() -> None:
    found = []
    for c in (0.0, 101325.0, 1e6):
        model = Model(drift=TANH, weight=-1.0, bias=c, initial=Normal(c, 1.0))
        density = kinetic.solve(model, kinetic.Grid(c - 8.0, c + 8.0, cells=400), until=1.0).at(1.0)
        found.append(density.variance[0])
        assert density.mean[0] == pytest.approx(c, abs=1e-12)
    assert found[0] == pytest.approx(0.2542, abs=5e-5)
    np.testing.assert_allclose(found, found[0], rtol=1e-6)


def test_a_measure_without_mass_has_no_mean() -> None:
    empty = Measure(np.array([[1.0]]), np.array([0.0]))
    for ask in ("mean", "variance"):
        with pytest.raises(InputError, match=r"mass 0\.0 has no mean"):
            getattr(empty, ask)
