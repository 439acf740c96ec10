"""W2 and the Kolmogorov distance on the line, sliced W1 in R^d, and what is refused, each with another route."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose

from particles.base.errors import InputError
from particles.model import (
    Clipped,
    Dirac,
    Empirical,
    InverseGamma,
    Law,
    Lognormal,
    Measure,
    Normal,
    Pareto,
    ReluSteady,
    SechPower,
    Uniform,
)
from validation import kolmogorov, sliced_w1, w1, w1_to_law, w2, wasserstein
from validation.distance import EMD_LIMIT
from validation.distance.sliced import directions

NORMALS = [(0.0, 1.0, 0.0, 1.0), (0.7, 0.5, 0.0, 1.0), (-2.0, 3.0, 1.0, 0.2), (5.0, 1.0, 5.0, 1e-4)]


def of_points(x: np.ndarray) -> Measure:
    return Measure.of_points(np.asarray(x, dtype=np.float64))


def by_quantiles(x: np.ndarray, law: Law, nodes: int = 20_000) -> float:
    """W2 by a midpoint rule in the level p, nodes for each atom of equal mass."""
    p = (np.arange(x.size * nodes) + 0.5) / (x.size * nodes)
    return float(np.sqrt(((np.repeat(np.sort(x), nodes) - law.quantile(p)) ** 2).mean()))


# W2


@pytest.mark.parametrize(("m", "s", "n", "r"), NORMALS)
def test_w2_between_normals_is_the_closed_form(m: float, s: float, n: float, r: float) -> None:
    """W2^2 = (m - n)^2 + (s - r)^2, up to what a cloud of 500 keeps of a normal law's variance.

    For x_i = m + s z_i, z_i the means of N(0, 1) over levels of equal mass, and k = mean z_i^2 < 1, exactly
    W2^2 = (m - n)^2 + s^2 k + r^2 - 2 s r k.
    """
    count = 500
    z = scipy.stats.norm.ppf(np.arange(1, count) / count)
    density = np.concatenate([[0.0], scipy.stats.norm.pdf(z), [0.0]])
    mean = -np.diff(density) * count
    kept = float((mean * mean).mean())
    expected = math.sqrt((m - n) ** 2 + s * s * kept + r * r - 2.0 * s * r * kept)
    assert_allclose(w2(of_points(m + s * mean), Normal(n, r * r)), expected, rtol=1e-9)
    assert_allclose(expected, math.hypot(m - n, s - r), rtol=0, atol=0.06 * max(s, r))


@pytest.mark.parametrize(
    "law",
    [
        Normal(1.0, 2.0),
        Uniform(-1.0, 2.0),
        Lognormal(0.0, 0.2),
        SechPower(0.0, 1.0, 2.0),
        Clipped(Normal(0, 1), -0.5, 0.7),
    ],
)
@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_w2_to_a_law_agrees_with_its_quantiles(law: Law, shift: float) -> None:
    x = shift + law.sample(np.random.default_rng(1).random(60))
    assert_allclose(w2(of_points(x), law), by_quantiles(x, law), rtol=1e-3)


@pytest.mark.parametrize("law", [Lognormal(0.0, 1.0), InverseGamma(2.2, 1.0), Pareto(1.0, 2.1), Dirac(0.4)])
def test_w2_from_one_point_is_the_second_moment_about_it(law: Law) -> None:
    """Heavy tails too: where 1 - F is below the last bit of 1, P(X > x) goes on."""
    expected = math.sqrt(law.variance + (law.mean - 0.3) ** 2)
    assert_allclose(w2(of_points(np.array([0.3])), law), expected, rtol=1e-9)


def test_w2_of_the_best_points_of_a_uniform_law() -> None:
    """Midpoints: range/(sqrt(12) M)."""
    x = -1.0 + 3.0 * (np.arange(40) + 0.5) / 40
    assert_allclose(w2(of_points(x), Uniform(-1.0, 2.0)), 3.0 / (40.0 * math.sqrt(12.0)), rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_w2_between_clouds_agrees_with_pot(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y, a, b = rng.normal(size=50), rng.exponential(size=70), rng.random(50), rng.random(70)
    a, b = a / a.sum(), b / b.sum()
    expected = wasserstein(x, y, a, b, p=2)
    assert_allclose(w2(Measure(x[None], a), Measure(y[None], b)), expected, rtol=1e-9)
    assert_allclose(w2(Measure(x[None], a), Empirical(y)), wasserstein(x, y, a, p=2), rtol=1e-9)


def solution(seed: int, cells: int = 30) -> Measure:
    """A positive density with jumps, atoms at both walls: mass 1."""
    rng = np.random.default_rng(seed)
    faces = np.linspace(-3.0, 4.0, cells + 1)
    polynomials = rng.uniform(-1.0, 1.0, size=(3, cells)) + np.array([[3.0], [0.0], [0.0]])
    bare = Measure(np.empty((1, 0)), np.empty(0), faces, polynomials)
    return Measure(np.array([[-3.0, 4.0]]), np.array([0.1, 0.2]), faces, polynomials * (0.7 / bare.mass))


@pytest.mark.parametrize("seed", range(3))
def test_w2_to_one_point_of_a_solution_is_exact(seed: int) -> None:
    measure = solution(seed)
    expected = math.sqrt(float(measure.variance[0]) + (float(measure.mean[0]) - 0.3) ** 2)
    assert_allclose(w2(of_points(np.array([0.3])), measure), expected, rtol=1e-13)
    x = np.random.default_rng(seed).normal(size=400)
    u = (np.arange(200_000) + 0.5) / 200_000
    grid = np.linspace(-3.0, 4.0, 2_000_001)
    quantiles = np.interp(u, measure.density_cdf(grid) + 0.1, grid)
    expected = math.sqrt(((np.repeat(np.sort(x), 500) - quantiles) ** 2).mean())
    assert_allclose(w2(of_points(x), measure), expected, rtol=1e-4)
    assert w1(of_points(x), measure) < w2(of_points(x), measure)


# Kolmogorov


@pytest.mark.parametrize("count", [1, 10, 3000])
def test_kolmogorov_distance_agrees_with_scipy(count: int) -> None:
    x = np.random.default_rng(count).normal(size=count)
    expected = scipy.stats.ks_1samp(x, scipy.stats.norm.cdf).statistic
    assert_allclose(kolmogorov(of_points(x), Normal(0.0, 1.0)), expected, rtol=0, atol=2e-15)
    y = np.random.default_rng(1).exponential(size=77)
    found = kolmogorov(of_points(x), of_points(y))
    assert_allclose(found, scipy.stats.ks_2samp(x, y, method="asymp").statistic, rtol=0, atol=1e-14)


def test_kolmogorov_distance_needs_no_mean() -> None:
    law = ReluSteady(-1.0, 1.0, 1.0)
    x = law.quantile((np.arange(100) + 0.5) / 100)
    assert_allclose(kolmogorov(of_points(x), law), 1.0 / 200.0, rtol=1e-10)


def test_kolmogorov_distance_sees_both_sides_of_a_wall() -> None:
    """Equal atoms at the wall cost nothing; the same mass beside it costs all of it."""
    law = Clipped(Uniform(0.0, 1.0), 0.25, 2.0)
    x = np.concatenate([np.full(250, 0.25), (np.arange(750) + 0.5) / 1000 + 0.25])
    assert_allclose(kolmogorov(of_points(x), law), 0.5e-3, rtol=1e-9)
    x[:250] -= 1e-9
    assert_allclose(kolmogorov(of_points(x), law), 0.25, rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_kolmogorov_distance_to_a_density_below_zero(seed: int) -> None:
    rng = np.random.default_rng(seed)
    faces = np.linspace(-3.0, 4.0, 12)
    polynomials = rng.normal(size=(3, 11)) * [[1.0], [3.0], [8.0]] + [[3.0], [0.0], [0.0]]
    bare = Measure(np.empty((1, 0)), np.empty(0), faces, polynomials)
    measure = Measure(bare.points, bare.masses, faces, polynomials / bare.mass)
    cloud = of_points(rng.normal(size=3))
    grid = np.linspace(-3.5, 4.5, 1_000_001)
    expected = float(np.abs(cloud.cdf(grid) - measure.cdf(grid)).max())
    found = kolmogorov(cloud, measure)
    assert expected - 1e-14 <= found <= expected + 1e-4
    assert_allclose(kolmogorov(measure, cloud), found, rtol=0, atol=1e-15)


# R^d


def test_directions_are_addressed_and_on_the_sphere() -> None:
    theta = directions(3, 200)
    assert_allclose((theta**2).sum(axis=0), 1.0, rtol=1e-14)
    assert np.array_equal(directions(3, 20), theta[:, :20])
    assert np.array_equal(directions(3, 20, seed=1), directions(3, 20, seed=1))
    assert not np.array_equal(directions(3, 20), directions(3, 20, seed=1))


def test_sliced_w1_of_a_shift() -> None:
    """E abs(theta . a) = (2/pi) abs(a) in R^2; of K equispaced angles to 1/K^2."""
    x, shift = np.random.default_rng(0).normal(size=(2, 50)), np.array([[0.3], [-0.4]])
    found = sliced_w1(of_points(x), of_points(x + shift), slices=4000)
    assert_allclose(found, np.abs(shift[:, 0] @ directions(2, 4000)).mean(), rtol=1e-12)
    assert abs(found - 0.5 * 2.0 / math.pi) < 1.0 / 4000**2


@pytest.mark.parametrize("dim", [2, 3, 5])
def test_sliced_w1_agrees_with_pot_and_is_below_w1(dim: int) -> None:
    import ot

    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(dim, 80)), rng.exponential(size=(dim, 60))
    theta = directions(dim, 32)
    expected = ot.sliced_wasserstein_distance(x.T.copy(), y.T.copy(), projections=theta, p=1)
    found = sliced_w1(of_points(x), of_points(y), slices=32)
    assert_allclose(found, expected, rtol=1e-12)
    assert found < w1(of_points(x), of_points(y))


# refusals


def test_w1_to_a_law_without_a_mean_is_refused_and_told_what_to_use() -> None:
    cloud = of_points(np.array([1.0, 2.0]))
    for law in (ReluSteady(-1.0, 1.0, 1.0), Pareto(1.0, 1.0), InverseGamma(0.8, 1.0)):
        with pytest.raises(InputError, match=r"no mean.*kolmogorov.*log x"):
            w1_to_law(cloud, law)
    assert w1_to_law(cloud, Pareto(1.0, 1.5)) > 0.0


@pytest.mark.parametrize("mu", [1.05, 1.2, 1.5, 3.0])
def test_w1_to_a_heavy_tail_is_whole(mu: float) -> None:
    """A cloud at the start of Pareto's law: 1/(mu - 1); a tail cut where 1 - F rounds to 0 loses up to 0.5 % at 1.2."""
    assert_allclose(w1_to_law(of_points(np.ones(3)), Pareto(1.0, mu)), 1.0 / (mu - 1.0), rtol=1e-9)
    law = InverseGamma(mu, 2.0)
    assert_allclose(w1_to_law(of_points(np.zeros(3)), law), law.mean, rtol=1e-9)
    lost = 1e13 * Pareto(1.0, 1.2).sf(1e13) / 0.2  # control: what the tail holds from where 1 - F is 2.5e-16
    assert lost > 0.002 * 5.0


CLOUD = of_points(np.array([1.0, 2.0]))
PLANE = of_points(np.zeros((2, 3)))
DENSE = solution(0)
DIPPED = Measure(np.empty((1, 0)), np.empty(0), np.array([0.0, 1.0]), np.array([[1.0], [3.0], [0.0]]))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: w2(CLOUD, Pareto(1.0, 2.0)), "no variance.*w1_to_law.*kolmogorov"),
        (lambda: w2(CLOUD, ReluSteady(-1.0, 1.0, 1.0)), "no variance"),
        (lambda: w2(CLOUD, DIPPED), "negative part of mass 0.5"),
        (lambda: w2(DENSE, Normal(0.0, 1.0)), "without a density"),
        (lambda: w2(PLANE, Normal(0.0, 1.0)), "R\\^1"),
        (lambda: w2(CLOUD, PLANE), "dimension 2"),
        (lambda: kolmogorov(DENSE, Normal(0.0, 1.0)), "allowed is a cloud"),
        (lambda: kolmogorov(PLANE, PLANE), "dimension 2"),
        (lambda: kolmogorov(PLANE, Normal(0.0, 1.0)), "dimension 2"),
        (lambda: sliced_w1(CLOUD, CLOUD), "use validation.w1"),
        (lambda: sliced_w1(PLANE, PLANE, slices=0), "slices = 0"),
        (lambda: w1(PLANE, of_points(np.zeros((2, EMD_LIMIT + 1)))), "5001 points.*allowed are 5000.*sliced_w1"),
    ],
)
def test_bad_input_is_refused(call, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=said):
        call()


def test_w2_is_a_distance_and_a_wrong_one_is_seen() -> None:
    """Control: levels shifted by one atom break the agreement with the quantiles."""
    law = Normal(0.0, 1.0)
    x = np.sort(law.sample(np.random.default_rng(3).random(50)))
    exact = w2(of_points(x), law)
    assert_allclose(exact, by_quantiles(x, law, 4000), rtol=2e-3)
    p = (np.arange(50 * 4000) + 0.5) / (50 * 4000)
    wrong = np.sqrt(((np.repeat(np.roll(x, 1), 4000) - law.quantile(p)) ** 2).mean())
    assert abs(wrong - exact) > 0.1 * exact
    for a, b, c in itertools.permutations([x, x + 1.0, 2.0 * x]):
        assert w2(of_points(a), of_points(c)) <= w2(of_points(a), of_points(b)) + w2(of_points(b), of_points(c)) + 1e-12
