"""The learner of a convolutional network: blocks of 16 images through the kernels, in single precision.

theta is kept in double precision, as of any learner; kernels see it rounded. Losses are of double precision.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.lanes import LANES
from particles.kernels.convolution import TAPS, aligned_zeros, turned
from particles.kernels.convolution_ends import cross_entropy, fill, peaks, spread
from particles.kernels.convolution_layers import backwards, forwards, tables
from particles.networks.convolution import ConvolutionNetwork
from particles.networks.images import Images
from particles.networks.learner import Group, Indices

MEAN, SCALE = 0.1307, 3.2456
"""A pixel enters as (pixel/255 - MEAN) SCALE: mean 0 and variance 1 over MNIST. The border and added channels are 0."""
_INPUTS = 1


class _Laid(NamedTuple):
    """theta as the kernels read it: k as [layer, input tap output], k^T, biases, gamma."""

    kernels: NDArray[Any]
    turned: NDArray[Any]
    biases: NDArray[Any]
    gamma: Any


class _Space:
    """What a block is computed in: the states of all layers (12 MB for MNIST), slopes, outputs and derivatives."""

    def __init__(self, network: ConvolutionNetwork, dtype: Any) -> None:
        block, layers = network.block, network.layers
        self.states = block.zeros(layers + 1, dtype=dtype)
        self.slopes = block.zeros(2, dtype=dtype)
        self.outputs, self.by_outputs = aligned_zeros((2, block.channels, LANES), dtype)
        self.by_kernels = aligned_zeros((layers, block.channels**2 * TAPS), dtype)
        self.by_biases = aligned_zeros((layers, block.channels), dtype)
        self.by_gamma = aligned_zeros((1,), dtype)


class ConvolutionLearner:
    """A convolutional network and its images; see `Learner`.

    Parameters
    ----------
    network : ConvolutionNetwork
    images : Images
        Of the network's size, labels below its number of channels.
    dtype : {float32, float64}, default float32
        Of the kernels.

    Raises
    ------
    InputError
        If the images do not fit the network.
    """

    block = LANES

    def __init__(self, network: ConvolutionNetwork, images: Images, *, dtype: Any = np.float32) -> None:
        if images.pixels.shape[1:] != (network.rows, network.columns):
            told = "images of {} x {} pixels".format(*images.pixels.shape[1:])
            raise InputError(f"{told}: allowed are the network's {network.rows} x {network.columns}")
        if images.labels.max() >= network.channels:
            raise InputError(f"label {images.labels.max()}: allowed are 0 to {network.channels - 1}, one a channel")
        self.network, self.images = network, images
        self.count, self.labels = images.count, images.labels
        self.groups: tuple[Group, ...] = network.groups
        self._dtype = np.dtype(dtype)
        self._levels = ((np.arange(256) / 255.0 - MEAN) * SCALE).astype(dtype)
        self._laid: tuple[bytes, _Laid] | None = None
        self._space: _Space | None = None

    def start(self) -> Floats:
        """See `Learner`."""
        return self.network.start()

    def project(self, theta: Floats) -> Floats:
        """See `Learner`."""
        return self.network.project(theta)

    def penalty(self, theta: Floats) -> tuple[float, Floats]:
        """See `Learner`."""
        return self.network.penalty(theta)

    def describe(self) -> dict[str, Any]:
        """See `Learner`."""
        told = {"samples": self.images.name, "count": self.count, "digest": self.images.digest(), "block": self.block}
        return {"network": self.network.describe(), **told, "precision": self._dtype.name}

    def gradient(self, theta: Floats, indices: Indices) -> tuple[float, int, Floats]:
        """See `Learner`."""
        network, laid, space = self.network, self._lay(theta), self._ready()
        block = network.block
        labels = self.labels[indices]
        losses, answers = self._carry(laid, space, indices)
        spread()(space.states[-1], block.rows, block.line, space.outputs, space.by_outputs, space.slopes[0])
        out = space.by_kernels, space.by_biases, space.by_gamma
        backwards(network.kind, *tables(block))(
            space.states, laid.turned, laid.gamma, _INPUTS, block.rows, block.line, 1, *space.slopes, out
        )
        total = 0.0
        for one in losses.tolist():
            total += one
        return total, int((answers == labels).sum()), np.concatenate([part.reshape(-1) for part in out], dtype=float)

    def evaluate(self, theta: Floats, indices: Indices) -> tuple[Floats, Indices]:
        """See `Learner`."""
        laid, space = self._lay(theta), self._ready()
        parts = [indices[first : first + LANES] for first in range(0, indices.size, LANES)]
        found = [self._carry(laid, space, part) for part in parts]
        return np.concatenate([losses for losses, _ in found]), np.concatenate([answers for _, answers in found])

    def states(self, theta: Floats, indices: Indices) -> NDArray[Any]:
        """States of all layers of at most 16 images, shape (L + 1, count, channels, rows, columns)."""
        space = self._ready()
        self._carry(self._lay(theta), space, indices)
        return np.moveaxis(self.network.block.inside(space.states), -1, 1)[:, : indices.size].copy()

    def failure(self, theta: Floats, indices: Indices) -> str:
        """See `Learner`."""
        if not np.isfinite(theta).all():
            return "a weight is not finite: take a smaller rate"
        for first in range(0, indices.size, LANES):
            part = indices[first : first + LANES]
            states = self.states(theta, part)
            bad = ~np.isfinite(states).all(axis=(2, 3, 4))
            if bad.any():
                layer, place = np.argwhere(bad)[0]
                most = np.abs(states[layer - 1, place]).max()
                told = (
                    f"layer {layer} of {self.network.layers} explodes on image {part[place]}, after abs(x) = {most:.3g}"
                )
                cure = "layers of kind 'split', which cannot explode, or " if self.network.kind == "euler" else ""
                return f"{told}: take {cure}a smaller rate"
        return f"the loss or a derivative of image {indices[0]} or of one with it is not finite: take a smaller rate"

    def remarks(self, theta: Floats) -> tuple[str, ...]:
        """See `Learner`; where 3 gamma x^2 > 1 an Euler layer falls as x grows (errata R15)."""
        if self.network.kind != "euler":
            return ()
        turn = 1.0 / np.sqrt(3.0 * theta[-1]) if theta[-1] > 0.0 else np.inf
        states = self.states(theta, np.arange(min(LANES, self.count)))[:-1]
        share = float((np.abs(states) > turn).mean())
        told = f"{share:.2g} of the activations of the first images lie above 1/sqrt(3 gamma) = {turn:.3g}"
        return (f"{told}, where an Euler layer is not monotone: 'split' is",) if share > 1e-3 else ()

    def _carry(self, laid: _Laid, space: _Space, indices: Indices) -> tuple[Floats, Indices]:
        """Losses and answers of at most 16 images; the space then holds states, outputs and derivatives by these."""
        block = self.network.block
        fill()(self.images.pixels[indices], self._levels, block.line, space.states[0])
        forwards(self.network.kind, *tables(block)[:2])(
            space.states, laid.kernels, laid.biases, laid.gamma, _INPUTS, block.rows, block.line
        )
        peaks()(space.states[-1], block.rows, block.line, space.outputs)
        space.by_outputs[:] = 0.0
        losses, answers = np.empty(indices.size), np.empty(indices.size, dtype=np.int64)
        cross_entropy()(space.outputs, self.labels[indices], space.by_outputs, losses, answers)
        return losses, answers

    def _lay(self, theta: Floats) -> _Laid:
        """theta for the kernels; that of the last call is kept."""
        key = theta.tobytes()
        if self._laid is None or self._laid[0] != key:
            kernels, biases, gamma = self.network.numbers(theta)
            many, channels = biases.shape
            laid = kernels.transpose(0, 2, 3, 4, 1).reshape(many, channels, TAPS, channels).astype(self._dtype)
            rows = laid.reshape(many, -1), turned(laid).reshape(many, -1)
            self._laid = key, _Laid(*rows, biases.astype(self._dtype), self._dtype.type(gamma))
        return self._laid[1]

    def _ready(self) -> _Space:
        if self._space is None:
            self._space = _Space(self.network, self._dtype)
        return self._space
