"""Noise laws as particles meet them: moments, distribution, tails, and single bits over the 128 steps of a counter.

Rates: each comparison is a bound on a standard normal score, 4.9 (1e-6 for a fresh key) unless it says otherwise.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from particles.base.errors import InputError
from particles.noise import EXPONENTIAL, GAUSSIAN, GAUSSIAN24, GAUSSIAN53, NOISES, TWO_POINT, UNIFORM, noise_named
from tests.noisy import noise_moment, variates

FULL = 2**32 - 1
LINE = {"count": 1 << 16, "steps": 8}


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("name", NOISES)
def test_first_four_moments_are_those_of_the_law(name: str, dim: int) -> None:
    eta = variates(NOISES[name], LINE["count"], LINE["steps"], dim=dim, seed=21)
    for component in range(dim):
        sample = eta[:, component].ravel()
        for k in range(1, 5):
            exact = noise_moment(name, k)
            spread = math.sqrt(noise_moment(name, 2 * k) - exact**2)
            if spread == 0.0:
                assert (sample**k).mean() == exact
            else:
                assert abs((sample**k).mean() - exact) < 4.9 * spread / math.sqrt(sample.size), f"E eta^{k}"


def test_the_moments_see_a_variance_off_by_one_per_cent() -> None:
    """Control: sqrt(1.01) eta is beyond the bound."""
    eta = math.sqrt(1.01) * variates(GAUSSIAN, LINE["count"], LINE["steps"], seed=21).ravel()
    assert abs((eta**2).mean() - 1.0) > 4.9 * math.sqrt(2.0 / eta.size)


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("gaussian", stats.norm()),
        ("gaussian24", stats.norm()),
        ("gaussian53", stats.norm()),
        ("uniform", stats.uniform(-math.sqrt(3.0), 2.0 * math.sqrt(3.0))),
        ("exponential", stats.expon(-1.0)),
    ],
)
def test_distribution_is_that_of_the_law(name: str, law: stats.rv_continuous) -> None:
    """Kolmogorov's distance of 5 10^5 variates; a true law fails once in 10^5 keys."""
    sample = variates(NOISES[name], LINE["count"], LINE["steps"], seed=22).ravel()
    assert math.sqrt(sample.size) * stats.ks_1samp(sample, law.cdf, method="asymp").statistic < 2.47


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
def test_stated_moments_and_bound_are_the_laws(noise) -> None:
    assert noise.third == noise_moment(noise.name, 3)
    assert noise.fourth == pytest.approx(noise_moment(noise.name, 4), rel=1e-15)
    assert noise.bound == {"uniform": math.sqrt(3.0), "two-point": 1.0}.get(noise.name, math.inf)


def test_variates_of_a_step_and_of_the_next_are_independent() -> None:
    """Correlations of eta and of eta^2 between steps 0..7 (all pairs), and between two components."""
    for noise in (GAUSSIAN, GAUSSIAN24, GAUSSIAN53, UNIFORM, EXPONENTIAL):
        rows = variates(noise, LINE["count"], LINE["steps"], seed=23)[:, 0]
        pair = variates(noise, LINE["count"], 2, dim=2, seed=24).reshape(4, -1)
        for sample in (rows, pair):
            for power in (1, 2):
                matrix = np.corrcoef(sample**power)
                off = matrix[np.triu_indices(len(matrix), 1)]
                assert np.abs(off).max() < 5.3 / math.sqrt(sample.shape[1])  # 1e-7 a pair


def words(*values: int) -> list[np.uint64]:
    return [np.uint64(value) for value in values]


def test_box_muller_from_32_bit_words_ends_at_6_76() -> None:
    """Word 0 gives u = 2^-33, radius sqrt(66 ln 2); turn 0 points along the first variate."""
    a, _, c, _ = GAUSSIAN.variates(*words(0, 0, 0, 0))
    assert a == c == pytest.approx(math.sqrt(66.0 * math.log(2.0)), rel=1e-12)
    assert round(a, 2) == 6.76
    least = GAUSSIAN.variates(*words(FULL, 0, FULL, 0))[0]
    assert 0.0 < least < 2.0e-5


def test_box_muller_from_52_bit_numbers_ends_at_8_57() -> None:
    a, _, _, _ = GAUSSIAN53.variates(*words(0, 0, 0, 0))
    assert a == pytest.approx(math.sqrt(106.0 * math.log(2.0)), rel=1e-12)
    assert round(a, 2) == 8.57


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
@pytest.mark.parametrize("word", [0, 1, 2**31 - 1, 2**31, FULL - 1, FULL])
def test_extreme_words_give_finite_variates_within_the_bound(noise, word: int) -> None:
    for row in (words(word, word, word, word), words(word, 0, word, FULL), words(0, word, FULL, word)):
        eta = noise.variates(*row)[: noise.steps]
        assert all(map(math.isfinite, eta))
        assert max(map(abs, eta)) <= noise.bound


def test_uniform_variates_of_complementary_words_are_opposite() -> None:
    for word in np.random.default_rng(5).integers(0, 2**32, 200).tolist():
        row = UNIFORM.variates(*words(word, FULL ^ word, word, FULL ^ word))
        assert row[0] == -row[1]


def test_two_point_bits_are_balanced_in_each_of_128_steps() -> None:
    """Sums over particles of each step's sign, across two counters: 256 scores, chi-square and the largest."""
    eta = variates(TWO_POINT, 1 << 14, 256, seed=25)[:, 0]
    assert set(np.unique(eta)) == {-1.0, 1.0}
    scores = eta.sum(axis=1) / math.sqrt(eta.shape[1])
    assert np.abs(scores).max() < 5.6  # 256 scores at 2e-8
    assert 1e-6 < stats.chi2.sf((scores**2).sum(), 256) < 1.0 - 1e-6


def test_two_point_bits_of_two_steps_are_independent() -> None:
    """All 32 640 correlations between the signs of 256 steps; their squares sum to a chi-square."""
    eta = variates(TWO_POINT, 1 << 14, 256, seed=26)[:, 0]
    scores = (eta @ eta.T)[np.triu_indices(256, 1)] / math.sqrt(eta.shape[1])
    assert np.abs(scores).max() < 6.3
    assert 1e-6 < stats.chi2.sf((scores**2).sum(), scores.size) < 1.0 - 1e-6


def test_two_point_bits_of_neighbouring_particles_are_independent() -> None:
    eta = variates(TWO_POINT, 1 << 14, 256, seed=27)[:, 0]
    for lag in (1, 2, 4, 32, 1024):
        score = (eta[:, lag:] * eta[:, :-lag]).sum() / math.sqrt(eta[:, lag:].size)
        assert abs(score) < 4.9


def test_two_point_noise_serves_its_words_bit_by_bit() -> None:
    """The 128 signs of a particle are the bits of its counter's four words, lowest first."""
    from tests.particles.test_philox import plain_philox

    eta = variates(TWO_POINT, 5, 130, seed=3)[:, 0]
    for particle in range(5):
        for block, steps in ((0, 128), (1, 2)):
            drawn = plain_philox([particle, 0, block, 0], [3, 1])
            expected = [1.0 if drawn[s // 32] >> (s % 32) & 1 else -1.0 for s in range(steps)]
            assert eta[128 * block : 128 * block + steps, particle].tolist() == expected


@pytest.mark.parametrize("noise", [GAUSSIAN, GAUSSIAN24, UNIFORM, EXPONENTIAL], ids=lambda noise: noise.name)
def test_one_counter_serves_four_steps(noise) -> None:
    """Word s % 4 of counter (particle, s // 4, component) is what step s uses, computed apart from the sweeps."""
    from tests.particles.test_philox import plain_philox

    eta = variates(noise, 3, 6, dim=2, seed=9, replicate=5)
    for particle in range(3):
        for component in range(2):
            for s in range(6):
                w = [(v + 0.5) / 2.0**32 for v in plain_philox([particle, 0, s // 4, component], [9, 21])]
                i = s % 4
                even = i - i % 2
                radius, angle = math.sqrt(-2.0 * math.log(w[even])), 2.0 * math.pi * w[even + 1]
                expected = {
                    "gaussian": radius * (math.sin(angle) if i % 2 else math.cos(angle)),
                    "gaussian24": radius * (math.sin(angle) if i % 2 else math.cos(angle)),
                    "uniform": math.sqrt(12.0) * (w[i] - 0.5),
                    "exponential": -math.log(w[i]) - 1.0,
                }[noise.name]
                digits = {"rel": 5e-7, "abs": 1e-9} if noise is GAUSSIAN24 else {"rel": 1e-13, "abs": 1e-14}
                assert eta[s, component, particle] == pytest.approx(expected, **digits)


def test_an_unknown_law_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'cauchy'.*gaussian.*two-point"):
        noise_named("cauchy")
    assert noise_named("two-point") is TWO_POINT
