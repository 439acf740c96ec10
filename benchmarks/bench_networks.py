"""Time of a convolutional network's gradient an image, and how many times as long others take."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np

from benchmarks import convolution_peers as peers
from benchmarks.measure import Work, named, nanoseconds
from particles.base.lanes import LANES
from particles.kernels.convolution import TAPS, Block, turned
from particles.kernels.convolution_layers import backwards, forwards, tables
from particles.networks.convolution import ConvolutionNetwork
from particles.networks.convolution_learner import MEAN, SCALE, ConvolutionLearner
from particles.networks.made_digits import made_digits

WHO = ("ours", "PyTorch, channels last", "PyTorch, contiguous", "JAX", "BLAS")


def _require(who: str) -> None:
    if who.startswith("PyTorch") and not peers.HAS_TORCH:
        raise NotImplementedError("PyTorch is not installed")
    if who == "JAX" and not peers.HAS_JAX:
        raise NotImplementedError("JAX is not installed")


class ConvolutionLayer:
    """One Euler layer of 10 channels on images of 28 x 28, forwards and backwards, all derivatives; CPU time."""

    turns = 30
    rows = 28
    smallest = {"turns": 1, "rows": 8}  # noqa: RUF012
    params = (WHO, (64, 256))
    param_names = ("who", "batch")
    timeout = 300.0

    def setup(self, who: str, batch: int) -> None:
        """Compile, and compare the derivatives by the kernels."""
        _require(who)
        draw = np.random.default_rng(0)
        shape = batch, 10, self.rows, self.rows
        x, given = (draw.standard_normal(shape).astype(np.float32) for _ in range(2))
        k = (0.1 * draw.standard_normal((10, 10, 3, 3))).astype(np.float32)
        layer = peers.Layer(x, k, draw.standard_normal(10).astype(np.float32), 0.01, given)
        runs = {name: self._maker(name)(layer) for name in dict.fromkeys(("ours", who))}
        by_k = [np.asarray(run()) for run in runs.values()]
        assert np.abs(by_k[-1] - by_k[0]).max() < 1e-4 * np.abs(by_k[0]).max(), f"{who} differs"
        self.works = {name: Work(lambda: None, run, float(batch)) for name, run in runs.items()}

    def _maker(self, who: str) -> Callable[[peers.Layer], Callable[[], Any]]:
        makers: dict[str, Callable[[peers.Layer], Callable[[], Any]]] = {
            "ours": _ours, "JAX": peers.jax_layer, "BLAS": peers.blas_layer,
            "PyTorch, channels last": lambda layer: peers.torch_layer(layer, True),
            "PyTorch, contiguous": lambda layer: peers.torch_layer(layer, False),
        }  # fmt: skip
        return makers[who]

    @named("3 x 3 layer and gradient: time an image", "ns")
    def track_time(self, who: str, batch: int) -> float:
        return nanoseconds({who: self.works[who]}, self.turns, process_time)[who]

    @named("3 x 3 layer and gradient: time over ours", "times")
    def track_over_ours(self, who: str, batch: int) -> float:
        times = nanoseconds(self.works, self.turns, process_time)
        return times[who] / times["ours"]


class ConvolutionGradient:
    """The whole network on made digits, 20 Euler layers, from the pixels to all derivatives; CPU time."""

    turns = 15
    batch = 64
    smallest = {"turns": 1, "batch": 16}  # noqa: RUF012
    params = (WHO[:3],)
    param_names = ("who",)
    timeout = 300.0

    def setup(self, who: str) -> None:
        """Compile, and compare the derivatives by the kernels."""
        _require(who)
        network, digits = ConvolutionNetwork(kind="euler"), made_digits(self.batch)
        learner = ConvolutionLearner(network, digits)
        theta = 0.02 * np.random.default_rng(0).standard_normal(network.size)
        theta[-1] = 0.005
        images = ((digits.pixels / 255.0 - MEAN) * SCALE).astype(np.float32)

        def ours() -> Any:
            blocks = [np.arange(first, first + LANES) for first in range(0, self.batch, LANES)]
            return sum(learner.gradient(theta, block)[2] for block in blocks)[: network.groups[0].size]

        runs: dict[str, Callable[[], Any]] = {"ours": ours}
        if who != "ours":
            last = who.endswith("last")
            runs[who] = peers.torch_network(images, digits.labels, theta.astype(np.float32), network.layers, last)
        by_k = [np.asarray(run()).reshape(-1) for run in runs.values()]
        assert np.abs(by_k[-1] - by_k[0]).max() < 1e-3 * np.abs(by_k[0]).max(), f"{who} differs"
        self.works = {name: Work(lambda: None, run, float(self.batch)) for name, run in runs.items()}

    @named("image network's gradient: time an image", "ns")
    def track_time(self, who: str) -> float:
        return nanoseconds({who: self.works[who]}, self.turns, process_time)[who]

    @named("image network's gradient: time over ours", "times")
    def track_over_ours(self, who: str) -> float:
        times = nanoseconds(self.works, self.turns, process_time)
        return times[who] / times["ours"]


def _ours(layer: peers.Layer) -> Callable[[], Any]:
    batch, channels, rows, columns = layer.x.shape
    block, blocks = Block(channels, rows, columns), batch // LANES
    x, given, slopes = block.zeros(blocks, 2), block.zeros(blocks), block.zeros(blocks, 2)
    for number in range(blocks):
        part = slice(number * LANES, (number + 1) * LANES)
        block.inside(x)[number, 0] = np.moveaxis(layer.x[part], 0, -1)
        block.inside(given)[number] = np.moveaxis(layer.given[part], 0, -1)
    k = layer.k.transpose(1, 2, 3, 0).reshape(channels, TAPS, channels)
    laid, back = np.ascontiguousarray(k).reshape(1, -1), turned(k).reshape(1, -1)
    b, gamma = layer.b[None], np.float32(layer.gamma)
    by_k = np.zeros((blocks, 1, channels * channels * TAPS), np.float32)
    by_b, by_gamma = np.zeros((blocks, 1, channels), np.float32), np.zeros((blocks, 1), np.float32)
    sweep, sweep_back = forwards("euler", *tables(block)[:2]), backwards("euler", *tables(block))

    def run() -> Any:
        for number in range(blocks):
            sweep(x[number], laid, b, gamma, channels, rows, block.line)
            slopes[number, 0] = given[number]
            out = by_k[number], by_b[number], by_gamma[number]
            sweep_back(x[number], back, gamma, channels, rows, block.line, 0, *slopes[number], out)
        return by_k.sum(axis=0).reshape(layer.k.shape)

    return run
