"""A model between the walls of a box is the equation with sticky or reflecting edges, and its particles agree."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kinetic import Grid, Plane, PlaneProblem, PlaneSolution, solve
from kinetic.plane.domain import cautions, rectangle
from particles import Euler, Milstein, simulate
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Model, Normal, Product, cases

BOX = cases["box-2d"].model
COUPLED = replace(BOX, weight=np.array([[1.0, 0.3], [-0.2, 0.8]]), bias=np.array([-6.5, -3.2]), scaled=False)
COUNT = 100_000


def plane(cells: int, walls: Any = ((2.0, 8.0), (2.0, 8.0))) -> Plane:
    return Plane(*(Grid(*pair, cells=cells) for pair in walls))


def nine(solution: PlaneSolution, t: float) -> Floats:
    """Masses inside, on the walls and in the corners."""
    edge = solution.edge(t)
    inside = solution.averages[-1].sum() * solution.grid.size
    return np.array([inside, *(edge[k].sum() for k in ("x_low", "x_high", "y_low", "y_high")), *edge["corners"]])


def shares(x: Floats) -> Floats:
    """The same of a cloud."""
    low, high = x == 2.0, x == 8.0
    free = ~low & ~high
    parts = [free[0] & free[1], low[0] & free[1], high[0] & free[1], free[0] & low[1], free[0] & high[1]]
    parts += [low[0] & low[1], high[0] & low[1], low[0] & high[1], high[0] & high[1]]
    return np.array([part.mean() for part in parts])


def cloud(model: Model, until: float = 2.0) -> Floats:
    """Particles after 400 Euler steps, or at the start."""
    return simulate(model, Euler(layers=400), count=COUNT, until=2.0, times=(until,), seed=7).states[-1]


def largest_z(share: Floats, mass: Floats) -> float:
    return float((np.abs(share - mass) / np.sqrt(mass * (1.0 - mass) / COUNT)).max())


def test_masses_of_the_case_are_the_exact_ones() -> None:
    """0.02987952 on each wall and 0.00101869 in each corner; of third order, so 1e-5 and 1e-6 at 120 cells."""
    solution = solve(BOX, plane(120), until=2.0)
    parts = nine(solution, 2.0)
    np.testing.assert_allclose(parts[1:5], 0.02987952, atol=2e-5)
    np.testing.assert_allclose(parts[5:], 0.00101869, atol=1e-6)
    assert parts.sum() == pytest.approx(1.0, abs=1e-13)


def test_particles_between_the_walls_of_a_coupled_model_fill_the_nine_parts_as_the_equation_does() -> None:
    """Nine masses of 1e5 particles within 3.5 errors: a false alarm of 4e-3. The control is the transposed weight."""
    share = shares(cloud(COUPLED))
    mass = nine(solve(COUPLED, plane(120), until=2.0), 2.0)
    assert largest_z(share, mass) < 3.5
    w = COUPLED.weights(0.0)[0].T
    other = replace(COUPLED, weight=w, bias=np.array([0.0, -0.2]) - w @ np.array([5.0, 5.0]))
    assert largest_z(share, nine(solve(other, plane(60), until=2.0), 2.0)) > 5.0


def test_where_the_field_turns_along_a_wall_what_stuck_stays_on_both_sides() -> None:
    """Nine masses within 3.5 errors; the control is particles that are clamped in every step, and leave again."""
    w = np.array([[1.0, 1.8], [-1.6, 0.8]])
    start = Product([Normal(5.0, 1.0)] * 2)
    model = replace(BOX, weight=w, bias=-w @ np.array([5.0, 5.0]), scaled=False, initial=start)
    solution = solve(model, plane(60), until=2.0)
    assert solution.release is not None
    mass, x = nine(solution, 2.0), cloud(model, 0.0)
    assert largest_z(shares(cloud(model)), mass) < 3.5
    for _ in range(400):
        x = np.clip(x + 0.005 * np.tanh(w @ (x - 5.0)), 2.0, 8.0)
    assert largest_z(shares(x), mass) > 30.0


def test_reflecting_walls_let_nothing_out_of_either_side() -> None:
    """Means and variances of a noisy coupled model between them: 40 000 particles within 4 errors of the equation."""
    model = replace(COUPLED, nu2=0.5, wall="reflecting")
    solution = solve(model, plane(48), until=1.0)
    assert not solution.atoms.any()
    snapshot = solution.snapshot(1.0)
    assert snapshot["mass"] == pytest.approx(1.0, abs=1e-13)
    x = simulate(model, Milstein(0.005), count=40_000, until=1.0, seed=7).states[-1]
    spread = math.sqrt(40_000.0)
    for k in (0, 1):
        off = x[k] - snapshot["mean"][k]
        assert abs(off.mean()) < 4.0 * off.std() / spread
        assert abs((off**2).mean() - snapshot["covariance"][k][k]) < 4.0 * (off**2).std() / spread
    still = replace(COUPLED, wall="reflecting")
    assert PlaneProblem.of(still, plane(8)).boundary == "reflecting"
    assert PlaneProblem.of(COUPLED, plane(8)).boundary == "wall"


def test_the_rectangle_of_a_box_is_the_box() -> None:
    assert rectangle(BOX, 2.0) == ((2.0, 8.0), (2.0, 8.0))
    noisy = replace(BOX, nu2=1.0, wall="reflecting")
    assert rectangle(noisy, 2.0) == ((2.0, 8.0), (2.0, 8.0))
    half = replace(BOX, wall="reflecting", walls=((2.0, math.inf), (-math.inf, 8.0)))
    (low, _), (_, high) = rectangle(half, 2.0)
    assert (low, high) == (2.0, 8.0)
    narrow = replace(BOX, initial=Product([Normal(6.5, 0.02), Normal(5.0, 0.0025)]))
    said = cautions(replace(narrow, bias=np.array([-3.5, -5.0])), plane(200), 2.0)
    assert said == ("in x: mass reaches the wall at 8 by t = 2, and stays there",)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (replace(BOX, walls=((2.0, 8.0), (2.0, 7.0))), r"in y: grid ends \(2.0, 8.0\) must be the model's walls"),
        (replace(BOX, walls=((1.0, 8.0), (2.0, 8.0))), r"in x: grid ends \(2.0, 8.0\) must be the model's walls"),
        (replace(BOX, nu2=1.0), "wall = 'sticky' with noise"),
    ],
)
def test_walls_that_the_plane_does_not_end_at_are_refused(model: Model, told: str) -> None:
    with pytest.raises(InputError, match=told):
        solve(model, plane(12), until=1.0)
