"""Claims about `chang_cooper` and `kinetic.line.rates`: tables, orders, mass, positivity, entropy, limits."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from kinetic import ChangCooper, Grid
from kinetic.line.chang_cooper import ChangCooperStepper, TimeStep
from kinetic.line.rates import QUADRATURES, Faces, FokkerPlanck, equation
from particles.base.arrays import Floats
from particles.base.errors import InputError, NotFiniteError
from particles.model import IDENTITY, LINEAR, MEAN_COUPLED, RELU, TANH, Model, Normal, Product

STEPS: tuple[TimeStep, ...] = ("ssprk2", "implicit-euler", "sdirk2")
RADIUS = {"ssprk2": 1.0, "implicit-euler": math.inf, "sdirk2": 1.0 + math.sqrt(2.0)}
"""Largest dt max(l + r) for which the step is a matrix of probabilities."""


def density(x: Floats, m: float, v: float) -> Floats:
    return np.asarray(np.exp(-((x - m) ** 2) / (2.0 * v)) / math.sqrt(2.0 * math.pi * v))


def cdf(z: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def steady_equation(sigma: Callable[[Floats], Floats], k: Callable[[Floats], Floats],
                    dk: Callable[[Floats], Floats], nu2: float) -> FokkerPlanck:  # fmt: skip
    """A steady equation from sigma, K, K' as functions of x."""
    return FokkerPlanck(
        drift=lambda x, t, mean: sigma(x), diffusion=lambda x: 0.5 * nu2 * k(x) ** 2,
        slope=lambda x: nu2 * k(x) * dk(x), steady=True,
    )  # fmt: skip


def one(x: Floats) -> Floats:
    return np.ones_like(x)


def zero(x: Floats) -> Floats:
    return np.zeros_like(x)


OU = steady_equation(lambda x: -x, one, zero, 2.0)
INVERSE_GAMMA = steady_equation(lambda x: 1.0 - x, lambda x: x, one, 0.25)
OPINION = steady_equation(lambda w: -w, lambda w: 1.0 - w * w, lambda w: -2.0 * w, 0.2)


def run(state: ChangCooperStepper, until: float, count: int, chunk: int | None = None) -> Floats:
    """Equal steps to `until`, `chunk` at a time as the time loop does them."""
    dt, done = until / count, 0
    while done < count:
        now = min(chunk or count, count - done) if state.steady else 1
        state.advance(done * dt, dt, now, until)
        done += now
    return state.averages.copy()


def matrix(faces: Faces, t: float = 0.0) -> Floats:
    left, right = faces.rates(t, None)
    return np.diag(left[1:-1], 1) + np.diag(right[1:-1], -1) - np.diag(left[:-1] + right[1:])


def slope(errors: list[float]) -> float:
    """Rate of a table whose refinements double."""
    return -float(np.polyfit(np.arange(len(errors)), np.log2(errors), 1)[0])


# the flux -------------------------------------------------------------------------------------------------------------


def test_the_rates_are_those_of_the_flux_with_delta_for_small_and_for_huge_lam() -> None:
    grid = Grid(0.0, 1.0, cells=4)
    exact = mpmath.mp.clone()
    exact.dps = 700
    for lam in (1e-300, 1e-17, 1e-9, 1e-3, 0.1, 1.0, 30.0, 650.0, -1e-12, -1e-3, -2.0, -50.0, -650.0):
        constant = FokkerPlanck(lambda x, t, m, lam=lam: np.full_like(x, -lam / grid.h), one, zero, steady=True)  # type: ignore[misc]
        left, right = Faces(constant, grid, "gauss3").rates(0.0, None)
        z = exact.mpf(lam)
        delta = 1 / z - 1 / exact.expm1(z)
        wanted = [(z * (1 - delta) + 1) / grid.h**2, (1 - z * delta) / grid.h**2]
        for value, reference in zip((left[2], right[2]), wanted, strict=True):
            assert abs(value / float(reference) - 1.0) < 4e-15 + 4e-16 * abs(lam)


@pytest.mark.parametrize("lam", [1e5, -1e5, 1e300, -1e300])
def test_the_flux_of_a_lam_beyond_the_exponential_is_upwinding(lam: float) -> None:
    grid = Grid(0.0, 1.0, cells=4)
    constant = FokkerPlanck(lambda x, t, mean: np.full_like(x, -lam / grid.h), one, zero, steady=True)
    left, right = Faces(constant, grid, "milne").rates(0.0, None)
    np.testing.assert_allclose(left[1:-1], max(lam, 0.0) / grid.h**2, rtol=1e-15)
    np.testing.assert_allclose(right[1:-1], max(-lam, 0.0) / grid.h**2, rtol=1e-15)
    assert left[0] == left[-1] == right[0] == right[-1] == 0.0


def test_without_noise_the_flux_is_upwinding_with_the_drift() -> None:
    grid = Grid(-1.0, 1.0, cells=10)
    faces = Faces(steady_equation(lambda x: x, zero, zero, 0.0), grid, "gauss3")
    left, right = faces.rates(0.0, None)
    np.testing.assert_allclose(left[1:-1], np.maximum(-grid.faces[1:-1], 0.0) / grid.h, atol=1e-15)
    np.testing.assert_allclose(right[1:-1], np.maximum(grid.faces[1:-1], 0.0) / grid.h, atol=1e-15)


# tables ---------------------------------------------------------------------------------------------------------------

# Ornstein-Uhlenbeck, w = -1, nu^2 = 2, N(.5, .2) on [-9, 9], t = .5: independent reimplementation, exact in time,
# started from and compared at point values in the centres
OU_L1 = (1.483e-2, 3.604e-3, 8.884e-4, 2.214e-4)
OU_W1 = (9.447e-3, 2.292e-3, 5.671e-4, 1.417e-4)


@pytest.mark.parametrize("step", ["ssprk2", "sdirk2"])
def test_ornstein_uhlenbeck_has_the_errors_of_the_table_and_order_2(step: TimeStep) -> None:
    errors = []
    for cells, l1, w1 in zip((40, 80, 160, 320), OU_L1, OU_W1, strict=True):
        grid = Grid(-9.0, 9.0, cells=cells)
        state = ChangCooperStepper(OU, grid, density(grid.centres, 0.5, 0.2), step, "midpoint")
        end = run(state, 0.5, 2000) - density(grid.centres, 0.5 * math.exp(-0.5), 1.0 - 0.8 * math.exp(-1.0))
        errors.append(grid.h * float(np.abs(end).sum()))
        assert abs(errors[-1] / l1 - 1.0) < 4e-4
        assert abs(grid.h * float(np.abs(grid.h * end.cumsum()).sum()) / w1 - 1.0) < 4e-4
    assert 1.97 < slope(errors) < 2.08


# w = -1, b = 1, nu = .5, K = x on (0, 12], N = 60..480: L1 distance of the state at rest to inverse Gamma (9, 8)
REST = {
    "midpoint": (2.597e-2, 6.445e-3, 1.612e-3, 4.036e-4),
    "milne": (6.293e-4, 2.391e-5, 1.547e-6, 8.191e-8),
    "gauss3": (3.888e-4, 7.799e-7, 3.943e-8, 3.941e-8),  # the last two are the mass beyond 12
}


@pytest.mark.parametrize("quadrature", QUADRATURES)
def test_inverse_gamma_at_rest_has_the_errors_of_the_table(quadrature: Any) -> None:
    for cells, wanted in zip((60, 120, 240, 480), REST[quadrature], strict=True):
        grid = Grid(0.0, 12.0, cells=cells)
        flat = np.full(cells, 1.0 / 12.0)
        state = ChangCooperStepper(INVERSE_GAMMA, grid, flat, "implicit-euler", quadrature)
        end = run(state, 1e4, 100)
        exact = 8.0**9 / math.factorial(8) * grid.centres**-10 * np.exp(-8.0 / grid.centres)
        assert abs(grid.h * float(np.abs(end - exact).sum()) / wanted - 1.0) < 4e-4


# the opinion test of Pareschi and Zanella: T = 20, N = 20..320; digits below 1e-8 carry the rounding of their code
OPINION_TABLE = {
    "midpoint": (4.0215e-3, 1.0299e-3, 2.5775e-4, 6.4457e-5, 1.6122e-5),
    "milne": (2.5725e-5, 1.7046e-6, 1.0823e-7, 6.7972e-9, 4.2676e-10),
    "gauss3": (3.0549e-7, 1.9016e-9, 3.07e-11),
}


@pytest.mark.parametrize("quadrature", QUADRATURES)
def test_the_opinion_model_has_the_errors_of_the_table(quadrature: Any) -> None:
    errors = []
    for cells, wanted in zip((20, 40, 80, 160, 320), OPINION_TABLE[quadrature], strict=False):
        grid = Grid(-1.0, 1.0, cells=cells)
        w = grid.centres
        start = np.exp(-30.0 * (w + 0.5) ** 2) + np.exp(-30.0 * (w - 0.5) ** 2)
        start /= grid.h * start.sum()  # the discrete mass is 1; without it every column stays at O(h^2)
        state = ChangCooperStepper(OPINION, grid, start, "sdirk2", quadrature)
        rest = 178.8408654788 * (1.0 - w * w) ** -2 * np.exp(-5.0 / (1.0 - w * w))
        errors.append(grid.h * float(np.abs(run(state, 20.0, 2000) - rest).sum()))
        assert abs(errors[-1] - wanted) < 6e-5 * wanted + 2e-12
    order = {"midpoint": 2.0, "milne": 4.0, "gauss3": 6.0}[quadrature]
    assert slope(errors) > order - 0.05


@pytest.mark.parametrize("quadrature", QUADRATURES)
@pytest.mark.parametrize("step", ["implicit-euler", "sdirk2"])
def test_ornstein_uhlenbeck_rests_at_the_exact_normal_law(quadrature: Any, step: TimeStep) -> None:
    grid = Grid(-9.0, 9.0, cells=90)
    start = np.where(np.abs(grid.centres + 3.0) < 2.0, 0.25, 0.0)
    state = ChangCooperStepper(OU, grid, start, step, quadrature)
    end = run(state, 60.0, 600)
    rest = density(grid.centres, 0.0, 1.0)
    rest *= start.sum() / rest.sum()
    assert np.abs(end - rest).max() < 1e-12
    assert np.abs(end / rest - 1.0).max() < 1e-11  # to the tails, where the density is 1e-17
    np.testing.assert_allclose(state.equilibrium(), rest, rtol=1e-12)


# transients -----------------------------------------------------------------------------------------------------------


def tanh_cdf(x: Floats, t: float) -> Floats:
    """P(X_t <= x) for tanh, w = -1, b = 1, nu^2 = 1 from N(1, 1): Siegmund dual of Benes' process."""
    v, s = x - 1.0, math.sqrt(t + 1.0)
    above = (np.exp(v) * cdf((1.0 - x - t) / s) + np.exp(-v) * cdf((1.0 - x + t) / s)) / (2.0 * np.cosh(v))
    return 1.0 - above


def test_tanh_with_noise_converges_to_its_closed_form_at_order_2() -> None:
    """Orders 1.99, 2.00, 2.00 against the distribution at the faces, with dt proportional to h."""
    model = Model(drift=TANH, weight=-1.0, bias=1.0, nu2=1.0, initial=Normal(1.0, 1.0))
    errors = []
    for cells in (100, 200, 400, 800):
        grid = Grid(-14.0, 16.0, cells=cells)
        state = ChangCooperStepper(equation(model), grid, grid.averages(Normal(1.0, 1.0)))
        end = run(state, 1.0, cells // 2)
        errors.append(grid.h * float(np.abs(grid.h * end.cumsum() - tanh_cdf(grid.faces[1:], 1.0)).sum()))
    rates = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.abs(rates - 2.0).max() < 0.05
    assert errors[-1] < 2e-4
    np.testing.assert_allclose(state.equilibrium(), 0.5 / np.cosh(grid.centres - 1.0) ** 2, rtol=2e-6)


@pytest.mark.parametrize(("step", "order"), [("ssprk2", 2.0), ("implicit-euler", 1.0), ("sdirk2", 2.0)])
def test_each_step_has_its_order_in_time(step: TimeStep, order: float) -> None:
    from scipy.linalg import expm

    grid = Grid(-5.0, 5.0, cells=40)
    start = density(grid.centres, 0.5, 0.2)
    exact = expm(0.5 * matrix(Faces(OU, grid, "midpoint"))) @ start
    errors = [
        float(np.abs(run(ChangCooperStepper(OU, grid, start, step, "midpoint"), 0.5, n) - exact).max())
        for n in (20, 40, 80, 160)
    ]
    assert ChangCooper(step).order == order
    assert order - 0.1 < slope(errors) < order + 0.2
    assert errors[-1] < (2e-5 if order == 2.0 else 2e-3)


def driven(t: float) -> tuple[float, float]:
    return -1.0 - 0.8 * math.sin(3.0 * t), 2.0 * math.cos(2.0 * t)


def exact_moments(t: float) -> Floats:
    """Mean and variance of the driven process with nu^2 = .5 from N(1, .2), by their own equations."""
    from scipy.integrate import solve_ivp

    def rates(s: float, y: Floats) -> list[float]:
        w, b = driven(s)
        return [w * y[0] + b, 2.0 * w * y[1] + 0.5]

    solved = solve_ivp(rates, (0.0, t), [1.0, 0.2], rtol=1e-11, atol=1e-12)
    return np.asarray(solved.y[:, -1])


def moments(state: ChangCooperStepper, grid: Grid) -> Floats:
    u, x = state.averages, grid.centres
    m1 = grid.h * float((x * u).sum())
    return np.array([m1, grid.h * float((x * x * u).sum()) - m1 * m1])


@pytest.mark.parametrize("step", STEPS)
def test_varying_weight_and_bias_keep_order_2_and_implicit_euler_is_the_control(step: TimeStep) -> None:
    model = Model(
        drift=IDENTITY, weight=lambda t: driven(t)[0], bias=lambda t: driven(t)[1], nu2=0.5, initial=Normal(1.0, 0.2)
    )
    errors = []
    for cells in (40, 80, 160, 320):
        grid = Grid(-4.0, 6.0, cells=cells)
        state = ChangCooperStepper(equation(model), grid, density(grid.centres, 1.0, 0.2), step, "midpoint")
        assert not state.steady
        # SSPRK2 within its bound; dt of the order of h for the implicit ones
        run(state, 1.0, 3 * cells // 8 if ChangCooper(step).power(True) == 2 else cells * cells // 40 + 20)
        errors.append(float(np.abs(moments(state, grid) - exact_moments(1.0)).sum()))
    if step == "implicit-euler":
        assert slope(errors) < 1.3
    else:
        assert 1.9 < slope(errors) < 2.3
        assert errors[-1] < 1e-3


def pulled(x: Floats, t: float, mean: float | None) -> Floats:
    """A drift that follows the mean: m1' = -sin(m1)."""
    assert mean is not None
    return -2.0 * (x - mean) - math.sin(mean)


@pytest.mark.parametrize(("step", "order"), [("ssprk2", 2.0), ("sdirk2", 2.0), ("implicit-euler", 1.0)])
def test_a_drift_that_follows_the_mean_keeps_the_order_of_the_step(step: TimeStep, order: float) -> None:
    """On a fixed grid, in time alone; on a fine one m1 = 2 atan(tan(m1(0)/2) e^(-t))."""
    coupled = FokkerPlanck(pulled, lambda x: np.full_like(x, 0.2), zero, needs_mean=True)

    def mean(count: int, cells: int = 40) -> float:
        grid = Grid(-3.0, 5.0, cells=cells)
        start = density(grid.centres, 1.0, 0.1)
        start /= grid.h * start.sum()
        state = ChangCooperStepper(coupled, grid, start, step, "midpoint")
        run(state, 1.0, count)
        return state.mean

    counts = (40, 80, 160, 320)
    reference = mean(20 * counts[-1])
    errors = [abs(mean(count) - reference) for count in counts]
    assert order - 0.15 < slope(errors) < order + 0.25
    exact = 2.0 * math.atan(math.tan(0.5) * math.exp(-1.0))
    assert abs(mean(1600, 320) - exact) < (5e-4 if order == 2.0 else 1e-3)


def test_a_mean_coupled_model_keeps_its_mean() -> None:
    """b = -w m1 (Proposition 3): m1 = 1 for ever, V' = 2 w V + nu^2."""
    model = Model(drift=IDENTITY, weight=-1.0, bias=MEAN_COUPLED, nu2=0.5, initial=Normal(1.0, 1.0))
    grid = Grid(-7.0, 9.0, cells=320)
    state = ChangCooperStepper(equation(model), grid, grid.averages(Normal(1.0, 1.0)))
    run(state, 2.0, 100)
    mean, variance = moments(state, grid)
    assert abs(mean - 1.0) < 1e-10
    assert abs(variance - (0.25 + 0.75 * math.exp(-4.0))) < 1e-3


# structure ------------------------------------------------------------------------------------------------------------


def rough(cells: int, seed: int = 7) -> Floats:
    """A density with empty cells beside full ones."""
    generator = np.random.default_rng(seed)
    return np.where(generator.random(cells) < 0.3, generator.random(cells), 0.0)


def fastest(faces: Faces) -> float:
    left, right = faces.rates(0.0, None)
    return float((left[:-1] + right[1:]).max())


@pytest.mark.parametrize("name", ["OU", "inverse Gamma"])
@pytest.mark.parametrize("step", STEPS)
def test_mass_is_conserved_to_rounding_over_ten_thousand_steps(name: str, step: TimeStep) -> None:
    grid, model = (Grid(-9.0, 9.0, cells=400), OU) if name == "OU" else (Grid(0.0, 12.0, cells=400), INVERSE_GAMMA)
    start = rough(400)
    start /= grid.h * start.sum()
    for dt in (1.0, 100.0) if step != "ssprk2" else (0.9,):
        state = ChangCooperStepper(model, grid, start, step)
        state.advance(0.0, dt / fastest(Faces(model, grid, "gauss3")), 10_000, math.inf)
        assert abs(grid.h * math.fsum(state.averages) - 1.0) < 1e-14
        assert not state.atoms.any()


def test_mass_is_conserved_where_the_drift_varies() -> None:
    model = Model(drift=TANH, weight=lambda t: -1.0 + math.sin(t), bias=1.0, nu2=1.0, initial=Normal(1.0, 1.0))
    grid = Grid(-6.0, 8.0, cells=60)
    for step in STEPS:
        start = rough(60) / 60.0
        state = ChangCooperStepper(equation(model), grid, start, step)
        run(state, 10.0, 1000)
        assert abs(math.fsum(state.averages) - math.fsum(start)) < 1e-15


def test_a_step_solves_its_linear_systems() -> None:
    """The kernels against dense algebra: no scaling hides a loss of mass."""
    grid = Grid(0.0, 12.0, cells=100)
    a, start, dt = matrix(Faces(INVERSE_GAMMA, grid, "gauss3")), rough(100), 0.05
    eye, c = np.eye(100), 1.0 - math.sqrt(0.5)
    middle = np.linalg.solve(eye - c * dt * a, start)
    wanted = {
        "implicit-euler": np.linalg.solve(eye - dt * a, start),
        "sdirk2": np.linalg.solve(eye - c * dt * a, start + (1.0 - c) * dt * (a @ middle)),
    }
    for step, after in wanted.items():
        state = ChangCooperStepper(INVERSE_GAMMA, grid, start, step)  # type: ignore[arg-type]
        state.advance(0.0, dt, 1, dt)
        np.testing.assert_allclose(state.averages, after, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("step", ["ssprk2", "sdirk2"])
def test_positivity_holds_up_to_the_bound_and_fails_beyond(step: TimeStep) -> None:
    grid = Grid(-9.0, 9.0, cells=90)
    point = np.zeros(90)
    point[np.argmax(np.abs(grid.centres))] = 1.0  # the cell that is left fastest

    def lowest(ratio: float) -> float:
        state = ChangCooperStepper(OU, grid, point, step)
        state.advance(0.0, ratio / fastest(Faces(OU, grid, "gauss3")), 1, math.inf)
        return float(state.averages.min())

    assert lowest(RADIUS[step] * (1.0 - 1e-12)) >= 0.0
    beyond = 2.0 if step == "ssprk2" else 8.0
    assert lowest(beyond * RADIUS[step]) < -1e-3


@pytest.mark.parametrize("name", ["OU", "inverse Gamma", "opinion"])
def test_the_bound_on_the_explicit_step_contains_that_of_pareschi_and_zanella(name: str) -> None:
    model, grid = {
        "OU": (OU, Grid(-9.0, 9.0, cells=90)),
        "inverse Gamma": (INVERSE_GAMMA, Grid(0.0, 12.0, cells=90)),
        "opinion": (OPINION, Grid(-1.0, 1.0, cells=90)),
    }[name]
    state = ChangCooperStepper(model, grid, np.ones(90), "ssprk2")
    left, right = Faces(model, grid, "gauss3").rates(0.0, None)
    c, d = grid.h * np.abs(left - right).max(), model.diffusion(grid.faces).max()
    theirs = grid.h**2 / (2.0 * (grid.h * c + d))
    assert theirs <= state.longest_step(0.0, 1.0) * (1.0 + 1e-12)
    assert state.longest_step(0.0, 1.0) < 3.0 * theirs
    run_to = 300.0 * state.longest_step(0.0, 1.0)
    state = ChangCooperStepper(model, grid, rough(90), "ssprk2")
    assert run(state, run_to, 300).min() >= 0.0


@pytest.mark.parametrize("dt", [1e-3, 1.0, 1e6, 1e300])
def test_implicit_euler_is_positive_for_every_step(dt: float) -> None:
    for model, grid in ((OU, Grid(-30.0, 30.0, cells=90)), (INVERSE_GAMMA, Grid(0.0, 12.0, cells=1600))):
        start = np.zeros(grid.cells)
        start[-1] = 1.0
        state = ChangCooperStepper(model, grid, start, "implicit-euler")
        for _ in range(3):
            state.advance(0.0, dt, 1, math.inf)
            assert state.averages.min() >= 0.0
            assert abs(state.averages.sum() - 1.0) < 1e-13


def entropy(u: Floats, rest: Floats) -> float:
    """Relative entropy sum u log(u/rest) against the state at rest."""
    inside = u > 0.0
    return float((u[inside] * np.log(u[inside] / rest[inside])).sum())


def entropies(step: TimeStep, model: FokkerPlanck, grid: Grid, ratio: float) -> Floats:
    state = ChangCooperStepper(model, grid, rough(grid.cells), step)
    dt, rest, values = ratio / fastest(Faces(model, grid, "gauss3")), state.equilibrium(), []
    for _ in range(60):
        values.append(entropy(state.averages, rest))
        state.advance(0.0, dt, 1, math.inf)
    return np.array(values)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", ["OU", "inverse Gamma"])
def test_entropy_decays_within_the_bound(name: str, step: TimeStep) -> None:
    model, grid = (OU, Grid(-6.0, 6.0, cells=60)) if name == "OU" else (INVERSE_GAMMA, Grid(0.0, 12.0, cells=60))
    values = entropies(step, model, grid, min(RADIUS[step], 1e3))
    assert values[0] > 1.0
    assert (np.diff(values) <= 1e-14 * values[0]).all()
    assert values[-1] < 0.9 * values[0]


def test_entropy_rises_beyond_the_bound() -> None:
    grid = Grid(-6.0, 6.0, cells=60)
    with np.errstate(all="ignore"):
        values = entropies("ssprk2", OU, grid, 4.0)
    assert np.diff(values).max() > 1.0


def test_central_differences_in_place_of_delta_are_neither_positive_nor_at_rest() -> None:
    """delta = 1/2 with the same C and D: the control of what the exponential weights are for."""
    grid = Grid(0.0, 12.0, cells=60)
    faces = Faces(INVERSE_GAMMA, grid, "gauss3")
    left, right = (rates[1:-1] for rates in faces.rates(0.0, None))
    centre, spread = 0.5 * (left - right), faces.diffusion / grid.h**2
    central = np.diag(spread + centre, 1) + np.diag(spread - centre, -1)
    central -= np.diag(central.sum(axis=0))
    assert min((spread + centre).min(), (spread - centre).min()) < 0.0
    start = np.zeros(60)
    start[1] = 1.0
    after = np.linalg.solve(np.eye(60) - 0.01 * central, start)
    assert after[0] < -1e-3
    rest = ChangCooperStepper(INVERSE_GAMMA, grid, np.ones(60)).equilibrium()
    assert np.abs(central @ rest).max() > 0.1
    assert np.abs(matrix(faces) @ rest).max() < 1e-12


# a zero of D, ReLU, Pareto --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quadrature", QUADRATURES)
@pytest.mark.parametrize("shift", [0.0, 0.02, 0.06, 0.1, 0.14, 0.18])
def test_mass_crosses_the_zero_of_the_noise_and_never_returns(quadrature: Any, shift: float) -> None:
    """K = x, b > 0: whatever the place of 0 in its cell, all mass ends in inverse Gamma on x > 0."""
    grid = Grid(-2.0 + shift, 10.0 + shift, cells=60)
    start = np.where(grid.centres < -0.5, 1.0, 0.0)
    start /= grid.h * start.sum()
    state = ChangCooperStepper(INVERSE_GAMMA, grid, start, "sdirk2", quadrature)
    end = run(state, 40.0, 400)
    exact = np.where(grid.centres > 0.0, 8.0**9 / 40320.0 * np.abs(grid.centres) ** -10, 0.0)
    exact[grid.centres > 0.0] *= np.exp(-8.0 / grid.centres[grid.centres > 0.0])
    assert grid.h * end[grid.faces[1:] <= 0.0].sum() < 1e-9
    assert grid.h * np.abs(end - exact).sum() < 0.05
    assert grid.h * np.abs(end - state.equilibrium()).sum() < 1e-9


RELU_MODEL = Model(drift=RELU, weight=-1.0, bias=1.0, nu2=1.0, diffusion=LINEAR, initial=Normal(2.0, 0.1))
RELU_IN_LOG = steady_equation(lambda y: np.maximum(np.exp(-y) - 1.0, 0.0) - 0.5, one, zero, 1.0)
"""The same for y = ln x: Ito's formula turns K = x into K = 1 and takes nu^2/2 from the drift."""


def test_relu_rests_with_five_ninths_left_of_the_kink() -> None:
    """w = -1, b = 1, nu = 1, y = ln x in [-4, 30]: the tail 4/(9 x) beyond e^30 is 4e-14."""
    errors = []
    for cells in (170, 340, 680, 1360):
        grid = Grid(-4.0, 30.0, cells=cells)
        state = ChangCooperStepper(RELU_IN_LOG, grid, density(grid.centres, 0.5, 0.1), "implicit-euler")
        end = run(state, 2000.0, 1000)
        assert abs(grid.h * end.sum() - 1.0) < 1e-7
        errors.append(abs(grid.h * float(end[grid.centres < 0.0].sum()) - 5.0 / 9.0))
    assert 1.9 < slope(errors) < 2.1
    assert errors[-1] < 2e-5


def test_relu_on_a_finite_grid_rests_at_the_law_without_its_tail() -> None:
    """On (0, 40] the tail C/x beyond 40, C = 4/9, is missing from the mass by which the law is divided."""
    inside = 1.0 - 4.0 / 9.0 / 40.0
    grid = Grid(0.0, 40.0, cells=4000)
    state = ChangCooperStepper(equation(RELU_MODEL), grid, grid.averages(Normal(2.0, 0.1)))
    rest = state.equilibrium()
    assert abs(grid.h * rest[grid.centres < 1.0].sum() - 5.0 / 9.0 / inside) < 1e-4
    assert abs(grid.h * rest[grid.centres < 0.5].sum() - 0.195484 / inside) < 1e-4
    assert abs(grid.h * rest[grid.centres > 2.0].sum() - (2.0 / 9.0 - 4.0 / 9.0 / 40.0) / inside) < 1e-4
    end = run(state, 2000.0, 1000)
    assert grid.h * np.abs(end - rest).sum() < 1e-6


def test_with_a_reflecting_wall_at_the_kink_relu_rests_at_the_law_of_pareto() -> None:
    errors = []
    for cells in (20, 40, 80, 160):
        grid = Grid(1.0, 11.0, cells=cells)
        start = np.where(grid.centres > 5.0, 1.0, 0.0)
        start /= grid.h * start.sum()
        state = ChangCooperStepper(equation(RELU_MODEL), grid, start, "implicit-euler", "gauss3")
        pareto = grid.centres**-2.0
        pareto /= grid.h * pareto.sum()
        errors.append(float(np.abs(run(state, 500.0, 100) / pareto - 1.0).max()))
    assert 5.0 < slope(errors) < 6.5
    assert errors[-1] < 1e-9


def test_on_the_whole_half_line_the_law_of_pareto_is_not_stationary() -> None:
    """The paper's claim fails: int g (sigma phi' + nu^2/2 x^2 phi'') dx = -(a nu^2/2) phi'(a), not 0."""
    grid = Grid(-4.0, 30.0, cells=1360)
    start = np.where(grid.centres > 0.0, np.exp(-grid.centres), 0.0)  # the density of ln x
    start /= grid.h * start.sum()
    state = ChangCooperStepper(RELU_IN_LOG, grid, start)
    bump = np.exp(-(grid.centres**2))  # phi(ln x), phi' = 0 at a: shift it
    shifted = np.exp(-((grid.centres - 0.5) ** 2))
    for phi, slope_at_kink in ((bump, 0.0), (shifted, math.exp(-0.25))):
        change = grid.h * float(phi @ (matrix(Faces(RELU_IN_LOG, grid, "gauss3")) @ start))
        assert abs(change + 0.5 * slope_at_kink) < 2e-2
    run(state, 2.0, 2000)
    assert grid.h * state.averages[grid.centres < 0.0].sum() > 0.2


# the interface --------------------------------------------------------------------------------------------------------


def test_many_steps_at_once_are_the_steps_one_by_one() -> None:
    grid = Grid(-9.0, 9.0, cells=90)
    for step in STEPS:
        ends = [run(ChangCooperStepper(OU, grid, rough(90), step), 0.2, 120, chunk) for chunk in (120, 7, 1)]
        assert (ends[0] == ends[1]).all()
        assert (ends[0] == ends[2]).all()


def test_the_longest_step_is_the_bound_or_a_cell_of_transport() -> None:
    grid = Grid(-9.0, 9.0, cells=90)
    explicit = ChangCooperStepper(OU, grid, np.ones(90), "ssprk2")
    assert math.isclose(explicit.longest_step(0.0, 0.5), 0.5 / fastest(Faces(OU, grid, "gauss3")))
    implicit = ChangCooperStepper(OU, grid, np.ones(90), "sdirk2")
    assert math.isclose(implicit.longest_step(0.0, 0.5), 0.5 * 0.2 / (8.8 + 1.0 / 18.0))
    still = steady_equation(zero, zero, zero, 0.0)
    for step in STEPS:
        assert ChangCooperStepper(still, grid, np.ones(90), step).longest_step(0.0, 1.0) == math.inf


def test_a_drift_that_is_not_finite_is_named() -> None:
    grid = Grid(-1.0, 1.0, cells=8)
    blows = FokkerPlanck(lambda x, t, mean: np.full_like(x, math.inf), one, zero)
    state = ChangCooperStepper(blows, grid, np.ones(8))
    with pytest.raises(NotFiniteError, match=r"drift at x = -0.84.* at t = 1.5"):
        state.advance(1.0, 1.0, 1, 2.0)


def test_what_cannot_be_used_is_refused_in_one_sentence() -> None:
    grid = Grid(-1.0, 1.0, cells=8)
    with pytest.raises(InputError, match=r"averages\[3\] = -1.0 \(x = -0.125\)"):
        ChangCooperStepper(OU, grid, np.where(np.arange(8) == 3, -1.0, 1.0))
    with pytest.raises(InputError, match=r"averages\[0\] = nan"):
        ChangCooperStepper(OU, grid, np.full(8, np.nan))
    with pytest.raises(InputError, match="D or D'"):
        ChangCooperStepper(FokkerPlanck(lambda x, t, m: x, lambda x: -one(x), zero), grid, np.ones(8))
    plane = Model(drift=IDENTITY, weight=1.0, bias=0.0, initial=Product([Normal(0.0, 1.0), Normal(0.0, 1.0)]))
    with pytest.raises(InputError, match="dimension 2"):
        equation(plane)
