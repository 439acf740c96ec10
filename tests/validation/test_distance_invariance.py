"""What no distance may depend on: a common shift, the unit, the order and the splitting of points; and far points."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from particles.base.errors import InputError
from particles.model import Measure
from validation import kolmogorov, sliced_w1, w1, w2, wasserstein
from validation.distance import w1_by_pot
from validation.distance.transport import _distances

Distance = Callable[[Measure, Measure], float]
LINE: dict[str, Distance] = {
    "w1": w1,
    "w2": w2,
    "W1 by quantiles": lambda a, b: wasserstein(a.points, b.points, a.masses, b.masses),
    "W_540": lambda a, b: wasserstein(a.points, b.points, a.masses, b.masses, p=540.0),
    "by POT": w1_by_pot,
}
SPACE: dict[str, Distance] = {
    "W1": lambda a, b: wasserstein(a.points, b.points, a.masses, b.masses),
    "W2": lambda a, b: wasserstein(a.points, b.points, a.masses, b.masses, p=2.0),
    "W_540": lambda a, b: wasserstein(a.points, b.points, a.masses, b.masses, p=540.0),
    "sliced": lambda a, b: sliced_w1(a, b, slices=8),
}
few = settings(derandomize=True, deadline=None, max_examples=12)
seeds = st.integers(0, 2**32 - 1)


def cloud(rng: np.random.Generator, dim: int, count: int, weighted: bool) -> Measure:
    """Points on a grid of 2^-20, so that a shift by a whole number rounds none of them."""
    points = np.round(rng.normal(size=(dim, count)) * 2.0**20) / 2.0**20
    masses = rng.integers(1, 9, size=count) / 1.0 if weighted else np.ones(count)
    return Measure(points, masses / masses.sum())


def two_clouds(seed: int, dim: int) -> tuple[Measure, Measure]:
    rng = np.random.default_rng(seed)
    return cloud(rng, dim, 6, bool(seed % 2)), cloud(rng, dim, 4, bool(seed % 3))


def changed(measure: Measure, points: np.ndarray) -> Measure:
    return Measure(points, measure.masses)


DISTANCES = [(1, name, LINE[name]) for name in LINE] + [(2, name, SPACE[name]) for name in SPACE]
each = pytest.mark.parametrize(("dim", "name", "distance"), DISTANCES, ids=[f"{d}-{n}" for d, n, _ in DISTANCES])


@each
@few
@given(seeds, st.sampled_from([3.0, -7e5, 2.0**31]))
def test_a_common_shift_changes_nothing(dim: int, name: str, distance: Distance, seed: int, shift: float) -> None:
    a, b = two_clouds(seed, dim)
    moved = [changed(measure, measure.points + shift) for measure in (a, b)]
    assert_allclose(distance(*moved), distance(a, b), rtol=1e-9)


@each
@few
@given(seeds, st.sampled_from([1e-200, 1e-9, 0.3, 1e9, 1e200]))
def test_the_unit_is_that_of_the_points(dim: int, name: str, distance: Distance, seed: int, unit: float) -> None:
    a, b = two_clouds(seed, dim)
    scaled = [changed(measure, unit * measure.points) for measure in (a, b)]
    assert_allclose(distance(*scaled) / unit, distance(a, b), rtol=1e-9)


@each
@few
@given(seeds)
def test_order_and_splitting_of_points_change_nothing(dim: int, name: str, distance: Distance, seed: int) -> None:
    """Each point cut into parts of equal mass, all in another order; and a point without mass."""
    a, b = two_clouds(seed, dim)
    rng = np.random.default_rng(seed)
    order = rng.permutation(2 * a.masses.size)
    points, masses = np.repeat(a.points, 2, axis=1)[:, order], np.repeat(0.5 * a.masses, 2)[order]
    split = Measure(np.column_stack([points, np.full(dim, 9.0)]), np.append(masses, 0.0))
    assert_allclose(distance(split, b), distance(a, b), rtol=1e-9)


@each
@few
@given(seeds)
def test_it_is_a_distance(dim: int, name: str, distance: Distance, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, c = (cloud(rng, dim, count, weighted) for count, weighted in ((5, False), (4, True), (5, True)))
    assert distance(a, a) == 0.0
    assert_allclose(distance(a, b), distance(b, a), rtol=1e-12)
    for x, y, z in itertools.permutations([a, b, c]):
        assert distance(x, z) <= (distance(x, y) + distance(y, z)) * (1.0 + 1e-9)


@few
@given(seeds, st.sampled_from([1e-200, 1e200]))
def test_kolmogorov_knows_neither_unit_nor_order(seed: int, unit: float) -> None:
    a, b = two_clouds(seed, 1)
    exact = kolmogorov(a, b)
    assert_allclose(kolmogorov(changed(a, unit * a.points), changed(b, unit * b.points)), exact, rtol=1e-12)
    order = np.random.default_rng(seed).permutation(a.masses.size)
    assert_allclose(kolmogorov(Measure(a.points[:, order], a.masses[order]), b), exact, rtol=1e-12)


def density(unit: float) -> Measure:
    """A parabola in each of 5 cells, with stretches below zero and an atom, lengths in `unit`."""
    rng = np.random.default_rng(3)
    faces, polynomials = (
        np.linspace(-1.0, 1.5, 6),
        rng.normal(size=(3, 5)) * [[1.0], [2.0], [4.0]] + [[2.0], [0.0], [0.0]],
    )
    mass = float((0.5 * (polynomials[0] + polynomials[2] / 12.0)).sum())
    scaled = polynomials * (0.8 / mass) / unit
    return Measure(np.array([[-unit]]), np.array([0.2]), unit * faces, scaled)


@pytest.mark.parametrize("unit", [1e-200, 1e-160, 1e-9, 1e9, 1e160, 1e200])
def test_distances_to_a_density_have_its_unit(unit: float) -> None:
    points = np.array([[-0.7, 0.1, 0.4, 1.2]])
    exact = [d(Measure.of_points(points), density(1.0)) for d in (w1, kolmogorov)]
    scaled = [d(Measure.of_points(unit * points), density(unit)) for d in (w1, kolmogorov)]
    assert_allclose([scaled[0] / unit, scaled[1]], exact, rtol=1e-12)


# far single points


def with_far_pair(c: float) -> tuple[np.ndarray, np.ndarray]:
    x = [(2.23, 2.31), (2.79, 3.53), (0.94, 4.08), (0.52, c)]
    y = [(5.73, 18.13), (3.67, 21.67), (14.94, 51.44), (2.82, c)]
    return np.array(x).T.copy(), np.array(y).T.copy()


@pytest.mark.parametrize("c", [1e3, 1e9, 1e16, 1e100, 1e300, -1e9])
def test_a_pair_of_far_points_does_not_decide_the_others(c: float) -> None:
    """The far pair is matched at 2.3. Control: `ot.dist`, which expands squares, is off by 3 % at 1e9."""
    x, y = with_far_pair(c)
    assert_allclose(wasserstein(x, y), 21.432438, rtol=0, atol=5e-7)
    assert_allclose(wasserstein(x, y, p=2.0), 27.512106, rtol=0, atol=5e-7)
    if c == 1e9:
        import ot

        squared = ot.dist(x.T.copy(), y.T.copy(), metric="euclidean")
        assert abs(float(ot.emd2(np.full(4, 0.25), np.full(4, 0.25), squared)) / 21.432438 - 1.0) > 0.02


@few
@given(seeds, st.sampled_from([1.0, 2.0, 3.5, 540.0]), st.sampled_from([0.0, 1e9, 1e200]))
def test_transport_is_that_of_the_assignment_problem(seed: int, p: float, far: float) -> None:
    """An independent solver on direct differences, costs in units of what it finds; some points far away."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 3, 8))
    x[:, :2] += far
    y[:, 5:7] += far
    found = wasserstein(x, y, p=p)
    with np.errstate(over="ignore"):
        costs = np.minimum((_distances(x, y) / found) ** p, 1e9)
    rows, columns = linear_sum_assignment(costs)
    assert_allclose(found * costs[rows, columns].mean() ** (1.0 / p), found, rtol=1e-9)


@pytest.mark.parametrize("c", [1e9, 1e16])
def test_sliced_w1_keeps_its_digits_beside_far_points(c: float) -> None:
    """All second components at c, as good as none: a rounded projection keeps nothing of the first ones at 1e16."""
    x, y = (np.stack([points[0], np.zeros(4)]) for points in with_far_pair(0.0))
    exact = sliced_w1(Measure.of_points(x), Measure.of_points(y))
    x[1], y[1] = c, c
    assert_allclose(sliced_w1(Measure.of_points(x), Measure.of_points(y)), exact, rtol=1e-9)
    assert abs(np.std(0.6 * x[0] + 0.8 * x[1]) / np.std(0.6 * x[0]) - 1.0) > (1e-9 if c < 1e10 else 0.1)


def test_far_points_on_the_line_do_not_decide_the_others() -> None:
    """Counts over n: seven points and fourteen have their levels in common to the last bit."""
    x, y = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 1e18]), np.array([0.5, 1.0, 2.5, 3.0, 4.5, 5.0, 1e18])
    twice = np.repeat(y, 2)
    for p, exact in ((1.0, 1.5 / 7.0), (2.0, (0.75 / 7.0) ** 0.5)):
        assert_allclose(wasserstein(x, y, p=p), exact, rtol=1e-14)
        assert_allclose(wasserstein(x, twice, p=p), exact, rtol=1e-14)
    assert_allclose(w1(Measure.of_points(x), Measure.of_points(twice)), 1.5 / 7.0, rtol=1e-14)
    assert_allclose(w2(Measure.of_points(x), Measure.of_points(twice)), (0.75 / 7.0) ** 0.5, rtol=1e-14)


# powers


def test_a_high_power_does_not_underflow() -> None:
    exact = 0.14 * 4.0 ** (-1.0 / 540.0)
    assert_allclose(wasserstein([0.1, 0.2, 0.3, 0.54], [0.1, 0.2, 0.3, 0.4], p=540.0), exact, rtol=1e-12)
    assert_allclose(exact, 0.13964, rtol=0, atol=5e-6)


@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1.0, 1e200, 1e300])
def test_w2_at_extreme_scales(unit: float) -> None:
    """sqrt(2/3), by both routes."""
    x, y = unit * np.array([1.0, 2.0, 5.0]), unit * np.array([1.0, 3.0, 4.0])
    for found in (wasserstein(x, y, p=2.0), w2(Measure.of_points(x), Measure.of_points(y))):
        assert_allclose(found / unit, (2.0 / 3.0) ** 0.5, rtol=1e-14)


@pytest.mark.parametrize("dim", [1, 2])
def test_positions_too_far_apart_are_refused(dim: int) -> None:
    x, y = np.full((dim, 2), 1.7e308), np.full((dim, 3), -1.7e308)
    with pytest.raises(InputError, match=r"a position is 1.7e\+308 from 0: allowed are 8e\+307 at most"):
        wasserstein(x, y)


def carried_within(a: Measure, b: Measure, length: float) -> bool:
    """Whether all mass can be carried no further than `length`: a maximum flow of integers."""
    parts = [[Fraction(mass).limit_denominator(100) for mass in one.masses] for one in (a, b)]
    whole = math.lcm(*(part.denominator for part in (*parts[0], *parts[1])))
    left, right = ([int(part * whole) for part in one] for one in parts)
    n, m = len(left), len(right)
    capacities = np.zeros((n + m + 2, n + m + 2), dtype=np.int32)
    capacities[n + m, :n], capacities[n : n + m, n + m + 1] = left, right
    capacities[:n, n : n + m] = whole * (_distances(a.points, b.points) <= length)
    return int(maximum_flow(csr_array(capacities), n + m, n + m + 1).flow_value) == whole


@pytest.mark.parametrize("seed", [46, 375, 460, 1074, 18456])
def test_the_rounding_of_masses_does_not_decide_a_large_power(seed: int) -> None:
    """W_540 is W_oo to ln(1000)/540 where a thousandth or more must go that far; dust of 1e-17 lifts it by half."""
    a, b = two_clouds(seed, 2)
    lengths = np.unique(_distances(a.points, b.points))
    most = next(length for length in lengths if carried_within(a, b, float(length)))
    assert 1000.0 ** (-1.0 / 540.0) * most <= SPACE["W_540"](a, b) <= most * (1.0 + 1e-12)
