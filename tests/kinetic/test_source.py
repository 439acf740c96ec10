"""Claims about `kinetic.source`: exact growth, logistic reaction, a travelling wave; quadrature; bad input."""

import math
from typing import Any

import numpy as np
import pytest

from kinetic import Diffusivity, Explicit, Grid, LinearFlux, Problem, Source, evolve
from particles.base.arrays import Floats
from particles.base.errors import InputError, NotFiniteError

CELLS = (80, 160, 320, 640)


def linear(u: float) -> float:
    return u


def logistic(u: float) -> float:
    return u * (1.0 - u)


def quintic(u: float) -> float:
    return u * u * u * u * u


def wave(x: Floats) -> Floats:
    return 0.4 + 0.3 * np.sin(2.0 * np.pi * x)


def order(errors: Floats) -> float:
    return float(-np.polyfit(np.log(CELLS), np.log(errors), 1)[0])


def test_the_quadrature_is_exact_for_degree_five_of_straight_lines() -> None:
    """One step from u = x, no flux, S = u^5: u_j grows by dt times the average of x^5, to first order in dt."""
    grid = Grid(0.0, 1.0, cells=10)
    dt = 1e-6
    source = Source(quintic, 1.0, slope=0.45 / dt)
    start = grid.averages_of(lambda x: x)
    record = evolve(Problem(LinearFlux(np.zeros(11)), "wall", source=source), start, grid, until=dt)
    grown = (record.averages[-1] - start) / dt
    assert record.steps == 1
    np.testing.assert_allclose(grown, np.diff(grid.faces**6) / 6.0 / grid.h, rtol=0.0, atol=1e-5)


def advected(grown: Any, source: Source, *, averaged: bool) -> Floats:
    """L1 errors at T = 1/2 of u_t + u_x = k S(u) on a ring; along characteristics u solves u' = k S(u)."""
    errors = []
    for n in CELLS:
        grid = Grid(0.0, 1.0, cells=n)
        start = grid.averages_of(wave, nodes=5) if averaged else wave(grid.centres)
        record = evolve(Problem(LinearFlux(np.ones(n + 1)), "periodic", source=source), start, grid, until=0.5)
        exact = grid.averages_of(lambda x: grown(wave(x - 0.5)), nodes=5)
        errors.append(grid.h * np.abs(record.averages[-1] - exact).sum())
    return np.array(errors)


def test_growth_is_exponential_at_third_order() -> None:
    errors = advected(lambda u: math.exp(1.0) * u, Source(linear, 2.0, slope=1.0), averaged=True)
    assert 2.7 <= order(errors) <= 3.7
    assert errors[-1] < 2e-6


def test_a_logistic_reaction_is_third_order_and_point_values_as_averages_are_not() -> None:
    e = math.exp(3.0 * 0.5)
    source = Source(logistic, 3.0, slope=1.0)
    errors, control = (
        advected(lambda u: u * e / (1.0 - u + u * e), source, averaged=averaged) for averaged in (True, False)
    )
    assert 2.7 <= order(errors) <= 3.7
    assert errors[-1] < 2e-6
    assert order(control) < 2.3


def test_a_reaction_alone_is_bounded_by_its_slope_and_third_order_in_time() -> None:
    """A constant state has no error in space: u = 0.1 e^t/(0.9 + 0.1 e^t); dt = cfl/k."""
    grid = Grid(0.0, 1.0, cells=10)
    exact = 0.1 * math.exp(4.0) / (0.9 + 0.1 * math.exp(4.0))
    errors, steps = [], []
    for cfl in (0.8, 0.4, 0.2, 0.1):
        record = evolve(
            Problem(LinearFlux(np.zeros(11)), "reflecting", source=Source(logistic, 1.0, slope=1.0)),
            np.full(10, 0.1),
            grid,
            Explicit(cfl=cfl),
            until=4.0,
        )
        errors.append(np.abs(record.averages[-1] - exact).max())
        steps.append(record.steps)
    assert steps == [5, 10, 20, 40]
    assert 2.7 <= -np.polyfit(np.log(steps), np.log(errors), 1)[0] <= 3.3


def test_a_travelling_wave_of_diffusion_and_reaction_is_third_order() -> None:
    """u_t = u_xx + u (1 - u): u = (1 + e^(z/sqrt 6))^(-2), z = x - 5 t/sqrt 6 (Ablowitz, Zeppetella 1979)."""

    def exact(x: Floats, t: float) -> Floats:
        return np.asarray((1.0 + np.exp((x - 5.0 * t / math.sqrt(6.0)) / math.sqrt(6.0))) ** -2.0)

    errors = []
    for n in CELLS:
        grid = Grid(-50.0, 60.0, cells=n)
        record = evolve(
            Problem(
                LinearFlux(np.zeros(n + 1)),
                "reflecting",
                diffusivity=Diffusivity(1.0),
                source=Source(logistic, 1.0, slope=1.0),
            ),
            grid.averages_of(lambda x: exact(x, 0.0), nodes=5),
            grid,
            until=2.0,
        )
        final = grid.averages_of(lambda x: exact(x, 2.0), nodes=5)
        errors.append(grid.h * np.abs(record.averages[-1] - final).sum())
    assert order(np.array(errors)) >= 2.7  # about 4: nothing is advected
    assert errors[-1] < 5e-7


@pytest.mark.parametrize(
    ("rate", "slope", "named"), [(math.inf, 1.0, "rate = inf"), (1.0, -1.0, "slope = -1.0"), (1.0, math.nan, "slope")]
)
def test_a_bad_source_is_refused_by_name(rate: float, slope: float, named: str) -> None:
    with pytest.raises(InputError, match=named):
        Source(linear, rate, slope)


def test_a_source_that_blows_up_is_reported() -> None:
    """u' = u^5 from 2 explodes at t = 1/64."""
    grid = Grid(0.0, 1.0, cells=10)
    source = Source(quintic, 1.0, slope=1000.0)
    with pytest.raises(NotFiniteError, match=r"^cell 0 .* is (inf|nan) at t = 0.0"):
        evolve(Problem(LinearFlux(np.zeros(11)), "reflecting", source=source), np.full(10, 2.0), grid, until=1.0)
