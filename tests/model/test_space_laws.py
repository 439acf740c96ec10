"""Laws on R^d and exact laws of models in R^d, against grids, scipy's routines, and closed numbers."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg
from scipy.integrate import quad, solve_ivp

from particles import Milstein, simulate
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    RELU,
    SIGMOID,
    TANH,
    AffineImage,
    Clipped,
    Dirac,
    Lognormal,
    Model,
    MultivariateNormal,
    Normal,
    Product,
    SechPower,
    SpaceLaw,
    Transported,
    Uniform,
    WeightedSum,
    affine_transition,
    cases,
    circulating_state,
    exact_law,
    linear_moments,
    piecewise,
    weighted_sum,
)
from particles.philox import start_uniforms

COVARIANCE = np.array([[0.3, 0.1], [0.1, 0.2]])
FULL = np.array([[-1.0, 1.2], [0.4, -0.6]])
OU = Model(
    drift=IDENTITY, weight=np.array([[-2.0, 1.2], [-0.8, -1.0]]), bias=np.array([0.2, 0.1]), nu2=1.0, scaled=False,
    initial=Product([Normal(1.0, 0.3), Normal(-0.5, 0.3)]),
)  # fmt: skip
REGRESSION = Model(
    drift=TANH, weight=-1.0, bias=np.array([0.5, 0.0]), initial=Product([Normal(1.0, 1.0), Normal(0.0, 1.0)])
)
COUPLED = Model(
    drift=TANH, weight=np.array([[-1.0, 2.0], [-1.5, 0.5]]), bias=np.array([0.3, -0.4]), scaled=False,
    initial=Product([Normal(0.5, 0.3), Normal(0.0, 0.3)]),
)  # fmt: skip
CIRCULATION = Model(
    drift=TANH, weight=np.array([[-1.0, 0.7], [-0.7, -1.0]]), bias=np.array([0.3, -0.2]), nu2=1.0, scaled=False,
    initial=REGRESSION.initial,
)  # fmt: skip

LAWS: dict[str, SpaceLaw] = {
    "normal": MultivariateNormal(np.array([0.5, 0.0]), COVARIANCE),
    "product": Product([Normal(1.0, 0.5), SechPower(0.0, 1.0, 3.0)]),
    "affine image": AffineImage(
        Product([SechPower(0.0, 1.0, 4.0)] * 2), np.array([[1.0, 0.5], [-0.4, 1.2]]), np.array([0.1, 0.2])
    ),
    "transported": Transported(COUPLED, 0.5),
}
each_law = pytest.mark.parametrize("name", LAWS)


def on_grid(law: SpaceLaw) -> tuple[float, np.ndarray, np.ndarray]:
    """Mass, mean and covariance of a smooth density by the trapezoidal rule, which is exact to rounding for it."""
    reach = 14.0 * np.sqrt(law.variance)
    x = np.stack(np.meshgrid(*(np.linspace(m - r, m + r, 281) for m, r in zip(law.mean, reach, strict=True))))
    masses = law.pdf(x) * float(np.prod(2.0 * reach / 280.0))
    mean = (masses * x).sum(axis=(1, 2))
    off = x - mean[:, None, None]
    return float(masses.sum()), mean, np.einsum("yx,iyx,jyx->ij", masses, off, off)


@each_law
def test_density_holds_the_mass_and_the_moments_that_a_law_states(name: str) -> None:
    law = LAWS[name]
    mass, mean, covariance = on_grid(law)
    assert mass == pytest.approx(1.0, abs=1e-8)
    np.testing.assert_allclose(mean, law.mean, atol=1e-7)
    np.testing.assert_allclose(covariance, law.covariance, atol=1e-7)


def test_a_covariance_that_is_off_by_a_thousandth_is_seen() -> None:
    _, _, covariance = on_grid(MultivariateNormal(np.zeros(2), 1.001 * COVARIANCE))
    assert np.abs(covariance - COVARIANCE).max() > 1e-4


@each_law
def test_draws_are_those_of_the_law(name: str) -> None:
    """Mean and covariance of 20 000 draws within 4 standard errors each: five numbers a law, false alarms 3e-4."""
    law = LAWS[name]
    u = np.stack([start_uniforms(0, 20_000, component=j, seed=5) for j in range(2)])
    x = law.sample(u)
    off = x - law.mean[:, None]
    for values, expected in [
        (x[0], law.mean[0]), (x[1], law.mean[1]), (off[0] * off[1], law.covariance[0, 1]),
        (off[0] ** 2, law.covariance[0, 0]), (off[1] ** 2, law.covariance[1, 1]),
    ]:  # fmt: skip
        assert abs(values.mean() - expected) < 4.0 * values.std() / math.sqrt(values.size)


@pytest.mark.parametrize("name", ["normal", "product", "affine image"])
@pytest.mark.parametrize("direction", [(0.6, 0.8), (-0.8, 0.6), (-0.6, -0.8)])
def test_projection_is_the_density_seen_along_the_direction(name: str, direction: tuple[float, float]) -> None:
    """Against the integral of the density along the line direction . x = s, by the trapezoidal rule."""
    law, (c, s) = LAWS[name], direction
    along = np.linspace(-30.0, 30.0, 2401)
    seen = law.projection(direction)
    for level in (0.1, 0.5, 0.8):
        at = float(seen.quantile(np.array(level)))
        assert float(seen.cdf(np.array(at))) == pytest.approx(level, rel=1e-12)
        points = np.array([c * at - s * along, s * at + c * along])
        assert float(seen.pdf(np.array(at))) == pytest.approx(float(law.pdf(points).sum()) * 0.025, rel=1e-8)
    assert seen.mean == pytest.approx(float(np.dot(direction, law.mean)))
    assert seen.variance == pytest.approx(float(np.dot(direction, law.covariance @ direction)))


def test_marginals_are_the_components() -> None:
    law = Product([Uniform(0.0, 1.0), Normal(1.0, 0.5)])
    x = np.array([0.2, 0.7])
    np.testing.assert_array_equal(law.marginal(0).cdf(x), x)
    assert law.marginal(1) == Normal(1.0, 0.5)
    assert LAWS["normal"].marginal(1) == Normal(0.0, 0.2)


def test_a_sum_of_a_uniform_and_a_normal_law_is_the_smoothed_uniform_one() -> None:
    found = weighted_sum([Uniform(0.0, 1.0), Normal(0.0, 1.0)], [2.0, 0.5], 1.0)
    assert isinstance(found, WeightedSum)
    x = np.linspace(-1.0, 5.0, 13)
    np.testing.assert_allclose(found.cdf(x), Uniform(0.0, 1.0).smoothed(2.0, 1.0, 0.25).cdf(x), rtol=1e-12)
    assert weighted_sum([Normal(1.0, 1.0), Normal(0.0, 2.0), Dirac(3.0)], [1.0, 1.0, 2.0]) == Normal(7.0, 3.0)


def test_sums_of_laws_that_jump_are_cut_where_they_do() -> None:
    """Two uniform laws make a triangle; two with atoms keep those of both, and the rest by scipy's quadrature."""
    two = weighted_sum([Uniform(0.0, 1.0)] * 2, [1.0, 1.0])
    np.testing.assert_allclose(two.cdf(np.array([0.3, 1.0, 1.7])), [0.045, 0.5, 0.955], rtol=1e-13)
    np.testing.assert_allclose(two.pdf(np.array([0.3, 1.0, 1.7])), [0.3, 1.0, 0.3], rtol=1e-13)
    one, other = Clipped(Normal(0.0, 1.0), -1.0, 0.5), Clipped(Normal(0.2, 0.3), -0.5, 1.0)
    held = weighted_sum([one, other], [0.8, -0.6], 0.1)
    points, masses = held.atoms()
    below, above = (float(one.cdf(x)) for x in (-1.0, np.nextafter(0.5, 0.0)))
    low, high = (float(other.cdf(x)) for x in (-0.5, np.nextafter(1.0, 0.0)))
    np.testing.assert_allclose(points, [-1.3, -0.4, -0.1, 0.8], atol=1e-15)
    expected = [below * (1.0 - high), below * low, (1.0 - above) * (1.0 - high), (1.0 - above) * low]
    np.testing.assert_allclose(masses, expected, rtol=1e-12)
    for s in (-1.0, 0.0, 0.33):
        ends = [-0.5, *sorted(y for y in ((0.1 + 0.8 * x - s) / 0.6 for x in (-1.0, 0.5)) if -0.5 < y < 1.0), 1.0]
        inner = sum(
            quad(lambda y, s=s: other.pdf(y) * one.cdf((s - 0.1 + 0.6 * y) / 0.8), a, b, epsabs=1e-13)[0]
            for a, b in itertools.pairwise(ends)
        )
        beside = low * one.cdf((s - 0.4) / 0.8) + (1.0 - high) * one.cdf((s + 0.5) / 0.8)
        assert float(held.cdf(s)) == pytest.approx(float(inner + beside), rel=1e-12)
    beyond = quad(lambda s: 1.0 - float(held.cdf(s)), -1.3, 0.8, points=[-0.4, -0.1], epsabs=1e-9, limit=200)[0]
    assert held.mean == pytest.approx(beyond - 1.3, abs=1e-8)
    assert held.variance == pytest.approx(held.raw_moments(2, about=held.mean)[2], rel=1e-12)


def test_projections_between_sticky_walls_hold_what_lies_on_them() -> None:
    """Four corners are atoms; levels of 2e5 draws of the law within 4 errors."""
    law = exact_law(cases["box-2d"].model, 2.0)
    assert isinstance(law, Product)
    seen = law.projection([0.8, 0.6])
    np.testing.assert_allclose(seen.atoms()[1], 0.00101869, atol=5e-9)
    u = np.stack([start_uniforms(0, 200_000, component=j, seed=5) for j in range(2)])
    x = np.array([0.8, 0.6]) @ law.sample(u)
    at = np.quantile(x, np.linspace(0.1, 0.9, 5))
    assert np.abs((x[:, None] <= at).mean(axis=0) - seen.cdf(at)).max() < 2.0 / math.sqrt(x.size)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: MultivariateNormal(np.zeros(2), np.eye(3)), "do not fit"),
        (lambda: MultivariateNormal(np.zeros(2), np.array([[1.0, 0.5], [0.0, 1.0]])), "symmetric"),
        (lambda: MultivariateNormal(np.zeros(2), np.ones((2, 2))), "positive definite"),
        (lambda: MultivariateNormal(np.array([0.0, 2e100]), np.eye(2)), "must lie in"),
        (lambda: AffineImage(LAWS["normal"], np.ones((2, 2)), np.zeros(2)), "inverse"),
        (lambda: AffineImage(LAWS["normal"], np.eye(3), np.zeros(2)), "do not fit"),
        (lambda: LAWS["normal"].projection([0.0, 0.0]), "not all 0"),
        (lambda: LAWS["normal"].marginal(2), "components 0 to 1"),
        (lambda: LAWS["normal"].pdf(np.zeros((3, 4))), "must have 2 rows"),
        (lambda: LAWS["transported"].projection([1.0, 1.0]), "not known"),
        (lambda: weighted_sum([SechPower(0.0, 1.0, 1.0)] * 3, [1.0, 1.0, 1.0]), "allowed are two"),
        (lambda: Transported(replace(COUPLED, drift=RELU), 1.0), "smooth drift"),
        (lambda: Transported(OU, 1.0), "no noise"),
        (lambda: circulating_state(replace(CIRCULATION, drift=SIGMOID)), "can be normalised for identity and tanh"),
        (lambda: circulating_state(replace(CIRCULATION, nu2=0.0)), "and noise"),
        (lambda: circulating_state(replace(CIRCULATION, weight=FULL)), "Q antisymmetric"),
        (lambda: circulating_state(replace(CIRCULATION, weight=1.0)), "c > 0"),
    ],
)
def test_what_has_no_law_is_told_in_a_sentence(make: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        make()  # type: ignore[operator]


def by_van_loan(w: np.ndarray, nu2: float, t: float) -> tuple[np.ndarray, np.ndarray]:
    """exp(w t) and the covariance from one exponential of twice the size (Van Loan 1978)."""
    size = len(w)
    whole = scipy.linalg.expm(t * np.block([[-w, nu2 * np.eye(size)], [np.zeros((size, size)), w.T]]))
    growth = whole[size:, size:].T
    return growth, growth @ whole[:size, size:]


def test_linear_laws_are_those_of_van_loan_and_of_lyapunov() -> None:
    w, t = OU.weights(0.0)[0], 0.5
    growth, spread = by_van_loan(w, 1.0, t)
    law = exact_law(OU, t)
    assert isinstance(law, MultivariateNormal)
    np.testing.assert_allclose(law.covariance, 0.3 * growth @ growth.T + spread, rtol=1e-13)
    moved = np.linalg.solve(w, (growth - np.eye(2)) @ np.array([0.2, 0.1]))
    np.testing.assert_allclose(law.mean, growth @ np.array([1.0, -0.5]) + moved, rtol=1e-13)
    rest = scipy.linalg.solve_continuous_lyapunov(w, -np.eye(2))
    np.testing.assert_allclose(affine_transition(OU, 60.0)[2], rest, rtol=1e-13)


def test_pieces_of_a_linear_model_compose_and_a_mean_coupled_bias_keeps_the_mean() -> None:
    layered = replace(OU, weight=piecewise([0.0, 0.3], [FULL, OU.weights(0.0)[0]]))
    first = exact_law(replace(OU, weight=FULL), 0.3)
    assert isinstance(first, SpaceLaw)
    then, whole = exact_law(replace(OU, initial=first), 0.4), exact_law(layered, 0.7)
    assert isinstance(then, MultivariateNormal)
    assert isinstance(whole, MultivariateNormal)
    np.testing.assert_allclose(whole.covariance, then.covariance, rtol=1e-13)
    np.testing.assert_allclose(whole.mean, then.mean, rtol=1e-13)
    held = exact_law(replace(OU, bias=MEAN_COUPLED), 0.7)
    assert isinstance(held, SpaceLaw)
    np.testing.assert_allclose(held.mean, [1.0, -0.5], rtol=1e-14)


def test_a_linear_flow_without_noise_moves_any_start() -> None:
    start = Product([Uniform(0.0, 1.0), Normal(0.0, 0.2)])
    model = replace(OU, nu2=0.0, initial=start)
    law, along = exact_law(model, 0.5), Transported(model, 0.5)
    assert isinstance(law, AffineImage)
    x = law.sample(np.array([[0.3, 0.6, 0.9], [0.2, 0.5, 0.7]]))
    np.testing.assert_allclose(law.pdf(x), along.pdf(x), rtol=1e-9)
    assert exact_law(replace(model, nu2=1.0), 0.5) is None


@pytest.mark.parametrize(
    ("change", "t", "mean", "std"),
    [
        ({}, 1.0, 1.0, (0.64851870, 0.64851870)),
        ({}, 2.0, 1.0, (0.40757063, 0.40757063)),
        ({"bias": np.array([1.0, 0.0]), "scaled": False}, 1.0, 1.0, (0.50421391, 0.50421391)),
        ({"bias": np.array([1.0, 0.0]), "scaled": False}, 2.0, 1.0, (0.21995668, 0.21995668)),
        ({"weight": np.diag([1.0, -1.0]), "bias": np.array([-1.0, 0.0])}, 1.0, 0.55569338, (1.39256693, 0.64851870)),
        ({"weight": np.diag([1.0, -1.0]), "bias": np.array([-1.0, 0.0])}, 2.0, 0.02194331, (1.85163916, 0.40757063)),
    ],
)
def test_regression_in_the_plane_is_a_product_of_flows(
    change: dict[str, object], t: float, mean: float, std: tuple[float, float]
) -> None:
    law = exact_law(replace(REGRESSION, **change), t)  # type: ignore[arg-type]
    assert isinstance(law, Product)
    np.testing.assert_allclose(law.mean, [mean, 0.0], atol=6e-9)
    np.testing.assert_allclose(np.sqrt(law.variance), std, atol=6e-9)


def test_the_sampling_constant_of_sliced_w1_comes_from_projections() -> None:
    """Mean over angles of sqrt(2/pi) int sqrt(F (1 - F)): 0.858018 for the regression at t = 1 over twelve.

    Six of them are the others mirrored in x, in which the law is symmetric.
    """
    law = exact_law(REGRESSION, 1.0)
    assert isinstance(law, Product)
    angles = (np.arange(6) + 0.5) * math.pi / 12.0
    constants = [law.projection([math.cos(angle), math.sin(angle)]).w1_constant() for angle in angles]
    assert np.mean(constants) == pytest.approx(0.858018, abs=6e-7)


def test_diagonal_linear_noise_is_a_product_of_lognormal_laws_and_a_full_one_has_no_law() -> None:
    start = Product([Lognormal(0.0, 0.1), Dirac(2.0)])
    model = replace(OU, weight=np.diag([-1.0, 0.5]), bias=0.0, diffusion=LINEAR, nu2=0.3, initial=start)
    assert exact_law(model, 2.0) == Product([Lognormal(-2.3, 0.7), Lognormal(math.log(2.0) + 0.7, 0.6)])
    assert exact_law(replace(model, weight=FULL), 2.0) is None
    turning = replace(REGRESSION, drift=IDENTITY, nu2=1.0, weight=lambda t: -math.cos(t))
    assert isinstance(exact_law(turning, 1.0), Product)
    assert exact_law(replace(turning, weight=lambda t: FULL * t), 1.0) is None


def test_moments_of_linear_noise_are_closed_where_the_law_is_not() -> None:
    """K = x: against lognormal laws, and scipy's integrator for a full weight with a jump; K = 1: against the law."""
    start = Product([Lognormal(0.0, 0.1), Dirac(2.0)])
    lone = replace(OU, weight=np.diag([-1.0, 0.5]), bias=0.0, diffusion=LINEAR, nu2=0.3, initial=start)
    law = exact_law(lone, 2.0)
    assert isinstance(law, SpaceLaw)
    for found, expected in zip(linear_moments(lone, 2.0), (law.mean, law.covariance), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    full = replace(OU, diffusion=LINEAR, weight=piecewise([0.0, 0.3], [FULL, OU.weights(0.0)[0]]))
    assert exact_law(full, 0.7) is None

    def rate(t: float, state: np.ndarray) -> np.ndarray:
        w, b, m, p = full.weights(t)[0], np.array([0.2, 0.1]), state[:2], state[2:].reshape(2, 2)
        second = w @ p + p @ w.T + np.outer(b, m) + np.outer(m, b) + np.diag(np.diag(p))
        return np.concatenate([w @ m + b, second.reshape(-1)])

    state = np.concatenate([[1.0, -0.5], (0.3 * np.eye(2) + np.outer([1.0, -0.5], [1.0, -0.5])).reshape(-1)])
    for span in ((0.0, 0.3 - 1e-12), (0.3, 0.7)):
        state = solve_ivp(rate, span, state, rtol=1e-12, atol=1e-14).y[:, -1]
    mean, covariance = linear_moments(full, 0.7)
    np.testing.assert_allclose(mean, state[:2], atol=1e-10)
    np.testing.assert_allclose(covariance, state[2:].reshape(2, 2) - np.outer(state[:2], state[:2]), atol=1e-10)
    law = exact_law(OU, 0.5)
    assert isinstance(law, SpaceLaw)
    np.testing.assert_allclose(linear_moments(OU, 0.5)[1], law.covariance, rtol=1e-12)
    for change, told in (({"drift": TANH}, "the identity"), ({"neurons": 2, "weight": -1.0}, "one neuron")):
        with pytest.raises(InputError, match=told):
            linear_moments(replace(OU, **change), 1.0)  # type: ignore[arg-type]


def test_characteristics_keep_the_accuracy_that_they_state() -> None:
    """Against the closed flow of a diagonal tanh, and scipy's integrator for a coupled one with a jump."""
    x = np.random.default_rng(1).normal(size=(2, 200))
    closed, along = exact_law(REGRESSION, 1.0), Transported(REGRESSION, 1.0)
    assert isinstance(closed, Product)
    assert along.accuracy == 1e-10
    np.testing.assert_allclose(along.pdf(x), closed.pdf(x), rtol=1e-9)
    np.testing.assert_allclose(along.mean, closed.mean, atol=1e-10)
    np.testing.assert_allclose(along.covariance, closed.covariance, atol=1e-10)
    jumping = replace(COUPLED, weight=piecewise([0.0, 0.5], [COUPLED.weights(0.0)[0], FULL]))
    law = exact_law(jumping, 1.0)
    assert isinstance(law, Transported)
    points, bias = x[:, :3], np.array([0.3, -0.4])
    expected = points
    for w in (COUPLED.weights(0.0)[0], FULL):
        expected = np.stack([
            solve_ivp(lambda t, y, w=w: np.tanh(w @ y + bias), (0.0, 0.5), start, rtol=1e-12, atol=1e-13).y[:, -1]
            for start in expected.T
        ], axis=1)  # fmt: skip
    np.testing.assert_allclose(law.forward(points), expected, atol=2e-10)
    np.testing.assert_allclose(law.backward(law.forward(points))[0], points, atol=5e-10)


def test_the_law_that_circulates_has_its_numbers() -> None:
    """al = 1, om = 0.7, nu^2 = 1: beta = 2/1.49; the variance against the density of sech^beta by quadrature."""
    law = circulating_state(CIRCULATION)
    assert isinstance(law, AffineImage)
    assert isinstance(law.law, Product)
    part = law.law.components[0]
    assert isinstance(part, SechPower)
    assert part.power == pytest.approx(1.3422818792, abs=5e-11)
    np.testing.assert_allclose(law.mean, [0.10738255, -0.27516779], atol=5e-9)
    np.testing.assert_allclose(law.covariance, 1.0171625901 * np.eye(2), atol=5e-11)
    mass, second = (2.0 * quad(lambda u, k=k: u**k / math.cosh(u) ** part.power, 0.0, 60.0)[0] for k in (0, 2))
    assert second / mass / 1.49 == pytest.approx(law.variance[0], rel=1e-7)
    linear = circulating_state(replace(CIRCULATION, drift=IDENTITY))
    np.testing.assert_allclose(linear.covariance, 0.5 * np.eye(2), atol=1e-15)
    np.testing.assert_allclose(linear.mean, law.mean)


def residual(law: SpaceLaw, model: Model, x: np.ndarray) -> float:
    """(nu^2/2) lap g - div(f g) over g at a point, by differences of ln g of fourth order."""
    h, size = 2e-3, model.size
    weights = model.weights(0.0)
    u = weights[0] @ x + model.biases(0.0, weights)[0]
    total = 0.0
    for k in range(size):
        at = x[:, None] + h * np.eye(size)[k][:, None] * np.arange(-2.0, 3.0)
        low, left, mid, right, high = np.log(law.pdf(at))
        slope = (8.0 * (right - left) - (high - low)) / (12.0 * h)
        bend = (16.0 * (left + right) - (low + high) - 30.0 * mid) / (12.0 * h * h)
        f, f_u = (float(part(u[k], x[k])) for part in (model.drift, model.drift.derivative_u))
        total += 0.5 * model.nu2 * (bend + slope * slope) - weights[0, k, k] * f_u - f * slope
    return total


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("drift", [TANH, IDENTITY])
def test_the_law_that_circulates_is_at_rest(size: int, drift: object) -> None:
    rng = np.random.default_rng(size)
    q = rng.normal(size=(size, size))
    weight = -np.linalg.inv(0.8 * np.eye(size) + q - q.T)
    model = Model(
        drift=drift, weight=size * weight, bias=rng.normal(size=size), nu2=1.3,  # type: ignore[arg-type]
        initial=Product([Normal(0.0, 1.0)] * size),
    )  # fmt: skip
    law, other = circulating_state(model), circulating_state(replace(model, nu2=1.31))
    points = rng.normal(size=(5, size))
    assert max(abs(residual(law, model, x)) for x in points) < 1e-7
    assert max(abs(residual(other, model, x)) for x in points) > 1e-3


def off_in_standard_errors(law: SpaceLaw, model: Model, count: int, until: float, dt: float) -> float:
    """Largest distance of mean and variance of a cloud from those of a law, in standard errors."""
    x = simulate(model, Milstein(dt), count=count, until=until, seed=3).states[-1]
    off = x - law.mean[:, None]
    found = [np.abs(off.mean(axis=1)) / off.std(axis=1)]
    found.append(np.abs((off**2).mean(axis=1) - law.variance) / (off**2).std(axis=1))
    return float(np.max(found)) * math.sqrt(count)


def test_particles_that_start_at_the_law_that_circulates_stay_there() -> None:
    """Four numbers within 3 standard errors, false alarms 1 %; the law of the other sense of rotation is far off."""
    law = circulating_state(CIRCULATION)
    assert off_in_standard_errors(law, replace(CIRCULATION, initial=law), 20_000, 2.0, 0.02) < 3.0
    mirrored = circulating_state(replace(CIRCULATION, weight=CIRCULATION.weights(0.0)[0].T))
    assert off_in_standard_errors(mirrored, replace(CIRCULATION, initial=mirrored), 20_000, 2.0, 0.02) > 20.0


@pytest.mark.long
def test_a_million_particles_come_to_rest_at_the_law_that_circulates() -> None:
    """The same from a normal law: the step of 1/500 shifts the variance by half a standard error."""
    law = circulating_state(CIRCULATION)
    start = replace(CIRCULATION, initial=Product([Normal(0.0, 1.0)] * 2))
    assert off_in_standard_errors(law, start, 10**6, 16.0, 0.002) < 3.0
