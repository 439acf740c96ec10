"""Rates with intervals: what they recover, and what they refuse."""

import math

import numpy as np
import pytest

from particles.base.errors import InputError
from validation.studies.study import (
    Check,
    Interval,
    Row,
    Study,
    fit_constant,
    fit_order,
    fit_slope,
    order_checks,
    pooled_spread,
    successive_orders,
)


def rows(slope: float, *, factor: float = 1.0, noise: float = 0.0, seed: int = 0) -> list[Row]:
    """Errors level^slope with a relative spread of 0.36 a replicate, and references level^(-1/2)."""
    rng = np.random.default_rng(seed)
    made = []
    for level in (1e3, 1e4, 1e5, 1e6):
        error = factor * level**slope * (1.0 + noise * rng.normal() * 0.36 / 10.0)
        made.append(Row(level, 100, error, 0.36 * error, level**-0.5))
    return made


def test_a_power_law_is_recovered() -> None:
    assert math.isclose(fit_slope(rows(-0.5)).estimate, -0.5, rel_tol=1e-12)
    constant = fit_constant(rows(-0.5, factor=1.3))
    assert constant is not None
    assert math.isclose(constant.estimate, 1.3, rel_tol=1e-12)


def test_half_widths_follow_from_the_spread() -> None:
    """Levels ln 10 apart: sum of squares 5 ln(10)^2; a tenth of 0.36 in each mean."""
    assert math.isclose(
        fit_slope(rows(-0.5)).half_width, 1.96 * 0.036 / (math.sqrt(5.0) * math.log(10.0)), rel_tol=1e-3
    )
    constant = fit_constant(rows(-0.5))
    assert constant is not None
    assert math.isclose(constant.half_width, 1.96 * 0.018, rel_tol=1e-3)
    assert math.isclose(pooled_spread(rows(-0.5)), 0.36, rel_tol=1e-12)


def test_intervals_cover_the_truth_nineteen_times_in_twenty() -> None:
    """1000 trials: a coverage outside [0.92, 0.98] would be a false alarm of less than 1 in 10^4."""
    covered = sum(fit_slope(rows(-0.5, noise=1.0, seed=s)).contains(-0.5) for s in range(1000))
    assert 920 <= covered <= 980


def test_a_wrong_rate_is_told_from_the_right_one() -> None:
    assert not fit_slope(rows(-0.45)).allows(-0.5)
    assert fit_slope(rows(-0.5)).allows(-0.5)


def test_a_verdict_asks_for_less_than_the_interval_shown() -> None:
    interval = Interval(-0.48, 0.0125)
    assert not interval.contains(-0.5)
    assert interval.allows(-0.5)


def test_without_references_there_is_no_constant() -> None:
    assert fit_constant([Row(10.0, 5, 1.0, 0.1)]) is None


def test_too_few_levels_and_single_replicates_are_refused() -> None:
    with pytest.raises(InputError, match="2 levels are too few"):
        fit_slope(rows(-0.5)[:2])
    with pytest.raises(InputError, match="at least 2 replicates"):
        fit_slope([*rows(-0.5), Row(1e7, 1, 1e-4, 1e-5)])


def single(*errors: float) -> list[Row]:
    """Deterministic errors at 100, 200, 400, ... cells."""
    return [Row(100.0 * 2.0**k, 1, error, 0.0) for k, error in enumerate(errors)]


def test_the_order_of_a_power_law_is_exact_and_its_interval_empty() -> None:
    order = fit_order(single(*(8.0**-k for k in range(5))))
    assert math.isclose(order.estimate, -3.0, rel_tol=1e-12)
    assert order.half_width < 1e-12
    assert np.allclose(successive_orders(single(*(8.0**-k for k in range(5)))), -3.0, rtol=1e-12)


def test_intervals_of_an_order_are_those_of_a_regression() -> None:
    """Second route: scipy's regression and Student quantiles."""
    from scipy import stats

    errors = single(1.0, 0.13, 0.015, 0.0021, 0.00024)
    order = fit_order(errors)
    line = stats.linregress(np.log([row.level for row in errors]), np.log([row.error for row in errors]))
    assert math.isclose(order.estimate, line.slope, rel_tol=1e-12)
    assert math.isclose(order.half_width, line.stderr * stats.t.ppf(0.975, 3), rel_tol=1e-9)
    assert order.half_width_999 is not None
    assert math.isclose(order.half_width_999, line.stderr * stats.t.ppf(0.9995, 3), rel_tol=1e-9)
    assert order.allows(order.estimate + 0.99 * order.half_width_999)
    assert not order.allows(order.estimate + 1.01 * order.half_width_999)


def test_student_intervals_cover_the_truth_nineteen_times_in_twenty() -> None:
    """1000 trials with normal residuals on five levels: outside [0.92, 0.98] is a false alarm below 1 in 10^4."""
    rng = np.random.default_rng(1)
    trials = [single(*(2.0**-k * math.exp(0.05 * rng.normal()) for k in range(5))) for _ in range(1000)]
    assert 920 <= sum(fit_order(trial).contains(-1.0) for trial in trials) <= 980


def test_a_verdict_on_an_order_rests_on_the_finest_levels() -> None:
    """Errors h^3 + 30 h^5 on coarse cells: the fit over all is off, the last three tell; a lower order is told."""
    errors = single(*(h**3 + 30.0 * h**5 for h in 0.4 * 0.5 ** np.arange(7)))
    assert abs(fit_order(errors).estimate + 3.0) > 0.2
    assert all(check.holds for check in order_checks(errors, -3.0, band=0.1, cap=1e-5))
    wrong, capped = order_checks(errors, -2.0, band=0.1, cap=1e-8)
    assert not wrong.holds
    assert not capped.holds


def test_deterministic_and_replicated_levels_do_not_mix() -> None:
    mixed = [*rows(-0.5), Row(1e7, 1, 1e-4, 0.0, 1e-4)]
    for fit in (fit_slope, fit_constant, pooled_spread):
        with pytest.raises(InputError, match=r"level 1e\+07 has 1 replicates.*at least 2 replicates"):
            fit(mixed)
    for fit in (fit_order, successive_orders):
        with pytest.raises(InputError, match=r"level 1000 has 100 replicates.*single positive errors"):
            fit(mixed)
    with pytest.raises(InputError, match="error 0 "):
        fit_order(single(1.0, 0.1, 0.0))
    with pytest.raises(InputError, match="2 levels are too few"):
        fit_order(single(1.0, 0.1))


def test_a_study_holds_only_if_every_claim_does() -> None:
    def study(*holds: bool) -> Study:
        checks = tuple(Check("claim", "found", h) for h in holds)
        return Study(
            name="s", case="c", refinement="M", quantity="W1", rows=(), slope=None, constant=None,
            expected_slope=-0.5, checks=checks,
        )  # fmt: skip

    assert study(True, True).holds
    assert not study(True, False).holds


def test_a_verdict_shows_the_interval_that_it_uses() -> None:
    """0.1 beside 0 is outside of the 95 % interval, inside of the other: both are printed."""
    found = Interval(0.1, 0.08, 0.13)
    assert found.allows(0.0)
    assert not found.contains(0.0)
    assert found.both() == "0.1000 +- 0.0800, 99.9 %: [-0.0300, 0.2300]"
