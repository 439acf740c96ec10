"""Whole laws at finite eps: the Poisson mixture, the synchronous Gaussian; strong orders."""

from __future__ import annotations

import math
from functools import cache, cached_property

import numpy as np
import pytest
from scipy import stats

from particles.kernels.noisy import WIDTH, fill_variates
from particles.kernels.walls import free
from particles.model import CONSTANT, IDENTITY, LINEAR, TANH, Dirac, Measure, Mixture, Model, Normal, cases
from particles.noise import DEFAULT_NOISE, GAUSSIAN, GAUSSIAN53, NOISES
from particles.philox import NOISE, stream
from particles.schemes.collisions import Collisions
from particles.schemes.milstein import Milstein
from tests.noisy import run
from validation import expected_w1, w1_to_law

W, B, NU2, M0, V0 = -1.0, 0.0, 2.0, 2.0, 0.05
EPS, UNTIL = 0.125, 1.0
COUNT, REPEATS = 20_000, 12
LEAST = 1e-12  # weight of a component: what is left out moves W1 by less than 1e-8 of the floor
OU = Model(drift=IDENTITY, weight=W, bias=B, nu2=NU2, initial=Normal(M0, V0))


def after(n: int) -> Normal:
    """Law after n Gaussian collisions of Gaussian data, K = 1 (theory 2.6)."""
    r, rest = 1.0 + EPS * W, -B / W
    spread = V0 * r ** (2 * n) + EPS * NU2 * (1.0 - r ** (2 * n)) / (1.0 - r * r)
    return Normal(rest + (M0 - rest) * r**n, spread)


class Blend(Mixture):
    """A mixture that keeps its breakpoints: they cost a bisection each."""

    @cached_property
    def _knots(self) -> np.ndarray:
        return super().breakpoints()

    def breakpoints(self) -> np.ndarray:
        return self._knots


def poisson_mixture() -> Mixture:
    n = np.arange(60)
    weights = stats.poisson.pmf(n, UNTIL / EPS)
    kept = n[weights > LEAST]
    return Blend([after(int(k)) for k in kept], weights[kept] / weights[kept].sum())


def nanbu_mixture(dt: float) -> Mixture:
    n = np.arange(round(UNTIL / dt) + 1)
    weights = stats.binom.pmf(n, n[-1], dt / EPS)
    kept = n[weights > LEAST]
    return Blend([after(int(k)) for k in kept], weights[kept] / weights[kept].sum())


LAWS = {"poisson": poisson_mixture(), "synchronous": after(round(UNTIL / EPS)), "nanbu": nanbu_mixture(EPS / 4.0)}
DT = {"poisson": 0.5, "synchronous": None, "nanbu": EPS / 4.0}


@cache
def floor(law: str, count: int) -> float:
    return expected_w1(LAWS[law], count)


def ratios(clock: str, law: str, noise=GAUSSIAN, *, count: int = COUNT, repeats: int = REPEATS) -> np.ndarray:
    """W1 to a law over its expectation for samples of that law, for independent replicates."""
    scheme = Collisions(EPS, clock, noise, dt=DT[clock])
    clouds = [run(OU, scheme, count, UNTIL, seed=51, replicate=r) for r in range(repeats)]
    return np.array([w1_to_law(Measure.of_points(cloud), LAWS[law]) for cloud in clouds]) / floor(law, count)


@pytest.mark.parametrize(
    ("clock", "noise"),
    [("poisson", GAUSSIAN), ("synchronous", GAUSSIAN), ("nanbu", GAUSSIAN), ("poisson", GAUSSIAN53)],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_cloud_is_a_sample_of_its_exact_law(clock: str, noise) -> None:
    """Mean of W1/floor over 12 replicates within 4.4 of its standard errors of 1: Student's t, 1e-3 for a fresh key."""
    found = ratios(clock, clock, noise)
    assert abs(found.mean() - 1.0) < 4.4 * found.std(ddof=1) / math.sqrt(REPEATS), found
    assert 0.7 < found.mean() < 1.4


@pytest.mark.parametrize(("clock", "law"), [("poisson", "synchronous"), ("synchronous", "poisson")])
def test_the_swapped_laws_are_far(clock: str, law: str) -> None:
    """One cloud tells: over replicates the ratio scatters by some 0.3."""
    assert ratios(clock, law, count=100_000, repeats=1).min() > 8.0


def test_nanbu_is_not_poisson() -> None:
    """Its law at dt = eps/4 is a binomial mixture, and seen to be another one."""
    assert ratios("nanbu", "poisson", count=100_000, repeats=3).mean() > 2.0


def test_the_laws_are_those_of_the_moment_equation() -> None:
    r, decay = 1.0 + EPS * W, math.exp(W * UNTIL)
    assert LAWS["poisson"].mean == pytest.approx(M0 * decay, rel=1e-12)
    assert LAWS["synchronous"].mean == pytest.approx(M0 * r**8, rel=1e-12)


# the noise of the other laws: the first order in eps of theory 2.6 (a)


@pytest.mark.parametrize(("name", "fourth"), [("gaussian", 3.0), ("uniform", 1.8), ("two-point", 1.0)])
def test_fourth_cumulant_of_the_compound_law(name: str, fourth: float) -> None:
    """w = b = 0: the sum of Poisson(t/eps) variates has fourth cumulant eps t nu^4 E eta^4, exactly; 4.9 errors."""
    eps, count = 0.25, 1 << 19
    model = Model(drift=IDENTITY, weight=0.0, bias=0.0, nu2=1.0, initial=Dirac(0.0))
    x = run(model, Collisions(eps, noise=NOISES[name], dt=0.5), count, 1.0, seed=52)[0]
    second, quartic = 1.0, eps * fourth + 3.0
    assert abs((x**2).mean() - second) < 4.9 * (x**2).std() / math.sqrt(count)
    assert abs((x**4).mean() - quartic) < 4.9 * (x**4).std() / math.sqrt(count)


# strong orders -------------------------------------------------------------------------------------------------------


def brownian(steps: int, count: int, dt: float, seed: int) -> np.ndarray:
    """W at the horizon, from the addressed increments that the scheme uses."""
    fill, eta, end = fill_variates(DEFAULT_NOISE.variates), np.empty((4, WIDTH)), np.zeros(count)
    for first in range(0, count, WIDTH):
        many = min(WIDTH, count - first)
        for k in range(steps):
            if k % 4 == 0:
                fill(first, k // 4, 0, (seed, stream(NOISE, 0)), eta, many)
            end[first : first + many] += eta[k % 4, :many]
    return math.sqrt(dt) * end


STEPS = (32, 64, 128, 256, 512)


def strong_errors(make) -> np.ndarray:
    """E abs(X_N - X(T)) for dX = w X dt + nu X dW at T = 1, X(T) = exp((w - nu^2/2) T + nu W_T)."""
    w, nu2, count = -1.0, 0.5, 1 << 14
    model = Model(drift=IDENTITY, weight=w, bias=0.0, diffusion=LINEAR, nu2=nu2, initial=Dirac(1.0))
    errors = []
    for steps in STEPS:
        x = run(model, make(1.0 / steps), count, 1.0, seed=53)[0]
        exact = np.exp((w - 0.5 * nu2) + math.sqrt(nu2) * brownian(steps, count, 1.0 / steps, 53))
        errors.append(np.abs(x - exact).mean())
    return np.array(errors)


def slope(errors: np.ndarray) -> float:
    return float(-np.polyfit(np.log(STEPS), np.log(errors), 1)[0])


def test_milstein_has_strong_order_one() -> None:
    """Slope over five refinements; it scatters by 0.01 over keys."""
    errors = strong_errors(Milstein)
    assert 0.93 < slope(errors) < 1.07
    assert errors[-1] < 1e-3


def test_euler_and_maruyama_has_strong_order_one_half() -> None:
    """Control: without K K' the same measurement says one half."""
    errors = strong_errors(lambda dt: Collisions(dt, "synchronous"))
    assert 0.44 < slope(errors) < 0.58
    assert errors[-1] > 3e-3


def test_coarse_paths_from_summed_increments_converge_at_order_one() -> None:
    """The push formulas alone, plain numbers: steps of length 2^l dt from the same fine path."""
    from particles.kernels import noisy

    w, nu2, fine, count = -1.0, 0.5, 128, 400
    fill, eta = fill_variates(GAUSSIAN.variates), np.empty((4, WIDTH))
    path = np.empty((fine, count))
    for k in range(0, fine, 4):
        fill(0, k // 4, 0, (54, stream(NOISE, 0)), eta, count)
        path[k : k + 4] = eta[:, :count]
    exact = np.exp(w - 0.5 * nu2 + math.sqrt(nu2 / fine) * path.sum(axis=0))
    orders = []
    for push in (noisy.milstein, noisy.euler_maruyama):
        errors = []
        for steps in (8, 16, 32, 64):
            dt = 1.0 / steps
            summed = path.reshape(steps, fine // steps, count).sum(axis=1) / math.sqrt(fine // steps)
            ends = []
            for i in range(count):
                x = 1.0
                for row in summed:
                    x = push(x + dt * w * x, x, 1.0, float(row[i]), math.sqrt(dt * nu2), 0.5 * nu2 * dt)
                ends.append(x)
            errors.append(np.abs(np.array(ends) - exact).mean())
        orders.append(-np.polyfit(np.log([8, 16, 32, 64]), np.log(errors), 1)[0])
    assert 0.9 < orders[0] < 1.15
    assert 0.35 < orders[1] < 0.65


# the limit -----------------------------------------------------------------------------------------------------------


def test_tanh_with_noise_reaches_its_known_transient() -> None:
    """w = -1, b = 1, nu = 1, N(1, 1) at t = 1: mean 1 and variance 0.8828236 (theory 2.4 (ii)); 1 % for eps = 0.01."""
    case = cases["tanh-noise"]
    count = 1 << 17
    x = run(case.model, Collisions(0.01, dt=0.5), count, 1.0, seed=55)[0]
    assert abs(x.mean() - 1.0) < 4.9 * math.sqrt(0.883 / count)
    assert x.var() == pytest.approx(0.8828236494, rel=0.01 + 4.9 * math.sqrt(2.0 / count))


def test_inverse_gamma_moments_of_the_limit() -> None:
    """Steady mean a = 1 and variance nu^2 a^2/(-2 w - eps w^2 - nu^2) at finite eps (theory 2.6)."""
    case = cases["inverse-gamma"]
    count, eps = 1 << 16, 0.02
    x = run(case.model, Collisions(eps, dt=0.5), count, 8.0, seed=56)[0]
    variance = 0.25 / (2.0 - eps - 0.25)
    assert abs(x.mean() - 1.0) < 4.9 * math.sqrt(variance / count)
    assert abs(((x - 1.0) ** 2).mean() - variance) < 4.9 * ((x - 1.0) ** 2).std() / math.sqrt(count) + 1e-6


def test_generalised_gamma_is_reached_by_milstein() -> None:
    """x^delta = theta^delta G, G gamma of shape kappa/delta; Kolmogorov's distance (1e-5) and the step's O(dt)."""
    case = cases["generalised-gamma"]
    delta, nu2, count = 0.5, 1.0, 1 << 15
    kappa = 2.0 / (delta * nu2) - 1.0
    theta = (nu2 * delta**2 / 2.0) ** (1.0 / delta)
    x = run(case.model, Milstein(2.0**-7), count, 16.0, seed=57)[0]
    assert x.min() > 0.0
    distance = stats.ks_1samp(
        x, lambda y: stats.gamma.cdf((y / theta) ** delta, kappa / delta), method="asymp"
    ).statistic
    assert distance < 2.47 / math.sqrt(count) + 0.005


def test_free_means_free() -> None:
    assert free(0.0, 7.0, 1.0, 2.0) == 7.0
    assert TANH.value(0.0, 0.0, ()) == 0.0
    assert CONSTANT.value(3.0, ()) == 1.0
