"""Cases in the plane of which no paper speaks: fields whose answers are known, for what its figure cannot show.

A rotation and a diagonal weight, as in the paper's figure, are blind to the term of a second-order scheme that couples
the directions: the shear sees it. The law that circulates has no detailed balance.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from particles.model.cases.case import Case
from particles.model.drifts.activations import IDENTITY, TANH
from particles.model.laws.combined import Product
from particles.model.laws.elementary import Normal
from particles.model.rule import Model

_FIGURE = "none: a test of this project, with the 1/d of (3), d = 2"


def _shear() -> Case:
    return Case(
        name="shear",
        figure=_FIGURE,
        notes="identity, w = ((0, 2), (2, 0)), b = 0, N(0, I/2): a normal law at all times, E xy = sinh(2 t)/2; the"
        " papers have no case of a full weight, so all of it is this project's",
        model=Model(
            drift=IDENTITY, weight=np.array([[0.0, 2.0], [2.0, 0.0]]), bias=0.0,
            initial=Product([Normal(0.0, 0.5), Normal(0.0, 0.5)]),
        ),
        until=0.5,
        times=(0.0, 0.25, 0.5),
        domain=((-5.0, 5.0), (-5.0, 5.0)),
        cells=160,
    )  # fmt: skip


def _rotation() -> Case:
    return Case(
        name="rotation",
        figure=_FIGURE,
        notes="identity, w = ((0, -2), (2, 0)), b = 0, N(1, 1/4) x N(0, 1/10), turned by t; blind to the term that"
        " couples the directions; the papers have no case of a full weight, so all of it is this project's",
        model=Model(
            drift=IDENTITY, weight=np.array([[0.0, -2.0], [2.0, 0.0]]), bias=0.0,
            initial=Product([Normal(1.0, 0.25), Normal(0.0, 0.1)]),
        ),
        until=1.0,
        times=(0.0, 0.5, 1.0),
        domain=((-4.0, 4.0), (-4.0, 4.0)),
        cells=160,
    )  # fmt: skip


def _ornstein_uhlenbeck() -> Case:
    return Case(
        name="ou-2d",
        figure=_FIGURE,
        notes="identity, w = ((-2, 1.2), (-0.8, -1)), b = (0.2, 0.1), K = 1, nu^2 = 1, N(1, 0.3) x N(-1/2, 0.3): a"
        " normal law at all times; the paper's noise is on the line, all numbers are this project's",
        model=Model(
            drift=IDENTITY, weight=np.array([[-2.0, 1.2], [-0.8, -1.0]]), bias=np.array([0.2, 0.1]), nu2=1.0,
            initial=Product([Normal(1.0, 0.3), Normal(-0.5, 0.3)]),
        ),
        until=0.5,
        times=(0.0, 0.5),
        domain=((-6.0, 6.0), (-6.0, 6.0)),
        cells=160,
    )  # fmt: skip


def _circulation() -> Case:
    return Case(
        name="circulation",
        figure=_FIGURE,
        notes="tanh, w/d = ((-1, 0.7), (-0.7, -1)), b = (0.3, -0.2), K = 1, nu^2 = 1: the law at rest is known"
        " (`circulating_state`), and a current goes round in it; the paper's steady states are on the line. Start"
        " N(1, 1) x N(0, 1) and horizon are this project's; 3e-10 of the steady mass lies outside the domain",
        model=Model(
            drift=TANH, weight=np.array([[-2.0, 1.4], [-1.4, -2.0]]), bias=np.array([0.3, -0.2]), nu2=1.0,
            initial=Product([Normal(1.0, 1.0), Normal(0.0, 1.0)]),
        ),
        until=16.0,
        times=(0.0, 1.0, 4.0, 16.0),
        domain=((-12.0, 12.0), (-12.0, 12.0)),
        cells=192,
    )  # fmt: skip


def _box() -> Case:
    return Case(
        name="box-2d",
        figure=_FIGURE,
        notes="tanh, w/d = 1, b = (-5, -5), N(5, 0.36) x N(5, 0.36) between sticky walls at 2 and 8: the vehicles of A"
        " Fig. 3 in two directions. What reaches a wall moves on along it: 0.030 of the mass lies on each at T = 2, and"
        " 0.0010 in each corner. Walls in the plane are no part of the papers",
        model=Model(
            drift=TANH, weight=2.0, bias=-5.0, initial=Product([Normal(5.0, 0.36), Normal(5.0, 0.36)]),
            walls=((2.0, 8.0), (2.0, 8.0)),
        ),
        until=2.0,
        times=(0.0, 1.0, 2.0),
        domain=((2.0, 8.0), (2.0, 8.0)),
        cells=120,
    )  # fmt: skip


EXPERIMENTS: dict[str, Callable[[], Case]] = {
    "shear": _shear,
    "rotation": _rotation,
    "ou-2d": _ornstein_uhlenbeck,
    "circulation": _circulation,
    "box-2d": _box,
}
