"""Multilevel Monte Carlo: coupled levels against independent routes, their variances, errors and cost."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import particles
import validation.__main__
from particles.base import command, parallel
from particles.base.errors import InputError, NotFiniteError
from particles.model import (
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    TANH,
    Dirac,
    Lognormal,
    Model,
    Normal,
    Product,
    Uniform,
    cases,
    exact_law,
    layers,
)
from particles.multilevel.levels import BLOCK, Levels, Sums
from particles.multilevel.quantities import DistributionFunction, Moments, Quantity
from particles.noise import DEFAULT_NOISE
from tests.noisy import start, variates
from validation.advice.giles import Estimate, exact_values, multilevel
from validation.studies.study import Interval, Row, fit_slope

TANH_NOISE = cases["tanh-noise"].model
OU = Model(drift=IDENTITY, weight=-1.0, bias=0.5, nu2=2.0, initial=Normal(1.0, 0.25))
GEOMETRIC = Model(drift=IDENTITY, weight=-0.5, bias=0.0, diffusion=LINEAR, nu2=0.25, initial=Lognormal(0.0, 0.1))
TANH_X = Model(drift=TANH, weight=-1.0, bias=1.0, diffusion=LINEAR, nu2=0.25, initial=Uniform(0.5, 1.5))
VARYING = Model(
    drift=TANH,
    weight=lambda t: -1.0 - 0.5 * np.sin(3.0 * t),
    bias=layers([1.0, -0.5, 0.25], 1.0),
    diffusion=LINEAR,
    nu2=0.5,
    initial=Normal(1.0, 0.5),
)
POINT = DistributionFunction((0.5, 1.0))
ALONE = parallel.serial()


def blocks_of(levels: Levels, level: int, begin: int, end: int) -> Sums:
    return levels.sums(level, range(begin, end), ALONE)


# --- paths


@pytest.mark.parametrize("model", [TANH_NOISE, GEOMETRIC, VARYING], ids=["tanh", "K = x", "varying"])
@pytest.mark.parametrize("level", [0, 1, 3])
def test_fine_path_is_that_of_a_particle_run(model: Model, level: int) -> None:
    """Bit for bit: level l with seed s is a run with replicate l and seed s."""
    levels = Levels(model, 1.0, Moments((1,)), coarsest=3, seed=9)
    run = particles.simulate(
        model, particles.Milstein(levels.dt(level)), count=3000, until=1.0, seed=9, replicate=level
    )
    assert np.array_equal(levels.sample(level, range(3000))[0][0], run.state(1.0)[0])
    assert np.array_equal(levels.sample(level, range(1000, 2500))[0][0], run.state(1.0)[0][1000:2500])


def plain_path(model: Model, x: np.ndarray, eta: np.ndarray, until: float, scheme: str, steps: int) -> np.ndarray:
    """The first `steps` steps of a path in plain numpy, increments given as one row of `eta` a step."""
    dt = until / len(eta)
    for k in range(steps):
        noise = math.sqrt(model.nu2 * dt) * eta[k]
        slope = 1.0 if model.diffusion is LINEAR else 0.0
        shape = x if model.diffusion is LINEAR else np.ones_like(x)
        correction = 0.5 * shape * slope * (noise**2 - model.nu2 * dt) if scheme == "milstein" else 0.0
        x = x + dt * model.speed(x, k * dt) + shape * noise + correction
    return x


@pytest.mark.parametrize("model", [TANH_NOISE, GEOMETRIC, VARYING], ids=["tanh", "K = x", "varying"])
@pytest.mark.parametrize("scheme", ["milstein", "euler-maruyama"])
def test_coarse_path_is_driven_by_sums_of_the_fine_increments(model: Model, scheme: str) -> None:
    count, level, steps = 1500, 2, 12
    levels = Levels(model, 1.0, Moments((1,)), scheme, coarsest=3, seed=4)
    x = start(model, count, seed=4, replicate=level)[0]
    eta = variates(DEFAULT_NOISE, count, steps, seed=4, replicate=level)[:, 0]
    pairs = (eta[0::2] + eta[1::2]) / math.sqrt(2.0)
    fine, coarse = levels.sample(level, range(count))
    assert coarse is not None
    np.testing.assert_allclose(fine[0], plain_path(model, x, eta, 1.0, scheme, steps), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(coarse[0], plain_path(model, x, pairs, 1.0, scheme, 6), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("model", [TANH_NOISE, GEOMETRIC, VARYING], ids=["tanh", "K = x", "varying"])
def test_smoothed_values_condition_on_all_but_the_last_increment(model: Model) -> None:
    """Both paths by plain numpy: given the motion up to T - dt, the end is normal."""
    count, level, steps = 1500, 2, 12
    levels = Levels(model, 1.0, POINT, coarsest=3, seed=4)
    x = start(model, count, seed=4, replicate=level)[0]
    eta = variates(DEFAULT_NOISE, count, steps, seed=4, replicate=level)[:, 0]
    pairs = (eta[0::2] + eta[1::2]) / math.sqrt(2.0)
    dt = 1.0 / steps
    ends = [(plain_path(model, x, eta, 1.0, "milstein", steps - 1), steps - 1, dt, 0.0)]
    ends.append((plain_path(model, x, pairs, 1.0, "milstein", 5), steps - 2, 2.0 * dt, eta[steps - 2]))
    for (y, k, step, known), found in zip(ends, levels.sample(level, range(count)), strict=True):
        deviation = math.sqrt(model.nu2 * dt) * (y if model.diffusion is LINEAR else np.ones_like(y))
        mean = y + step * model.speed(y, k * dt) + deviation * known
        for point, row in zip(POINT.points, found, strict=True):
            np.testing.assert_allclose(row, stats.norm.cdf(point, mean, np.abs(deviation)), rtol=1e-11, atol=1e-13)


def test_step_without_spread_is_a_step_function() -> None:
    """K = x at x = 0, b = 0: the path stays there."""
    rest = dataclasses.replace(GEOMETRIC, initial=Dirac(0.0))
    fine, coarse = Levels(rest, 1.0, DistributionFunction((-0.1, 0.0, 0.1))).sample(1, range(64))
    assert coarse is not None
    assert fine.mean(axis=1).tolist() == coarse.mean(axis=1).tolist() == [0.0, 1.0, 1.0]


# --- the telescoping sum


@pytest.mark.parametrize("model", [TANH_NOISE, TANH_X], ids=["K = 1", "K = x"])
def test_coarse_value_given_the_known_increment_averages_to_the_fine_one(model: Model) -> None:
    """Over dW' by Gauss and Hermite: P(Y_T <= y | Y, dW') becomes the fine kernel of a step twice as long; exact."""
    levels = Levels(model, 1.0, POINT)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    y = np.linspace(0.2, 1.8, 9)
    dt = levels.dt(1)
    sd = math.sqrt(model.nu2 * dt)
    values = [levels._given(y, np.full_like(y, node), -1.0, 1.0, 2.0 * dt, sd) for node in nodes]
    mean = np.einsum("n,nij->ij", weights / weights.sum(), values)
    fine = levels._given(y, np.zeros_like(y), -1.0, 1.0, 2.0 * dt, math.sqrt(2.0) * sd)
    np.testing.assert_allclose(mean, fine, atol=1e-9)
    wrong = levels._given(y, np.zeros_like(y), -1.0, 1.0, 2.0 * dt, sd)  # control: the increment left out
    assert np.abs(wrong - fine).max() > 1e-2


@pytest.mark.parametrize("quantity", [Moments((1, 2)), POINT], ids=["moments", "cdf"])
@pytest.mark.parametrize("scheme", ["milstein", "euler-maruyama"])
@pytest.mark.parametrize("model", [TANH_NOISE, TANH_X], ids=["K = 1", "K = x"])
def test_sum_telescopes(model: Model, scheme: str, quantity: Quantity) -> None:
    """Coarse values of level l and fine ones of level l - 1, independent draws: equal means within 4.5 errors.

    72 comparisons in all, a false alarm in 2000. Control: the fine values of level 1 are not those of level 0.
    """
    levels = Levels(model, 2.0, quantity, scheme, coarsest=2, seed=1)
    count = 100_000
    samples = [levels.sample(level, range(count)) for level in range(4)]
    for finer, coarser in zip(samples[1:], samples[:-1], strict=True):
        assert finer[1] is not None
        assert (distance(finer[1], coarser[0]) < 4.5).all()
        if not quantity.smoothed:  # else they have the mean in common, not the law
            assert (distance(finer[1] ** 2, coarser[0] ** 2) < 4.5).all()
    assert distance(samples[1][0] ** 2, samples[0][0] ** 2).max() > 8.0


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Difference of the means of independent samples in standard errors, a row each."""
    error = np.sqrt((a.var(axis=1) + b.var(axis=1)) / a.shape[1])
    return np.asarray(np.abs(a.mean(axis=1) - b.mean(axis=1)) / error)


# --- sums


def test_sums_do_not_depend_on_the_batches() -> None:
    levels = Levels(TANH_NOISE, 2.0, Moments((1, 2)), seed=5)
    whole = blocks_of(levels, 2, 0, 50)
    assert whole == blocks_of(levels, 2, 0, 50)
    parts = blocks_of(levels, 2, 0, 7) + blocks_of(levels, 2, 7, 8) + blocks_of(levels, 2, 8, 50)
    assert parts.count == whole.count == 50 * BLOCK
    assert np.array_equal(parts.mean, whole.mean)
    assert np.array_equal(parts.variance, whole.variance)
    assert not np.array_equal(whole.mean, blocks_of(levels, 2, 1, 51).mean)


def test_sums_are_those_of_the_samples() -> None:
    levels = Levels(GEOMETRIC, 1.0, Moments((1, 3)), seed=5)
    fine, coarse = levels.sample(1, range(20 * BLOCK))
    assert coarse is not None
    found = blocks_of(levels, 1, 0, 20)
    np.testing.assert_allclose(found.mean, [(fine - coarse).mean(axis=1), fine.mean(axis=1)], rtol=1e-12)
    both = [(fine - coarse).var(axis=1, ddof=1), fine.var(axis=1, ddof=1)]
    np.testing.assert_allclose(found.variance, both, rtol=1e-10)


def test_variances_do_not_depend_on_where_zero_is() -> None:
    """The same paths moved by 1e8; control: sums of squares about 0 leave nothing of a variance there."""
    near, far = (
        Levels(Model(drift=IDENTITY, weight=-1.0, bias=c, initial=Normal(c, 1e-4), nu2=1e-4), 1.0, Moments((1,)))
        for c in (0.0, 1e8)
    )
    for level in (0, 1):
        one, other = (blocks_of(levels, level, 0, 20).variance for levels in (near, far))
        np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-15)
    fine, true = (levels.sample(0, range(20 * BLOCK))[0][0] for levels in (far, near))
    assert abs((fine**2).mean() - fine.mean() ** 2 - true.var()) > 0.9 * true.var()


def test_unstable_coarsest_step_is_reported() -> None:
    stiff = dataclasses.replace(OU, weight=-1e4)
    with pytest.raises(NotFiniteError, match="coarsest step is too large"):
        blocks_of(Levels(stiff, 100.0, Moments((1,)), coarsest=200), 0, 0, 1)


# --- variances of the levels


def variance_rate(model: Model, scheme: str, quantity: Quantity, finest: int, blocks: int, seeds: int = 6) -> Interval:
    """Exponent beta of V_l ~ dt^beta over the levels 2, ..., finest, by a fit over independent seeds."""
    rows = []
    for level in range(2, finest + 1):
        found = [
            blocks_of(Levels(model, 1.0, quantity, scheme, seed=seed), level, 0, blocks).variance[0, 0]
            for seed in range(seeds)
        ]
        rows.append(Row(1.0 / (4 << level), seeds, float(np.mean(found)), float(np.std(found, ddof=1))))
    return fit_slope(rows)


RATES: list[Any] = [
    pytest.param(TANH_NOISE, "euler-maruyama", 2.0, id="K = 1"),
    pytest.param(TANH_X, "euler-maruyama", 1.0, id="K = x, Euler-Maruyama"),
    pytest.param(TANH_X, "milstein", 2.0, id="K = x, Milstein"),
    pytest.param(GEOMETRIC, "euler-maruyama", 1.0, id="identity, K = x, Euler-Maruyama"),
    pytest.param(GEOMETRIC, "milstein", 2.0, id="identity, K = x, Milstein"),
]


@pytest.mark.parametrize(("model", "scheme", "beta"), RATES)
def test_level_variances_fall_like_twice_the_strong_order(model: Model, scheme: str, beta: float) -> None:
    """Levels 2 to 6. Measured 2.0, 1.1 and 2.1 in an independent code: within 0.15 of 2, 1, 2, and told apart."""
    rate = variance_rate(model, scheme, Moments((1,)), 6, 64)
    assert rate.half_width < 0.1
    assert beta - 0.15 < rate.estimate < beta + 0.2


def test_milstein_is_euler_maruyama_where_the_noise_shape_is_constant() -> None:
    found = [Levels(TANH_NOISE, 1.0, POINT, scheme).sample(2, range(500)) for scheme in ("milstein", "euler-maruyama")]
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])


def test_smoothed_distribution_function_has_three_halves() -> None:
    """beta = 3/2 at strong order 1 and 1/2 at strong order 1/2 (the levels' file tells why)."""
    rate = variance_rate(TANH_NOISE, "milstein", DistributionFunction((0.5,)), 7, 128)
    assert rate.half_width < 0.1
    assert abs(rate.estimate - 1.5) < 0.15
    rate = variance_rate(GEOMETRIC, "euler-maruyama", DistributionFunction((1.0,)), 7, 128)
    assert rate.half_width < 0.1
    assert abs(rate.estimate - 0.5) < 0.15


def test_smoothing_is_what_saves_the_distribution_function() -> None:
    """Control: the indicator itself has beta = 1, and at the sixth level twice the variance or more."""
    levels = Levels(TANH_NOISE, 1.0, Moments((1,)), seed=0)
    found = []
    for level in range(2, 7):
        fine, coarse = levels.sample(level, range(200_000))
        assert coarse is not None
        found.append(float(np.var((fine[0] <= 0.5).astype(float) - (coarse[0] <= 0.5))))
    slope = -np.polyfit(range(2, 7), np.log2(found), 1)[0]
    assert 0.8 < slope < 1.2
    smooth = blocks_of(Levels(TANH_NOISE, 1.0, DistributionFunction((0.5,))), 6, 0, 512).variance[0, 0]
    assert found[-1] > 2.0 * smooth


# --- errors and cost of the driver


def second(model: Model, until: float) -> float:
    law = exact_law(model, until)
    assert law is not None
    return law.variance + law.mean**2


def chance(model: Model, until: float, point: float) -> float:
    law = exact_law(model, until)
    assert law is not None
    return float(law.cdf(np.array(point)))


def lognormal_cdf(point: float) -> float:
    """Of GEOMETRIC at t = 1, written out: ln X ~ N(w - nu^2/2, 0.1 + nu^2)."""
    return float(stats.norm.cdf((math.log(point) + 0.625) / math.sqrt(0.35)))


# case: model, quantity, scheme, tolerance, exact values; OU at t = 1 written out, K = x by the lognormal law
E1 = math.exp(-1.0)
SECOND = 1.0 - 0.75 * E1**2 + (0.5 + 0.5 * E1) ** 2
CHANCES = [chance(TANH_NOISE, 1.0, 0.0), chance(TANH_NOISE, 1.0, 1.5)]
LOG_MOMENTS = [math.exp(0.05 - 0.5), math.exp(0.2 - 1.0 + 0.25)]
LOG_CHANCES = [lognormal_cdf(0.5), lognormal_cdf(1.0)]
TWO = Moments((1, 2))
OTHER = DistributionFunction((0.0, 1.5))
ACCURACY: list[Any] = [
    pytest.param(OU, TWO, "milstein", 0.02, [0.5 + 0.5 * E1, SECOND], id="OU"),
    pytest.param(TANH_NOISE, TWO, "euler-maruyama", 0.02, [1.0, second(TANH_NOISE, 1.0)], id="tanh"),
    pytest.param(TANH_NOISE, OTHER, "milstein", 0.004, CHANCES, id="tanh, cdf"),
    pytest.param(GEOMETRIC, TWO, "milstein", 0.01, LOG_MOMENTS, id="lognormal"),
    pytest.param(GEOMETRIC, Moments((1,)), "euler-maruyama", 0.01, LOG_MOMENTS[:1], id="lognormal, Euler-Maruyama"),
    pytest.param(GEOMETRIC, POINT, "milstein", 0.004, LOG_CHANCES, id="lognormal, cdf"),
]
KEYS = 48
# root mean square error = tolerance at worst: bias and standard error tolerance/sqrt(2) each
WITHIN = float(stats.norm.cdf(math.sqrt(2.0) - 1.0) - stats.norm.cdf(-math.sqrt(2.0) - 1.0))  # 0.65 of the keys


@pytest.mark.parametrize(("model", "quantity", "scheme", "tolerance", "exact"), ACCURACY)
def test_estimates_meet_their_tolerance(
    model: Model, quantity: Quantity, scheme: str, tolerance: float, exact: list[float]
) -> None:
    """48 keys. By chance 1e-4 of correct drivers fail either test, were bias and sampling error at their bounds."""
    options: dict[str, Any] = {"quantity": quantity, "scheme": scheme}
    found = [multilevel(model, 1.0, tolerance, **options, seed=seed) for seed in range(KEYS)]
    errors = np.array([np.subtract(one.estimate, exact) for one in found]) / tolerance
    most = stats.ncx2.ppf(1.0 - 1e-4, KEYS, KEYS) / (2.0 * KEYS)
    assert ((errors**2).mean(axis=0) <= most).all()
    assert ((np.abs(errors) <= 1.0).sum(axis=0) >= stats.binom.ppf(1e-4, KEYS, WITHIN)).all()
    said = np.array([one.standard_error for one in found]) / tolerance
    assert (said.max(axis=1) <= math.sqrt(0.5)).all()
    assert np.median(said.max(axis=1)) > 0.6  # and no better than it need be


def test_level_0_alone_misses_the_tolerance() -> None:
    """Control of the test above: without the corrections hardly a key is within the tolerance."""
    exact = second(TANH_NOISE, 1.0)
    found = [multilevel(TANH_NOISE, 1.0, 0.02, quantity=Moments((2,)), seed=seed) for seed in range(KEYS)]
    errors = np.array([one.levels[0].mean[0] - exact for one in found]) / 0.02
    assert (np.abs(errors) <= 1.0).sum() < stats.binom.ppf(1e-4, KEYS, WITHIN)


def cost_slopes(model: Model, quantity: Quantity, tolerances: list[float], seeds: int) -> tuple[Interval, Interval]:
    """Slopes of ln(particle-steps) over ln(tolerance): of the levels, and of plain Monte Carlo."""
    rows: tuple[list[Row], list[Row]] = ([], [])
    for tolerance in tolerances:
        found = [multilevel(model, 2.0, tolerance, quantity=quantity, seed=seed) for seed in range(seeds)]
        for to, costs in zip(
            rows, ([float(one.cost) for one in found], [one.plain_cost for one in found]), strict=True
        ):
            to.append(Row(tolerance, seeds, float(np.mean(costs)), float(np.std(costs, ddof=1))))
    return fit_slope(rows[0]), fit_slope(rows[1])


def test_cost_is_tolerance_to_the_minus_two() -> None:
    """Six tolerances over 1.5 decades, K = 1. Control: plain Monte Carlo with the same steps has slope -3."""
    tolerances = [0.08 * 0.5**k for k in range(6)]
    levels, plain = cost_slopes(TANH_NOISE, Moments((2,)), tolerances, 4)
    assert abs(levels.estimate + 2.0) < 0.2
    assert abs(plain.estimate + 3.0) < 0.2
    assert levels.half_width < 0.1
    assert plain.half_width < 0.2


@pytest.mark.long
def test_cost_is_tolerance_to_the_minus_two_over_two_decades() -> None:
    """Down to 6e-4, and for a distribution function down to 1e-4: 4e8 particle-steps a run at most."""
    tolerances = [0.08 * 0.5**k for k in range(8)]
    levels, plain = cost_slopes(TANH_NOISE, Moments((2,)), tolerances, 2)
    assert abs(levels.estimate + 2.0) < 0.1
    assert abs(plain.estimate + 3.0) < 0.2
    levels, plain = cost_slopes(TANH_NOISE, DistributionFunction((0.0,)), [0.01 * 0.5**k for k in range(7)], 4)
    assert abs(levels.estimate + 2.0) < 0.2
    assert abs(plain.estimate + 3.0) < 0.2


@pytest.mark.long
@pytest.mark.parametrize(("model", "scheme", "beta"), RATES)
def test_level_variances_over_eight_levels(model: Model, scheme: str, beta: float) -> None:
    """Levels 3 to 9, 16384 samples of 8 seeds each."""
    rows = []
    for level in range(3, 10):
        chosen = [Levels(model, 1.0, Moments((1,)), scheme, seed=seed) for seed in range(8)]
        found = [blocks_of(one, level, 0, 256).variance[0, 0] for one in chosen]
        rows.append(Row(1.0 / (4 << level), 8, float(np.mean(found)), float(np.std(found, ddof=1))))
    rate = fit_slope(rows)
    assert rate.half_width < 0.03
    assert abs(rate.estimate - beta) < 0.08


def test_result_is_the_same_in_every_run_and_tells_all() -> None:
    first, again = (multilevel(OU, 1.0, 0.05, quantity=Moments((1, 2)), seed=3) for _ in range(2))
    assert isinstance(first, Estimate)
    assert first == again
    assert first != multilevel(OU, 1.0, 0.05, quantity=Moments((1, 2)), seed=4)
    assert first.names == ("E X", "E X^2")
    assert [level.dt for level in first.levels] == [0.25 * 0.5**k for k in range(len(first.levels))]
    assert first.cost == sum(
        level.samples * (4 << k) * 3 // (2 if k else 3) for k, level in enumerate(first.levels)
    )  # 1.5 n_l a sample above level 0
    assert all(level.samples % BLOCK == 0 and level.samples >= 256 for level in first.levels)
    assert max(first.bias) <= 0.05 / math.sqrt(2.0)
    means = np.array([level.mean for level in first.levels])
    np.testing.assert_allclose(first.estimate, means.sum(axis=0), rtol=1e-15)
    error = np.sqrt(sum(np.array(level.variance) / level.samples for level in first.levels))
    np.testing.assert_allclose(first.standard_error, error, rtol=1e-14)


def test_larger_pilot_and_coarser_start_give_the_same_answer() -> None:
    exact = second(TANH_NOISE, 1.0)
    options: tuple[dict[str, int], ...] = ({"pilot": 2000}, {"coarsest": 1}, {"coarsest": 5})
    for more in options:
        found = multilevel(TANH_NOISE, 1.0, 0.01, quantity=Moments((2,)), seed=1, **more)
        assert abs(found.estimate[0] - exact) < found.bias[0] + 4.0 * found.standard_error[0]


@pytest.mark.parametrize(
    ("model", "quantity", "expected"),
    [
        (OU, Moments((3,)), [None]),
        (GEOMETRIC, Moments((2,)), [math.exp(0.2 - 1.0 + 0.25)]),
        (GEOMETRIC, DistributionFunction((1.0,)), [lognormal_cdf(1.0)]),
        (TANH_NOISE, Moments((3, 1)), [None, 1.0]),
        (TANH_X, Moments((1, 2)), [None, None]),
        (TANH_X, POINT, [None, None]),
    ],
)
def test_exact_values_are_told_where_known(model: Model, quantity: Quantity, expected: list[float | None]) -> None:
    """The identity's moments close at every order: E X^3 of a normal law is m^3 + 3 m v."""
    if model is OU:
        m, v = 0.5 + 0.5 * E1, 1.0 - 0.75 * E1**2
        expected = [m**3 + 3.0 * m * v]
    found = exact_values(model, 1.0, quantity)
    for value, known in zip(found, expected, strict=True):
        assert (value is None) == (known is None)
        assert value is None or known is None or math.isclose(value, known, rel_tol=1e-9)


# --- refusals


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: multilevel(OU, 1.0, 0.0), "tolerance = 0.0 must be"),
    (lambda: multilevel(OU, 1.0, math.nan), "tolerance = nan must be"),
    (lambda: multilevel(OU, 1.0, 0.1, most=-1.0), "most = -1.0 must be"),
    (lambda: multilevel(OU, 1.0, 0.1, pilot=1), "pilot = 1 must be"),
    (lambda: multilevel(OU, 0.0, 0.1), "until = 0.0 must be"),
    (lambda: multilevel(OU, 1.0, 0.1, scheme="heun"), "scheme = 'heun' must be one of euler-maruyama, milstein"),
    (lambda: multilevel(OU, 1.0, 0.1, coarsest=0), "coarsest = 0 must be"),
    (lambda: multilevel(OU, 1.0, 0.1, seed=-1), "seed = -1 must be"),
    (lambda: multilevel(OU, 1.0, 1e-6), "needs .* particle-steps or more, .* most = 1e\\+10 are allowed"),
    (lambda: multilevel(OU, 1.0, 0.1, most=1e3), "needs .* particle-steps or more"),
    (lambda: multilevel(dataclasses.replace(OU, nu2=0.0), 1.0, 0.1), "nu2 = 0.0: multilevel is for models with noise"),
    (lambda: multilevel(dataclasses.replace(OU, bias=MEAN_COUPLED), 1.0, 0.1), "particles that do not interact"),
    (lambda: multilevel(dataclasses.replace(OU, walls=(-9.0, 9.0)), 1.0, 0.1), "walls = .* without walls"),
    (lambda: multilevel(dataclasses.replace(OU, initial=Product([Dirac(0.0)] * 2), bias=0.0), 1.0, 0.1), "dimension 2"),
    (lambda: Moments(()), "orders = \\(\\) must be"),
    (lambda: Moments((0,)), "orders = \\(0,\\) must be"),
    (lambda: DistributionFunction(()), "points = \\(\\) must be"),
    (lambda: DistributionFunction((math.inf,)), "points = \\(inf,\\) must be"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_bad_input_is_refused_in_one_sentence(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


# --- command line


def validate(*words: str) -> int:
    return command.run("validation", validation.__main__.build_parser, ["multilevel", *words])


def test_command_prints_levels_and_the_exact_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert validate("tanh-noise", "--tolerance", "0.02", "--moments", "1", "2", "--seed", "3", "--json") == 0
    out = capsys.readouterr().out
    assert "particle-steps" in out
    assert "E X^2 = " in out
    assert "exact 1; off by" in out.replace(", off", "; off")
    told = json.loads(out.strip().splitlines()[-1])
    found = multilevel(TANH_NOISE, 2.0, 0.02, quantity=Moments((1, 2)), seed=3)
    assert told["estimate"] == list(found.estimate)
    assert told["cost"] == found.cost
    assert [level["samples"] for level in told["levels"]] == [level.samples for level in found.levels]
    assert math.isclose(told["exact"][1], second(TANH_NOISE, 2.0), rel_tol=1e-12)


def test_command_estimates_a_distribution_function(capsys: pytest.CaptureFixture[str]) -> None:
    """inverse-gamma has no closed transient: no exact value."""
    assert validate("inverse-gamma", "--tolerance", "0.02", "--cdf", "0.5", "1", "--until", "1", "--json") == 0
    out = capsys.readouterr().out
    assert "P(X <= 0.5) = " in out
    assert "off by" not in out
    assert json.loads(out.strip().splitlines()[-1])["exact"] == [None, None]


BAD = [
    (("regression", "--tolerance", "0.1"), "nu2 = 0.0"),
    (("tanh-noise", "--tolerance", "0"), "--tolerance"),
    (("tanh-noise", "--tolerance", "1e-7"), "particle-steps or more"),
    (("tanh-noise", "--tolerance", "0.1", "--scheme", "heun"), "scheme = 'heun'"),
    (("tanh-noise", "--tolerance", "0.1", "--moments", "1", "--cdf", "0"), "not allowed with"),
    (("nowhere", "--tolerance", "0.1"), "nowhere"),
]


@pytest.mark.parametrize(("words", "message"), BAD)
def test_bad_input_is_one_sentence_and_2(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate(*words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err
    assert len(told.err.strip().splitlines()) == 1
