"""Figure 4: weights and biases of the network in R^3, over its layers.

At the start, where all of them are 0, P(inner) is 1/2 and x_3 = 0. So the loss is ln 2, and its derivatives, of a layer
that points enter as x, are (1/2) E[+-x_j] by w_3j, + about the outer circle and - about the inner one, and none else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from validation.gallery.exhibit import Figure, Number
from validation.gallery.ruseckas.circles import Trained, draw_numbers, of_layers, penalty, smooth, space


def space_layers() -> Figure:
    """The network of 240 numbers, as it is trained where nothing is chosen."""
    net = space()
    rows = net.rows
    found, foretold = _at_zero(net), _foretold(net)

    def draw(axes: Sequence[Any]) -> None:
        draw_numbers(axes, rows)

    return Figure(
        name="ruseckas/4",
        source="arXiv 1909.03767, Fig. 4",
        shows="Biases and weights of the network in R^3, scaled by the step, over its 20 layers; gamma~ = 0.1 is held.",
        doubts="R12: rate, epochs and batch are not given; Adam here, from 0 as in the paper, at a rate that first"
        " grows: zero is nearly a saddle, and at the full rate from the start four of nine trainings end at 86 %.",
        cases=("circles",),
        numbers=(
            Number("numbers that are trained", 20 * (3 * 3 + 3), net.theta.size, 0.0),
            Number("loss at zero, ln 2", math.log(2.0), net.info["curve"][0][1], 1e-12),
            *(
                Number(f"at zero: derivative by w_3{j + 1} of layer {layer}", *pair, 1e-12)
                for layer in (0, len(found) - 1)
                for j in range(2)
                for pair in [(float(foretold[layer, 2, j]), float(found[layer, 2, j]))]
            ),
            Number("at zero: largest difference of all derivatives", 0.0, float(abs(found - foretold).max()), 1e-12),
            penalty(net),
            of_layers(net)[1],
        ),
        checks=(smooth(rows.weights, rows.biases),),
        panels=2,
        draw=draw,
    )


def _at_zero(net: Trained) -> Floats:
    """Derivatives of the mean loss by weights and, last, biases, shape (L, 3, 4), where all of them are 0."""
    learner = net.learner
    sums = learner.gradient(learner.start(), np.arange(learner.count))[2] / learner.count
    layers, n = net.rows.biases.shape
    weights, biases = sums[: layers * n * n], sums[layers * n * n :]
    return np.concatenate([weights.reshape(layers, n, n), biases.reshape(layers, n, 1)], axis=2)


def _foretold(net: Trained) -> Floats:
    """The same by what stands above: points on their way through cubics alone."""
    x, sign = net.learner.points, net.learner.labels - 0.5
    found = np.zeros((len(net.rows.biases), 3, 4))
    for layer in found:
        layer[2, :2] = (sign * x).mean(axis=1)
        x = x - net.rows.gamma * x**3
    return found
