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

import dataclasses
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from particles import vmath
from particles.base.arrays import Floats, over_arrays
from particles.base.checks import require_positive, require_type
from particles.base.errors import InputError
from particles.base.jit import Formula, formula
from particles.base.shown import Shown
from particles.model.drifts.trial import try_drift

Constants = tuple[float, ...]
NEGLIGIBLE = 1e-100  # w t beside 1
FARTHEST = 700.0  # exponent whose exponential, and the inverse of it, are numbers


@dataclass(frozen=True, repr=False)
class Drift(Shown):
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
    propagator : callable (w, t, c) -> (p, q), optional
    flow_x : formula (x, y, w, b, t, c) -> float, optional
        Derivative of the flow map y by x; without it f at y over f at x, which loses digits near rest.
    slope : formula (u, x, f, c) -> float, optional
        f_u from the value f, where that takes less; off by a rounding of the largest f_u.
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
    constant : str, default ""
        Name of the first of the constants, where the drift can be differentiated by it.
    f_c : formula (u, x, c) -> float, optional
        That derivative, u and x held fixed.
    extended : callable (u, x, c) -> ndarray, optional
        f over numpy's extended floats by other functions than `vmath`: what rounding is measured against.

    Raises
    ------
    InputError
        If the name is no text, a formula no function of these arguments, one of `constant` and `f_c`, or of `flow` and
        `propagator`, stands without the other, or a formula breaks what the drift says of itself at one of a few u.

    Examples
    --------
    >>> from particles.model import TANH
    >>> TANH.value(0.5, 0.0, ()), TANH.lipschitz_u, TANH.contracts, TANH.reproducible
    (0.46211715726000974, 1.0, True, True)
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
    flow_x: Formula | None = None
    slope: Formula | None = None
    flow_needs_zero_bias: bool = False
    scaled: bool = True
    reproducible: bool = False
    kinks: tuple[float, ...] = ()
    linear: bool = False
    rectified: bool = False
    sign: int = 0
    contracts: bool = False
    constant: str = ""
    f_c: Formula | None = None
    extended: Callable[[Any, Any, Any], Any] | None = None

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield "name", self.name
        if self.constants:
            yield "constants", self.constants

    def __post_init__(self) -> None:
        require_type("name", self.name, str, "a text")
        for name in ("value", "f_u", "f_x", "f_uu"):
            require_type(name, getattr(self, name), Callable, "a function (u, x, c)")  # type: ignore[arg-type]
        if (self.f_c is None) != (not self.constant) or (self.constant and not self.constants):
            raise InputError(f"constant = {self.constant!r}: a derivative f_c needs the name and value of a constant")
        try_drift(self)

    def __call__(self, u: ArrayLike, x: ArrayLike) -> Floats:
        """Drift at arrays u and x, broadcast against each other."""
        return over_arrays(self.value, u, x, constants=self.constants)

    def derivative_u(self, u: ArrayLike, x: ArrayLike) -> Floats:
        """df/du at arrays u and x."""
        return over_arrays(self.f_u, u, x, constants=self.constants)

    def derivative_x(self, u: ArrayLike, x: ArrayLike) -> Floats:
        """df/dx at arrays u and x, u held fixed."""
        return over_arrays(self.f_x, u, x, constants=self.constants)

    def derivative_c(self, u: ArrayLike, x: ArrayLike) -> Floats:
        """df/dc at arrays u and x, c the first constant; 0 where the drift states no such derivative."""
        return over_arrays(self.f_c or zero, u, x, constants=self.constants)

    def with_constant(self, value: float) -> Drift:
        """The drift with another first constant, a positive finite number, or InputError."""
        require_positive(self.constant, value)
        return dataclasses.replace(self, constants=(float(value), *self.constants[1:]))

    @property
    def f_u_of_value(self) -> Formula:
        """Formula (u, x, f, c) -> f_u, from the value f where the drift states such a one."""
        return self.slope or _of_u(self.f_u)

    def step(self, w: float, b: float, t: float) -> tuple[float, float, float, float, float]:
        """Return (w, b, t, p, q), all that the flow formula needs for a step of length t.

        Raises
        ------
        InputError
            If no flow is known for this drift, or for this bias.
        """
        self.require_flow(b)
        assert self.propagator is not None
        w = 0.0 if abs(w * t) < NEGLIGIBLE else w
        return (w, b, t, *_propagated(self.propagator, w, t, self.constants))

    def require_flow(self, b: float = 0.0) -> None:
        """Raise InputError if no flow is known for this drift, or for this bias."""
        if self.flow is None or self.propagator is None:
            raise InputError(f"drift {self.name!r} has no exact flow: use Euler(layers=...)")
        if self.flow_needs_zero_bias and b != 0.0:
            raise InputError(f"drift {self.name!r} has an exact flow for bias 0 only, not {b!r}: use Euler(layers=...)")


@functools.lru_cache(2**13)
def _propagated(propagator: Callable[..., Any], w: float, t: float, c: Constants) -> tuple[float, float]:
    """What a propagator returns: 20 us a layer of a network, and one network carries many clouds."""
    return propagator(w, t, c)  # type: ignore[no-any-return]


@functools.cache
def _of_u(f_u: Formula) -> Formula:
    def slope(u: float, x: float, f: float, c: Constants) -> float:
        return f_u(u, x, c)  # type: ignore[no-any-return]

    return slope


def expm1_over(w: float, t: float) -> float:
    """(e^(wt) - 1)/w, and its limit t at w = 0."""
    return vmath.expm1(w * t) / w if w != 0.0 else t


@formula
def zero(u: float, x: float, c: Constants) -> float:
    """The derivative of what does not depend on its argument."""
    return 0.0


@formula
def one(u: float, x: float, c: Constants) -> float:
    """The derivative of the argument itself."""
    return 1.0
