"""Claims about `kinetic.steady`: existence, closed laws against quadrature, gaps, and the equation they solve."""

import functools
import math
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special, stats

from kinetic import Grid
from kinetic.line.chang_cooper import ChangCooperStepper
from kinetic.line.rates import Faces, equation
from kinetic.steady import CLOSED, LOST, NUMERIC, SteadyState, steady_state
from kinetic.steady.chart import chart
from kinetic.steady.closed_states import inverse_gamma_gap, tanh_gap
from kinetic.steady.gibbs import Gibbs, gibbs
from kinetic.steady.relaxation import decay_rates
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import (
    CONSTANT,
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    RELU,
    SIGMOID,
    TANH,
    Diffusion,
    Dirac,
    Drift,
    Law,
    Model,
    Normal,
    Product,
    Uniform,
    cases,
    cubic,
    lognormal_family,
    piecewise,
)

INF = math.inf
START = Normal(1.0, 0.04)


def model(drift: Drift, weight: Any, bias: Any, nu2: float, diffusion: Diffusion = CONSTANT, **rest: Any) -> Model:
    return Model(drift=drift, weight=weight, bias=bias, nu2=nu2, diffusion=diffusion, **({"initial": START} | rest))


def known(state: SteadyState) -> Law:
    assert state.law is not None, state.reason
    return state.law


# closed laws and quadrature -------------------------------------------------------------------------------------------

CLOSED_MODELS = {
    "normal": model(IDENTITY, -1.0, 3.0, 0.5),
    "normal, narrow": model(IDENTITY, -2.0, 0.0, 1e-10),
    "normal, wide": model(IDENTITY, -1e-3, 0.0, 1e9),
    "normal, mean-coupled": model(IDENTITY, -1.0, MEAN_COUPLED, 0.5),
    "inverse Gamma": model(IDENTITY, -1.0, 1.0, 0.25, LINEAR),
    "inverse Gamma, infinite variance": model(IDENTITY, -0.05, 1.0, 0.25, LINEAR),
    "inverse Gamma, w > 0": model(IDENTITY, 0.1, 1.0, 0.25, LINEAR),
    "inverse Gamma from ReLU": model(RELU, 0.1, 1.0, 1.0, LINEAR),
    "generalised Gamma": model(lognormal_family(0.7, lam=1.2, scale=1.5), 1.0, 0.0, 0.3, LINEAR),
    "generalised Gamma, steep at 0": model(lognormal_family(2.0), 1.0, 0.0, 0.8, LINEAR),
    "sech power": model(TANH, -0.5, 1.0, 1.0),
    "sech power, p < 1": model(TANH, -2.0, 1.0, 3.0),
    "ReLU": model(RELU, -1.0, 1.0, 1.0, LINEAR),
    "ReLU, weak noise": model(RELU, -1.0, 1.0, 0.01, LINEAR),
    "Pareto": model(RELU, -1.0, 1.0, 1.0, LINEAR, walls=(1.5, INF), wall="reflecting"),
}


@functools.cache
def closed_and_computed(name: str) -> tuple[SteadyState, SteadyState]:
    return steady_state(CLOSED_MODELS[name]), steady_state(CLOSED_MODELS[name], closed=False)


@pytest.mark.parametrize("name", CLOSED_MODELS)
def test_closed_laws_and_quadrature_agree_to_1e_minus_10(name: str) -> None:
    closed, computed = closed_and_computed(name)
    assert closed.family == name.split(",")[0].split(" from")[0]
    assert computed.family in ("quadrature", "truncated ReLU")
    exact, law = known(closed), known(computed)
    assert isinstance(law, Gibbs)
    assert not isinstance(exact, Gibbs)
    levels = np.array([1e-60, 1e-12, 1e-3, 0.1, 0.3, 0.5, 0.8, 0.99, 1.0 - 1e-9])
    x = exact.quantile(levels)
    width = float(x[6] - x[4])
    np.testing.assert_allclose(law.pdf(x), exact.pdf(x), rtol=1e-10)
    np.testing.assert_allclose(law.cdf(x), exact.cdf(x), rtol=1e-10, atol=1e-20)
    np.testing.assert_allclose(law.quantile(levels), x, rtol=1e-10, atol=1e-10 * width)
    np.testing.assert_allclose(law.sample(levels[2:]), x[2:], rtol=1e-10, atol=1e-10 * width)
    assert closed.reason == computed.reason
    np.testing.assert_allclose(closed.tail, computed.tail, rtol=1e-12)
    if exact.sf_rounds_until == -math.inf:
        upper = exact.isf(np.array([0.4, 1e-5, 1e-20]))
        np.testing.assert_allclose(law.sf(upper), exact.sf(upper), rtol=1e-10)
        np.testing.assert_allclose(law.isf(exact.sf(upper)), upper, rtol=1e-10)
    for k in range(4):
        assert math.isclose(closed.moment(k), computed.moment(k), rel_tol=1e-10, abs_tol=1e-10 * width**k)
    assert math.isclose(law.variance, exact.variance, rel_tol=1e-10)


@pytest.mark.parametrize("name", CLOSED_MODELS)
def test_the_scheme_of_chang_and_cooper_rests_at_the_closed_law(name: str) -> None:
    """A second route to each family: detailed balance between cells, at order 2 by the midpoint rule or better."""
    exact, case = known(steady_state(CLOSED_MODELS[name])), CLOSED_MODELS[name]
    if case.mean_coupled:
        case = model(IDENTITY, -1.0, 1.0, 0.5)
    low, high = (float(exact.quantile(p)) for p in (0.05, 0.6))
    if case.walls is not None:
        low = case.walls[0]
    errors = []
    for cells in (40, 80, 160, 320):
        grid = Grid(low, high, cells=cells)
        rest = ChangCooperStepper(equation(case), grid, np.ones(cells)).equilibrium()
        wanted = exact.pdf(grid.centres)
        errors.append(float(np.abs(rest / rest.sum() - wanted / wanted.sum()).sum()))
    assert errors[-1] < 5e-4
    assert errors[-1] < errors[0] / 30.0 or errors[-1] < 1e-12 or name == "generalised Gamma, steep at 0"


def fisher(law: Law, x: Floats, case: Model) -> Floats:
    """sigma g - d_x (D g) by central differences, over the size of its terms: 0 for a law at rest."""
    noise, h = case.diffusion, 1e-4 * np.abs(x)

    def spread(at: Floats) -> Floats:
        return np.asarray(0.5 * case.nu2 * (at if noise is LINEAR else 1.0) ** 2 * law.pdf(at))

    change = (spread(x - 2 * h) - 8 * spread(x - h) + 8 * spread(x + h) - spread(x + 2 * h)) / (12.0 * h)
    advection = case.speed(x, 0.0) * law.pdf(x)
    return np.asarray(np.abs(advection - change) / (np.abs(change) + law.pdf(x)))


@pytest.mark.parametrize("name", [name for name in CLOSED_MODELS if "normal," not in name])
def test_every_closed_law_solves_the_stationary_equation(name: str) -> None:
    exact = known(steady_state(CLOSED_MODELS[name]))
    x = exact.quantile(np.array([0.05, 0.21, 0.42, 0.77, 0.93]))
    assert fisher(exact, x, CLOSED_MODELS[name]).max() < 1e-7


def test_the_paper_s_inverse_gamma_does_not_solve_it() -> None:
    """The control: mu = 1 + 2 w/nu^2 leaves the flux 2 (b + w x) g."""
    from particles.model.laws.inverse_gamma import InverseGamma

    printed = InverseGamma(3.0, 4.0)  # w = 1/2, b = 1, nu^2 = 1/2: mu = 1 + 2, where mu = 1 - 2 does not exist
    x = np.array([0.5, 1.0, 2.0, 4.0])
    case = model(IDENTITY, 0.5, 1.0, 0.5, LINEAR)
    assert fisher(printed, x, case).min() > 0.1
    assert steady_state(case).law is None


# laws without closed families -----------------------------------------------------------------------------------------

OPINION = Diffusion("1 - x^2", lambda x, c: 1.0 - x * x, lambda x, c: -2.0 * x)
JACOBI = Diffusion("sqrt(1 - x^2)", lambda x, c: (1.0 - x * x) ** 0.5, lambda x, c: -x / (1.0 - x * x) ** 0.5)
BOX = {"walls": (-1.0, 1.0), "wall": "reflecting"}


def test_the_opinion_model_rests_at_the_law_of_pareschi_and_zanella() -> None:
    """K(1 - w^2)^(-2) exp(-1/(sigma^2 (1 - w^2))), K = 178.8408654788, sigma^2 = .2; K vanishes at both walls."""
    state = steady_state(model(IDENTITY, -1.0, 0.0, 0.2, OPINION, **BOX))
    x = np.linspace(-0.95, 0.95, 39)
    wanted = 178.8408654788 * (1.0 - x * x) ** -2 * np.exp(-5.0 / (1.0 - x * x))
    np.testing.assert_allclose(known(state).pdf(x), wanted, rtol=1e-10)
    assert abs(known(state).mean) < 1e-14
    assert state.tail == (INF, INF)


def test_jacobi_diffusions_rest_at_beta_laws_and_relax_at_abs_w() -> None:
    """K^2 = 1 - x^2: (1 + X)/2 is Beta(p, q), p + q = 2 abs(w)/nu^2; eigenvalues n (abs(w) + (n - 1) nu^2/2)."""
    w, b, nu2 = -1.0, 0.2, 0.5
    state = steady_state(model(IDENTITY, w, b, nu2, JACOBI, **BOX))
    exact = stats.beta((-w + b) / nu2, (-w - b) / nu2, loc=-1.0, scale=2.0)
    law = known(state)
    assert isinstance(law, Gibbs)
    x = np.linspace(-0.99, 0.99, 41)
    np.testing.assert_allclose(law.pdf(x), exact.pdf(x), rtol=1e-9)
    np.testing.assert_allclose(law.cdf(x), exact.cdf(x), rtol=1e-9)
    assert math.isclose(law.mean, exact.mean(), rel_tol=1e-9)
    assert math.isclose(law.variance, exact.var(), rel_tol=1e-9)
    assert state.gap_from == NUMERIC
    assert math.isclose(state.gap or 0.0, 1.0, rel_tol=1e-6)
    strong = steady_state(model(IDENTITY, w, 2.0, nu2, JACOBI, **BOX))
    assert strong.law is None
    assert "at 1, where all mass gathers" in strong.reason


def test_a_quartic_well_has_its_moments_and_its_gap() -> None:
    """u - x^3, w = 1, b = 0, nu^2 = 1: g = C exp(x^2 - x^4/2); gap against a finite difference of another kind."""
    state = steady_state(model(cubic(1.0), 1.0, 0.0, 1.0))
    weights = [mpmath.quad(lambda x, k=k: x**k * mpmath.exp(x**2 - x**4 / 2), [-8, -1, 0, 1, 8]) for k in (0, 2, 4)]
    assert abs(state.moment(2) / float(weights[1] / weights[0]) - 1.0) < 1e-12
    assert abs(state.moment(4) / float(weights[2] / weights[0]) - 1.0) < 1e-12
    assert abs(state.moment(1)) < 1e-14
    # Schroedinger's form -f''/2 + V f, V = (sigma^2 + sigma')/2, by second differences
    n = 4000
    x = np.linspace(-5.0, 5.0, n)
    h, sigma = x[1] - x[0], x - x**3
    diagonal = 1.0 / h**2 + 0.5 * (sigma**2 + 1.0 - 3.0 * x**2)
    from scipy.linalg import eigh_tridiagonal

    values = eigh_tridiagonal(diagonal, np.full(n - 1, -0.5 / h**2), eigvals_only=True, select="i", select_range=(0, 1))
    assert abs(values[0]) < 1e-4
    assert state.gap_from == NUMERIC
    assert abs((state.gap or 0.0) / values[1] - 1.0) < 1e-4


@pytest.mark.parametrize("nu2", [0.05, 0.02, 0.005])
def test_jumps_between_deep_wells_have_the_rate_of_the_mean_passage_time(nu2: float) -> None:
    """Gap = 1/T up to terms of its own order, T from -1 to 0: down to e^(-100), where the matrix sees nothing."""
    state = steady_state(model(cubic(1.0), 1.0, 0.0, nu2))
    law = known(state)
    assert isinstance(law, Gibbs)
    assert math.isclose(float(law.cdf(0.0)), 0.5, rel_tol=1e-12)
    x = np.linspace(-3.0, 0.0, 300_001)
    h, rise = x[1] - x[0], 2.0 * (x**4 / 4.0 - x**2 / 2.0 + 0.25) / nu2  # 2 (V - V(-1))/nu^2, by the trapezoidal rule
    weight, between = np.exp(-rise), x >= -1.0
    inner = h * (np.cumsum(weight) - 0.5 * weight)
    outer = np.exp(rise[between]) * inner[between]
    passage = 2.0 / nu2 * h * float(outer.sum() - 0.5 * (outer[0] + outer[-1]))
    expected = 1.0 / passage
    assert state.gap_from == NUMERIC
    assert abs((state.gap or 0.0) / expected - 1.0) < 1e-5 + 10.0 * expected
    if nu2 < 0.01:
        _, errors = decay_rates(law, equation(model(cubic(1.0), 1.0, 0.0, nu2)).diffusion)
        assert errors[0] > expected  # the control: a symmetric eigenvalue solver alone


STUDENT = Drift(
    "Student",
    lambda u, x, c: -2.0 * x / (1.0 + x * x),
    *3 * (lambda u, x, c: 0.0,),
    lipschitz_u=0.0,
)


def test_a_weak_pull_leaves_a_power_tail_and_a_gap_of_zero_that_is_not_made_up() -> None:
    """sigma = -2 x/(1 + x^2), K = 1, nu^2 = 1: Student's law with 3 degrees of freedom; relaxation is algebraic."""
    state = steady_state(model(STUDENT, 0.0, 0.0, 1.0))
    exact = stats.t(3.0, scale=1.0 / math.sqrt(3.0))
    x = np.array([-1e5, -5.0, -0.2, 0.0, 2.0, 100.0])
    np.testing.assert_allclose(known(state).pdf(x), exact.pdf(x), rtol=1e-11)
    np.testing.assert_allclose(known(state).cdf(x), exact.cdf(x), rtol=1e-11)
    assert state.tail == (pytest.approx(3.0), pytest.approx(3.0))
    assert math.isclose(state.moment(2), 1.0, rel_tol=1e-11)
    assert math.isnan(state.moment(3))
    assert state.moment(4) == INF
    assert (state.gap, state.gap_from) == (None, LOST)


def test_a_tilt_moves_the_mass_between_deep_wells() -> None:
    tilted = known(steady_state(model(cubic(1.0), 1.0, 0.001, 0.005)))
    assert isinstance(tilted, Gibbs)
    ratio = float(tilted.sf(0.0) / tilted.cdf(0.0))  # about exp(4 b/nu^2), the depths alone
    assert abs(math.log(ratio) - 0.8) < 0.01


@pytest.mark.parametrize(
    ("case", "natural"),
    [
        (model(IDENTITY, -1.0, 1.0, 0.5, walls=(0.5, 1.8), wall="reflecting"), "normal"),
        (model(IDENTITY, -1.0, 1.0, 0.5, walls=(-INF, 0.3), wall="reflecting"), "normal"),
        (model(IDENTITY, -1.0, 1.0, 0.25, LINEAR, walls=(0.7, INF), wall="reflecting"), "inverse Gamma"),
        (model(IDENTITY, -1.0, 1.0, 0.25, LINEAR, walls=(-1.0, 1.2), wall="reflecting"), "inverse Gamma"),
        (model(lognormal_family(0.7), 1.0, 0.0, 0.3, LINEAR, walls=(0.2, 2.0), wall="reflecting"), "generalised Gamma"),
        (model(TANH, -0.5, 1.0, 1.0, walls=(0.0, 9.0), wall="reflecting"), "sech power"),
        (model(RELU, -1.0, 1.0, 1.0, LINEAR, walls=(0.5, INF), wall="reflecting"), "ReLU"),
    ],
)
def test_reflecting_walls_cut_the_law_out(case: Model, natural: str) -> None:
    state = steady_state(case)
    assert state.family == f"truncated {natural}"
    assert case.walls is not None
    low, high = max(case.walls[0], 0.0) if natural != "normal" else case.walls[0], case.walls[1]
    whole = known(steady_state(Model(
        drift=case.drift, weight=case.weight, bias=case.bias, nu2=case.nu2, diffusion=case.diffusion, initial=START
    )))  # fmt: skip
    below, above = float(whole.cdf(low)), float(whole.cdf(high))
    x = whole.quantile(below + (above - below) * np.array([0.02, 0.3, 0.5, 0.9]))
    law = known(state)
    np.testing.assert_allclose(law.pdf(x), whole.pdf(x) / (above - below), rtol=1e-10)
    np.testing.assert_allclose(law.cdf(x), (whole.cdf(x) - below) / (above - below), rtol=1e-10)
    np.testing.assert_allclose(law.quantile(law.cdf(x)), x, rtol=1e-12)
    outside = np.array([low - 1.0, high + 1.0])
    assert law.pdf(outside).max() == 0.0
    assert law.cdf(outside).tolist() == [0.0, 1.0]
    assert np.isnan(law.cdf(np.array([math.nan, 1.0]))).tolist() == [True, False]


def test_walls_make_a_law_where_the_line_has_none() -> None:
    for drift, weight in ((IDENTITY, 1.0), (SIGMOID, 1.0), (RELU, -1.0), (TANH, 0.5)):
        state = steady_state(model(drift, weight, 0.2, 0.5, walls=(-1.0, 2.0), wall="reflecting"))
        assert state.family == "quadrature"
        assert math.isclose(float(known(state).cdf(2.0)), 1.0)
    flat = known(steady_state(model(RELU, 0.0, -1.0, 0.5, walls=(-1.0, 2.0), wall="reflecting")))
    np.testing.assert_allclose(flat.pdf(np.linspace(-1.0, 2.0, 7)), 1.0 / 3.0, rtol=1e-13)
    assert steady_state(model(RELU, 0.0, -1.0, 0.5, walls=(-1.0, 2.0), wall="reflecting")).gap == pytest.approx(
        0.25 * (math.pi / 3.0) ** 2, rel=1e-7
    )


def test_a_negative_bias_mirrors_the_inverse_gamma_law() -> None:
    right = known(steady_state(model(IDENTITY, -1.0, 1.0, 0.25, LINEAR)))
    state = steady_state(model(IDENTITY, -1.0, -1.0, 0.25, LINEAR))
    x = np.array([0.3, 0.9, 1.1, 4.0])
    np.testing.assert_allclose(known(state).pdf(-x), right.pdf(x), rtol=1e-10)
    assert state.tail == (pytest.approx(9.0), INF)


@pytest.mark.parametrize("drift", [TANH, SIGMOID])
def test_bounded_activations_with_k_equal_to_x_have_the_tail_of_relu(drift: Drift) -> None:
    """At x -> oo the drift is bounded and noise alone decides: g ~ 1/x^2, whatever w is."""
    for weight in (-1.0, 0.5) if drift is SIGMOID else (-1.0,):
        state = steady_state(model(drift, weight, 1.0, 1.0, LINEAR))
        assert state.tail == (INF, pytest.approx(1.0))
        assert known(state).mean == INF
        grid = Grid(0.0, 30.0, cells=3000)
        rest = ChangCooperStepper(equation(model(drift, weight, 1.0, 1.0, LINEAR)), grid, np.ones(3000)).equilibrium()
        shape = known(state).pdf(grid.centres)
        assert np.abs(rest / rest.sum() - shape / shape.sum()).sum() < 1e-6


def test_a_law_by_quadrature_has_the_sampling_constants_of_its_family() -> None:
    """sqrt(2/pi) int sqrt(F (1 - F)): N(0, 1) 1.288379, inverse Gamma (9, 8) .510821; infinite for a tail of x^(-2)."""
    normal = known(steady_state(model(IDENTITY, -1.0, 0.0, 2.0), closed=False))
    assert abs(normal.w1_constant() - 1.288379) < 1e-6
    gamma = known(closed_and_computed("inverse Gamma")[1])
    assert abs(gamma.w1_constant() - 0.510821) < 1e-6
    heavy = known(closed_and_computed("Pareto")[1])
    with pytest.raises(InputError, match="tail exponent"):
        heavy.w1_constant()


@pytest.mark.parametrize(
    "case",
    [
        model(cubic(2.6), 82.0, 4.6, 0.007),  # wells 10^5 e-folds deep, one higher by 10^4
        model(cubic(0.016), 585.0, 9.3, 0.043),
        model(cubic(1e-3), -20.0, -2.0, 1e-8),
        model(IDENTITY, 50.0, 0.12, 217.0, walls=(-956.0, 0.4), wall="reflecting"),
        model(TANH, -300.0, 1e3, 1e-4),
        model(RELU, -1.0, 1.0, 1e-4, LINEAR),
        model(RELU, -1e-3, 1.0, 1e3, LINEAR),
    ],
)
def test_extreme_parameters_neither_hang_nor_lose_the_mass(case: Model) -> None:
    law = known(steady_state(case, closed=False))
    assert isinstance(law, Gibbs)
    assert law.edges.size < 2000
    assert math.isclose(float(law.below[-1] + law.above[-1]), 1.0, rel_tol=1e-12)
    levels = np.array([1e-3, 0.25, 0.5, 0.75, 0.999])
    np.testing.assert_allclose(law.cdf(law.quantile(levels)), levels, rtol=1e-6)


# existence ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (model(IDENTITY, 0.0, 0.0, 1.0), "does not pull back from -oo; allowed: w < 0"),
        (model(IDENTITY, 1.0, 0.0, 1.0), "does not pull back from -oo"),
        (model(TANH, 0.0, 1.0, 1.0), "does not pull back from +oo; allowed: w < 0"),
        (model(TANH, 2.0, 1.0, 1.0), "does not pull back from -oo; allowed: w < 0"),
        (model(SIGMOID, -1.0, 0.0, 1.0), "does not pull back from +oo; allowed: reflecting walls"),
        (model(SIGMOID, 1.0, 0.0, 1.0), "does not pull back from -oo; allowed: reflecting walls"),
        (model(RELU, -1.0, 1.0, 1.0), "does not pull back from +oo; allowed: reflecting walls"),
        (model(RELU, 1.0, 1.0, 1.0), "does not pull back from -oo; allowed: reflecting walls"),
        (model(RELU, -1.0, -0.5, 1.0, LINEAR), "abs(x)^(-2) at 0, where all mass gathers; allowed: b > 0"),
        (model(RELU, -1.0, 0.0, 1.0, LINEAR), "abs(x)^(-2) at 0, where all mass gathers; allowed: b > 0"),
        (model(RELU, 0.5, 1.0, 1.0, LINEAR), "does not pull back from +oo"),
        (model(IDENTITY, 0.125, 1.0, 0.25, LINEAR), "does not pull back from +oo; allowed: b not 0, and w < nu^2/2"),
        (model(IDENTITY, 0.2, 1.0, 0.25, LINEAR), "does not pull back from +oo; allowed: b not 0, and w < nu^2/2"),
        (model(IDENTITY, -1.0, 0.0, 0.25, LINEAR), "at 0, where all mass gathers"),
        (model(lognormal_family(2.0), 1.0, 0.0, 1.0, LINEAR), "at 0, where all mass gathers; allowed: 2 lam > delta"),
        (model(TANH, -1.0, 0.0, 1.0, walls=(-1.0, 1.0)), "sticky walls"),
        (model(cubic(1.0), 1.0, 0.0, 0.0), "which of 3 zeros"),
        (model(TANH, 1.0, -5.0, 0.0), "pushes away from its zero"),
        (model(SIGMOID, 1.0, 0.0, 0.0), "carries everything towards +oo"),
        (model(RELU, -1.0, 1.0, 0.0), "every law stays as it is"),
        (model(RELU, 0.0, -1.0, 0.0), "every law stays as it is"),
    ],
)
def test_where_there_is_no_steady_state_one_sentence_says_why(case: Model, words: str) -> None:
    state = steady_state(case)
    assert state.law is None
    assert state.family == "none"
    assert state.gap is None
    assert math.isnan(state.moment(1))
    assert state.reason.startswith("no ")
    assert words in state.reason


@pytest.mark.parametrize("nu2", [0.5, 1.0, 2.0])
def test_existence_of_inverse_gamma_turns_at_w_equal_to_half_the_noise(nu2: float) -> None:
    assert steady_state(model(IDENTITY, 0.5 * nu2 * (1.0 - 1e-9), 1.0, nu2, LINEAR)).law is not None
    assert steady_state(model(IDENTITY, 0.5 * nu2, 1.0, nu2, LINEAR)).law is None


def test_two_half_lines_that_nothing_joins_have_no_single_law() -> None:
    """Drift x (1 - x^2) vanishes with K at 0: the start's masses on x < 0 and on x > 0 are kept."""
    whole = model(cubic(1.0), 1.0, 0.0, 0.5, LINEAR)
    assert "depends on the start" in steady_state(whole).reason
    right = steady_state(model(cubic(1.0), 1.0, 0.0, 0.5, LINEAR, initial=Uniform(0.5, 1.0)))
    left = steady_state(model(cubic(1.0), 1.0, 0.0, 0.5, LINEAR, initial=Uniform(-1.0, -0.5)))
    x = np.array([0.2, 0.9, 1.7])
    exact = 2.0 * x ** (2.0 / 0.5 - 2.0) * np.exp(-(x**2) / 0.5)
    exact /= special.gamma(1.5) * 0.5**1.5
    np.testing.assert_allclose(known(right).pdf(x), exact, rtol=1e-10)
    np.testing.assert_allclose(known(left).pdf(-x), exact, rtol=1e-10)


@pytest.mark.parametrize(
    ("case", "point"),
    [
        (model(IDENTITY, -2.0, 1.0, 0.0), 0.5),
        (model(TANH, -1.0, 1.0, 0.0), 1.0),
        (model(cubic(1.0), -1.0, 10.0, 0.0), 2.0),
        (model(lognormal_family(0.5, scale=3.0), 1.0, 0.0, 0.0), 3.0),
        (model(IDENTITY, -1.0, MEAN_COUPLED, 0.0), 1.0),
        (model(TANH, -1.0, 5.0, 0.0, walls=(0.0, 3.0)), 3.0),
        (model(SIGMOID, 1.0, 0.0, 0.0, walls=(0.0, 3.0)), 3.0),
    ],
)
def test_without_noise_the_zero_that_attracts_is_the_steady_state(case: Model, point: float) -> None:
    state = steady_state(case)
    assert state.family == "Dirac"
    assert isinstance(state.law, Dirac)
    assert math.isclose(state.law.point, point, rel_tol=1e-14)
    assert math.isclose(state.moment(3), point**3, rel_tol=1e-13)


# gaps -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLOSED_MODELS)
def test_closed_gaps_are_those_of_the_matrix(name: str) -> None:
    """Bound states to 1e-7; an edge of a continuous spectrum comes out above by (2 pi/(L mu))^2, to 2 % here."""
    closed, computed = closed_and_computed(name)
    assert (closed.gap_from, computed.gap_from) == (CLOSED, NUMERIC)
    assert closed.gap is not None
    assert computed.gap is not None
    excess = computed.gap / closed.gap - 1.0
    edge = closed.tail[1] <= 2.0 or name in ("sech power, p < 1", "generalised Gamma, steep at 0")
    assert -1e-8 < excess < 0.02 if edge else abs(excess) < 1e-7


def test_eigenvalues_of_the_references_are_met() -> None:
    """Inverse Gamma (w = -1, nu^2 = .25): 1 and 1.75, n abs(w) - n (n - 1) nu^2/2; tanh (w = -.5): .375."""
    gamma = known(closed_and_computed("inverse Gamma")[1])
    assert isinstance(gamma, Gibbs)
    rates, errors = decay_rates(gamma, equation(CLOSED_MODELS["inverse Gamma"]).diffusion, 3)
    np.testing.assert_allclose(rates, [1.0, 1.75, 2.25], rtol=1e-7)
    assert errors.max() < 1e-3
    assert math.isclose(steady_state(model(TANH, -0.5, 1.0, 1.0), closed=False).gap or 0.0, 0.375, rel_tol=1e-9)
    normal = steady_state(model(IDENTITY, -1.0, 0.0, 2.0, walls=(0.0, INF), wall="reflecting"))
    assert math.isclose(normal.gap or 0.0, 2.0, rel_tol=1e-7)  # the even Hermite polynomials remain


@pytest.mark.parametrize(
    ("case", "grid", "wanted"),
    [
        ("inverse Gamma", Grid(0.0, 12.0, cells=480), (1.0, 1.75)),
        ("sech power", Grid(-38.0, 42.0, cells=1600), (0.375,)),
    ],
)
def test_gaps_on_the_matrix_of_a_grid(case: str, grid: Grid, wanted: tuple[float, ...]) -> None:
    """The rates in x themselves, as a run of the scheme has them."""
    from scipy.linalg import eigh_tridiagonal

    left, right = Faces(equation(CLOSED_MODELS[case]), grid, "gauss3").rates(0.0, None)
    values = eigh_tridiagonal(left[:-1] + right[1:], -np.sqrt(left * right)[1:-1], eigvals_only=True)
    assert abs(values[0]) < 1e-8
    np.testing.assert_allclose(values[1 : 1 + len(wanted)], wanted, rtol=4e-3)


@pytest.mark.parametrize("power", [0.02, 0.2, 2.0, 20.0, 200.0])
def test_relu_has_no_eigenvalue_below_its_continuous_spectrum(power: float) -> None:
    """Gap nu^2/8 for every p = 2 abs(w)/nu^2: the second and third values close in on the edge together."""
    case = model(RELU, -1.0, 1.0, 2.0 / power, LINEAR)
    law = known(steady_state(case, closed=False))
    assert isinstance(law, Gibbs)
    rates, _ = decay_rates(law, equation(case).diffusion, 2)
    edge = 2.0 / power / 8.0
    excess = rates / edge - 1.0
    assert 0.0 < excess[0] < 5e-4
    assert 3.9 < excess[1] / excess[0] < 4.1  # (k pi/L)^2: both belong to the continuous spectrum


def test_the_gap_is_continuous_where_the_bound_state_meets_the_edge() -> None:
    assert math.isclose(tanh_gap(-0.999999, 1.0), tanh_gap(-1.000001, 1.0), rel_tol=1e-5)
    assert math.isclose(inverse_gamma_gap(1.999999, 0.3), inverse_gamma_gap(2.000001, 0.3), rel_tol=1e-5)


def test_entropy_decays_at_twice_the_gap_or_faster() -> None:
    """A run of the scheme: the distance to rest falls like e^(-gap t) in the end."""
    case = CLOSED_MODELS["sech power"]
    state, grid = steady_state(case), Grid(-28.0, 32.0, cells=600)
    run = ChangCooperStepper(equation(case), grid, grid.averages(Normal(3.0, 0.5)))
    rest, distances = run.equilibrium(), []
    for k in range(3):
        run.advance(4.0 * k, 0.02, 200, INF)
        distances.append(float(np.sqrt(((run.averages - rest) ** 2 / rest).sum())))
    assert state.gap == 0.375
    assert math.isclose(math.log(distances[1] / distances[2]) / 4.0, 0.375, rel_tol=5e-3)


# the record and what is refused ---------------------------------------------------------------------------------------


def test_the_cases_of_the_papers_have_the_laws_that_their_notes_name() -> None:
    assert steady_state(cases["fokker-planck"].model).family == "normal"
    assert known(steady_state(cases["fokker-planck"].model)) == Normal(0.0, 1.0)
    assert steady_state(cases["relu"].model).family == "ReLU"
    assert steady_state(cases["tanh-noise"].model).family == "sech power"
    regression = steady_state(cases["regression"].model)
    assert isinstance(regression.law, Dirac)
    assert regression.law.point == 1.0


def test_reasons_describe_both_ends() -> None:
    heavy = steady_state(model(IDENTITY, -1.0, 1.0, 0.25, LINEAR)).reason
    assert heavy == "g_oo is integrable: at 0 it falls faster than any power, and at +oo it goes like abs(x)^(-10)"
    walled = steady_state(CLOSED_MODELS["Pareto"]).reason
    assert walled == "g_oo is integrable: a wall stands at 1.5, and at +oo it goes like abs(x)^(-2)"


def test_a_scale_far_from_1_changes_nothing() -> None:
    std = known(steady_state(model(cubic(1.0), 1.0, 0.0, 1.0))).std
    for scale in (1e-6, 1e6):
        state = steady_state(model(cubic(1.0 / scale**2), 1.0, 0.0, scale**2))
        assert math.isclose(state.gap or 0.0, 0.42294464581, rel_tol=1e-6)
        assert math.isclose(known(state).std, scale * std, rel_tol=1e-10)


def test_a_law_that_ends_in_a_power_has_moments_up_to_it_and_a_tail_beyond_the_panels() -> None:
    law = known(steady_state(model(IDENTITY, 0.1, 1.0, 0.25, LINEAR), closed=False))
    assert isinstance(law, Gibbs)
    mu, beta = 0.2, 8.0
    assert math.isclose(law.moment(0.19), beta**0.19 * special.gamma(mu - 0.19) / special.gamma(mu), rel_tol=1e-9)
    assert law.moment(0.2000001) == INF
    assert math.isclose(law.moment(-2.0), special.gamma(mu + 2.0) / special.gamma(mu) / beta**2, rel_tol=1e-10)
    far = float(law.isf(np.array(1e-40)))
    assert math.isclose(far, (beta**mu / special.gamma(mu + 1.0) / 1e-40) ** (1.0 / mu), rel_tol=1e-9)
    assert math.isclose(float(law.sf(np.array(far))), 1e-40, rel_tol=1e-9)


def test_a_jump_of_the_drift_that_nobody_names_is_found() -> None:
    """sigma = -sign(x - .3), K = 1: a two-sided exponential law, from the slope alone."""
    on = chart(-INF, INF, (False, False), 0.0)
    law = gibbs(lambda y: -2.0 * np.sign(on.point(y) - 0.3) * on.slope(y) + on.bend(y), on)
    x = np.array([-4.0, 0.0, 0.29, 0.31, 7.0])
    np.testing.assert_allclose(law.pdf(x), np.exp(-2.0 * np.abs(x - 0.3)), rtol=1e-9)


def test_a_drift_that_is_noise_is_refused_and_does_not_hang() -> None:
    on = chart(-INF, INF, (False, False), 0.0)
    with pytest.raises(InputError, match="too rough"):
        gibbs(lambda y: -np.sinh(2.0 * y) + np.sin(1e9 * y), on)
    with pytest.raises(InputError, match="no maximum"):
        gibbs(lambda y: np.ones_like(y), chart(0.0, INF, (True, False), 0.0))


def test_what_cannot_be_used_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match="dimension 2"):
        steady_state(model(IDENTITY, -1.0, 0.0, 1.0, initial=Product([START, START])))
    with pytest.raises(InputError, match="vary with time"):
        steady_state(model(IDENTITY, lambda t: -1.0 - t, 0.0, 1.0))
    with pytest.raises(InputError, match="jump at t = 1"):
        steady_state(model(IDENTITY, piecewise([0.0, 1.0], [-1.0, -2.0]), MEAN_COUPLED, 1.0))
    with pytest.raises(InputError, match="mean-coupled"):
        steady_state(model(TANH, -1.0, MEAN_COUPLED, 1.0))
    cube = Diffusion("x^3", lambda x, c: x * x * x, lambda x, c: 3.0 * x * x, half_line=True)
    with pytest.raises(InputError, match=r"K = .* at x = .*: allowed is one sign, up to x\^2"):
        steady_state(model(IDENTITY, -1.0, 1.0, 1.0, cube))
    inner = Diffusion("x - 2", lambda x, c: x - 2.0, lambda x, c: 1.0)
    with pytest.raises(InputError, match="one sign"):
        steady_state(model(IDENTITY, -1.0, 1.0, 1.0, inner))
    with pytest.raises(InputError, match="integer"):
        known(steady_state(model(cubic(1.0), 1.0, 0.0, 1.0))).moment(0.5)  # type: ignore[attr-defined]


def test_between_two_walls_far_from_zero_the_law_has_its_distribution_function() -> None:
    model = Model(
        drift=IDENTITY, weight=-1.0, bias=800.0, nu2=1.0, initial=Normal(800.0, 1.0), walls=(799.0, 801.0),
        wall="reflecting",
    )  # fmt: skip
    law = steady_state(model).law
    assert law is not None
    x = np.array([799.0, 799.5, 800.0, 800.5, 801.0])
    whole = Normal(800.0, 0.5)
    exact = (whole.cdf(x) - whole.cdf(799.0)) / (whole.cdf(801.0) - whole.cdf(799.0))
    np.testing.assert_allclose(law.cdf(x), exact, atol=1e-12)
