"""The linear equation dX = (w(t) X + b(t)) dt + nu dW on the line: X_t = e^W X_0 + m + N(0, s).

    W' = w,    m' = w m + b,    s' = 2 w s + nu^2,    all 0 at t = 0.

Over a time h with constant w, b: W = w h, m = b h phi(w h), s = nu^2 h phi(2 w h), phi(z) = (e^z - 1)/z, with no
cancellation as w -> 0. Pieces compose: (W, m, s) after (W0, m0, s0) is (W + W0, m + e^W m0, s + e^(2W) s0). Callables
are integrated by Gauss quadrature with 16 nodes a panel, on panels that are halved until nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.model.rule import Model

Coefficients = tuple[float, float, float]

_NODES, _WEIGHTS = gauss(16)
_MOST_PANELS = 1024
_TOLERANCE = 1e-13


def linear_transition(model: Model, time: float) -> Coefficients:
    """Return (W, m, s) with X_t = e^W X_0 + m + N(0, s) for the identity with K = 1.

    Parameters
    ----------
    model : Model
        On the line; any weight and bias, a mean-coupled one included. Its drift, K and walls are not looked at.
    time : float > 0

    Raises
    ------
    InputError
        If a callable weight or bias is not smooth between the jumps of the other, or the numbers overflow.

    Notes
    -----
    W = int_0^t w, m = int_0^t e^(W(t)-W(s)) b(s) ds, s = nu^2 int_0^t e^(2 (W(t)-W(s))) ds (Ornstein and Uhlenbeck).

    Examples
    --------
    >>> from particles.model import cases, linear_transition
    >>> exponent, shift, variance = linear_transition(cases["fokker-planck"].model, 1.0)
    >>> print(f"{exponent:.6f} {shift:.6f} {variance:.6f}")  # -1, 0, 1 - e^(-2)
    -1.000000 0.000000 0.864665
    """
    mean = np.array([model.law.mean]) if model.mean_coupled else None  # conserved
    edges = np.unique([0.0, *(edge for edge in model.breakpoints if edge < time), time])
    try:
        if model.piecewise_constant:
            return _compose(_constant_pieces(model, edges, mean))
        return _refined(model, edges, mean)
    except OverflowError:
        raise InputError(f"time = {time!r}: the law has left the range of numbers") from None


def _compose(pieces: Iterable[Coefficients]) -> Coefficients:
    growth, shift, spread = 0.0, 0.0, 0.0
    for w, m, s in pieces:
        growth, shift, spread = growth + w, m + math.exp(w) * shift, s + math.exp(2.0 * w) * spread
    return growth, shift, spread


def _constant_pieces(model: Model, edges: Floats, mean: Floats | None) -> Iterable[Coefficients]:
    weights = model.weights(edges[:-1])
    biases = model.biases(edges[:-1], weights, mean)
    for w, b, h in zip(weights[:, 0, 0].tolist(), biases[:, 0].tolist(), np.diff(edges).tolist(), strict=True):
        yield w * h, b * h * _phi(w * h), model.nu2 * h * _phi(2.0 * w * h)


def _phi(z: float) -> float:
    """(e^z - 1)/z."""
    return math.expm1(z) / z if z else 1.0


def _refined(model: Model, edges: Floats, mean: Floats | None) -> Coefficients:
    """Halve the panels of every segment until W, m and s stay: m to the tolerance of the noise too."""
    before, panels = (math.inf, math.inf, math.inf), 1
    while panels <= _MOST_PANELS:
        steps = np.linspace(edges[:-1], edges[1:], panels + 1, axis=1)
        now = _compose(_varying_pieces(model, steps[:, :-1].reshape(-1), steps[:, 1:].reshape(-1), mean))
        scales = (1.0, abs(now[1]) + math.sqrt(now[2]), now[2])
        if all(abs(a - b) <= _TOLERANCE * scale for a, b, scale in zip(now, before, scales, strict=True)):
            return now
        before, panels = now, 2 * panels
    raise InputError("weight or bias is no smooth function of t: give its jumps by piecewise(edges, values)")


def _varying_pieces(model: Model, left: Floats, right: Floats, mean: Floats | None) -> Iterable[Coefficients]:
    half = 0.5 * (right - left)
    times = 0.5 * (left + right)[:, None] + half[:, None] * _NODES
    weights = model.weights(times.reshape(-1))
    w = weights[:, 0, 0].reshape(times.shape) * half[:, None]
    b = model.biases(times.reshape(-1), weights, mean)[:, 0].reshape(times.shape) * half[:, None]
    whole = w @ _WEIGHTS
    ahead = np.exp(whole[:, None] - w @ _antiderivative().T)  # e^(W(end) - W(node))
    m = (b * ahead) @ _WEIGHTS
    s = model.nu2 * half * (ahead**2 @ _WEIGHTS)
    return zip(whole.tolist(), m.tolist(), s.tolist(), strict=True)


def _antiderivative() -> Floats:
    """Matrix that takes values at the nodes to integrals of their interpolant from -1 to each node."""
    legendre = np.polynomial.legendre
    coefficients = np.linalg.inv(legendre.legvander(_NODES, _NODES.size - 1))
    return np.asarray(legendre.legval(_NODES, legendre.legint(coefficients, lbnd=-1.0)).T, dtype=np.float64)
