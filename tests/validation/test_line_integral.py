"""W1 on the line, by chunks of vector code and by quantiles, is that of one merge of all points and faces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose

import validation
from particles.base.arrays import Floats
from particles.model import Measure
from tests.validation.merged import merged_w1
from validation.distance.line import _cut, _joined

Draw = Callable[[np.random.Generator], Measure]
NOTHING = np.empty((1, 0)), np.empty(0)


def of_equal(rng: np.random.Generator, most: int = 60) -> Measure:
    return Measure.of_points(rng.normal(size=int(rng.integers(1, most))))


def of_ties(rng: np.random.Generator) -> Measure:
    return Measure.of_points(np.round(2.0 * rng.normal(size=int(rng.integers(1, 60)))))


def of_weights(rng: np.random.Generator) -> Measure:
    masses = rng.random(int(rng.integers(1, 60))) * (rng.random() < 0.8) + 1e-3
    return Measure(rng.normal(size=(1, masses.size)), masses / masses.sum())


def far_away(rng: np.random.Generator) -> Measure:
    return Measure.of_points(rng.normal(size=9) + rng.choice([-40.0, 40.0]))


def crowd(rng: np.random.Generator) -> Measure:
    return of_equal(rng, 700)


def cells(rng: np.random.Generator, bent: float = 0.0, atoms: int = 0, empty: float = 0.0) -> Measure:
    """Cells of unequal width; `bent` may carry a parabola below 0, `empty` is the share of cells without mass."""
    faces = np.cumsum(rng.random(int(rng.integers(2, 12))) + 0.05) - 3.0
    n = faces.size - 1
    p = np.stack([rng.random(n) + 0.2, bent * rng.normal(size=n), bent * rng.normal(size=n)])
    p[:, rng.random(n) < empty] = 0.0
    p[0, 0] += 1.0
    masses = 0.3 * rng.random(atoms)
    at = np.where(rng.random(atoms) < 0.5, faces[rng.integers(0, n + 1, atoms)], 3.0 * rng.normal(size=atoms))
    total = masses.sum() + (np.diff(faces) * (p[0] + p[2] / 12.0)).sum()
    return Measure(at[None, :], masses / total, faces, p / total)


def smooth(rng: np.random.Generator) -> Measure:
    return cells(rng, 0.3)


def below_zero(rng: np.random.Generator) -> Measure:
    return cells(rng, 3.0, 2)


def with_gaps(rng: np.random.Generator) -> Measure:
    return cells(rng, 0.3, 3, 0.5)


def bare(rng: np.random.Generator) -> Measure:
    return cells(rng, 0.0)


KINDS: list[Draw] = [of_equal, of_ties, of_weights, far_away, crowd, smooth, below_zero, with_gaps, bare]
PAIRS = [(a, b) for k, a in enumerate(KINDS) for b in KINDS[k:]]


def check(a: Draw, b: Draw, seeds: int) -> None:
    """Relative to W1 and to the spread that rounds it, in both orders."""
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        first, second = a(rng), b(rng)
        expected = merged_w1(first, second)
        for found in (validation.w1(first, second), validation.w1(second, first)):
            assert_allclose(found, expected, rtol=1e-13, atol=1e-14, err_msg=f"seed {seed}")


@pytest.mark.parametrize(("a", "b"), PAIRS, ids=lambda draw: draw.__name__)
def test_w1_is_that_of_a_merge_of_all_points_and_faces(a: Draw, b: Draw) -> None:
    """Random pairs of every kind."""
    check(a, b, 2 if crowd in (a, b) else 12)


@pytest.mark.long
@pytest.mark.parametrize(("a", "b"), [pair for pair in PAIRS if crowd not in pair], ids=lambda draw: draw.__name__)
def test_w1_is_that_of_a_merge_in_a_thousand_pairs_of_every_kind(a: Draw, b: Draw) -> None:
    """But of crowds, whose merge of 700 points in Python would take a quarter of an hour."""
    check(a, b, 1000)


@pytest.mark.parametrize("draw", [smooth, below_zero, with_gaps, bare], ids=lambda draw: draw.__name__)
def test_a_density_that_is_cut_is_that_on_all_faces_to_the_last_bit(draw: Draw) -> None:
    """At places on faces, twice in a cell and beyond both ends; where no place is, at none."""
    cloud = Measure.of_points([0.0])
    for seed in range(200):
        rng = np.random.default_rng(seed)
        density = draw(rng)
        inside, outside = rng.choice(density.faces, 2), rng.normal(size=int(rng.integers(0, 3)))
        crowded = density.faces[0] + np.diff(density.faces[:2]) * rng.random(int(rng.integers(0, 4)))
        places = np.unique(np.concatenate([inside, crowded, 4.0 * outside])[: int(rng.integers(0, 8))])
        for found, expected in zip(_cut(density, places, cloud), _joined(density, places, cloud), strict=True):
            assert np.array_equal(found, expected), seed


@pytest.mark.parametrize("count", [127, 128, 129, 135, 136, 137, 257, 1000])
def test_chunks_of_every_length_are_summed_whole(count: int) -> None:
    """All points in one cell, and the closed form of its uniform law: x_(i) against (i - 1, i)/count."""
    x = np.sort(np.random.default_rng(count).random(count))
    levels = np.arange(count + 1) / count
    low, high = levels[:-1], levels[1:]
    inside = np.clip(x, low, high)
    twice = np.abs((inside - low) * (2.0 * x - inside - low)) + np.abs((high - inside) * (high + inside - 2.0 * x))
    density = Measure(*NOTHING, np.array([0.0, 1.0]), np.array([[1.0], [0.0], [0.0]]))
    assert_allclose(validation.w1(Measure.of_points(x), density), twice.sum() / 2.0, rtol=1e-13)


def test_intervals_in_which_the_sign_changes_are_split() -> None:
    """Control: the integrals between neighbours taken whole, of 300 points and their uniform law, are too small."""
    x, levels = np.sort(np.random.default_rng(5).random(300)), np.arange(1, 300) / 300
    whole = float(np.abs(np.diff(x) * (0.5 * (x[1:] + x[:-1]) - levels)).sum()) + x[0] ** 2 / 2 + (1.0 - x[-1]) ** 2 / 2
    cloud, density = Measure.of_points(x), Measure(*NOTHING, np.array([0.0, 1.0]), np.array([[1.0], [0.0], [0.0]]))
    found = validation.w1(cloud, density)
    assert_allclose(found, merged_w1(cloud, density), rtol=1e-13)
    assert found - whole > 1e-6


@pytest.mark.parametrize("unit", [1e-300, 1e-9, 1e300])
def test_w1_scales_with_the_unit_of_length(unit: float) -> None:
    for draw in (smooth, with_gaps, below_zero):
        rng = np.random.default_rng(2)
        cloud, density = crowd(rng), draw(rng)
        scaled = Measure(unit * density.points, density.masses, unit * density.faces, density.polynomials / unit)
        found = validation.w1(Measure.of_points(unit * cloud.points), scaled)
        assert_allclose(found / unit, validation.w1(cloud, density), rtol=1e-12)


def test_equal_clouds_of_different_numbers_are_their_coupling() -> None:
    """n and m equal points: the levels are whole multiples of 1/(n m), and W1 that of each point m and n times."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=35), rng.normal(size=21) + 0.1
    expected = float(np.abs(np.repeat(np.sort(x), 21) - np.repeat(np.sort(y), 35)).mean())
    assert_allclose(validation.w1(Measure.of_points(x), Measure.of_points(y)), expected, rtol=1e-14)


def peak(call: Callable[[], object], size: Floats) -> float:
    import tracemalloc

    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / size.nbytes
    finally:
        tracemalloc.stop()


def test_w1_takes_a_sorted_copy_of_each_cloud_and_no_more() -> None:
    rng = np.random.default_rng(0)
    a, b, c = (Measure.of_points(rng.normal(size=n)) for n in (300_000, 300_000, 299_999))
    density = smooth(rng)
    assert peak(lambda: validation.w1(a, density), a.points) < 1.1
    assert peak(lambda: validation.w1(a, b), a.points) < 2.2
    assert peak(lambda: validation.w1(a, c), a.points) < 2.2
