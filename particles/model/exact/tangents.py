"""Derivatives of the exact flow y = X_t(x) of x' = f(w x + b, x) on the line, by x, w, b and a constant c of f.

    dy/dx = J_t(x),   dy/dw = int_0^t J_(t-s)(x_s) f_u(u_s) x_s ds,   dy/db = int_0^t J_(t-s)(x_s) f_u(u_s) ds,
    dy/dc = int_0^t J_(t-s)(x_s) f_c(u_s, x_s) ds

Where f depends on u alone, a shift of x by b/w and a stretch of time by w leave the flow as it is, so that

    dy/db = (J - 1)/w,   dy/dw = (x J + t f(u_t) - y)/w;

for abs(w) t < 1, where these cancel, the integrals by Gauss' rule of ten nodes, which then are right to rounding:
w -> 0 loses no digits. Another drift has its integrals in panels of an eighth of that.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from particles.base.arrays import Floats
from particles.base.jit import Formula, kernel
from particles.base.quadrature import gauss
from particles.model.drifts.drift import Drift, zero
from particles.model.exact.transients import flow_map

_NODES, _PANEL = 10, 1.0
_REST = 1e-8  # relative distance from a point of rest where a quotient has lost as much as a linear law is off


class Tangents(NamedTuple):
    """The flow map and its derivatives at points, each of their shape."""

    y: Floats
    by_x: Floats
    by_w: Floats
    by_b: Floats
    by_c: Floats


def flow_tangents(drift: Drift, x: Floats, w: float, b: float, t: float) -> Tangents:
    """Return the flow over a time t > 0 with constant w, b at points, with its derivatives.

    Raises
    ------
    InputError
        If no flow is known for this drift, or for this bias.
    """
    y = flow_map(drift, x, w, b, t)
    by_x = _jacobian(drift, x, y, w, b, t)
    plain = drift.f_x is zero
    if plain and drift.f_c is None and abs(w) * t >= _PANEL:
        return Tangents(y, by_x, (x * by_x + t * drift(w * y + b, y) - y) / w, (by_x - 1.0) / w, np.zeros_like(x))
    by_w, by_b, by_c = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    nodes, weights = gauss(_NODES)
    panels = max(1, math.ceil(abs(w) * t / _PANEL)) * (1 if plain else 8)
    for k in range(panels):
        for node, weight in zip(nodes, weights, strict=True):
            s = (k + 0.5 * (1.0 + node)) * t / panels
            here = flow_map(drift, x, w, b, s)
            share = 0.5 * weight * t / panels
            left = _jacobian(drift, here, y, w, b, t - s)
            part = share * drift.derivative_u(w * here + b, here) * left
            by_w, by_b = by_w + part * here, by_b + part
            if drift.f_c is not None:
                by_c = by_c + share * drift.derivative_c(w * here + b, here) * left
    return Tangents(y, by_x, by_w, by_b, by_c)


@kernel
def _jacobian_loop(flow_x: Formula) -> Formula:
    def loop(x: Floats, y: Floats, w: float, b: float, t: float, c: tuple[float, ...], out: Floats) -> None:
        for i in range(x.size):
            out[i] = flow_x(x[i], y[i], w, b, t, c)

    return loop


def _jacobian(drift: Drift, x: Floats, y: Floats, w: float, b: float, t: float) -> Floats:
    """J_t(x) with y = X_t(x): as the drift states it, else f(y)/f(x), and e^(t f') next to a point of rest."""
    if drift.flow_x is not None:
        out = np.empty_like(x)
        _jacobian_loop(drift.flow_x)(x.reshape(-1), y.reshape(-1), w, b, t, drift.constants, out.reshape(-1))
        return out
    first, last = drift(w * x + b, x), drift(w * y + b, y)
    slope = w * drift.derivative_u(w * x + b, x) + drift.derivative_x(w * x + b, x)
    rests = np.abs(first) <= _REST * np.abs(slope) * (1.0 + np.abs(x))
    return np.where(rests, np.exp(t * slope), last / np.where(rests, 1.0, first))
