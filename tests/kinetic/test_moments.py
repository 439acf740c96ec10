"""Claims about closed moments: (9) to (16), Definition 2, Propositions 2, 3, Figures 1, 2 of arXiv 2001.04294.

E numbers are rows of docs/errata.md.

Oracles: closed forms written here, quadrature of the exact push-forward, and expansions of E (c + r X + s Z)^k.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from kinetic.__main__ import build_parser
from kinetic.moments import active_set, moments, partial_moments
from kinetic.moments.concentration import aggregation, concentration, definition_2, energy_bound, energy_decay
from kinetic.moments.levels import _searched, time_to_level
from kinetic.moments.propositions import corollary_2, dirac_limit, phi, proposition_2, proposition_3
from kinetic.moments.self_similar import self_similar
from kinetic.moments.spread import Spread, variance
from particles.base import command
from particles.base.errors import InputError, NotFiniteError
from particles.model import (
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    RELU,
    SIGMOID,
    TANH,
    Clipped,
    Dirac,
    Empirical,
    Histogram,
    KernelEstimate,
    Law,
    Measure,
    Mixture,
    Model,
    Normal,
    Uniform,
    cases,
    exact_law,
    piecewise,
)
from particles.model.laws.inverse_gamma import InverseGamma
from particles.model.laws.lognormal import Lognormal
from particles.model.laws.pareto import Pareto
from particles.model.laws.relu_steady import ReluSteady
from particles.model.parameters import Piecewise


def identity(weight: object, bias: object, law: Law | None = None, **options: object) -> Model:
    return Model(drift=IDENTITY, weight=weight, bias=bias, initial=law or Normal(1.0, 1.0), **options)  # type: ignore[arg-type]


def relu(weight: object, bias: object, law: Law | None = None, **options: object) -> Model:
    return Model(drift=RELU, weight=weight, bias=bias, initial=law or Normal(0.0, 1.0), **options)  # type: ignore[arg-type]


def normal_moment(k: int) -> float:
    return 0.0 if k % 2 else float(math.prod(range(1, k, 2)))


def affine_moment(k: int, c: float, r: float, s: float, start: np.ndarray) -> float:
    """E (c + r X + s Z)^k for X with raw moments `start` and an independent normal Z."""
    return sum(
        math.comb(k, i) * math.comb(k - i, j) * r**i * start[i] * s**j * normal_moment(j) * c ** (k - i - j)
        for i in range(k + 1)
        for j in range(k - i + 1)
    )


def uniform_moments(low: float, high: float, order: int) -> np.ndarray:
    return np.array([(high ** (k + 1) - low ** (k + 1)) / ((k + 1) * (high - low)) for k in range(order + 1)])


# moments of a law ----------------------------------------------------------------------------------------------------

LAWS = [
    Normal(0.7, 0.3),
    Uniform(-1.0, 2.0),
    Mixture([Normal(-1.0, 0.2), Uniform(0.0, 1.0)], [0.25, 0.75]),
    KernelEstimate(np.array([0.1, 0.1, 0.9]), 0.4),
    Histogram(np.array([-1.0, 0.0, 0.5, 2.0]), np.array([0.2, 0.5, 0.3])),
    Lognormal(0.0, 0.25),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize(("low", "high"), [(-math.inf, math.inf), (0.3, math.inf), (-math.inf, 0.3), (-0.2, 0.6)])
def test_raw_moments_are_those_of_the_density(law: Law, low: float, high: float) -> None:
    ends = np.clip(np.array([low, high]), -9.0, 40.0)
    kinks = [-1.0, 0.0, 0.5, 1.0, 2.0]
    for k, found in enumerate(law.raw_moments(3 if isinstance(law, Lognormal) else 5, low, high)):
        wanted, _ = quad(lambda x, k=k: x**k * float(law.pdf(x)), *ends, points=kinks, limit=400, epsabs=1e-13)
        assert found == pytest.approx(wanted, rel=1e-8, abs=1e-11)


def test_raw_moments_of_points_and_of_walls() -> None:
    data = np.array([-1.0, 0.5, 0.5, 2.0])
    np.testing.assert_allclose(Empirical(data).raw_moments(3), [(data**k).mean() for k in range(4)], rtol=1e-15)
    np.testing.assert_array_equal(Empirical(data).raw_moments(1, 0.5), [0.25, 0.5])  # the interval is open
    np.testing.assert_array_equal(Dirac(3.0).raw_moments(2), [1.0, 3.0, 9.0])
    clipped = Clipped(Normal(0.0, 1.0), -0.5, 1.0)
    wanted = [1.0, clipped.mean, clipped.variance + clipped.mean**2]
    np.testing.assert_allclose(clipped.raw_moments(2), wanted, rtol=1e-13)
    at_the_wall = Clipped(Empirical(data), -0.5, 2.0)
    np.testing.assert_allclose(at_the_wall.raw_moments(1), [1.0, (-0.5 + 0.5 + 0.5 + 2.0) / 4.0])


def test_families_keep_their_own_moments_and_heavy_tails_are_refused() -> None:
    np.testing.assert_allclose(InverseGamma(9.0, 8.0).raw_moments(2), [1.0, 1.0, 8.0 / 7.0], rtol=1e-13)
    for law, order in ((ReluSteady(-1.0, 1.0, 1.0), 1), (Pareto(1.0, 2.5), 3)):
        with pytest.raises(InputError, match=f"moment of order {order} of .* is infinite"):
            law.raw_moments(order)
    with pytest.raises(InputError, match="too heavy"):
        InverseGamma(3.5, 2.0).raw_moments(3, 0.1)


# the hierarchy -------------------------------------------------------------------------------------------------------


def test_moments_of_figure_1() -> None:
    """w = -1, N(1, 1): m1, m2, V = e^-t, 2 e^-2t, e^-2t for b = 0 and 1, 1 + e^-2t, e^-2t for b = -w m1."""
    t = np.array([0.0, 0.5, 1.0, 2.0, 7.0])
    e1, e2, one = np.exp(-t), np.exp(-2.0 * t), np.ones(5)
    for name, wanted in (("moments-decay", [one, e1, 2.0 * e2]), ("moments-conserved", [one, one, 1.0 + e2])):
        np.testing.assert_allclose(moments(cases[name].model, t).T, wanted, rtol=1e-13)
        np.testing.assert_allclose(variance(cases[name].model, t), e2, rtol=1e-13)


def test_the_printed_sign_of_the_mean_coupling_does_not_conserve_the_mean() -> None:
    """Captions of figures 1 and 2 (E27): b = -m1 at w = -1 gives m1(2) = e^-4 = 0.0183."""
    assert moments(identity(-2.0, 0.0), 2.0)[0, 1] == pytest.approx(0.0183, abs=2e-5)
    assert moments(cases["moments-conserved"].model, 2.0)[0, 1] == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("w", [-1.3, 0.0, 0.4])
def test_noise_with_k_1_adds_a_normal_number(w: float) -> None:
    b, nu2, t = 0.3, 0.8, 1.7
    growth = math.exp(w * t)
    shift = b * t if w == 0.0 else b * math.expm1(w * t) / w
    s = math.sqrt(nu2 * (t if w == 0.0 else math.expm1(2.0 * w * t) / (2.0 * w)))
    start = uniform_moments(0.5, 2.0, 6)
    found = moments(identity(w, b, Uniform(0.5, 2.0), nu2=nu2), t, 6)[0]
    np.testing.assert_allclose(found, [affine_moment(k, shift, growth, s, start) for k in range(7)], rtol=1e-12)


def test_noise_with_k_x_multiplies_by_a_lognormal_number_where_the_bias_is_zero() -> None:
    w, nu2, t = -0.6, 0.5, 2.0
    found = moments(identity(w, 0.0, Uniform(0.5, 2.0), nu2=nu2, diffusion=LINEAR), t, 6)[0]
    growth = [math.exp(k * (w + 0.5 * (k - 1) * nu2) * t) for k in range(7)]
    np.testing.assert_allclose(found, growth * uniform_moments(0.5, 2.0, 6), rtol=1e-12)


def test_noise_with_k_x_has_the_closed_variance() -> None:
    """V = e^(lt) V0 + nu^2 (a^2 (e^(lt) - 1)/l + 2 a c (e^(lt) - e^(wt))/(l - w) + c^2 (e^(lt) - e^(2wt))/(l - 2w))."""
    w, b, nu2, law = -1.0, 0.7, 0.4, Uniform(0.5, 2.0)
    a, lam = -b / w, 2.0 * w + nu2
    c = law.mean - a
    t = np.array([0.1, 1.0, 4.0])
    e = np.exp(lam * t)
    parts = a**2 * np.expm1(lam * t) / lam + 2.0 * a * c * (e - np.exp(w * t)) / (lam - w)
    parts += c**2 * (e - np.exp(2.0 * w * t)) / (lam - 2.0 * w)
    model = identity(w, b, law, nu2=nu2, diffusion=LINEAR)
    np.testing.assert_allclose(variance(model, t), e * law.variance + nu2 * parts, rtol=1e-12)
    m = moments(model, t)
    np.testing.assert_allclose(m[:, 2] - m[:, 1] ** 2, e * law.variance + nu2 * parts, rtol=1e-11)
    assert variance(model, 60.0)[0] == pytest.approx(nu2 * a * a / (-2.0 * w - nu2), rel=1e-12)


def test_a_steady_law_keeps_its_moments() -> None:
    """Inverse Gamma, mu = 1 - 2 w/nu^2 = 9, beta = 2 b/nu^2 = 8 (E1, E2)."""
    model = identity(-1.0, 1.0, InverseGamma(9.0, 8.0), nu2=0.25, diffusion=LINEAR)
    wanted = [8.0**k * math.gamma(9.0 - k) / math.gamma(9.0) for k in range(7)]
    np.testing.assert_allclose(moments(model, [0.0, 1.0, 9.0], 6), [wanted] * 3, rtol=1e-11)


def test_parameters_that_are_callables_of_time() -> None:
    """w = -1/(1 + t), b = cos t/(1 + t): (1 + t) x = x0 + sin t."""
    law, t = Uniform(-1.0, 2.0), np.array([3.0, 0.0, 0.7, 12.0])
    model = identity(lambda t: -1.0 / (1.0 + t), lambda t: math.cos(t) / (1.0 + t), law)
    start = uniform_moments(-1.0, 2.0, 5)
    wanted = [[affine_moment(k, math.sin(s), 1.0, 0.0, start) / (1.0 + s) ** k for k in range(6)] for s in t]
    np.testing.assert_allclose(moments(model, t, 5), wanted, rtol=1e-10)
    np.testing.assert_allclose(variance(model, t), law.variance / (1.0 + t) ** 2, rtol=1e-11)


def test_a_callable_and_a_piecewise_parameter_agree_with_exponentials_across_jumps() -> None:
    """Also the control: an integrator that did not stop at the jump at 0.3 would be off by more than 1e-9 or fail."""
    edges, weights, biases = (0.0, 0.3, 0.8), (-1.0, 2.0, -0.5), (1.0, 0.0, -2.0)
    exact = identity(piecewise(edges, weights), piecewise(edges, biases), nu2=0.3)
    mixed = identity(piecewise(edges, weights), lambda t: biases[sum(t >= e for e in edges[1:])], nu2=0.3)
    times = np.array([0.1, 0.3, 0.5, 0.8, 2.0])
    np.testing.assert_allclose(moments(mixed, times, 4), moments(exact, times, 4), rtol=1e-11)
    x, r = 0.0, 1.0
    for w, b, span in zip(weights, biases, (0.3, 0.5, 1.2), strict=True):
        x, r = x * math.exp(w * span) + b * math.expm1(w * span) / w, r * math.exp(w * span)
    assert moments(exact, 2.0, 1)[0, 1] == pytest.approx(x + r, rel=1e-13)


def test_mean_coupling_conserves_the_mean_with_noise_and_jumps() -> None:
    model = identity(piecewise((0.0, 0.5), (1.0, -2.0)), MEAN_COUPLED, Uniform(1.0, 2.0), nu2=0.6)
    np.testing.assert_allclose(moments(model, [0.2, 0.5, 3.0], 1)[:, 1], 1.5, rtol=1e-13)
    v = (1.0 / 12.0 + 0.3) * math.e - 0.3  # V' = 2 w V + nu^2
    assert variance(model, 1.5)[0] == pytest.approx(0.15 + (v - 0.15) * math.exp(-4.0), rel=1e-12)


def test_a_variance_far_below_the_mean_keeps_its_digits() -> None:
    t = 16.0
    model = cases["moments-conserved"].model
    assert variance(model, t)[0] == pytest.approx(math.exp(-2.0 * t), rel=1e-11)
    m = moments(model, t)[0]
    assert abs((m[2] - m[1] ** 2) / math.exp(-2.0 * t) - 1.0) > 1e-4  # the control: the difference has lost them


# relu ----------------------------------------------------------------------------------------------------------------


def test_relu_without_bias_is_not_the_identity() -> None:
    """Remark 2 says (16) reduces to (10); N(0, 1), w = 1, t = 1: m1 = (e - 1)/sqrt(2 pi), m2 = (1 + e^2)/2 (E24)."""
    m = moments(relu(1.0, 0.0), 1.0)[0]
    np.testing.assert_allclose(m, [1.0, (math.e - 1.0) / math.sqrt(2.0 * math.pi), 0.5 + 0.5 * math.e**2], rtol=1e-13)
    np.testing.assert_allclose(moments(identity(1.0, 0.0, Normal(0.0, 1.0)), 1.0)[0], [1.0, 0.0, math.e**2], atol=1e-13)


@pytest.mark.parametrize(("w", "b", "ends"), [(1.0, 0.5, (-0.5, math.inf)), (-2.0, 1.0, (-math.inf, 0.5))])
def test_the_active_set_is_where_u_is_positive(w: float, b: float, ends: tuple[float, float]) -> None:
    """Remark 2 prints x > -b/w for both signs of w (E23)."""
    assert active_set(relu(w, b)) == ends


LAWS_OF_RELU = [Normal(0.3, 1.0), Uniform(-1.0, 2.0), Mixture([Normal(-1.0, 0.2), Uniform(0.0, 1.0)], [0.3, 0.7])]


@pytest.mark.parametrize("law", LAWS_OF_RELU, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize(("w", "b"), [(1.0, -0.5), (-1.0, 0.5), (-0.7, -0.2), (0.0, 0.8), (0.0, -0.8)])
def test_relu_moments_are_those_of_the_push_forward(law: Law, w: float, b: float) -> None:
    t = 0.9

    def moved(x: float) -> float:
        u = max(w * x + b, 0.0)
        return x + u * (t if w == 0.0 else math.expm1(w * t) / w)

    low, high = (-8.0, 8.0) if not isinstance(law, Uniform) else (-1.0, 2.0)
    kinks = [-b / w if w else 0.0, 0.0, 1.0]
    for k, found in enumerate(moments(relu(w, b, law), t, 4)[0]):
        wanted, _ = quad(lambda x, k=k: moved(x) ** k * float(law.pdf(x)), low, high, points=kinks, limit=400)
        assert found == pytest.approx(wanted, rel=2e-8, abs=1e-9)


def test_relu_partial_moments_conserve_their_mass_and_close_without_boundary_terms() -> None:
    """(15), (16): the extra terms vanish (E22); m_k' by a difference equals k (w m_k^+ + b m_(k-1)^+)."""
    model, t, h = relu(-1.0, 0.5, Normal(0.3, 1.0)), 0.7, 1e-4
    plus = partial_moments(model, [0.0, t], 3)
    assert plus[1, 0] == plus[0, 0] == pytest.approx(0.5792597094391030, rel=1e-14)  # Phi(0.2)
    slope = np.diff(moments(model, [t - h, t + h], 3), axis=0)[0] / (2.0 * h)
    for k in (1, 2, 3):
        assert slope[k] == pytest.approx(k * (-plus[1, k] + 0.5 * plus[1, k - 1]), rel=1e-6)


def test_relu_with_jumps_that_keep_its_active_set() -> None:
    model = relu(piecewise((0.0, 0.4), (-1.0, -3.0)), piecewise((0.0, 0.4), (0.5, 1.5)), Normal(0.3, 1.0))
    np.testing.assert_allclose(moments(model, 0.6, 3), moments(relu(-1.0, 0.5, Normal(0.3, 1.0)), 1.0, 3), rtol=1e-13)
    assert variance(model, 0.6)[0] == pytest.approx(variance(relu(-1.0, 0.5, Normal(0.3, 1.0)), 1.0)[0], rel=1e-12)


@pytest.mark.parametrize("c", [101325.0, 1e9])
def test_variance_and_its_times_do_not_depend_on_where_zero_is(c: float) -> None:
    """relu with law and kink moved by c; control: m2 - m1^2 of the same moments is off by more than all of V."""
    for law in (lambda at: Normal(at + 0.25, 1.0), lambda at: Uniform(at - 1.0, at + 2.0)):
        near, far = relu(-1.0, 0.5, law(0.0)), relu(-1.0, c + 0.5, law(c))
        np.testing.assert_allclose(variance(far, [0.0, 0.9, 3.0]), variance(near, [0.0, 0.9, 3.0]), rtol=1e-7)
        assert time_to_level(far, 0.5) == pytest.approx(time_to_level(near, 0.5), rel=1e-6)
    m = moments(far, [0.9])[0]
    assert c < 1e9 or abs(m[2] - m[1] ** 2 - variance(near, [0.9])[0]) > 1.0
    np.testing.assert_allclose(variance(identity(-1.0, c, Normal(c, 1.0)), [1.0]), math.exp(-2.0), rtol=1e-12)


# what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (cases["regression"].model, "drift 'tanh' has no closed moments: allowed are 'identity' and 'relu'"),
        (Model(drift=SIGMOID, weight=-1.0, bias=0.0, initial=Normal(0.0, 1.0)), "'sigmoid' has no closed moments"),
        (cases["regression-2d"].model, "dimension 2"),
        (relu(-1.0, 1.0, nu2=1.0), "drift 'relu' with noise of K = 1 has no closed moments"),
        (relu(lambda t: -1.0, 1.0), "piecewise constant weight and bias only"),
        (relu(-1.0, MEAN_COUPLED), "piecewise constant weight and bias only"),
        (relu(-1.0, piecewise((0.0, 1.0), (1.0, 2.0))), "where its active set moves"),
        (identity(-1.0, 0.0, walls=(-1.0, 3.0)), r"walls = \(-1.0, 3.0\): moments are closed on the whole line"),
        (identity(-1.0, 0.0, ReluSteady(-1.0, 1.0, 1.0)), "moment of order 1 of .* is infinite"),
    ],
)  # fmt: skip
def test_moments_that_are_not_closed_are_refused_in_one_sentence(model: Model, told: str) -> None:
    with pytest.raises(InputError, match=told):
        moments(model, [0.0, 1.0])


def test_bad_arguments_are_refused() -> None:
    model = cases["moments-decay"].model
    for order in (-1, 1.5):
        with pytest.raises(InputError, match=f"order = {order} must be an integer of at least 0"):
            moments(model, 1.0, order)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"times = \[-1.0\]"):
        moments(model, -1.0)
    with pytest.raises(InputError, match="no active set"):
        partial_moments(model, 1.0)
    with pytest.raises(NotFiniteError, match="t = 900"):
        moments(identity(1.0, 0.0), 900.0)
    assert moments(model, 1.0, 0).tolist() == [[1.0]]


def test_walls_that_nobody_reaches_are_no_walls() -> None:
    free = identity(-1.0, 1.0, Uniform(0.5, 1.5), nu2=0.25, diffusion=LINEAR)
    for walls in ((0.0, math.inf), (-math.inf, math.inf)):
        walled = identity(-1.0, 1.0, Uniform(0.5, 1.5), nu2=0.25, diffusion=LINEAR, walls=walls, wall="reflecting")
        np.testing.assert_array_equal(moments(walled, 1.0), moments(free, 1.0))
    outward = identity(-1.0, -1.0, Uniform(0.5, 1.5), diffusion=LINEAR, walls=(0.0, math.inf), wall="reflecting")
    with pytest.raises(InputError, match="walls"):
        moments(outward, 1.0)


# Definition 2 and what Phi decides -----------------------------------------------------------------------------------

Weight = Callable[[float], float] | Piecewise | float


def test_energy_decays_where_the_weight_touches_zero_at_one_time() -> None:
    """Proposition 2 (ii) asks for w < 0 at all times; w = -(t - 1)^2 decays as well (E15)."""
    for bias, proposition in ((0.0, proposition_2), (MEAN_COUPLED, proposition_3)):
        model = identity(lambda t: -((t - 1.0) ** 2), bias)
        assert all(map(bool, definition_2(model, 3.0)))
        assert all(map(bool, proposition(model, 3.0)))


def test_aggregation_and_the_limit_are_two_things() -> None:
    """Proposition 2 (iii) equates them (E16, E20): V(oo) = V0 e^-2 for -e^-t; V rises to 3.934 V0 for -1 + 2 cos t."""
    settling = identity(lambda t: -math.exp(-t), 0.0)
    assert aggregation(settling, 30.0)
    assert variance(settling, 30.0)[0] == pytest.approx(math.exp(-2.0), rel=1e-10)
    waving = identity(lambda t: -1.0 + 2.0 * math.cos(t), 0.0)
    answer = aggregation(waving, 20.0)
    assert not answer
    assert answer.fails_on is not None
    assert answer.fails_on == pytest.approx((0.0, math.pi / 3.0), abs=1e-9)
    assert variance(waving, math.pi / 3.0)[0] == pytest.approx(math.exp(2.0 * (math.sqrt(3.0) - math.pi / 3.0)))
    assert variance(waving, math.pi / 3.0)[0] == pytest.approx(3.934, abs=5e-4)
    assert phi(waving, 20.0)[0] < -18.0
    assert concentration(waving, 20.0)


WEIGHTS: dict[str, Weight] = {
    "constant": -0.7,
    "growing": 0.3,
    "zero": 0.0,
    "jump up": piecewise((0.0, 0.5), (-1.0, 0.2)),
    "pause": piecewise((0.0, 0.5, 0.8), (-1.0, 0.0, -1.0)),
    "callable": lambda t: math.sin(3.0 * t) - 0.5,
}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("until", [0.4, 1.3, 3.0])
def test_the_propositions_agree_with_the_moment_equations(name: str, until: float) -> None:
    """And Corollary 1: for b = 0 energy bound gives concentration, energy decay gives aggregation."""
    for bias, proposition in ((0.0, proposition_2), (MEAN_COUPLED, proposition_3)):
        model = identity(WEIGHTS[name], bias)
        direct, by_phi = definition_2(model, until), proposition(model, until)
        assert [(f.notion, f.holds) for f in direct] == [(f.notion, f.holds) for f in by_phi]
        for one, other in zip(direct, by_phi, strict=True):
            if one.fails_on is not None or other.fails_on is not None:
                assert one.fails_on == pytest.approx(other.fails_on, abs=1e-9)
        bound, decay, concentrated, aggregating = direct
        assert concentrated or not bound
        assert aggregating or not decay


def test_an_energy_can_rise_while_the_variance_falls() -> None:
    """w = -1, b = 3, N(1, 1): m1 = 3 - 2 e^-t, so m2' = 12 e^-t - 10 e^-2t > 0 at all times."""
    model = identity(-1.0, 3.0)
    assert not energy_decay(model, 5.0)
    assert energy_decay(model, 5.0).fails_on == (0.0, 5.0)
    assert not energy_bound(model, 5.0)
    assert aggregation(model, 5.0)
    assert energy_decay(identity(-1.0, 0.5), 40.0)  # m1 = (1 + e^-t)/2: m2 falls to 1/4
    back = identity(-1.0, 0.5, Normal(-1.0, 1.0))  # m1 from -1 to 1/2: m2' = -6.5 e^-2t + 1.5 e^-t, 0 at ln(13/3)
    fails = energy_decay(back, 40.0).fails_on
    assert fails == pytest.approx((math.log(13.0 / 3.0), 40.0), rel=1e-12)


def test_noise_ends_aggregation_at_its_balance() -> None:
    """K = 1: V' = (2 w V0 + nu^2) e^(2wt) keeps its sign for ever, however close V is to its limit."""
    assert aggregation(identity(-1.0, 0.0, nu2=1.9), 300.0)
    assert not aggregation(identity(-1.0, 0.0, nu2=2.1), 300.0)
    still = aggregation(identity(-1.0, 0.0, nu2=2.0), 300.0)
    assert not still
    assert still.fails_on == (0.0, 300.0)


def test_a_point_neither_concentrates_nor_aggregates() -> None:
    """All statements need V(0) > 0 (E20)."""
    model = identity(-1.0, MEAN_COUPLED, Dirac(1.0))
    assert not any(definition_2(model, 1.0))
    assert not any(proposition_3(model, 1.0))
    moving = identity(-1.0, 0.0, Dirac(1.0))
    assert [f.holds for f in definition_2(moving, 1.0)] == [True, True, False, False]
    assert [f.holds for f in proposition_2(moving, 1.0)] == [True, True, False, False]


def test_a_variance_that_falls_below_the_smallest_numbers_is_told() -> None:
    answer = aggregation(identity(lambda t: -((t - 1.0) ** 2), 0.0), 20.0)
    assert answer
    assert "is 0 to rounding from there on" in answer.reason


def test_dirac_limits() -> None:
    assert dirac_limit(identity(-1.0, 0.0)) == 0.0
    assert dirac_limit(identity(-1.0, MEAN_COUPLED)) == 1.0
    assert dirac_limit(identity(1.0, 0.0)) is None
    assert dirac_limit(identity(piecewise((0.0, 1.0), (1.0, -0.1)), 0.0)) == 0.0
    for model in (identity(-1.0, 1.0), identity(lambda t: -1.0, 0.0), relu(-1.0, 0.0)):
        with pytest.raises(InputError):
            dirac_limit(model)


def test_a_proposition_refuses_what_it_is_not_about() -> None:
    with pytest.raises(InputError, match="bias 0 at all times"):
        proposition_2(identity(-1.0, lambda t: t), 1.0)
    with pytest.raises(InputError, match="mean-coupled bias"):
        proposition_3(identity(-1.0, 0.0), 1.0)
    with pytest.raises(InputError, match="without noise and walls, not 'tanh'"):
        proposition_2(Model(drift=TANH, weight=-1.0, bias=0.0, initial=Normal(0.0, 1.0)), 1.0)


# levels --------------------------------------------------------------------------------------------------------------


def test_times_to_the_levels_of_figure_2() -> None:
    """.5 ln(1/L) for the variances, .5 ln(2/L) for the energy of (a), .5 ln(1/(L - 1)) for that of (b)."""
    decay, conserved = (cases[name].model for name in ("moments-decay", "moments-conserved"))
    for level, variance_time, energy_time in (
        (0.5, 0.346574, 0.693147),
        (0.1, 1.151293, 1.497866),
        (0.01, 2.302585, 2.649159),
    ):
        for model in (decay, conserved):
            assert time_to_level(model, level) == pytest.approx(variance_time, abs=5e-7)
        assert time_to_level(decay, level, "energy") == pytest.approx(energy_time, abs=5e-7)
        assert time_to_level(conserved, 1.0 + level, "energy") == pytest.approx(variance_time, abs=5e-7)
    assert time_to_level(conserved, 1.0, "energy") == time_to_level(conserved, 0.5, "energy") == math.inf
    assert time_to_level(decay, 1.0) == time_to_level(decay, 7.0) == 0.0


@pytest.mark.parametrize("weight", [-0.7, piecewise((0.0, 0.5, 0.7), (-1.0, 0.4, -2.0)), lambda t: math.sin(t) - 1.0])
def test_phi_2_meets_the_bound_of_corollary_2_at_that_time(weight: Weight) -> None:
    for bias, level, quantity in (
        (0.0, 0.2, "variance"),
        (0.0, 0.2, "energy"),
        (MEAN_COUPLED, 0.2, "variance"),
        (MEAN_COUPLED, 1.2, "energy"),
    ):
        model = identity(weight, bias)
        t = time_to_level(model, level, quantity, until=20.0)
        assert phi(model, t, 2)[0] == pytest.approx(corollary_2(model, level, quantity), rel=1e-10)
    assert corollary_2(identity(-1.0, MEAN_COUPLED), 0.9, "energy") == -math.inf


@pytest.mark.parametrize("quantity", ["variance", "energy"])
@pytest.mark.parametrize("level", [0.3, 0.55, 0.9, 1.3])
@pytest.mark.parametrize(
    "model",
    [
        identity(-1.0, 0.5, nu2=0.3),
        identity(-1.0, 0.5, Normal(-1.0, 1.0)),
        identity(0.3, 0.4, Normal(-2.0, 0.5)),
        identity(0.0, 0.8, Normal(-2.0, 0.2), nu2=0.4),
        identity(0.0, -0.8, Normal(-2.0, 0.2)),
        identity(-0.5, MEAN_COUPLED, nu2=0.2),
    ],
)  # fmt: skip
def test_the_closed_times_are_those_of_a_search(model: Model, level: float, quantity: str) -> None:
    closed, searched = time_to_level(model, level, quantity), 0.0
    if Spread(model, quantity).at([0.0])[0] > level:
        searched = _searched(Spread(model, quantity), level, 30.0)
    assert closed == pytest.approx(searched, rel=1e-11)


def test_times_with_multiplicative_noise() -> None:
    """b = 0: m2 = m2(0) e^((2w + nu^2) t); the limit of the variance is never reached."""
    model = identity(-1.0, 0.0, nu2=0.5, diffusion=LINEAR)
    assert time_to_level(model, 0.2, "energy") == pytest.approx(math.log(10.0) / 1.5, rel=1e-12)
    steady = identity(-1.0, 1.0, Uniform(-2.0, 4.0), nu2=0.5, diffusion=LINEAR)  # V: 3 -> 1/3
    assert time_to_level(steady, 1.0 / 3.0) == math.inf
    assert 5.0 < time_to_level(steady, 1.0 / 3.0 + 1e-4) < 8.0


def test_times_of_relu_models() -> None:
    """N(0, 1), w = -1, b = 0: the left half contracts to 0, m2 = 1/2 + e^-2t/2."""
    model = relu(-1.0, 0.0)
    assert time_to_level(model, 0.6, "energy") == pytest.approx(0.5 * math.log(5.0), rel=1e-12)
    assert time_to_level(model, 0.5, "energy") == math.inf


def test_a_search_without_an_end_is_refused() -> None:
    with pytest.raises(InputError, match="until is needed where a parameter is a callable of time"):
        time_to_level(identity(lambda t: -1.0, 0.0), 0.5)
    for level in (0.0, math.nan):
        with pytest.raises(InputError, match="must be a positive finite number"):
            time_to_level(identity(-1.0, 0.0), level)
    with pytest.raises(InputError, match="must be one of variance, energy"):
        time_to_level(identity(-1.0, 0.0), 1.0, "mass")
    assert time_to_level(identity(-1.0, 0.0), 0.5, until=0.3) == math.inf


# the self-similar law ------------------------------------------------------------------------------------------------


def test_the_self_similar_law_of_the_identity_stands_still() -> None:
    x = np.linspace(-2.0, 4.0, 61)
    model = identity(-0.8, 0.0, Mixture([Normal(1.0, 0.3), Normal(-0.3, 0.2)], [0.6, 0.4]))
    start = self_similar(model.initial)  # type: ignore[arg-type]
    later = exact_law(model, 1.5)
    assert later is not None
    scaled = self_similar(later)
    np.testing.assert_allclose(scaled.pdf(x), start.pdf(x), rtol=1e-10)
    np.testing.assert_allclose(scaled.cdf(x), start.cdf(x), rtol=1e-10)
    assert scaled.mean == pytest.approx(1.0, rel=1e-12)
    assert scaled.variance == pytest.approx(start.variance, rel=1e-9)
    shifted = exact_law(identity(-0.8, 0.5, model.initial), 1.5)  # the control: with a bias it does not
    assert shifted is not None
    assert np.abs(self_similar(shifted).pdf(x) - start.pdf(x)).max() > 0.1


@pytest.mark.parametrize("mean", [2.0, -2.0])
def test_laws_and_measures_are_scaled_to_mean_one(mean: float) -> None:
    law, x, p = Normal(mean, 0.5), np.linspace(-1.0, 3.0, 9), np.array([0.1, 0.5, 0.8])
    scaled, wanted = self_similar(law), Normal(1.0, 0.125)
    for name, at in (("pdf", x), ("cdf", x), ("quantile", p)):
        np.testing.assert_allclose(getattr(scaled, name)(at), getattr(wanted, name)(at), rtol=1e-12, atol=1e-15)
    assert (scaled.mean, scaled.variance) == pytest.approx((1.0, 0.125))
    faces = np.linspace(0.0, 1.0, 4) * mean if mean > 0.0 else np.linspace(mean, 0.0, 4)
    polynomials = np.array([[0.3, 0.5, 0.1], [0.1, 0.2, -0.1], [0.0, 0.3, 0.2]])
    measure = Measure(np.array([[mean]]), np.array([0.4]), faces, polynomials)
    rescaled, m = self_similar(measure), float(measure.mean[0])
    for k in range(4):
        assert rescaled.moment(k)[0] == pytest.approx(measure.moment(k)[0] / m**k, rel=1e-13)
    assert np.all(np.diff(rescaled.faces) > 0.0)


def test_a_mean_of_zero_cannot_be_scaled() -> None:
    for given in (Normal(0.0, 1.0), Measure.of_points(np.array([-1.0, 1.0])), ReluSteady(-1.0, 1.0, 1.0)):
        with pytest.raises(InputError, match="must be finite and not 0"):
            self_similar(given)  # type: ignore[call-overload]
    with pytest.raises(InputError, match="dimension 2"):
        self_similar(Measure.of_points(np.ones((2, 3))))


# the command ---------------------------------------------------------------------------------------------------------


def run(*words: str) -> int:
    return command.run("kinetic", build_parser, ("moments", *words))


def test_the_command_prints_figures_1_and_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "moments.csv"
    assert run("moments-conserved", "--order", "3", "--times", "0", "2", "--out", str(out), "--json") == 0
    told = capsys.readouterr().out.splitlines()
    answer = json.loads(told[-1])
    assert answer["moments"][1] == pytest.approx([1.0, 1.0, 1.0 + math.exp(-4.0), 1.0 + 3.0 * math.exp(-4.0)])
    assert [row["level"] for row in answer["energy_times"]] == [1.5, 1.1, 1.01]
    for rows in (answer["variance_times"], answer["energy_times"]):
        assert [row["time"] for row in rows] == pytest.approx([0.346574, 1.151293, 2.302585], abs=5e-7)
    assert [finding["holds"] for finding in answer["findings"]] == [True] * 4
    assert "aggregation: yes, V decreases strictly on [0, 2]" in told
    lines = out.read_text().splitlines()
    assert lines[0] == "t,m1,m2,m3,V"
    assert [float(x) for x in lines[2].split(",")] == pytest.approx([2.0, *answer["moments"][1][1:], math.exp(-4.0)])


def test_the_command_tells_what_is_never_reached(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fokker-planck", "--until", "1", "--levels", "0.01", "--energy-levels", "0.3", "--json") == 0
    told = capsys.readouterr().out
    assert "variance 0.01: never" in told
    assert json.loads(told.splitlines()[-1])["energy_times"] == [{"level": 0.3, "time": None}]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("regression",), "drift 'tanh' has no closed moments"),
        (("vehicles",), "drift 'tanh' has no closed moments"),
        (("moments-decay", "--order", "0"), "must be a positive integer"),
        (("moments-decay", "--levels", "-1"), "must be a positive finite number"),
        (("moments-decay", "--out", "table.png"), "must end in .csv"),
    ],
)
def test_bad_input_of_the_command_is_one_sentence(
    words: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    captured = capsys.readouterr()
    assert named in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
