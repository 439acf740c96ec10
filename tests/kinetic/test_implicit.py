"""Claims about `kinetic.line.implicit`."""

import numpy as np
import pytest

from kinetic import Grid
from kinetic.line.implicit import (
    PAD,
    diffusive,
    empty_system,
    end_values,
    face_coefficients,
    join,
    prepare,
    solve_stage,
)
from particles.base.arrays import Floats


def fluxes(diffusion: Floats | float, grid: Grid, averages: Floats, *, ring: bool = False) -> Floats:
    padded = np.pad(averages, PAD)
    if ring:
        join(padded)
    out = np.empty(grid.cells + 1)
    diffusive(face_coefficients(np.asarray(diffusion), grid, ring=ring), padded, out)
    return out


def matrix(diffusion: Floats | float, grid: Grid, *, ring: bool = False) -> Floats:
    """L, one column a unit vector."""
    columns = [fluxes(diffusion, grid, unit, ring=ring) for unit in np.eye(grid.cells)]
    return np.array([(g[:-1] - g[1:]) / grid.h for g in columns]).T


@pytest.mark.parametrize(
    ("varying", "power"), [(False, 1), (False, 2), (False, 3), (False, 4), (True, 1), (True, 2), (True, 3)]
)
def test_the_flux_of_a_power_is_exact_inside_and_of_a_parabola_at_the_ends_too(varying: bool, power: int) -> None:
    """Constant D = 0.7 by both formulas; the second is exact to degree 3, as the centre values of parabolas are."""
    grid = Grid(-1.0, 2.0, cells=12)
    averages = np.diff(grid.faces ** (power + 1)) / ((power + 1) * grid.h)
    wanted = -0.7 * power * grid.faces ** (power - 1)
    found = fluxes(np.full(12, 0.7) if varying else 0.7, grid, averages)
    near = 1 if power <= 2 else 3
    assert not found[[0, -1]].any()
    np.testing.assert_allclose(found[near:-near], wanted[near:-near], rtol=0.0, atol=1e-12)


def test_a_varying_coefficient_is_inside_the_derivative() -> None:
    """D = 1 + x, g = x^2: q = x^2 + x^3, G = -(2 x + 3 x^2) to rounding inside; order 2 in the face next to an end."""
    grid = Grid(0.0, 1.0, cells=20)
    found = fluxes(1.0 + grid.centres, grid, np.diff(grid.faces**3) / (3.0 * grid.h))
    wanted = -(2.0 * grid.faces + 3.0 * grid.faces**2)
    np.testing.assert_allclose(found[2:-2], wanted[2:-2], rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(found[[1, -2]], wanted[[1, -2]], rtol=0.0, atol=grid.h**2)


@pytest.mark.parametrize("ring", [False, True])
@pytest.mark.parametrize("varying", [False, True])
def test_mass_is_neither_made_nor_lost_by_the_matrix(varying: bool, ring: bool) -> None:
    grid = Grid(0.0, 1.0, cells=9)
    operator = matrix(1.0 + grid.centres**2 if varying else 2.0, grid, ring=ring)
    assert np.abs(operator.sum(axis=0)).max() < 1e-14 * np.abs(operator).max()


def test_inside_the_matrix_is_the_stencil_of_the_second_derivative() -> None:
    grid = Grid(0.0, 1.0, cells=9)
    row = matrix(1.0, grid)[4] * 12.0 * grid.h**2
    np.testing.assert_allclose(row, (0.0, 0.0, -1.0, 16.0, -30.0, 16.0, -1.0, 0.0, 0.0), rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("cells", [4, 5, 12])
@pytest.mark.parametrize("varying", [False, True])
def test_a_stage_with_speeds_at_the_ends_solves_the_full_matrix(cells: int, varying: bool) -> None:
    grid, tau, low, high = Grid(0.0, 1.0, cells=cells), 0.3, -0.4, 0.7
    diffusion = np.asarray(1.0 + grid.centres**2 if varying else 2.0)
    ends = np.array([end_values(unit) for unit in np.eye(cells)]).T
    full = np.eye(cells) - tau * grid.h * matrix(diffusion, grid)
    full[0] += tau * low * ends[0]
    full[-1] -= tau * high * ends[1]
    system = empty_system(cells)
    prepare()(face_coefficients(diffusion, grid, ring=False), system, False, tau)
    right = np.random.default_rng(cells).normal(size=cells)
    x = right.copy()
    solve_stage(system, False, -tau * low, tau * high, x)
    np.testing.assert_allclose(x, np.linalg.solve(full, right), rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("varying", [False, True])
def test_a_stage_on_a_ring_solves_the_full_matrix(varying: bool) -> None:
    grid, tau = Grid(0.0, 1.0, cells=11), 0.3
    diffusion = np.asarray(1.5 + np.sin(2.0 * np.pi * grid.centres) if varying else 2.0)
    system = empty_system(11)
    prepare()(face_coefficients(diffusion, grid, ring=True), system, True, tau)
    right = np.random.default_rng(11).normal(size=11)
    x = right.copy()
    solve_stage(system, True, 0.0, 0.0, x)
    wanted = np.linalg.solve(np.eye(11) - tau * grid.h * matrix(diffusion, grid, ring=True), right)
    np.testing.assert_allclose(x, wanted, rtol=0.0, atol=1e-13)


def test_the_end_value_is_that_of_a_parabola() -> None:
    grid = Grid(-1.0, 2.0, cells=6)
    assert end_values(np.diff(grid.faces**3) / (3.0 * grid.h)) == pytest.approx((1.0, 4.0), abs=1e-14)
