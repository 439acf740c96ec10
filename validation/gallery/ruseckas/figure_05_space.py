"""Figure 5: two circles told apart in R^3; outputs and a trajectory.

x_(l+1) = x_l + W_l x_l + B_l - g x_l^3,   20 layers of three units, g = 0.1,   P(inner) = sigmoid(x_3)  (109), 5.1
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from validation.gallery.exhibit import Figure, Number
from validation.gallery.ruseckas.circles import Trained, below_the_best, of_answers, of_layers, plane, space, turns
from validation.network_figures import draw_outputs, draw_trajectory
from validation.studies.study import Check


def in_space() -> Figure:
    """The network of `figure_04_space_layers`; the one in the plane beside it, for the lengths of ways."""
    net = space()
    x = net.states
    inner = net.learner.labels == 0

    def draw(axes: Sequence[Any]) -> None:
        draw_outputs(axes[0], net.learner.network.readout, x[-1])
        draw_trajectory(axes[1], net.path)
        axes[0].set_title("a) 400 points in the output")
        axes[1].set_title("b) one through the layers")

    return Figure(
        name="ruseckas/5",
        source="arXiv 1909.03767, Fig. 5",
        shows="Where 20 layers of three units take the points of both circles, by the last two units, and the way of"
        " one, with numbers of layers. Red: the probability of the outer circle, class 1.",
        doubts="R12: radii, rate, epochs and batch are not given; radii 1 and 2 here. R15: 17 % of the activations lie"
        " beyond 1/sqrt(3 gamma~), where a layer's cubic is not monotone and two points may have one output: the"
        " layers are no flow. Which of the three units are drawn is not said: the last two here.",
        cases=("circles", "circles-plane"),
        numbers=(
            *of_answers(net, 400, 0.9804),
            Number("share of the inner circle's points with x_3 > 0", 1.0, float((x[-1, 2, inner] > 0.0).mean()), 0.0),
            Number("share of the outer circle's points with x_3 < 0", 1.0, float((x[-1, 2, ~inner] < 0.0).mean()), 0.0),
            *of_layers(net),
        ),
        checks=(below_the_best(net), _simpler(net, plane())),
        panels=2,
        draw=draw,
    )


def _simpler(net: Trained, other: Trained) -> Check:
    """The paper: a trajectory in R^3 is much simpler than one in the plane."""
    found = [np.mean([turns(one) for one in np.moveaxis(which.states, 2, 0)], axis=0) for which in (net, other)]
    told = [f"{turned:.2g} turns on {length:.2g} times the distance of its ends" for turned, length in found]
    claim = "ways turn less and are shorter than in the plane"
    return Check(claim, f"in the mean {told[0]}, in the plane {told[1]}", bool((found[0] < found[1]).all()))
