"""Claims about `kinetic.line.diffusion`: symbols and longest steps of its stencils, ends, conservation, bad input."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from kinetic import CWENO3, Diffusivity, Explicit, Grid, Linear, LinearFlux, NonlinearFlux, Problem, evolve
from kinetic.line.integrate import UPWIND_LIMIT, Integrator, advection
from kinetic.line.tableau import REAL_LIMIT
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
        fluxes(u, work, np.full(n + 1, speed), Linear().constants(1.0, np.ones(n)), (0.0, 0.0, True), 0.0)
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


def truncated(part: Any) -> Floats:
    """Distribution function of a normal law on [-1, 2], by faces."""
    low, high = ndtr(-1.0), ndtr(2.0)
    return np.asarray((ndtr(part) - low) / (high - low))


def heat(x: Floats, t: float) -> Floats:
    """Two cosine modes between reflecting ends, D = 1, integrated: 1 + cos(pi x) e^(-pi^2 t) + 0.3 cos(2 pi x) ..."""
    one, two = math.exp(-(math.pi**2) * t), math.exp(-4.0 * math.pi**2 * t)
    return x + one * np.sin(math.pi * x) / math.pi + 0.3 * two * np.sin(2.0 * math.pi * x) / (2.0 * math.pi)


def drift(x: Floats, t: float) -> Floats:
    """u_t + 2 u_x = u_xx between reflecting ends: e^(2x) and the mode e^x (cos(pi x) + sin(pi x)/pi) e^(-(pi^2 + 1) t).

    The mass left of x changes by -(2 u - u_x), so a mode that decays like e^(-r t) has the integral (2 u - u_x)/r.
    """
    rate = math.pi**2 + 1.0
    v, slope = np.cos(math.pi * x) + np.sin(math.pi * x) / math.pi, np.cos(math.pi * x) - math.pi * np.sin(math.pi * x)
    return np.expm1(2.0 * x) / math.expm1(2.0) + 0.5 * np.exp(x) * (v - slope) / rate * math.exp(-rate * t)


def ring(x: Floats, t: float) -> Floats:
    """u_t + u_x = 0.3 u_xx on a ring, integrated: 1 + sin(2 pi (x - t)) e^(-0.3 (2 pi)^2 t)."""
    return x - np.cos(2.0 * math.pi * (x - t)) / (2.0 * math.pi) * math.exp(-0.3 * (2.0 * math.pi) ** 2 * t)


PROBLEMS: dict[str, tuple[Any, ...]] = {  # integral, domain, speed, D, boundary, T, order, cap
    "heat": (heat, (0.0, 1.0), lambda x: 0.0 * x, 1.0, "reflecting", 0.05, (3.7, 4.9), 2e-10),
    "drift": (drift, (0.0, 1.0), lambda x: 0.0 * x + 2.0, 1.0, "reflecting", 0.05, (2.8, 3.2), 2e-8),
    "truncated normal": (
        lambda x, t: truncated(x), (-1.0, 2.0), lambda x: -x, 1.0, "reflecting", 0.5, (2.8, 3.2), 3e-8,
    ),
    "ring": (ring, (0.0, 1.0), lambda x: 0.0 * x + 1.0, 0.3, "periodic", 0.05, (2.7, 3.4), 1e-7),
}  # fmt: skip


@pytest.mark.parametrize("form", ["averages", "conservative"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_smooth_problems_are_third_order_up_to_the_ends(name: str, form: Any) -> None:
    """In L1 and at the worst cell; the whole flux is zero at both ends, so that no slope of u is asked for there."""
    integral, (lo, hi), speed, value, boundary, until, (least, most), cap = PROBLEMS[name]
    cells, errors, worst = (40, 80, 160, 320), [], []
    for n in cells:
        grid = Grid(lo, hi, cells=n)
        start = np.diff(integral(grid.faces, 0.0)) / grid.h
        record = evolve(
            Problem(LinearFlux(speed(grid.faces)), boundary, diffusivity=diffusivity(form, grid, value)),
            start,
            grid,
            until=until,
        )
        error = np.abs(record.averages[-1] - np.diff(integral(grid.faces, until)) / grid.h)
        errors.append(grid.h * error.sum())
        worst.append(error.max())
        assert not record.atoms.any()
    assert least <= -np.polyfit(np.log(cells), np.log(errors), 1)[0] <= most
    assert least <= -np.polyfit(np.log(cells), np.log(worst), 1)[0] <= most
    assert errors[-1] < cap


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("boundary", ["periodic", "reflecting"])
def test_mass_drifts_by_less_than_1e_13_in_ten_thousand_steps(form: Any, boundary: Any) -> None:
    state = integrator(form, 1.0 + np.random.default_rng(2).uniform(size=100), boundary, speed=3.0)
    before = math.fsum(state.averages) / 100.0
    state.advance(0.0, state.longest_step(0.0, 0.45), 10_000, math.inf)
    assert abs(math.fsum(state.averages) / 100.0 - before) < 1e-13
    assert not state.atoms.any()


def test_a_burgers_shock_with_viscosity_has_its_tanh_profile() -> None:
    """u_t + (u^2/2)_x = D u_xx: u = c - a tanh(a (x - c t)/(2 D)): a compiled flux takes diffusion too."""

    def burgers(u: float, x: float, t: float) -> float:
        return 0.5 * u * u

    def bound(u: float, x: float, t: float) -> float:
        return abs(u)

    def profile(x: Floats, t: float) -> Floats:
        return 0.5 - np.tanh(5.0 * (x - 0.5 * t))

    cells, errors = (80, 160, 320, 640), []
    for n in cells:
        grid = Grid(-4.0, 4.0, cells=n)
        # beyond +-2.5 the profile is flat to 1e-11; ends that reflect hold back what flows there, which stays near them
        record = evolve(
            Problem(NonlinearFlux(burgers, bound), "reflecting", diffusivity=Diffusivity(0.1)),
            grid.averages_of(lambda x: profile(x, 0.0), nodes=5),
            grid,
            until=0.2,
        )
        middle = np.abs(grid.centres) < 2.5
        exact = grid.averages_of(lambda x: profile(x, 0.2), nodes=5)
        errors.append(grid.h * np.abs(record.averages[-1] - exact)[middle].sum())
    assert 2.7 <= -np.polyfit(np.log(cells), np.log(errors), 1)[0] <= 4.0
    assert errors[-1] < 1e-5


@pytest.mark.parametrize(
    ("values", "form", "named"),
    [
        (-1.0, "averages", "diffusivity -1.0 must be finite and at least 0"),
        (math.nan, "averages", "diffusivity nan"),
        (np.array([1.0, math.inf]), "conservative", "diffusivity inf"),
        (np.ones(4), "averages", '"averages" needs a constant D'),
        (1.0, "central", "form = 'central' must be one of averages, conservative, points"),
    ],
)
def test_a_bad_diffusivity_is_refused_by_name(values: Any, form: Any, named: str) -> None:
    with pytest.raises(InputError, match=named):
        Diffusivity(values, form)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"diffusivity": Diffusivity(np.ones(9), "conservative")}, r"shape \(9,\).*\(10,\)"),
        ({"boundary": "wall"}, "boundary = 'wall' with diffusion: allowed are periodic, reflecting"),
        ({"boundary": "outflow"}, "boundary = 'outflow' with diffusion"),
        ({"fourier": 0.48}, r"fourier = 0.48 must lie in \(0, 0.4711\] for the form 'averages'"),
        ({"fourier": 0.0}, "fourier = 0.0"),
        ({"diffusivity": Diffusivity(1.0, "points"), "fourier": 0.41}, r"\(0, 0.4038\] for the form 'points'"),
    ],
)
def test_a_run_that_cannot_be_is_refused(options: dict[str, Any], named: str) -> None:
    options = {"diffusivity": Diffusivity(1.0), "boundary": "reflecting", "fourier": 0.4, **options}
    problem = Problem(LinearFlux(np.zeros(11)), options["boundary"], options["diffusivity"])
    with pytest.raises(InputError, match=named):
        evolve(problem, np.ones(10), Grid(0.0, 1.0, cells=10), Explicit(fourier=options["fourier"]), until=1.0)


def test_no_diffusion_is_the_reflecting_scheme_without_it() -> None:
    """D = 0 and no diffusivity give the same bits; what flows towards an end stays in its cell, not in an atom."""
    grid = Grid(0.0, 1.0, cells=50)
    flux = LinearFlux(np.ones(51))
    free, zero = (
        evolve(Problem(flux, "reflecting", diffusivity=d), np.ones(50), grid, until=0.3)
        for d in (None, Diffusivity(0.0))
    )
    assert np.array_equal(free.averages, zero.averages)
    assert abs(free.averages[-1, -1] * grid.h - 0.32) < 0.01
    assert abs(free.mass(0.3) - 1.0) < 1e-13
    assert not free.atoms.any()
