"""The bias of a residual network: W1 between the laws of L layers and of the flow whose Euler steps they are.

On the line both maps of the start are increasing where no layer crosses particles, so that the two laws are coupled at
equal quantiles, and with dt = T/L (arXiv 2001.04294, (1) and (3))

    W1(law of x_L, law of x(T)) = E abs(x_L - x(T)) = int_0^1 abs(x_L - x(T))(F_0^(-1)(p)) dp,

an integral without sampling error: 8 Gauss nodes a panel between the breakpoints of the start, the levels of what
sticks to a wall, and the sign changes of x_L - x(T).

First term: e = x_L - x(T) obeys e' = F_x e - (dt/2) x'' + O(dt^2). For a constant right side x' = F(x), x'' = F_x F and
exp(int_s^t F_x) = F(x(t))/F(x(s)), so that over a time t

    e(t) = J e(0) - (dt/2) F(x(t)) ln J + O(dt^2),   J = F(x(t))/F(x(0)) = dx(t)/dx(0).

Parameters that jump at multiples of dt compose it. What sticks to a wall is there under both maps; what sticks under
one alone is O(dt) of the mass with an O(dt) error, and does not enter the first term. Units: length, and length/time
for the constant C of E abs(e) = C dt.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from particles import Euler, ExactFlow, carry
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.base.roots import bisect
from particles.model import Law, Model, exact_law
from particles.model.exact.transients import segments
from particles.schemes.scheme import Scheme

_NODES, _WEIGHTS = gauss(8)
_PANELS = np.linspace(0.0, 1.0, 201)


def check_layers(model: Model, until: float, layers: int) -> None:
    """Refuse layers that cross particles, dt Lip >= 1, or that a jump of the parameters falls into, at no k dt."""
    dt = until / layers
    inner = [t for t in model.breakpoints if t < until]
    for t in inner:
        if abs(t / dt - round(t / dt)) > 1e-9 * layers:
            raise InputError(f"levels: with {layers} layers the jump of a parameter at t = {t:g} is no multiple of dt")
    weight = float(np.abs(model.weights([0.0, *inner])).max())
    rate = weight * model.drift.lipschitz_u + model.drift.lipschitz_x
    if math.isfinite(rate) and dt * rate >= 1.0:
        raise InputError(
            f"levels: {layers} layers are too few, dt Lip = {dt * rate:g} must be below 1, or a layer crosses particles"
        )


def euler_bias(model: Model, until: float, layers: int) -> float:
    """W1 between the law of `layers` Euler steps and the exact law at `until` > 0, without sampling error.

    The model is on the line, without noise, with an exact flow. Errors as `check_layers`, or if the layers were seen to
    cross particles (drifts without a Lipschitz constant).
    """
    check_layers(model, until, layers)
    network = Euler(layers=layers)

    def difference(x: Floats) -> Floats:
        return _carry(model, network, x, until) - _carry(model, ExactFlow(), x, until)

    start = model.start_law
    levels = _levels(model, until)
    x = start.quantile(0.5 * (levels[1:] + levels[:-1]))
    carried = _carry(model, network, x, until)
    if not (np.diff(carried) >= -1e-9 * np.abs(carried).max()).all():  # also where a number is not finite
        raise InputError(f"levels: {layers} layers are too few, they cross particles: give more")
    nodes, weights = _panels(np.union1d(levels, start.cdf(_crossings(difference, x))))
    return float((weights * np.abs(difference(start.quantile(nodes)))).sum())


def first_order(model: Model, until: float) -> float:
    """Constant C of the bias C dt + O(dt^2) of Euler's layers; parameters as `euler_bias`."""
    start = model.start_law
    levels = _levels(model, until)
    x = start.quantile(0.5 * (levels[1:] + levels[:-1]))
    zeros = start.cdf(_crossings(lambda points: _first_term(model, points, until), x))
    nodes, weights = _panels(np.union1d(levels, zeros))
    return float((weights * np.abs(_first_term(model, start.quantile(nodes), until))).sum())


def _carry(model: Model, scheme: Scheme, points: Floats, until: float) -> Floats:
    """Points of the line at `until`; a mean-coupled bias keeps m1(0).

    That is exact for the identity, whose Euler steps conserve the mean of the law as its flow does.
    """
    return carry(model, scheme, points, until, mean=[model.start_law.mean] if model.mean_coupled else None)


def _first_term(model: Model, points: Floats, until: float) -> Floats:
    """e/dt at `until` of particles from `points`; 0 for those at a wall."""
    mean = model.start_law.mean if model.mean_coupled else None
    low, high = model.ends
    error = np.zeros(points.shape)
    times = segments(model, [until])
    x = points
    for s, t in pairwise(times):
        y = _carry(model, ExactFlow(), points, t)
        before, after = model.speed(x, s, mean), model.speed(y, s, mean)
        moving = (before != 0.0) & (after != 0.0)
        growth = np.where(moving, after, 1.0) / np.where(moving, before, 1.0)
        stretch = np.where(moving, growth, np.exp(_rate(model, x, s, mean) * (t - s)))
        error = np.where((y <= low) | (y >= high), 0.0, stretch * error - 0.5 * after * np.log(np.abs(stretch)))
        x = y
    return error


def _rate(model: Model, x: Floats, t: float, mean: float | None) -> Floats:
    """d/dx of the right side at points x and time t."""
    weights = model.weights(t)
    bias = model.biases(t, weights, None if mean is None else np.array([mean]))[0, 0]
    w = float(weights[0, 0, 0])
    u = w * x + bias
    return w * model.drift.derivative_u(u, x) + model.drift.derivative_x(u, x)


def _levels(model: Model, until: float) -> Floats:
    """Levels p of the start between which its quantile is smooth, with those of what has reached a wall."""
    law = exact_law(model, until)
    assert isinstance(law, Law)
    levels = [_PANELS]
    for known in (model.start_law, law):
        edges = known.breakpoints()
        levels += [known.cdf(edges), known.cdf(np.nextafter(edges, -np.inf))]
    merged = np.unique(np.clip(np.concatenate(levels), 0.0, 1.0))
    return np.asarray(merged[np.diff(merged, prepend=-1.0) > 4e-16])


def _crossings(function: Callable[[Floats], Floats], x: Floats) -> Floats:
    """Where the sign of a function (-1, 0 or 1) changes between two neighbouring points, by bisection."""
    sign = np.sign(function(x))
    change = sign[1:] != sign[:-1]
    before = sign[:-1][change]
    return bisect(lambda points: np.sign(function(points)) == before, x[:-1][change], x[1:][change])


def _panels(levels: Floats) -> tuple[Floats, Floats]:
    """Gauss nodes and weights in p between the levels."""
    left, half = levels[:-1], 0.5 * np.diff(levels)
    nodes = left + half * (1.0 + _NODES[:, None])
    return np.clip(nodes, 2.0**-60, 1.0 - 2.0**-53).ravel(), (half * _WEIGHTS[:, None]).ravel()
