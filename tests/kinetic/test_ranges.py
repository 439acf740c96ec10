"""Numbers at and beyond the ends of their ranges: refused in one sentence when a value is made, or right, never NaN."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose

import kinetic
from kinetic import Grid, domain, steady_state
from particles import Collisions, Euler, Milstein
from particles.base.checks import require_count, require_finite, require_positive
from particles.base.errors import InputError
from particles.model import (
    Dirac,
    GeneralisedGamma,
    InverseGamma,
    Law,
    Lognormal,
    Measure,
    Model,
    Normal,
    Pareto,
    ReluSteady,
    SechPower,
    Uniform,
)
from particles.model.diffusion import CONSTANT, LINEAR
from particles.model.drifts.activations import IDENTITY, RELU, SIGMOID, TANH
from particles.model.drifts.lognormal_family import lognormal_family
from particles.model.drifts.power_law import cubic, power_law
from particles.model.laws.smoothed import SmoothedUniform
from validation import enclose, expected_w1, null_law, sliced_w1, w1_to_law, wasserstein


def model(drift=TANH, weight=-1.0, bias=0.0, **more) -> Model:  # type: ignore[no-untyped-def]
    more.setdefault("initial", Normal(0.0, 1.0))
    return Model(drift=drift, weight=weight, bias=bias, **more)


PLANE = Measure.of_points(np.zeros((2, 3)))
REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: Normal(1e300, 1.0), r"m = 1e\+300 must lie in \[-1e\+100, 1e\+100\]"),
    (lambda: Normal(1e308, 1.0), r"m = 1e\+308 must lie in"),
    (lambda: Normal(0.0, 1e-320), r"v = 1e-320 must lie in \[1e-200, 1e\+200\]"),
    (lambda: Normal(10**400, 1.0), r"m = 1000000+ must be a finite number"),
    (lambda: Normal("0", 1.0), r"m = '0' must be a number"),  # type: ignore[arg-type]
    (lambda: Normal(True, 1.0), r"m = True must be a number"),
    (lambda: Dirac(1e200), r"point = 1e\+200 must lie in"),
    (lambda: Uniform(-1e300, 1e300), r"low = -1e\+300 must lie in"),
    (lambda: Lognormal(1e3, 1.0), r"m = 1000.0 must lie in \[-230, 230\]"),
    (lambda: Lognormal(0.0, 1e3), r"v = 1000.0 must lie in \[1e-200, 100\]"),
    (lambda: Pareto(1.0, 1e20), r"tail_exponent = 1e\+20 must lie in"),
    (lambda: InverseGamma(1e-300, 1.0), r"shape = 1e-300 must lie in \[1e-12, 1e\+12\]"),
    (lambda: GeneralisedGamma(1.0, 1.0, 1e-9), r"delta = 1e-09 must lie in \[1e-06, 1000\]"),
    (lambda: SechPower(0.0, 1.0, 1e12), r"power = 1000000000000.0 must lie in"),
    (lambda: ReluSteady(-1e50, 1.0, 1e-50), r"-2 weight/nu2 = 2e\+100 must lie in"),
    (lambda: model(weight=-1e300), r"weight = -1e\+300 must lie in \[-1e\+100, 1e\+100\]"),
    (lambda: model(bias=1e300), r"bias = 1e\+300 must lie in"),
    (lambda: model(nu2=5e-324), r"nu2 = 5e-324 must lie in \[1e-100, 1e\+100\]"),
    (lambda: model(nu2=1e300), r"nu2 = 1e\+300 must lie in"),
    (lambda: model(walls=(-1e300, 1.0)), r"walls = -1e\+300 must lie in"),
    (lambda: cubic(1e-320), r"gamma = 1e-320 must lie in"),
    (lambda: power_law(1.0, 1e6), r"mu = 1000000.0 must lie in \[-100, 100\]"),
    (lambda: lognormal_family(1e-9), r"delta = 1e-09 must lie in \[0.001, 1000\]"),
    (lambda: Euler(dt=1e-300), r"dt = 1e-300 must lie in"),
    (lambda: Milstein(1e300), r"dt = 1e\+300 must lie in"),
    (lambda: Collisions(1e-320), r"eps = 1e-320 must lie in"),
    (lambda: Collisions(0.1, tau=1e200), r"tau = 1e\+200 must lie in"),
    (lambda: Grid(-1e300, 1e300, cells=10), r"grid end lo = -1e\+300 must lie in"),
    (lambda: Grid(0.0, 1e-300, cells=10), r"hi - lo = 1e-300 must lie in"),
    (lambda: Grid("0", 1.0, cells=10), r"grid end lo = '0' must be a number"),  # type: ignore[arg-type]
    (lambda: domain(model(initial=Normal(1e20, 1.0)), 1.0), r"within the rounding of x"),
    (lambda: domain(model(), 1e300), r"until = 1e\+300 must lie in"),
    (lambda: expected_w1(Normal(0.0, 1.0), 10**16), r"count = 1e\+16 must be at most 1e\+15"),
    (lambda: expected_w1(Normal(0.0, 1.0), 10**400), r"count = 1e\+300 must be at most"),
    (lambda: expected_w1(Normal(0.0, 1.0), 1.5), r"count = 1.5 must be an integer"),  # type: ignore[arg-type]
    (lambda: expected_w1(Measure.of_points(np.array([1e308, -1e308])), 3), r"a position is 1e\+308 from 0"),
    (lambda: null_law(Normal(0.0, 1.0), 10**30), r"count = 1e\+30 must be at most"),
    (lambda: null_law(Normal(0.0, 1.0), 3).p_value(math.nan), r"w1 = nan"),
    (lambda: wasserstein([0.0], [1.0], p=1e5), r"p = 100000.0 must lie in"),
    (lambda: wasserstein([0.0], [1.0], p="1"), r"p = '1' must be a number"),  # type: ignore[arg-type]
    (lambda: sliced_w1(PLANE, PLANE, slices=1.5), r"slices = 1.5 must be an integer"),  # type: ignore[arg-type]
    (lambda: enclose(np.zeros(3), Normal(0.0, 1.0), edges=-1), r"edges = -1 must be an integer of at least 0"),
    (lambda: require_finite("x", math.nan), r"x = nan must be a finite number"),
    (lambda: require_positive("x", -1.0), r"x = -1.0 must be a positive finite number"),
    (lambda: require_count("n", True), r"n = True must be an integer"),
    (lambda: require_count("n", 1e5), r"n = 100000\.0 must be an integer of at least 1, as 100000 is$"),
    (lambda: require_count("n", 1.5), r"n = 1\.5 must be an integer of at least 1$"),
    (lambda: require_count("n", 0.0), r"n = 0\.0 must be an integer of at least 1$"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[said[:30] for _, said in REFUSED])
def test_a_number_out_of_its_range_is_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said) as refusal:
        make()
    assert "\n" not in str(refusal.value)


LAWS: list[Law] = [
    *(Normal(m, v) for m, v in itertools.product([-1e100, 0.0, 1e100], [1e-200, 1.0, 1e200])),
    *(Uniform(low, high) for low, high in [(-1e100, 1e100), (0.0, 1e-100), (1.0, math.nextafter(1.0, 2.0))]),
    *(Lognormal(m, v) for m, v in itertools.product([-230.0, 0.0, 230.0], [1e-200, 1.0, 100.0])),
    *(InverseGamma(shape, scale) for shape, scale in itertools.product([1e-12, 1e-3, 3.0, 1e6], [1e-100, 1e100])),
    *(Pareto(start, tail) for start, tail in itertools.product([1e-100, 1e100], [1e-12, 0.1, 3.0, 1e6])),
    *(GeneralisedGamma(*abc) for abc in itertools.product([0.01, 1e6], [1e-100, 1e100], [0.05, 1e3])),
    *(SechPower(*abc) for abc in itertools.product([-1e100, 1.0], [1e-100, 1e100], [1e-6, 1.0, 1e6])),
    *(ReluSteady(*abc) for abc in [(-1e-12, 1e100, 2.0), (-1e100, 1e-100, 2e92), (-1.0, 1.0, 1e-8)]),
    *(SmoothedUniform(0.0, high, v) for high, v in itertools.product([1e-100, 1.0, 1e100], [1e-200, 1.0, 1e200])),
]
POINTS = np.array([-np.inf, -1.7e308, -1e100, -1.0, -5e-324, 0.0, 5e-324, 1e-200, 1.0, 1e100, 1.7e308, np.inf])
LEVELS = np.array([5e-324, 1e-300, 1e-17, 0.01, 0.5, 0.99, 1.0 - 2.0**-53])


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_laws_hold_at_the_ends_of_their_ranges(law: Law) -> None:
    """At every number, without a warning; quantiles and F are inverse to each other but for the rounding of x."""
    cdf, pdf, quantiles = law.cdf(POINTS), law.pdf(POINTS), law.quantile(LEVELS)
    assert np.all((cdf >= 0.0) & (cdf <= 1.0))
    assert np.all(np.diff(cdf) >= -1e-15)
    assert cdf[0] == 0.0
    assert cdf[-1] == 1.0
    assert np.all(pdf >= 0.0)
    extent = float(np.abs(quantiles[np.isfinite(quantiles)]).max(initial=0.0))
    assert np.all(quantiles[1:] + 1e-15 * extent >= quantiles[:-1])
    assert not np.isnan([law.mean, law.variance]).any()
    assert np.all(np.isfinite(law.breakpoints()))
    finite = np.isfinite(quantiles)
    rounding = np.maximum(1e-13 * np.abs(quantiles[finite]), 1e-15 * extent)
    below, above = quantiles[finite] - rounding, quantiles[finite] + rounding
    close = 1e-3 + 1e-9 * np.abs(LEVELS[finite])
    assert np.all(law.cdf(below) <= LEVELS[finite] + close)
    assert np.all((law.cdf(above) >= LEVELS[finite] - close) | (quantiles[finite] == 0.0))


@pytest.mark.parametrize("law", [law for law in LAWS if math.isfinite(law.variance)], ids=repr)
def test_distances_to_laws_at_the_ends_of_their_ranges(law: Law) -> None:
    """W1 from a point far left of the law is the distance of the means, to the rounding of positions."""
    mean = law.mean
    point = mean - 100.0 * law.std - 1e-3 * abs(mean)
    exact = mean - point
    if exact > 0.0:
        assert_allclose(w1_to_law(Measure.of_points(np.array([point])), law), exact, rtol=1e-6)


SCALES = [1e-100, 1e-8, 1.0, 1e8, 1e100]
WEIGHTS = [sign * scale for scale in SCALES for sign in (1.0, -1.0)]


@pytest.mark.parametrize("drift", [TANH, IDENTITY, RELU, SIGMOID], ids=lambda drift: drift.name)
@pytest.mark.parametrize("diffusion", [CONSTANT, LINEAR], ids=lambda k: k.name)
def test_steady_states_at_extreme_scales_are_numbers_or_refused(drift, diffusion) -> None:  # type: ignore[no-untyped-def]
    start = Lognormal(0.0, 1.0) if diffusion is LINEAR else Normal(0.0, 1.0)
    for weight, bias, nu2 in itertools.product(
        WEIGHTS[::3] if drift is SIGMOID else WEIGHTS, [0.0, 1.0], [0.0, 1.0, 1e100]
    ):
        try:
            state = steady_state(
                Model(drift=drift, weight=weight, bias=bias, nu2=nu2, initial=start, diffusion=diffusion)
            )
        except InputError:
            continue
        if state.law is not None:
            assert not np.isnan([state.law.mean, state.law.variance]).any()
            assert not np.isnan(state.law.quantile(np.array([0.1, 0.5, 0.9]))).any()


def test_extreme_cases_that_are_right() -> None:
    far = steady_state(model(weight=-1e100, nu2=0.0)).law
    assert far == Dirac(0.0)
    lo, hi = domain(model(initial=Normal(1e100, 1e190)), 1.0)
    assert lo < 1e100 < hi
    assert kinetic.Grid(-1e100, 1e100, cells=10).h == 2e99
    found = enclose(np.array([-1e300, 1e300]), Normal(0.0, 1.0))
    assert found.lower <= 1e300 <= found.upper
