"""Claims about `kinetic.flux`: Burgers' equation, and a flux as a value."""

import numpy as np
import pytest

from kinetic import CWENO3, CWENO5, Explicit, Grid, LinearFlux, NonlinearFlux, Problem, evolve
from particles.base.arrays import Floats
from particles.base.errors import InputError, NotFiniteError


def burgers(u: float, x: float, t: float) -> float:
    return 0.5 * u * u


def burgers_speed(u: float, x: float, t: float) -> float:
    return abs(u)


def wave(x: Floats) -> Floats:
    return 0.25 + 0.5 * np.sin(np.pi * x)


def exact_wave(x: Floats, t: float) -> Floats:
    """Characteristics x = y + wave(y) t, by Newton; smooth before t = 2/pi."""
    y = np.array(x)
    for _ in range(60):
        y = y - (y + wave(y) * t - x) / (1.0 + 0.5 * np.pi * np.cos(np.pi * y) * t)
    assert np.abs(y + wave(y) * t - x).max() < 1e-14
    return wave(y)


def burgers_errors(cells: list[int], *, averaged: bool) -> Floats:
    errors = []
    for n in cells:
        grid = Grid(-1.0, 1.0, cells=n)
        start = grid.averages_of(wave) if averaged else wave(grid.centres)
        record = evolve(Problem(NonlinearFlux(burgers, burgers_speed), "periodic"), start, grid, until=0.3)
        exact = grid.averages_of(lambda x: exact_wave(x, 0.3), nodes=5)
        errors.append(grid.h * np.abs(record.averages[-1] - exact).sum())
    return np.array(errors)


def test_smooth_burgers_is_third_order_and_point_values_as_averages_are_not() -> None:
    cells = [80, 160, 320, 640]
    errors, control = burgers_errors(cells, averaged=True), burgers_errors(cells, averaged=False)
    assert 2.8 <= -np.polyfit(np.log(cells), np.log(errors), 1)[0] <= 3.2
    assert errors[-1] < 2e-7
    assert -np.polyfit(np.log(cells), np.log(control), 1)[0] < 2.3


def test_a_burgers_shock_runs_at_half_the_jump_and_its_mass_is_accounted_for() -> None:
    """u = 1 | 0 from x = -1/4: the shock stands at t/2 - 1/4; 1/2 t flows in at the left end."""
    grid = Grid(-1.0, 1.0, cells=400)
    start = np.where(grid.centres < -0.25, 1.0, 0.0)
    record = evolve(Problem(NonlinearFlux(burgers, burgers_speed), "outflow"), start, grid, until=1.0)
    exact = np.clip((0.25 - grid.faces[:-1]) / grid.h, 0.0, 1.0)
    assert np.abs(record.averages[-1] - exact).sum() * grid.h < 2.0 * grid.h
    assert record.averages[-1].max() < 1.01
    np.testing.assert_allclose(record.atoms[-1], (-0.5, 0.0), atol=1e-13)
    assert abs(record.mass(1.0) - 0.75) < 1e-13


def test_burgers_outflow_lets_a_shock_leave() -> None:
    grid = Grid(-1.0, 1.0, cells=200)
    start = np.where(grid.centres < 0.5, 1.0, 0.0)
    record = evolve(Problem(NonlinearFlux(burgers, burgers_speed), "outflow"), start, grid, until=3.0)
    assert np.abs(record.averages[-1] - 1.0)[:-2].max() < 1e-6
    assert abs(record.mass(3.0) - 1.5) < 1e-13


def test_a_compiled_linear_f_gives_what_the_speeds_as_data_give() -> None:
    def flux(u: float, x: float, t: float) -> float:
        return (2.0 - x) * u

    def speed(u: float, x: float, t: float) -> float:
        return abs(2.0 - x)

    grid = Grid(0.0, 1.0, cells=50)
    start = grid.averages_of(lambda x: np.exp(-50.0 * (x - 0.4) ** 2))
    linear = evolve(Problem(LinearFlux(2.0 - grid.faces), "wall"), start, grid, until=0.2)
    compiled = evolve(Problem(NonlinearFlux(flux, speed), "wall"), start, grid, until=0.2)
    np.testing.assert_allclose(compiled.averages, linear.averages, rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(compiled.atoms, linear.atoms, rtol=0.0, atol=1e-14)


def test_what_flows_out_is_kept_as_an_atom_and_nothing_flows_in() -> None:
    grid = Grid(0.0, 1.0, cells=100)
    record = evolve(Problem(LinearFlux(np.ones(101)), "wall"), np.ones(100), grid, until=0.5, times=(0.25,))
    np.testing.assert_allclose(record.atoms[:, 1], (0.25, 0.5), atol=1e-6)
    assert not record.atoms[:, 0].any()
    assert np.abs(record.averages[-1][:40]).max() < 0.01
    assert [abs(record.mass(t) - 1.0) < 1e-13 for t in record.times] == [True, True]


def test_a_flux_that_moves_nothing_takes_one_step() -> None:
    grid = Grid(0.0, 1.0, cells=10)
    record = evolve(Problem(LinearFlux(np.zeros(11)), "wall"), np.ones(10), grid, until=7.0)
    assert record.steps == 1
    assert np.array_equal(record.averages[-1], np.ones(10))


def test_speeds_that_do_not_fit_are_refused() -> None:
    grid = Grid(0.0, 1.0, cells=10)
    with pytest.raises(InputError, match=r"\(10,\).*\(11,\)"):
        evolve(Problem(LinearFlux(np.ones(10)), "wall"), np.ones(10), grid, until=1.0)
    with pytest.raises(NotFiniteError, match=r"face 3 \(x = 0.3\) at t = 0"):
        evolve(Problem(LinearFlux(np.where(np.arange(11) == 3, np.nan, 1.0)), "wall"), np.ones(10), grid, until=1.0)


@pytest.mark.parametrize("used", [CWENO3(), CWENO5()])
def test_constant_speeds_are_looked_at_once_a_run_and_anew_in_the_next(used: CWENO3 | CWENO5) -> None:
    grid, looks = Grid(0.0, 1.0, cells=40), []

    class Watched(LinearFlux):
        def data(self, grid: Grid, t: float, mean: float | None) -> Floats:
            looks.append(t)
            return super().data(grid, t, mean)

    speeds = np.ones(41)
    problem, start = Problem(Watched(speeds), "periodic"), grid.averages_of(lambda x: np.sin(2.0 * np.pi * x))
    slow = evolve(problem, start, grid, Explicit(used), until=1.0, times=[0.5])
    assert looks == [0.0]
    speeds *= 4.0
    fast = evolve(problem, start, grid, Explicit(used), until=0.25, times=[0.125])
    assert looks == [0.0, 0.0]
    assert fast.steps == slow.steps
    np.testing.assert_allclose(fast.averages, slow.averages, atol=1e-13)


def test_a_speed_bound_that_is_not_finite_is_reported() -> None:
    def speed(u: float, x: float, t: float) -> float:
        return 1.0 / x

    with pytest.raises(NotFiniteError, match="speed bound of the flux is inf"):
        evolve(Problem(NonlinearFlux(burgers, speed), "wall"), np.ones(10), Grid(0.0, 1.0, cells=10), until=1.0)


def test_the_parameter_sets_all_solve_burgers() -> None:
    grid = Grid(-1.0, 1.0, cells=160)
    exact = grid.averages_of(lambda x: exact_wave(x, 0.3), nodes=5)
    for scheme in (CWENO3(c0=0.5), CWENO3(weights="CW"), CWENO3(eps="h"), CWENO3(eps=1e-6, p=1)):
        flux = NonlinearFlux(burgers, burgers_speed)
        record = evolve(Problem(flux, "periodic"), grid.averages_of(wave), grid, Explicit(scheme, cfl=0.3), until=0.3)
        assert grid.h * np.abs(record.averages[-1] - exact).sum() < 2e-3
