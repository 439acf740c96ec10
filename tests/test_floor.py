"""The sampling floor: exact for every M, carried along flows, and seen in clouds."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from particles.base.errors import InputError
from particles.model import Measure, Normal, Uniform, cases, exact_law
from validation.distance import w1_to_law
from validation.floor import expected_w1, floor_of, mean_absolute_deviation


@pytest.mark.parametrize("count", [1, 2, 10, 137])
def test_de_moivre_is_the_mean_absolute_deviation_of_a_binomial(count: int) -> None:
    p = np.array([0.0, 1e-9, 0.013, 0.1, 0.25, 0.5, 0.77, 0.999, 1.0])
    k = np.arange(count + 1)
    direct = [(np.abs(k / count - q) * binom.pmf(k, count, q)).sum() for q in p]
    assert_allclose(mean_absolute_deviation(p, count), direct, rtol=1e-11, atol=1e-15)


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


def test_the_floor_of_a_density_is_that_of_its_law() -> None:
    faces = np.linspace(-9.0, 9.0, 2001)
    average = np.diff(Normal(0.0, 1.0).cdf(faces)) / np.diff(faces)
    measure = Measure(np.empty((1, 0)), np.empty(0), faces, np.stack([average, 0 * average, 0 * average]))
    assert_allclose(floor_of(measure, 100), Normal(0.0, 1.0).w1_constant() / 10.0, rtol=1e-5)


def test_a_floor_of_no_particles_is_refused() -> None:
    with pytest.raises(InputError, match="count = 0"):
        expected_w1(Normal(0.0, 1.0), 0)
