"""Errata of arXiv 2001.04294v1: moments with the ReLU activation, Remark 2. Rows E22-E25 of docs/errata.md.

    m_k' = k (w m_k^+ + b m_(k-1)^+),    m_k^+ = int over {w x + b > 0} of x^k g,    a = -b/w               (16)

Oracle: the flow x' = max(w x + b, 0) carries N(mean, variance); moments of the carried law by quadrature on both sides
of the kink, slopes in time by mpmath, later times by scipy.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.stats import norm

Array = np.ndarray
MEAN, SD = 0.2, 0.9


def density(x: mp.mpf) -> mp.mpf:
    return mp.npdf(x, MEAN, SD)


def flow(x: mp.mpf, w: float, b: float, t: mp.mpf) -> mp.mpf:
    """X_t(x) of x' = max(w x + b, 0)."""
    return x + (w * x + b) * mp.expm1(w * t) / w if w * x + b > 0 else x


def slope(k: int, w: float, b: float) -> mp.mpf:
    """d/dt int X_t(x)^k g0(x) dx at t = 0."""
    rest = mp.mpf(-b / w)
    return mp.diff(lambda t: mp.quad(lambda x: flow(x, w, b, t) ** k * density(x), [-12, rest, 12]), 0)


def half_moment(k: int, low: float, high: float) -> mp.mpf:
    return mp.quad(lambda x: x**k * density(x), [low, high])


def right_hand_side(k: int, w: float, b: float, low: float, high: float) -> mp.mpf:
    """k (w m_k^+ + b m_(k-1)^+) with [low, high] taken for the active set."""
    return k * (w * half_moment(k, low, high) + b * half_moment(k - 1, low, high))


@pytest.mark.parametrize(("w", "b"), [(1.0, 0.8), (-1.5, 0.9)])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_e22_boundary_terms_cancel(k: int, w: float, b: float) -> None:
    """Printed: m_k' has the terms a^(k+1) w g(a) + a^k b g(a). Correct: they cancel, so nothing hangs on g(a)."""
    a = -b / w
    active = (a, 12.0) if w > 0 else (-12.0, a)
    inner, first, second = right_hand_side(k, w, b, *active), a ** (k + 1) * w * density(a), a**k * b * density(a)
    assert abs(first + second) < 1e-14
    assert abs(slope(k, w, b) - inner) < 1e-10
    for kept in (first, second):  # one of them without the other would be seen
        assert abs(slope(k, w, b) - inner - kept) > 0.05


@pytest.mark.parametrize("k", [1, 2, 3])
def test_e23_active_side_lies_left_of_the_kink_for_negative_weight(k: int) -> None:
    """Printed Omega+ = {x > -b/w}; correct {w x + b > 0}, which is x < -b/w for w < 0."""
    w, b = -1.5, 0.9
    a = -b / w
    assert abs(slope(k, w, b) - right_hand_side(k, w, b, -12.0, a)) < 1e-10
    assert abs(slope(k, w, b) - right_hand_side(k, w, b, a, 12.0)) > 0.3


def test_e24_without_bias_relu_is_not_the_identity() -> None:
    """Printed: b = 0 gives m_k' = k w m_k, (10). Correct: k w m_k^+; N(0, 1), w = 1, t = 1: m1 = 0.69, m2 = 4.19."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    x = np.concatenate([6.0 * nodes - 6.0, 6.0 * nodes + 6.0])  # [-12, 0] and [0, 12]
    q = np.tile(6.0 * weights, 2) * norm.pdf(x)
    later = {
        name: solve_ivp(field, (0.0, 1.0), x, method="DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
        for name, field in {"relu": lambda t, y: np.maximum(y, 0.0), "identity": lambda t, y: y}.items()
    }
    m1, m2 = ((later["relu"] ** k) @ q for k in (1, 2))
    assert m1 == pytest.approx((math.e - 1.0) / math.sqrt(2.0 * math.pi), abs=1e-9)
    assert m2 == pytest.approx((1.0 + math.e**2) / 2.0, abs=1e-9)
    printed = [(later["identity"] ** k) @ q for k in (1, 2)]  # m1 = 0 and m2 = e^2 solve (10)
    np.testing.assert_allclose(printed, [0.0, math.e**2], atol=1e-9)
    assert min(abs(m1 - printed[0]), abs(m2 - printed[1])) > 0.6


def quantiles(low: float, high: float, points: int) -> Array:
    """Mid-quantile points of the law between two of its levels."""
    return np.asarray(norm.ppf(low + (high - low) * (np.arange(points) + 0.5) / points, MEAN, SD))


def partial_moments(w: float, b: Callable[[float], float], until: float, cloud: Array, levels: Array) -> Array:
    """m_0^+ to m_3^+ of the carried cloud, each point with its share of the mass."""
    run = solve_ivp(lambda t, x: np.maximum(w * x + b(t), 0.0), (0.0, until), cloud, method="DOP853", rtol=1e-11)
    x = run.y[:, -1]
    active = w * x + b(until) > 0.0
    return np.array([levels[active] @ x[active] ** k for k in range(4)])


def test_e25_partial_moments_are_closed_for_constant_parameters() -> None:
    """Printed: no closed formula. Correct: for constant w, b (m_0^+, ..., m_3^+) solve a linear system, m_0^+ constant.

    Only a moving a(t) needs g at a: m_0^+' = a' g(t, a) for w < 0.
    """
    w, b, until = -1.2, 0.6, 1.0
    level = float(norm.cdf(-b / w, MEAN, SD))  # mass of the active side x < a
    cloud, share = quantiles(0.0, 1.0, 40_000), np.full(40_000, 1.0 / 40_000)
    start = partial_moments(w, lambda t: b, 1e-9, cloud, share)
    later = partial_moments(w, lambda t: b, until, cloud, share)
    system = np.diag(w * np.arange(4.0)) + np.diag(b * np.arange(1.0, 4.0), -1)
    closed = expm(until * system) @ start
    np.testing.assert_allclose(later, closed, atol=1e-8)
    assert start[0] == pytest.approx(level, abs=3e-5)
    moving = partial_moments(w, lambda t: b + 0.8 * t, until, cloud, share)
    swallowed = float(norm.cdf(-(b + 0.8) / w, MEAN, SD)) - level  # int a' g(t, a) dt: a meets the start unmoved
    assert moving[0] - start[0] == pytest.approx(swallowed, abs=1e-4)
    assert swallowed > 0.2
