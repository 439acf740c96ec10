"""Errata of arXiv 2001.04294v1: steady states, Section 4.1.1, and (22). Rows E1-E7 and E37 of docs/errata.md.

A density g is steady for (20) when its flux vanishes, and a law on the line when the generator does so on average,

    J = sigma(w x + b) g - (nu2/2) d_x(K^2 g) = 0,        int g (sigma phi' + (nu2/2) K^2 phi'') dx = 0  for every phi.

Both are evaluated with mpmath at 30 digits, on densities written here from the paper; nothing is taken from the models.
Every test shows that the printed form fails the check that the corrected one passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

Formula = Callable[[mp.mpf], mp.mpf]
Numbers = Sequence[float]


@pytest.fixture(autouse=True)
def _thirty_digits() -> Iterator[None]:
    with mp.workdps(30):
        yield


def square(x: mp.mpf) -> mp.mpf:
    return x * x


def affine(w: mp.mpf, b: mp.mpf) -> Formula:
    return lambda x: w * x + b


def ramp(w: mp.mpf, b: mp.mpf) -> Formula:
    return lambda x: max(w * x + b, mp.mpf(0))


def flux(g: Formula, drift: Formula, nu2: mp.mpf, x: float, k2: Formula = square) -> mp.mpf:
    """J(x)/g(x), with K^2 = x^2 unless said otherwise."""
    return drift(mp.mpf(x)) - nu2 / 2 * mp.diff(lambda y: k2(y) * g(y), mp.mpf(x)) / g(mp.mpf(x))


def largest_flux(g: Formula, drift: Formula, nu2: mp.mpf, points: Numbers, k2: Formula = square) -> mp.mpf:
    return max(abs(flux(g, drift, nu2, x, k2)) for x in points)


def mass(g: Formula, *cuts: float) -> mp.mpf:
    return mp.quad(g, list(cuts))


def mass_of_heavy_tail(g: Formula) -> mp.mpf:
    """int_0^oo g dx over y = ln x."""
    return mass(lambda y: g(mp.exp(y)) * mp.exp(y), -30, -5, -2, 0, 2, 5, 12, 40, 160)


def share_of_tail(g: Formula, power: int) -> mp.mpf:
    """int x^power g over [10^6, 10^12] against that over [1, 10^6]: small where the moment exists, large where not."""
    near, far = (mass(lambda x: x**power * g(x), *(10**k for k in range(a, a + 7))) for a in (0, 6))
    return far / near


# inverse Gamma: identity, K = x --------------------------------------------------------------------------------------

W, B, NU2 = mp.mpf("-1.3"), mp.mpf("0.7"), mp.mpf("0.5")
POINTS = (0.2, 0.5, 1.0, 2.0, 5.0)


def inverse_gamma(mu: mp.mpf, w: mp.mpf, b: mp.mpf) -> Formula:
    """x^(-1-mu) exp((mu-1)/x b/w): the formula of the paper, without its constant."""
    return lambda x: x ** (-1 - mu) * mp.exp((mu - 1) / x * b / w)


def test_e01_inverse_gamma_has_a_minus_in_its_exponent() -> None:
    """Printed mu = 1 + 2w/nu2, correct mu = 1 - 2w/nu2: the printed one has the flux 2(wx + b) g."""
    right, printed = (inverse_gamma(1 + sign * 2 * W / NU2, W, B) for sign in (-1, 1))
    assert largest_flux(right, affine(W, B), NU2, POINTS) < 1e-12
    for x in POINTS:
        assert abs(flux(printed, affine(W, B), NU2, x) - 2 * (W * x + B)) < 1e-12
    assert abs(flux(printed, affine(W, B), NU2, 2.0)) > 3
    assert printed(mp.mpf("0.01")) > 1e60 * printed(mp.mpf("0.1"))  # and no mass is finite: e^(+2b/(nu2 x)) at 0


@pytest.mark.parametrize(("w", "b"), [("-1.3", "0.7"), ("-1", "2"), ("-0.6", "0.5")])
def test_e02_inverse_gamma_constant_has_b_over_w(w: str, b: str) -> None:
    """Printed C = ((1-mu) w/b)^mu/Gamma(mu), correct C = ((1-mu) b/w)^mu/Gamma(mu): equal only for abs(w) = abs(b)."""
    weight, bias = mp.mpf(w), mp.mpf(b)
    mu = 1 - 2 * weight / NU2
    total = mass_of_heavy_tail(inverse_gamma(mu, weight, bias)) / mp.gamma(mu)
    assert abs(((1 - mu) * bias / weight) ** mu * total - 1) < 1e-12
    printed = ((1 - mu) * weight / bias) ** mu * total
    assert printed / abs(weight / bias) ** (2 * mu) == pytest.approx(1.0, abs=1e-12)
    assert abs(mp.log(printed)) > 1


@pytest.mark.parametrize(("w", "moments"), [("0.3", 1), ("-0.3", 2), ("-0.8", 3)])
def test_e03_inverse_gamma_exists_for_small_positive_weights(w: str, moments: int) -> None:
    """Printed: w < 0 and b > 0 needed. Correct, nu2 = 1: w < 1/2 gives a density, w < 0 a mean, w < -1/2 a variance."""
    nu2, weight, b = mp.mpf(1), mp.mpf(w), mp.mpf("0.7")
    mu = 1 - 2 * weight / nu2
    g = inverse_gamma(mu, weight, b)
    assert largest_flux(g, affine(weight, b), nu2, POINTS) < 1e-12
    assert abs(((1 - mu) * b / weight) ** mu / mp.gamma(mu) * mass_of_heavy_tail(g) - 1) < 1e-12
    assert all(share_of_tail(g, k) < 0.02 for k in range(moments))
    assert share_of_tail(g, moments) > 10
    too_large = mp.mpf("0.6")
    assert share_of_tail(inverse_gamma(1 - 2 * too_large / nu2, too_large, b), 0) > 10


# Gaussian: identity, K = 1 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("b", ["0.9", "-2"])
def test_e04_gaussian_holds_for_every_bias(b: str) -> None:
    """Printed "provided that b = 0"; correct: any b, the law is N(-b/w, -nu2/(2w)) with the printed constant."""
    bias = mp.mpf(b)

    def density(x: mp.mpf) -> mp.mpf:
        constant = mp.sqrt(-W / NU2) * mp.exp(bias**2 / (W * NU2)) / mp.sqrt(mp.pi)
        return constant * mp.exp(W / NU2 * x**2 + 2 * bias / NU2 * x)

    assert largest_flux(density, affine(W, bias), NU2, (-2.0, -0.3, 1.0, 3.0), lambda x: mp.mpf(1)) < 1e-12
    m0, m1, m2 = (mass(lambda x, k=k: x**k * density(x), -mp.inf, -bias / W, mp.inf) for k in range(3))
    assert abs(m0 - 1) < 1e-12
    assert abs(m1 + bias / W) < 1e-12
    assert abs(m2 - m1**2 + NU2 / (2 * W)) < 1e-12
    assert abs(m1) > 0.6  # with b = 0 no mean but 0 could be reached: that far in W1


# generalised Gamma: sigma_N, K = x -----------------------------------------------------------------------------------

DELTA, SCALE = mp.mpf("0.5"), mp.mpf(2)
RATE: dict[str, Callable[..., mp.mpf]] = {  # sigma_N(x)/x as a function of z = (x/c)^delta
    "printed": lambda z, delta=DELTA: z / delta - 1,
    "sign mended": lambda z, delta=DELTA: 1 - z / delta,
    "right": lambda z, delta=DELTA: (1 - z) / delta,
}


def sigma_n(name: str) -> Formula:
    return lambda x: RATE[name]((x / SCALE) ** DELTA) * x


def test_e05_sigma_n_as_printed_has_no_steady_density() -> None:
    """Printed [(1/delta)(x/c)^delta - 1] x, correct -(1/delta)[(x/c)^delta - 1] x: only the latter has a density."""
    theta, kappa = SCALE * (NU2 * DELTA**2 / 2) ** (1 / DELTA), 2 / (DELTA * NU2) - 1

    def gamma(x: mp.mpf) -> mp.mpf:
        return DELTA * x ** (kappa - 1) * mp.exp(-((x / theta) ** DELTA)) / (theta**kappa * mp.gamma(kappa / DELTA))

    def printed(x: mp.mpf) -> mp.mpf:
        return x ** (-2 - 2 / NU2) * mp.exp(2 * (x / SCALE) ** DELTA / (NU2 * DELTA**2))

    assert largest_flux(gamma, sigma_n("right"), NU2, POINTS) < 1e-12
    assert abs(mass_of_heavy_tail(gamma) - 1) < 1e-12
    assert largest_flux(printed, sigma_n("printed"), NU2, POINTS) < 1e-12  # this is what (21) gives for it, and
    assert printed(mp.mpf("1e-9")) > 1e20 * printed(mp.mpf(1))  # its mass is infinite at 0
    assert printed(mp.mpf("1e6")) > 1e20 * printed(mp.mpf(1))  # and at infinity


def log_x(name: str, x0: float, until: float) -> float:
    """ln x(until) of x' = sigma_N(x)."""
    delta, c = float(DELTA), float(SCALE)

    def field(t: float, y: np.ndarray) -> np.ndarray:
        return RATE[name](np.exp(delta * (y - math.log(c))), delta)

    run = solve_ivp(field, (0.0, until), [math.log(x0)], method="DOP853", rtol=1e-11, atol=1e-13)
    return float(run.y[0, -1])


def test_e05_sigma_n_as_printed_explodes_in_finite_time() -> None:
    """Printed: infinite at t* = ln(z0/(z0 - delta))/delta, z0 = (x0/c)^delta > delta; correct: x tends to c."""
    z0, delta = math.sqrt(3.0 / 2.0), 0.5
    end = math.log(z0 / (z0 - delta)) / delta
    for gap in (1e-3, 1e-5):
        x = math.exp(log_x("printed", 3.0, end - gap))
        assert x * gap**2 == pytest.approx(2.0, rel=0.01)  # z ~ 1/(t* - t)
    assert math.exp(log_x("right", 3.0, 40.0)) == pytest.approx(2.0, abs=1e-8)
    assert math.exp(log_x("sign mended", 3.0, 40.0)) == pytest.approx(0.5, abs=1e-8)  # c delta^(1/delta)


def test_e05_sigma_n_has_the_lognormal_limit_only_with_its_parenthesis() -> None:
    """delta -> 0: correct -> -x ln(x/c); with the printed parenthesis and the sign mended it diverges like 1/delta."""
    x, c = mp.mpf(3), mp.mpf(2)
    for delta in (mp.mpf("1e-3"), mp.mpf("1e-5")):
        z = (x / c) ** delta
        assert abs(RATE["right"](z, delta) * x + x * mp.log(x / c)) < delta
        assert abs(RATE["sign mended"](z, delta) * x) > 2 / delta


# ReLU, K = x ---------------------------------------------------------------------------------------------------------


def relu_steady(w: mp.mpf, b: mp.mpf, nu2: mp.mpf) -> tuple[Formula, mp.mpf]:
    """The steady density on x > 0 for w < 0 < b, from (21) on both sides of a = -b/w, and its mass left of a."""
    a, p = -b / w, -2 * w / nu2
    q = mp.exp(p) * p ** (-p - 1) * mp.gammainc(p + 1, p)

    def density(x: mp.mpf) -> mp.mpf:
        inside = (x / a) ** (-p) * mp.exp(-p * a * (1 / x - 1 / a)) if x < a else 1
        return a / (1 + q) / x**2 * inside

    return density, q / (1 + q)


def average(g: Formula, drift: Formula, nu2: mp.mpf, phi: Formula, *cuts: float) -> mp.mpf:
    """int g (sigma phi' + (nu2/2) x^2 phi'') dx."""
    return mass(lambda x: g(x) * (drift(x) * mp.diff(phi, x) + nu2 / 2 * x * x * mp.diff(phi, x, 2)), *cuts)


def test_e06_pareto_is_not_steady_on_the_line() -> None:
    """Printed: a/x^2 on x >= a; its average of L phi is -(a nu2/2) phi'(a), not 0. Correct: mass on both sides of a."""
    w, b, nu2 = mp.mpf(-1), mp.mpf("1.5"), mp.mpf("0.8")
    a = -b / w
    g, left = relu_steady(w, b, nu2)
    assert abs(mass(g, 0, 0.3, a) - left) < 1e-12
    assert abs(mass(g, 0, 0.3, a, mp.inf) - 1) < 1e-12

    def printed(x: mp.mpf) -> mp.mpf:
        return a / x**2

    with mp.workdps(20):
        for centre in (0.7, 1.2, float(a), 2.5):
            phi = lambda x, c=centre: mp.exp(-((x - c) ** 2))  # noqa: E731
            assert abs(average(g, ramp(w, b), nu2, phi, 0.02, 0.5, a, 4, 12)) < 1e-9
            miss = average(printed, ramp(w, b), nu2, phi, a, 4, 12)
            assert abs(miss + a * nu2 / 2 * mp.diff(phi, a)) < 1e-9
            assert abs(miss) > 0.1 or centre == a  # phi'(a) = 0: a reflecting wall at a, where the Pareto law is right


def log_chain(w: float, b: float, faces: np.ndarray) -> np.ndarray:
    """Generator of y = ln x for ReLU, K = x, nu = 1: dy = (max(w x + b, 0)/x - 1/2) dt + dW, Scharfetter-Gummel fluxes.

    Columns sum to 0; no flux at the ends.
    """
    h, x = faces[1] - faces[0], np.exp(faces[1:-1])
    s = 2.0 * h * (np.maximum(w * x + b, 0.0) / x - 0.5)
    right, left = 0.5 / h**2 * s / -np.expm1(-s), 0.5 / h**2 * s / np.expm1(s)
    q = np.diag(right, -1) + np.diag(left, 1)
    return q - np.diag(q.sum(axis=0))


def test_e06_equation_takes_five_ninths_of_the_mass_left_of_a() -> None:
    """Printed: no mass left of a. The equation, started from that law, carries 5/9 there (w = -1, b = 1, nu = 1)."""
    faces = np.linspace(-3.0, 12.0, 301)
    chain = log_chain(-1.0, 1.0, faces)
    pareto = np.diff(1.0 - np.exp(-np.maximum(faces, 0.0)))
    left = faces[1:] < 1e-9
    assert pareto[left].sum() == 0.0
    assert (expm(chain) @ pareto)[left].sum() > 0.25
    late = np.cumsum(expm(400.0 * chain) @ pareto)
    g, share = relu_steady(mp.mpf(-1), mp.mpf(1), mp.mpf(1))
    assert share == pytest.approx(5.0 / 9.0, abs=1e-15)
    assert float(mass(g, 0, 0.2, 0.5)) == pytest.approx(0.195484, abs=1e-6)
    for i in (40, 50, 60, 70, 90):  # y = -1, -1/2, 0, 1/2, 3/2
        assert late[i - 1] == pytest.approx(float(mass(g, 0, 0.2, mp.exp(faces[i]))), abs=5e-4)


def test_e07_relu_with_positive_weight_is_another_problem() -> None:
    """Printed: w < 0 without loss of generality. Correct, b > 0: for w > nu2/2 all mass escapes, below it does not."""
    faces = np.linspace(-3.0, 40.0, 301)
    beyond = faces[:-1] > math.log(1000.0)

    def escaped(w: float) -> float:
        return float(expm(40.0 * log_chain(w, 1.0, faces))[beyond, 20].sum())  # from x = 1 to beyond 1000

    assert escaped(1.0) > 0.95
    assert escaped(-1.0) < 2e-3
    b, nu2 = mp.mpf(1), mp.mpf(1)
    small, large = mp.mpf("0.3"), mp.mpf(1)
    below = inverse_gamma(1 - 2 * small / nu2, small, b)  # a < 0: every x > 0 is active
    assert largest_flux(below, ramp(small, b), nu2, POINTS) < 1e-12
    assert share_of_tail(below, 0) < 0.02
    assert share_of_tail(inverse_gamma(1 - 2 * large / nu2, large, b), 0) > 10


# the compact form (22) -----------------------------------------------------------------------------------------------


def test_e37_constant_diffusion_cannot_hold_k_of_x() -> None:
    """Printed (nu2/2) u_xx, right for K = 1 only; K = x needs (nu2/2)(x^2 u)_xx: test on the inverse Gamma."""
    g = inverse_gamma(1 - 2 * W / NU2, W, B)

    def transport(x: float, speed: Formula) -> mp.mpf:
        return mp.diff(lambda y: speed(y) * g(y), x)

    for x in (0.3, 0.6, 1.1):
        scale = abs(transport(x, affine(W, B)))
        right = NU2 / 2 * mp.diff(lambda y: y * y * g(y), x, 2) - transport(x, affine(W, B))
        assert abs(right) < 1e-9 * scale
        for speed in (affine(W, B), affine(W - NU2, B)):  # F = sigma u, or F = B u with the B of (20)
            printed = NU2 / 2 * mp.diff(g, x, 2) - transport(x, speed)
            assert abs(printed) > 0.3 * scale
