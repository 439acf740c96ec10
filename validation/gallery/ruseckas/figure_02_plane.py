"""Figure 2: two circles told apart without leaving the plane; points, outputs, a trajectory.

    x_(l+1) = x_l + W_l x_l + B_l - g x_l^3,   100 layers of two units, g learnt,   P = softmax(x_100)     (109), 5.1

The antisymmetric parts of W_l turn the plane (section 4.2), together by sum_l (W_21 - W_12)/2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from particles.networks.along import parts_of
from validation.gallery.exhibit import Figure, Number
from validation.gallery.ruseckas.circles import below_the_best, of_answers, of_layers, of_points, plane
from validation.network_figures import draw_outputs, draw_samples, draw_trajectory
from validation.studies.study import Check

NAMES = ("inner circle", "outer circle")


def in_the_plane() -> Figure:
    """The network of 601 numbers, trained from the start that succeeds."""
    net = plane()
    x = net.states
    inner = net.learner.labels == 0
    sides = np.where(inner, x[-1, 0] > x[-1, 1], x[-1, 0] < x[-1, 1])
    turned = float(parts_of(net.rows.weights)[1][:, 1, 0].sum()) / (2.0 * math.pi)
    steps = np.diff(x, axis=0)
    paths = np.angle((steps[1:, 0] + 1j * steps[1:, 1]) / (steps[:-1, 0] + 1j * steps[:-1, 1]))
    mean = float(paths.sum(axis=0).mean()) / (2.0 * math.pi)

    def draw(axes: Sequence[Any]) -> None:
        draw_samples(axes[0], net.learner.points, net.learner.labels, NAMES)
        draw_outputs(axes[1], net.learner.network.readout, x[-1])
        draw_trajectory(axes[2], net.path)
        for panel, title in zip(axes, ("a) 400 points", "b) in the output", "c) one through the layers"), strict=True):
            panel.set_title(title)

    return Figure(
        name="ruseckas/2",
        source="arXiv 1909.03767, Fig. 2",
        shows="Points about two circles, where 100 layers of two units take them, and the way of one, with numbers of"
        " layers. Red: the outer circle, class 1, and its probability.",
        doubts="R12: radii, rate, epochs and batch are not given. Radii 1 and 2 here, Adam and then L-BFGS; of starts"
        " whose weights are alike in all layers the 19th, the first with 99 % right. R14: gamma~ has a rate of its own."
        " Of two outputs the softmax takes the larger: the first class, which by 5.1's second model is the inner"
        " circle, lies where x_1 > x_2. In the paper it goes to the upper left, as if classes were numbered the other"
        " way there.",
        cases=("circles-plane",),
        numbers=(
            *of_points(net),
            *of_answers(net, 398, 0.9704),
            Number("points on their class's side of x_1 = x_2", net.info["train"]["right"], float(sides.sum()), 0.0),
            *of_layers(net),
        ),
        checks=(
            below_the_best(net),
            Check(
                "the paths turn the way that the antisymmetric parts do",
                f"{turned:.2f} turns of the antisymmetric parts, {mean:.2f} of the paths in the mean",
                turned * mean > 0.0,
            ),
        ),
        panels=3,
        draw=draw,
    )
