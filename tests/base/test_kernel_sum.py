"""Sums of many Gaussian kernels in near-linear cost: against the sum one by one, at every scale and in both tails."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from particles.model import Empirical, KernelEstimate, kernel_estimate
from particles.model.laws.empirical import _FEW
from particles.model.laws.kernel_sum import KernelSum

RANDOM = np.random.default_rng(3)
DATA = {
    "normal": RANDOM.normal(size=2000),
    "far from zero": 1e6 + RANDOM.normal(size=500),
    "heavy tails": RANDOM.standard_cauchy(500),
    "two scales": np.concatenate([RANDOM.normal(size=300) * 1e-6, 5.0 + RANDOM.normal(size=300)]),
    "an outlier": np.append(RANDOM.normal(size=200), 1e12),
    "tied": np.round(RANDOM.normal(size=5000), 2),
}


def one_by_one(law: KernelEstimate, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """F, 1 - F and the density."""
    z = (x[:, None] - law.data) / law.bandwidth
    density = np.exp(-0.5 * z * z).mean(axis=1) / (law.bandwidth * np.sqrt(2.0 * np.pi))
    return ndtr(z).mean(axis=1), ndtr(-z).mean(axis=1), density


@pytest.mark.parametrize("name", DATA)
def test_many_kernels_are_their_sum_to_rounding_also_in_the_tails(name: str) -> None:
    law = kernel_estimate(DATA[name])
    assert np.unique(law.data).size > _FEW
    h = law.bandwidth
    beyond = np.array([1.0, 3.0, 7.0, 9.4, 9.6, 20.0, 35.0])
    ends = [law.data[0] - h * beyond, law.data[-1] + h * beyond]
    x = np.concatenate([np.quantile(law.data, np.linspace(0.0, 1.0, 101)), *ends])
    x = np.append(x, RANDOM.choice(law.data, 50) + h * RANDOM.normal(0.0, 5.0, 50))
    for found, wanted in zip((law.cdf(x), law.sf(x), law.pdf(x)), one_by_one(law, x), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("name", DATA)
def test_quantiles_of_many_kernels_are_met(name: str) -> None:
    law = kernel_estimate(DATA[name])
    p = np.concatenate([10.0 ** -np.arange(1.0, 17.0), np.linspace(0.0, 1.0, 202)[1:-1]])
    x = law.quantile(p)
    f, _, density = one_by_one(law, x)
    assert np.all(np.abs(f - p) <= 1e-13 * p + 8.0 * density * np.spacing(np.abs(x)))
    assert np.all(np.diff(x[np.argsort(p)]) > 0.0)
    assert law.quantile(0.5).shape == ()


def test_few_and_many_kernels_are_one_law() -> None:
    few = KernelEstimate(np.sort(RANDOM.normal(size=_FEW)), 0.3)
    x = np.linspace(-6.0, 6.0, 97)
    values, counts = np.unique(few.data, return_counts=True)
    many = KernelSum(values, counts / few.data.size, 0.3)
    np.testing.assert_allclose(many.cdf(x), few.cdf(x), rtol=1e-13)
    np.testing.assert_allclose(many.pdf(x), few.pdf(x), rtol=1e-13)


def test_a_width_next_to_rounding_leaves_every_kernel_by_itself() -> None:
    points = 1.0 + 2.0**-52 * np.arange(100.0)
    law = KernelEstimate(points, 2.0**-56)
    np.testing.assert_allclose(law.cdf(points), np.arange(0.5, 100.0) / 100.0, rtol=1e-14)


def test_the_cost_hardly_grows_with_the_number_of_measurements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs of a point and a cell that 2000 quantiles look at: for 16 times the data less than 4 times as many."""
    from particles.model.laws import kernel_sum

    pairs = []
    whole = kernel_sum._Cells.cdf
    monkeypatch.setattr(kernel_sum._Cells, "cdf", lambda self, z, m: pairs.append(z.size) or whole(self, z, m))
    spent = []
    for count in (1250, 20_000):
        pairs.clear()
        kernel_estimate(np.random.default_rng(0).normal(size=count)).quantile((np.arange(2000) + 0.5) / 2000)
        spent.append(sum(pairs))
    assert spent[1] < 4 * spent[0]
    assert spent[1] < 0.05 * 2000 * 20_000  # control: one sum over all kernels, of the sixty that a bisection takes


def test_a_sample_is_a_measurement_and_a_normal_number() -> None:
    law = kernel_estimate(DATA["normal"])
    u = RANDOM.random(20_000)
    drawn = (law.sample(u) - law.data[(u * law.data.size).astype(int)]) / law.bandwidth
    inner = u * law.data.size % 1.0
    np.testing.assert_allclose(ndtr(drawn), inner, atol=1e-9)
    assert law.variance == pytest.approx(Empirical(law.data).variance + law.bandwidth**2, rel=1e-14)
