"""Drifts f(u, x) of a particle, u = w x/d + b, each with its derivatives and its exact flow where one exists.

====================  =============================  ====================================================
drift                 f(u, x)                        flow over a time t with constant w, b (d = 1)
====================  =============================  ====================================================
identity              u                              x + u (e^(wt) - 1)/w
relu                  max(u, 0)                      x + max(u, 0) (e^(wt) - 1)/w
tanh                  tanh u                         sinh(w x + b) = e^(wt) sinh u
sigmoid               1/(1 + e^(-u))                 v = w x + b solves v - e^(-v) = u - e^(-u) + w t
lognormal family      -(lam/delta)((x/c)^delta-1) x  logistic in z = (x/c)^delta
power law, cubic      u - gamma sign(x) abs(x)^mu    Bernoulli's equation, for b = 0 (mu = 3: the cubic)
====================  =============================  ====================================================

Activations: arXiv 2001.04294, after (1). The lognormal family is section 4.1.1's sigma_N with its sign and parenthesis
corrected (the printed form explodes in finite time). Power law and cubic: Ruseckas, (56), (57), (85), (87), where
u = w x + b carries no 1/d. Each formula exists once, as a scalar that kernels inline; `Drift.__call__` maps it over
arrays.

A flow formula is flow(x, w, b, t, p, q, c): p and q are numbers of the step that `propagator(w, t, c)` computes once,
c the constants of the drift. Differences are formed without cancellation, so w -> 0 and t -> 0 lose no digits. Where
abs(w t) < 1e-100 the limit w = 0 is taken, which is off by as much, relative to x and b t: no product of w then leaves
the range of numbers. e^(wt) may leave it: what rests stays, and what runs away is inf, told as not finite.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from particles import vmath
from particles.base.arrays import Floats, over_arrays
from particles.base.checks import require_finite, require_positive, require_type
from particles.base.errors import InputError
from particles.base.jit import Formula, formula
from particles.base.shims import fma, sqrt

Constants = tuple[float, ...]
_NEGLIGIBLE = 1e-100  # w t beside 1
_FARTHEST = 700.0  # exponent whose exponential, and the inverse of it, are numbers


@dataclass(frozen=True)
class Drift:
    """The drift of one particle and its calculus.

    Parameters
    ----------
    name : str
    value, f_u, f_x, f_uu : formula (u, x, c) -> float
        The drift and its derivatives; plain scalar functions that numba can compile.
    lipschitz_u, lipschitz_x : float
        Supremum of abs(f_u) and of abs(f_x); inf where there is none.
    constants : tuple of float, default ()
        Passed to every formula as `c`; a new value compiles nothing.
    flow : formula (x, w, b, t, p, q, c) -> float, optional
        Exact flow map, with the step's numbers p, q from `propagator(w, t, c)`.
    propagator : callable, optional
    flow_needs_zero_bias : bool, default False
        The flow is known for b = 0 only.
    scaled : bool, default True
        u = w x/d + b as in the main papers; False: u = w x + b as in Ruseckas'.
    reproducible : bool, default False
        The formulas use only `vmath` and the shims: the same bytes on any CPU target. A drift over other functions
        is the same for any number of ranks only.
    kinks : tuple of float, default ()
        Values of u at which f is not smooth.
    linear, rectified : bool, default False
        f = u, or f = max(u, 0): moments close, and a linear drift has a flow for any weight matrix.
    sign : int, default 0
        1: f >= 0 everywhere; -1: f <= 0; 0: either, or not known.
    contracts : bool, default False
        0 < f/u <= 1, and f/u -> 1 at u = 0: w < 0 draws everything to the zero of u.
    extended : callable (u, x, c) -> ndarray, optional
        f over numpy's extended floats by other functions than `vmath`: what rounding is measured against.
    """

    name: str
    value: Formula
    f_u: Formula
    f_x: Formula
    f_uu: Formula
    lipschitz_u: float
    lipschitz_x: float = 0.0
    constants: Constants = ()
    flow: Formula | None = None
    propagator: Callable[[float, float, Constants], tuple[float, float]] | None = None
    flow_needs_zero_bias: bool = False
    scaled: bool = True
    reproducible: bool = False
    kinks: tuple[float, ...] = ()
    linear: bool = False
    rectified: bool = False
    sign: int = 0
    contracts: bool = False
    extended: Callable[[Any, Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        require_type("name", self.name, str, "a text")
        for name in ("value", "f_u", "f_x", "f_uu"):
            require_type(name, getattr(self, name), Callable, "a function (u, x, c)")  # type: ignore[arg-type]

    def __call__(self, u: ArrayLike, x: ArrayLike) -> Floats:
        """Drift at arrays u and x, broadcast against each other."""
        return over_arrays(self.value, u, x, constants=self.constants)

    def derivative_u(self, u: ArrayLike, x: ArrayLike) -> Floats:
        """df/du at arrays u and x."""
        return over_arrays(self.f_u, u, x, constants=self.constants)

    def derivative_x(self, u: ArrayLike, x: ArrayLike) -> Floats:
        """df/dx at arrays u and x, u held fixed."""
        return over_arrays(self.f_x, u, x, constants=self.constants)

    def step(self, w: float, b: float, t: float) -> tuple[float, float, float, float, float]:
        """Return (w, b, t, p, q), all that the flow formula needs for a step of length t.

        Raises
        ------
        InputError
            If no flow is known for this drift, or for this bias.
        """
        if self.flow is None or self.propagator is None:
            raise InputError(f"drift {self.name!r} has no exact flow: use Euler(layers=...)")
        if self.flow_needs_zero_bias and b != 0.0:
            raise InputError(f"drift {self.name!r} has an exact flow for bias 0 only, not {b!r}: use Euler(layers=...)")
        w = 0.0 if abs(w * t) < _NEGLIGIBLE else w
        return (w, b, t, *self.propagator(w, t, self.constants))


def _expm1_over(w: float, t: float) -> float:
    """(e^(wt) - 1)/w, and its limit t at w = 0."""
    return vmath.expm1(w * t) / w if w != 0.0 else t


@formula
def _zero(u: float, x: float, c: Constants) -> float:
    return 0.0


@formula
def _one(u: float, x: float, c: Constants) -> float:
    return 1.0


# identity ------------------------------------------------------------------------------------------------------------


@formula
def _identity(u: float, x: float, c: Constants) -> float:
    return u


@formula
def _identity_flow(x: float, w: float, b: float, t: float, p: float, q: float, c: Constants) -> float:
    u = fma(w, x, b)
    return x if u == 0.0 else fma(u, p, x)  # at rest, also where p is inf


def _linear_propagator(w: float, t: float, c: Constants) -> tuple[float, float]:
    return _expm1_over(w, t), 0.0


IDENTITY = Drift(
    "identity", _identity, _one, _zero, _zero, 1.0, flow=_identity_flow, propagator=_linear_propagator,
    reproducible=True, linear=True, contracts=True, extended=lambda u, x, c: u,
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


RELU = Drift(
    "relu", _relu, _relu_u, _zero, _zero, 1.0, flow=_relu_flow, propagator=_linear_propagator, reproducible=True,
    kinks=(0.0,), rectified=True, sign=1, extended=lambda u, x, c: np.maximum(u, 0),
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


TANH = Drift(
    "tanh", _tanh, _tanh_u, _zero, _tanh_uu, 1.0, flow=_tanh_flow, propagator=_tanh_propagator, reproducible=True,
    contracts=True, extended=lambda u, x, c: np.tanh(u),
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


SIGMOID = Drift(
    "sigmoid", _sigmoid, _sigmoid_u, _zero, _sigmoid_uu, 0.25, flow=_sigmoid_flow, propagator=_linear_propagator,
    reproducible=True, sign=1, extended=lambda u, x, c: 1 / (1 + np.exp(-u)),
)  # fmt: skip

# the corrected sigma_N, c = (lam, delta, scale) ----------------------------------------------------------------------


@formula
def _lognormal(u: float, x: float, c: Constants) -> float:
    return -(c[0] / c[1]) * vmath.expm1(c[1] * vmath.log(x / c[2])) * x


@formula
def _lognormal_x(u: float, x: float, c: Constants) -> float:
    z1 = vmath.expm1(c[1] * vmath.log(x / c[2]))
    return -(c[0] / c[1]) * fma(1.0 + c[1], z1, c[1])


@formula
def _lognormal_flow(x: float, w: float, b: float, t: float, p: float, q: float, c: Constants) -> float:
    """x (1 + (z - 1) p)^(-1/delta), p = 1 - e^(-lam t): z = (x/scale)^delta obeys the logistic equation; q = 1 - p.

    1 + (z - 1) p is z p where z may overflow, and q + z p where 1 - p would cancel.
    """
    power = c[1] * vmath.log(x / c[2])
    change = vmath.expm1(power) * p
    grown = vmath.log1p(change)
    grown = vmath.log(fma(vmath.exp(power), p, q)) if change < -0.999 else grown
    grown = power + vmath.log(p) if power > _FARTHEST else grown
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
    """
    require_positive("delta", delta, low=1e-3, high=1e3)
    require_positive("lam", lam)
    require_positive("scale", scale)
    return Drift(
        "lognormal-family", _lognormal, _zero, _lognormal_x, _zero, 0.0, math.inf, (lam, delta, scale),
        flow=_lognormal_flow, propagator=_lognormal_propagator, reproducible=True,
        extended=_lognormal_extended,
    )  # fmt: skip


# power law, c = (gamma, mu) ------------------------------------------------------------------------------------------


@formula
def _power(u: float, x: float, c: Constants) -> float:
    size = abs(x)
    grown = vmath.exp(c[1] * vmath.log(size))  # log(0) = -inf, exp(-inf) = 0
    return fma(-c[0], -grown if x < 0.0 else grown, u)


@formula
def _power_x(u: float, x: float, c: Constants) -> float:
    return -c[0] * c[1] * vmath.exp((c[1] - 1.0) * vmath.log(abs(x)))


@formula
def _cubic(u: float, x: float, c: Constants) -> float:
    return fma(-c[0] * x * x, x, u)


@formula
def _cubic_x(u: float, x: float, c: Constants) -> float:
    return -3.0 * c[0] * x * x


@formula
def _power_flow(x: float, w: float, b: float, t: float, p: float, q: float, c: Constants) -> float:
    """x q (1 + gamma abs(x)^(mu-1) p)^(-1/(mu-1)) with p = (e^((mu-1)wt) - 1)/w, q = e^(wt); Ruseckas (85), (87).

    From (mu - 1) w t = 600 on all but the smallest x, e^(-600/(mu-1)), have come to rest.
    """
    rest = c[1] - 1.0
    return x * q * vmath.exp(-vmath.log1p(c[0] * p * vmath.exp(rest * vmath.log(abs(x)))) / rest)


def _power_propagator(w: float, t: float, c: Constants) -> tuple[float, float]:
    rest = c[1] - 1.0
    most = min(600.0 / rest, 600.0)  # of w t, so that p abs(x)^(mu-1) and q are numbers
    if w * t > most and rest * most > 40.0:
        t = most / w
    return rest * _expm1_over(rest * w, t), vmath.exp(w * t)


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
    """
    require_positive("gamma", gamma)
    require_finite("mu", mu, largest=100.0)
    if not mu > 1.0:
        raise InputError(f"mu = {mu!r} must be a finite number above 1")
    value, f_x = (_cubic, _cubic_x) if mu == 3.0 else (_power, _power_x)
    return Drift(
        "cubic" if mu == 3.0 else "power-law", value, _one, f_x, _zero, 1.0, math.inf, (gamma, mu),
        flow=_power_flow, propagator=_power_propagator, flow_needs_zero_bias=True, scaled=False, reproducible=True,
        extended=_power_extended,
    )  # fmt: skip


def cubic(gamma: float) -> Drift:
    """Ruseckas' u - gamma x^3 with u = w x + b (his (56)); gamma > 0, or InputError."""
    return power_law(gamma, 3.0)


ACTIVATIONS = {drift.name: drift for drift in (IDENTITY, RELU, SIGMOID, TANH)}
