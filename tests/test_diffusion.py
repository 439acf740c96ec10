"""Claims about `kinetic.diffusion`: symbols and longest steps of its stencils, ends, conservation, bad input."""

import math
from typing import Any

import numpy as np
import pytest

from kinetic import CWENO3, Diffusivity, Grid, Linear, LinearFlux, NonlinearFlux, evolve
from kinetic.integrate import REAL_LIMIT, UPWIND_LIMIT, Integrator, advection
from particles.base.arrays import Floats
from particles.base.errors import InputError

FORMS = ("averages", "conservative", "points")
LIMITS = {"averages": 0.4711, "conservative": 0.4615, "points": 0.4038}
FINE, SOME = np.linspace(0.0, math.pi, 961), 20


def diffusivity(form: Any, grid: Grid, value: float = 1.0) -> Diffusivity:
    return Diffusivity(value if form == "averages" else np.full(grid.cells, value), form)


def integrator(
    form: Any, start: Floats, boundary: Any = "periodic", speed: float = 0.0, scheme: Any = None
) -> Integrator:
    """On [0, 1], D = 1."""
    grid = Grid(0.0, 1.0, cells=start.size)
    flux = LinearFlux(np.full(start.size + 1, speed))
    return Integrator(flux, grid, scheme or Linear(), boundary, start, np.zeros(2), diffusivity=diffusivity(form, grid))


def growth(z: Any) -> Any:
    """Factor of a step for u' = lambda u, z = lambda dt."""
    return 1.0 + z + z**2 / 2.0 + z**3 / 6.0


def symbol(form: Any, angle: float, speed: float) -> complex:
    """h = D = 1: the right-hand side of the code itself, run as plain Python, for u_j = e^(i j angle)."""
    n, middle = 12, 6
    grid = Grid(0.0, 12.0, cells=n)
    diffusion = diffusivity(form, grid, 0.0 if speed else 1.0)
    values = []
    for part in (np.cos, np.sin):
        u, work = part(angle * np.arange(n + 2.0)), np.zeros((4, n + 2))
        fluxes = advection(Linear().polynomial, LinearFlux(np.zeros(n + 1)).face)
        fluxes(u, work, np.full(n + 1, speed), Linear().constants(1.0), (0.0, 0.0, True), 0.0)
        diffusion.fluxes(u, work, diffusion.data(grid), diffusion.scales(1.0), True)
        values.append(work[2, middle - 1] - work[2, middle])
    return complex(*values) / complex(np.exp(1j * middle * angle))


SQUARE = -4.0 * np.sin(FINE / 2.0) ** 2
POINTS = 1.0 - SQUARE / 24.0
SYMBOLS = {
    "averages": SQUARE * (1.0 - SQUARE / 12.0),
    "conservative": SQUARE * (1.0 - SQUARE / 24.0) * POINTS,
    "points": SQUARE * (1.0 - SQUARE / 12.0) * POINTS,
}
"""delta^2 = -4 sin^2(angle/2), and P_opt(x_j) = (1 - delta^2/24) u_j."""
UPWIND = -(1.0 - np.exp(-1j * FINE)) * (np.exp(1j * FINE) / 3.0 + 5.0 / 6.0 - np.exp(-1j * FINE) / 6.0)


@pytest.mark.parametrize("form", FORMS)
def test_the_code_has_the_symbols_of_theory(form: Any) -> None:
    found = [symbol(form, angle, 0.0) for angle in FINE[::SOME]]
    np.testing.assert_allclose(found, SYMBOLS[form][::SOME], rtol=0.0, atol=1e-13)
    moved = [symbol("averages", angle, 1.0) for angle in FINE[::SOME]]
    np.testing.assert_allclose(moved, UPWIND[::SOME], rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("form", FORMS)
def test_the_longest_step_is_the_real_interval_over_the_largest_symbol(form: Any) -> None:
    stiffness = diffusivity(form, Grid(0.0, 1.0, cells=6)).stiffness
    assert abs(stiffness - np.abs(SYMBOLS[form]).max()) < 1e-13
    assert abs(growth(-REAL_LIMIT) + 1.0) < 1e-15
    assert f"{REAL_LIMIT / stiffness:.4f}" == f"{LIMITS[form]:.4f}"


def test_the_upwind_limit_is_the_longest_stable_step_of_advection() -> None:
    assert np.abs(growth(UPWIND_LIMIT * UPWIND)).max() < 1.0 + 1e-12
    assert np.abs(growth(1.001 * UPWIND_LIMIT * UPWIND)).max() > 1.0 + 1e-4


@pytest.mark.parametrize("form", FORMS)
def test_shares_of_the_limits_that_sum_to_one_are_stable_and_both_limits_together_are_not(form: Any) -> None:
    diffusion = REAL_LIMIT / np.abs(SYMBOLS[form]).max() * SYMBOLS[form]
    for share in np.linspace(0.0, 1.0, 101):
        for decay in np.linspace(0.0, 1.0 - share, 5):  # of a source, k S' < 0
            rest = (1.0 - share - decay) * UPWIND_LIMIT * UPWIND
            assert np.abs(growth(share * diffusion - decay * REAL_LIMIT + rest)).max() < 1.0 + 1e-12
    assert np.abs(growth(0.85 * diffusion + 0.45 * UPWIND)).max() > 1.05


def amplified(form: Any, factor: float, boundary: Any, scheme: Any) -> float:
    """Largest value after 400 steps of `factor` times the longest stable one, from noise in [-1, 1]."""
    state = integrator(form, np.random.default_rng(7).uniform(-1.0, 1.0, 64), boundary, scheme=scheme)
    dt = factor * REAL_LIMIT / diffusivity(form, Grid(0.0, 1.0, cells=64)).stiffness / 64.0**2
    state.advance(0.0, dt, 400, math.inf)
    return float(np.abs(state.averages).max())


@pytest.mark.parametrize("boundary", ["periodic", "reflecting"])
@pytest.mark.parametrize("form", FORMS)
def test_the_limit_is_sharp(form: Any, boundary: Any) -> None:
    assert amplified(form, 0.99, boundary, Linear()) < 1.0
    assert amplified(form, 1.02, boundary, Linear()) > 1e6


@pytest.mark.parametrize("form", FORMS)
def test_the_nonlinear_scheme_keeps_the_limit(form: Any) -> None:
    for boundary in ("periodic", "reflecting"):
        assert amplified(form, 0.99, boundary, CWENO3()) < 1.0


def test_two_rules_without_their_sum_blow_up() -> None:
    """D dt/h^2 = 0.4 and cfl 0.45 in one step: |R| = 1.13 at (-1)^j. The run's own step obeys the sum."""
    start = np.random.default_rng(7).uniform(-1.0, 1.0, 64)
    speed = 0.45 / 0.4 * 64.0
    both, summed = (integrator("averages", start, speed=speed) for _ in range(2))
    both.advance(0.0, 0.4 / 64.0**2, 400, math.inf)
    assert np.abs(both.averages).max() > 1e6
    dt = summed.longest_step(0.0, 0.45)
    assert 0.8 * 0.4 / 64.0**2 < dt < 0.4 / 64.0**2
    summed.advance(0.0, dt, 400, math.inf)
    assert np.abs(summed.averages).max() < 1.0


def test_the_step_is_the_shortest_of_the_three_rules() -> None:
    slow = integrator("averages", np.ones(50), speed=1.0)
    assert slow.longest_step(0.0, 0.45) == pytest.approx(0.4 / 50.0**2)
    fast = integrator("averages", np.ones(50), speed=1000.0)
    assert fast.longest_step(0.0, 0.45) == pytest.approx(0.45 / 50.0 / 1000.0)
    between = integrator("averages", np.ones(50), speed=50.0)
    assert 1.0 / between.longest_step(0.0, 0.45) == pytest.approx(
        50.0 * 50.0 / UPWIND_LIMIT + 16.0 / 3.0 * 50.0**2 / REAL_LIMIT
    )
