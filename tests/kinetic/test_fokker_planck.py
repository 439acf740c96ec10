"""Claims about the Fokker-Planck solver: reference digits, orders against closed forms, boundaries, steady states.

The laws are closed forms written here: their distribution function gives exact cell averages.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from kinetic import CWENO3, Diffusivity, Explicit, Grid, LinearFlux, Plane, Problem, cautions, evolve, solve
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import (
    CONSTANT,
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    TANH,
    Diffusion,
    Dirac,
    Model,
    Normal,
    Uniform,
    cases,
    piecewise,
)

Cdf = Callable[[Floats, float], Floats]

CELLS = (40, 80, 160, 320)


def ornstein_uhlenbeck(mean: float, variance: float, w: float = -1.0, nu2: float = 2.0) -> Cdf:
    """Normal start, b = 0: mean e^(wt), variance e^(2wt) V_0 + nu^2 (e^(2wt) - 1)/(2w)."""

    def cdf(x: Floats, t: float) -> Floats:
        grown = math.exp(2.0 * w * t)
        deviation = math.sqrt(variance * grown + nu2 * (grown - 1.0) / (2.0 * w))
        return np.asarray(ndtr((x - mean * math.exp(w * t)) / deviation))

    return cdf


def averages(cdf: Cdf, grid: Grid, t: float) -> Floats:
    return np.diff(cdf(grid.faces, t)) / grid.h


def order(cells: Sequence[int], values: Floats) -> float:
    return float(-np.polyfit(np.log(cells), np.log(values), 1)[0])


def reference_errors(form: Any, scheme: CWENO3) -> Floats:
    """L1 errors at T = 1/2 of w = -1, nu^2 = 2 from N(1/2, variance 1/5) on [-9, 9]; D dt/h^2 <= 0.4, cfl 1/2."""
    cdf = ornstein_uhlenbeck(0.5, 0.2)
    found = []
    for n in CELLS:
        grid = Grid(-9.0, 9.0, cells=n)
        diffusivity = Diffusivity(1.0 if form == "averages" else np.ones(n), form)
        record = evolve(
            Problem(LinearFlux(-grid.faces), "reflecting", diffusivity=diffusivity),
            averages(cdf, grid, 0.0),
            grid,
            Explicit(scheme, cfl=0.5, fourier=0.4),
            until=0.5,
        )
        found.append(grid.h * np.abs(record.averages[-1] - averages(cdf, grid, 0.5)).sum())
    return np.array(found)


@pytest.mark.parametrize(
    ("form", "wanted"),
    [("averages", (5.445e-3, 8.429e-4, 1.207e-4, 1.617e-5)), ("points", (1.214e-2, 3.146e-3, 7.410e-4, 1.745e-4))],
)
def test_errors_are_those_of_the_reference_code_to_four_digits(form: Any, wanted: tuple[float, ...]) -> None:
    """CW, C_0 = 3/4, eps = h^2: digits of an independent numpy code."""
    found = reference_errors(form, CWENO3(weights="CW", eps="h^2"))
    assert [f"{value:.3e}" for value in found] == [f"{value:.3e}" for value in wanted]


def test_stencils_of_averages_are_third_order_and_those_of_point_values_second() -> None:
    """E40 of docs/errata.md. Advection leaves third order; the stencil on point values is the control."""
    for form in ("averages", "conservative"):
        found = reference_errors(form, CWENO3())
        assert 2.7 <= order(CELLS, found) <= 3.3
        assert found[-1] < 2e-5
    assert 1.8 <= order(CELLS, reference_errors("points", CWENO3())) <= 2.2


def lognormal(mean: float, variance: float, w: float, nu2: float) -> Cdf:
    """K = x, b = 0: ln X is normal with mean `mean` + (w - nu^2/2) t and variance `variance` + nu^2 t."""

    def cdf(x: Floats, t: float) -> Floats:
        with np.errstate(divide="ignore"):
            place = np.log(x)
        return np.asarray(ndtr((place - mean - (w - 0.5 * nu2) * t) / math.sqrt(variance + nu2 * t)))

    return cdf


def attracting_tanh(kappa: float, b: float, mean: float, variance: float) -> Cdf:
    """w = -kappa, nu^2 = 1/kappa, K = 1 from N(mean, variance), by duality (Siegmund) with the repelling one below:

    P(X_t >= y) = (e^v Phi((m - y - t)/s) + e^(-v) Phi((m - y + t)/s))/(2 cosh v), v = kappa y - b, s^2 = nu^2 t + V.
    """

    def cdf(y: Floats, t: float) -> Floats:
        v, s = kappa * y - b, math.sqrt(t / kappa + variance)
        up, down = ndtr((mean - y - t) / s), ndtr((mean - y + t) / s)
        return np.asarray(1.0 - (np.exp(v) * up + np.exp(-v) * down) / (2.0 * np.cosh(v)))

    return cdf


def repelling_tanh(w: float, b: float, x0: float, since: float) -> Cdf:
    """nu^2 = 1/w, K = 1, t + since after a Dirac at x0 (Benes): two normal laws, drifting apart."""

    def cdf(x: Floats, t: float) -> Floats:
        u, t = w * x0 + b, t + since
        s = math.sqrt(t / w)
        right, left = ndtr((x - x0 - t) / s), ndtr((x - x0 + t) / s)
        return np.asarray((math.exp(u) * right + math.exp(-u) * left) / (2.0 * math.cosh(u)))

    return cdf


def varying(x: Floats, t: float) -> Floats:
    """Identity, w = -1/(1 + t), b = cos t/(1 + t), nu^2 = 1, from N(1/2, 0.3): X = (X_0 + sin t + noise)/(1 + t)."""
    variance = 0.3 + ((1.0 + t) ** 3 - 1.0) / 3.0
    return np.asarray(ndtr(((1.0 + t) * x - 0.5 - math.sin(t)) / math.sqrt(variance)))


def coupled(x: Floats, t: float) -> Floats:
    """Identity, w = -1, b = -w m1, nu^2 = 1, from N(1/2, 0.3): m1 = 1/2, V' = -2 V + 1."""
    return np.asarray(ndtr((x - 0.5) / math.sqrt(0.3 * math.exp(-2.0 * t) + 0.5 * (1.0 - math.exp(-2.0 * t)))))


def layered(x: Floats, t: float) -> Floats:
    """Identity, b = 0, nu^2 = 1, w = -2 up to 0.2 and 1 after it, from N(1/2, 0.3)."""
    first, then = min(t, 0.2), max(t - 0.2, 0.0)
    variance = 0.3 * math.exp(-4.0 * first) + (1.0 - math.exp(-4.0 * first)) / 4.0
    variance = variance * math.exp(2.0 * then) + (math.exp(2.0 * then) - 1.0) / 2.0
    return np.asarray(ndtr((x - 0.5 * math.exp(then - 2.0 * first)) / math.sqrt(variance)))


def noisy(**given: Any) -> Model:
    """Identity, w = -1, b = 0, nu^2 = 1 and a start that the runs below replace, unless said otherwise."""
    return Model(**{"drift": IDENTITY, "weight": -1.0, "bias": 0.0, "nu2": 1.0, "initial": Normal(0.5, 0.3), **given})


TRANSIENTS: dict[str, tuple[Model, Cdf, tuple[float, float], float]] = {  # with a cap of L1 at 640 cells
    "ornstein-uhlenbeck": (noisy(nu2=2.0), ornstein_uhlenbeck(0.5, 0.2), (-9.0, 9.0), 3e-6),
    "lognormal, w < 0": (
        noisy(weight=-0.5, nu2=0.2, diffusion=LINEAR), lognormal(0.0, 0.1, -0.5, 0.2), (0.0, 8.0), 2e-5,
    ),
    "lognormal, w > 0": (
        noisy(weight=0.2, nu2=0.25, diffusion=LINEAR), lognormal(0.0, 0.1, 0.2, 0.25), (0.0, 12.0), 1e-5,
    ),
    "attracting tanh": (
        noisy(drift=TANH, bias=1.0), attracting_tanh(1.0, 1.0, 1.0, 1.0), (-9.0, 11.0), 3e-6,
    ),
    "attracting tanh, off its centre": (
        noisy(drift=TANH, weight=-2.0, bias=1.0, nu2=0.5), attracting_tanh(2.0, 1.0, -1.0, 0.25), (-7.0, 7.0), 1e-5,
    ),
    "repelling tanh": (
        noisy(drift=TANH, weight=1.0, nu2=1.0), repelling_tanh(1.0, 0.0, 0.3, 0.5), (-10.0, 10.0), 3e-6,
    ),
    "weight and bias in time": (
        noisy(weight=lambda t: -1.0 / (1.0 + t), bias=lambda t: math.cos(t) / (1.0 + t)), varying, (-7.0, 8.0), 3e-6,
    ),
    "a jump of the weight": (
        noisy(weight=piecewise((0.0, 0.2), (-2.0, 1.0))), layered, (-7.0, 8.0), 5e-6,
    ),
    "mean-coupled bias": (noisy(bias=MEAN_COUPLED), coupled, (-7.0, 8.0), 4e-6),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSIENTS)
def test_noisy_models_are_third_order(name: str) -> None:
    """L1 of the cell averages and W1 = h sum abs(F_h - F) over the faces, at T = 1/2."""
    model, cdf, domain, cap = TRANSIENTS[name]
    cells, l1, w1 = (80, 160, 320, 640), [], []
    for n in cells:
        grid = Grid(*domain, cells=n)
        record = solve(model, grid, until=0.5, averages=averages(cdf, grid, 0.0))
        l1.append(grid.h * np.abs(record.averages[-1] - averages(cdf, grid, 0.5)).sum())
        w1.append(grid.h * np.abs(record.cdf(0.5) - cdf(grid.faces, 0.5)).sum())
        assert abs(record.mass(0.5) - record.averages[-1].sum() * grid.h) < 1e-13
        assert not record.atoms.any()
    assert 2.7 <= order(cells, np.array(l1)) <= 3.3
    assert 2.7 <= order(cells, np.array(w1)) <= 3.5
    assert l1[-1] < cap


def test_a_drift_that_is_off_by_one_part_in_a_thousand_is_the_control() -> None:
    """The same table would notice it: the error stays, whatever the grid."""
    _, cdf, domain, _ = TRANSIENTS["attracting tanh, off its centre"]
    wrong, errors = noisy(drift=TANH, weight=-2.002, bias=1.0, nu2=0.5), []
    for n in (80, 160, 320, 640):
        grid = Grid(*domain, cells=n)
        record = solve(wrong, grid, until=0.5, averages=averages(cdf, grid, 0.0))
        errors.append(grid.h * np.abs(record.averages[-1] - averages(cdf, grid, 0.5)).sum())
    assert 5e-5 < errors[-1] < errors[-2] < 2.0 * errors[-1]


def test_the_attracting_tanh_has_its_reference_moments() -> None:
    """w = -1, b = 1, nu = 1 from N(-1, 1/4): mean and variance by quadrature of the closed form, computed once."""
    model = noisy(drift=TANH, bias=1.0, initial=Normal(-1.0, 0.25))
    record = solve(model, Grid(-9.0, 11.0, cells=640), until=2.0, times=(0.5, 1.0))
    wanted = {
        0.5: (-0.5586837898, 0.6594984860), 1.0: (-0.1945877902, 0.9062389611), 2.0: (0.3104715746, 1.0441742819),
    }  # fmt: skip
    for t, moments in wanted.items():
        measure = record.at(t)
        np.testing.assert_allclose((measure.mean[0], measure.variance[0]), moments, rtol=0.0, atol=2e-5)


def uniform(x: Floats, t: float) -> Floats:
    """w = -1, b = 0, nu^2 = 2 from U[-1, 1/2]; Psi' = Phi, r = e^(-t): s/r (Psi((x + r)/s) - Psi((x - r/2)/s))/1.5."""

    def psi(z: Floats) -> Floats:
        return np.asarray(z * ndtr(z) + np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))

    if t == 0.0:
        return np.clip((x + 1.0) / 1.5, 0.0, 1.0)
    r = math.exp(-t)
    s = math.sqrt(1.0 - r * r)
    return s / r * (psi((x + r) / s) - psi((x - 0.5 * r) / s)) / 1.5


def test_a_jump_at_the_start_costs_one_order_and_the_exact_law_later_brings_it_back() -> None:
    """Cell averages of a jump alias: h^2. The run of the second kind starts from the law at t = 0.1."""
    model = noisy(nu2=2.0, initial=Uniform(-1.0, 0.5))
    cells, jump, smooth = (80, 160, 320, 640), [], []
    for n in cells:
        grid = Grid(-8.0, 8.0, cells=n)
        exact = averages(uniform, grid, 0.5)
        whole = solve(model, grid, until=0.5)
        later = evolve(Problem.of(model, grid), averages(uniform, grid, 0.1), grid, start=0.1, until=0.5)
        assert later.times == (0.5,)
        jump.append(grid.h * np.abs(whole.averages[-1] - exact).sum())
        smooth.append(grid.h * np.abs(later.averages[-1] - exact).sum())
    assert 1.7 <= order(cells, np.array(jump)) <= 2.3
    assert 2.7 <= order(cells, np.array(smooth)) <= 3.3
    assert smooth[-1] < 3e-6


@pytest.mark.parametrize("name", [name for name in cases if cases[name].model.nu2 > 0.0])
def test_every_noisy_case_runs_and_keeps_its_mass(name: str) -> None:
    model = cases[name].model
    domain = (0.0, 8.0) if model.diffusion is LINEAR else (-8.0, 8.0)
    grid = Grid(*domain, cells=160 if model.dim == 1 else 40)
    record = solve(model, grid if model.dim == 1 else Plane(grid, grid), until=0.5)  # type: ignore[call-overload]
    assert abs(record.mass(0.5) - 1.0) < 1e-13
    assert not record.atoms.any()
    assert record.averages[-1].min() > -1e-3


def test_the_lognormal_laws_have_exact_means() -> None:
    """K = x, b = 0: m1' = w m1, and m2' = (2w + nu^2) m2; inverse Gamma case: m1' = w m1 + b."""
    model = noisy(weight=-0.5, nu2=0.2, diffusion=LINEAR)
    cdf = lognormal(0.0, 0.1, -0.5, 0.2)
    grid = Grid(0.0, 16.0, cells=800)
    measure = solve(model, grid, until=1.0, averages=averages(cdf, grid, 0.0)).at(1.0)
    assert abs(measure.mean[0] - math.exp(0.05 - 0.5)) < 5e-6
    assert abs(measure.energy - math.exp(0.2 + (0.2 - 1.0))) < 1e-5
    record = solve(cases["inverse-gamma"].model, grid, until=1.0)
    assert abs(record.at(1.0).mean[0] - 1.0) < 2e-5


@pytest.mark.parametrize("walls", [(0.0, 2.0), (0.0, math.inf), (-math.inf, 2.0), None])
def test_reflecting_walls_and_ends_of_the_grid_let_nothing_through(walls: Any) -> None:
    model = noisy(
        weight=0.0, bias=1.0, walls=walls, wall="reflecting" if walls else "sticky", initial=Uniform(0.5, 1.0)
    )
    grid = Grid(0.0, 2.0, cells=100)
    record = solve(model, grid, until=10.0)
    steady = np.diff(np.exp(2.0 * grid.faces)) / grid.h / math.expm1(4.0)
    np.testing.assert_allclose(record.averages[-1], steady, rtol=3e-5)
    assert abs(record.mass(10.0) - 1.0) < 1e-13


def test_mass_outside_a_grid_that_reflects_starts_in_the_cells_at_its_ends() -> None:
    record = solve(noisy(initial=Normal(0.0, 1.0)), Grid(-1.0, 1.5, cells=50), until=0.0)
    grid = record.grid
    assert record.averages[0, 0] * grid.h == pytest.approx(float(ndtr(grid.faces[1])))
    assert record.averages[0, -1] * grid.h == pytest.approx(float(ndtr(-grid.faces[-2])))
    assert abs(record.mass(0.0) - 1.0) < 1e-15


def test_without_noise_reflecting_walls_keep_mass_in_their_cells_and_give_it_back() -> None:
    """w = 0, b = 1 to t = 1, then -1: sticky walls hold an atom for ever; reflecting ones do not."""
    turning = {"nu2": 0.0, "weight": 0.0, "bias": piecewise((0.0, 1.0), (1.0, -1.0)), "initial": Uniform(0.0, 1.0)}
    grid = Grid(0.0, 1.5, cells=60)
    sticky = solve(noisy(walls=(0.0, 1.5), **turning), grid, until=1.5)
    reflecting = solve(noisy(walls=(0.0, 1.5), wall="reflecting", **turning), grid, until=1.5)
    assert sticky.atoms[-1, 1] == pytest.approx(0.5, abs=1e-3)
    assert not reflecting.atoms.any()
    assert reflecting.averages[-1, 45:].sum() * grid.h < 2e-3


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (noisy(walls=(0.0, 1.0)), r"wall = 'sticky' with noise \(nu2 = 1.0\): allowed is wall = 'reflecting'"),
        (noisy(walls=(0.0, 2.0), wall="reflecting"), r"must be the model's walls \(0.0, 2.0\)"),
        (noisy(walls=(-1.0, math.inf), wall="reflecting"), r"must be the model's walls \(-1.0, inf\)"),
    ],
)
def test_a_noisy_model_that_does_not_fit_the_grid_is_refused(model: Model, named: str) -> None:
    with pytest.raises(InputError, match=named):
        solve(model, Grid(0.0, 1.0, cells=10), until=1.0)


def test_the_diffusivity_is_that_of_the_model() -> None:
    grid = Grid(-1.0, 1.0, cells=8)
    still, noisy_one = Problem.of(noisy(nu2=0.0), grid), Problem.of(noisy(nu2=3.0, diffusion=CONSTANT), grid)
    assert (still.diffusivity, still.boundary) == (None, "wall")
    constant = noisy_one.diffusivity
    assert constant is not None
    assert (constant.values, constant.form, noisy_one.boundary) == (1.5, "averages", "reflecting")
    shape = Diffusion("1 + x^2", lambda x, c: 1.0 + x * x, lambda x, c: 2.0 * x)
    varying = Problem.of(noisy(nu2=3.0, diffusion=shape), grid).diffusivity
    assert varying is not None
    assert varying.form == "conservative"
    np.testing.assert_allclose(varying.values, 1.5 * (1.0 + grid.centres**2) ** 2)


def test_a_run_ends_early_where_nothing_changes_any_more() -> None:
    """d_t g is about e^(-t) phi', and its L1 norm 2 phi(0) e^(-t); between two looks up to 100 steps of 0.016 pass."""
    model, grid = noisy(nu2=2.0, initial=Normal(1.0, 1.0)), Grid(-8.0, 8.0, cells=80)
    record = solve(model, grid, until=100.0, times=(1.0, 90.0), residual=1e-6)
    assert record.stopped
    reached = record.times[-1]
    assert record.times == (1.0, reached)
    assert 0.0 < reached - math.log(2.0 / math.sqrt(2.0 * math.pi) / 1e-6) < 2.5
    assert np.array_equal(record.averages[0], solve(model, grid, until=1.0).averages[0])
    full = solve(model, grid, until=2.0, residual=1e-6)
    assert (full.times, full.stopped) == ((2.0,), False)


def test_a_run_does_not_end_before_the_last_jump_of_a_parameter() -> None:
    model = noisy(weight=piecewise((0.0, 30.0), (-1.0, -2.0)), initial=Normal(0.0, 0.5))
    record = solve(model, Grid(-6.0, 6.0, cells=160), until=60.0, residual=1e-8)
    assert record.stopped
    assert 30.0 < record.times[-1] < 50.0
    assert record.at(record.times[-1]).variance[0] == pytest.approx(0.25, abs=2e-4)


def test_a_start_in_one_cell_neither_breaks_nor_hides_what_goes_below_zero() -> None:
    record = solve(noisy(initial=Dirac(0.31)), Grid(-6.0, 6.0, cells=120), until=0.5, times=(0.0,))
    assert np.count_nonzero(record.averages[0]) == 1
    assert record.lowest < -1e-3
    assert 0.0 < record.lowest_at < 0.1
    assert record.lowest <= record.averages.min()
    assert abs(record.mass(0.5) - 1.0) < 1e-13
    law = ornstein_uhlenbeck(0.31, 0.0, -1.0, 1.0)
    assert record.grid.h * np.abs(record.averages[-1] - averages(law, record.grid, 0.5)).sum() < 0.1
    assert record.averages[-1].min() > -1e-10


def test_a_start_with_a_vacuum_beside_it_neither_breaks_nor_hides_what_goes_below_zero() -> None:
    record = solve(noisy(initial=Uniform(-3.0, 0.0)), Grid(-6.0, 6.0, cells=240), until=0.2)
    assert -0.1 < record.lowest < -1e-6
    assert record.averages[-1].min() > -1e-10
    assert abs(record.mass(0.2) - 1.0) < 1e-13


def test_the_forecast_knows_that_noise_keeps_a_density_wide() -> None:
    grid = Grid(-8.0, 8.0, cells=160)
    assert cautions(noisy(initial=Normal(0.0, 1.0)), grid, 10.0) == ()
    (sentence,) = cautions(noisy(initial=Normal(0.0, 1.0), nu2=0.0), grid, 10.0)
    assert "narrower than a cell" in sentence


def test_a_smooth_start_stays_positive_to_rounding() -> None:
    record = solve(noisy(nu2=2.0), Grid(-9.0, 9.0, cells=1000), until=0.1)
    assert record.lowest > -1e-15
