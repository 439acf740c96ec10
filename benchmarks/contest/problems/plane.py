"""In the plane: dX = sigma(w X + b) dt + nu dW, w a matrix."""

from __future__ import annotations

from benchmarks.contest.problem import Problem
from benchmarks.contest.starts import PlaneNormal

_FLOW = r"\partial_t g + \nabla\cdot\bigl({}\, g\bigr) = {}"
_OURS = "a test of this project: a full matrix, which a scheme that splits the directions gets wrong"


def linear(w11: float = -1.0, w12: float = 1.2, w21: float = 0.4, w22: float = -0.6, until: float = 1.0) -> Problem:
    """A linear flow with a full matrix: a normal law that turns and flattens."""
    return Problem(
        name="plane-linear",
        words="A linear flow of the plane with a full matrix, no noise: a normal law that turns and flattens.",
        symbols=_FLOW.format("(w x + b)", "0"),
        source=_OURS,
        activation="identity",
        weight=((0.5 * w11, 0.5 * w12), (0.5 * w21, 0.5 * w22)),
        bias=(0.3, -0.2),
        start=PlaneNormal((0.5, 0.0), ((0.3, 0.1), (0.1, 0.2))),
        until=until,
        domain=((-5.0, 6.0), (-5.0, 5.0)),
        features=frozenset({"plane"}),
    )


def ou(
    w11: float = -2.0,
    w12: float = 1.2,
    w21: float = -0.8,
    w22: float = -1.0,
    nu: float = 1.0,
    until: float = 0.5,
) -> Problem:
    """Ornstein and Uhlenbeck's process in the plane, without detailed balance."""
    return Problem(
        name="plane-ou",
        words="Ornstein and Uhlenbeck's process in the plane, without detailed balance: a normal law that circulates.",
        symbols=_FLOW.format("(w x + b)", r"\tfrac{\nu^2}{2} \Delta g"),
        source=_OURS,
        activation="identity",
        weight=((0.5 * w11, 0.5 * w12), (0.5 * w21, 0.5 * w22)),
        bias=(0.2, 0.1),
        noise="brownian",
        nu=nu,
        start=PlaneNormal((1.0, -0.5), ((0.3, 0.0), (0.0, 0.3))),
        until=until,
        domain=((-6.0, 7.5), (-7.0, 6.0)),
        features=frozenset({"plane"}),
    )


def regression(rate_x: float = -0.5, rate_y: float = -0.5, shift: float = 0.5, until: float = 2.0) -> Problem:
    """Both components move to rest: the paper's figure."""
    return Problem(
        name="plane-regression",
        words="Both components move to their point of rest, (1, 0), independently: a density that steepens.",
        symbols=_FLOW.format(r"\tanh(w x + b)", "0"),
        source="Fig. 6 of the published version of arXiv 2001.04294, with the signs of its text and with 1/d",
        activation="tanh",
        weight=((rate_x, 0.0), (0.0, rate_y)),
        bias=(shift, 0.0),
        start=PlaneNormal((1.0, 0.0), ((1.0, 0.0), (0.0, 1.0))),
        until=until,
        domain=((-8.0, 10.0), (-9.0, 9.0)),
        features=frozenset({"plane"}),
    )
