"""Laws on the line against scipy.stats and quadrature; the sampling constants of W1 (theory 3.1)."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from particles.base.errors import InputError
from particles.model.exact.benes import TanhAttracted, TanhRepelled
from particles.model.laws.combined import Clipped, Mixture, Product
from particles.model.laws.elementary import Dirac, Normal, Uniform
from particles.model.laws.empirical import KernelEstimate
from particles.model.laws.histogram import Histogram
from particles.model.laws.law import Law
from particles.model.laws.pareto import Pareto
from particles.model.laws.truncated_normal import TruncatedNormal
from particles.philox import start_uniforms

TWO = Mixture([Normal(-1.0, 0.25), Normal(2.0, 1.0)], [0.3, 0.7])
GAP = Mixture([Uniform(0.0, 1.0), Uniform(3.0, 4.0)], [0.25, 0.75])
CONTINUOUS: dict[str, Law] = {
    "normal": Normal(1.0, 4.0),
    "uniform": Uniform(2.0, 8.0),
    "mixture": TWO,
    "mixture-gap": GAP,
    "histogram": Histogram(np.array([0.0, 1.0, 1.5, 3.0]), np.array([0.2, 0.5, 0.3])),
    "kernel": KernelEstimate(np.array([-1.0, 0.0, 0.0, 2.5]), 0.4),
}
WITH_ATOMS: dict[str, Law] = {
    "dirac": Dirac(1.5),
    "clipped": Clipped(Normal(0.0, 1.0), -1.0, 0.5),
    "clipped-mixture": Clipped(TWO, 0.0, 2.5),
    "part-dirac": Mixture([Dirac(0.0), Uniform(0.0, 2.0)], [0.5, 0.5]),
}
ALL = CONTINUOUS | WITH_ATOMS
each_law = pytest.mark.parametrize("law", ALL.values(), ids=ALL.keys())
continuous_law = pytest.mark.parametrize("law", CONTINUOUS.values(), ids=CONTINUOUS.keys())
P = np.concatenate([[1e-12, 1e-6], np.linspace(0.001, 0.999, 401), [1.0 - 1e-6, 1.0 - 1e-12]])


@continuous_law
def test_cdf_undoes_the_quantile(law: Law) -> None:
    np.testing.assert_allclose(law.cdf(law.quantile(P)), P, rtol=1e-9, atol=2e-15)


@each_law
def test_quantile_is_the_smallest_point_that_reaches_p(law: Law) -> None:
    x = law.quantile(P)
    gap = 1e-9 * (1.0 + np.abs(x))
    assert np.all(law.cdf(x + gap) >= P - 1e-12)
    assert np.all(law.cdf(x - gap) <= P)
    assert np.all(np.diff(x) >= 0.0)


@each_law
def test_cdf_is_the_integral_of_the_pdf_and_the_atoms(law: Law) -> None:
    """Between two points without an atom; by adaptive quadrature."""
    for low, high in [(-0.9, -0.35), (0.11, 0.43), (2.05, 2.45), (3.05, 3.9)]:
        mass, _ = quad(lambda x: float(law.pdf(x)), low, high, epsabs=1e-12, points=[low, high])
        assert float(law.cdf(high) - law.cdf(low)) == pytest.approx(mass, abs=1e-9)


@each_law
def test_moments_are_those_of_the_quantile(law: Law) -> None:
    """E f(X) = int_0^1 f(F^-1(p)) dp, by midpoints in p on cells that shrink to the ends."""
    near = 0.5 * np.exp(-np.linspace(0.0, 34.0, 6001))
    edges = np.unique(np.concatenate([[0.0], near[::-1], 1.0 - near[1:], np.linspace(0.0, 1.0, 100_001)]))
    x, cells = law.quantile(0.5 * (edges[1:] + edges[:-1])), np.diff(edges)
    mean = (x * cells).sum()
    assert law.mean == pytest.approx(mean, abs=3e-5)
    assert law.variance == pytest.approx((x * x * cells).sum() - mean**2, abs=3e-4)
    assert law.std == math.sqrt(law.variance)


@pytest.mark.parametrize(
    ("law", "oracle"),
    [
        (Normal(1.0, 4.0), stats.norm(1.0, 2.0)),
        (Uniform(2.0, 8.0), stats.uniform(2.0, 6.0)),
        (TruncatedNormal(1.0, 4.0, -2.0, 3.0), stats.truncnorm(-1.5, 1.0, 1.0, 2.0)),
        (TruncatedNormal(1.0, 4.0, 7.0, 9.0), stats.truncnorm(3.0, 4.0, 1.0, 2.0)),
    ],
    ids=["normal", "uniform", "truncated", "truncated-mirrored"],
)
def test_laws_agree_with_scipy(law: Law, oracle: object) -> None:
    x = np.linspace(-6.0, 9.5, 200)
    np.testing.assert_allclose(law.cdf(x), oracle.cdf(x), rtol=1e-13)  # type: ignore[attr-defined]
    np.testing.assert_allclose(law.pdf(x), oracle.pdf(x), rtol=1e-13)  # type: ignore[attr-defined]
    np.testing.assert_allclose(law.quantile(P), oracle.ppf(P), rtol=1e-13, atol=1e-14)  # type: ignore[attr-defined]
    assert (law.mean, law.variance) == pytest.approx((oracle.mean(), oracle.var()))  # type: ignore[attr-defined]


def test_moments_in_closed_form() -> None:
    assert (TWO.mean, TWO.variance) == pytest.approx((1.1, 0.3 * 1.25 + 0.7 * 5.0 - 1.21), rel=1e-14)
    clipped = Clipped(Normal(0.0, 1.0), -1.0, 0.5)
    low, high, phi = stats.norm.cdf(-1.0), stats.norm.sf(0.5), stats.norm.pdf
    mean = -low + 0.5 * high + phi(-1.0) - phi(0.5)
    second = low + 0.25 * high + (1.0 - low - high) - phi(1.0) - 0.5 * phi(0.5)
    assert clipped.mean == pytest.approx(mean, rel=1e-12)
    assert clipped.variance == pytest.approx(second - mean**2, rel=1e-12)


@each_law
def test_sample_moments_follow_the_law(law: Law) -> None:
    """Mean of 10^5 draws within 4.9 standard errors: false alarm 1e-6."""
    drawn = law.sample(start_uniforms(0, 100_000, seed=18))
    assert abs(drawn.mean() - law.mean) <= 4.9 * law.std / math.sqrt(drawn.size) + 1e-12


@pytest.mark.parametrize(
    ("law", "constant"),
    [
        (Uniform(0.0, 1.0), 0.313329),
        (Uniform(2.0, 8.0), 1.879971),
        (Uniform(-1.0, -0.5), 0.156664),
        (Normal(0.0, 1.0), 1.288379),
        (Normal(1.0, 1.0), 1.288379),
        (Normal(0.0, 9.0), 3.0 * 1.288379),
        (Dirac(3.0), 0.0),
    ],
)
def test_sampling_constant_is_that_of_theory_3_1(law: Law, constant: float) -> None:
    assert law.w1_constant() == pytest.approx(constant, abs=2e-6)


@each_law
def test_sampling_constant_is_the_integral(law: Law) -> None:
    """Against a fine midpoint sum over x, with an edge at each jump."""
    x = np.union1d(np.linspace(-15.0, 17.0, 320_001), law.breakpoints())
    f = np.clip(law.cdf(0.5 * (x[1:] + x[:-1])), 0.0, 1.0)
    total = math.sqrt(2.0 / math.pi) * (np.sqrt(f * (1.0 - f)) * np.diff(x)).sum()
    assert law.w1_constant() == pytest.approx(total, rel=2e-5, abs=1e-5)


def test_product_law_draws_its_components_independently() -> None:
    law = Product([Normal(1.0, 1.0), Uniform(0.0, 1.0)])
    assert law.dim == 2
    u = np.stack([start_uniforms(0, 100_000, component=j) for j in range(2)])
    x = law.sample(u)
    np.testing.assert_array_equal(x[0], Normal(1.0, 1.0).sample(u[0]))
    assert abs(np.corrcoef(x)[0, 1]) < 4.9 / math.sqrt(100_000)  # false alarm 1e-6


@pytest.mark.parametrize(
    "make",
    [
        lambda: Normal(0.0, 0.0),
        lambda: Normal(0.0, -1.0),
        lambda: Normal(math.nan, 1.0),
        lambda: Normal(0.0, math.inf),
        lambda: Uniform(1.0, 1.0),
        lambda: Uniform(0.0, math.inf),
        lambda: Dirac(math.nan),
        lambda: Mixture([Normal(0.0, 1.0)], [0.5]),
        lambda: Mixture([Normal(0.0, 1.0)], [0.5, 0.5]),
        lambda: Mixture([], []),
        lambda: Mixture([Dirac(0.0), Dirac(1.0)], [-0.5, 1.5]),
        lambda: Mixture([Dirac(0.0), Dirac(1.0)], [math.nan, 1.0]),
        lambda: Product([]),
        lambda: TanhAttracted(Normal(0.0, 1.0), 1.0, 0.0, 1.0),
        lambda: TanhAttracted(Normal(0.0, 1.0), -1.0, 0.0, 0.0),
        lambda: TanhRepelled(Normal(0.0, 1.0), -1.0, 0.0, 1.0),
        lambda: TanhRepelled(Normal(0.0, 1.0), 1.0, math.nan, 1.0),
        lambda: TanhRepelled(Dirac(0.0), 1.0, 0.0, 1.0),
        lambda: TanhRepelled(KernelEstimate([0.0, 1.0], 1.0), 1.0, 0.0, 1.0),
    ],
)
def test_impossible_laws_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(InputError):
        make()


def test_a_mixture_far_from_zero_keeps_its_variance() -> None:
    """1 within, 1/4 between the components; E X^2 - m^2 would be 0."""
    mixture = Mixture([Normal(1e9, 1.0), Normal(1e9 + 1.0, 1.0)], [0.5, 0.5])
    assert mixture.variance == pytest.approx(1.25, rel=1e-7)


@pytest.mark.parametrize(("low", "high", "ulp"), [(-0.66, 0.66, 4), (-5.6, -0.66, 8), (-37.0, -5.6, 8), (0.66, 8.0, 2)])
def test_the_portable_normal_distribution_function_is_within_its_bound(low: float, high: float, ulp: float) -> None:
    points = np.random.default_rng(2).uniform(low, high, 400)
    found = Normal(0.0, 1.0).portable_cdf(points)
    with mpmath.workdps(40):
        for z, value in zip(points.tolist(), found.tolist(), strict=True):
            exact = mpmath.ncdf(mpmath.mpf(z))
            assert abs(mpmath.mpf(value) - exact) <= ulp * mpmath.mpf(float(np.spacing(float(exact))))


def test_portable_distribution_functions_are_the_laws_own() -> None:
    points = np.linspace(-50.0, 50.0, 2001)
    mixture = Mixture([Normal(1.0, 4.0), Uniform(-1.0, 2.0)], [0.3, 0.7])
    for law in (Normal(1.0, 4.0), Uniform(-1.0, 2.0), mixture):
        found = law.portable_cdf(points)
        assert found is not None
        np.testing.assert_allclose(found, law.cdf(points), rtol=1e-14, atol=1e-16)
    assert Pareto(2.0, 1.0).portable_cdf(points) is None
    assert Mixture([Normal(1.0, 4.0), Pareto(2.0, 1.0)], [0.5, 0.5]).portable_cdf(points) is None
