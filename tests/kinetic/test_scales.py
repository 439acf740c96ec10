"""Laws that move at several scales at once: panels follow F, and every integral over a law keeps its digits.

The oracle for mixtures of normal laws is closed: with Psi(z) = z Phi(z) + phi(z), Psi' = Phi, int F dx over an interval
is a difference of sums of s Psi((x - m)/s), and F is monotone, so abs(F - level) has one sign change.
"""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from particles.base.parallel import serial
from particles.model import (
    Clipped,
    Empirical,
    KernelEstimate,
    Law,
    Lognormal,
    Measure,
    Mixture,
    Model,
    Normal,
    Pareto,
    Uniform,
)
from particles.model.drifts.activations import TANH
from particles.model.exact.transients import PushForward
from particles.model.laws.panels import follow
from validation import enclose, expected_w1, null_law, w1_to_law, w2
from validation.exact.lattice import LatticeSum

few = settings(derandomize=True, deadline=None, max_examples=8)
seeds = st.integers(0, 2**32 - 1)


def mixture(seed: int) -> Mixture:
    """2 to 4 normal laws of scales 1e-6 to 1, weights in eighths."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 5))
    cuts = np.sort(rng.choice(np.arange(1, 8), count - 1, replace=False))
    weights = np.diff([0, *cuts, 8]) / 8.0
    scales = 10.0 ** rng.uniform(-6.0, 0.0, count)
    places = np.round(rng.normal(size=count) * 1024.0) / 1024.0
    return Mixture([Normal(float(m), float(s * s)) for m, s in zip(places, scales, strict=True)], list(weights))


def cloud(seed: int) -> Measure:
    """1 to 8 points, some on the components of the mixture of the same seed."""
    rng = np.random.default_rng(seed + 1)
    count = int(2 ** rng.integers(0, 4))
    x = rng.normal(size=count)
    places = [component.mean for component in mixture(seed).components]
    return Measure.of_points(np.where(rng.random(count) < 0.5, rng.choice(places, count), x))


def exact_w1(law: Mixture, points: np.ndarray) -> float:
    """int abs(F_n - F) dx by the primitive of F, in 40 digits."""
    with mpmath.workdps(40):
        parts = [(mpmath.mpf(w), mpmath.mpf(c.m), mpmath.sqrt(mpmath.mpf(c.v))) for c, w in _parts(law)]

        def cdf(x: mpmath.mpf) -> mpmath.mpf:
            return mpmath.fsum(w * mpmath.ncdf((x - m) / s) for w, m, s in parts)

        def primitive(x: mpmath.mpf) -> mpmath.mpf:
            return mpmath.fsum(w * s * _psi((x - m) / s) for w, m, s in parts)

        mean = mpmath.fsum(w * m for w, m, s in parts)
        x = [mpmath.mpf(float(point)) for point in np.sort(points)]
        total = primitive(x[0]) + (primitive(x[-1]) - (x[-1] - mean))  # int F below, int (1 - F) above
        for k in range(1, len(x)):
            level, a, b = mpmath.mpf(k) / len(x), x[k - 1], x[k]
            middle = min(max(_root(cdf, level, a, b), a), b)
            rise = [primitive(middle) - primitive(a), primitive(b) - primitive(middle)]
            total += level * (middle - a) - rise[0] + rise[1] - level * (b - middle)
        return float(total)


def _parts(law: Mixture) -> list[tuple[Normal, float]]:
    return list(zip(law.components, law.weights, strict=True))  # type: ignore[arg-type]


def _psi(z: mpmath.mpf) -> mpmath.mpf:
    return z * mpmath.ncdf(z) + mpmath.npdf(z)


def _root(cdf: object, level: mpmath.mpf, a: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
    for _ in range(130):
        middle = (a + b) / 2
        a, b = (middle, b) if cdf(middle) < level else (a, middle)  # type: ignore[operator]
    return b


@few
@given(seeds)
def test_w1_to_a_mixture_of_any_scales(seed: int) -> None:
    law, points = mixture(seed), cloud(seed)
    found = w1_to_law(points, law)
    assert_allclose(found, exact_w1(law, points.points[0]), rtol=1e-8)
    bounds = enclose(points.points[0], law, tolerance=1e-3, comm=serial())
    assert bounds.lower <= found <= bounds.upper


@few
@given(seeds)
def test_w2_to_a_mixture_of_any_scales(seed: int) -> None:
    """W2^2 = sum_k E [(X - x_k)^2; x_k's share of the levels], by the primitives of F and of x F, in 60 digits."""
    law, points = mixture(seed), cloud(seed)
    assert_allclose(w2(points, law), exact_w2(law, points.points[0]), rtol=1e-8)


def exact_w2(law: Mixture, points: np.ndarray) -> float:
    with mpmath.workdps(60):
        parts = [(mpmath.mpf(w), mpmath.mpf(c.m), mpmath.sqrt(mpmath.mpf(c.v))) for c, w in _parts(law)]

        def cdf(x: mpmath.mpf) -> mpmath.mpf:
            return mpmath.fsum(w * mpmath.ncdf((x - m) / s) for w, m, s in parts)

        def below(x: mpmath.mpf, point: mpmath.mpf) -> mpmath.mpf:
            """E [(X - point)^2; X <= x] of the mixture."""
            total = mpmath.mpf(0)
            for w, m, s in parts:
                z, shift = (x - m) / s, m - point
                phi, density = mpmath.ncdf(z), mpmath.npdf(z)
                total += w * (shift**2 * phi - 2 * shift * s * density + s**2 * (phi - z * density))
            return total

        x = [mpmath.mpf(float(point)) for point in np.sort(points)]
        far = 40 * max(s for _, _, s in parts) + max(abs(m) for _, m, _ in parts)
        ends = [_root(cdf, mpmath.mpf(k) / len(x), -far, far) for k in range(1, len(x))]
        ends = [-far, *ends, far]
        total = mpmath.fsum(below(ends[k + 1], point) - below(ends[k], point) for k, point in enumerate(x))
        return float(mpmath.sqrt(total))


@pytest.mark.parametrize("s", [1e-2, 1e-4, 1e-6])
def test_two_narrow_laws_at_the_points_of_a_cloud(s: float) -> None:
    law, points = (
        Mixture([Normal(-1.0, s * s), Normal(1.0, s * s)], [0.5, 0.5]),
        Measure.of_points(np.array([-1.0, 1.0])),
    )
    assert_allclose(w1_to_law(points, law), s * math.sqrt(2.0 / math.pi), rtol=1e-8)
    assert_allclose(w2(points, law), s, rtol=1e-8)


def by_levels(law: Law, count: int) -> float:
    """E W1 of `count` draws by a midpoint rule on a grid that is dense at every scale around 0."""
    from validation.distance.floor import mean_absolute_deviation

    size = np.geomspace(1e-9, 20.0, 200_001)
    x = np.concatenate([-size[::-1], size])
    values = mean_absolute_deviation(np.clip(law.cdf(0.5 * (x[1:] + x[:-1])), 0.0, 1.0), count)
    return float((values * np.diff(x)).sum())


@pytest.mark.parametrize("s", [1e-1, 1e-3, 1e-6])
@pytest.mark.parametrize("count", [1, 30, 10**6])
def test_expected_w1_of_two_scales(s: float, count: int) -> None:
    law = Mixture([Normal(0.0, s * s), Normal(0.0, 1.0)], [0.75, 0.25])
    exact = by_levels(law, count)
    assert_allclose(expected_w1(law, count), exact, rtol=1e-6)
    assert_allclose(null_law(law, count).mean, exact, rtol=1e-2)


@pytest.mark.parametrize("s", [1e-2, 1e-6])
def test_kernels_far_narrower_than_their_gaps(s: float) -> None:
    data = np.array([-1.0, 0.0, 0.5, 3.0])
    law, points = KernelEstimate(data, s), Measure.of_points(data)
    assert_allclose(w1_to_law(points, law), s * math.sqrt(2.0 / math.pi), rtol=1e-9)
    assert_allclose(w2(points, law), s, rtol=1e-9)


def test_a_lattice_of_narrow_laws() -> None:
    s, places, weights = 1e-6, np.array([-2.0, 0.0, 2.0]), np.array([0.25, 0.5, 0.25])
    law = LatticeSum(Normal(0.0, s * s), places, weights)
    points = Measure.of_points(np.array([-2.0, 0.0, 0.0, 2.0]))
    assert_allclose(w1_to_law(points, law), s * math.sqrt(2.0 / math.pi), rtol=1e-8)
    assert_allclose(w2(points, law), s, rtol=1e-8)


def test_a_lattice_of_a_law_with_kinks_and_one_without() -> None:
    start = Mixture([Normal(0.0, 1.0), Uniform(0.0, 0.1)], [0.5, 0.5])
    law = LatticeSum(start, np.array([-1.0, 1.0]), np.array([0.5, 0.5]))
    assert law.breakpoints()[0] < -8.0
    assert_allclose(w1_to_law(Measure.of_points(np.array([20.0])), law), 20.0 - law.mean, rtol=1e-12)


@pytest.mark.parametrize("w", [-12.0, 12.0])
def test_a_flow_that_makes_new_scales(w: float) -> None:
    """tanh at time 1 brings what starts within 1 of its rest point to e^-12 of it, or tears it apart by as much.

    W1 to one point beyond all others is the difference of the means, E X(1) by quantiles.
    """
    law = PushForward(Model(drift=TANH, weight=w, bias=0.0, initial=Normal(0.3, 1.0)), 1.0)
    points = Measure.of_points(np.array([-0.2, 1e-6, 0.5]))
    found = w1_to_law(points, law)
    bounds = enclose(points.points[0], law, tolerance=1e-6, comm=serial())
    assert bounds.lower <= found <= bounds.upper
    assert bounds.upper - bounds.lower < 1.1e-6 * found


def test_moments_between_far_walls_keep_their_digits() -> None:
    """Control: int x^2 - (int x)^2 from a wall at 1e6 loses twelve of them."""
    law = Clipped(Normal(0.0, 1.0), -1e6, 1e6)
    assert_allclose([law.mean, law.variance], [0.0, 1.0], rtol=1e-12, atol=1e-12)


def test_panels_follow_a_jump_a_kink_and_a_scale_that_nobody_told_of() -> None:
    """Twelve panels at first. Control: without following, the integral is off by the width of a panel."""

    def cdf(x: np.ndarray) -> np.ndarray:
        narrow = Normal(0.3, 1e-12).cdf(x)
        return 0.25 * (x >= -0.1) + 0.25 * np.clip(x - 0.123, 0.0, 1.0) + 0.5 * narrow

    def integral(edges: np.ndarray) -> float:
        nodes, weights = np.polynomial.legendre.leggauss(8)
        half = 0.5 * np.diff(edges)
        return float((weights @ cdf(edges[:-1] + half * (1.0 + nodes[:, None])) * half).sum())

    first = np.linspace(-3.0, 3.0, 13)
    exact = 0.25 * 3.1 + 0.25 * (0.5 + 3.0 - 1.123) + 0.5 * 2.7
    assert_allclose(integral(follow(cdf, first)), exact, rtol=1e-11)
    assert abs(integral(first) - exact) > 1e-3
    assert follow(cdf, first).size < 400


def test_atoms_and_bins_need_nothing_added() -> None:
    data = Empirical(np.array([0.0, 1e-6, 1.0]))
    assert follow(data.cdf, data.breakpoints()).size == 3
    assert follow(Uniform(0.0, 1.0).cdf, np.array([0.0, 1.0])).size == 2


@pytest.mark.parametrize("v", [1.0, 36.0, 100.0])
def test_expected_w1_holds_a_tail_beyond_the_rounding_of_one(v: float) -> None:
    """One draw: E abs(X - Y) = 2 E X (2 Phi(sqrt(v/2)) - 1); the mean of v = 100 lies where 1 - F is 1e-23."""
    exact = 2.0 * math.exp(0.5 * v) * math.erf(0.5 * math.sqrt(v))
    assert_allclose(expected_w1(Lognormal(0.0, v), 1), exact, rtol=1e-9)


@pytest.mark.parametrize("mu", [1.01, 1.2, 3.0])
def test_expected_w1_holds_a_tail_that_is_a_power(mu: float) -> None:
    """E abs(X - Y) = 2 int F (1 - F) dx = 2 (1/(mu - 1) - 1/(2 mu - 1)) for Pareto's law from 1 on."""
    assert_allclose(expected_w1(Pareto(1.0, mu), 1), 2.0 / (mu - 1.0) - 2.0 / (2.0 * mu - 1.0), rtol=1e-9)
    cloud = Measure.of_points(np.ones(2))
    assert_allclose(w1_to_law(cloud, Pareto(1.0, mu)), 1.0 / (mu - 1.0), rtol=1e-9)
