"""Claims about CWENO5 and CWENO7: `kinetic.line.cweno`, `.stencils`, `.wide`, `.pieces`, `.high_order`."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

import kinetic
import validation
from kinetic import CWENO3, CWENO5, CWENO7, Explicit, Grid, Imex, LinearFlux, Problem, evolve, solve
from kinetic.line.stencils import derivative, squares, value
from kinetic.line.wide import averages_beyond, stiffness
from kinetic.schemes import named
from particles.base.errors import InputError
from particles.model import IDENTITY, MEAN_COUPLED, Model, Normal, Uniform, cases, exact_law
from validation.exact import limit_law

HALF = Fraction(1, 2)
WORDS = ("explicit5", "explicit7")


def l1_errors(model: Model, scheme: Any, ends: tuple[float, float], until: float, levels: tuple[int, ...]) -> Any:
    """L1 errors of the cell averages on grids of so many cells."""
    found = []
    for cells in levels:
        grid = Grid(*ends, cells=cells)
        averages = solve(model, grid, scheme, until=until).averages[-1]
        found.append(grid.h * np.abs(averages - grid.averages(limit_law(model, until))).sum())
    return np.array(found)


def orders(errors: Any) -> Any:
    return np.log2(errors[:-1] / errors[1:])


def test_stencils_are_those_that_are_known() -> None:
    """Fifth-order upwinding (2, -13, 47, 27, -3)/60 and the indicators' numbers of Jiang and Shu, and of Balsara."""
    assert [60 * x for x in value(-2, 2, HALF)] == [2, -13, 47, 27, -3]
    assert [12 * x for x in derivative(-1, 2, 1, HALF)] == [1, -15, 15, -1]
    assert squares(2)[0] == (1, Fraction(13, 3))
    assert squares(4)[0] == (1, Fraction(13, 3), Fraction(781, 20), Fraction(1421461, 2275))


@pytest.mark.parametrize(("scheme", "degree"), [(CWENO5(weights="linear"), 4), (CWENO7(weights="linear"), 6)])
def test_polynomials_are_reproduced_at_edges_and_one_degree_more_is_not(scheme: Any, degree: int) -> None:
    r = scheme.radius
    for power, exact in ((degree, True), (degree + 1, False)):
        ends = np.arange(-r, r + 2) - 0.5
        u = np.diff(ends ** (power + 1)) / (power + 1)
        low, high = scheme.edges(u, 0, 1.0)
        off = max(abs(low - (-0.5) ** power), abs(high - 0.5**power))
        assert (off < 1e-12) == exact


@pytest.mark.parametrize("scheme", [CWENO5(), CWENO7()])
def test_weights_of_smooth_data_are_the_linear_ones_and_a_step_has_those_of_its_side(scheme: Any) -> None:
    x = np.arange(2 * scheme.radius + 1.0)
    _, q, *rest = scheme.parts(np.sin(0.1 * x), 0, 1e-4)
    assert q == pytest.approx(1.0, abs=1e-6)
    assert rest == pytest.approx(np.zeros(len(rest)), abs=1e-6)
    step = np.where(x > scheme.radius, 1.0, 0.0)
    low, high = scheme.edges(step, 0, 1e-8)
    assert max(abs(low), abs(high)) < 1e-8
    linear = dataclasses.replace(scheme, weights="linear")
    assert abs(linear.edges(step, 0, 1e-8)[1]) > 0.3  # the control


def test_order_5_and_7_with_noise_and_third_order_is_the_control() -> None:
    model = Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=2.0, initial=Normal(0.5, 0.2))
    ends, levels = (-9.0, 9.0), (100, 200, 400)
    five, seven = (l1_errors(model, named(word), ends, 0.5, levels) for word in WORDS)
    assert orders(five) == pytest.approx([5.0, 5.0], abs=0.12)
    assert orders(seven) == pytest.approx([7.0, 7.0], abs=0.15)
    assert five[-1] < 2e-8
    assert seven[-1] < 1e-10
    assert orders(l1_errors(model, Explicit(), ends, 0.5, levels[:2])) == pytest.approx([3.0], abs=0.3)


def test_order_5_and_7_without_noise_also_in_w1() -> None:
    """W1 sees inside the cells: as a measure a cell is several parabolas."""
    case = cases["regression"]
    law = exact_law(case.model, 2.0)
    for word, wanted in zip(WORDS, (5.0, 7.0), strict=True):
        runs = [solve(case.model, Grid(-7.0, 9.0, cells=n), named(word), until=2.0) for n in (800, 1600)]
        by_w1 = np.array([validation.w1_to_law(run.at(2.0), law) for run in runs])
        assert orders(by_w1)[0] == pytest.approx(wanted, abs=0.15)
        assert all(abs(run.mass(2.0) - 1.0) < 1e-15 for run in runs)
        errors = [run.grid.h * np.abs(run.averages[-1] - run.grid.averages(law)).sum() for run in runs]
        assert orders(np.array(errors))[0] == pytest.approx(wanted, abs=0.5)


def test_masses_at_walls_are_those_of_the_law() -> None:
    case = cases["vehicles"]
    grid = Grid(*case.interval, cells=200)
    off = {}
    for word in ("explicit", *WORDS):
        record = solve(case.model, grid, named(word), until=case.until)
        off[word] = validation.w1_to_law(record.at(case.until), exact_law(case.model, case.until))
    assert off["explicit5"] < 1e-3 * off["explicit"]
    assert off["explicit7"] < 1e-12


def test_a_speed_that_hangs_on_the_mean_keeps_the_order() -> None:
    model = Model(drift=IDENTITY, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(1.0, 0.5))
    for word, wanted in zip(WORDS, (5.0, 7.0), strict=True):
        assert orders(l1_errors(model, named(word), (-5.0, 7.0), 1.0, (200, 400)))[0] == pytest.approx(wanted, abs=0.15)


@pytest.mark.long
def test_order_where_the_noise_grows_with_x_and_where_walls_hold_the_density() -> None:
    """Against 960 or 480 cells of order 7: order 5 throughout; order 7 is 6 where a wall with noise holds density."""
    growing = dataclasses.replace(cases["inverse-gamma"].model, initial=Normal(3.0, 0.05))
    walled = dataclasses.replace(cases["fokker-planck"].model, weight=-1.0, bias=0.0, initial=Normal(0.3, 0.02))
    rows = [(growing, (0.0, 9.0), 960, (120, 240, 480), 6.7), (walled, (-1.0, 2.0), 480, (60, 120, 240), 6.0)]
    for model, ends, finest, levels, most in rows:
        best = solve(model, Grid(*ends, cells=finest), named("explicit7"), until=0.5).averages[-1]
        for word, wanted in zip(WORDS, (4.8, most), strict=True):
            off = []
            for n in levels:
                run = solve(model, Grid(*ends, cells=n), named(word), until=0.5)
                off.append(run.grid.h * np.abs(run.averages[-1] - best.reshape(n, -1).mean(axis=1)).sum())
            assert orders(np.array(off)).min() > wanted


def square(reconstruction: Any, cfl: float, until: float = 1.0) -> Any:
    """Averages of a square of height 2 that was carried round a ring of 100 cells."""
    grid = Grid(0.0, 1.0, cells=100)
    problem = Problem(LinearFlux(np.ones(101)), "periodic")
    start = grid.averages(Uniform(0.25, 0.75))
    return evolve(problem, start, grid, Explicit(reconstruction, cfl=cfl), until=until).averages[-1]


def test_jumps_make_no_more_oscillation_than_those_of_third_order() -> None:
    def overshoot(reconstruction: Any, cfl: float) -> float:
        return float(square(reconstruction, cfl).max() / 2.0 - 1.0)

    third = overshoot(CWENO3(), 0.45)
    assert overshoot(CWENO5(), 0.9) < 0.3 * third
    assert overshoot(CWENO7(), 0.9) < 0.5 * third
    assert overshoot(CWENO5(weights="linear"), 0.9) > 5.0 * third  # the control


def test_positive_averages_stay_positive_and_free_ones_do_not() -> None:
    assert square(CWENO5(positive=True), 1.0 / 12.0, 0.25).min() > -1e-18
    assert square(CWENO5(), 1.0 / 12.0, 0.25).min() < -1e-4
    with pytest.raises(InputError, match=r"cfl = 0\.45 must be at most 1/12"):
        Explicit(CWENO5(positive=True))
    with pytest.raises(InputError, match=r"cfl = 0\.45 must be at most 1/20"):
        Explicit(CWENO7(positive=True))


@pytest.mark.parametrize("r", [2, 3])
def test_a_cubic_where_waves_enter_is_stable_and_the_full_degree_is_not(r: int) -> None:
    """Norm of exp(L t) of linear upwinding on 60 cells, which waves enter at the low end and leave at the high one."""
    cells, row = 60, [float(x) for x in value(-r, r, HALF)]

    def growth(degree: int) -> float:
        padded = np.zeros((cells + 2 * r, cells))
        padded[r : r + cells] = np.eye(cells)
        for ends, rows in ((padded, averages_beyond(r, degree)), (padded[::-1, ::-1], averages_beyond(r, 2 * r))):
            for k in range(r):
                ends[r - 1 - k, 0] = 1.0
                ends[r - 1 - k, 1 : 2 * r + 1] += rows[k]
                ends[r - 1 - k, : 2 * r] -= rows[k]
        faces = np.zeros((cells + 1, cells))
        for k, x in enumerate(row):
            faces[1:] += x * padded[k : k + cells]
        return float(np.linalg.norm(expm(10.0 * cells * (faces[:-1] - faces[1:])), 2))

    assert growth(3) < 1e-6
    assert growth(2 * r) > 100.0


def test_eigenvalues_of_diffusion_are_what_the_steps_take_them_for() -> None:
    """-h^2 d_xx of a sine of 2 theta a cell, theta = pi/2: twice the flux of (-1)^j."""
    for r, points in product((2, 3), (False, True)):
        found = stiffness(r, points)
        j = np.arange(-r, r + 2)
        cell = (-1.0) ** j
        if not points:
            flux = sum(float(x) * u for x, u in zip(derivative(-r, r + 1, 1, HALF), cell, strict=True))
        else:
            slopes = np.polyfit(
                j, cell * float(sum(x * (-1) ** k for k, x in enumerate(value(-r, r, Fraction(0))))), 2 * r + 1
            )
            flux = float(np.polyval(np.polyder(slopes), 0.5))
        assert found == pytest.approx(2.0 * abs(flux), rel=1e-9)


def test_a_measure_has_the_cells_masses_and_the_polynomials_values() -> None:
    """Periodic data: exp(sin(2 pi x)); between the ends of a piece off by (h/m)^3 at most."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    for scheme in (CWENO5(), CWENO7()):
        grid = Grid(0.0, 1.0, cells=40)
        x = grid.centres + 0.5 * grid.h * nodes[:, None]
        u = 0.5 * weights @ np.exp(np.sin(2.0 * math.pi * x))
        record = evolve(Problem(LinearFlux(np.ones(41)), "periodic"), u, grid, Explicit(scheme), until=0.0)
        measure = record.at(0.0)
        assert measure.faces.size == 40 * scheme.pieces + 1
        assert measure.cell_masses.reshape(40, -1).sum(axis=1) == pytest.approx(grid.h * u, rel=1e-14)
        p0, p1, p2 = measure.polynomials
        at_ends = np.exp(np.sin(2.0 * math.pi * measure.faces[:-1]))
        assert p0 - 0.5 * p1 + 0.25 * p2 == pytest.approx(at_ends, abs=5e-5 if scheme.order == 5 else 3e-6)


def test_a_record_comes_back_from_its_file_and_units_do_not_matter(tmp_path: Path) -> None:
    model = cases["regression"].model
    record = solve(model, Grid(-7.0, 9.0, cells=100), named("explicit5"), until=1.0)
    record.save(tmp_path / "five.nc")
    again = kinetic.load(tmp_path / "five.nc")
    assert again.scheme == named("explicit5")
    assert np.array_equal(again.at(1.0).polynomials, record.at(1.0).polynomials)
    problem = Problem.of(model, record.grid)
    twice = evolve(problem, 2.0 * record.averages[0], record.grid, named("explicit5"), until=1.0)
    assert np.array_equal(
        twice.averages[-1],
        2.0 * evolve(problem, record.averages[0], record.grid, named("explicit5"), until=1.0).averages[-1],
    )


def test_what_they_cannot_do_is_refused() -> None:
    with pytest.raises(InputError, match="reconstruction = CWENO5 for scheme imex: allowed is CWENO3 or Linear"):
        Imex(CWENO5())  # type: ignore[arg-type]
    plane = kinetic.Plane(Grid(-7.0, 9.0, cells=20), Grid(-8.0, 8.0, cells=20))
    with pytest.raises(InputError, match="CWENO7 for the plane: allowed"):
        solve(cases["regression-2d"].model, plane, Explicit(CWENO7()), until=1.0)
    with pytest.raises(InputError, match="cells = 9 must be at least 10 for CWENO5"):
        solve(cases["regression"].model, Grid(-7.0, 9.0, cells=9), Explicit(CWENO5()), until=1.0)
    with pytest.raises(InputError, match=r"cfl = 1.5 must lie in \(0, 1\]"):
        Explicit(CWENO5(), cfl=1.5)
    with pytest.raises(InputError, match=r"fourier = 0.9 must lie in \(0, 0.5470\]"):
        solve(cases["fokker-planck"].model, Grid(-9.0, 9.0, cells=40), Explicit(CWENO5(), fourier=0.9), until=1.0)
    with pytest.raises(InputError, match=r"eps = -1\.0 must be"):
        CWENO5(eps=-1.0)
    with pytest.raises(InputError, match="CWENO5 for derivatives of the equation: allowed is CWENO3 or Linear"):
        kinetic.tangent(cases["regression"].model, Grid(-7.0, 9.0, cells=40), Explicit(CWENO5()), until=1.0)
    with pytest.raises(InputError, match="CWENO5 for the adjoint equation: allowed is CWENO3 or Linear"):
        kinetic.gradient(
            cases["regression"].model,
            Grid(-7.0, 9.0, cells=40),
            Explicit(CWENO5()),
            loss=kinetic.Squares(Normal(1.0, 1.0)),
            until=1.0,
        )
