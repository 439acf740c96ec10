"""Errata of arXiv 2001.04294v1: Section 3.3, moments and aggregation, and what the figures of Section 5 need.

Rows E14-E16, E19, E20, E27, E31 of docs/errata.md. The oracle is the network itself: a cloud of points x with weights q
(Gauss-Hermite or Gauss-Legendre, so that its moments are those of the law) is carried by x' = sigma(w x + b), (3), with
scipy's DOP853 at tolerance 1e-12. No closed form of the paper enters. With the identity m2 = e^(2 Phi) m2(0) for b = 0.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.special import expit

Array = np.ndarray
Field = Callable[[float, Array], Array]


def normal(mean: float, variance: float, points: int = 40) -> tuple[Array, Array]:
    """Points and weights of N(mean, variance)."""
    z, q = np.polynomial.hermite_e.hermegauss(points)
    return mean + math.sqrt(variance) * z, q / q.sum()


def carry(x: Array, field: Field, times: Array) -> Array:
    """The cloud at the times, shape (times, points)."""
    span = (0.0, float(times[-1]))
    run = solve_ivp(field, span, x, method="DOP853", t_eval=times, rtol=1e-12, atol=1e-12)
    return np.asarray(run.y.T)


def energy(x: Array, q: Array) -> Array:
    return x**2 @ q


def variance(x: Array, q: Array) -> Array:
    return x**2 @ q - (x @ q) ** 2


# Proposition 1: where does the cloud go? -----------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [np.tanh, lambda u: u], ids=["tanh", "identity"])
def test_e14_dirac_attracts_only_for_negative_weight(sigma: Callable[[Array], Array]) -> None:
    """Printed: no condition on w (5.4 reads it as the limit for large times). Correct: w < 0; for w > 0 it repels."""
    x, q = normal(0.0, 1.0)
    times = np.array([0.0, 12.0])
    for w, b in ((-1.0, 0.5), (1.0, -0.5)):
        distance = np.abs(carry(x, lambda t, y, w=w, b=b: sigma(w * y + b), times) - 0.5) @ q  # W1 to delta_(1/2)
        assert distance[1] < 1e-3 * distance[0] if w < 0 else distance[1] > 10.0 * distance[0]


@pytest.mark.parametrize(
    ("weight", "attracts"),
    [
        ([[-2.0, 4.0], [0.0, -2.0]], True),
        ([[-2.0, 4.0], [-4.0, -2.0]], True),
        ([[0.0, 2.0], [-2.0, 0.0]], False),  # it turns for ever
        ([[1.0, 0.0], [0.0, -6.0]], False),  # negative trace
        ([[-2.0, 5.0], [5.0, -2.0]], False),  # negative diagonal
    ],
)
def test_e14_dirac_attracts_in_the_plane_if_all_eigenvalues_do(weight: list[list[float]], attracts: bool) -> None:
    """Printed: no condition on w. Correct for the identity: every eigenvalue of w has a negative real part."""
    w, b = np.array(weight), np.array([0.3, -0.2])
    rest = np.linalg.solve(w / 2.0, -b)
    start = rest + np.array([0.7, 0.4])
    end = carry(start, lambda t, y: w @ y / 2.0 + b, np.array([0.0, 20.0]))[-1]
    ratio = np.linalg.norm(end - rest) / np.linalg.norm(start - rest)
    assert bool(np.linalg.eigvals(w).real.max() < -1e-12) is attracts
    assert ratio < 1e-6 if attracts else ratio > 0.5


def test_e14_singular_weights_have_no_rest_point_or_a_line_of_them() -> None:
    """Printed: one y. Correct, w singular: none if b is not in the range of w, else every law on the null set rests."""
    w, times = np.diag([-2.0, 0.0]), np.array([0.0, 5.0, 10.0])
    for b, speed in ((np.array([0.0, 0.25]), 0.25), (np.array([0.5, 0.0]), 0.0)):
        paths = [carry(np.array([2.0, y]), lambda t, x, b=b: w @ x / 2.0 + b, times) for y in (-1.0, 0.0, 3.0)]
        for path, y in zip(paths, (-1.0, 0.0, 3.0), strict=True):
            np.testing.assert_allclose(path[:, 1], y + speed * times, atol=1e-10)  # never one Dirac: 4 apart for ever
        assert np.linalg.norm(w @ np.linalg.lstsq(w / 2.0, -b)[0] / 2.0 + b) == pytest.approx(speed, abs=1e-15)


def test_e14_sigmoid_rests_nowhere_and_relu_on_half_a_line() -> None:
    """Printed for identity and tanh. Correct for the others: no steady law for the sigmoid, any law on w x + b <= 0."""
    x, q = normal(0.0, 1.0)
    times = np.array([0.0, 10.0, 20.0, 40.0])
    mean = carry(x, lambda t, y: expit(-y + 0.5), times) @ q
    assert (np.diff(mean) > 0.4).all()  # ln t, without end
    still = np.linspace(0.5, 3.0, 11)
    np.testing.assert_array_equal(carry(still, lambda t, y: np.maximum(0.5 - y, 0.0), times)[-1], still)
    left = carry(still - 2.0, lambda t, y: np.maximum(0.5 - y, 0.0), times)[-1]
    assert np.abs(left - (still - 2.0)).max() > 0.5


# Proposition 2: b = 0 ------------------------------------------------------------------------------------------------


def test_e15_energy_may_decay_though_the_weight_is_zero_at_a_time() -> None:
    """Printed: energy decay iff w(t) < 0 for all t. Correct: iff int_s^t w < 0 for all s < t, as for w = -(t-1)^2."""
    x, q = normal(1.0, 1.0)
    times = np.linspace(0.0, 2.0, 41)
    touching, resting = (lambda t: -((t - 1.0) ** 2)), (lambda t: -max(abs(t - 1.0) - 0.5, 0.0))
    assert touching(1.0) == 0.0  # the printed condition fails, and yet the energy falls on every interval:
    falls = {w: -np.diff(energy(carry(x, lambda t, y, w=w: w(t) * y, times), q)) for w in (touching, resting)}
    assert falls[touching].min() > 1e-5
    assert all(quad(touching, s, t)[0] < 0.0 for s, t in itertools.pairwise(times))
    assert np.abs(falls[resting][10:30]).max() < 1e-10  # w <= 0 alone does not do: int w = 0 over [1/2, 3/2]


def test_e16_aggregation_and_the_limit_of_phi_are_two_things() -> None:
    """Printed: aggregation iff Phi_1 -> -oo. Correct: iff Phi_1 decreases strictly. Neither implies the other."""
    x, q = normal(1.0, 1.0)
    times = np.linspace(0.0, 12.0, 241)
    v = variance(carry(x, lambda t, y: -math.exp(-t) * y, times), q)
    assert (np.diff(v) < 0.0).all()  # aggregation, yet
    assert v[-1] == pytest.approx(math.exp(-2.0), rel=2e-5)  # Phi_1 -> -1: no Dirac
    v = variance(carry(x, lambda t, y: (2.0 * math.cos(t) - 1.0) * y, times), q)
    assert v[-1] < 1e-9  # Phi_1 = 2 sin t - t -> -oo: a Dirac, yet
    assert v.max() == pytest.approx(3.934, abs=5e-3)  # the variance rises to e^(2 sqrt 3 - 2 pi/3)


# Proposition 3: b = -w m1 --------------------------------------------------------------------------------------------


def mean_coupled(w: Callable[[float], float], q: Array, sign: float = -1.0) -> Field:
    """x' = w x + b with b = sign w m1, m1 the mean of the cloud."""
    return lambda t, x: w(t) * x + sign * w(t) * (x @ q)


def test_e19_energy_changes_at_twice_the_rate() -> None:
    """Printed m2' = w V, correct m2' = 2 w V."""
    x, q = normal(0.7, 0.6)
    h = 1e-3
    for w in (-1.3, 0.4):
        times = np.array([0.5 - h, 0.5, 0.5 + h])
        cloud = carry(x, mean_coupled(lambda t, w=w: w, q), times)
        slope = (energy(cloud, q)[2] - energy(cloud, q)[0]) / (2.0 * h)
        assert slope == pytest.approx(2.0 * w * variance(cloud, q)[1], rel=1e-5)
        assert abs(slope / (w * variance(cloud, q)[1]) - 1.0) > 0.99


def test_e20_steady_state_needs_an_infinite_integral_of_the_weight() -> None:
    """Printed: w < 0 leads to the Dirac at m1(0). Correct: int w = -oo does, and decay also needs V(0) > 0."""
    x, q = normal(0.7, 0.6)
    times = np.array([0.0, 10.0, 25.0])
    fading = variance(carry(x, mean_coupled(lambda t: -math.exp(-t), q), times), q)
    lasting = carry(x, mean_coupled(lambda t: -1.0, q), times)
    assert fading[-1] == pytest.approx(0.6 * math.exp(-2.0), rel=1e-8)
    assert variance(lasting, q)[-1] < 1e-12
    np.testing.assert_allclose(lasting[-1], 0.7, atol=1e-8)
    point = carry(np.full_like(x, 0.7), mean_coupled(lambda t: -1.0, q), times)
    assert np.ptp(energy(point, q)) < 1e-10  # V(0) = 0: w < 0, and no energy decays


def test_e27_bias_of_the_captions_does_not_conserve_the_mean() -> None:
    """Printed under figures 1 and 2: b = -m1/m0(0) with w = -1; correct: b = -w m1 = +m1."""
    x, q = normal(1.0, 1.0)
    times = np.array([0.0, 1.0, 2.0])
    right = carry(x, mean_coupled(lambda t: -1.0, q), times)
    printed = carry(x, mean_coupled(lambda t: -1.0, q, sign=1.0), times)
    np.testing.assert_allclose(right @ q, 1.0, atol=1e-10)
    assert (printed @ q)[2] == pytest.approx(math.exp(-4.0), abs=1e-10)
    assert energy(printed, q)[2] < 0.02 < 1.0 < energy(right, q)[2]
    np.testing.assert_allclose(variance(printed, q), variance(right, q), atol=1e-10)  # the variance does not tell


@pytest.mark.parametrize(("nu2", "distance"), [(2.0, 0.0), (1.0, 0.233695)])
def test_e31_standard_normal_target_needs_nu2_of_two(nu2: float, distance: float) -> None:
    """Figure 11 gives no nu; with w = -1, b = 0, K = 1 the target N(0, 1) needs nu2 = 2, and nu = 1 misses it by far.

    m2' = 2 w m2 + nu2 from the input U[-1, -1/2]; W1 of two centred normals is abs(s1 - s2) sqrt(2/pi).
    """
    run = solve_ivp(lambda t, m: -2.0 * m + nu2, (0.0, 20.0), [7.0 / 12.0], rtol=1e-11, atol=1e-13)
    w1 = abs(math.sqrt(run.y[0, -1]) - 1.0) * math.sqrt(2.0 / math.pi)
    assert w1 == pytest.approx(distance, abs=1e-6)
    steady = [quad(lambda x, k=k: x**k * math.exp(-x * x / nu2), -12.0, 12.0)[0] for k in (0, 2)]  # (21)
    assert steady[1] / steady[0] == pytest.approx(nu2 / 2.0, rel=1e-10)
