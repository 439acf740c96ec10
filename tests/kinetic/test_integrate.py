"""Claims about `integrate`: the tableau, the step size, and the scheme's digits on linear advection (T1)."""

import platform
from typing import Any

import numpy as np
import pytest

from kinetic import CWENO3, Diffusivity, Explicit, Grid, Linear, LinearFlux, Problem, evolve
from kinetic.line.integrate import Integrator
from kinetic.line.tableau import SSPRK3, ShuOsher
from kinetic.loop import plan
from particles.base.arrays import Floats
from tests.assembly import assembly

# L1/Linf of u_t + u_x = 0, u0 = sin(2 pi x), periodic on [-1/2, 1/2], T = 1, dt = 0.45 h with the last step cut,
# averages by two Gauss nodes: computed by the code of Semplice and Visconti (claw1dArena), and by a second one
CELLS = (20, 40, 80, 160, 320, 640)
TABLE: dict[str, tuple[Any, str]] = {
    "CW, eps = h^2": (
        CWENO3(weights="CW", eps="h^2"),
        "6.257402e-2/1.376405e-1 1.266743e-2/3.619736e-2 1.553245e-3/7.415515e-3 "
        "1.867629e-4/1.323147e-3 2.235197e-5/2.081976e-4 2.704028e-6/2.888122e-5",
    ),
    "CW, eps = h": (
        CWENO3(weights="CW", eps="h"),
        "1.538664e-2/3.940202e-2 1.534299e-3/4.626194e-3 1.690011e-4/4.485553e-4 "
        "2.110312e-5/4.485072e-5 2.638131e-6/4.877108e-6 3.297765e-7/5.638502e-7",
    ),
    "CW, eps = 1e-6": (
        CWENO3(weights="CW", eps=1e-6),
        "8.721627e-2/1.893698e-1 3.068408e-2/7.691060e-2 6.867799e-3/2.791113e-2 "
        "9.490173e-4/6.904817e-3 7.383782e-5/9.419612e-4 4.479067e-6/6.397969e-5",
    ),
    "CWZ, eps = h^2": (
        CWENO3(p=1, eps="h^2"),
        "1.756485e-2/5.079250e-2 1.921800e-3/8.662044e-3 1.990019e-4/1.111660e-3 "
        "2.112203e-5/1.037555e-4 2.638076e-6/8.200225e-6 3.297757e-7/6.860415e-7",
    ),
    "linear": (
        Linear(),
        "1.054313e-2/1.658744e-2 1.343801e-3/2.111713e-3 1.686406e-4/2.649275e-4 "
        "2.109930e-5/3.314356e-5 2.638076e-6/4.143908e-6 3.297757e-7/5.180112e-7",
    ),
}


def advected_sine(scheme: Any, cells: int, until: float = 1.0) -> tuple[Grid, Floats, Floats]:
    grid = Grid(-0.5, 0.5, cells=cells)
    start = grid.averages_of(lambda x: np.sin(2.0 * np.pi * x), nodes=2)
    flux = LinearFlux(np.ones(cells + 1))
    record = evolve(Problem(flux, "periodic"), start, grid, Explicit(scheme, steps="cut"), until=until)
    return grid, start, record.averages[-1]


@pytest.mark.parametrize("name", TABLE)
def test_errors_on_a_sine_are_those_of_the_reference_codes_to_six_digits(name: str) -> None:
    scheme, row = TABLE[name]
    for cells, entry in zip(CELLS, row.split(), strict=True):
        grid, start, end = advected_sine(scheme, cells)
        error = np.abs(end - start)
        wanted = [float(number) for number in entry.split("/")]
        np.testing.assert_allclose([grid.h * error.sum(), error.max()], wanted, rtol=1e-6)


def test_the_linear_scheme_has_the_error_constant_of_theory() -> None:
    """L1 -> (2/pi)(2 pi)^4 (1/12 + cfl^3/24) h^3 = 86.4507 h^3."""
    constant = 2.0 / np.pi * (2.0 * np.pi) ** 4 * (1.0 / 12.0 + 0.45**3 / 24.0)
    grid, start, end = advected_sine(Linear(), 640)
    assert abs(constant - 86.4507) < 5e-5
    assert abs(np.abs(end - start).sum() * grid.h / grid.h**3 - constant) < 5e-3


def test_periodic_mass_is_conserved_to_rounding() -> None:
    grid = Grid(0.0, 1.0, cells=200)
    start = np.where(np.abs(grid.centres - 0.5) < 0.2, 1.0, 0.0)
    record = evolve(Problem(LinearFlux(np.full(201, -1.0)), "periodic"), start, grid, until=2.0)
    assert abs(record.mass(2.0) - 0.4) < 1e-13
    assert not record.atoms.any()


def test_a_square_is_carried_without_large_oscillation_and_the_linear_scheme_is_the_control() -> None:
    grid = Grid(0.0, 1.0, cells=400)
    start = np.where((grid.centres > 0.25) & (grid.centres < 0.5), 1.0, 0.0)

    def overshoot(scheme: Any) -> float:
        flux = LinearFlux(np.ones(401))
        record = evolve(Problem(flux, "periodic"), start, grid, Explicit(scheme), until=1.0)
        return float(record.averages.max()) - 1.0

    assert overshoot(CWENO3()) < 0.015
    assert overshoot(CWENO3(eps="h^2")) < 0.006
    assert overshoot(CWENO3(eps="h^2", weights="CW")) < 0.002
    assert overshoot(Linear()) > 0.05


def test_the_tableau_is_the_strong_stability_preserving_one() -> None:
    np.testing.assert_allclose(SSPRK3.weights, (1 / 6, 1 / 6, 2 / 3), rtol=1e-15)
    np.testing.assert_allclose(SSPRK3.nodes, (0.0, 1.0, 0.5), rtol=1e-15)
    np.testing.assert_allclose(SSPRK3.butcher[2], (0.25, 0.25), rtol=1e-15)


@pytest.mark.parametrize("share", [(1.0, 0.25, 0.5), (1.0, 0.5, 0.5), (0.9, 0.25, 2.0 / 3.0)])
def test_a_tableau_of_lower_order_is_not_built(share: tuple[float, float, float]) -> None:
    with pytest.raises(AssertionError):
        ShuOsher(share)


def test_equal_steps_fill_the_span_and_cut_steps_leave_a_rest() -> None:
    assert plan(1.0, 0.3, "equal") == (0.25, 4)
    assert plan(1.0, 0.3, "cut") == (0.3, 3)
    assert plan(0.1, 0.3, "cut") == (0.1, 1)
    assert plan(0.9, 0.3, "equal")[1] == plan(0.9, 0.3, "cut")[1] == 3  # 0.9/0.3 is a little above 3
    assert plan(1.0, float("inf"), "equal") == (1.0, 1)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="counts the registers of x86-64")
def test_the_passes_over_cells_are_vectorised() -> None:
    """Many wide registers, packed divisions. Diffusion adds loops with wide registers of its own."""
    forms = (None, Diffusivity(1.0), Diffusivity(np.ones(100), "conservative"))
    codes = [_machine_code(diffusivity) for diffusivity in forms]
    none, simple, conservative = (code.count("ymm") + code.count("zmm") for code in codes)
    assert none >= 50
    assert simple >= none + 10
    assert conservative >= simple + 10
    assert min(code.count("vdivpd") for code in codes) >= 1


def _machine_code(diffusivity: Diffusivity | None) -> str:
    """Assembly of the loop that a periodic state with this diffusion runs."""
    flux, grid = LinearFlux(np.ones(101)), Grid(0.0, 1.0, cells=100)
    state = Integrator(flux, grid, CWENO3(), "periodic", np.ones(100), np.zeros(2), diffusivity=diffusivity)
    given: list[tuple[Any, ...]] = []
    loop, state._loop = state._loop, lambda *arguments: given.append(arguments) or 0
    state.advance(0.0, 1e-6, 1, 1.0)
    return assembly(loop, *given[0])
