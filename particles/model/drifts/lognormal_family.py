"""The corrected sigma_N (arXiv 2001.04294, 4.1.1), c = (lam, delta, scale)."""

from __future__ import annotations

import math
from typing import Any

from particles import vmath
from particles.base.checks import require_positive
from particles.base.jit import formula
from particles.base.shims import fma
from particles.model.drifts.drift import FARTHEST, Constants, Drift, zero


@formula
def _lognormal(u: float, x: float, c: Constants) -> float:
    return -(c[0] / c[1]) * vmath.expm1(c[1] * vmath.log(x / c[2])) * x


@formula
def _lognormal_x(u: float, x: float, c: Constants) -> float:
    z1 = vmath.expm1(c[1] * vmath.log(x / c[2]))
    return -(c[0] / c[1]) * fma(1.0 + c[1], z1, c[1])


@formula
def _lognormal_c(u: float, x: float, c: Constants) -> float:
    return -(1.0 / c[1]) * vmath.expm1(c[1] * vmath.log(x / c[2])) * x


@formula
def _lognormal_flow(x: float, w: float, b: float, t: float, p: float, q: float, c: Constants) -> float:
    """x (1 + (z - 1) p)^(-1/delta), p = 1 - e^(-lam t): z = (x/scale)^delta obeys the logistic equation; q = 1 - p.

    1 + (z - 1) p is z p where z may overflow, and q + z p where 1 - p would cancel.
    """
    power = c[1] * vmath.log(x / c[2])
    change = vmath.expm1(power) * p
    grown = vmath.log1p(change)
    grown = vmath.log(fma(vmath.exp(power), p, q)) if change < -0.999 else grown
    grown = power + vmath.log(p) if power > FARTHEST else grown
    return x * vmath.exp(-grown / c[1])


def _lognormal_propagator(w: float, t: float, c: Constants) -> tuple[float, float]:
    return -vmath.expm1(-c[0] * t), vmath.exp(-c[0] * t)


def _lognormal_extended(u: Any, x: Any, c: Any) -> Any:
    return -(c[0] / c[1]) * ((x / c[2]) ** c[1] - 1) * x


def lognormal_family(delta: float, *, lam: float = 1.0, scale: float = 1.0) -> Drift:
    """The corrected sigma_N(x) = -(lam/delta)((x/scale)^delta - 1) x for x > 0 (arXiv 2001.04294, 4.1.1).

    Parameters
    ----------
    delta, lam, scale : float > 0
        Shape, in [1e-3, 1e3]; rate (the paper's has lam = 1); the rest point c of the paper.

    Raises
    ------
    InputError
        If one of them is not a number in its range.

    Notes
    -----
    The paper prints another sign and parenthesis, with which nothing comes to rest: E5 of docs/errata.md.

    Examples
    --------
    >>> from particles.model import flow_map, lognormal_family
    >>> drift = lognormal_family(delta=0.5, scale=2.0)
    >>> print(flow_map(drift, [0.1, 2.0, 30.0], w=1.0, b=0.0, t=40.0).round(6))  # to rest, at scale
    [2. 2. 2.]
    >>> lognormal_family(delta=0.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: delta = 0.0 must be a positive finite number
    """
    require_positive("delta", delta, low=1e-3, high=1e3)
    require_positive("lam", lam)
    require_positive("scale", scale)
    return Drift(
        "lognormal-family", _lognormal, zero, _lognormal_x, zero, 0.0, math.inf, (lam, delta, scale),
        flow=_lognormal_flow, propagator=_lognormal_propagator, reproducible=True, constant="lam", f_c=_lognormal_c,
        extended=_lognormal_extended,
    )  # fmt: skip
