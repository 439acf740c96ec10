"""Automatic bins and bandwidths at the edge of their rules: coinciding quartiles, far measurements, extreme scales."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from particles.base.errors import InputError
from particles.model import Histogram, histogram, kernel_estimate

RANDOM = np.random.default_rng(11)
LENGTHS = np.round(RANDOM.normal(4.0, 1.5, 60), 1)
ULP = 2.0**-52


def last_bits(at: float, bits: int = 2) -> np.ndarray:
    """100 values, most equal up to the last bits, 12 one unit away."""
    noise = RANDOM.integers(-bits, bits + 1, 88) * max(abs(at), 1.0) * ULP
    return np.concatenate([at + noise, np.full(7, at + 1.0), np.full(5, at - 1.0)])


@pytest.mark.parametrize("at", [1.4, 0.0, -250.0, 101325.0])
def test_quartiles_equal_up_to_rounding_count_as_equal(at: float) -> None:
    data = last_bits(at)
    equal = np.where(np.abs(data - at) < 0.5, at, np.round(data - at) + at)
    assert np.ptp(np.quantile(data, [0.25, 0.75])) > 0.0
    assert kernel_estimate(data).bandwidth == pytest.approx(kernel_estimate(equal).bandwidth, rel=1e-12)
    law = histogram(data)
    assert law.masses.size < 20
    assert law.variance == pytest.approx(data.var(), rel=0.35)  # bins of 0.6 times the deviation


def test_coinciding_quartiles_take_scotts_bins_not_one() -> None:
    """Of one bin over [0, 6], as numpy's "fd" has it, the variance is 3."""
    data = np.repeat([0.0, 1.0, 2.0, 3.0, 6.0], [3, 300, 30, 3, 1])
    law = histogram(data)
    width = (24.0 * math.sqrt(math.pi)) ** (1 / 3) * data.std(ddof=1) * data.size ** (-1 / 3)
    assert law.masses.size == math.ceil(6.0 / width)
    assert law.variance == pytest.approx(data.var(), rel=0.1)
    assert np.histogram(data, bins="fd")[0].size == 1


@pytest.mark.parametrize("data", [RANDOM.random(1000), LENGTHS], ids=["uniform", "lengths"])
@pytest.mark.parametrize("far", [1e8, -1e9, 1e12, 1e16, 1e100])
def test_a_measurement_too_far_for_equal_bins_is_named(data: np.ndarray, far: float) -> None:
    with pytest.raises(InputError, match=re.escape(f"data hold {far:g}, far from the half of them")):
        histogram(np.append(data, far))
    near, with_it = (kernel_estimate(given).bandwidth for given in (data, np.append(data, far)))
    assert with_it == pytest.approx(near, rel=0.35)  # that of the quartiles alone


def test_many_bins_are_kept_where_they_hold_something() -> None:
    data = np.append(RANDOM.random(1000), 5000.0)
    law = histogram(data)
    counts, edges = np.histogram(data, bins="fd")
    assert counts.size > 40_000 > 100 > law.masses.size
    assert isinstance(law, Histogram)
    whole = Histogram(edges, counts / data.size)
    x, p = np.concatenate([np.linspace(-0.1, 1.1, 301), [2500.0, 4999.9, 5000.0]]), np.linspace(0.0005, 0.9995, 400)
    np.testing.assert_allclose(law.cdf(x), whole.cdf(x), atol=1e-14)
    np.testing.assert_allclose(law.pdf(x), whole.pdf(x), rtol=1e-9)
    np.testing.assert_allclose(law.quantile(p), whole.quantile(p), rtol=1e-12)
    assert (law.mean, law.variance) == pytest.approx((whole.mean, whole.variance), rel=1e-12)


@pytest.mark.parametrize("smooth", [histogram, kernel_estimate])
@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([1.4, 1.4, 1.4 + 2.0 * ULP], "equal up to rounding"),
        ([0.0, 1e-160], "choose another unit"),
        ([0.0, 1.0, 1e200], "choose another unit"),
        ([-1.7e308, 1.7e308], "choose another unit"),
        ([3.0] * 5, "5 equal values"),
        ([3.0], "1 equal values"),
        ([], "at least one"),
    ],
)
def test_data_without_a_width_are_refused_in_one_sentence(
    smooth: Callable[[list[float]], object], data: list[float], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        smooth(data)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=60),
    st.lists(st.sampled_from([0.0, 1.0, 1.0 + ULP, 1.0 - ULP, 2.0]), max_size=60),
)
def test_whatever_the_data_a_law_is_small_or_refused(far: list[float], near: list[float]) -> None:
    data = np.array(far[: len(far) // 20] + near + far[:2])
    for smooth in (histogram, kernel_estimate):
        try:
            law = smooth(data)
        except InputError:
            continue
        assert law.mean == pytest.approx(data.mean(), abs=1.001 * np.ptp(data))
        assert law.variance <= 2.0 * np.ptp(data) ** 2
        if isinstance(law, Histogram):
            assert law.masses.size <= 10_000
            assert abs(law.masses.sum() - 1.0) < 1e-12


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.lists(st.integers(-99, 99), min_size=3, max_size=40), st.integers(-20, 20), st.integers(-40, 40))
def test_widths_scale_with_the_unit_and_do_not_move_with_the_origin(data: list[int], shift: int, power: int) -> None:
    values = np.array([*data, max(data) + 1], dtype=np.float64)
    moved = 2.0**power * (values + 64.0 * shift)
    for smooth, width in (
        (histogram, lambda law: law.edges[1] - law.edges[0]),
        (kernel_estimate, lambda law: law.bandwidth),
    ):
        assert width(smooth(moved)) == pytest.approx(2.0**power * width(smooth(values)), rel=1e-9)
        law, other = smooth(values), smooth(np.random.default_rng(0).permutation(values))
        assert (law.mean, law.variance) == (other.mean, other.variance)
