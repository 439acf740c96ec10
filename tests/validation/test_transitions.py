"""Exact laws of noisy models: theory's numbers, the Fokker-Planck equation in mpmath, transition densities, chains."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import brentq

from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    RELU,
    TANH,
    Clipped,
    Dirac,
    Empirical,
    KernelEstimate,
    Law,
    Lognormal,
    Mixture,
    Model,
    Normal,
    Product,
    PushForward,
    SechPower,
    SmoothedUniform,
    TanhAttracted,
    TanhRepelled,
    Uniform,
    cases,
    exact_law,
    linear_transition,
    piecewise,
    transition_law,
)  # fmt: skip

OU = Model(drift=IDENTITY, weight=-1.0, bias=0.3, nu2=2.0, initial=Normal(0.5, 0.2))
ATTRACTING = Model(drift=TANH, weight=-1.0, bias=1.0, nu2=1.0, initial=Normal(1.0, 1.0))
REPELLING = Model(drift=TANH, weight=2.0, bias=-0.6, nu2=0.5, initial=Normal(0.4, 0.3))
TWO = Mixture([Dirac(-2.0), Uniform(0.0, 1.0), Normal(1.0, 0.1)], [0.2, 0.3, 0.5])
LAWS: dict[str, Law] = {
    "ou-uniform": transition_law(replace(OU, initial=Uniform(-1.0, -0.5)), 0.7),
    "ou-uniform-early": transition_law(replace(OU, initial=Uniform(-1.0, 2.0)), 1e-4),
    "ou-mixture": transition_law(replace(OU, initial=TWO), 0.7),
    "ou-data": transition_law(replace(OU, initial=Empirical([-1.0, 0.0, 2.0])), 0.7),
    "narrow-uniform": SmoothedUniform(1.0, 1.01, 1.0),
    "attracted-normal": transition_law(ATTRACTING, 0.5),
    "attracted-uniform": transition_law(replace(ATTRACTING, initial=Uniform(-1.0, -0.5)), 1.0),
    "attracted-point": transition_law(replace(ATTRACTING, initial=Dirac(-3.0)), 2.0),
    "attracted-mixture": transition_law(replace(ATTRACTING, initial=TWO), 0.3),
    "attracted-early": transition_law(replace(ATTRACTING, initial=Uniform(-1.0, 1.0)), 1e-4),
    "repelled-point": transition_law(replace(REPELLING, initial=Dirac(0.4)), 1.5),
    "repelled-normal": transition_law(REPELLING, 1.5),
    "repelled-uniform": transition_law(replace(REPELLING, initial=Uniform(-1.0, 1.5)), 3.0),
    "repelled-mixture": transition_law(replace(REPELLING, initial=TWO), 1.0),
    "lognormal-mixture": transition_law(
        Model(
            drift=IDENTITY,
            weight=-0.4,
            bias=0.0,
            nu2=0.5,
            diffusion=LINEAR,
            initial=Mixture([Dirac(2.0), Lognormal(0.0, 0.3)], [0.5, 0.5]),
        ),
        1.0,
    ),
}
each_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
P = np.concatenate([[1e-17, 1e-12, 1e-6], np.linspace(0.001, 0.999, 101), [1.0 - 1e-6, 1.0 - 1e-12]])


def nodes(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gauss points and weights on panels."""
    x, g = np.polynomial.legendre.leggauss(16)
    half = 0.5 * np.diff(edges)
    return 0.5 * (edges[1:] + edges[:-1]) + half * x[:, None], g[:, None] * half


def w1(a: Law, b: Law) -> float:
    """Integral of abs(F - G) on panels that end where F = G."""
    edges = np.union1d(a.breakpoints(), b.breakpoints())
    gap = a.cdf(edges) - b.cdf(edges)
    turns = np.flatnonzero((gap[1:] * gap[:-1] < 0.0) & (np.minimum(abs(gap[1:]), abs(gap[:-1])) > 1e-13))
    roots = [brentq(lambda x: float(a.cdf(x) - b.cdf(x)), edges[i], edges[i + 1], xtol=1e-14) for i in turns]
    x, weights = nodes(np.union1d(edges, roots))
    return float((weights * np.abs(a.cdf(x) - b.cdf(x))).sum())


# --- what every law promises


@each_law
def test_quantile_undoes_the_cdf(law: Law) -> None:
    """To 1e-13 in probability, besides the rounding of x."""
    x = law.quantile(P)
    assert np.all(np.abs(law.cdf(x) - P) <= 1e-13 * P + 2.3e-16 + 4.5e-16 * np.abs(x) * law.pdf(x))
    assert np.all(np.diff(x) > 0.0)


@each_law
def test_density_is_the_slope_of_the_cdf(law: Law) -> None:
    edges = law.quantile(np.linspace(0.001, 0.999, 60))
    x, weights = nodes(edges)
    np.testing.assert_allclose((weights * law.pdf(x)).sum(axis=0), np.diff(law.cdf(edges)), rtol=2e-12)


@each_law
def test_moments_are_those_of_the_density(law: Law) -> None:
    edges = law.breakpoints()
    beyond = edges[-1] + (edges[-1] - edges[0]) * np.linspace(0.05, 3.0, 60)  # lognormal tails are long
    x, weights = nodes(np.append(edges, beyond))
    mass = weights * law.pdf(x)
    assert mass.sum() == pytest.approx(1.0, abs=1e-13)
    mean = (mass * x).sum()
    assert law.mean == pytest.approx(mean, abs=3e-13 * law.std)
    assert law.variance == pytest.approx((mass * (x - mean) ** 2).sum(), rel=3e-13)


@each_law
def test_shapes_go_through(law: Law) -> None:
    for shape in [(), (3,), (2, 5), (0,)]:
        p = np.full(shape, 0.3)
        for function in (law.cdf, law.pdf, law.quantile, law.sample):
            assert np.shape(function(p)) == shape


# --- the linear equation


def test_gaussians_stay_gaussian() -> None:
    """Theory 2.4: N(a + (m - a) e^(wt), v e^(2wt) + nu^2 (e^(2wt) - 1)/(2 w)), a = -b/w."""
    for w, b, nu2, t in [(-1.0, 0.3, 2.0, 0.7), (0.8, -1.0, 0.5, 2.0), (-3.0, 2.0, 0.1, 5.0)]:
        law = exact_law(replace(OU, weight=w, bias=b, nu2=nu2), t)
        a, e = -b / w, math.exp(w * t)
        assert isinstance(law, Normal)
        assert law.m == pytest.approx(a + (0.5 - a) * e, rel=1e-14)
        assert law.v == pytest.approx(0.2 * e * e + nu2 * (e * e - 1.0) / (2.0 * w), rel=1e-14)


@pytest.mark.parametrize("w", [0.0, 1e-300, 1e-17, -1e-12, 1e-9, -1e-5])
def test_weak_weights_lose_no_digits(w: float) -> None:
    with mp.workdps(60):
        z, t = mp.mpf(w), mp.mpf(0.7)
        shift = mp.mpf(0.3) * (mp.expm1(z * t) / z if w else t)
        spread = 2 * (mp.expm1(2 * z * t) / (2 * z) if w else t)
        expected = (float(z * t), float(shift), float(spread))
    assert linear_transition(replace(OU, weight=w), 0.7) == pytest.approx(expected, rel=4e-16)


def test_pure_diffusion_adds_a_normal_law() -> None:
    law = exact_law(replace(OU, weight=0.0, bias=0.0), 3.0)
    assert law == Normal(0.5, 0.2 + 6.0)
    assert exact_law(replace(OU, weight=0.0, bias=0.0, initial=Uniform(0.0, 1.0)), 3.0) == SmoothedUniform(
        0.0, 1.0, 6.0
    )


def test_layers_compose() -> None:
    """Piecewise constant parameters against the law of one piece as the start of the next."""
    layered = replace(OU, weight=piecewise([0.0, 0.4, 1.0], [-1.0, 0.5, 0.0]), bias=piecewise([0.0, 0.7], [0.2, -1.0]))
    law: Law = OU.initial  # type: ignore[assignment]
    for w, b, h in [(-1.0, 0.2, 0.4), (0.5, 0.2, 0.7 - 0.4), (0.5, -1.0, 1.0 - 0.7), (0.0, -1.0, 0.5)]:
        law = transition_law(replace(OU, weight=w, bias=b, initial=law), h)
    found = exact_law(layered, 1.5)
    assert isinstance(found, Normal)
    assert isinstance(law, Normal)
    assert (found.m, found.v) == pytest.approx((law.m, law.v), rel=1e-14)


def test_callables_are_integrated_to_the_last_digits() -> None:
    """w = -1 + 2 cos t, b = sin 3t against mpmath; theory E16's weight."""
    model = replace(OU, weight=lambda t: -1.0 + 2.0 * math.cos(t), bias=lambda t: math.sin(3.0 * t))
    t = 4.0
    with mp.workdps(30):

        def whole(s: Any) -> Any:
            return -s + 2 * mp.sin(s)

        panels = mp.linspace(0, t, 9)
        shift = mp.quad(lambda s: mp.exp(whole(t) - whole(s)) * mp.sin(3 * s), panels)
        spread = 2 * mp.quad(lambda s: mp.exp(2 * (whole(t) - whole(s))), panels)
        expected = (float(whole(mp.mpf(t))), float(shift), float(spread))
    assert linear_transition(model, t) == pytest.approx(expected, rel=1e-13)


def test_callables_between_jumps_of_the_other_parameter() -> None:
    """A smooth bias over a weight that jumps: the panels end at the jump."""
    mixed = replace(OU, weight=piecewise([0.0, 0.3], [-1.0, 2.0]), bias=lambda t: 0.3)
    plain = replace(OU, weight=piecewise([0.0, 0.3], [-1.0, 2.0]), bias=0.3)
    assert linear_transition(mixed, 1.0) == pytest.approx(linear_transition(plain, 1.0), rel=1e-14)


def test_a_callable_with_a_jump_is_refused() -> None:
    jumping = replace(OU, weight=lambda t: -1.0 if t < 1.0 / 3.0 else 1.0)
    with pytest.raises(InputError, match="no smooth function of t"):
        linear_transition(jumping, 1.0)
    assert exact_law(jumping, 1.0) is None


@pytest.mark.parametrize(
    "weight", [-1.0, piecewise([0.0, 0.5], [-1.0, 2.0]), math.cos], ids=["constant", "layers", "cos"]
)
def test_coupled_bias_conserves_the_mean(weight: Any) -> None:
    model = replace(OU, weight=weight, bias=MEAN_COUPLED)
    law = exact_law(model, 1.0)
    assert law is not None
    assert law.mean == pytest.approx(0.5, abs=1e-14)
    centred = exact_law(replace(model, bias=0.0), 1.0)  # the same spread about another mean
    assert centred is not None
    assert law.variance == pytest.approx(centred.variance, rel=1e-13)


def test_moments_of_a_mixture_follow_the_moment_equations() -> None:
    """Theory 2.3: m1' = w m1 + b and V' = 2 w V + nu^2, from any start."""
    for t in (0.1, 1.0, 4.0):
        law = transition_law(replace(OU, initial=TWO), t)
        e = math.exp(-t)
        assert law.mean == pytest.approx(0.3 + (TWO.mean - 0.3) * e, rel=1e-14)
        assert law.variance == pytest.approx(TWO.variance * e * e + 1.0 - e * e, rel=1e-13)


@pytest.mark.parametrize(
    ("start", "values"),
    [
        (Uniform(-1.0, -0.5), {0.1: 0.73795809, 0.5: 0.45648536, 1.0: 0.27591047, 2.0: 0.10150146, 5.0: 0.00505346}),
        (Uniform(-1.0, 0.5), {0.1: 0.38026420, 0.5: 0.18241350, 1.0: 0.09445972, 2.0: 0.03383383, 5.0: 0.00168449}),
    ],
    ids=["half", "wide"],
)
def test_fokker_planck_approaches_its_target_as_theory_says(start: Uniform, values: dict[float, float]) -> None:
    """Theory 5.7: W1 to N(0, 1), and the moments."""
    for t, expected in values.items():
        law = exact_law(replace(cases["fokker-planck"].model, initial=start), t)
        assert law is not None
        assert law.mean == pytest.approx(start.mean * math.exp(-t), rel=1e-14)
        assert law.variance == pytest.approx(1.0 + (start.variance - 1.0) * math.exp(-2.0 * t), rel=1e-14)
        assert w1(law, Normal(0.0, 1.0)) == pytest.approx(expected, abs=6e-9)


def test_smoothed_uniform_is_the_convolution() -> None:
    """Quadrature of the transition density over the start, both tails, from wide to narrow against the noise."""
    for low, high, v in [(-1.0, 2.0, 1e-4), (0.0, 1.0, 1.0), (0.0, 0.4999, 1.0), (0.0, 0.5001, 1.0), (2.0, 2.001, 1.0)]:
        law, s = SmoothedUniform(low, high, v), math.sqrt(v)
        for z in (-30.0, -5.0, -0.3, 0.0, 0.4, 3.0):
            x = low + z * s
            with mp.workdps(40):
                points = sorted(
                    {mp.mpf(low), mp.mpf(high), *(mp.mpf(y) for y in (x - s, x, x + s, x + 6 * s) if low < y < high)}
                )
                width = mp.mpf(high) - mp.mpf(low)
                mass = mp.quad(lambda y: mp.ncdf((x - y) / mp.sqrt(v)), points) / width  # noqa: B023
                density = mp.quad(lambda y: mp.npdf((x - y) / mp.sqrt(v)), points) / width / mp.sqrt(v)  # noqa: B023
            assert float(law.cdf(x)) == pytest.approx(float(mass), rel=1e-12)
            assert float(law.sf(low + high - x)) == pytest.approx(float(mass), rel=1e-12)
            assert float(law.pdf(x)) == pytest.approx(float(density), rel=1e-12)


def test_smoothed_uniform_moments() -> None:
    law = SmoothedUniform(-0.5, 2.0, 0.3)
    x, weights = nodes(law.breakpoints())
    for k in range(7):
        assert law.moment(k) == pytest.approx((weights * law.pdf(x) * x**k).sum(), rel=1e-12)
    levels = np.array([1e-300, 1e-20, 0.2, 0.7])
    np.testing.assert_allclose(law.sf(law.isf(levels)), levels, rtol=1e-12)


# --- K = x


def test_geometric_motion_is_lognormal() -> None:
    """ln X ~ N(m0 + (w - nu^2/2) t, v0 + nu^2 t): E X^k solves m_k' = k (w + (k - 1) nu^2/2) m_k (theory 2.3)."""
    model = Model(drift=IDENTITY, weight=-0.4, bias=0.0, nu2=0.5, diffusion=LINEAR, initial=Lognormal(0.2, 0.1))
    for t in (0.3, 2.0):
        law = transition_law(model, t)
        assert isinstance(law, Lognormal)
        assert (law.m, law.v) == pytest.approx((0.2 - 0.65 * t, 0.1 + 0.5 * t), rel=1e-14)
        for k in (1, 2, 3):
            grown = math.exp(k * (-0.4 + (k - 1) * 0.25) * t)
            assert law.moment(k) == pytest.approx(Lognormal(0.2, 0.1).moment(k) * grown, rel=1e-13)
    assert transition_law(replace(model, initial=Dirac(2.0)), 1.0) == Lognormal(math.log(2.0) - 0.65, 0.5)


def test_geometric_motion_with_a_weight_of_time() -> None:
    model = Model(drift=IDENTITY, weight=math.cos, bias=0.0, nu2=0.5, diffusion=LINEAR, initial=Dirac(1.0))
    law = transition_law(model, 2.0)
    assert isinstance(law, Lognormal)
    assert law.m == pytest.approx(math.sin(2.0) - 0.5, rel=1e-13)


@pytest.mark.parametrize(
    "bias", [0.1, piecewise([0.0, 0.5], [1.0, -1.0]), lambda t: math.sin(2.0 * math.pi * t), MEAN_COUPLED],
    ids=["constant", "cancelling-layers", "cancelling-sine", "coupled"],
)  # fmt: skip
def test_geometric_motion_with_a_bias_has_no_closed_form(bias: Any) -> None:
    model = Model(drift=IDENTITY, weight=0.0, bias=bias, nu2=0.5, diffusion=LINEAR, initial=Dirac(1.0))
    assert exact_law(model, 1.0) is None


# --- tanh


REFERENCE = {
    "normal": (Normal(1.0, 1.0), {
        0.5: (1.0, 0.9235068751, 0.0545733221), 1.0: (1.0, 0.8828236494, 0.0295913715),
        2.0: (1.0, 0.8461015075, 0.0101817115),
    }),
    "left": (Normal(-1.0, 0.25), {
        0.5: (-0.5586837898, 0.6594984860, 1.5587232441), 1.0: (-0.1945877902, 0.9062389611, 1.1945927513),
        2.0: (0.3104715746, 1.0441742819, 0.6895285700),
    }),
    "uniform": (Uniform(-1.0, -0.5), {
        0.5: (-0.3188620587, 0.4564779899, 1.3194010218), 1.0: (0.0182437216, 0.7195467924, 0.9818287788),
        2.0: (0.4559249475, 0.8939710145, 0.5440777612),
    }),
}  # fmt: skip


@pytest.mark.parametrize(("start", "values"), REFERENCE.values(), ids=REFERENCE.keys())
def test_attracting_tanh_has_theorys_numbers(start: Law, values: dict[float, tuple[float, float, float]]) -> None:
    """Mean, variance and W1 to the logistic law; theory's variances are low by up to 5e-10: see the next test."""
    steady = SechPower(1.0, 1.0, 2.0)
    for t, (mean, variance, distance) in values.items():
        law = transition_law(replace(ATTRACTING, initial=start), t)
        assert law.mean == pytest.approx(mean, abs=6e-11)
        assert law.variance == pytest.approx(variance, abs=6e-10)
        assert w1(law, steady) == pytest.approx(distance, abs=6e-10)
    assert steady.variance == pytest.approx(0.8224670334, abs=6e-11)


def test_attracting_variance_in_thirty_digits() -> None:
    """4 int_0^oo z F(a - z) dz for the symmetric law from N(1, 1): .92350687549, where theory prints .9235068751."""
    with mp.workdps(30):
        t = mp.mpf(0.5)
        cdf = ATTRACTED["normal"][1]
        variance = float(mp.quad(lambda z: 4 * z * cdf(1 - z, t), [0, 0.5, 1, 2, 4, 8, 12, 20, 40, 60]))
    assert transition_law(ATTRACTING, 0.5).variance == pytest.approx(variance, rel=1e-13)


def psi(z: Any) -> Any:
    return z * mp.ncdf(z) + mp.npdf(z)


def attracted(survival: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """F = 1 - (e^v S(y + t) + e^(-v) S(y - t))/(2 cosh v), v = y - 1: theory 2.4 (ii) with w = -1, b = 1, nu = 1."""

    def cdf(y: Any, t: Any) -> Any:
        v = y - 1
        return 1 - (mp.exp(v) * survival(y + t, t) + mp.exp(-v) * survival(y - t, t)) / (2 * mp.cosh(v))

    return cdf


def repelled_from(x0: float) -> Callable[[Any, Any], Any]:
    """Theory 2.4 (i) with w = 2, b = -0.6, nu^2 = 1/2."""

    def cdf(x: Any, t: Any) -> Any:
        u0, s = 2 * mp.mpf(x0) + mp.mpf(-0.6), mp.sqrt(t / 2)
        ends = mp.exp(u0) * mp.ncdf((x - x0 - t) / s) + mp.exp(-u0) * mp.ncdf((x - x0 + t) / s)
        return ends / (2 * mp.cosh(u0))

    return cdf


def ou_uniform(x: Any, t: Any) -> Any:
    """Theory 2.4 with w = -1, b = 0.3, nu^2 = 2 from U[-1, -1/2]."""
    a, e = mp.mpf(0.3), mp.exp(-t)
    s = mp.sqrt(1 - e * e)
    left, right = a + (-1 - a) * e, a + (-mp.mpf(1) / 2 - a) * e
    return s / e * (psi((x - left) / s) - psi((x - right) / s)) * 2


ATTRACTED: dict[str, tuple[Law, Callable[[Any, Any], Any]]] = {
    "normal": (Normal(1.0, 1.0), attracted(lambda c, t: mp.ncdf((1 - c) / mp.sqrt(t + 1)))),
    "point": (Dirac(-3.0), attracted(lambda c, t: mp.ncdf((-3 - c) / mp.sqrt(t)))),
    "uniform": (
        Uniform(-1.0, -0.5),
        attracted(lambda c, t: mp.sqrt(t) * (psi((-0.5 - c) / mp.sqrt(t)) - psi((-1 - c) / mp.sqrt(t))) * 2),
    ),
}
SOLUTIONS: dict[str, tuple[Model, Callable[[Any, Any], Any]]] = {
    "ou-uniform": (replace(OU, initial=Uniform(-1.0, -0.5)), ou_uniform),
    "repelled-point": (replace(REPELLING, initial=Dirac(0.4)), repelled_from(0.4)),
} | {f"attracted-{name}": (replace(ATTRACTING, initial=start), cdf) for name, (start, cdf) in ATTRACTED.items()}
each_solution = pytest.mark.parametrize(("model", "cdf"), SOLUTIONS.values(), ids=SOLUTIONS.keys())


def residual(model: Model, cdf: Callable[[Any, Any], Any], x: Any, t: Any) -> Any:
    """F_t + sigma(w x + b) F_x - (nu^2/2) F_xx: the Fokker-Planck equation integrated once, K = 1."""
    weights = model.weights(0.0)
    u = mp.mpf(weights[0, 0, 0]) * x + mp.mpf(model.biases(0.0, weights)[0, 0])
    sigma = mp.tanh(u) if model.drift == TANH else u
    slope, bend = mp.diff(cdf, (x, t), (1, 0)), mp.diff(cdf, (x, t), (2, 0))
    return mp.diff(cdf, (x, t), (0, 1)) + sigma * slope - mp.mpf(model.nu2) / 2 * bend


@each_solution
def test_closed_form_solves_the_fokker_planck_equation(model: Model, cdf: Callable[[Any, Any], Any]) -> None:
    with mp.workdps(60):
        for t in (0.2, 1.0, 3.0):
            for x in (-4.1, -1.0, 0.3, 1.2, 3.7):
                assert abs(residual(model, cdf, mp.mpf(x), mp.mpf(t))) < mp.mpf(10) ** -25


def test_residual_notices_a_wrong_coupling() -> None:
    """Control: the attracting formula with nu^2 = 1.01."""
    with mp.workdps(60):
        wrong = replace(ATTRACTING, nu2=1.01)
        assert abs(residual(wrong, ATTRACTED["normal"][1], mp.mpf(0.3), mp.mpf(1.0))) > 1e-5


@each_solution
def test_law_is_the_closed_form(model: Model, cdf: Callable[[Any, Any], Any]) -> None:
    x = np.linspace(-6.0, 6.0, 25)
    for t in (0.05, 1.0, 6.0):
        with mp.workdps(30):
            expected = [float(cdf(mp.mpf(point), mp.mpf(t))) for point in x]
        np.testing.assert_allclose(transition_law(model, t).cdf(x), expected, rtol=2e-13, atol=2e-16)


@pytest.mark.parametrize("start", [Normal(0.4, 0.3), Normal(0.3, 25.0), Uniform(-1.0, 1.5)], ids=str)
def test_repelled_laws_are_the_quadrature_of_the_transition_density(start: Normal | Uniform) -> None:
    for t in (0.02, 1.0):
        law, one, s = transition_law(replace(REPELLING, initial=start), t), repelled_from, math.sqrt(0.5 * t)
        low, high = (start.mean - 14.0 * start.std, start.mean + 14.0 * start.std)
        if isinstance(start, Uniform):
            low, high = start.low, start.high
        for x in start.mean + start.std * np.array([-3.0, 0.0, 1.1]):
            near = [
                y for y in x + np.r_[-t, t] + s * np.arange(-8.0, 9.0, 2.0)[:, None] if low < min(y) and max(y) < high
            ]
            steps = sorted({low, *np.linspace(low, high, 16)[1:-1], *np.ravel(near), high})
            y, weights = nodes(np.array(steps))
            with mp.workdps(20):
                values = [one(point)(mp.mpf(x), mp.mpf(t)) * density(start, point) for point in map(mp.mpf, y.ravel())]
                mass = mp.fdot(map(mp.mpf, weights.ravel()), values)
            assert float(law.cdf(x)) == pytest.approx(float(mass), rel=1e-12)


def density(start: Normal | Uniform, y: Any) -> Any:
    if isinstance(start, Uniform):
        return 1 / (mp.mpf(start.high) - start.low)
    return mp.npdf((y - mp.mpf(start.m)) / mp.sqrt(start.v)) / mp.sqrt(start.v)


def test_repelled_moments() -> None:
    """Theory 2.4: mean x0 + t tanh u0, variance nu^2 t + t^2 sech^2 u0."""
    u0 = 2.0 * 0.4 - 0.6
    law = transition_law(replace(REPELLING, initial=Dirac(0.4)), 1.5)
    assert law.mean == pytest.approx(0.4 + 1.5 * math.tanh(u0), rel=1e-14)
    assert law.variance == pytest.approx(0.75 + 2.25 / math.cosh(u0) ** 2, rel=1e-14)


def test_far_points_are_repelled_for_good() -> None:
    law = transition_law(replace(REPELLING, initial=Dirac(1000.0)), 1.5)
    assert (law.mean, law.variance) == pytest.approx((1001.5, 0.75), rel=1e-14)


@pytest.mark.parametrize(
    "model",
    [ATTRACTING, replace(ATTRACTING, initial=Uniform(-1.0, -0.5)), REPELLING, replace(OU, initial=Uniform(-1.0, 1.0))],
    ids=["attracted-normal", "attracted-uniform", "repelled-normal", "ou-uniform"],
)
def test_laws_chain(model: Model) -> None:
    """Chapman and Kolmogorov: the law at 0.3 + 0.5 is that at 0.3 carried on for 0.5 from each of its points."""
    first, whole = transition_law(model, 0.3), transition_law(model, 0.8)
    x, weights = nodes(np.quantile(first.breakpoints(), np.linspace(0.0, 1.0, 60)))
    y = whole.quantile(np.array([1e-3, 0.03, 0.5, 0.9]))  # the panels leave out 1e-17
    onwards = np.array([transition_law(replace(model, initial=Dirac(point)), 0.5).cdf(y) for point in x.ravel()])
    mass = (weights * first.pdf(x)).ravel()
    np.testing.assert_allclose(mass @ onwards, whole.cdf(y), rtol=1e-12)


def test_attracting_and_repelling_tanh_are_dual() -> None:
    """Siegmund: P(X_t >= y from x under tanh u) = P(Y_t <= x from y under -tanh u)."""
    y = np.array([-2.0, 0.0, 0.7, 3.0])
    for x in (-1.5, 0.4, 2.2):
        there = transition_law(replace(REPELLING, weight=-2.0, bias=0.6, initial=Dirac(x)), 0.9)
        back = [float(transition_law(replace(REPELLING, initial=Dirac(point)), 0.9).cdf(x)) for point in y]
        np.testing.assert_allclose(1.0 - there.cdf(y), back, atol=3e-16)


@pytest.mark.parametrize("start", [Normal(1.0, 1.0), Uniform(-1.0, -0.5), Dirac(-3.0), TWO], ids=str)
def test_attracted_laws_tend_to_the_logistic_law(start: Law) -> None:
    law = transition_law(replace(ATTRACTING, initial=start), 200.0)
    x = np.linspace(-20.0, 22.0, 99)
    np.testing.assert_allclose(law.cdf(x), SechPower(1.0, 1.0, 2.0).cdf(x), rtol=1e-12)


# --- what has a closed form


def test_exact_law_knows_the_kinds_of_models() -> None:
    assert isinstance(exact_law(cases["fokker-planck"].model, 1.0), SmoothedUniform)
    assert isinstance(exact_law(cases["tanh-noise"].model, 1.0), TanhAttracted)
    assert isinstance(exact_law(REPELLING, 1.0), TanhRepelled)
    assert isinstance(exact_law(replace(OU, initial=Empirical([0.0, 1.0])), 1.0), KernelEstimate)
    assert isinstance(exact_law(replace(OU, initial=KernelEstimate(np.array([0.0, 1.0]), 0.1)), 1.0), KernelEstimate)
    assert isinstance(exact_law(replace(OU, nu2=0.0), 1.0), PushForward)
    for name in ("inverse-gamma", "generalised-gamma", "relu"):
        assert exact_law(cases[name].model, 1.0) is None
        assert cases[name].model.nu2 > 0.0


@pytest.mark.parametrize("model", [OU, ATTRACTING, REPELLING], ids=["ou", "attracting", "repelling"])
def test_law_at_time_zero_is_the_start(model: Model) -> None:
    assert transition_law(model, 0.0) is model.initial


@pytest.mark.parametrize(
    "model",
    [
        replace(OU, nu2=0.0),
        replace(OU, drift=RELU),
        replace(OU, walls=(-3.0, 3.0), wall="reflecting"),
        replace(OU, initial=Product([Normal(0.0, 1.0)] * 2)),
        replace(OU, neurons=2),
        replace(OU, initial=Clipped(Normal(0.0, 1.0), -1.0, 1.0)),
        replace(OU, weight=400.0),
        replace(OU, diffusion=LINEAR, bias=0.0, initial=Uniform(0.5, 1.0)),
        replace(OU, diffusion=LINEAR, bias=0.0, initial=Dirac(-1.0)),
        replace(ATTRACTING, nu2=1.0001),
        replace(ATTRACTING, diffusion=LINEAR),
        replace(ATTRACTING, bias=MEAN_COUPLED),
        replace(ATTRACTING, weight=piecewise([0.0, 0.5], [-1.0, 1.0])),
        replace(ATTRACTING, initial=Lognormal(0.0, 1.0)),
        replace(REPELLING, initial=Empirical([0.0, 1.0])),
        replace(REPELLING, initial=Normal(0.0, 1e9)),
    ],
)
def test_no_closed_form_is_said_so(model: Model) -> None:
    with pytest.raises(InputError):
        transition_law(model, 2.0)
    if model.nu2 > 0.0 and model.dim == 1:  # in the plane a product of laws of the line
        assert exact_law(model, 2.0) is None


@pytest.mark.parametrize("t", [-1.0, math.nan, math.inf])
def test_times_that_are_none_are_refused(t: float) -> None:
    with pytest.raises(InputError, match="time ="):
        transition_law(OU, t)


def test_couplings_are_recognised_up_to_rounding() -> None:
    """0.3 times 1/0.3 and the like need not be 1 in the last place."""
    for w in (0.1, 0.3, 0.7, 1.1, 49.0):
        model = replace(ATTRACTING, weight=-w, nu2=1.0 / w)
        assert isinstance(exact_law(model, 1.0), TanhAttracted)


def test_narrow_uniforms_that_contract_to_a_point_become_normal() -> None:
    assert isinstance(exact_law(replace(OU, initial=Uniform(1.0, 1.0 + 1e-14)), 30.0), Normal)
