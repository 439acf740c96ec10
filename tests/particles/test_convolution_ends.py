"""Claims about the two ends of a convolutional network: pixels in; largest numbers of channels, their softmax out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

from particles.base.lanes import LANES
from particles.kernels.convolution import Block
from particles.kernels.convolution_ends import cross_entropy, fill, peaks, spread

BLOCK = Block(3, 4, 6)
CLASSES = 10


def largest(x: Any) -> Any:
    z = np.zeros((BLOCK.channels, LANES), x.dtype)
    peaks()(x, BLOCK.rows, BLOCK.line, z)
    return z


def shares(x: Any, z: Any, slope: Any) -> Any:
    out = BLOCK.zeros()
    spread()(x, BLOCK.rows, BLOCK.line, z, slope, out)
    return BLOCK.inside(out)


def blocks(seed: int) -> tuple[Any, Any]:
    x = BLOCK.zeros()
    inside = BLOCK.inside(x)
    inside[...] = np.random.default_rng(seed).normal(-3.0, 1.0, inside.shape)
    return x, inside


def test_pixels_become_levels_and_missing_images_are_blank() -> None:
    draw = np.random.default_rng(3)
    pixels = draw.integers(0, 256, (5, BLOCK.rows, BLOCK.columns), dtype=np.uint8)
    levels = draw.normal(size=256).astype(np.float32)
    x = BLOCK.zeros()
    fill()(pixels, levels, BLOCK.line, x)
    inside = BLOCK.inside(x)
    assert (inside[0, :, :, :5] == np.moveaxis(levels[pixels], 0, -1)).all()
    assert (inside[0, :, :, 5:] == levels[0]).all()
    assert np.count_nonzero(x) == np.count_nonzero(inside[0])


def test_the_largest_number_is_that_of_the_pixels_and_not_of_the_border() -> None:
    x, inside = blocks(1)
    assert (largest(x) == inside.max(axis=(1, 2))).all()
    assert (largest(x) < 0.0).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_shows_in_its_own_image_and_channel(bad: float) -> None:
    x, inside = blocks(1)
    inside[1, 2, 3, 5] = bad
    assert np.argwhere(~np.isfinite(largest(x))).tolist() == [[1, 5]]


def test_ties_share_equally_and_a_single_peak_takes_all() -> None:
    x, inside = blocks(2)
    inside[0, :, :, 0] = 0.0
    inside[1, 1, 2:4, 1] = 9.0
    slope = np.random.default_rng(4).normal(size=(BLOCK.channels, LANES)).astype(np.float32)
    given = shares(x, largest(x), slope)
    assert (given[0, :, :, 0] == slope[0, 0] / np.float32(BLOCK.rows * BLOCK.columns)).all()
    assert given[1, :, :, 1].ravel().nonzero()[0].tolist() == [8, 9]
    assert (given[1, 1, 2:4, 1] == slope[1, 1] / np.float32(2.0)).all()
    alone = given[:, :, :, 2:].reshape(3, -1, LANES - 2)
    assert (np.count_nonzero(alone, axis=1) == 1).all()
    assert (alone.sum(axis=1) == slope[:, 2:]).all()


def test_cross_entropy_is_that_of_the_softmax() -> None:
    """Against scipy; large numbers, equal numbers, and a class of no weight at all."""
    draw = np.random.default_rng(5)
    z = draw.normal(0.0, 5.0, (CLASSES, LANES))
    z[:, 0], z[3, 1], z[4, 2] = 0.0, 900.0, -np.float64(2000.0)
    labels = draw.integers(0, CLASSES, 13)
    labels[:3] = 7, 3, 4
    slope, losses, answers = np.zeros_like(z), np.full(LANES, np.nan), np.zeros(LANES, dtype=np.int64)
    cross_entropy()(z, labels, slope, losses, answers)
    chance = scipy.special.log_softmax(z, axis=0)[:, :13]
    np.testing.assert_allclose(losses[:13], -chance[labels, np.arange(13)], rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(slope[:, :13], np.exp(chance) - (np.arange(CLASSES)[:, None] == labels), atol=1e-15)
    assert (answers[:13] == z[:, :13].argmax(axis=0)).all()
    assert np.isnan(losses[13:]).all()
    assert not slope[:, 13:].any()


def test_a_loss_of_what_is_not_finite_is_not_finite() -> None:
    z = np.zeros((CLASSES, LANES), np.float32)
    z[2, 1] = np.nan
    losses = np.zeros(2)
    cross_entropy()(z, np.zeros(2, dtype=np.int64), np.zeros_like(z), losses, np.zeros(2, dtype=np.int64))
    assert np.isfinite(losses).tolist() == [True, False]
