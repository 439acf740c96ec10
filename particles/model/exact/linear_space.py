"""The linear equation dX = (w X + b) dt + nu dW in R^d, X_t = E X_0 + c + N(0, S) (C. F. Van Loan, 1978):

    E' = w E,   c' = w c + b,   S' = w S + S w^T + nu^2 I,   E(0) = I, c(0) = 0, S(0) = 0,

for weights and biases that are constant between jumps. The equation of S is itself a linear one, for its d^2 entries
with the matrix w x I + I x w (Kronecker products): no exponential of -w occurs, and nothing cancels. Pieces compose:
(E, c, S) after (E0, c0, S0) is (E E0, E c0 + c, E S0 E^T + S).
"""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model.diffusion import CONSTANT
from particles.model.exact.expm import affine_flow
from particles.model.exact.transients import segments
from particles.model.laws.affine_image import AffineImage
from particles.model.laws.combined import Product
from particles.model.laws.elementary import Dirac, Normal
from particles.model.laws.multivariate_normal import MultivariateNormal
from particles.model.laws.space import SpaceLaw
from particles.model.rule import Model

_MOST = 32  # components whose covariance is carried: its matrix has d^4 entries


def affine_transition(model: Model, time: float) -> tuple[Floats, Floats, Floats]:
    """Return (E, c, S) with X_t = E X_0 + c + N(0, S), shapes (d, d), (d,) and (d, d).

    Parameters
    ----------
    model : Model
        The identity with K = 1, no walls, weight and bias constant between jumps, or a mean-coupled bias.
    time : float > 0

    Raises
    ------
    InputError
        If the model is another, with noise also for d > 32, or the numbers overflow.

    See Also
    --------
    linear_moments : Mean and covariance for K = x too.

    Notes
    -----
    For constant w and b, E(t) is the exponential of w t/d, c = int E(s) b ds and S = nu^2 int E(s) E(s)^T ds, s from 0
    to t.

    Examples
    --------
    >>> from particles.model import affine_transition, cases
    >>> turn, shift, noise = affine_transition(cases["rotation"].model, 1.0)  # w/d = (0, -1; 1, 0)
    >>> print(turn.round(6), shift, noise.tolist())
    [[ 0.540302 -0.841471]
     [ 0.841471  0.540302]] [0. 0.] [[0.0, 0.0], [0.0, 0.0]]
    """
    if not (model.drift.linear and model.piecewise_constant and model.walls is None and model.neurons == 1):
        raise InputError("a linear flow needs the identity, one neuron, no walls and piecewise constant parameters")
    if model.nu2 > 0.0 and (model.diffusion != CONSTANT or model.size > _MOST):
        raise InputError(f"a linear equation with noise needs K = 1 and at most {_MOST} features")
    times = np.array(segments(model, [time]))
    weights = model.weights(times[:-1])
    biases = model.biases(times[:-1], weights, mean_of(model.initial) if model.mean_coupled else None)
    size, unit = model.size, np.eye(model.size)
    e, c, s = unit, np.zeros(size), np.zeros((size, size))
    for w, b, span in zip(weights, biases, np.diff(times).tolist(), strict=True):
        step, moved = affine_flow(w, b, span)
        e, c, s = step @ e, step @ c + moved, step @ s @ step.T
        if model.nu2 > 0.0:
            both = np.kron(w, unit) + np.kron(unit, w)
            s = s + affine_flow(both, model.nu2 * unit.reshape(-1), span)[1].reshape(size, size)
    if not all(np.isfinite(part).all() for part in (e, c, s)):
        raise InputError(f"time = {time!r}: the law has left the range of numbers")
    return e, c, 0.5 * (s + s.T)


def linear_law(model: Model, time: float) -> SpaceLaw:
    """Law at `time` > 0 of a linear model in R^d; with noise it starts from normal laws and points.

    Raises
    ------
    InputError
        As `affine_transition`, and if the start has no closed form with noise.
    """
    e, c, s = affine_transition(model, time)
    start = model.initial
    parts = start.components if isinstance(start, Product) else (start,)
    if all(isinstance(part, Dirac | Normal | MultivariateNormal) for part in parts):
        covariance = e @ start.covariance @ e.T + s if isinstance(start, SpaceLaw) else s
        if np.linalg.matrix_rank(covariance) == model.size:
            return MultivariateNormal(e @ mean_of(start) + c, covariance)
    if model.nu2 > 0.0 or not isinstance(start, SpaceLaw):
        raise InputError(f"a start of type {type(start).__name__} has no closed form with noise in R^{model.size}")
    return AffineImage(start, e, c)


def mean_of(start: object) -> Floats:
    """Mean of a law on R^d, shape (d,); InputError where it is none."""
    if not isinstance(start, SpaceLaw):
        raise InputError("a model on the line has laws of its own")
    return start.mean
