"""Mean and covariance of linear models in R^d with noise K = 1 or K = x, where the law itself may not be known.

    m' = w m + b,   P' = w P + P w^T + b m^T + m b^T + nu^2 Q,   P = E X X^T,   Q = I for K = 1, diag(P) for K = x,

a linear equation for the d + d^2 numbers (m, P): pieces with constant weight and bias are carried by its exponential.
"""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_positive
from particles.base.errors import InputError
from particles.model.exact.expm import affine_flow
from particles.model.exact.transients import segments
from particles.model.laws.space import SpaceLaw
from particles.model.rule import Model

_MOST = 16  # features: the matrix has about d^4 entries


def linear_moments(model: Model, time: float) -> tuple[Floats, Floats]:
    """Return mean, shape (d,), and covariance, shape (d, d), at `time` of a linear model in R^d.

    Parameters
    ----------
    model : Model
        The identity with 2 to 16 features, one neuron of each, K = 1 or K = x, no walls, weight and bias constant
        between jumps or a mean-coupled bias, from a start of finite variance.
    time : float > 0

    Raises
    ------
    InputError
        If the model is another, or the numbers overflow.

    See Also
    --------
    kinetic.moments : Moments of any order on the line.

    Notes
    -----
    ::

        m' = w m/d + b,   P' = (w/d) P + P (w/d)^T + b m^T + m b^T + nu^2 Q,   P = E X X^T,

    Q = I for K = 1 and diag(P) for K = x; w without 1/d where the model is not scaled.

    Examples
    --------
    >>> from particles.model import affine_transition, cases, linear_moments
    >>> model = cases["ou-2d"].model
    >>> mean, covariance = linear_moments(model, 0.5)
    >>> flow, shift, noise = affine_transition(model, 0.5)
    >>> print(mean.round(6), (flow @ model.initial.mean + shift).round(6))  # by two routes
    [ 0.568291 -0.479071] [ 0.568291 -0.479071]
    >>> other = flow @ model.initial.covariance @ flow.T + noise
    >>> print(covariance.diagonal().round(6), other.diagonal().round(6))
    [0.435446 0.568512] [0.435446 0.568512]
    """
    require_positive("time", time)
    start, size = model.initial, model.size
    if not (isinstance(start, SpaceLaw) and 1 < size <= _MOST and model.neurons == 1):
        raise InputError(f"moments of linear models in R^d need 2 to {_MOST} features and one neuron of each")
    if not (model.drift.linear and model.piecewise_constant and model.walls is None):
        raise InputError("moments of linear models need the identity, piecewise constant parameters and no walls")
    if model.nu2 > 0.0 and model.diffusion.power not in (0, 1):
        raise InputError(f"K = {model.diffusion.name} has no closed moments: allowed are 1 and x")
    mean = start.mean
    state = np.concatenate([mean, (start.covariance + np.outer(mean, mean)).reshape(-1)])
    times = np.array(segments(model, [time]))
    weights = model.weights(times[:-1])
    biases = model.biases(times[:-1], weights, mean if model.mean_coupled else None)
    for w, b, span in zip(weights, biases, np.diff(times).tolist(), strict=True):
        step, moved = affine_flow(*_equation(w, b, model.nu2, model.diffusion.power == 1), span)
        state = step @ state + moved
    if not np.isfinite(state).all():
        raise InputError(f"time = {time!r}: moments of the start, or at that time, are not finite")
    mean, second = state[:size], state[size:].reshape(size, size)
    return mean, second - np.outer(mean, mean)


def _equation(w: Floats, b: Floats, nu2: float, multiplied: bool) -> tuple[Floats, Floats]:
    """Matrix and right side of the equation of (m, P), P row by row."""
    size, unit = len(w), np.eye(len(w))
    matrix, right = np.zeros((size + size * size, size + size * size)), np.zeros(size + size * size)
    matrix[:size, :size], right[:size] = w, b
    matrix[size:, :size] = np.kron(b[:, None], unit) + np.kron(unit, b[:, None])
    matrix[size:, size:] = np.kron(w, unit) + np.kron(unit, w)
    on_diagonal = unit.reshape(-1)
    if multiplied:
        matrix[size:, size:] += nu2 * np.diag(on_diagonal)
    else:
        right[size:] = nu2 * on_diagonal
    return matrix, right
