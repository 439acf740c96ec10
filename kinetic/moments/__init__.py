"""Moments m_k = int x^k g dx of one feature, where they close (arXiv 2001.04294, (9) to (16)).

identity        (10), solved in (11), and the same with noise K = 1 or K = x: `hierarchy`
relu, nu = 0    m_k' = k (w m_k^+ + b m_(k-1)^+),   m_k^+ = int_(w x + b > 0) x^k g dx

The boundary terms of (15) and (16) vanish, since w a + b = 0 at a = -b/w. Where a stays put nothing crosses it: m_0^+
is conserved, the partial moments obey the identity's equations, and the rest of each moment stands still. Remark 2
prints x > -b/w for the active set; for w < 0 it is x < -b/w.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from kinetic.moments.hierarchy import LinearMoments
from particles.base.arrays import Floats
from particles.base.checks import require_count
from particles.base.errors import InputError
from particles.model import Model


def moments(model: Model, times: ArrayLike, order: int = 2) -> Floats:
    """Return m_0, ..., m_K at the times, the exact solution of (10), (11) or (16) (arXiv 2001.04294).

    Parameters
    ----------
    model : Model
        identity with K = 1 or K = x and any parameters, or relu without noise and with one active set; no walls.
    times : array_like, shape (T,)
        Times >= 0, in any order.
    order : int >= 0, default 2
        Largest order K.

    Returns
    -------
    ndarray, shape (T, K + 1)

    Raises
    ------
    InputError
        If the moments of the model are not closed, or a moment of the initial law is infinite or not known.
    NotFiniteError
        If a moment grows beyond the largest number.

    See Also
    --------
    time_to_level : When variance or energy falls to a level.

    Notes
    -----
    ::

        m_k' = k (w m_k + b m_{k-1}) + nu^2 k (k-1) m_j/2,   j = k - 2 for K = 1 and k for K = x

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> model = cases["moments-decay"].model
    >>> print(kinetic.moments(model, [0.0, 1.0]).round(6))  # 1, e^(-t), 2 e^(-2 t)
    [[1.       1.       2.      ]
     [1.       0.367879 0.270671]]
    >>> kinetic.moments(cases["moments-decay"].model, [-1.0])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: times = [-1.0] must be finite numbers of at least 0 in one row
    """
    require_closed(model)
    return _active(model, order).at(times) + resting_moments(model, order)


def partial_moments(model: Model, times: ArrayLike, order: int = 2) -> Floats:
    """Return m_0^+, ..., m_K^+ of a relu model at the times: moments on the active set w x + b > 0, as `moments`."""
    require_closed(model)
    if not model.drift.rectified:
        raise InputError(f"drift {model.drift.name!r} has no active set: partial moments are for 'relu' (`rectified`)")
    return _active(model, order).at(times)


def resting_moments(model: Model, order: int) -> Floats:
    """Return the moments of what never moves, shape (K + 1,): of a relu model's mass outside its active set."""
    whole = model.law.raw_moments(order)
    return whole - model.law.raw_moments(order, *active_set(model))


def active_set(model: Model) -> tuple[float, float]:
    """Return the interval w x + b > 0 of a relu model, InputError where it may move; the line for any other drift."""
    if not model.drift.rectified:
        return (-math.inf, math.inf)
    if not model.piecewise_constant or model.mean_coupled:
        raise InputError("drift 'relu' has closed moments for piecewise constant weight and bias only")
    times = np.array([0.0, *model.breakpoints])
    weights = model.weights(times)
    found = {_half_line(w, b) for w, b in zip(weights[:, 0, 0], model.biases(times, weights)[:, 0], strict=True)}
    if len(found) > 1:
        raise InputError(f"drift 'relu' has no closed moments where its active set moves: {sorted(found)}")
    return found.pop()


def require_closed(model: Model) -> None:
    """Refuse a model whose moments are not closed.

    That is another drift than identity and relu (Remark 1), walls that are reached, more than one feature or neuron,
    noise of another shape than K = 1 or K = x, relu with noise or with an active set that moves.
    """
    _ = model.law
    name, drift = model.drift.name, model.drift
    if not (drift.linear or drift.rectified):
        raise InputError(
            f"drift {name!r} has no closed moments: allowed are 'identity' and 'relu' (`linear` and `rectified`)"
        )
    if model.walls is not None and not _never_reached(model):
        raise InputError(f"walls = {model.walls!r}: moments are closed on the whole line only")
    if model.nu2 > 0.0 and (drift.rectified or model.diffusion.power not in (0, 1)):
        shape = f"K = {model.diffusion.name}"
        raise InputError(f"drift {name!r} with noise of {shape} has no closed moments: allowed is identity, K = 1 or x")
    active_set(model)


def _active(model: Model, order: int) -> LinearMoments:
    require_count("order", order, least=0)
    return LinearMoments.raw(model, int(order), *active_set(model))


def _half_line(w: float, b: float) -> tuple[float, float]:
    if w == 0.0:
        return (-math.inf, math.inf) if b > 0.0 else (0.0, 0.0)
    with np.errstate(over="ignore"):  # as good as infinitely far for a subnormal w
        kink = float(-b / w)
    return (kink, math.inf) if w > 0.0 else (-math.inf, kink)


def _never_reached(model: Model) -> bool:
    """Reflecting walls at infinity, or one at 0 that K = x and a drift to the right keep everyone from."""
    assert model.walls is not None
    low, high = model.walls
    if low == -math.inf or high < math.inf:
        return (low, high) == (-math.inf, math.inf)
    inward = model.autonomous and float(model.biases(0.0, model.weights(0.0))[0, 0]) >= 0.0
    return low == 0.0 and model.diffusion.power == 1 and inward and float(model.law.cdf(0.0)) == 0.0
