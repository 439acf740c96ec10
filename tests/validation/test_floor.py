"""The sampling floor: exact for every M, carried along flows, and seen in clouds."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from particles import ExactFlow, simulate
from particles.base.errors import InputError
from particles.model import Clipped, InverseGamma, Law, Measure, Normal, Uniform, cases, exact_law
from validation.distance import w1_to_law
from validation.distance.floor import expected_w1, mean_absolute_deviation


@pytest.mark.parametrize("count", [1, 2, 10, 137])
def test_de_moivre_is_the_mean_absolute_deviation_of_a_binomial(count: int) -> None:
    p = np.array([0.0, 1e-9, 0.013, 0.1, 0.25, 0.5, 0.77, 0.999, 1.0])
    k = np.arange(count + 1)
    direct = [(np.abs(k / count - q) * binom.pmf(k, count, q)).sum() for q in p]
    assert_allclose(mean_absolute_deviation(p, count), direct, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("count", [10**6, 10**12, 10**15])
def test_the_mean_absolute_deviation_of_many_draws_keeps_its_digits(count: int) -> None:
    """Its asymptotic value sqrt(2 p (1 - p)/(pi M)), off by a relative 1/(M p (1 - p)) at most."""
    p = np.array([0.013, 0.1, 0.5, 0.77])
    assert_allclose(
        mean_absolute_deviation(p, count), np.sqrt(2 * p * (1 - p) / (math.pi * count)), rtol=80.0 / count + 1e-13
    )


@pytest.mark.parametrize(
    ("law", "values"),
    [
        (Uniform(0.0, 1.0), {10: 0.31572, 100: 0.31358, 1000: 0.31334}),
        (Uniform(2.0, 8.0), {10: 6 * 0.31572, 100: 6 * 0.31358}),
        (Normal(0.0, 1.0), {10: 1.235325, 100: 1.272499, 1000: 1.283767, 10_000: 1.287042}),
    ],
)
def test_exact_finite_floors_have_the_known_digits(law: Normal | Uniform, values: dict[int, float]) -> None:
    for count, value in values.items():
        digits = 6e-7 if isinstance(law, Normal) else 4e-5
        assert_allclose(math.sqrt(count) * expected_w1(law, count), value, rtol=0, atol=digits)


def test_the_finite_floor_tends_to_the_asymptotic_one() -> None:
    """The gap closes like M^(-1/2), up to a logarithm: a tenth from M = 10^4 to 10^6."""
    law = exact_law(cases["regression"].model, 2.0)
    assert law is not None
    gaps = [1.0 - math.sqrt(count) * expected_w1(law, count) / law.w1_constant() for count in (10**4, 10**6)]
    assert 0.0 < gaps[1] < 1e-3
    assert 5.0 < gaps[0] / gaps[1] < 20.0


def test_clouds_of_ten_have_the_exact_mean_distance() -> None:
    """400 clouds: the mean of W1 within 3.3 standard errors; false alarm 1 in 1000 for a fresh key."""
    rng = np.random.default_rng(20)
    law = Normal(0.0, 1.0)
    sample = np.array([w1_to_law(Measure.of_points(law.sample(rng.random(10))), law) for _ in range(400)])
    assert abs(sample.mean() - expected_w1(law, 10)) < 3.3 * sample.std(ddof=1) / math.sqrt(sample.size)


@pytest.mark.parametrize("start", ["random", "stratified", "quantile"])
@pytest.mark.parametrize("count", [7, 100, 10**5])
def test_the_floor_of_a_density_is_that_of_its_law(count: int, start: str) -> None:
    """Cell averages of 2000 cells as a density: F is off by h^2/8 times its slope, 1e-4 of itself and less."""
    faces = np.linspace(-9.0, 9.0, 2001)
    average = np.diff(Normal(0.0, 1.0).cdf(faces)) / np.diff(faces)
    measure = Measure(np.empty((1, 0)), np.empty(0), faces, np.stack([average, 0 * average, 0 * average]))
    assert_allclose(expected_w1(measure, count, start), expected_w1(Normal(0.0, 1.0), count, start), rtol=1e-4)


def test_atoms_of_a_measure_belong_to_its_floor() -> None:
    """A third of the mass at -1, the rest uniform on [0, 1]: F is 1/3 on (-1, 0), 1/3 + 2 x/3 on [0, 1]."""
    cell = np.array([[2.0 / 3.0], [0.0], [0.0]])
    measure = Measure(np.array([[-1.0]]), np.array([1.0 / 3.0]), np.array([0.0, 1.0]), cell)
    x = (np.arange(200_000) + 0.5) / 200_000
    direct = (
        mean_absolute_deviation(np.array([1.0 / 3.0]), 20)[0] + mean_absolute_deviation(1 / 3 + 2 * x / 3, 20).mean()
    )
    assert_allclose(expected_w1(measure, 20), direct, rtol=1e-6)


@pytest.mark.parametrize(("count", "value"), [(10, 1.2523), (100, 1.6136), (1000, 1.9172), (10_000, 2.1832)])
def test_the_best_points_of_a_normal_law_have_the_known_distance(count: int, value: float) -> None:
    """M W1 of the points F^(-1)((2 i - 1)/(2 M)), by an independent quadrature."""
    assert_allclose(count * expected_w1(Normal(0.0, 1.0), count, "quantile"), value, rtol=0, atol=5e-5)


@pytest.mark.parametrize("count", [1, 3, 1024, 1025, 10**7])
def test_even_starts_of_a_uniform_law_have_closed_forms(count: int) -> None:
    assert_allclose(expected_w1(Uniform(2.0, 8.0), count, "quantile"), 6.0 / (4.0 * count), rtol=1e-12)
    assert_allclose(expected_w1(Uniform(2.0, 8.0), count, "stratified"), 6.0 / (3.0 * count), rtol=1e-12)


@pytest.mark.parametrize("law", [Clipped(Normal(0.0, 1.0), -1.0, 1.5), InverseGamma(3.0, 1.0), Normal(0.0, 1.0)])
@pytest.mark.parametrize("count", [1, 10, 1000, 20_000])
def test_quantile_points_are_as_far_away_as_their_floor_says(law: Law, count: int) -> None:
    """Second route: the points themselves. Beyond 1024 the middle periods are averaged: 1/M at atoms, else 1e-6.

    The tail of x^(-3) that `integrate_cdf` cuts off where 1 - F < 1e-16 holds (1e-16)^(2/3)/2 = 1.1e-11.
    """
    points = law.quantile((np.arange(count) + 0.5) / count)
    found = w1_to_law(Measure.of_points(points), law)
    averaged = 1.0 / count if isinstance(law, Clipped) else 2e-6
    assert_allclose(expected_w1(law, count, "quantile"), found, rtol=1e-9 if count <= 1024 else averaged, atol=1.5e-11)


@pytest.mark.parametrize("count", [10, 2000])
def test_stratified_clouds_have_the_exact_mean_distance(count: int) -> None:
    """300 clouds of a clipped normal law: within 3.9 standard errors; false alarm 1e-4 for a fresh key."""
    rng = np.random.default_rng(21)
    law = Clipped(Normal(0.0, 1.0), -1.0, 1.5)
    levels = (np.arange(count) + rng.random((300, count))) / count
    sample = np.array([w1_to_law(Measure.of_points(law.quantile(row)), law) for row in levels])
    assert abs(sample.mean() - expected_w1(law, count, "stratified")) < 3.9 * sample.std(ddof=1) / math.sqrt(300)


@pytest.mark.parametrize("name", ["vehicles", "regression"])
def test_a_flow_carries_the_floor_of_a_quantile_start(name: str) -> None:
    """Monotone flows keep the levels of the points, at walls too; the floor of the start itself is another number."""
    model = cases[name].model
    cloud = simulate(model, ExactFlow(), count=500, until=1.0, start="quantile")
    law = exact_law(model, 1.0)
    assert law is not None
    found = w1_to_law(cloud.at(1.0), law)
    assert_allclose(expected_w1(law, 500, "quantile"), found, rtol=1e-7)
    start = exact_law(model, 0.0)
    assert start is not None
    assert abs(expected_w1(start, 500, "quantile") / found - 1.0) > 1e-4


def test_a_floor_of_an_unknown_start_is_refused() -> None:
    with pytest.raises(InputError, match="start = 'sobol' must be one of random, stratified, quantile"):
        expected_w1(Normal(0.0, 1.0), 10, "sobol")
    with pytest.raises(InputError, match="dimension 2"):
        expected_w1(Measure.of_points(np.zeros((2, 3))), 10)


def test_a_floor_of_no_particles_is_refused() -> None:
    with pytest.raises(InputError, match="count = 0"):
        expected_w1(Normal(0.0, 1.0), 0)
