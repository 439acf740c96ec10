"""Claims about `limiter`: no negative averages at cfl 1/6, order and mass kept, what it does not promise."""

import math
from typing import Any

import numpy as np
import pytest

from kinetic import CWENO3, Diffusivity, Explicit, Grid, Linear, LinearFlux, Problem, evolve, solve
from kinetic.line.reconstruction import parabolas
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import cases

SIXTH = 1.0 / 6.0


def nodes(scheme: Any, u: Floats) -> Floats:
    """Values at s = -1/2, 0, 1/2 of every cell, shape (3, N)."""
    p0, p1, p2 = parabolas(scheme, u, 0.02, periodic=True)
    return np.array([p0 - 0.5 * p1 + 0.25 * p2, p0, p0 + 0.5 * p1 + 0.25 * p2])


def spikes() -> Floats:
    return np.where(np.random.default_rng(1).uniform(size=200) < 0.3, 1.0, 0.0) * np.linspace(0.5, 2.0, 200)


@pytest.mark.parametrize("scheme", [CWENO3(positive=True), CWENO3(weights="CW", positive=True), Linear(positive=True)])
def test_limited_parabolas_are_not_negative_at_the_nodes_and_keep_their_averages(scheme: Any) -> None:
    u = spikes()
    values = nodes(scheme, u)
    assert values.min() >= -1e-15
    np.testing.assert_allclose((values[0] + 4.0 * values[1] + values[2]) / 6.0, u, rtol=0.0, atol=1e-15)


def test_free_parabolas_are_negative_somewhere_and_positive_ones_are_left_alone() -> None:
    assert nodes(Linear(), spikes()).min() < -0.1
    assert nodes(CWENO3(), spikes()).min() < -0.01
    u = 1.5 + np.sin(0.3 * np.arange(200))
    assert np.array_equal(nodes(CWENO3(positive=True), u), nodes(CWENO3(), u))


def test_a_negative_average_is_kept_and_its_cell_is_constant() -> None:
    u = spikes() - 0.1
    empty = u < 0.0
    values = nodes(CWENO3(positive=True), u)
    np.testing.assert_array_equal(values[:, empty], np.tile(u[empty], (3, 1)))


def lowest_of_advection(scheme: Any, cfl: float) -> float:
    grid = Grid(0.0, 1.0, cells=200)
    record = evolve(Problem(LinearFlux(np.ones(201)), "periodic"), spikes(), grid, Explicit(scheme, cfl=cfl), until=0.5)
    assert abs(record.mass(0.5) - spikes().sum() * grid.h) < 1e-13
    return record.lowest


def test_averages_stay_positive_at_a_sixth_and_without_the_limiter_they_do_not() -> None:
    assert lowest_of_advection(Linear(positive=True), SIXTH) >= -1e-16
    assert lowest_of_advection(CWENO3(positive=True), SIXTH) >= -1e-16
    assert lowest_of_advection(Linear(), SIXTH) < -0.05
    assert lowest_of_advection(CWENO3(), SIXTH) < -1e-4


def test_walls_and_empty_cells_stay_positive() -> None:
    """The vehicles: everything leaves through the walls; and a vacuum beside all the mass."""
    record = solve(
        cases["vehicles"].model, Grid(2.0, 8.0, cells=100), Explicit(CWENO3(positive=True), cfl=SIXTH), until=3.0
    )
    assert record.lowest >= 0.0
    grid = Grid(-1.0, 1.0, cells=100)
    start = np.where(grid.centres < 0.0, 1.0, 0.0)
    flux = LinearFlux(np.sin(3.0 * grid.faces))
    record = evolve(Problem(flux, "wall"), start, grid, Explicit(CWENO3(positive=True), cfl=SIXTH), until=1.0)
    assert record.lowest >= -1e-16


def test_third_order_is_kept_where_the_solution_touches_zero() -> None:
    cells, errors = (40, 80, 160, 320), []
    for n in cells:
        grid = Grid(0.0, 1.0, cells=n)
        start = grid.averages_of(lambda x: np.sin(math.pi * x) ** 4, nodes=5)
        record = evolve(
            Problem(LinearFlux(np.ones(n + 1)), "periodic"),
            start,
            grid,
            Explicit(CWENO3(positive=True), cfl=SIXTH),
            until=1.0,
        )
        assert record.lowest >= 0.0
        errors.append(grid.h * np.abs(record.averages[-1] - start).sum())
    assert 2.7 <= -np.polyfit(np.log(cells), np.log(errors), 1)[0] <= 3.5
    assert errors[-1] < 1e-5


def test_diffusion_makes_an_empty_cell_negative_in_spite_of_it_and_the_record_says_so() -> None:
    """The stencil takes D dt/(12 h^2) of a full cell from the empty one two cells away."""
    grid = Grid(0.0, 1.0, cells=50)
    start = np.zeros(50)
    start[25] = 1.0 / grid.h
    record = evolve(
        Problem(LinearFlux(np.zeros(51)), "reflecting", diffusivity=Diffusivity(1.0)),
        start,
        grid,
        Explicit(CWENO3(positive=True), cfl=SIXTH),
        until=1e-6,
    )
    assert record.lowest == pytest.approx(-50.0 * 2500.0 * 1e-6 / 12.0, rel=0.05)
    assert abs(record.mass(1e-6) - 1.0) < 1e-14


def test_a_cfl_number_above_a_sixth_is_refused() -> None:
    for cfl in (0.45, 0.17):
        with pytest.raises(InputError, match="must be at most 1/6 where the reconstruction is positive"):
            evolve(
                Problem(LinearFlux(np.ones(11)), "periodic"),
                np.ones(10),
                Grid(0.0, 1.0, cells=10),
                Explicit(CWENO3(positive=True), cfl=cfl),
                until=1.0,
            )
