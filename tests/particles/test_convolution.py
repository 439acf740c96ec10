"""Claims about convolutional layers: exact derivatives, in tables whose sizes do not show."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from particles.base.lanes import LANES
from particles.base.shims import fma
from particles.kernels.convolution import TAPS, Block, turned
from particles.kernels.convolution_layers import backwards, forwards, tables
from tests.particles.plain_convolution import convolved, network

SMALL, ODD, DIGITS = Block(10, 3, 4), Block(3, 4, 5), Block(10, 28, 28)


class Net(NamedTuple):
    """Numbers of a network, and a block of images whose derivatives are given at the end."""

    images: Any
    kernels: Any
    biases: Any
    gamma: float
    given: Any


def some(block: Block, layers: int, inputs: int, size: float = 0.15) -> Net:
    """Images in the first `inputs` channels only."""
    draw = np.random.default_rng(7)
    images = np.zeros((LANES, *block))
    images[:, :inputs] = draw.normal(size=(LANES, inputs, *block[1:]))
    kernels = size * draw.normal(size=(layers, block.channels, block.channels, 3, 3))
    biases = 0.1 * draw.normal(size=(layers, block.channels))
    return Net(images, kernels, biases, 0.07, draw.normal(size=images.shape) / images[0].size)


class Run(NamedTuple):
    """States of all layers, shape (L + 1, images, channels, rows, columns), and derivatives, by the images too."""

    states: Any
    kernels: Any
    biases: Any
    gamma: Any
    images: Any


def run(kind: str, block: Block, net: Net, inputs: int, dtype: Any, sizes: tuple[int, int, int]) -> Run:
    layers, channels = net.biases.shape
    x, a, spare = block.zeros(layers + 1, dtype=dtype), block.zeros(dtype=dtype), block.zeros(dtype=dtype)
    block.inside(x)[0] = np.moveaxis(net.images, 0, -1)
    block.inside(a)[...] = np.moveaxis(net.given, 0, -1)
    k = net.kernels.transpose(0, 2, 3, 4, 1).reshape(layers, channels, TAPS, channels).astype(dtype)
    gamma = np.dtype(dtype).type(net.gamma)
    by = np.zeros((layers, channels**2 * TAPS), dtype), np.zeros((layers, channels), dtype), np.zeros(1, dtype)
    forwards(kind, *sizes[:2])(
        x, k.reshape(layers, -1), net.biases.astype(dtype), gamma, inputs, block.rows, block.line
    )
    at_start = backwards(kind, *sizes)(
        x, turned(k).reshape(layers, -1), gamma, inputs, block.rows, block.line, 0, a, spare, by
    )
    border = np.ones(x.shape, dtype=bool)
    block.inside(border)[...] = False
    assert not x[border].any()
    states = np.moveaxis(block.inside(x), -1, 1).astype(np.float64)
    return Run(states, by[0].reshape(net.kernels.shape), by[1], by[2][0], np.moveaxis(block.inside(at_start), -1, 0))


def loss(kind: str, net: Net, images: Any, kernels: Any, biases: Any, gamma: Any) -> Any:
    return (network(kind, images, kernels, biases, gamma) * net.given).sum()


@pytest.mark.parametrize(("kind", "block", "inputs"), [("euler", SMALL, 1), ("split", SMALL, 1), ("euler", ODD, 3)])
def test_derivatives_are_those_of_a_plain_convolution_by_the_complex_step(kind: str, block: Block, inputs: int) -> None:
    """float64: every number of the small networks that is not a kernel of a channel of zeros; three layers."""
    net = some(block, 3, inputs)
    found = run(kind, block, net, inputs, np.float64, tables(block))
    truth = network(kind, net.images, net.kernels, net.biases, net.gamma)
    assert np.abs(found.states[-1] - truth).max() < 1e-14 * np.abs(truth).max()
    step, pairs = 1e-40, []
    for name in ("kernels", "biases", "gamma", "images"):
        given, slope = np.atleast_1d(getattr(net, name)), np.atleast_1d(getattr(found, name))
        places = list(np.ndindex(given.shape))
        for place in places[:: max(1, len(places) // 60)]:
            moved = given.astype(complex)
            moved[place] += step * 1j
            numbers = {**net._asdict(), name: moved}
            value = loss(kind, net, *(numbers[each] for each in ("images", "kernels", "biases", "gamma")))
            pairs.append((slope[place], value.imag / step))
    ours, exact = np.array(pairs).T
    assert len(pairs) > 60
    assert np.abs(ours - exact).max() < 1e-13 * np.abs(exact).max()


def test_single_precision_is_good_to_five_digits_on_images_of_digits() -> None:
    net = some(DIGITS, 2, 1, size=0.05)
    single = run("split", DIGITS, net, 1, np.float32, tables(DIGITS))
    double = run("split", DIGITS, net, 1, np.float64, tables(DIGITS))
    for name in Run._fields:
        ours, truth = np.asarray(getattr(single, name)), np.asarray(getattr(double, name))
        assert np.abs(ours - truth).max() < 1e-5 * np.abs(truth).max(), name
    assert np.abs(double.states[-1] - network("split", *net[:4])).max() < 1e-13


def test_channels_of_zeros_that_are_left_out_change_nothing() -> None:
    """The first layer reads one channel of ten; its kernels of the others have derivative 0."""
    net = some(SMALL, 2, 1)
    part, whole = (run("split", SMALL, net, inputs, np.float64, tables(SMALL)) for inputs in (1, 10))
    for name in Run._fields:
        assert (getattr(part, name) == getattr(whole, name)).all()
    assert not part.kernels[0, :, 1:].any()
    assert part.kernels[1].all()


def test_the_size_of_the_tables_does_not_show_in_the_bytes() -> None:
    """Those of long and of short registers."""
    net = some(SMALL, 2, 10)
    usual, other = (run("split", SMALL, net, 10, np.float32, one) for one in ((5, 4, 2), (5, 1, 1)))
    assert tables(SMALL) in ((5, 4, 2), (5, 1, 1))
    for name in Run._fields:
        assert np.asarray(getattr(usual, name)).tobytes() == np.asarray(getattr(other, name)).tobytes()


def test_a_number_is_one_chain_of_fma() -> None:
    """The order is that of the documentation, in exact arithmetic; a sum in another order has other last bits."""
    net = some(ODD, 1, 3)
    found = run("euler", ODD, net._replace(gamma=0.0), 3, np.float64, tables(ODD)).states[1]
    padded = np.pad(net.images, ((0, 0), (0, 0), (1, 1), (1, 1)))

    def chain(image: int, o: int, h: int, w: int, order: int) -> float:
        s = 0.0
        for i in range(3):
            for t in range(TAPS)[::order]:
                r, c = divmod(t, 3)
                s = fma(net.kernels[0, o, i, r, c], padded[image, i, h + r, w + c], s)
        return net.images[image, o, h, w] + (s + net.biases[0, o])

    places = [(n, o, h, w) for n in range(3) for o in range(3) for h in range(4) for w in range(5)]
    assert [found[place] for place in places] == [chain(*place, 1) for place in places]
    assert [found[place] for place in places] != [chain(*place, -1) for place in places]


def antisymmetric(k: Any) -> Any:
    """k[o, i, t] = -k[i, o, -t]."""
    return (k - k.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]) / 2.0


def test_antisymmetric_kernels_conserve_the_norm() -> None:
    """Ruseckas (98), of several channels and with the border of zeros: x . (k * x) = 0; a symmetric kernel's is not."""
    net = some(SMALL, 1, 10)
    anti = antisymmetric(net.kernels[0])
    for k, bound in ((anti, True), (net.kernels[0] - anti, False)):
        numbers = net._replace(kernels=k[None], biases=np.zeros((1, 10)), gamma=0.0)
        x, y = run("euler", SMALL, numbers, 10, np.float64, tables(SMALL)).states
        power = ((y - x) * x).sum(axis=(1, 2, 3)) / (x * x).sum(axis=(1, 2, 3))
        assert (np.abs(power) < 1e-15).all() if bound else (np.abs(power) > 1e-3).all()


def test_turned_kernels_are_the_transpose() -> None:
    """y . (k * x) = x . (k^T * y), the identity behind the derivative by x."""
    draw = np.random.default_rng(2)
    x, y = draw.normal(size=(2, 4, 3, 4, 5))
    k = draw.normal(size=(3, 3, 3, 3))
    laid = k.transpose(1, 2, 3, 0).reshape(3, TAPS, 3)
    back = turned(laid).reshape(3, 3, 3, 3).transpose(3, 0, 1, 2)
    assert (y * convolved(x, k)).sum() == pytest.approx((x * convolved(y, back)).sum(), rel=1e-13)
    assert (turned(turned(laid)) == laid).all()


def test_a_split_layer_never_leaves_its_bound_where_an_euler_layer_explodes() -> None:
    net = some(SMALL, 30, 10)
    net = net._replace(images=20.0 * net.images)
    with np.errstate(all="ignore"):
        split, euler = (run(kind, SMALL, net, 10, np.float64, tables(SMALL)).states for kind in ("split", "euler"))
    assert np.abs(split[1:]).max() <= (1.0 + 1e-15) / np.sqrt(2.0 * net.gamma)
    assert not np.isfinite(euler[-1]).any()
