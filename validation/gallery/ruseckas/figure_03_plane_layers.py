"""Figure 3: weights and biases of the network in the plane, over its layers.

cross entropy + (lambda/2) sum_(l >= 2) (abs(B_l - B_(l-1))^2 + abs(W_l - W_(l-1))^2),   lambda = 1            (113)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from validation.gallery.exhibit import Figure, Number
from validation.gallery.ruseckas.circles import draw_numbers, of_layers, penalty, plane, smooth

PAPER = 0.014
"""gamma~ that the paper's training ended with."""
_SPREAD = 0.007
"""Between trainings: 0.0077 and 0.0105 of two, of two samples, that succeed (docs/networks.md)."""


def plane_layers() -> Figure:
    """The numbers of `figure_02_plane`."""
    net = plane()
    rows = net.rows

    def draw(axes: Sequence[Any]) -> None:
        draw_numbers(axes, rows)

    return Figure(
        name="ruseckas/3",
        source="arXiv 1909.03767, Fig. 3",
        shows="Biases and weights of the network in the plane, scaled by the step, change smoothly with the layer.",
        doubts="R10: the caption of a) has b where b~ is drawn. R7: lambda means the same for another number of layers"
        " only if it grows like dt^(-3); dt = 1 here. R14: gamma~ is learnt at a rate of its own, 1/5 of the weights'."
        " The paper's is 0.014, without an accuracy; one of another sample that succeeds ends with 0.0077.",
        cases=("circles-plane",),
        numbers=(
            Number("numbers that are trained", 100 * (2 * 2 + 2) + 1, net.theta.size, 0.0),
            Number("gamma~ (the paper)", PAPER, rows.gamma, _SPREAD),
            Number("gamma~ (docs/networks.md)", 0.0105, rows.gamma, 5e-5),
            penalty(net),
            of_layers(net)[1],
        ),
        checks=(smooth(rows.weights, rows.biases),),
        panels=2,
        draw=draw,
    )
