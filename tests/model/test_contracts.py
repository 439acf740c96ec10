"""What every law, drift, noise shape and noise promises, each in one row: a value of one's own adds a row.

The checks are functions, so that a control may hand them a value that breaks its word.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.special import ndtr

from kinetic.moments.self_similar import Rescaled
from kinetic.steady import steady_state
from particles import Collisions, vmath
from particles.base.errors import InputError
from particles.base.jit import formula
from particles.model import (
    CONSTANT,
    IDENTITY,
    LINEAR,
    RELU,
    SIGMOID,
    TANH,
    Clipped,
    Diffusion,
    Dirac,
    Drift,
    Empirical,
    GeneralisedGamma,
    Histogram,
    InverseGamma,
    KernelEstimate,
    Law,
    Lognormal,
    Mixture,
    Model,
    Normal,
    Pareto,
    PushForward,
    ReluSteady,
    SechPower,
    SmoothedUniform,
    TanhAttracted,
    TanhRepelled,
    TruncatedNormal,
    Uniform,
    WeightedSum,
    cubic,
    lognormal_family,
    power_law,
)
from particles.model.exact.transients import flow_map
from particles.model.laws.weighted_sum import Moved
from particles.noise import EXPONENTIAL, GAUSSIAN, GAUSSIAN24, GAUSSIAN53, TWO_POINT, UNIFORM, Noise
from particles.philox import start_uniforms
from validation.exact import LatticeSum, boltzmann_law, euler_law
from validation.exact.tabulated import HALF_LINE
from validation.gallery.failures.tails import Logarithm
from validation.studies.chart import law_in

# laws ----------------------------------------------------------------------------------------------------------------

TWO = Mixture([Normal(-1.0, 0.25), Normal(2.0, 1.0)], [0.3, 0.7])
MODEL = Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0))
NOISY = replace(MODEL, nu2=0.5)
LAWS: dict[str, Law] = {
    "normal": Normal(1.0, 4.0),
    "uniform": Uniform(2.0, 8.0),
    "truncated-normal": TruncatedNormal(0.5, 2.0, 0.2, 3.0),
    "truncated-normal-mirrored": TruncatedNormal(0.5, 2.0, 3.0, 4.0),
    "mixture": TWO,
    "mixture-gap": Mixture([Uniform(0.0, 1.0), Uniform(3.0, 4.0)], [0.25, 0.75]),
    "mixture-heavy": Mixture([Normal(0.0, 1.0), InverseGamma(3.5, 2.0)], [0.5, 0.5]),
    "histogram": Histogram(np.array([0.0, 1.0, 1.5, 3.0]), np.array([0.2, 0.5, 0.3])),
    "kernel": KernelEstimate(np.array([-1.0, 0.0, 0.0, 2.5]), 0.4),
    "dirac": Dirac(1.5),
    "empirical": Empirical([-1.0, 0.5, 0.5, 3.0]),
    "clipped": Clipped(Normal(0.0, 1.0), -1.0, 0.5),
    "clipped-mixture": Clipped(TWO, 0.0, 2.5),
    "part-dirac": Mixture([Dirac(0.0), Uniform(0.0, 2.0)], [0.5, 0.5]),
    "lognormal": Lognormal(0.3, 0.49),
    "inverse-gamma": InverseGamma(3.5, 2.0),
    "inverse-gamma-mean": InverseGamma(1.2, 1.0),
    "generalised-gamma": GeneralisedGamma(2.5, 1.2, 0.7),
    "sech": SechPower(-0.5, 2.0, 1.4),
    "relu": ReluSteady(-1.0, 1.0, 0.4),
    "pareto": Pareto(0.5, 2.7),
    "smoothed-uniform": SmoothedUniform(-1.0, 2.0, 0.3),
    "push-forward": PushForward(MODEL, 1.0),
    "push-forward-relu": PushForward(replace(MODEL, drift=RELU), 1.0),
    "push-forward-walls": PushForward(replace(MODEL, walls=(0.0, 2.0)), 1.0),
    "tanh-attracted": TanhAttracted(TWO, -0.8, 0.4, 1.5),
    "tanh-repelled": TanhRepelled(Uniform(-1.0, 1.0), 0.8, 0.4, 1.5),
    "gibbs": steady_state(NOISY, closed=False).law,  # type: ignore[dict-item]
    "rescaled": Rescaled(Uniform(1.0, 2.0), -1.5),
    "logarithm": Logarithm(Lognormal(0.3, 0.49)),
    "lattice": LatticeSum(Uniform(0.0, 1.0), np.array([-0.7, 0.0, 0.7]), np.array([0.25, 0.5, 0.25])),
    "euler": euler_law(MODEL, 20, 1.0),
    "charted": law_in(HALF_LINE, Lognormal(0.3, 0.49)),
    "moved": Moved(SechPower(-0.5, 2.0, 1.4), -1.5, 0.3),
    "weighted-sum-walls": WeightedSum(Clipped(Normal(0.0, 1.0), -1.0, 0.5), 0.8, Uniform(0.0, 1.0), 0.6, 0.1),
    "weighted-sum": WeightedSum(Normal(-0.5, 0.3), 0.8, Uniform(0.0, 1.0), -0.6, 0.3),
    "tabulated": boltzmann_law(NOISY, Collisions(0.1, "synchronous"), 0.5, tolerance=1e-7),
}
each_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
LEVELS = st.lists(st.floats(1e-10, 1.0 - 1e-10), min_size=8, max_size=8).map(np.array)
few = settings(max_examples=12, derandomize=True, deadline=None)


_SLOW: dict[type, int] = {
    TanhRepelled: 20,
    TanhAttracted: 10,
    SmoothedUniform: 10,
    WeightedSum: 10,
}  # their quantiles integrate, or search


def _costs(law: Law) -> int:
    """How many times fewer points a law is asked for."""
    return _SLOW.get(type(law), 1)


def check_quantile(law: Law, p: np.ndarray) -> None:
    """The smallest point at which F reaches p."""
    x = law.quantile(p)
    gap = 1e-9 * (1.0 + np.abs(x))
    assert np.all(law.cdf(x + gap) >= p * (1.0 - 1e-9) - 1e-12)
    assert np.all(law.cdf(x - gap) <= p * (1.0 + 1e-9) + 1e-12)


def check_isf(law: Law, s: np.ndarray) -> None:
    """The point at which P(X > x) falls to s."""
    x = law.isf(s)
    gap = 1e-9 * (1.0 + np.abs(x))
    assert np.all(law.sf(x + gap) <= s * (1.0 + 1e-9) + 1e-12)
    assert np.all(law.sf(x - gap) >= s * (1.0 - 1e-9) - 1e-12)


def check_sampling(law: Law) -> None:
    """Kolmogorov's distance of 10^5 draws, at and just below each: false alarm below 1e-5."""
    drawn = np.sort(law.sample(start_uniforms(0, 100_000 // _costs(law), seed=17)))
    values, last = np.unique(drawn, return_counts=True)
    right = np.cumsum(last) / drawn.size
    left = right - last / drawn.size
    below = np.nextafter(values, -np.inf)
    distance = max(np.abs(right - law.cdf(values)).max(), np.abs(left - law.cdf(below)).max())
    assert math.sqrt(drawn.size) * distance < 2.47


def check_moments(law: Law) -> None:
    """E f(X) = int_0^1 f(F^-1(p)) dp by midpoints on cells that shrink to the ends; raw moments agree, if known."""
    near = 0.5 * np.exp(-np.linspace(0.0, 34.0, 6_000 // _costs(law)))
    edges = np.unique(np.concatenate([[0.0], near[::-1], 1.0 - near[1:], np.linspace(0.0, 1.0, 20_000 // _costs(law))]))
    x, cells = law.quantile(0.5 * (edges[1:] + edges[:-1])), np.diff(edges)
    if law.tail > 2.0:
        mean = (x * cells).sum()
        assert law.mean == pytest.approx(mean, abs=2e-4 * law.std)
        assert law.variance == pytest.approx((x * x * cells).sum() - mean**2, rel=0.02 if law.tail < 4.0 else 1e-3)
        assert law.std == math.sqrt(law.variance)
    else:
        assert law.variance == math.inf
        assert (law.mean == math.inf) == (law.tail <= 1.0)
    for about in (0.0, 0.3):
        try:
            found = law.raw_moments(2, about=about)
            cut = law.raw_moments(2, high=0.7, about=about), law.raw_moments(2, low=np.nextafter(0.7, 0.0), about=about)
        except InputError:
            continue
        off = law.mean - about
        np.testing.assert_allclose(found, [1.0, off, law.variance + off * off], rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(cut[0] + cut[1], found, rtol=1e-6, atol=1e-6)


@each_law
@few
@given(p=LEVELS)
def test_quantiles_and_survival_undo_the_distribution_function(law: Law, p: np.ndarray) -> None:
    check_quantile(law, p)
    check_isf(law, p)
    x = law.quantile(p)
    np.testing.assert_allclose(law.cdf(x) + law.sf(x), 1.0, rtol=0.0, atol=1e-9)
    order = np.argsort(p)
    assert np.all(np.diff(x[order]) >= 0.0)


@each_law
def test_samples_follow_the_law(law: Law) -> None:
    check_sampling(law)


@each_law
def test_moments_are_those_of_the_quantile(law: Law) -> None:
    check_moments(law)


@each_law
def test_density_and_atoms_hold_the_mass_between_the_breakpoints(law: Law) -> None:
    edges, nodes = law.breakpoints(), np.polynomial.legendre.leggauss(16)
    assert np.all(np.isfinite(edges))
    assert np.all(np.diff(edges) > 0.0)
    half = 0.5 * np.diff(edges)
    x = 0.5 * (edges[1:] + edges[:-1]) + half * nodes[0][:, None]
    points, masses = law.atoms()
    mass = float((nodes[1][:, None] * half * law.pdf(x)).sum()) + float(masses.sum())
    assert mass == pytest.approx(1.0, abs=1e-6 if law.tail == math.inf else 1e-3)
    np.testing.assert_allclose(law.cdf(points) - law.cdf(np.nextafter(points, -np.inf)), masses)
    assert np.all(np.diff(law.kinks()) > 0.0)


@each_law
def test_shapes_go_through(law: Law) -> None:
    for shape in [(), (3,), (2, 5), (0,)]:
        p = np.full(shape, 0.3)
        for function in (law.cdf, law.sf, law.pdf, law.quantile, law.isf, law.sample):
            assert np.shape(function(p)) == shape


@each_law
@pytest.mark.parametrize("how", ["smoothed", "grown"])
def test_what_noise_makes_of_a_law_is_the_mixture_over_its_quantiles(law: Law, how: str) -> None:
    """F(y) = int_0^1 Phi(.) dp over p by midpoints, or one sentence."""
    edges = np.linspace(0.0, 1.0, 5_001)
    x = law.quantile(0.5 * (edges[1:] + edges[:-1]))
    try:
        found = law.smoothed(0.7, 0.2, 0.5) if how == "smoothed" else law.grown(0.2, 0.5)
    except InputError:
        return
    y = found.quantile(np.array([0.05, 0.3, 0.5, 0.8, 0.99]))
    moved = y[:, None] - (0.7 * x + 0.2) if how == "smoothed" else np.log(y)[:, None] - (np.log(x) + 0.2)
    np.testing.assert_allclose(found.cdf(y), ndtr(moved / math.sqrt(0.5)).mean(axis=1), atol=3e-4)


def test_every_law_of_the_packages_has_a_row() -> None:
    def kinds(base: type) -> set[type]:
        return {base, *(kind for below in base.__subclasses__() for kind in kinds(below))}

    ours = {kind for kind in kinds(Law) if kind.__module__.partition(".")[0] in ("particles", "kinetic", "validation")}
    assert ours - {Law} == {type(law) for law in LAWS.values()}


@dataclass(frozen=True)
class Shifted(Normal):
    """Control: its quantiles, or those it draws, belong to another law."""

    def quantile(self, p: Any) -> np.ndarray:
        return super().quantile(p) + 0.02


@pytest.mark.parametrize(
    "check", [lambda law: check_quantile(law, np.array([0.3])), lambda law: check_isf(law, np.array([0.3])),
              check_sampling, check_moments]
)  # fmt: skip
def test_the_checks_see_quantiles_of_another_law(check: Callable[[Law], None]) -> None:
    check(Normal(0.0, 1.0))
    with pytest.raises(AssertionError):
        check(Shifted(0.0, 1.0))


# drifts --------------------------------------------------------------------------------------------------------------

BOTH, POSITIVE = (-8.0, -3.0, -1.1, -0.3, 0.02, 0.5, 1.7, 4.0, 9.0), (0.05, 0.3, 1.0, 1.7, 4.0, 9.0)
STEPS = ((-1.0, 1.0, 2.0), (1.0, -5.0, 3.0), (0.0, 0.7, 1.5), (-0.3, -2.0, 1.0), (2.0, 0.1, 0.7))
ZERO_BIAS = ((-1.0, 0.0, 2.0), (1.0, 0.0, 1.5), (0.0, 0.0, 1.0))
DRIFTS: dict[str, tuple[Drift, tuple[float, ...]]] = {
    "identity": (IDENTITY, BOTH),
    "relu": (RELU, BOTH),
    "tanh": (TANH, BOTH),
    "sigmoid": (SIGMOID, BOTH),
    "cubic": (cubic(0.5), BOTH),
    "power-law": (power_law(0.3, 2.5), BOTH),
    "lognormal-family": (lognormal_family(0.7, lam=1.3, scale=1.2), POSITIVE),
}
each_drift = pytest.mark.parametrize(("drift", "points"), DRIFTS.values(), ids=DRIFTS)
US = np.linspace(-9.0, 9.0, 3_601)


def check_derivatives(drift: Drift, points: tuple[float, ...]) -> None:
    """Central differences of f and of f_u, away from the kinks."""
    u, x = np.meshgrid(US[::20] + 1e-3, points)
    h, c = 1e-5, drift.constants
    for lower, upper in ((drift.value, drift.f_u), (drift.f_u, drift.f_uu)):
        at = np.vectorize(lambda u, x, f=lower: f(float(u), float(x), c), otypes=[float])
        found = np.vectorize(lambda u, x, f=upper: f(float(u), float(x), c), otypes=[float])(u, x)
        np.testing.assert_allclose(found, (at(u + h, x) - at(u - h, x)) / (2.0 * h), rtol=1e-6, atol=1e-6)
    slope = (drift(u, x + h) - drift(u, x - h)) / (2.0 * h)
    np.testing.assert_allclose(drift.derivative_x(u, x), slope, rtol=1e-5, atol=1e-5)
    if drift.constant:
        up, down = (drift.with_constant(c[0] + sign * h)(u, x) for sign in (1.0, -1.0))
        np.testing.assert_allclose(drift.derivative_c(u, x), (up - down) / (2.0 * h), rtol=1e-5, atol=1e-5)


def check_statements(drift: Drift, points: tuple[float, ...]) -> None:
    """Kinks, sign, and what it says of its shape."""
    u, x = np.meshgrid(US, points)
    f, c = drift(u, x), drift.constants
    assert np.abs(drift.derivative_u(u, x)).max() <= drift.lipschitz_u
    jumps = [k for k in US.tolist() if abs(drift.f_u(k + 1e-9, 1.0, c) - drift.f_u(k - 1e-9, 1.0, c)) > 1e-6]
    np.testing.assert_allclose(jumps, drift.kinks, atol=1e-12)
    if drift.sign:
        assert np.all(drift.sign * f >= 0.0)
    if drift.linear:
        np.testing.assert_array_equal(f, u)
    if drift.rectified:
        np.testing.assert_array_equal(f, np.maximum(u, 0.0))
    if drift.contracts:
        ratio = f[u != 0.0] / u[u != 0.0]
        assert np.all((ratio > 0.0) & (ratio <= 1.0))
        assert (drift.value(0.0, 1.0, c), drift.f_u(0.0, 1.0, c)) == (0.0, 1.0)
    if drift.extended is not None:
        long = [np.longdouble(number) for number in c]
        found = drift.extended(u.astype(np.longdouble), x.astype(np.longdouble), long)
        assert found.dtype == np.longdouble
        np.testing.assert_allclose(f, found.astype(np.float64), rtol=1e-13, atol=1e-13)


def check_flow(drift: Drift, points: tuple[float, ...]) -> None:
    """The flow against DOP853 on the plain-Python formula, tolerances below the assertion."""
    for w, b, t in ZERO_BIAS if drift.flow_needs_zero_bias or drift.lipschitz_u == 0.0 else STEPS:

        def speed(s: float, y: np.ndarray, w: float = w, b: float = b) -> list[float]:
            return [drift.value(w * float(y[0]) + b, float(y[0]), drift.constants)]

        exact = [solve_ivp(speed, (0.0, t), [x], method="DOP853", rtol=1e-13, atol=1e-14).y[0, -1] for x in points]
        np.testing.assert_allclose(flow_map(drift, points, w, b, t), exact, rtol=2e-12, atol=2e-12)


@each_drift
@pytest.mark.parametrize("check", [check_derivatives, check_statements, check_flow])
def test_drifts_are_what_they_say(drift: Drift, points: tuple[float, ...], check: Any) -> None:
    check(drift, points)


@formula
def _late(w: float, t: float, c: tuple[float, ...]) -> tuple[float, float]:
    return vmath.expm1(w * (t + 1e-10)) / w if w != 0.0 else t + 1e-10, 0.0


def _untried(drift: Drift, name: str, said: Any) -> Drift:
    """With a word that no drift can be made with: a control for the checks, not for the trial."""
    made = replace(drift)
    object.__setattr__(made, name, said)
    return made


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (check_derivatives, replace(TANH, f_u=SIGMOID.f_u)),
        (check_derivatives, replace(TANH, f_uu=SIGMOID.f_uu)),
        (check_derivatives, replace(cubic(0.5), f_x=TANH.f_x)),
        (check_derivatives, replace(cubic(0.5), f_c=TANH.f_x)),
        (check_statements, replace(RELU, kinks=())),
        (check_statements, replace(TANH, kinks=(0.0,))),
        (check_statements, _untried(TANH, "sign", 1)),
        (check_statements, replace(TANH, linear=True)),
        (check_statements, replace(TANH, rectified=True)),
        (check_statements, _untried(SIGMOID, "contracts", True)),
        (check_statements, replace(TANH, extended=SIGMOID.extended)),
        (check_statements, replace(TANH, lipschitz_u=0.9)),
        (check_flow, replace(IDENTITY, propagator=_late)),
    ],
)
def test_the_checks_see_a_drift_that_breaks_its_word(check: Any, wrong: Drift) -> None:
    with pytest.raises(AssertionError):
        check(wrong, BOTH)


# noise ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [CONSTANT, LINEAR], ids=lambda shape: shape.name)
def test_noise_shapes_are_what_they_say(shape: Diffusion) -> None:
    x, h, c = np.linspace(-3.0, 3.0, 61) + 0.01, 1e-6, shape.constants
    value, slope = (np.array([f(y, c) for y in x.tolist()]) for f in (shape.value, shape.derivative))
    moved = [(shape.value(y + h, c) - shape.value(y - h, c)) / (2.0 * h) for y in x.tolist()]
    np.testing.assert_allclose(slope, moved, atol=1e-8)
    if shape.power is not None:
        np.testing.assert_array_equal(value, x**shape.power)
    assert shape.half_line == (shape.value(0.0, c) == 0.0)


NOISES = {noise.name: noise for noise in (GAUSSIAN, GAUSSIAN24, GAUSSIAN53, UNIFORM, TWO_POINT, EXPONENTIAL)}
FIFTH_SIXTH = {
    "gaussian": (0, 15),
    "gaussian24": (0, 15),
    "gaussian53": (0, 15),
    "uniform": (0, 27 / 7),
    "two-point": (0, 1),
    "exponential": (44, 265),
}


def check_noise(noise: Noise, fifth: float, sixth: float) -> None:
    """The rule has the stated moments; words of a counter give variates within the stated bounds."""
    eta, weight = noise.rule(12)
    found = [float(weight @ eta**k) for k in range(7)]
    np.testing.assert_allclose(found, [1, 0, 1, noise.third, noise.fourth, fifth, sixth], rtol=1e-10, atol=1e-12)
    words = np.random.default_rng(5).integers(0, 2**32, (2_000, 4), dtype=np.uint64)
    drawn = np.array([noise.variates(*row)[: noise.steps] for row in words])
    assert np.abs(drawn).max() <= min(noise.bound, noise.reach)
    assert abs(drawn.mean()) < 4.9 / math.sqrt(drawn.size)
    assert abs((drawn**2).mean() - 1.0) <= 4.9 * math.sqrt((noise.fourth - 1.0) / drawn.size)


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
def test_noises_are_what_they_say(noise: Noise) -> None:
    check_noise(noise, *FIFTH_SIXTH[noise.name])


@pytest.mark.parametrize(
    "wrong", [replace(UNIFORM, third=0.1), replace(UNIFORM, fourth=3.0), replace(UNIFORM, bound=1.0),
              replace(UNIFORM, gauss=GAUSSIAN.gauss), replace(UNIFORM, variates=EXPONENTIAL.variates)]
)  # fmt: skip
def test_the_check_sees_a_noise_that_breaks_its_word(wrong: Noise) -> None:
    with pytest.raises(AssertionError):
        check_noise(wrong, *FIFTH_SIXTH["uniform"])


def test_a_noise_without_a_rule_says_so() -> None:
    with pytest.raises(InputError, match="noise = 'own' has no Gauss rule: it must state `gauss`"):
        replace(UNIFORM, name="own", gauss=None).rule(4)
