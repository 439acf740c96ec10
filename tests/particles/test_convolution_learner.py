"""Claims about the convolutional network of Ruseckas, 5.2, as a learner."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from particles.base.errors import InputError
from particles.base.parallel import serial
from particles.networks.convolution import ConvolutionNetwork
from particles.networks.convolution_learner import MEAN, SCALE, ConvolutionLearner
from particles.networks.evaluate import evaluation
from particles.networks.images import Images
from particles.networks.made_digits import made_digits
from particles.networks.optimisers import Schedule
from particles.networks.trainer import Training, train
from tests.networks import cross_entropy
from tests.particles.plain_convolution import network as plain

SMALL = ConvolutionNetwork(rows=3, columns=4, layers=3, smoothness=0.3)
DIGITS = made_digits(400)


def small_images(count: int) -> Images:
    draw = np.random.default_rng(11)
    return Images(draw.integers(0, 256, (count, 3, 4), dtype=np.uint8), draw.integers(0, 10, count))


def somewhere(network: ConvolutionNetwork, size: float = 0.05) -> Any:
    theta = size * np.random.default_rng(8).normal(size=network.size)
    theta[-1] = 0.03
    return theta


def total(network: ConvolutionNetwork, images: Images, theta: Any) -> Any:
    """Sum of the losses by the plain network; the largest number is chosen by its real part."""
    x = np.zeros((images.count, network.channels, network.rows, network.columns), dtype=complex)
    x[:, 0] = (images.pixels / 255.0 - MEAN) * SCALE
    end = plain(network.kind, x, *network.numbers(theta)[:2], theta[-1]).reshape(images.count, network.channels, -1)
    place = end.real.argmax(axis=2)
    return cross_entropy(np.take_along_axis(end, place[:, :, None], axis=2)[:, :, 0].T, images.labels)


@pytest.mark.parametrize("kind", ["split", "euler"])
def test_the_gradient_is_that_of_the_plain_network_by_the_complex_step(kind: str) -> None:
    """float64, five images of a block of 16: every 11th number, and gamma."""
    network = ConvolutionNetwork(rows=3, columns=4, layers=3, kind=kind)
    images, theta = small_images(5), somewhere(network)
    learner = ConvolutionLearner(network, images, dtype=np.float64)
    loss, right, slope = learner.gradient(theta, np.arange(5))
    assert loss == pytest.approx(total(network, images, theta).real, rel=1e-14)
    places = [*range(0, network.size, 11), network.size - 1]
    exact = np.empty(len(places))
    for number, place in enumerate(places):
        moved = theta.astype(complex)
        moved[place] += 1e-40j
        exact[number] = total(network, images, moved).imag / 1e-40
    assert np.abs(slope[places] - exact).max() < 1e-13 * np.abs(exact).max()
    losses, classes = learner.evaluate(theta, np.arange(5))
    assert losses.sum() == pytest.approx(loss, rel=1e-15)
    assert (classes == images.labels).sum() == right
    single = ConvolutionLearner(network, images).gradient(theta, np.arange(5))
    assert np.abs(single[2] - slope).max() < 1e-5 * np.abs(slope).max()


def test_it_has_the_papers_number_of_parameters_and_starts_from_zero() -> None:
    network = ConvolutionNetwork()
    assert network.size == 20 * (3 * 3 * 10 * 10 + 10) + 1 == 18201
    assert np.flatnonzero(network.start()).tolist() == [18200]
    assert [group.size for group in network.groups] == [18000, 200, 1]


def test_the_start_is_no_dead_end() -> None:
    """Each added channel is one tie, shared equally: dL/db of the last layer is P minus the labels, of nine equal P."""
    network = ConvolutionNetwork(layers=2, gamma=0.0)
    learner = ConvolutionLearner(network, DIGITS, dtype=np.float64)
    chosen = np.arange(16)
    _, _, slope = learner.gradient(network.start(), chosen)
    top = (DIGITS.pixels[chosen].max(axis=(1, 2)) / 255.0 - MEAN) * SCALE
    outputs = np.zeros((10, 16))
    outputs[0] = top
    chance = np.exp(outputs) / np.exp(outputs).sum(axis=0)
    exact = (chance - (np.arange(10)[:, None] == DIGITS.labels[chosen])).sum(axis=1)
    np.testing.assert_allclose(network.numbers(slope).biases[-1], exact, atol=1e-13)
    assert network.numbers(slope).kernels[:, 1:, 0].all()


def test_the_penalty_is_the_papers() -> None:
    """(113): only changes from layer to layer count; the derivative of a square by central differences is exact."""
    theta = somewhere(SMALL)
    value, slope = SMALL.penalty(theta)
    kernels, biases, _ = SMALL.numbers(theta)
    changes = (np.diff(kernels, axis=0) ** 2).sum() + (np.diff(biases, axis=0) ** 2).sum()
    assert value == pytest.approx(0.15 * changes, rel=1e-14)
    for place in range(0, SMALL.size, 31):
        step = np.zeros(SMALL.size)
        step[place] = 0.5
        rise = SMALL.penalty(theta + step)[0] - SMALL.penalty(theta - step)[0]
        assert slope[place] == pytest.approx(rise, abs=1e-13)
    constant = np.concatenate([np.tile(kernels[0].ravel(), 3), np.tile(biases[0], 3), [1.0]])
    assert SMALL.penalty(constant)[0] == 0.0
    assert not SMALL.penalty(constant)[1].any()


def test_gamma_stays_at_zero_or_above() -> None:
    theta = somewhere(SMALL)
    assert (SMALL.project(theta) == theta).all()
    theta[-1] = -1.0
    assert SMALL.project(theta)[-1] == 0.0
    assert (SMALL.project(theta)[:-1] == theta[:-1]).all()


def test_an_image_does_not_depend_on_its_company() -> None:
    """To the bit: alone, in a block, in another place of it."""
    learner = ConvolutionLearner(SMALL, small_images(40))
    theta = somewhere(SMALL)
    whole = learner.evaluate(theta, np.arange(40))
    backwards = learner.evaluate(theta, np.arange(40)[::-1])
    assert (whole[0] == backwards[0][::-1]).all()
    assert (whole[1] == backwards[1][::-1]).all()
    assert learner.evaluate(theta, np.array([17]))[0][0] == whole[0][17]
    assert learner.gradient(theta, np.array([17]))[0] == whole[0][17]


def test_it_learns_made_digits() -> None:
    """Six layers, ten epochs of 400 images, then fresh ones; control: before, one in ten is right."""
    network = ConvolutionNetwork(layers=6)
    learner = ConvolutionLearner(network, DIGITS)
    training = Training(epochs=10, batch=16, schedule=Schedule(0.01, warmup=5, decay="linear"))
    found = train(learner, training, comm=serial())
    fresh = ConvolutionLearner(network, made_digits(100, replicate=1))
    assert evaluation(fresh, found.theta, serial()).accuracy > 0.85
    assert evaluation(fresh, network.start(), serial()).accuracy == pytest.approx(0.1, abs=0.05)


def test_an_exploding_layer_is_named_with_the_image_and_the_cure() -> None:
    network = ConvolutionNetwork(rows=3, columns=4, layers=9, kind="euler")
    learner = ConvolutionLearner(network, small_images(20))
    theta = network.start()
    theta[-1] = 3.0
    told = learner.failure(theta, np.arange(20))
    assert "of 9 explodes on image" in told
    assert "take layers of kind 'split', which cannot explode, or a smaller rate" in told
    assert "weight is not finite" in learner.failure(np.full(network.size, np.nan), np.arange(3))
    assert not np.isfinite(learner.gradient(theta, np.arange(16))[0])
    split = ConvolutionLearner(ConvolutionNetwork(rows=3, columns=4, layers=9), small_images(20))
    assert np.isfinite(split.gradient(theta, np.arange(16))[2]).all()
    assert split.remarks(theta) == ()
    theta[-1] = 0.1
    assert "is not monotone" in learner.remarks(theta)[0]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: ConvolutionLearner(SMALL, DIGITS), "images of 28 x 28 pixels: allowed are the network's 3 x 4"),
        (lambda: ConvolutionLearner(ConvolutionNetwork(channels=9), DIGITS), "label 9: allowed are 0 to 8"),
        (lambda: ConvolutionNetwork(kind="strang"), "kind = 'strang' must be one of euler, split"),
        (lambda: ConvolutionNetwork(channels=1), "channels = 1"),
        (lambda: ConvolutionNetwork(gamma=-1.0), "gamma = -1.0"),
        (lambda: ConvolutionNetwork(smoothness=float("nan")), "smoothness = nan"),
    ],
)
def test_bad_input_is_one_sentence(wrong: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        wrong()
