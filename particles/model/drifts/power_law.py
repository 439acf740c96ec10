"""Ruseckas' u - gamma sign(x) abs(x)^mu with u = w x + b, c = (gamma, mu); mu = 3 is the cubic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from particles import vmath
from particles.base.checks import require_finite, require_positive
from particles.base.errors import InputError
from particles.base.jit import formula
from particles.base.shims import fma
from particles.model.drifts.drift import Constants, Drift, expm1_over, one, zero


@formula
def _power(u: float, x: float, c: Constants) -> float:
    size = abs(x)
    grown = vmath.exp(c[1] * vmath.log(size))  # log(0) = -inf, exp(-inf) = 0
    return fma(-c[0], -grown if x < 0.0 else grown, u)


@formula
def _power_x(u: float, x: float, c: Constants) -> float:
    return -c[0] * c[1] * vmath.exp((c[1] - 1.0) * vmath.log(abs(x)))


@formula
def _power_c(u: float, x: float, c: Constants) -> float:
    grown = vmath.exp(c[1] * vmath.log(abs(x)))
    return grown if x < 0.0 else -grown


@formula
def _cubic(u: float, x: float, c: Constants) -> float:
    return fma(-c[0] * x * x, x, u)


@formula
def _cubic_x(u: float, x: float, c: Constants) -> float:
    return -3.0 * c[0] * x * x


@formula
def _cubic_c(u: float, x: float, c: Constants) -> float:
    return -(x * x) * x


@formula
def _power_flow(x: float, w: float, b: float, t: float, p: float, q: float, c: Constants) -> float:
    """x q (1 + gamma abs(x)^(mu-1) p)^(-1/(mu-1)) with p = (e^((mu-1)wt) - 1)/w, q = e^(wt); Ruseckas (85), (87).

    From (mu - 1) w t = 600 on all but the smallest x, e^(-600/(mu-1)), have come to rest.
    """
    rest = c[1] - 1.0
    return x * q * vmath.exp(-vmath.log1p(c[0] * p * vmath.exp(rest * vmath.log(abs(x)))) / rest)


@formula
def _power_flow_x(x: float, y: float, w: float, b: float, t: float, c: Constants) -> float:
    """e^(wt) s^mu with s = y/(x e^(wt)), the share of growth that the power leaves."""
    grown = vmath.exp(w * t)
    share = y / (x * grown) if x != 0.0 else 1.0
    return grown * vmath.exp(c[1] * vmath.log(share))


def _power_propagator(w: float, t: float, c: Constants) -> tuple[float, float]:
    rest = c[1] - 1.0
    most = min(600.0 / rest, 600.0)  # of w t, so that p abs(x)^(mu-1) and q are numbers
    if w * t > most and rest * most > 40.0:
        t = most / w
    return rest * expm1_over(rest * w, t), vmath.exp(w * t)


def _power_extended(u: Any, x: Any, c: Any) -> Any:
    return u - c[0] * np.sign(x) * np.abs(x) ** c[1]


def power_law(gamma: float, mu: float) -> Drift:
    """Ruseckas' u - gamma sign(x) abs(x)^mu with u = w x + b (his (57)).

    Parameters
    ----------
    gamma : float > 0
    mu : float > 1, at most 100

    Raises
    ------
    InputError
        If gamma or mu is out of range.

    Examples
    --------
    >>> from particles.model import flow_map, power_law
    >>> drift = power_law(gamma=4.0, mu=1.5)
    >>> flow_map(drift, [0.1], w=1.0, b=0.0, t=60.0).round(6)  # to (w/gamma)^(1/(mu - 1))
    array([0.0625])
    >>> power_law(gamma=4.0, mu=1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: mu = 1.0 must be a finite number above 1
    """
    require_positive("gamma", gamma)
    require_finite("mu", mu, largest=100.0)
    if not mu > 1.0:
        raise InputError(f"mu = {mu!r} must be a finite number above 1")
    value, f_x, f_c = (_cubic, _cubic_x, _cubic_c) if mu == 3.0 else (_power, _power_x, _power_c)
    return Drift(
        "cubic" if mu == 3.0 else "power-law", value, one, f_x, zero, 1.0, math.inf, (gamma, mu),
        flow=_power_flow, propagator=_power_propagator, flow_x=_power_flow_x, flow_needs_zero_bias=True, scaled=False,
        reproducible=True, constant="gamma", f_c=f_c, extended=_power_extended,
    )  # fmt: skip


def cubic(gamma: float) -> Drift:
    """Ruseckas' u - gamma x^3 with u = w x + b (his (56)).

    Parameters
    ----------
    gamma : float > 0

    Raises
    ------
    InputError
        If `gamma` is no positive number.

    Examples
    --------
    >>> from particles.model import cubic, flow_map
    >>> flow_map(cubic(gamma=4.0), [0.1, -0.1], w=1.0, b=0.0, t=10.0).round(6)  # sqrt(w/gamma)
    array([ 0.5, -0.5])
    >>> cubic(gamma=0.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: gamma = 0.0 must be a positive finite number
    """
    return power_law(gamma, 3.0)
