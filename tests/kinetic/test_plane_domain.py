"""Claims about the rectangle that holds a model of two features, and about what is said before a run on one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from kinetic import ChangCooper, Grid, Plane, solve
from kinetic.plane.domain import cautions, rectangle, tail_masses
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    MEAN_COUPLED,
    RELU,
    SIGMOID,
    TANH,
    Dirac,
    Model,
    Normal,
    Pareto,
    Product,
    Uniform,
    cases,
    exact_law,
    piecewise,
)
from tests.kinetic.planes import Example

NORMAL = Normal(0.0, 1.0)
TAIL = -float(NORMAL.quantile(np.array([1e-12]))[0])
WIDER = 64.0 / 62.0  # 1/64 at each end is a margin


def of(start: Any = NORMAL, **changed: Any) -> Model:
    given = {"drift": TANH, "weight": -1.0, "bias": 0.0, "initial": Product([start, NORMAL])}
    return Model(**(given | changed))


def pulse(t: float) -> Any:
    """A bias that is not 0 for less than a thousandth of the run."""
    return piecewise([0.0, 0.5003, 0.5011], [[0.0, 0.0], [5e4, 0.0], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("model", "until", "x"),
    [
        (of(), 2.0, (-TAIL, TAIL)),
        (of(), 1e9, (-TAIL, TAIL)),
        (of(drift=IDENTITY, weight=-2000.0), 2.0, (-TAIL, TAIL)),
        (of(drift=IDENTITY, weight=2.0), 2.0, (-TAIL * math.exp(2.0), TAIL * math.exp(2.0))),
        (of(drift=IDENTITY, weight=0.0, bias=pulse(0.0)), 1.0, (-TAIL, TAIL + 5e4 * 0.0008)),
        (of(drift=IDENTITY, weight=-1.0, bias=MEAN_COUPLED), 2.0, (-TAIL, TAIL)),
    ],
    ids=["regression", "long", "stiff", "spreading", "pulse", "mean-coupled"],
)
def test_a_rectangle_holds_what_its_flow_carries_between_the_outermost_quantiles(
    model: Model, until: float, x: tuple[float, float]
) -> None:
    (lo, hi), _ = rectangle(model, until)
    assert hi - lo == pytest.approx(WIDER * (x[1] - x[0]), rel=1e-4)
    assert 0.5 * (lo + hi) == pytest.approx(0.5 * (x[0] + x[1]), abs=1e-3)


def test_a_rectangle_holds_a_rotation() -> None:
    """The corners of the square come by: its half-diagonal is the half-width."""
    turn = of(drift=IDENTITY, weight=np.array([[0.0, -12.0], [12.0, 0.0]]), initial=Product(2 * [Uniform(-1.0, 1.0)]))
    (lo, hi), (below, above) = rectangle(turn, 2.0)
    np.testing.assert_allclose([-lo, hi, -below, above], WIDER * math.sqrt(2.0), rtol=2e-3)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (of(drift=RELU, weight=8.0, nu2=1.0), "more than 1e-12 of its mass beyond"),
        (of(Pareto(1.0, 0.01), nu2=1.0), "beyond the largest number"),
        (of(drift=SIGMOID, bias=MEAN_COUPLED), "mean-coupled bias with drift 'sigmoid'"),
        (of(Dirac(0.0)), "no rectangle is found"),
        (of(drift=IDENTITY, weight=2000.0), "no rectangle is found"),
        (of(Pareto(1.0, 0.01)), "beyond the largest number"),
    ],
)
def test_a_rectangle_that_is_not_found_is_one_sentence(model: Model, words: str) -> None:
    with pytest.raises(InputError, match=words):
        rectangle(model, 2.0)


def test_what_limits_a_run_is_said() -> None:
    wide, short = Grid(-7.3, 9.3, cells=100), Grid(-7.3, 3.0, cells=100)
    assert cautions(cases["regression-2d"].model, Plane(wide, wide), 2.0) == ()
    (cut,) = cautions(cases["regression-2d"].model, Plane(short, wide), 2.0)
    assert cut.startswith("in x: initial mass outside the grid")
    leaves = of(drift=IDENTITY, weight=0.0, bias=[9.0, 0.0])
    (comes,) = cautions(leaves, Plane(Grid(-7.3, 9.3, cells=100), wide), 1.0)
    assert comes == "in x: mass reaches the end of the grid at 9.3 by t = 1, and stays there"
    narrow = of(Normal(0.0, 1e-6))
    assert "in x: the initial law (width 0.001) is narrower than a cell" in cautions(narrow, Plane(wide, wide), 1.0)[0]


BOX = (-1.0, 1.0, -1.0, 1.0)
NOISY: dict[str, Any] = {
    "drift": IDENTITY,
    "nu2": 1.0,
    "weight": np.array([[-2.0, 1.2], [-0.8, -1.0]]),
    "bias": [0.2, 0.1],
}


def test_with_noise_a_rectangle_holds_the_quantiles_of_the_exact_law() -> None:
    """From N(0, 1)^2 to a normal law, by Van Loan's exponentials."""
    (lo, hi), (below, above) = rectangle(of(**NOISY), 0.5)
    wanted = [[], []]  # type: list[list[float]]
    for t in np.linspace(0.0, 0.5, 33):
        mean, covariance = Example(
            "identity", ((-2, 1.2), (-0.8, -1)), (0.2, 0.1), (0, 0), ((1, 0), (0, 1)), BOX, 0.5, 1.0
        ).law(t)
        for k in (0, 1):
            reach = TAIL * math.sqrt(covariance[k, k])
            wanted[k] += [mean[k] - reach, mean[k] + reach]
    for (a, b), places in zip(((lo, hi), (below, above)), wanted, strict=True):
        margin = (max(places) - min(places)) * (WIDER - 1.0) / 2.0
        assert (a, b) == pytest.approx((min(places) - margin, max(places) + margin), abs=1e-3)


@pytest.mark.parametrize("changed", [{}, {"weight": lambda t: [[-2.0, 1.2 * math.cos(t)], [-0.8, -1.0]]}])
def test_where_no_law_is_known_a_coarse_run_finds_a_rectangle_that_holds_it(changed: Any) -> None:
    model = of(**(NOISY | {"drift": TANH} | changed))
    assert exact_law(model, 0.5) is None
    ends = rectangle(model, 0.5)
    found = solve(model, Plane(*(Grid(*pair, cells=48) for pair in ends)), ChangCooper(), until=0.5)
    assert max(max(pair) for pair in tail_masses(found)) < 1e-10
    within = solve(model, Plane(*(Grid(0.75 * lo, 0.75 * hi, cells=48) for lo, hi in ends)), ChangCooper(), until=0.5)
    assert max(max(pair) for pair in tail_masses(within)) > 1e-9


def test_walls_are_ends_with_noise_too() -> None:
    model = of(**NOISY, walls=[[-1.0, 2.0], [0.0, 3.0]], wall="reflecting")
    assert rectangle(model, 1.0) == ((-1.0, 2.0), (0.0, 3.0))
    half = of(**NOISY, walls=[[-1.0, math.inf], [-math.inf, math.inf]], wall="reflecting")
    assert rectangle(half, 0.5)[0][0] == -1.0
