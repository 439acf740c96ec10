"""Claims about `kinetic.solve`: what a run stores, refuses and reports."""

import re
from typing import Any

import numpy as np
import pytest

from kinetic import (
    ChangCooper,
    Explicit,
    Grid,
    Imex,
    LinearFlux,
    NonlinearFlux,
    Problem,
    evolve,
    solve,
)
from kinetic.schemes import SCHEMES
from particles.base.errors import InputError, NotFiniteError
from particles.base.shims import sqrt
from particles.model import IDENTITY, Model, Normal, cases

MODEL = cases["regression"].model
GRID = Grid(-7.0, 9.0, cells=100)


def test_snapshots_stand_at_exact_times() -> None:
    record = solve(MODEL, GRID, until=1.0, times=(0.7, 0.0, 0.1))
    assert record.times == (0.0, 0.1, 0.7, 1.0)
    assert np.array_equal(record.averages[0], GRID.averages(MODEL.initial))  # type: ignore[arg-type]
    alone = solve(MODEL, GRID, until=0.1)
    assert np.array_equal(record.averages[1], alone.averages[0])


def test_a_run_of_no_length_stores_the_start() -> None:
    record = solve(MODEL, GRID, until=0.0)
    assert (record.times, record.steps) == ((0.0,), 0)
    assert record.mass(0.0) == pytest.approx(1.0, abs=1e-15)


def test_a_second_run_gives_the_same_bits() -> None:
    assert np.array_equal(solve(MODEL, GRID, until=0.5).averages, solve(MODEL, GRID, until=0.5).averages)


def test_the_callers_averages_and_atoms_are_used() -> None:
    start = np.zeros(100)
    start[50] = 0.5 / GRID.h
    record = solve(MODEL, GRID, until=0.5, times=(0.0,), averages=start, atoms=(0.2, 0.3))
    assert np.array_equal(record.averages[0], start)
    assert np.array_equal(record.atoms[1], (0.2, 0.3))
    assert abs(record.mass(0.5) - 1.0) < 1e-13
    assert not solve(MODEL, GRID, until=0.5, averages=start).atoms.any()


def test_the_step_follows_the_cfl_number_and_the_speeds() -> None:
    flux = LinearFlux(np.full(101, 2.0))
    equal = evolve(Problem(flux, "periodic"), np.ones(100), GRID, Explicit(cfl=0.5), until=1.0)
    cut = evolve(Problem(flux, "periodic"), np.ones(100), GRID, Explicit(cfl=0.5, steps="cut"), until=1.01)
    assert (equal.steps, cut.steps) == (25, 26)  # dt = 0.5 * 0.16/2 = 0.04
    faster = LinearFlux(lambda t, mean: np.full(101, 2.0 if t < 0.5 else 8.0))
    adapted = evolve(Problem(faster, "periodic", breakpoints=(0.5,)), np.ones(100), GRID, Explicit(cfl=0.5), until=1.0)
    assert adapted.steps == 13 + 50


def test_progress_is_told_the_time_up_to_the_end() -> None:
    seen: list[float] = []
    solve(MODEL, Grid(-7.0, 9.0, cells=1000), until=2.0, progress=seen.append)
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == 2.0


def test_the_record_says_where_it_comes_from() -> None:
    record = solve(MODEL, GRID, Explicit(cfl=0.3), until=0.1)
    assert record.provenance["model"]["drift"] == "tanh"
    assert record.scheme == Explicit(cfl=0.3)
    assert "versions" in record.provenance


def test_the_first_cell_that_is_not_finite_is_named() -> None:
    def flux(u: float, x: float, t: float) -> float:
        return sqrt(u - 0.5)

    def speed(u: float, x: float, t: float) -> float:
        return 1.0

    start = np.ones(100)
    start[40:60] = 0.0
    with pytest.raises(NotFiniteError, match=r"^cell 3\d \(x = -[\d.]+\) is nan at t = 0.07"):
        evolve(Problem(NonlinearFlux(flux, speed), "periodic"), start, GRID, until=1.0)


def test_speeds_that_blow_up_in_time_end_the_run() -> None:
    flux = LinearFlux(lambda t, mean: np.full(101, 1.0 if t < 0.5 else 1e300))
    with pytest.raises(NotFiniteError, match=r"no longer advances t = 0.5"):
        evolve(Problem(flux, "periodic", breakpoints=(0.5,)), np.ones(100), GRID, until=1.0)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"until": -1.0}, "until = -1.0"),
        ({"until": float("nan")}, "until = nan"),
        ({"until": float("inf")}, "until = inf"),
        ({"times": (2.0,)}, "times: 2.0"),
        ({"times": (float("nan"),)}, "times: nan"),
        ({"averages": np.ones(99)}, r"\(99,\).*\(100,\)"),
        ({"averages": np.where(np.arange(100) == 7, np.nan, 1.0)}, r"averages\[7\] = nan"),
        ({"atoms": (0.0, float("inf"))}, "atoms"),
        ({"atoms": (0.0,)}, "atoms"),
    ],
)
def test_bad_input_is_refused_by_name(options: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        solve(MODEL, GRID, **{"until": 1.0, **options})


def test_an_unknown_boundary_is_refused() -> None:
    with pytest.raises(InputError, match="boundary = 'open' must be one of periodic, wall, outflow, reflecting"):
        evolve(Problem(LinearFlux(np.ones(101)), "open"), np.ones(100), GRID, until=1.0)  # type: ignore[arg-type]


def test_functions_keep_their_names_beside_modules_of_the_same_name() -> None:
    import kinetic.cautions
    import kinetic.solve

    assert callable(kinetic.solve)
    assert callable(kinetic.cautions)


def test_implicit_diffusion_solves_what_the_explicit_scheme_solves() -> None:
    """The same scheme in space by far longer steps, K = x; 1e-3 is the error of both on 240 cells."""
    case = cases["inverse-gamma"]
    grid = Grid(0.0, 12.0, cells=240)
    one, two = (solve(case.model, grid, until=1.0, scheme=scheme) for scheme in (Explicit(), Imex()))
    assert two.steps < one.steps / 30
    assert float(grid.h * np.abs(one.averages - two.averages).sum()) < 3e-4
    assert abs(two.mass(1.0) - 1.0) < 1e-13


def test_chang_cooper_solves_what_the_explicit_scheme_solves() -> None:
    """Second order against third: their distance falls by four from grid to grid."""
    case = cases["tanh-noise"]
    distances = []
    for cells in (150, 300, 600):
        grid = Grid(-14.0, 16.0, cells=cells)
        one, two = (solve(case.model, grid, until=1.0, scheme=scheme) for scheme in (Explicit(), ChangCooper()))
        assert two.lowest >= 0.0
        distances.append(float(grid.h * np.abs(one.averages - two.averages).sum()))
    rates = np.log2(np.array(distances[:-1]) / distances[1:])
    assert (rates > 1.8).all()
    assert distances[-1] < 3e-4


def test_chang_cooper_ends_a_run_at_rest() -> None:
    model = cases["fokker-planck"].model
    grid = Grid(-8.0, 8.0, cells=200)
    record = solve(model, grid, until=100.0, scheme=ChangCooper("implicit-euler"), residual=1e-10)
    assert record.stopped
    assert 15.0 < record.times[-1] < 40.0  # e^(-t) to 1e-10
    np.testing.assert_allclose(record.averages[-1], Normal(0.0, 1.0).pdf(grid.centres), atol=1e-9)


def test_given_atoms_stay_with_every_scheme() -> None:
    case = cases["tanh-noise"]
    grid = Grid(-14.0, 16.0, cells=100)
    averages = 0.8 * grid.averages(case.model.initial)
    for scheme in (row for row in SCHEMES.values() if row.on_line):
        record = solve(case.model, grid, until=0.1, scheme=scheme, averages=averages, atoms=(0.15, 0.05))
        assert record.atoms[-1].tolist() == [0.15, 0.05]
        assert record.mass(0.1) == pytest.approx(1.0, abs=1e-13)


def test_without_a_drift_chang_cooper_still_takes_steps_that_follow_what_spreads() -> None:
    """Pure diffusion of N(0, 1/2) to N(0, 3/2): second order in the number of cells."""
    model = Model(drift=IDENTITY, weight=0.0, bias=0.0, nu2=1.0, initial=Normal(0.0, 0.5))
    errors = []
    for cells in (50, 100, 200, 400):
        grid = Grid(-9.0, 9.0, cells=cells)
        record = solve(model, grid, ChangCooper(), until=1.0)
        errors.append(float(grid.h * np.abs(record.averages[-1] - grid.averages(Normal(0.0, 1.5))).sum()))
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (rates > 1.6).all(), rates
    assert errors[-1] < 1e-3


def test_functions_of_time_do_not_come_to_rest() -> None:
    model = Model(drift=IDENTITY, weight=-1.0, bias=lambda t: 0.0 * t, nu2=1.0, initial=Normal(0.0, 0.5))
    with pytest.raises(InputError, match="functions of time never come to rest"):
        solve(model, Grid(-5.0, 6.0, cells=50), until=1.0, residual=1e-3)


def test_what_is_no_model_no_grid_or_no_problem_is_refused() -> None:
    model, grid = cases["regression"].model, Grid(-7.0, 9.0, cells=50)
    for wrong, said in (
        (lambda: solve("regression", grid, until=1.0), "model = 'regression' must be a Model"),
        (lambda: solve(model, (-7.0, 9.0), until=1.0), "grid = (-7.0, 9.0) must be a Grid"),
        (lambda: evolve(model, np.zeros(50), grid, until=1.0), "must be a Problem"),
    ):
        with pytest.raises(InputError, match=re.escape(said)):
            wrong()
