"""The second route to every reference: from the problem's plain data by SciPy, where that is possible.

===========================  ==========================================================================================
problem                      second route to F
===========================  ==========================================================================================
no noise                     characteristics backwards by Runge-Kutta (DOP853, 1e-13): F(t, x) = F(0, X_-t(x))
Brownian, closed             the equation of F by differences of order 8, which knows no closed form
inverse Gamma, long          its law at rest by `scipy.stats.invgamma`
ReLU at rest                 quadrature of x^(-2) exp(int 2 f/(nu x)^2 dx), for which the flux vanishes
collisions                   densities after n collisions by the trapezoidal rule, which for a smooth density on the
                             whole line converges like e^(-c/h); F by the last collision's normal kernel
linear, in the plane         equations of mean and covariance by Runge-Kutta, F of projections
regression in the plane      both components backwards by Runge-Kutta; projections as a double sum over the plane
===========================  ==========================================================================================
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import integrate, special, stats

from benchmarks.contest.model import model_of
from benchmarks.contest.problem import Floats, Problem
from validation.exact.fokker_planck import computed_law

_TIGHT: dict[str, Any] = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-14}
_AGREE = 1e-11  # W1 between the last two tables of differences, in standard deviations


def second_cdf(problem: Problem, x: Floats, direction: Floats | None = None) -> tuple[Floats, str]:
    """Return F at points by the second route, of the projection on a direction in the plane, and the route in words.

    Parameters
    ----------
    problem : Problem
        One of the contest, or a sibling.
    x : ndarray, shape (N,)
        Increasing points.
    direction : ndarray, shape (2,), optional
    """
    if direction is not None:
        if problem.activation == "identity":
            return _normal(problem, x, direction), "equations of the mean and the covariance, Runge-Kutta"
        return _projected(problem, x, direction), "characteristics of both components, a double sum over the plane"
    if problem.noise == "none":
        return _backwards(problem, x), "characteristics backwards by Runge-Kutta, SciPy's DOP853"
    if problem.noise == "collisions":
        return _collisions(problem, x), "densities after n collisions by the trapezoidal rule"
    if "no mean" in problem.features:
        return _flux_free(problem, x), "the density without flux by adaptive quadrature"
    if "long" in problem.features:
        mu = 1.0 - 2.0 * problem.weight / problem.nu**2
        return stats.invgamma(mu, scale=2.0 * problem.bias / problem.nu**2).cdf(x), "SciPy's inverse Gamma law, at rest"
    law = computed_law(model_of(problem), problem.until, tolerance=_AGREE)
    return law.cdf(x), "equation of the distribution function, differences of order 8, steps of order 7"


def _origin(problem: Problem, x: Floats) -> Floats:
    """X_-t(x), a component at a time."""
    found = integrate.solve_ivp(lambda _, y: -_speed(problem, y), (0.0, problem.until), x.ravel(), **_TIGHT)
    return np.asarray(found.y[:, -1]).reshape(x.shape)


def _speed(problem: Problem, y: Floats) -> Floats:
    return problem.drift(y) if problem.dimension == 1 else problem.drift(y.reshape(-1, 2)).ravel()


def _backwards(problem: Problem, x: Floats) -> Floats:
    low, high = problem.walls or (-math.inf, math.inf)
    inside = np.clip(x, low, high)
    before = problem.start.cdf(_origin(problem, inside))
    return np.where(x < low, 0.0, np.where(x >= high, 1.0, before))


def _flux_free(problem: Problem, x: Floats) -> Floats:
    """F ~ int_0^x y^(-2) exp(int_a^y 2 f(z)/(nu z)^2 dz) dy, with u = 1/z: the inner integral is of f(1/u) du."""
    a = -problem.bias / problem.weight

    def density(y: float) -> float:
        if y >= a:
            return 1.0 / y**2
        inner = integrate.quad(lambda u: float(problem.drift(np.array(1.0 / u))), 1.0 / a, 1.0 / y, epsabs=1e-14)[0]
        return math.exp(-2.0 / problem.nu**2 * inner) / y**2

    edges = np.unique(np.concatenate([[0.02 * a], x[x < a], [a]]))
    parts = [integrate.quad(density, p, q, epsabs=1e-14, epsrel=1e-11)[0] for p, q in pairwise(edges)]
    left = np.concatenate([[0.0], np.cumsum(parts)])
    whole = left[-1] + 1.0 / a
    return np.asarray(np.where(x < a, np.interp(x, edges, left), left[-1] + 1.0 / a - 1.0 / np.maximum(x, a)) / whole)


def _collisions(problem: Problem, x: Floats, points: int = 600) -> Floats:
    """Kernel of a collision N(y + eps f(y), eps nu^2) on a uniform grid; n collisions with Poisson's probability."""
    spread = math.sqrt(problem.eps) * problem.nu
    y = np.linspace(problem.domain[0], problem.domain[1], points)
    step = y[1] - y[0]
    middle = y + problem.eps * problem.drift(y)
    kernel = np.exp(-0.5 * ((y[:, None] - middle) / spread) ** 2) * (step / (spread * math.sqrt(2.0 * math.pi)))
    last = special.ndtr((x[:, None] - middle) / spread) * step
    mean = problem.until / problem.eps
    counts = stats.poisson.pmf(np.arange(math.ceil(mean + 12.0 * math.sqrt(mean) + 20.0)), mean)
    density, sums = problem.start.density(y), np.zeros(points)
    for share in counts[1:]:
        sums += share * density
        density = kernel @ density
    return np.asarray(counts[0] * problem.start.cdf(x) + last @ sums)


def moments(problem: Problem) -> tuple[Floats, Floats]:
    """Mean and covariance in the plane: m' = w m + b, S' = w S + S w^T + nu^2 1, by Runge-Kutta."""
    w, b = np.asarray(problem.weight), np.asarray(problem.bias)
    noise = problem.nu**2 * np.eye(2) if problem.noise == "brownian" else np.zeros((2, 2))

    def change(_: float, state: Floats) -> Floats:
        m, s = state[:2], state[2:].reshape(2, 2)
        return np.concatenate([w @ m + b, (w @ s + s @ w.T + noise).ravel()])

    start = np.concatenate([problem.start.mean, np.ravel(problem.start.covariance)])
    end = integrate.solve_ivp(change, (0.0, problem.until), start, **_TIGHT).y[:, -1]
    return end[:2], end[2:].reshape(2, 2)


def _normal(problem: Problem, x: Floats, direction: Floats) -> Floats:
    mean, covariance = moments(problem)
    return np.asarray(special.ndtr((x - direction @ mean) / math.sqrt(direction @ covariance @ direction)))


def _projected(problem: Problem, x: Floats, direction: Floats, points: int = 160) -> Floats:
    """P(c X + s Y <= x) = sum_j m_j F_1((x - s y_j)/c): the trapezoidal rule over the start of Y, X backwards.

    For components that do not see one another, c != 0.
    """
    mean, variance = problem.start.mean[1], problem.start.covariance[1][1]
    z = np.linspace(-8.5, 8.5, points)
    weights = np.exp(-0.5 * z * z) * (z[1] - z[0]) / math.sqrt(2.0 * math.pi)
    y = mean + math.sqrt(variance) * z
    forward = integrate.solve_ivp(
        lambda _, v: _speed(problem, v), (0.0, problem.until), np.stack([y, y], axis=1).ravel(), **_TIGHT
    )
    ends = forward.y[:, -1].reshape(-1, 2)[:, 1]
    at = (x[:, None] - direction[1] * ends) / direction[0]
    backward = _origin(problem, np.stack([at.ravel(), np.zeros(at.size)], axis=1))[:, 0].reshape(at.shape)
    below = special.ndtr((backward - problem.start.mean[0]) / math.sqrt(problem.start.covariance[0][0]))
    return np.asarray((below if direction[0] > 0.0 else 1.0 - below) @ weights)
