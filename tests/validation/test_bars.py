"""Bars against a density, a law and a second cloud: what is left, and how far chance lets it go."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from particles.model import Dirac, Measure, Mixture, Normal, Uniform
from validation.distance.bars import bar_masses, count_of, edges_between, residual

NORMAL = Normal(0.0, 1.0)
EDGES = np.linspace(-3.0, 3.0, 13)


def draws(count: int, seed: int = 0) -> Measure:
    return Measure.of_points(NORMAL.quantile(np.random.default_rng(seed).random(count)))


def density() -> Measure:
    """Cell averages of the normal law, constant in each of 600 cells, a tenth of the mass at the left end."""
    faces = np.linspace(-6.0, 6.0, 601)
    average = 0.9 * np.diff(NORMAL.cdf(faces)) / np.diff(faces)
    return Measure(np.array([[-6.0]]), np.array([0.1]), faces, np.stack([average, 0 * average, 0 * average]))


def test_bars_of_a_cloud_hold_whole_points_and_those_of_a_law_its_masses() -> None:
    cloud = Measure.of_points([0.0, 0.1, 0.1, 0.7, 2.0])
    edges = np.array([0.0, 0.5, 1.0, 2.0])
    assert_allclose(bar_masses(cloud, edges, np.empty(0)), [0.6, 0.2, 0.2], rtol=1e-15)
    assert_allclose(bar_masses(cloud, edges, np.array([0.0, 2.0])), [0.4, 0.2, 0.0], rtol=1e-15)
    assert_allclose(bar_masses(NORMAL, edges, np.empty(0)), np.diff(NORMAL.cdf(edges)), rtol=1e-15)
    assert count_of(cloud) == 5
    assert count_of(density()) is count_of(NORMAL) is None


def test_points_with_a_mass_of_their_own_are_left_out_of_every_kind_of_side() -> None:
    """A wall at 0 and a point inside: the same bars, for a law, a density and a cloud."""
    law = Mixture([Dirac(0.0), Dirac(0.3), Uniform(0.0, 1.0)], [0.2, 0.3, 0.5])
    edges, apart = np.linspace(0.0, 1.0, 5), np.array([0.0, 0.3])
    assert_allclose(bar_masses(law, edges, apart), np.full(4, 0.125), atol=1e-15)
    points = np.concatenate([np.zeros(200), np.full(300, 0.3), (np.arange(500) + 0.5) / 500])
    assert_allclose(bar_masses(Measure.of_points(points), edges, apart), np.full(4, 0.125), atol=1e-15)
    assert_allclose(bar_masses(density(), EDGES, np.array([-6.0])), 0.9 * np.diff(NORMAL.cdf(EDGES)), rtol=1e-9)


def test_a_residual_is_the_difference_over_the_width_and_turns_its_sign() -> None:
    cloud = draws(1000)
    found, turned = residual(cloud, NORMAL, EDGES), residual(density(), cloud, EDGES)
    counts = np.histogram(cloud.points[0], EDGES)[0]
    assert_allclose(found.values, (counts / 1000 - np.diff(NORMAL.cdf(EDGES))) / 0.5, rtol=1e-12)
    assert_allclose(turned.values, (0.9 * np.diff(NORMAL.cdf(EDGES)) - counts / 1000) / 0.5, atol=1e-9)
    assert turned.band is not None
    back = residual(cloud, density(), EDGES).band
    assert back is not None
    assert_allclose(turned.band, [-back[1], -back[0]], rtol=1e-15)
    assert residual(density(), NORMAL, EDGES).band is None


@pytest.mark.parametrize(("count", "p"), [(40, 0.3), (200, 0.02), (500, 0.5)])
def test_the_band_of_a_bar_holds_95_percent_of_the_binomial_law(count: int, p: float) -> None:
    """By its probabilities, summed in full; one point less at either end would hold less than 95 %."""
    edges = np.array([0.0, p, 1.0])
    band = residual(Measure.of_points(np.linspace(0.0, 1.0, count)), Uniform(0.0, 1.0), edges).band
    assert band is not None
    low, high = (round(count * (end[0] * p + p)) for end in band)
    law = [math.comb(count, k) * p**k * (1.0 - p) ** (count - k) for k in range(count + 1)]
    assert sum(law[low : high + 1]) >= 0.95
    assert sum(law[low + 1 : high + 1]) < 0.975 > sum(law[low:high])
    assert min(sum(law[low + 1 :]), sum(law[:high])) < 0.975


@pytest.mark.parametrize(("first", "second", "both"), [(30, 50, 24), (400, 100, 60)])
def test_the_band_of_two_clouds_is_that_of_labels_drawn_without_putting_back(
    first: int, second: int, both: int
) -> None:
    """So many of all points lie in the bar: of these k belong to the first cloud with the hypergeometric law."""
    inside = both * first // (first + second)
    one, other = (
        Measure.of_points(np.r_[np.full(k, 0.25), np.full(n - k, 0.75)])
        for k, n in ((inside, first), (both - inside, second))
    )
    band = residual(one, other, np.array([0.0, 0.5, 1.0])).band
    assert band is not None
    total = first + second
    law = {
        k: math.comb(first, k) * math.comb(second, both - k) / math.comb(total, both)
        for k in range(max(0, both - second), min(first, both) + 1)
    }
    held = [
        p for k, p in law.items() if band[0][0] - 1e-9 <= (k / first - (both - k) / second) / 0.5 <= band[1][0] + 1e-9
    ]
    assert 0.95 <= sum(held) < 0.95 + 2.0 * max(law.values())


def test_draws_of_the_law_stay_in_the_band_and_others_do_not() -> None:
    """1800 bars: the share outside is at most 5 % by a band of whole points, three of them at most by chance more.

    Control: draws of a law that lies .2 farther on.
    """

    def outside(cloud: Measure, other: Measure | Normal) -> float:
        found = residual(cloud, other, EDGES)
        assert found.band is not None
        low, high = found.band
        return float(((found.values < low - 1e-12) | (found.values > high + 1e-12)).mean())

    clouds = [draws(2000, seed) for seed in range(150)]
    share = np.mean([outside(cloud, NORMAL) for cloud in clouds])
    assert 0.02 < share < 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 1800)
    of_two = np.mean([outside(a, b) for a, b in zip(clouds[::2], clouds[1::2], strict=True)])
    assert 0.02 < of_two < 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 900)
    moved = Normal(0.2, 1.0)
    assert np.mean([outside(cloud, moved) for cloud in clouds[:20]]) > 0.5


def test_the_number_of_bars_grows_like_the_root_of_the_points() -> None:
    assert [edges_between(0.0, 1.0, count).size - 1 for count in (5, 900, 10**6, None)] == [10, 30, 80, 80]


@pytest.mark.parametrize("place", [0.0, 1e-9, -3.0, 1e6])
def test_points_at_one_place_have_bars_of_some_width(place: float) -> None:
    edges = edges_between(place, place, 1)
    assert (np.diff(edges) > 0.0).all()
    assert edges[0] < place < edges[-1]
    assert np.array_equal(edges_between(0.0, 1.0, 1), np.linspace(0.0, 1.0, edges.size))
