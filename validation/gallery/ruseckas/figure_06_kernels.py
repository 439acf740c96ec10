"""Figure 6: biases and kernels of the convolutional network, over its layers.

x_(l+1) = h(x_l + k_l * x_l + B_l),   h(v) = v/sqrt(1 + 2 g v^2),   20 layers of 10 channels             (75), 5.2
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from validation.gallery.exhibit import Figure, Number
from validation.gallery.ruseckas.circles import smooth
from validation.gallery.ruseckas.stored import CASE, stored
from validation.network_figures import draw_layers
from validation.studies.study import Check

_LAMBDA = 0.02
"""Of the training that ended with the stored numbers."""
WEIGHTS = "00b7147a9a23c1e5c5ceedf649ec870adddf95038b3c0d46ff917fedf3998137"
"""Sum of the stored numbers (docs/mnist.md)."""


def kernels() -> Figure:
    """The stored network's numbers."""
    record, network = stored()
    k, b, gamma = network.numbers(record.theta)
    smoothness = 0.5 * _LAMBDA * sum(float((np.diff(values, axis=0) ** 2).sum()) for values in (k, b))

    def draw(axes: Sequence[Any]) -> None:
        draw_layers(axes[0], b, [f"{channel}" for channel in range(1, 11)], lw=1.2)
        axes[0].set(title="a) biases", ylabel="dt b", ylim=(-0.25, 0.42))
        axes[0].legend(title="channel", ncols=5, fontsize=8)
        _draw_kernels(axes[1], k)

    return Figure(
        name="ruseckas/6",
        source="arXiv 1909.03767, Fig. 6",
        shows="Biases and elements of the kernels, scaled by the step, over the 20 layers. All 18 000 elements are"
        " 900 lines, those from the first channel to itself in colours, named by their row and column in the kernel.",
        doubts="R12: rate, epochs, batch and scale of the input are not given; docs/mnist.md has those of the network"
        " that is stored, whose layers are split, so that they can't explode. R14: gamma~ has a rate of its own, and"
        " ends at 1.5e-5 where the paper has 4.8e-4; lambda is 0.1 and then 0.02, the paper's is 0.1. Which elements"
        " are drawn there is not said.",
        cases=(CASE,),
        numbers=(
            Number("numbers that are trained", (3 * 3 * 10 * 10 + 10) * 20 + 1, record.theta.size, 0.0),
            Number("gamma~ (docs/mnist.md)", 1.52e-5, gamma, 5e-8),
            Number("(lambda/2) sum of the squared changes", smoothness, network.penalty(record.theta)[0], 1e-12),
            Number("the same in the last epoch (docs/mnist.md)", 0.0168, record.curve[-1].penalty, 5e-5),
            Number("of the 5,000 images held out right (docs/mnist.md)", 4913, record.info["held"]["right"], 0.0),
        ),
        checks=(
            smooth(k, b),
            Check("these are the numbers of docs/mnist.md", record.info["weights"], record.info["weights"] == WEIGHTS),
        ),
        panels=2,
        draw=draw,
    )


def _draw_kernels(axes: Any, k: Floats) -> None:
    """All elements in grey; of the first channel to itself in colours."""
    flat = k.reshape(len(k), -1)
    apart = np.concatenate([flat, np.full((1, flat.shape[1]), np.nan)])
    layers = np.tile(np.arange(len(apart)), flat.shape[1])
    axes.plot(layers, apart.T.ravel(), color="0.75", lw=0.3, alpha=0.6, rasterized=True)
    names = [f"({row}, {column})" for row in range(1, 4) for column in range(1, 4)]
    draw_layers(axes, k[:, 0, 0].reshape(len(k), -1), names, lw=1.2)
    axes.set(title="b) kernels", ylabel="dt kappa", ylim=(-0.45, 0.95))
    axes.legend(title="first channel to itself", ncols=3, fontsize=8)
