"""Maximum of a log-likelihood l(theta) in a steady family, and the information it holds.

The maximum is found by sequential quadratic programming in theta over the family's own scales, the observed information
-l'' by central differences. Parameters of the model are functions p(theta): their covariance is J (-l'')^(-1) J^T.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kinetic.fit.family import SteadyFamily
from kinetic.fit.target import Target
from particles.base.arrays import Floats
from particles.base.errors import InputError

_FAR = 20.0
"""No maximum lies that many scales (powers of e, standard deviations) away from the first guess."""
_EDGE = 1e-3
"""A working parameter that is this close to its bound, over the width between the bounds, is at it."""


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where a log-likelihood l(theta), for a law int h ln g dx, is largest.

    `limit` says what the bound stands for that the maximum lies on; empty inside.
    """

    theta: Floats
    log_likelihood: float
    limit: str


def log_likelihood(family: SteadyFamily, target: Target, theta: Floats) -> float:
    """Return l(theta)."""
    x, log_s = target.nodes(family.positive)
    values = family.log_density(x, theta) + log_s
    if len(values) > 1:
        largest = values.max(axis=0)
        values = largest + np.log(np.exp(values - largest).sum(axis=0))
    return float((target.weights * values).sum())


def maximise(family: SteadyFamily, target: Target, first: Floats | None = None) -> Maximum:
    """Return the maximum of the log-likelihood, searched from `first`, by default the family's guess from moments.

    InputError if the target lies partly outside the family's support, or the likelihood has no maximum that is found.
    """
    from scipy.optimize import minimize

    if family.positive and not target.lower > 0.0:
        raise InputError("needs positive data")
    guess = family.start(target.centres(family.positive), target.shares) if first is None else first
    low, high = np.array(family.bounds(guess)).T
    scales, guess = family.scales(guess), np.clip(guess, low, high)
    limits = np.array([np.maximum((low - guess) / scales, -_FAR), np.minimum((high - guess) / scales, _FAR)])
    shifts, weight = 1e-7 * np.eye(guess.size), target.count

    def mean(z: Floats) -> float:
        return -log_likelihood(family, target, guess + scales * z) / weight

    def cost(z: Floats) -> tuple[float, Floats]:
        value = mean(z)
        inward = np.where(z + 1e-7 > limits[1], -1.0, 1.0)
        slope = [(mean(z + side * e) - value) / (side * 1e-7) for side, e in zip(inward, shifts, strict=True)]
        return value, np.array(slope)

    # precision of the mean, far below the noise of any sample; L-BFGS-B would start BLAS threads for every step
    found = minimize(cost, np.zeros(guess.size), jac=True, method="SLSQP", bounds=limits.T, options={"ftol": 1e-13})
    theta = np.clip(guess + scales * found.x, low, high)
    best = -float(found.fun) * weight
    if not math.isfinite(best) or np.abs(found.x).max() >= _FAR:
        raise InputError("has no likelihood on these data")
    k = family.limited
    near = _EDGE * (high[k] - low[k]) if any(family.limits) else -1.0
    below, above = bool(theta[k] - low[k] <= near), bool(high[k] - theta[k] <= near)
    return Maximum(theta, best, family.limits[0] if below else family.limits[1] if above else "")


def standard_errors(family: SteadyFamily, target: Target, maximum: Maximum) -> Floats:
    """Return the standard errors of the model's parameters, shape (p,); inf where the data do not fix them."""
    theta = maximum.theta
    steps = 1e-3 * family.scales(theta)
    size = theta.size
    unknown = np.full(size, math.inf)
    if maximum.limit:
        return unknown
    shifts = np.diag(steps)

    def value(shift: Floats) -> float:
        return log_likelihood(family, target, theta + shift)

    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            a, b = shifts[i], shifts[j]
            second = value(a + b) - value(a - b) - value(b - a) + value(-a - b)
            hessian[i, j] = hessian[j, i] = second / (4.0 * steps[i] * steps[j])
    slopes = [(family.physical(theta + s) - family.physical(theta - s)) / (2.0 * s.sum()) for s in shifts]
    try:
        covariance = np.array(slopes).T @ np.linalg.inv(-hessian) @ np.array(slopes)
    except np.linalg.LinAlgError:
        return unknown
    variances = np.diag(covariance)
    return np.sqrt(variances) if np.all(variances > 0.0) else unknown
