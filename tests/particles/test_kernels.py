"""The sweeps against plain loops on Python floats: the same bits, whatever the tiles."""

from __future__ import annotations

import math

import numpy as np
import pytest

from particles.base.shims import fma
from particles.kernels import line, reductions, space, walls
from particles.kernels.line import TILE
from particles.kernels.reductions import LANES
from particles.model.drifts.activations import ACTIVATIONS, IDENTITY, TANH
from particles.model.drifts.drift import Drift
from particles.model.drifts.lognormal_family import lognormal_family
from particles.model.drifts.power_law import cubic, power_law

DRIFTS = [*ACTIVATIONS.values(), cubic(0.5), power_law(0.3, 2.5), lognormal_family(0.7)]
RANDOM = np.random.default_rng(11)


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda d: d.name)
@pytest.mark.parametrize("wall", [walls.free, walls.sticky], ids=["free", "sticky"])
def test_euler_sweep_gives_the_bits_of_a_plain_loop(drift: Drift, wall: object) -> None:
    x = RANDOM.uniform(0.1, 2.0, 40)
    weights, biases, dt, low, high = RANDOM.normal(size=5), RANDOM.normal(size=5), 0.125, 0.2, 1.9
    expected = x.tolist()
    for w, b in zip(weights.tolist(), biases.tolist(), strict=True):
        for i, old in enumerate(expected):
            new = fma(dt, drift.value(fma(w, old, b), old, drift.constants), old)
            expected[i] = wall(old, new, low, high)  # type: ignore[operator]
    line.euler_line(drift.value, wall)(x, weights, biases, dt, drift.constants, low, high)
    np.testing.assert_array_equal(x, expected)


def test_euler_sweep_does_not_depend_on_the_tiles() -> None:
    x = RANDOM.normal(size=3 * TILE + 17)
    arguments = (np.full(7, -1.0), np.ones(7), 0.1, (), -math.inf, math.inf)
    whole, parts = x.copy(), x.copy()
    sweep = line.euler_line(TANH.value, walls.free)
    sweep(whole, *arguments)
    for first in range(0, x.size, 1000):
        sweep(parts[first : first + 1000], *arguments)
    np.testing.assert_array_equal(whole, parts)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_products_in_space_are_fma_sums_in_fixed_order(size: int) -> None:
    x = RANDOM.normal(size=(size, 9))
    weights, biases, dt = RANDOM.normal(size=(2, size, size)), RANDOM.normal(size=(2, size)), 0.25
    expected = x.tolist()
    for w, b in zip(weights.tolist(), biases.tolist(), strict=True):
        u = [[0.0] * 9 for _ in range(size)]
        for i in range(size):
            for p in range(9):
                u[i][p] = b[i]
                for j in range(size):
                    u[i][p] = fma(w[i][j], expected[j][p], u[i][p])
        for i in range(size):
            for p in range(9):
                expected[i][p] = fma(dt, TANH.value(u[i][p], expected[i][p], ()), expected[i][p])
    nowhere = np.full(len(x), -np.inf), np.full(len(x), np.inf)
    space.euler_space(TANH.value, walls.free)(x, weights, biases, dt, (), *nowhere)
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("size", [2, 7])
def test_space_sweeps_do_not_depend_on_the_tiles(size: int) -> None:
    x = RANDOM.normal(size=(size, 2 * TILE + 5))
    weights, biases, ends = RANDOM.normal(size=(3, size, size)), RANDOM.normal(size=(3, size)), np.full(size, 2.0)
    for sweep, arguments in [
        (space.euler_space(IDENTITY.value, walls.free), (weights, biases, 0.1, (), -ends, ends)),
        (space.euler_space(IDENTITY.value, walls.sticky), (weights, biases, 0.1, (), -ends, ends)),
        (space.affine_space(), (weights, biases)),
    ]:
        whole = x.copy()
        sweep(whole, *arguments)
        for first in (0, 1, TILE // 2, 2 * TILE):
            one = x[:, first : first + 1].copy()
            sweep(one, *arguments)
            np.testing.assert_array_equal(whole[:, first : first + 1], one)


def test_affine_sweep_is_the_affine_map() -> None:
    x, e, c = RANDOM.normal(size=(3, 50)), RANDOM.normal(size=(2, 3, 3)), RANDOM.normal(size=(2, 3))
    expected = e[1] @ (e[0] @ x + c[0][:, None]) + c[1][:, None]
    space.affine_space()(x, e, c)
    np.testing.assert_allclose(x, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("old", "new", "held"),
    [(0.5, 0.7, 0.7), (0.5, 1.5, 1.0), (0.5, -2.0, 0.0), (0.0, 0.5, 0.0), (1.0, 0.5, 1.0), (1.0, 3.0, 1.0)],
)
def test_sticky_wall_holds_what_reaches_it(old: float, new: float, held: float) -> None:
    assert walls.sticky(old, new, 0.0, 1.0) == held


def test_walls_let_nan_through_so_that_it_is_seen() -> None:
    assert math.isnan(walls.sticky(0.5, math.nan, 0.0, 1.0))
    assert math.isnan(walls.free(0.5, math.nan, 0.0, 1.0))


@pytest.mark.parametrize("centre", [0.0, 1e8])
@pytest.mark.parametrize("count", [1, 5, LANES, LANES + 3, 100, 4096, 4096 + 1, 3 * 4096 + 99])
def test_block_sums_are_the_sums(count: int, centre: float) -> None:
    x = RANDOM.normal(centre, 1.0, size=count)
    out = np.empty((2, -(-count // 4096)))
    reductions.block_power_sums()(x, centre, 4096, out)
    for k, block in enumerate(np.split(x - centre, range(4096, count, 4096))):
        assert out[0, k] == pytest.approx(math.fsum(block), rel=1e-12, abs=1e-12)
        assert out[1, k] == pytest.approx(math.fsum(block * block), rel=1e-13)


def test_first_not_finite_names_the_first_column() -> None:
    x = np.ones((2, 2 * reductions.LOOKED_AT))
    assert reductions.first_not_finite(x) is None
    x[1, reductions.LOOKED_AT + 5] = math.inf
    x[0, reductions.LOOKED_AT + 9] = math.nan
    assert reductions.first_not_finite(x) == reductions.LOOKED_AT + 5
    x[1, 3] = math.nan
    assert reductions.first_not_finite(x) == 3
