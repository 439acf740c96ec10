"""Errata of arXiv 2001.04294v1: sensitivities of 3.4, the L2 distance of 5.3. Rows E8 to E10 of docs/errata.md.

Oracle: characteristics of x' = tanh(w x + b) from many points of the start, sinh(w X + b) = e^(w t) sinh(w x + b),
differentiated by a complex step; densities at their ends by the chain rule. (w, b) = (-.8, .9), N(1, 1), T = 1, a
normal target h.
"""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from scipy.stats import norm

Array = np.ndarray
W, B, T = -0.8, 0.9, 1.0
X = np.linspace(-8.0, 10.0, 60_001)
G0 = norm.pdf(X, 1.0, 1.0)
TRUTH = (-0.459963516599769, -0.21853917477212)


def ends(w: complex, b: complex, x: Array = X, t: float = T) -> Array:
    return (np.arcsinh(np.exp(w * t) * np.sinh(w * x + b)) - b) / w


def density(w: float, b: float) -> tuple[Array, Array]:
    """Ends of the characteristics, and the density there: g0/(dX/dx)."""
    stretch = ends(w, b, X + 1e-30j).imag / 1e-30
    return ends(w, b).real, G0 / stretch


def integral(values: Array) -> float:
    return float(np.trapezoid(values, X))


def loss(w: float, b: float, mean: float, std: float) -> float:
    """int (g - h)^2/2 over the line, with dx = dX: g^2 dX = g g0 dx, and of h^2 the whole."""
    at, g = density(w, b)
    h = norm.pdf(at, mean, std)
    return integral(G0 * (0.5 * g - h)) + 0.25 / (std * np.sqrt(np.pi))


def by_adjoint(sign: Array, slope: Array) -> tuple[float, float]:
    """E[p(T) dX_T/dtheta] = int int g f_u (x, 1) lambda_x dx dt: what the adjoint with phi' = p(T) integrates to."""
    moved = [ends(*theta).imag / 1e-30 for theta in ((W + 1e-30j, B), (W, B + 1e-30j))]
    by_w, by_b = (integral(G0 * sign * slope * way) for way in moved)
    return by_w, by_b


def variation(std: float = 0.7) -> tuple[Array, Array]:
    """g - h at the ends, and its slope there."""
    at, g = density(W, B)
    off = g - norm.pdf(at, 2.0, std)
    return off, np.gradient(off, at)


def test_e08_the_adjoint_ends_with_the_signed_difference() -> None:
    """The signed one gives the differences of the loss; its absolute value less than half of them."""
    h = 1e-3
    quotients = [
        (loss(W + h * u, B + h * v, 2.0, 0.7) - loss(W - h * u, B - h * v, 2.0, 0.7)) / (2.0 * h)
        for u, v in ((1, 0), (0, 1))
    ]
    off, slope = variation()
    signed, printed = by_adjoint(np.ones_like(off), slope), by_adjoint(np.sign(off), slope)
    assert_allclose(signed, TRUTH, rtol=1e-6)
    assert_allclose(quotients, TRUTH, rtol=1e-5)
    assert_allclose(printed, (-0.203377, -0.081074), atol=2e-4)  # kinks between points


def test_e09_the_derivative_by_a_constant_is_an_integral_over_x_and_t() -> None:
    """g x sigma' lambda_x takes both signs over (t, x), and no value of it is the derivative; its integral is."""
    _, end_slope = variation()
    total = 0.0
    nodes, weights = np.polynomial.legendre.leggauss(8)
    least, most = np.inf, -np.inf
    for node, weight in zip(0.5 * T * (1.0 + nodes), 0.5 * T * weights, strict=True):
        now = ends(W, B, X, node).real
        stretch = ends(W, B, X + 1e-30j, node).imag / 1e-30
        onwards = ends(W, B, now + 1e-30j, T - node).imag / 1e-30
        along = now * (1.0 - np.tanh(W * now + B) ** 2) * end_slope * onwards
        total += weight * integral(G0 * along)
        least, most = min(least, float((G0 / stretch * along).min())), max(most, float((G0 / stretch * along).max()))
    assert_allclose(total, TRUTH[0], rtol=1e-6)
    assert least < -0.2
    assert most > 0.05


def test_e10_to_a_point_the_squared_difference_is_infinite() -> None:
    """To normal laws that narrow to it the loss grows like 1/(4 sqrt(pi) s); the mean squared distance does not."""
    widths = np.array([0.1, 0.03, 0.01])
    losses = np.array([loss(W, B, 2.0, s) for s in widths])
    assert np.all(np.abs(losses * widths * 4.0 * np.sqrt(np.pi) - 1.0) < 4.0 * widths)
    off = ends(W, B).real - 2.0
    assert integral(G0 * off * off) < 2.0
