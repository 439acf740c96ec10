"""Reflecting walls: ReLU with K = x goes to the Pareto law on [a, oo), else to another one (theory 1.2)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from particles.kernels.walls import folding, reflecting
from particles.model import IDENTITY, LINEAR, RELU, Dirac, Model, Normal, Uniform
from particles.noise import TWO_POINT, UNIFORM
from particles.schemes.collisions import Collisions
from particles.schemes.milstein import Milstein
from particles.schemes.scheme import largest_drift, wall_of
from tests.noisy import carry, run

COUNT, UNTIL = 1 << 14, 48.0  # the gap is nu^2/8: exp(-6) is left of the start
RATE = 2.47  # of Kolmogorov's statistic: 1e-5
A = {"drift": RELU, "weight": -1.0, "bias": 1.0, "diffusion": LINEAR, "nu2": 1.0}
WALLED = Model(**A, initial=Uniform(1.0, 3.0), walls=(1.0, math.inf), wall="reflecting")
FREE = Model(**A, initial=Uniform(0.5, 1.5))


def kolmogorov(x: np.ndarray, cdf) -> float:
    return float(stats.ks_1samp(x, cdf, method="asymp").statistic)


def pareto(x: np.ndarray) -> np.ndarray:
    return 1.0 - 1.0 / np.maximum(x, 1.0)


def true_law(x: np.ndarray) -> np.ndarray:
    """Steady law on (0, oo), w = -1, b = 1, nu = 1: C/x^2 right of 1, C e^(-2 (1/x - 1)) left of it, C = 4/9."""
    y = 1.0 / np.minimum(x, 1.0)
    left = (y * y / 2.0 + y / 2.0 + 0.25) * np.exp(-2.0 * (y - 1.0))  # int_y^oo s^2 e^(-2 (s - 1)) ds, s = 1/x
    return 4.0 / 9.0 * (left + 1.0 - 1.0 / np.maximum(x, 1.0))


def test_the_laws_have_the_known_numbers() -> None:
    at = true_law(np.array([0.5, 1.0, 2.0, 1e12]))
    np.testing.assert_allclose(at, [0.195484, 5.0 / 9.0, 7.0 / 9.0, 1.0], atol=1e-6)


SCHEMES = {
    "poisson": Collisions(0.01, dt=1.0),
    "synchronous": Collisions(0.01, "synchronous"),
    "milstein": Milstein(0.01),
    "uniform": Collisions(0.01, "synchronous", UNIFORM),
    "two-point": Collisions(0.01, "synchronous", TWO_POINT),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in ("poisson", "two-point") else pytest.mark.long) for n in SCHEMES]
)
def test_with_the_wall_the_pareto_law_is_reached(name: str) -> None:
    """Kolmogorov's distance within the sample's, e^(-T/8) of the start and 0.02 for the wall's mirror."""
    x = run(WALLED, SCHEMES[name], COUNT, UNTIL, seed=61)[0]
    assert x.min() >= 1.0
    assert kolmogorov(x, pareto) < RATE / math.sqrt(COUNT) + math.exp(-UNTIL / 8.0) + 0.02
    assert kolmogorov(x, true_law) > 0.5
    for at in (2.0, 4.0):
        assert abs((x > at).mean() - 1.0 / at) < 0.03


@pytest.mark.parametrize("name", ["poisson", "milstein"])
def test_the_walls_error_falls_with_the_step(name: str) -> None:
    """From the Pareto law itself: what the mirror adds at eps = 0.16 is more than at 0.01, which is hardly seen."""
    u = (np.arange(1 << 15) + 0.5) / (1 << 15)
    found = []
    for eps in (0.16, 0.01):
        scheme = Collisions(eps, dt=0.64) if name == "poisson" else Milstein(eps)
        found.append(kolmogorov(carry(WALLED, scheme, (1.0 / u)[None, :].copy(), 3.84, seed=62)[0], pareto))
    assert found[1] < 0.6 * found[0]
    assert found[1] < RATE / math.sqrt(u.size) + 0.01


@pytest.mark.parametrize("name", ["poisson", "milstein", "two-point"])
def test_without_the_wall_five_ninths_lie_left_of_it(name: str) -> None:
    x = run(FREE, SCHEMES[name], COUNT, UNTIL, seed=63)[0]
    assert x.min() > 0.0
    bias = 0.02
    for value, exact in [((x < 1.0).mean(), 5 / 9), ((x > 2.0).mean(), 2 / 9), ((x < 0.5).mean(), 0.195484)]:
        assert abs(value - exact) < 4.9 * math.sqrt(exact * (1.0 - exact) / COUNT) + bias
    assert kolmogorov(x, true_law) < RATE / math.sqrt(COUNT) + math.exp(-UNTIL / 8.0) + bias
    assert kolmogorov(x, pareto) > 0.5


def test_reflected_brownian_motion_has_the_folded_law() -> None:
    """w = b = 0, K = 1 on [0, oo) from 0: abs(N(0, nu^2 t)), for which the mirror of the step is exact in law."""
    model = Model(drift=IDENTITY, weight=0.0, bias=0.0, nu2=1.0, initial=Dirac(0.0), walls=(0.0, math.inf),
                  wall="reflecting")  # fmt: skip
    x = run(model, Collisions(0.125, "synchronous"), 1 << 16, 1.0, seed=64)[0]
    assert kolmogorov(x, stats.halfnorm.cdf) < RATE / 256.0


def test_two_reflecting_walls_make_the_law_uniform() -> None:
    model = Model(drift=IDENTITY, weight=0.0, bias=0.0, nu2=1.0, initial=Dirac(0.25), walls=(0.0, 1.0),
                  wall="reflecting")  # fmt: skip
    x = run(model, Collisions(2.0**-10, dt=0.125), 1 << 15, 2.0, seed=65)[0]
    assert 0.0 <= x.min() <= x.max() <= 1.0
    assert kolmogorov(x, stats.uniform.cdf) < RATE / math.sqrt(1 << 15) + 0.005


UNIFORM_LAW = Model(drift=IDENTITY, weight=0.0, bias=0.0, nu2=1.0, initial=Uniform(0.0, 1.0), walls=(0.0, 1.0),
                    wall="reflecting")  # fmt: skip


@pytest.mark.parametrize("dt", [2.0**-10, 1.0, 100.0, 1e8])
def test_the_uniform_law_stays_between_reflecting_walls_for_every_step(dt: float) -> None:
    """Kicks of up to 10^4 widths: Kolmogorov's distance within the sample's (1e-5 a row), no particle on a wall."""
    for scheme in (Milstein(dt), Collisions(dt, "synchronous", UNIFORM), Collisions(dt, "poisson", dt=dt)):
        x = run(UNIFORM_LAW, scheme, COUNT, 2.0 * dt, seed=67)[0]
        assert kolmogorov(x, stats.uniform.cdf) < RATE / math.sqrt(COUNT)
        assert not ((x == 0.0) | (x == 1.0)).any()


def test_a_step_of_any_length_is_folded_and_a_short_one_keeps_its_bits() -> None:
    """Against fractions to an ulp of the interval; for steps shorter than it the mirror's own bits."""
    low, high = -0.3, 1.9
    for new in np.random.default_rng(0).uniform(-40.0, 40.0, 2000).tolist():
        width = Fraction(high) - Fraction(low)
        rest = (Fraction(new) - Fraction(low)) % (2 * width)
        exact = float(Fraction(low) + min(rest, 2 * width - rest))
        assert folding(0.0, new, low, high) == pytest.approx(exact, abs=1e-14)
        if low - 2.2 < new < high + 2.2:
            assert folding(0.0, new, low, high) == reflecting(0.0, new, low, high)
    assert folding(0.0, 2.5, 0.0, 1.0) == 0.5
    assert math.isnan(folding(0.0, math.nan, 0.0, 1.0))
    assert reflecting(0.0, 3.5, 0.0, 1.0) == 0.0  # the control: one mirror leaves it at a wall


def test_only_steps_that_may_cross_the_interval_pay_for_the_fold() -> None:
    for longest, wall in ((0.9, reflecting), (1.1, folding), (math.inf, folding)):
        assert wall_of(UNIFORM_LAW, longest)[0] is wall
    assert largest_drift(UNIFORM_LAW, np.full((1, 1, 1), -2.0), np.full((1, 1), 0.5)) == 2.5
    half_line = Model(**A, initial=Uniform(1.0, 3.0), walls=(1.0, math.inf), wall="reflecting")
    assert wall_of(half_line)[0] is reflecting


def test_zero_flux_moves_mass_of_a_start_outside_to_the_wall() -> None:
    model = Model(drift=IDENTITY, weight=0.0, bias=0.0, nu2=1.0, initial=Normal(0.0, 1.0), walls=(0.0, math.inf),
                  wall="reflecting")  # fmt: skip
    from tests.noisy import start

    begin = start(model, 10_000)[0]
    assert begin.min() == 0.0
    assert abs((begin == 0.0).mean() - 0.5) < 4.9 * 0.5 / 100.0


def test_sticky_walls_hold_what_reaches_them() -> None:
    model = Model(drift=IDENTITY, weight=0.0, bias=0.0, nu2=1.0, initial=Uniform(0.0, 1.0), walls=(-1.0, 2.0))
    x = run(model, Collisions(2.0**-6, dt=0.25), 1 << 14, 8.0, seed=66)[0]
    assert ((x == -1.0) | (x == 2.0)).mean() > 0.95
    assert abs((x == 2.0).mean() - (x == -1.0).mean()) < 0.05
