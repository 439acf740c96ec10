"""Figure 7: activations of the convolutional network on an image of a 0.

    x_(l+1) = h(x_l + k_l * x_l + B_l),   h(v) = v/sqrt(1 + 2 g v^2) < 1/sqrt(2 g)                           (75), 5.2

The largest activation of each channel in the end is the output of its class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from particles.base import parallel
from particles.base.arrays import Floats
from particles.networks.convolution import Numbers
from particles.networks.convolution_learner import MEAN, SCALE, ConvolutionLearner
from particles.networks.evaluate import evaluation
from particles.networks.images import Images
from validation.gallery.exhibit import Figure, Number
from validation.gallery.ruseckas.stored import CASE, DIGIT, drawn_zero, stored
from validation.network_figures import draw_tiles
from validation.studies.study import Check

RIGHT = 9843
"""Of MNIST's 10 000 test images (docs/mnist.md)."""
_DRAWN = " Here an ellipse takes the place of MNIST's images, which the project does not carry."
_ROUNDING = 1e-5
"""Of 20 layers in single precision, as a share of the largest activation."""


def activations(test: Images | None = None) -> Figure:
    """The stored network on the first 0 of MNIST's test, or on a drawn one."""
    record, network = stored()
    images = drawn_zero() if test is None else test
    learner = ConvolutionLearner(network, images)
    which = np.flatnonzero(images.labels == DIGIT)[:1]
    x = learner.states(record.theta, which)[:, 0]
    numbers = network.numbers(record.theta)
    bound = float(1.0 / np.sqrt(2.0 * numbers.gamma))
    most = float(np.abs(x).max())
    peaks = x[-1].max(axis=(1, 2))
    off = float(np.abs(x[-1] - in_numpy(images.pixels[which[0]], network.channels, numbers)).max())

    def draw(axes: Sequence[Any]) -> None:
        names = [f"{channel}: {peak:.0f}" for channel, peak in enumerate(peaks)]
        draw_tiles(axes[0], x[-1], names, columns=4, bar=False)
        axes[0].set_title("a) last layer, class and largest number")
        draw_tiles(axes[1], x[1:, 0], [f"{layer}" for layer in range(1, len(x))], columns=5, bar=True)
        axes[1].set_title("b) first channel after each layer")

    source = "a 0 that is drawn by a formula" if test is None else f"the first 0 of {images.count:,} test images"
    return Figure(
        name="ruseckas/7",
        source="arXiv 1909.03767, Fig. 7",
        shows=f"What the stored network makes of {source}. All channels behind the last layer, with the largest number"
        " of each, the output of that class; and the first channel after each layer. Each tile has its own scale.",
        doubts=f"R12: the scale of the input is not given, nor which image it is.{_DRAWN if test is None else ''} R14:"
        " with gamma~ = 1.5e-5, where the paper has 4.8e-4, activations go up to 181.",
        cases=(CASE,),
        numbers=(
            Number("last layer: kernels in single precision less NumPy", 0.0, off, _ROUNDING * bound),
            Number("class", DIGIT, float(peaks.argmax()), 0.0),
            *_on_all(learner, record.theta, test),
        ),
        checks=(Check("no activation leaves 1/sqrt(2 gamma~)", f"{most:.4g} of {bound:.4g}", most <= bound),),
        panels=2,
        draw=draw,
    )


def _on_all(learner: ConvolutionLearner, theta: Floats, test: Images | None) -> tuple[Number, ...]:
    """How many test images are right, where they are given; all ranks together."""
    if test is None:
        return ()
    right = evaluation(learner, theta, parallel.world()).right
    return (
        Number("of the test images right (docs/mnist.md)", RIGHT, right, 0.0),
        Number("share of them (the paper)", 0.978, right / test.count, 0.01),
    )


def in_numpy(pixels: Any, channels: int, numbers: Numbers) -> Floats:
    """The layers in double precision, shape (channels, rows, columns), by sums of shifted images."""
    x = np.zeros((channels, *pixels.shape))
    x[0] = (pixels / 255.0 - MEAN) * SCALE
    for k, b in zip(numbers.kernels, numbers.biases, strict=True):
        around = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), (1, 1), (1, 1))), (3, 3), axis=(1, 2))
        v = x + np.tensordot(k, around, axes=((1, 2, 3), (0, 3, 4))) + b[:, None, None]
        x = v / np.sqrt(1.0 + 2.0 * numbers.gamma * v**2)
    return x
