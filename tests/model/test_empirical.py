"""Measurements: the empirical law, its two continuous approximations, and reading files."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from particles.base.errors import InputError
from particles.model.cases.herty import IRIS_FILE
from particles.model.cases.registry import cases
from particles.model.laws.empirical import Empirical, kernel_estimate
from particles.model.laws.histogram import Histogram, histogram
from particles.model.measurements import read_measurements

DATA = np.random.default_rng(7).normal(3.0, 2.0, 500)
IRIS = read_measurements(IRIS_FILE, "petal_length_cm")


def test_iris_data_are_fishers() -> None:
    samples = cases["iris"].samples
    assert samples is not None
    assert samples.count == IRIS.size == 150
    assert (IRIS.min(), IRIS.max()) == (1.0, 6.9)
    species = samples.points.reshape(3, 50)
    np.testing.assert_allclose(species.mean(axis=1), [1.462, 4.260, 5.552], atol=1e-12)
    assert sum(samples.labels) == 50
    np.testing.assert_array_equal(samples.points, IRIS)


def test_empirical_moments_are_those_of_the_data() -> None:
    law = Empirical(DATA)
    assert law.mean == pytest.approx(DATA.mean(), rel=1e-14)
    assert law.variance == pytest.approx(DATA.var(), rel=1e-13)


def test_empirical_cdf_and_quantile_are_steps() -> None:
    law = Empirical([3.0, 1.0, 2.0, 2.0])
    np.testing.assert_array_equal(law.cdf([0.0, 1.0, 1.5, 2.0, 3.0, 9.0]), [0.0, 0.25, 0.25, 0.75, 1.0, 1.0])
    np.testing.assert_array_equal(law.quantile([0.1, 0.25, 0.26, 0.75, 0.76, 1.0]), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0])
    np.testing.assert_array_equal(law.pdf([1.0, 2.0]), [0.0, 0.0])


def test_empirical_quantile_is_the_smallest_point_at_every_level_of_the_cdf() -> None:
    for n in range(1, 200):
        data = np.arange(float(n))
        law = Empirical(data)
        np.testing.assert_array_equal(law.quantile(law.cdf(data)), data)


def test_quantile_midpoints_of_the_data_are_the_data() -> None:
    np.testing.assert_array_equal(Empirical(DATA).quantile((np.arange(500) + 0.5) / 500), np.sort(DATA))


@pytest.mark.parametrize("data", [DATA, IRIS, np.array([1.0, 2.0])], ids=["normal", "iris", "two"])
def test_histogram_is_numpys_by_freedman_and_diaconis(data: np.ndarray) -> None:
    law = histogram(data)
    density, edges = np.histogram(data, bins="fd", density=True)
    np.testing.assert_array_equal(law.edges, edges)
    np.testing.assert_allclose(law.pdf(0.5 * (edges[1:] + edges[:-1])), density, rtol=1e-13)
    assert law.masses.sum() == pytest.approx(1.0, abs=1e-14)


def test_histogram_agrees_with_scipys() -> None:
    oracle = stats.rv_histogram(np.histogram(IRIS, bins="fd"), density=False)
    law = histogram(IRIS)
    x, p = np.linspace(0.5, 7.5, 300), np.linspace(0.01, 0.99, 99)
    np.testing.assert_allclose(law.cdf(x), oracle.cdf(x), atol=1e-14)
    np.testing.assert_allclose(law.quantile(p), oracle.ppf(p), atol=1e-12)
    assert (law.mean, law.variance) == pytest.approx((oracle.mean(), oracle.var()), rel=1e-10)


def test_histogram_with_an_empty_bin_skips_it() -> None:
    law = Histogram(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.5, 0.0, 0.5]))
    np.testing.assert_allclose(law.quantile([0.25, 0.5, 0.75]), [0.5, 1.0, 2.5])


def test_kernel_estimate_is_scipys_with_the_same_bandwidth() -> None:
    law = kernel_estimate(IRIS)
    oracle = stats.gaussian_kde(IRIS, bw_method=law.bandwidth / IRIS.std(ddof=1))
    x = np.linspace(-1.0, 9.0, 101)
    np.testing.assert_allclose(law.pdf(x), oracle(x), rtol=1e-12)
    mass = [oracle.integrate_box_1d(-np.inf, float(point)) for point in x]
    np.testing.assert_allclose(law.cdf(x), mass, rtol=1e-10, atol=1e-14)
    assert law.mean == pytest.approx(IRIS.mean(), rel=1e-14)
    assert law.variance == pytest.approx(IRIS.var() + law.bandwidth**2, rel=1e-13)


def test_bandwidth_is_silvermans() -> None:
    quartiles = np.quantile(DATA, [0.25, 0.75])
    by_hand = 0.9 * min(DATA.std(ddof=1), np.diff(quartiles)[0] / 1.34) * 500**-0.2
    assert kernel_estimate(DATA).bandwidth == pytest.approx(by_hand, rel=1e-14)


def test_kernel_estimate_of_mostly_tied_data_has_a_bandwidth() -> None:
    assert kernel_estimate([1.0, 1.0, 1.0, 1.0, 1.0, 2.0]).bandwidth > 0.0


@pytest.mark.parametrize("data", [[], [1.0, np.nan], [np.inf]])
def test_data_that_are_not_numbers_are_refused(data: list[float]) -> None:
    with pytest.raises(InputError):
        Empirical(data)


@pytest.mark.parametrize("smooth", [histogram, kernel_estimate])
@pytest.mark.parametrize("data", [[1.0], [2.0, 2.0, 2.0]])
def test_equal_values_have_no_smooth_law(smooth: object, data: list[float]) -> None:
    with pytest.raises(InputError):
        smooth(data)  # type: ignore[operator]
