"""Walls as a box in R^d: what reaches a sticky wall stays and moves along it, a reflecting one mirrors what crosses."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from particles import Collisions, Euler, ExactFlow, Milstein, carry, simulate
from particles.base.errors import InputError
from particles.base.shims import fma
from particles.cautions import cautions
from particles.model import (
    IDENTITY,
    MEAN_COUPLED,
    Clipped,
    Model,
    MultivariateNormal,
    Normal,
    Product,
    Samples,
    SpaceLaw,
    cases,
    exact_law,
    load_case,
)
from particles.model.identity import differences, identity
from particles.schemes.scheme import largest_drift, wall_of

BOX = cases["box-2d"].model
COUPLED = replace(
    BOX, weight=np.array([[1.0, 0.3], [-0.2, 0.8]]), bias=np.array([-6.5, -3.2]), scaled=False,
    walls=((2.0, 8.0), (3.0, 8.5)),
)  # fmt: skip
NOISY = replace(
    BOX, weight=np.diag([2.0, -1.0]), bias=np.array([-5.0, 3.0]), nu2=0.5, wall="reflecting",
    walls=((2.0, 8.0), (3.0, 7.0)),
)  # fmt: skip


def test_sticky_sweep_is_the_formula_component_by_component() -> None:
    """The controls: particles clamped at the end alone, and at each step without being held.

    The normal speed changes its sign along every wall.
    """
    x = np.random.default_rng(2).uniform(2.0, 8.0, (2, 300))
    x[:, :3] = [[2.0, 8.0, 5.0], [5.0, 8.5, 3.0]]  # along the walls, and in a corner
    turning = replace(COUPLED, weight=np.array([[1.0, 1.8], [-1.6, 0.8]]), bias=np.array([-14.0, 4.0]))
    low, high = (np.array(COUPLED.box).T)[:, :, None]
    w, b = turning.weights(0.0)[0], np.array([-14.0, 4.0])
    expected, clamped = x.clip(low, high), x.clip(low, high)
    for _ in range(40):
        moved = expected + 0.05 * np.tanh(w @ expected + b[:, None])
        expected = np.where((expected <= low) | (expected >= high), expected, moved.clip(low, high))
        clamped = (clamped + 0.05 * np.tanh(w @ clamped + b[:, None])).clip(low, high)
    found = carry(turning, Euler(dt=0.05), x, 2.0)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found[0, 0] == 2.0
    assert found[1, 0] != 5.0
    assert found[:, 1].tolist() == [8.0, 8.5]
    assert np.abs(clamped - expected).max() > 0.1
    free = carry(replace(turning, walls=None), Euler(dt=0.05), x.clip(low, high), 2.0).clip(low, high)
    assert np.abs(free - expected).max() > 0.1


@pytest.mark.parametrize(
    ("model", "scheme"),
    [
        (BOX, Euler(layers=50)), (BOX, ExactFlow()), (replace(BOX, drift=IDENTITY), ExactFlow()),
        (NOISY, Milstein(0.02)), (NOISY, Collisions(0.04)), (NOISY, Collisions(0.04, "nanbu")),
    ],
    ids=lambda value: repr(value) if hasattr(value, "order") else "",
)  # fmt: skip
def test_first_component_of_a_diagonal_model_is_the_run_on_the_line(model: Model, scheme: Any) -> None:
    """To the last bit: the same draws, the same formula, the same wall."""
    assert isinstance(model.initial, Product)
    line = replace(
        model, weight=model.weight_at(0.0), bias=float(model.bias if np.isscalar(model.bias) else model.bias[0]),
        initial=model.initial.components[0], walls=model.walls[0], scaled=False,
    )  # fmt: skip
    whole, alone = (simulate(m, scheme, count=3000, until=2.0, seed=5).states[-1] for m in (model, line))
    np.testing.assert_array_equal(whole[0], alone[0])
    if model.wall == "sticky":
        assert ((whole == 2.0) | (whole == 8.0)).mean() > 0.02
    else:
        assert whole[0].min() >= 2.0
        assert whole[0].max() <= 8.0
        assert whole[1].min() >= 3.0
        assert whole[1].max() <= 7.0


def test_masses_of_a_product_on_walls_and_in_corners_are_the_exact_ones() -> None:
    """0.02987952 on each wall, 0.00101869 in each corner; 8 numbers of 4e5 particles within 3.5 errors: 4e-3."""
    law = exact_law(BOX, 2.0)
    assert isinstance(law, Product)
    m = float(law.components[0].cdf(np.array(2.0)))
    assert m * (1.0 - 2.0 * m) == pytest.approx(0.02987952, abs=5e-9)
    assert m * m == pytest.approx(0.00101869, abs=5e-9)
    x = simulate(BOX, ExactFlow(), count=400_000, until=2.0, seed=1).states[-1]
    at = [(x[k] == end, (x[1 - k] > 2.0) & (x[1 - k] < 8.0)) for k in (0, 1) for end in (2.0, 8.0)]
    corners = [(x[0] == a) & (x[1] == b) for a in (2.0, 8.0) for b in (2.0, 8.0)]
    for parts, mass in (([wall & free for wall, free in at], m * (1.0 - 2.0 * m)), (corners, m * m)):
        for part in parts:
            assert abs(part.mean() - mass) < 3.5 * math.sqrt(mass / x.shape[1])


def test_reflecting_box_comes_to_the_uniform_law_without_a_drift() -> None:
    """Means and variances of 20 000 particles within 4 errors of those of the uniform law on each side."""
    model = replace(NOISY, weight=0.0, bias=0.0, walls=((4.0, 6.0), (4.5, 5.5)))
    x = simulate(model, Milstein(0.01), count=20_000, until=5.0, seed=2).states[-1]
    for row, side in zip(x, (2.0, 1.0), strict=True):
        assert abs(row.mean() - 5.0) < 4.0 * side / math.sqrt(12.0 * row.size)
        assert abs(row.var() - side**2 / 12.0) < 4.0 * side**2 / math.sqrt(180.0 * row.size)


def test_start_outside_the_box_is_put_at_its_walls() -> None:
    model = replace(BOX, initial=Product([Normal(2.0, 1.0), Normal(5.0, 0.3)]))
    assert isinstance(model.start, Product)
    assert isinstance(model.start.components[0], Clipped)
    x = simulate(model, ExactFlow(), count=1000, until=1.0, times=(0.0,), seed=2).states[0]
    assert 400 < (x[0] == 2.0).sum() < 600
    given = Samples(np.array([[0.0, 5.0], [9.0, 4.0]]))
    assert given.state(model, range(2)).tolist() == [[2.0, 5.0], [8.0, 4.0]]
    law = exact_law(model, 0.0)
    assert isinstance(law, SpaceLaw)


def test_box_is_in_the_record_and_tells_models_apart() -> None:
    told = replace(NOISY, walls=((2.0, 8.0), (3.0, math.inf))).describe()
    assert told["walls"] == {"kind": "reflecting", "at": [["2.0", "8.0"], ["3.0", "inf"]]}
    json.dumps(told, allow_nan=False)
    assert identity(BOX)["walls"] == identity(replace(BOX, walls=[[2, 8], [2.0, 8.0]]))["walls"]
    other = replace(BOX, walls=((2.0, 8.0), (2.0, np.nextafter(8.0, 9.0))))
    assert differences(BOX.describe(), other.describe()) == (["walls"], [])


def test_box_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "box.toml"
    text = """
[model]
drift = "tanh"
weight = 2.0
bias = -5.0
walls = [[2.0, 8.0], [2, 8]]
[model.initial]
law = "product"
components = [{law = "normal", m = 5.0, v = 0.36}, {law = "normal", m = 5.0, v = 0.36}]
[run]
until = 2.0
"""
    path.write_text(text)
    assert identity(load_case(str(path)).model) == identity(BOX)
    path.write_text(text.replace("[[2.0, 8.0], [2, 8]]", "[2.0, 8.0]"))
    with pytest.raises(InputError, match="must be 2 pairs of increasing numbers"):
        load_case(str(path))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: replace(BOX, walls=(2.0, 8.0)), "must be 2 pairs of increasing numbers, one a feature"),
        (lambda: replace(BOX, walls=((2.0, 8.0),) * 3), "must be 2 pairs"),
        (lambda: replace(BOX, walls=((2.0, 8.0), (8.0, 2.0))), r"\(8.0, 2.0\) must be two increasing"),
        (lambda: replace(BOX, walls=((2.0, 8.0), (2.0, 4.0, 8.0))), "must be two increasing"),
        (lambda: replace(BOX, walls=((2.0, 8.0), (2.0, math.inf))), "must be finite where they are sticky"),
        (lambda: replace(BOX, walls=((2.0, 8.0), (math.nan, 8.0))), "walls = nan"),
        (lambda: replace(BOX, neurons=2), "one neuron a feature, not 2"),
        (lambda: replace(BOX, initial=MultivariateNormal(np.zeros(2), np.eye(2))), "need a product law"),
        (lambda: ExactFlow().levels(COUPLED, 1.0, ()), "no exact flow for a full weight"),
        (lambda: ExactFlow().levels(replace(COUPLED, drift=IDENTITY), 1.0, ()), "the identity between walls"),
        (lambda: BOX.ends, "no ends of the line"),
    ],
)
def test_a_box_that_does_not_fit_is_refused_in_a_sentence(make: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        make()


def test_laws_between_walls_are_known_where_components_are() -> None:
    assert isinstance(exact_law(replace(BOX, drift=IDENTITY), 1.0), Product)
    assert exact_law(COUPLED, 1.0) is None
    assert exact_law(replace(BOX, drift=IDENTITY, bias=MEAN_COUPLED), 1.0) is None


def test_bounds_of_a_step_and_cautions_know_the_box() -> None:
    bounded = replace(COUPLED, nu2=0.5, wall="reflecting")
    weights, bias = np.array([[[1.0, -2.0], [0.5, 0.5]]]), np.array([[0.5, -1.0]])
    largest = largest_drift(bounded, weights, bias)
    x = np.random.default_rng(1).uniform(2.0, 8.5, (2, 2000)).clip(*np.array(bounded.box).T[:, :, None])
    assert np.abs(np.tanh(weights[0] @ x + bias[0][:, None])).max() <= largest
    assert [wall_of(bounded, step)[0].__name__ for step in (5.4, 5.6)] == ["reflecting", "folding"]
    half = replace(NOISY, walls=((2.0, 8.0), (3.0, math.inf)))
    assert largest_drift(half, weights, bias) == math.inf
    wall, low, high = wall_of(half)  # a long step is folded between two walls, and mirrored at one
    assert wall(5.0, 15.0, low[0], high[0]) == 3.0
    assert wall(5.0, 1.0, low[1], high[1]) == 5.0
    assert wall(5.0, 1e6, low[1], high[1]) == 1e6
    scheme = Milstein(0.5)
    narrow = replace(bounded, walls=((2.0, 8.0), (3.0, 3.1)), nu2=2.0)
    (told,) = [s for s in cautions(narrow, scheme, scheme.levels(narrow, 1.0, ())) if "kick" in s]
    assert "distance of the walls (0.1)" in told


def test_fused_products_make_the_walls_exact() -> None:
    """A particle one ulp inside moves on; one at the wall does not, though its drift points inwards."""
    inwards = replace(COUPLED, weight=np.diag([-1.0, -1.0]), bias=np.array([5.0, 5.0]))
    x = np.array([[2.0, np.nextafter(2.0, 3.0)], [5.0, 5.0]])
    found = carry(inwards, Euler(dt=0.1), x, 0.1)
    assert found[0, 0] == 2.0
    u = fma(-1.0, x[0, 1], 5.0)
    assert found[0, 1] == pytest.approx(fma(0.1, math.tanh(u), x[0, 1]), rel=1e-15)
