"""Is a cloud as close as draws are: the null law of W1, p-values that are uniform, and a power that is kept."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ai_zeros
from scipy.stats import binom, kstwo

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Clipped, Dirac, InverseGamma, Law, Lognormal, Measure, Mixture, Normal, Pareto, Uniform
from validation.distance import w1, w1_to_law
from validation.distance.floor import expected_w1
from validation.distance.null import PATHS, count_for, detectable, kolmogorov_p_value, null_law, p_value, sentence

UNIFORM, NORMAL = Uniform(0.0, 1.0), Normal(0.0, 1.0)
CLIPPED = Clipped(NORMAL, -1.0, 1.5)  # two atoms beside a density
ONE_IN_10_000 = 3.9  # standard errors


@cache
def bridge() -> Floats:
    """A = int abs(B) dt of a Brownian bridge, by the null law of a uniform law at a count beyond any effect of it."""
    return null_law(UNIFORM, 10**12).distances * 1e6


def density(law: Law, low: float, high: float, cells: int) -> Measure:
    faces = np.linspace(low, high, cells + 1)
    average = np.diff(law.cdf(faces)) / np.diff(faces)
    return Measure(np.empty((1, 0)), np.empty(0), faces, np.stack([average, 0 * average, 0 * average]))


# the null law


def test_a_uniform_law_has_the_moments_of_the_bridge() -> None:
    """E A = sqrt(2 pi)/8 and E A^2 = 7/60: int int E abs(B_s B_t) by Gauss, from E abs(X Y) of normal numbers."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    t, weights = 0.5 + 0.5 * nodes, 0.5 * weights
    s = t[:, None] * t  # s < t, ds = t d(s/t)
    ratio = np.sqrt(s * (1.0 - t) / (t * (1.0 - s)))
    product = np.sqrt(s * (1.0 - s) * t * (1.0 - t)) * (np.sqrt(1.0 - ratio**2) + ratio * np.arcsin(ratio))
    second = 2.0 * (2.0 / math.pi) * float((weights[:, None] * weights * t * product).sum())
    assert_allclose(second, 7.0 / 60.0, rtol=1e-4)
    a = bridge()
    for power, value in ((1, math.sqrt(2.0 * math.pi) / 8.0), (2, second)):
        assert abs((a**power).mean() - value) < ONE_IN_10_000 * (a**power).std() / math.sqrt(PATHS)
    assert_allclose(a.std(), 0.136, atol=0.002)


@pytest.mark.parametrize("t", [0.5, 1.0, 2.0, 4.0])
def test_a_uniform_law_has_the_laplace_transform_of_the_bridge(t: float) -> None:
    """Shepp (1982): E exp(-sqrt(2) t^(3/2) A) = sqrt(pi t) sum_j exp(-d_j t)/d_j, Ai'(-d_j) = 0."""
    d = -ai_zeros(60)[1]
    found = np.exp(-math.sqrt(2.0) * t**1.5 * bridge())
    exact = math.sqrt(math.pi * t) * float((np.exp(-d * t) / d).sum())
    assert abs(found.mean() - exact) < ONE_IN_10_000 * found.std() / math.sqrt(PATHS)


def test_one_draw_has_its_exact_null_law() -> None:
    """W1 of a point x to U[0, 1] is 1/4 + (x - 1/2)^2, so P(W1 >= w) = 1 - 2 sqrt(w - 1/4)."""
    for w in (0.26, 0.3, 0.4, 0.49):
        exact = 1.0 - 2.0 * math.sqrt(w - 0.25)
        assert abs(p_value(w, UNIFORM, 1) - exact) < ONE_IN_10_000 * math.sqrt(exact * (1.0 - exact) / PATHS) + 1e-3


@pytest.mark.parametrize("count", [5, 60, 10_000])
@pytest.mark.parametrize("mass", [0.05, 0.4, 0.97])
def test_two_points_have_the_binomial_null_law(count: int, mass: float) -> None:
    """W1 = abs(Bin(M, p)/M - p) between points 1 apart: ties at the measured distance count as far away."""
    null = null_law(Mixture([Dirac(0.0), Dirac(1.0)], [mass, 1.0 - mass]), count)
    for number in {0, math.floor(count * mass) - 1, math.ceil(count * mass + math.sqrt(count * mass * (1 - mass)))}:
        distance = abs(number / count - mass)
        k = np.arange(count + 1)
        exact = binom.pmf(k[np.abs(k / count - mass) >= distance * (1.0 - 1e-9)], count, mass).sum()
        allowed = ONE_IN_10_000 * math.sqrt(exact * (1.0 - exact) / PATHS) + 2.0 / PATHS
        assert abs(null.p_value(distance) - exact) < allowed


@pytest.mark.parametrize(
    "law",
    [
        UNIFORM,
        NORMAL,
        CLIPPED,
        Lognormal(0.0, 1.0),
        InverseGamma(2.5, 1.0),
        Mixture([UNIFORM, Normal(8.0, 0.01)], [0.3, 0.7]),
    ],
)
@pytest.mark.parametrize("count", [1, 100, 10**6])
def test_the_discrete_null_law_has_the_exact_mean(law: Law, count: int) -> None:
    """The mean of the discretisation, without chance, within 0.6 %; that of the paths within their standard errors."""
    null = null_law(law, count)
    assert_allclose(null.mean, expected_w1(law, count), rtol=6e-3)
    assert abs(null.distances.mean() - null.mean) < ONE_IN_10_000 * null.distances.std() / math.sqrt(PATHS)


def test_a_density_has_the_null_law_of_its_law() -> None:
    of_law, of_density = null_law(NORMAL, 1000), null_law(density(NORMAL, -9.0, 9.0, 2000), 1000)
    for level in (0.05, 0.5, 0.95, 0.99):
        assert_allclose(of_density.quantile(level), of_law.quantile(level), rtol=5e-3)


def test_p_values_are_the_same_in_every_run_and_keep_to_their_resolution() -> None:
    null = null_law(NORMAL, 50)
    assert np.array_equal(null.distances, null_law(NORMAL, 50).distances)
    assert null.p_value(0.0) == 1.0
    assert null.p_value(100.0) == 1.0 / (PATHS + 1)
    assert null_law(Dirac(3.0), 10).p_value(0.0) == 1.0


# p-values and power


def p_values(draw: Callable[[Floats], Floats], law: Law, count: int, trials: int = 600) -> Floats:
    rng = np.random.default_rng(7)
    null = null_law(law, count)
    return np.array([null.p_value(w1_to_law(Measure.of_points(draw(u)), law)) for u in rng.random((trials, count))])


def distance_to_uniform(sample: Floats) -> float:
    x = np.sort(sample)
    k = np.arange(x.size)
    return float(np.maximum(x - k / x.size, (k + 1) / x.size - x).max())


@pytest.mark.parametrize("law", [UNIFORM, NORMAL, CLIPPED, InverseGamma(3.0, 1.0), InverseGamma(1.5, 1.0)])
@pytest.mark.parametrize("count", [4, 150])
def test_p_values_are_uniform_under_the_null(law: Law, count: int) -> None:
    """Kolmogorov and Smirnov's test over 600 clouds; false alarm 1e-4 a case for a fresh key."""
    assert kstwo.sf(distance_to_uniform(p_values(law.quantile, law, count)), 600) > 1e-4


def test_p_values_are_not_uniform_for_another_law() -> None:
    """The control: draws of N(0, 1.21)."""
    found = p_values(lambda u: 1.1 * NORMAL.quantile(u), NORMAL, 150)
    assert kstwo.sf(distance_to_uniform(found), 600) < 1e-8


@pytest.mark.parametrize("law", [UNIFORM, NORMAL])
def test_a_shift_by_one_per_cent_is_seen_with_the_power_that_was_asked_for(law: Law) -> None:
    """100 clouds of the M that `count_for` names, each shifted by 1 % of the standard deviation.

    The number of those with p <= 0.05 is at least the 1e-4 quantile of Bin(100, 0.95); a hundredth of M sees few.
    """
    target = density(law, 0.0, 1.0, 1) if law is UNIFORM else density(law, -9.0, 9.0, 4000)
    shift = 0.01 * law.std
    rng = np.random.default_rng(8)

    def seen(count: int) -> int:
        null = null_law(target, count)
        clouds = (Measure.of_points(law.quantile(rng.random(count)) + shift) for _ in range(100))
        return sum(null.p_value(w1(cloud, target)) <= 0.05 for cloud in clouds)

    count = count_for(shift, law)
    assert 1e5 < count < 3e5
    assert seen(count) >= binom.ppf(1e-4, 100, 0.95)
    assert seen(count // 100) < 40


@pytest.mark.parametrize(("law", "distance"), [(UNIFORM, 0.3), (CLIPPED, 0.02), (InverseGamma(1.5, 1.0), 0.3)])
def test_the_count_for_a_distance_is_the_inverse_of_the_power(law: Law, distance: float) -> None:
    count = count_for(distance, law)
    assert 0.98 * distance < detectable(law, count) <= distance or count <= 40
    assert detectable(law, max(1, count // 2)) > distance
    assert detectable(law, count, power=0.5) < detectable(law, count)


def test_one_draw_shows_any_distance_from_a_point() -> None:
    assert count_for(1e-3, Dirac(2.0)) == 1


def test_kolmogorov_p_values_of_one_draw_are_exact() -> None:
    for d in (0.5, 0.6, 0.9):
        assert_allclose(kolmogorov_p_value(d, 1), 2.0 * (1.0 - d), rtol=1e-12)


def test_a_p_value_is_told_in_words() -> None:
    assert sentence({"W1": 0.42}, 100) == (True, "indistinguishable from sampling at M = 100: p = 0.42 by W1")
    assert sentence({"W1": 0.003}, 100) == (False, "differs from sampling, as seen by W1: p = 0.003 by W1")
    assert sentence({"W1": 1.0 / (PATHS + 1)}, 100)[1].endswith("p < 1e-4 by W1")
    both = sentence({"W1": 0.085, "the other": 0.0021}, 100)
    assert both == (False, "differs from sampling, as seen by the other: p = 0.085 by W1, p = 0.0021 by the other")
    assert sentence({"W1": 0.03, "the other": 0.03}, 100)[0]  # each has half the level


# what is refused


def test_what_has_no_null_law_is_refused() -> None:
    with pytest.raises(InputError, match=r"Pareto \(tail exponent 1\) has no mean"):
        null_law(Pareto(1.0, 1.0), 100)
    with pytest.raises(InputError, match="count = 0 must be an integer of at least 1"):
        null_law(NORMAL, 0)
    with pytest.raises(InputError, match="dimension 2"):
        null_law(Measure.of_points(np.zeros((2, 3))), 10)
    with pytest.raises(InputError, match="mass = 2"):
        null_law(Measure(np.zeros((1, 2)), np.ones(2)), 10)
    for name, value in (("level", 0.0), ("power", 1.5)):  # as they were given
        with pytest.raises(InputError, match=f"{name} = {value}"):
            detectable(NORMAL, 100, **{name: value})
    with pytest.raises(InputError, match="level = 1"):
        null_law(NORMAL, 10).quantile(1.0)
    with pytest.raises(InputError, match=r"distance = 0\.0 must be a positive"):
        count_for(0.0, NORMAL)
    with pytest.raises(InputError, match=r"needs more than 1e\+15 draws"):
        count_for(1e-300, NORMAL)


def test_two_distances_together_raise_a_false_alarm_in_5_percent_at_most_however_they_depend() -> None:
    """20 000 uniform p-values, seed 0: independent, equal, and p with 1 - p, where the bound is met.

    Four standard deviations of the share are 0.0062. The control lets each have the whole level: 9.75 % if independent.
    """
    first, other = np.random.default_rng(0).random((2, 20_000))
    for second, exact in ((other, 1.0 - 0.975**2), (first, 0.025), (1.0 - first, 0.05)):
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        alarms = np.mean([not sentence({"W1": p, "Kolmogorov": q}, 100)[0] for p, q in pairs])
        assert alarms == pytest.approx(exact, abs=0.0062)
    assert np.mean(np.minimum(first, other) < 0.05) > 0.09
