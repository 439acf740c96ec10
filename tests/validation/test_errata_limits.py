"""Errata of arXiv 2001.04294v1: from the Boltzmann model to its limits, Section 4. Rows E34, E36 of docs/errata.md.

Collisions x* = x + h sigma(w x + b) + noise come with rate r, so that X(t) = X_n with n ~ Poisson(r t), (18).
Oracle: this sum itself over a cloud of Gauss-Hermite points, or the characteristic function of the sum of the noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import gamma, kv
from scipy.stats import poisson

Array = np.ndarray
W, B, T = -0.7, 0.4, 1.0
POINTS, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
START, SHARE = 1.5 + 0.8 * POINTS, WEIGHTS / WEIGHTS.sum()


def boltzmann(phi: Callable[[Array], Array], sigma: Callable[[Array], Array], step: float, rate: float) -> float:
    """E phi(X_T): x* = x + step sigma(w x + b) at the times of a Poisson clock."""
    x, total = START, 0.0
    for share in poisson.pmf(np.arange(int(rate * T + 12.0 * math.sqrt(rate * T) + 30.0)), rate * T):
        total += share * float(phi(x) @ SHARE)
        x = x + step * sigma(W * x + B)
    return total


def mean_field(phi: Callable[[Array], Array], sigma: Callable[[Array], Array]) -> float:
    """E phi(X_T) for (8): x' = sigma(w x + b)."""
    run = solve_ivp(lambda t, x: sigma(W * x + B), (0.0, T), START, method="DOP853", rtol=1e-12, atol=1e-12)
    return float(phi(run.y[:, -1]) @ SHARE)


def order(eps: Array, errors: Array) -> float:
    return float(np.polyfit(np.log(eps), np.log(np.abs(errors)), 1)[0])


IDENTITY, SQUARE = (lambda u: u), np.square
EPS = 2.0 ** -np.arange(4, 10)


@pytest.mark.parametrize("sigma", [IDENTITY, np.tanh], ids=["identity", "tanh"])
def test_e34_mean_field_limit_needs_both_scalings(sigma: Callable[[Array], Array]) -> None:
    """Printed: (17), (18) with tau = 1 lead to (8). Correct: x* = x + eps sigma and rate 1/eps, eps -> 0, both."""
    limit, start = mean_field(SQUARE, sigma), float(SQUARE(START) @ SHARE)
    errors = np.array([boltzmann(SQUARE, sigma, eps, 1.0 / eps) - limit for eps in EPS])
    assert order(EPS, errors) == pytest.approx(1.0, abs=0.03)
    assert abs(errors[-1]) < 3e-3
    assert abs(boltzmann(SQUARE, sigma, 1.0, 1.0) - limit) > 0.05  # as printed
    small, rest = EPS[-1], (B / W) ** 2
    weak = boltzmann(SQUARE, sigma, small, 1.0)
    assert weak == pytest.approx(start, rel=5e-3)  # nothing moves
    frequent = boltzmann(SQUARE, sigma, 1.0, 1.0 / small)
    assert frequent == pytest.approx(rest, rel=1e-3)  # all are at rest already
    assert min(abs(start - limit), abs(rest - limit)) > 0.5


def test_e34_unscaled_collisions_have_another_energy_for_every_tau() -> None:
    """Printed: tau only sets the speed. For (17) m1' = (w m1 + b)/tau, m2' = ((2w + w^2) m2 + 2(1 + w) b m1 + b^2)/tau.

    The right m1 asks for tau = 1, the right m2 for another tau.
    """

    def field(t: float, m: Array) -> Array:
        return np.array([W * m[0] + B, (2 * W + W * W) * m[1] + 2 * (1 + W) * B * m[0] + B * B])

    moments = [float(START @ SHARE), float(SQUARE(START) @ SHARE)]
    run = solve_ivp(field, (0.0, 4.0), moments, method="DOP853", rtol=1e-12, atol=1e-12, dense_output=True)
    printed = [boltzmann(phi, IDENTITY, 1.0, 1.0) for phi in (IDENTITY, SQUARE)]
    np.testing.assert_allclose(run.sol(T), printed, rtol=1e-10)
    limit = [mean_field(phi, IDENTITY) for phi in (IDENTITY, SQUARE)]
    assert printed[0] == pytest.approx(limit[0], rel=1e-11)
    nearest = min(np.abs(run.sol(T / tau) / limit - 1.0).max() for tau in np.linspace(0.25, 4.0, 400))
    assert nearest > 0.03


def gaussian(s: float) -> complex:
    return complex(math.exp(-0.5 * s * s))


def exponential(s: float) -> complex:
    """Exp(1) - 1: third moment 2."""
    return complex(np.exp(-1j * s) / (1.0 - 1j * s))


def student(s: float, dof: float = 2.5) -> complex:
    """Student's t with 5/2 degrees of freedom and unit variance: symmetric, but E abs(eta)^3 = oo."""
    z = abs(s) * math.sqrt(dof - 2.0)
    return complex(kv(dof / 2.0, z) * z ** (dof / 2.0) / (gamma(dof / 2.0) * 2.0 ** (dof / 2.0 - 1.0)))


@pytest.mark.parametrize(
    ("noise", "expected"), [(gaussian, 1.0), (exponential, 0.5), (student, 0.25)], ids=["gaussian", "skewed", "student"]
)
def test_e36_order_of_the_grazing_limit_hangs_on_the_third_moment(
    noise: Callable[[float], complex], expected: float
) -> None:
    """Printed: mean 0 and variance nu2 are all that is asked. Correct: O(eps) if E eta^3 = 0, O(sqrt eps) if it is only
    finite, slower if E abs(eta)^3 = oo (order 1/4 for tails with 5/2 moments), though each tends to (20).

    K = 1, w = b = 0, nu = 1: E exp(ikX_t) = exp((t/eps)(E exp(i k sqrt(eps) eta) - 1)) -> exp(-k^2 t/2).
    """
    eps, k = 2.0 ** -np.arange(10.0, 20.0, 2.0), 1.3
    error = np.array([np.exp((noise(k * math.sqrt(e)) - 1.0) / e) - math.exp(-0.5 * k * k) for e in eps])
    assert order(eps, error) == pytest.approx(expected, abs=0.03)
    assert abs(error[-1]) < 0.5 * eps[-1] ** expected
    assert bool(abs(error[-1]) > 100.0 * eps[-1]) is (expected < 1.0)  # O(eps), missed by far or not
