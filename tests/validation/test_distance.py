"""W1 between clouds, densities and laws: exact on the line, strict everywhere."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose

from particles.base.errors import InputError
from particles.model import Measure, Normal, Uniform
from validation.distance import EMD_LIMIT, w1, w1_by_pot, w1_to_law, wasserstein


def cloud(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) if seed % 2 else rng.exponential(size=n)


def exact_w1(x: np.ndarray, y: np.ndarray) -> float:
    """int abs(F_x - F_y) in rational arithmetic."""
    knots = np.sort(np.concatenate([x, y]))
    f = np.searchsorted(np.sort(x), knots[:-1], side="right")
    g = np.searchsorted(np.sort(y), knots[:-1], side="right")
    gaps = [Fraction(float(b)) - Fraction(float(a)) for a, b in itertools.pairwise(knots)]
    heights = [abs(Fraction(int(a), x.size) - Fraction(int(b), y.size)) for a, b in zip(f, g, strict=True)]
    return float(sum(h * d for h, d in zip(heights, gaps, strict=True)))


def histogram_measure(seed: int, cells: int = 40) -> Measure:
    """A density with negative stretches and jumps, an atom at its left end and one inside: mass 1."""
    rng = np.random.default_rng(seed)
    faces = np.linspace(-3.0, 4.0, cells + 1)
    polynomials = rng.normal(size=(3, cells)) * [[1.0], [3.0], [8.0]] + [[3.0], [0.0], [0.0]]
    bare = Measure(np.empty((1, 0)), np.empty(0), faces, polynomials)
    return Measure(np.array([[-3.0, 0.4]]), np.array([0.1, 0.2]), faces, polynomials * (0.7 / bare.mass))


def brute_force(a: Measure, b: Measure, n: int = 400_000) -> float:
    """Midpoint rule for int abs(F_a - F_b), cdfs by summing masses below."""
    edges = np.linspace(-8.0, 8.0, n + 1)
    x = 0.5 * (edges[1:] + edges[:-1])

    def cdf(m: Measure) -> np.ndarray:
        order = np.argsort(m.points[0])
        sums = np.concatenate([[0.0], np.cumsum(m.masses[order])])
        out = sums[np.searchsorted(m.points[0][order], x, side="right")]
        for j in range(m.polynomials.shape[1]):
            left, right = m.faces[j], m.faces[j + 1]
            s = np.clip((x - 0.5 * (left + right)) / (right - left), -0.5, 0.5)
            p0, p1, p2 = m.polynomials[:, j]
            out = out + (right - left) * (p0 * (s + 0.5) + p1 * (s * s - 0.25) / 2 + p2 * (s**3 + 0.125) / 3)
        return out

    return float(np.abs(cdf(a) - cdf(b)).sum() * (edges[1] - edges[0]))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (10, 7), (5, 5), (2000, 137), (20_000, 99)])
def test_both_routes_agree_with_scipy_and_with_rational_arithmetic(n: int, m: int) -> None:
    x, y = cloud(1, n), cloud(2, m)
    exact = exact_w1(x, y)
    assert_allclose(w1(Measure.of_points(x), Measure.of_points(y)), exact, rtol=0, atol=1e-12)
    assert_allclose(wasserstein(x, y), exact, rtol=0, atol=1e-12)
    assert_allclose(scipy.stats.wasserstein_distance(x, y), exact, rtol=0, atol=1e-12)


def test_equal_sizes_give_the_mean_distance_of_the_sorted_points() -> None:
    x, y = cloud(1, 3001), cloud(4, 3001)
    assert_allclose(
        w1(Measure.of_points(x), Measure.of_points(y)), np.abs(np.sort(x) - np.sort(y)).mean(), rtol=0, atol=1e-12
    )


def test_weighted_atoms_agree_with_scipy() -> None:
    rng = np.random.default_rng(5)
    x, y, a, b = rng.normal(size=50), rng.normal(size=60), rng.random(50), rng.random(60)
    a, b = a / a.sum(), b / b.sum()
    ours = w1(Measure(x[None], a), Measure(y[None], b))
    assert_allclose(ours, scipy.stats.wasserstein_distance(x, y, a, b), rtol=0, atol=1e-12)
    assert_allclose(wasserstein(x, y, a, b), ours, rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_cloud_against_a_density_with_atoms_is_exact(seed: int) -> None:
    density, points = histogram_measure(seed), Measure.of_points(cloud(2 * seed + 1, 500))
    assert_allclose(w1(density, points), brute_force(density, points), rtol=1e-5)
    assert w1(density, points) == w1(points, density)


def test_two_densities_on_different_grids() -> None:
    a, b = histogram_measure(0, 40), histogram_measure(1, 17)
    assert_allclose(w1(a, b), brute_force(a, b), rtol=1e-5)
    assert w1(a, a) < 1e-14


def test_cell_averages_as_a_density_have_no_floor_of_a_quarter_cell() -> None:
    """The same averages taken as point masses at the centres are h/4 away."""
    h, cells = 0.1, 160
    faces = -8.0 + h * np.arange(cells + 1)
    law = Normal(0.0, 1.0)
    average = np.diff(law.cdf(faces)) / h
    slope, bend = np.gradient(average), np.zeros(cells)
    bend[1:-1] = np.diff(average, 2)
    smooth = Measure(np.empty((1, 0)), np.empty(0), faces, np.stack([average - bend / 24, slope, bend / 2]))
    lumps = Measure(0.5 * (faces[1:] + faces[:-1])[None], average * h)
    assert w1_to_law(smooth, law) < 2e-5
    assert_allclose(w1_to_law(lumps, law), h / 4, rtol=1e-3)
    flat = Measure(np.empty((1, 0)), np.empty(0), faces, np.stack([average, 0 * average, 0 * average]))
    assert_allclose(w1_to_law(flat, law), h * h * 2 * law.pdf(0.0) / 12, rtol=1e-2)


def test_pot_on_quantile_points_is_the_second_route() -> None:
    density, points = histogram_measure(7), Measure.of_points(cloud(3, 400))
    density = Measure(density.points, density.masses, density.faces, np.abs(density.polynomials) * [[1], [0], [0]])
    density = Measure(
        density.points, density.masses, density.faces, density.polynomials * 0.7 / density.cell_masses.sum()
    )
    assert_allclose(w1_by_pot(points, density), w1(points, density), rtol=0, atol=7.0 / 200_000)


@pytest.mark.parametrize("m", [1, 7, 100])
def test_quantile_points_of_a_uniform_law_are_a_quarter_over_m_away(m: int) -> None:
    law = Uniform(-1.0, 2.0)
    points = law.quantile((np.arange(m) + 0.5) / m)
    assert_allclose(w1_to_law(Measure.of_points(points), law), 3.0 / (4.0 * m), rtol=1e-12)


@pytest.mark.parametrize(("m", "value"), [(10, 1.2523), (100, 1.6136), (1000, 1.9172), (10_000, 2.1832)])
def test_quantile_points_of_a_normal_law_gain_only_a_logarithm(m: int, value: float) -> None:
    law = Normal(0.0, 1.0)
    points = law.quantile((np.arange(m) + 0.5) / m)
    assert_allclose(m * w1_to_law(Measure.of_points(points), law), value, rtol=0, atol=6e-5)


def test_two_normals_against_the_closed_form() -> None:
    d, s = 0.7, 0.5  # difference of means and of standard deviations
    expected = d * (1 - 2 * scipy.stats.norm.cdf(-d / s)) + 2 * s * scipy.stats.norm.pdf(d / s)
    u = (np.arange(100_000) + 0.5) / 100_000
    a, b = Normal(0.0, 1.0).quantile(u), Normal(0.7, 0.25).quantile(u)
    assert_allclose(w1(Measure.of_points(a), Measure.of_points(b)), expected, rtol=1e-5)


def test_the_plane_agrees_with_a_shift_and_with_an_assignment() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 60))
    shift = np.array([[0.3], [-0.4]])
    assert_allclose(w1(Measure.of_points(x), Measure.of_points(x + shift)), 0.5, rtol=1e-12)
    y = rng.normal(size=(2, 60))
    cost = np.linalg.norm(x[:, :, None] - y[:, None, :], axis=0)
    rows, columns = scipy.optimize.linear_sum_assignment(cost)
    assert_allclose(wasserstein(x, y), cost[rows, columns].mean(), rtol=1e-12)


def test_w2_takes_the_root() -> None:
    x, y = cloud(1, 400), cloud(4, 400)
    assert_allclose(wasserstein(x, y, p=2), np.sqrt(((np.sort(x) - np.sort(y)) ** 2).mean()), rtol=1e-12)


GOOD = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((np.array([1, 2]), GOOD), "type int64"),
        ((np.array([1.0, np.nan]), GOOD), "not finite"),
        ((np.array([1.0, np.inf]), GOOD), "not finite"),
        ((GOOD, GOOD, [1.5, -0.5]), "a mass is -0.5"),
        ((GOOD, GOOD, [0.4, 0.4]), "mass = 0.8"),
        ((GOOD, GOOD, [np.nan, 1.0]), "masses of 2 values hold nan"),
        ((GOOD, GOOD, [1.0]), "do not fit"),
        ((np.empty(0), GOOD), "at least one"),
        ((np.zeros((2, 3)), GOOD), "dimensions 2 and 1"),
        ((np.zeros((2, EMD_LIMIT + 1)), np.zeros((2, 3))), "too large"),
    ],
)
def test_what_pot_lets_through_is_refused(arguments: tuple, said: str) -> None:
    with pytest.raises(InputError, match=said):
        wasserstein(*arguments)


def test_an_unfinished_simplex_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import ot

    whole = ot.emd
    monkeypatch.setattr(ot, "emd", lambda a, b, cost, log, numItermax: whole(a, b, cost, log=log, numItermax=3))
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="did not reach the optimum"):
        wasserstein(rng.normal(size=(2, 50)), rng.normal(size=(2, 50)))


def test_an_order_below_one_is_refused() -> None:
    with pytest.raises(InputError, match=r"p = 0\.5"):
        wasserstein(GOOD, GOOD, p=0.5)


def test_measures_that_are_not_probabilities_are_refused() -> None:
    half = Measure(np.array([[0.0]]), np.array([0.5]))
    with pytest.raises(InputError, match=r"mass = 0\.5"):
        w1(half, Measure.of_points(GOOD))
    with pytest.raises(InputError, match="dimensions 1 and 2"):
        w1(Measure.of_points(GOOD), Measure.of_points(np.zeros((2, 2))))
