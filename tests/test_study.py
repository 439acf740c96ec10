"""Rates with intervals: what they recover, and what they refuse."""

import math

import numpy as np
import pytest

from particles.base.errors import InputError
from validation.study import Check, Interval, Row, Study, fit_constant, fit_slope, pooled_spread


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


def test_a_study_holds_only_if_every_claim_does() -> None:
    def study(*holds: bool) -> Study:
        checks = tuple(Check("claim", "found", h) for h in holds)
        return Study(
            name="s", case="c", refinement="M", quantity="W1", rows=(), slope=None, constant=None,
            expected_slope=-0.5, checks=checks,
        )  # fmt: skip

    assert study(True, True).holds
    assert not study(True, False).holds
