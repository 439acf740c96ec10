"""The closed families against scipy.stats, mpmath and the equations whose steady states they are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from particles.base.errors import InputError
from particles.model import Law
from particles.model.laws.generalised_gamma import GeneralisedGamma
from particles.model.laws.inverse_gamma import InverseGamma
from particles.model.laws.lognormal import Lognormal
from particles.model.laws.pareto import Pareto
from particles.model.laws.relu_steady import ReluSteady
from particles.model.laws.sech_power import SechPower
from particles.philox import start_uniforms

LAWS: dict[str, Law] = {
    "lognormal": Lognormal(0.3, 0.49),
    "lognormal-wide": Lognormal(-1.0, 9.0),
    "inverse-gamma": InverseGamma(9.0, 8.0),
    "inverse-gamma-heavy": InverseGamma(2.2, 1.5),
    "inverse-gamma-no-mean": InverseGamma(0.7, 2.0),
    "generalised-gamma": GeneralisedGamma(3.0, 1.0 / 64.0, 0.5),
    "generalised-gamma-singular": GeneralisedGamma(0.4, 2.0, 1.5),
    "sech": SechPower(1.0, 1.0, 2.0),
    "sech-flat": SechPower(-0.5, 2.0, 0.05),
    "sech-narrow": SechPower(0.2, 0.5, 300.0),
    "relu": ReluSteady(-1.0, 1.0, 1.0),
    "relu-strong-noise": ReluSteady(-1.0, 2.0, 20.0),
    "relu-weak-noise": ReluSteady(-2.0, 3.0, 0.002),
    "pareto": Pareto(2.0),
    "pareto-three": Pareto(0.5, 3.0),
}
each_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
GAUSS = np.polynomial.legendre.leggauss(20)
LEVELS = np.concatenate([10.0 ** -np.arange(60.0, 2.0, -3.7), np.linspace(0.01, 0.5, 30)])


def exact(law: Law) -> Callable[[Any], Any]:
    """Density in mpmath, from the formula of the docstring and its normalisation."""
    m = mp.mpf
    match law:
        case Lognormal(mu, v):
            mu, width, scale = m(mu), 2 * m(v), 1 / mp.sqrt(2 * mp.pi * m(v))
            return lambda x: scale * mp.exp(-((mp.log(x) - mu) ** 2) / width) / x
        case InverseGamma(mu, beta):
            mu, beta = m(mu), m(beta)
            constant = beta**mu / mp.gamma(mu)
            return lambda x: constant * x ** (-1 - mu) * mp.exp(-beta / x)
        case GeneralisedGamma(kappa, theta, delta):
            kappa, theta, delta = m(kappa), m(theta), m(delta)
            constant = delta / (theta**kappa * mp.gamma(kappa / delta))
            return lambda x: constant * x ** (kappa - 1) * mp.exp(-((x / theta) ** delta))
        case SechPower(c, r, p):
            c, r, p = m(c), m(r), m(p)
            constant = r * mp.gamma((p + 1) / 2) / (mp.sqrt(mp.pi) * mp.gamma(p / 2))
            return lambda x: constant * mp.sech(r * (x - c)) ** p
        case ReluSteady(w, b, nu2):
            a, p = -m(b) / m(w), -2 * m(w) / m(nu2)
            c = a / (1 + mp.exp(p) * p ** (-p - 1) * mp.gammainc(p + 1, p))
            return lambda x: c / x**2 * ((x / a) ** (-p) * mp.exp(-p * a * (1 / x - 1 / a)) if x < a else 1)
        case Pareto(start, mu):
            mu, constant = m(mu), m(mu) * m(start) ** m(mu)
            return lambda x: constant * x ** (-1 - mu)
    raise AssertionError(law)


@each_law
def test_density_is_the_formula(law: Law) -> None:
    x = np.concatenate([law.quantile(LEVELS), law.isf(LEVELS)])
    with mp.workdps(40):
        density = exact(law)
        expected = np.array([float(density(mp.mpf(float(point)))) for point in x])
    np.testing.assert_allclose(law.pdf(x), expected, rtol=2e-13)


def panel_mass(law: Law, density: Callable[[Any], Any], low: float, high: float) -> float:
    """Integral of the density, in y with x = e^y for laws on x > 0: Gauss's rule of 20 points."""
    if isinstance(law, SechPower):
        weighted, low, high = density, mp.mpf(low), mp.mpf(high)
    else:
        weighted, low, high = lambda y: density(mp.exp(y)) * mp.exp(y), mp.log(low), mp.log(high)
    centre, half = (low + high) / 2, (high - low) / 2
    return float(sum(w * weighted(centre + half * t) for t, w in zip(*GAUSS, strict=True)) * half)


@each_law
def test_both_tails_are_the_integral_of_the_density(law: Law) -> None:
    """Quadrature in mpmath on panels of a tenth of the mass each; to 1e-12 of the smaller of F and 1 - F."""
    levels = np.concatenate([[0.5, 0.45, 0.4, 0.3, 0.2], 10.0 ** -np.arange(1.0, 46.0)])
    kink = [law.kink] if isinstance(law, ReluSteady) else []
    for edges, found in ((law.quantile(levels), law.cdf), (law.isf(levels), law.sf)):
        with mp.workdps(25):
            density = exact(law)
            masses = []
            for pair in itertools.pairwise(edges):
                ends = np.unique([*pair, *(a for a in kink if min(pair) < a < max(pair))]).tolist()
                masses.append(sum(panel_mass(law, density, *panel) for panel in itertools.pairwise(ends)))
        tail = np.cumsum(masses[::-1])[::-1]
        checked = levels[:-1] > 0.5e-30  # from there on what lies beyond the last panel is less than 1e-15 of it
        np.testing.assert_allclose(found(edges[:-1][checked]), tail[checked], rtol=1e-12)


@each_law
def test_quantiles_undo_both_tails(law: Law) -> None:
    """To 2e-12 of the level, besides what the rounding of x alone does."""
    for inverse, function in ((law.quantile, law.cdf), (law.isf, law.sf)):
        x = inverse(LEVELS)
        rounding = 4.5e-16 * np.abs(x) * law.pdf(x)
        assert np.all(np.abs(function(x) - LEVELS) <= 2e-12 * LEVELS + rounding)
        assert np.all(np.abs(law.cdf(x) + law.sf(x) - 1.0) < 1e-15)
    np.testing.assert_allclose(law.quantile(1.0 - LEVELS[-20:]), law.isf(LEVELS[-20:]), rtol=1e-12)


ORACLES = {
    "lognormal": (LAWS["lognormal"], stats.lognorm(0.7, scale=math.exp(0.3))),
    "inverse-gamma": (LAWS["inverse-gamma"], stats.invgamma(9.0, scale=8.0)),
    "generalised-gamma": (LAWS["generalised-gamma"], stats.gengamma(6.0, 0.5, scale=1.0 / 64.0)),
    "sech-1-is-hypsecant": (SechPower(0.5, 2.0, 1.0), stats.hypsecant(0.5, 0.5)),
    "sech-2-is-logistic": (SechPower(1.0, 1.0, 2.0), stats.logistic(1.0, 0.5)),
    "pareto": (LAWS["pareto-three"], stats.pareto(3.0, scale=0.5)),
}


@pytest.mark.parametrize(("law", "oracle"), ORACLES.values(), ids=ORACLES.keys())
def test_families_agree_with_scipy(law: Law, oracle: Any) -> None:
    x = oracle.ppf(np.linspace(0.001, 0.999, 300))
    np.testing.assert_allclose(law.pdf(x), oracle.pdf(x), rtol=1e-12)
    np.testing.assert_allclose(law.cdf(x), oracle.cdf(x), rtol=1e-12)
    np.testing.assert_allclose(law.sf(x), oracle.sf(x), rtol=1e-12)
    assert (law.mean, law.variance) == pytest.approx((oracle.mean(), oracle.var()), rel=1e-12)


MOMENTS = {
    "lognormal": (-2.5, 0, 1, 2, 3.3),
    "lognormal-wide": (-1, 0.5, 1, 2),
    "inverse-gamma": (-3, 0, 1, 2, 4, 8.5),
    "inverse-gamma-heavy": (-1, 0.5, 1, 2),
    "inverse-gamma-no-mean": (-1, 0.5),
    "generalised-gamma": (-2.5, 1, 2, 5),
    "generalised-gamma-singular": (-0.2, 1, 2, 3),
    "sech": (0, 1, 2, 3, 4, 6),
    "sech-flat": (1, 2, 3, 4),
    "sech-narrow": (1, 2, 3, 4),
    "relu": (-3, -0.5, 0, 0.5, 0.9),
    "relu-strong-noise": (-0.3, 0.5),
    "relu-weak-noise": (-2, 0.5),
    "pareto": (-1, 0.5),
    "pareto-three": (-1, 0.5, 1, 2),
}


@pytest.mark.parametrize(("name", "k"), [(name, k) for name, ks in MOMENTS.items() for k in ks])
def test_moments_are_the_integrals(name: str, k: float) -> None:
    """In the coordinate y with x = e^y (x = y for the laws on the whole line), by mpmath."""
    law = LAWS[name]
    with mp.workdps(25):
        density = exact(law)
        whole_line = isinstance(law, SechPower)
        low, high = (
            (law.quantile, law.isf) if whole_line else (lambda s: np.log(law.quantile(s)), lambda s: np.log(law.isf(s)))
        )
        span = float(high(1e-3) - low(1e-3))
        kink = {ReluSteady: "kink", Pareto: "start"}.get(type(law))
        centre = float(high(0.5)) if kink is None else math.log(getattr(law, kink))
        steps = [centre + span * step for step in (-150, -40, -10, -5, -2, -1, -0.5, 0, 0.5, 1, 2, 5, 10, 40, 150)]
        if isinstance(law, Pareto):
            steps = steps[7:]

        def integrand(y: Any) -> Any:
            return density(y) * y ** int(k) if whole_line else density(mp.exp(y)) * mp.exp((k + 1) * y)

        expected = float(mp.quad(integrand, [*map(mp.mpf, steps)]))
    assert law.moment(k) == pytest.approx(expected, rel=1e-12)


@each_law
def test_mean_and_variance_are_the_moments(law: Law) -> None:
    if law.tail > 1.0:
        assert law.mean == law.moment(1)
    if law.tail > 2.0:
        assert law.variance == pytest.approx(law.moment(2) - law.mean**2, rel=1e-10)
    assert math.isinf(law.mean) == (law.tail <= 1.0)
    assert math.isinf(law.variance) == (law.tail <= 2.0)
    if law.tail < math.inf:
        assert math.isinf(law.moment(law.tail))


@each_law
def test_tail_is_the_slope_of_the_survival_function(law: Law) -> None:
    """Logarithmic slope between the levels 1e-120 and 1e-121; a lighter tail has a slope that grows."""
    x = law.isf([1e-120, 1e-121])
    slope = math.log(10.0) / math.log(x[1] / x[0])
    if law.tail < math.inf:
        assert slope == pytest.approx(law.tail, rel=1e-9)
    else:
        assert slope > math.log(10.0) / math.log(law.isf(1e-13) / law.isf(1e-12)) * 2.0


def test_relu_numbers() -> None:
    """Theory: w = -1, b = 1, nu = 1, p = 2, q = 5/4; a Monte Carlo run gave the left mass 0.5541."""
    law = ReluSteady(-1.0, 1.0, 1.0)
    assert law.left_mass == pytest.approx(5.0 / 9.0, rel=1e-14)
    assert float(law.sf(2.0)) == pytest.approx(2.0 / 9.0, rel=1e-14)
    assert float(law.cdf(0.5)) == pytest.approx(0.195484, abs=5e-7)
    assert float(law.pdf(1.0)) == pytest.approx(4.0 / 9.0, rel=1e-14)


@pytest.mark.parametrize("power", [0.05, 2.0, 200.0, 2000.0, 20_000.0])
def test_relu_left_mass_neither_overflows_nor_cancels(power: float) -> None:
    with mp.workdps(40):
        p = mp.mpf(power)
        ratio = mp.exp(p) * p ** (-p - 1) * mp.gammainc(p + 1, p)
        expected = float(ratio / (1 + ratio))
    law = ReluSteady(-1.0, 0.7, 2.0 / power)
    assert law.left_mass == pytest.approx(expected, rel=1e-14)
    assert float(law.cdf(law.kink)) == pytest.approx(expected, rel=1e-14)


def test_relu_tends_to_pareto_as_the_noise_vanishes() -> None:
    """The mass left of a is about sqrt(pi/(2 p)): 8.4 % at p = 200, 2.8 % at p = 2000."""
    masses = [ReluSteady(-1.0, 1.0, 2.0 / p).left_mass for p in (200.0, 2000.0)]
    assert masses == pytest.approx([0.084, 0.028], abs=5e-4)
    x = np.array([1.5, 10.0, 1e6])
    np.testing.assert_allclose(ReluSteady(-1.0, 1.0, 1e-9).sf(x), Pareto(1.0).sf(x), rtol=1e-4)


STEADY: dict[str, tuple[Law, Callable[[float], float], Callable[[float], float], float, float]] = {
    # law, sigma(x), K(x), K'(x), nu^2
    "identity": (InverseGamma(9.0, 8.0), lambda x: 1.0 - x, lambda x: x, 1.0, 0.25),
    "lognormal-family": (
        # delta = 1/2, lam = c = nu = 1: kappa = 2 lam/(delta nu^2) - 1 and theta = c (nu^2 delta^2/(2 lam))^(1/delta)
        GeneralisedGamma(3.0, 1.0 / 64.0, 0.5), lambda x: -2.0 * (math.sqrt(x) - 1.0) * x, lambda x: x, 1.0, 1.0
    ),
    "tanh": (SechPower(2.0, 0.5, 8.0), lambda x: math.tanh(1.0 - 0.5 * x), lambda x: 1.0, 0.0, 0.5),
    "relu": (ReluSteady(-1.0, 1.0, 1.0), lambda x: max(1.0 - x, 0.0), lambda x: x, 1.0, 1.0),
    "reflected-relu": (Pareto(1.0), lambda x: max(1.0 - x, 0.0), lambda x: x, 1.0, 1.0),
}  # fmt: skip


@pytest.mark.parametrize(("law", "sigma", "shape", "slope", "nu2"), STEADY.values(), ids=STEADY.keys())
def test_law_is_steady(
    law: Law, sigma: Callable[[float], float], shape: Callable[[float], float], slope: float, nu2: float
) -> None:
    """Zero flux: sigma g = (nu^2/2) (K^2 g)', that is ln g(x) - ln g(y) = int_y^x (2 sigma/nu^2 - 2 K K')/K^2."""
    points = law.quantile([1e-3, 0.1, 0.4, 0.7, 0.99])

    def rate(x: float) -> float:
        return (2.0 * sigma(x) / nu2 - 2.0 * shape(x) * slope) / shape(x) ** 2

    kinks = [1.0] if isinstance(law, ReluSteady) else None
    for low, high in itertools.pairwise(points):
        inner = [k for k in kinks or [] if low < k < high] or None
        grown, _ = quad(rate, low, high, epsabs=1e-13, epsrel=1e-13, points=inner)
        assert math.log(float(law.pdf(high)) / float(law.pdf(low))) == pytest.approx(grown, abs=2e-12)


def test_printed_inverse_gamma_is_not_steady() -> None:
    """Control: the paper's mu = 1 + 2 w/nu^2 would be -7 here, no law at all; mu = 1 - w/nu^2 = 5 is not steady."""
    with pytest.raises(AssertionError):
        test_law_is_steady(InverseGamma(5.0, 8.0), lambda x: 1.0 - x, lambda x: x, 1.0, 0.25)


def beta_constant(mu: float) -> float:
    """Integral of sqrt(F (1 - F)) for Pareto's law from 1: B(3/2, 1/2 - 1/mu)/mu."""
    return float(mp.beta(1.5, 0.5 - 1.0 / mu)) / mu


@pytest.mark.parametrize(
    ("law", "integral", "rel"),
    [
        (InverseGamma(9.0, 8.0), 0.640219, 1e-6),
        (Pareto(1.0, 3.0), beta_constant(3.0), 1e-12),
        (Pareto(2.0, 2.5), 2.0 * beta_constant(2.5), 1e-12),
        (Pareto(1.0, 2.01), beta_constant(2.01), 1e-12),
        (SechPower(1.0, 1.0, 2.0), 0.5 * math.pi, 1e-12),
        (SechPower(0.0, 0.25, 2.0), 2.0 * math.pi, 1e-12),
    ],
)
def test_sampling_constants(law: Law, integral: float, rel: float) -> None:
    """The inverse Gamma number is theory's; the others are closed forms."""
    assert law.w1_constant() == pytest.approx(math.sqrt(2.0 / math.pi) * integral, rel=rel)


@pytest.mark.parametrize(
    "name", [name for name, law in LAWS.items() if law.tail > 2.0 and name not in ("sech", "pareto-three")]
)
def test_sampling_constant_is_the_integral(name: str) -> None:
    """Trapezoidal sum in y, x = e^y (x = y on the whole line): exponentially exact."""
    law = LAWS[name]
    if isinstance(law, SechPower):
        y = np.linspace(float(law.quantile(1e-60)), float(law.isf(1e-60)), 40_001)
        x, stretch = y, np.ones_like(y)
    else:
        y = np.linspace(float(np.log(law.quantile(1e-60))), float(np.log(law.isf(1e-250))), 400_001)
        x = stretch = np.exp(y)
    total = float((np.sqrt(law.cdf(x) * law.sf(x)) * stretch).sum() * (y[1] - y[0]))
    beyond = 0.0 if math.isinf(law.tail) else x[-1] * 1e-125 / (0.5 * law.tail - 1.0)
    assert law.w1_constant() == pytest.approx(math.sqrt(2.0 / math.pi) * (total + beyond), rel=1e-10)


@each_law
def test_what_is_infinite_is_refused_in_words(law: Law) -> None:
    if law.tail <= 2.0:
        with pytest.raises(InputError, match="sampling constant of W1 is infinite"):
            law.w1_constant()
    if law.tail <= 1.0:
        with pytest.raises(InputError, match="mean is infinite"):
            law.integrate_cdf(lambda p: p * (1.0 - p))


@each_law
def test_breakpoints_increase_and_reach_both_tails(law: Law) -> None:
    edges = law.breakpoints()
    assert np.all(np.isfinite(edges))
    assert np.all(np.diff(edges) > 0.0)
    assert float(law.cdf(edges[0])) < 1e-15
    assert float(law.sf(edges[-1])) < 1e-15


def test_gini_mean_difference_by_the_quadrature_of_laws() -> None:
    """int F (1 - F) dx by `integrate_cdf`: 1/2 for the logistic law of rate 1, 1/2 - 1/5 for Pareto's with mu = 3."""
    assert SechPower(1.0, 1.0, 2.0).integrate_cdf(lambda p: p * (1.0 - p)) == pytest.approx(0.5, rel=1e-12)
    assert Pareto(1.0, 3.0).integrate_cdf(lambda p: p * (1.0 - p)) == pytest.approx(0.5 - 0.2, rel=1e-9)


@each_law
def test_ends_of_the_line(law: Law) -> None:
    np.testing.assert_array_equal(law.cdf([-np.inf, np.inf]), [0.0, 1.0])
    np.testing.assert_array_equal(law.sf([-np.inf, np.inf]), [1.0, 0.0])
    np.testing.assert_array_equal(law.pdf([-np.inf, np.inf]), [0.0, 0.0])
    assert np.isnan(law.cdf(np.nan))
    if not isinstance(law, SechPower):
        np.testing.assert_array_equal(law.cdf([-1.0, 0.0]), [0.0, 0.0])
        np.testing.assert_array_equal(law.pdf([-1.0, 0.0]), [0.0, 0.0])
        assert float(law.cdf(5e-324)) == pytest.approx(0.0, abs=1e-9)


@each_law
def test_samples_follow_the_law(law: Law) -> None:
    """Kolmogorov's distance of 10^5 draws: false alarm below 1e-5 for each law."""
    drawn = np.sort(law.sample(start_uniforms(0, 100_000, seed=17)))
    levels, f = np.arange(1, drawn.size + 1) / drawn.size, law.cdf(drawn)
    distance = max(np.abs(levels - f).max(), np.abs(levels - 1.0 / drawn.size - f).max())
    assert math.sqrt(drawn.size) * distance < 2.47


@pytest.mark.parametrize(
    "make",
    [
        lambda: Lognormal(math.nan, 1.0),
        lambda: Lognormal(0.0, 0.0),
        lambda: InverseGamma(0.0, 1.0),
        lambda: InverseGamma(1.0, -1.0),
        lambda: GeneralisedGamma(-1.0, 1.0, 1.0),
        lambda: GeneralisedGamma(1.0, 0.0, 1.0),
        lambda: GeneralisedGamma(1.0, 1.0, math.inf),
        lambda: SechPower(math.inf, 1.0, 1.0),
        lambda: SechPower(0.0, -1.0, 1.0),
        lambda: SechPower(0.0, 1.0, 0.0),
        lambda: SechPower(0.0, 1.0, 2.0).moment(0.5),
        lambda: ReluSteady(1.0, 1.0, 1.0),
        lambda: ReluSteady(-1.0, 0.0, 1.0),
        lambda: ReluSteady(-1.0, 1.0, 0.0),
        lambda: Pareto(0.0),
        lambda: Pareto(1.0, 0.0),
    ],
)
def test_impossible_parameters_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(InputError):
        make()


def test_a_large_power_of_sech_is_nearly_normal() -> None:
    """sech^p(x) = exp(-p x^2/2 + p x^4/12 - ...): the excess at p = 5000 is 2/p."""
    law, x = SechPower(0.0, 1.0, 5000.0), np.array([-3.0, -0.02, 0.0, 0.01, 0.02, 3.0, 800.0])
    np.testing.assert_allclose(law.cdf(x), stats.norm.cdf(x * math.sqrt(5000.0)), atol=1e-4)
    np.testing.assert_allclose(law.sf(x) + law.cdf(x), 1.0, atol=1e-15)
