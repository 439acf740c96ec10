"""Activations: identity, ReLU, tanh and sigmoid (arXiv 2001.04294, after (1)), with their exact flows."""

from __future__ import annotations

from typing import Any

import numpy as np

from particles import vmath
from particles.base.jit import formula
from particles.base.shims import fma, sqrt
from particles.model.drifts.drift import Constants, Drift, expm1_over, one, zero

# identity ------------------------------------------------------------------------------------------------------------


@formula
def _identity(u: float, x: float, c: Constants) -> float:
    return u


@formula
def _identity_flow(x: float, w: float, b: float, t: float, p: float, q: float, c: Constants) -> float:
    u = fma(w, x, b)
    return x if u == 0.0 else fma(u, p, x)  # at rest, also where p is inf


def _linear_propagator(w: float, t: float, c: Constants) -> tuple[float, float]:
    return expm1_over(w, t), 0.0


@formula
def _identity_flow_x(x: float, y: float, w: float, b: float, t: float, c: Constants) -> float:
    return vmath.exp(w * t)


def _identity_extended(u: Any, x: Any, c: Any) -> Any:
    return u


IDENTITY = Drift(
    "identity", _identity, one, zero, zero, 1.0, flow=_identity_flow, propagator=_linear_propagator,
    flow_x=_identity_flow_x, reproducible=True, linear=True, contracts=True, extended=_identity_extended,
)  # fmt: skip

# ReLU ----------------------------------------------------------------------------------------------------------------


@formula
def _relu(u: float, x: float, c: Constants) -> float:
    return 0.0 if u < 0.0 else u


@formula
def _relu_u(u: float, x: float, c: Constants) -> float:
    return 1.0 if u > 0.0 else 0.0


@formula
def _relu_flow(x: float, w: float, b: float, t: float, p: float, q: float, c: Constants) -> float:
    u = fma(w, x, b)
    return fma(u, p, x) if u > 0.0 else x  # at rest, also where p is inf


@formula
def _relu_flow_x(x: float, y: float, w: float, b: float, t: float, c: Constants) -> float:
    return vmath.exp(w * t) if fma(w, x, b) > 0.0 else 1.0


def _relu_extended(u: Any, x: Any, c: Any) -> Any:
    return np.maximum(u, 0)


RELU = Drift(
    "relu", _relu, _relu_u, zero, zero, 1.0, flow=_relu_flow, propagator=_linear_propagator, flow_x=_relu_flow_x,
    reproducible=True, kinks=(0.0,), rectified=True, sign=1, extended=_relu_extended,
)  # fmt: skip

# tanh ----------------------------------------------------------------------------------------------------------------


@formula
def _tanh(u: float, x: float, c: Constants) -> float:
    return vmath.tanh(u)


@formula
def _tanh_u(u: float, x: float, c: Constants) -> float:
    e = vmath.exp(-2.0 * abs(u))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


@formula
def _tanh_uu(u: float, x: float, c: Constants) -> float:
    return -2.0 * vmath.tanh(u) * _tanh_u(u, x, c)


@formula
def _tanh_flow(x: float, w: float, b: float, t: float, p: float, q: float, c: Constants) -> float:
    """Solve sinh v = q sinh u, q = e^(wt), for x + (v - u)/w. With s = 1 - e^(-2 abs(u)), d = abs(v) - abs(u):

    asinh(s (q^2 - 1)/(q (2 - s) + sqrt(q^2 s^2 + 4 e^(-2 abs(u))))) = d    no cancellation; p = (q^2 - 1)/w
    w t + log s = d                        where abs(v) > 20: sinh is an exponential, and q may overflow
    asinh(s e^(abs(u) + wt)/2) = d + abs(u)  where abs(u) > 40 and abs(v) <= 20: e^(-2 abs(u)) may underflow
    """
    u = fma(w, x, b)
    size = abs(u)
    wt = w * t
    s = -vmath.expm1(-2.0 * size)
    y = p * s / (q * (2.0 - s) + sqrt(fma(q * s, q * s, 4.0 * vmath.exp(-2.0 * size))))
    late = wt + vmath.log(s)
    far = size > 40.0
    grown = vmath.asinh(0.5 * s * vmath.exp(size + wt) if far else w * y)
    step = grown - size if far else grown
    step = late if size + late > 20.0 else step
    change = y if w == 0.0 else step / (w if w != 0.0 else 1.0)
    return x + (-change if u < 0.0 else change)


def _tanh_propagator(w: float, t: float, c: Constants) -> tuple[float, float]:
    bounded = max(-300.0, min(300.0, w * t))  # beyond, only the other two forms are in use
    return (vmath.expm1(2.0 * bounded) / w if w != 0.0 else 2.0 * t), vmath.exp(bounded)


@formula
def _tanh_flow_x(x: float, y: float, w: float, b: float, t: float, c: Constants) -> float:
    """e^(wt) cosh u/cosh v, which is tanh v/tanh u, with v = w y + b."""
    u, v = abs(fma(w, x, b)), abs(fma(w, y, b))
    return vmath.exp(fma(w, t, u - v)) * (1.0 + vmath.exp(-2.0 * u)) / (1.0 + vmath.exp(-2.0 * v))


@formula
def _tanh_slope(u: float, x: float, f: float, c: Constants) -> float:
    return fma(-f, f, 1.0)


def _tanh_extended(u: Any, x: Any, c: Any) -> Any:
    return np.tanh(u)


TANH = Drift(
    "tanh", _tanh, _tanh_u, zero, _tanh_uu, 1.0, flow=_tanh_flow, propagator=_tanh_propagator, flow_x=_tanh_flow_x,
    slope=_tanh_slope, reproducible=True, contracts=True, extended=_tanh_extended,
)  # fmt: skip

# sigmoid -------------------------------------------------------------------------------------------------------------


@formula
def _sigmoid(u: float, x: float, c: Constants) -> float:
    return vmath.sigmoid(u)


@formula
def _sigmoid_u(u: float, x: float, c: Constants) -> float:
    e = vmath.exp(-abs(u))
    return e / ((1.0 + e) * (1.0 + e))


@formula
def _sigmoid_uu(u: float, x: float, c: Constants) -> float:
    return -vmath.tanh(0.5 * u) * _sigmoid_u(u, x, c)


@formula
def _sigmoid_flow(x: float, w: float, b: float, t: float, p: float, q: float, c: Constants) -> float:
    """Solve v - e^(-v) = u - e^(-u) + w t by the Wright omega function, then one Newton step for v - u where small.

    Where abs(w t) < 1e-8 the rounding of u is no longer small beside w t: x + t f + t^2/2 w f f', off by (w t)^2/6.
    """
    u = fma(w, x, b)
    u = -690.0 if u < -690.0 else u  # below, the drift is under 1e-299 and the step is nothing
    e = vmath.exp(-u)
    right = u - e + w * t
    omega = vmath.wright_omega(-right)
    step = (right + omega if right > 0.0 else -vmath.log(omega)) - u
    near = abs(step) < 50.0
    shrunk = vmath.expm1(-step if near else 0.0)
    newton = step - (fma(-e, shrunk, step) - w * t) / (1.0 + e * (1.0 + shrunk))
    step = newton if near else step
    wt = w * t
    early = abs(wt) < 1e-8
    series = t * vmath.sigmoid(u) * fma(0.5 * wt, _sigmoid_u(u, x, c), 1.0)
    return x + (series if early else step / (1.0 if early else w))


@formula
def _sigmoid_flow_x(x: float, y: float, w: float, b: float, t: float, c: Constants) -> float:
    """sigma(v)/sigma(u), v = w y + b."""
    u, v = fma(w, x, b), fma(w, y, b)
    below_u, below_v = (0.0 if u > 0.0 else u), (0.0 if v > 0.0 else v)
    return vmath.exp(below_v - below_u) * (1.0 + vmath.exp(-abs(u))) / (1.0 + vmath.exp(-abs(v)))


@formula
def _sigmoid_slope(u: float, x: float, f: float, c: Constants) -> float:
    return f * (1.0 - f)


def _sigmoid_extended(u: Any, x: Any, c: Any) -> Any:
    return 1 / (1 + np.exp(-u))


SIGMOID = Drift(
    "sigmoid", _sigmoid, _sigmoid_u, zero, _sigmoid_uu, 0.25, flow=_sigmoid_flow, propagator=_linear_propagator,
    flow_x=_sigmoid_flow_x, slope=_sigmoid_slope, reproducible=True, sign=1,
    extended=_sigmoid_extended,
)  # fmt: skip


ACTIVATIONS = {drift.name: drift for drift in (IDENTITY, RELU, SIGMOID, TANH)}
