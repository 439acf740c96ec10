"""When a variance or an energy first falls to a level (Corollary 2 and Figure 2 of arXiv 2001.04294).

With constant parameters, K = 1 (or no noise), a = -b/w, c = m1(0) - a, U = -nu^2/(2w), q = e^(wt):

    V = U + (V(0) - U) q^2,   m2 = V + (a + c q)^2,   and for w = 0   V = V(0) + nu^2 t,   m1 = m1(0) + b t,

so the time is a root of a quadratic. Everything else goes through the moment equations: the first sample below the
level, local minima included, then Brent's method.
"""

from __future__ import annotations

import math

import numpy as np

from kinetic.moments.concentration import sample_times, sign_change
from kinetic.moments.hierarchy import LinearMoments
from kinetic.moments.spread import Spread
from particles.base.checks import require_positive
from particles.base.errors import InputError
from particles.model import Model

_RESOLVED = 1e-13
"""A minimum that is within this share of the level from above does not reach it, nor does a limit equal to it."""


def time_to_level(model: Model, level: float, quantity: str = "variance", *, until: float | None = None) -> float:
    """Return the first time at which the variance or the energy is at or below a level; inf if it never is.

    Parameters
    ----------
    model : Model
        One with closed moments, see `kinetic.moments`.
    level : float > 0
    quantity : {"variance", "energy"}, default "variance"
    until : float, optional
        End of the search; needed where a parameter is a callable of t.

    Raises
    ------
    InputError
        If the moments are not closed, an argument is out of range, or `until` is missing.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> model = cases["moments-decay"].model
    >>> times = [kinetic.time_to_level(model, level) for level in (0.5, 0.1, 0.01)]
    >>> [f"{time:.6f}" for time in times]  # ln(1/level)/2
    ['0.346574', '1.151293', '2.302585']
    >>> kinetic.time_to_level(model, 0.5, "mean")
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: quantity = 'mean' must be one of variance, energy
    """
    spread = Spread(model, quantity)
    require_positive("level", level)
    if spread.at([0.0])[0] <= level:
        return 0.0
    if (found := _closed(spread, level)) is not None:
        return found if until is None or found <= until else math.inf
    return _searched(spread, level, _horizon(model) if until is None else until)


def _closed(spread: Spread, level: float) -> float | None:
    """Smallest positive root of the quadratic in q or t, None where there is no such form."""
    model = spread.model
    constant = model.piecewise_constant and not model.breakpoints
    if not constant or not model.drift.linear or (model.nu2 > 0.0 and model.diffusion.power == 1):
        return None
    system = LinearMoments.spread(model)
    _, m, _, v = system.start.tolist()
    b, w = system.matrix(0.0)[1, :2].tolist()
    energy = spread.quantity == "energy"
    if w == 0.0:
        constants = [v, model.nu2, 0.0] if not energy else [v + m * m, model.nu2 + 2.0 * m * b, b * b]
    else:
        a, u = -b / w, -model.nu2 / (2.0 * w)
        c = m - a
        constants = [u, 0.0, v - u] if not energy else [u + a * a, 2.0 * a * c, v - u + c * c]
    roots = _quadratic(constants[0] - level, constants[1], constants[2])
    times = [r if w == 0.0 else math.log(r) / w for r in roots if r > 0.0]
    return min((t for t in times if t > 0.0), default=math.inf)


def _quadratic(c0: float, c1: float, c2: float) -> list[float]:
    """Real roots of c0 + c1 x + c2 x^2, without cancellation."""
    if c2 == 0.0:
        return [] if c1 == 0.0 else [-c0 / c1]
    discriminant = c1 * c1 - 4.0 * c2 * c0
    if discriminant < 0.0:
        return []
    half = -0.5 * (c1 + math.copysign(math.sqrt(discriminant), c1))
    return [half / c2] + ([c0 / half] if half != 0.0 else [])


def _searched(spread: Spread, level: float, until: float) -> float:
    from scipy.optimize import brentq

    times = sample_times(spread.model, until)
    rate = spread.rate(times)
    turns = np.flatnonzero((rate[:-1] < 0.0) & (rate[1:] >= 0.0))
    minima = [sign_change(spread.rate, times[i], times[i + 1]) for i in turns]
    times = np.unique(np.concatenate([times, minima, [until]]))
    below = np.flatnonzero(spread.at(times) <= level * (1.0 - _RESOLVED))
    if not below.size:
        return math.inf
    left, right = float(times[below[0] - 1]), float(times[below[0]])
    return float(brentq(lambda t: float(spread.at([t])[0]) - level, left, right, xtol=1e-300, rtol=1e-15))


def _horizon(model: Model) -> float:
    """A time by which everything is at its limit, or beyond any level, to rounding."""
    if not model.piecewise_constant:
        raise InputError("until is needed where a parameter is a callable of time")
    last = max(model.breakpoints, default=0.0)
    system = LinearMoments.spread(model)
    a = system.matrix(last)
    rates = np.diag(a)[np.diag(a) != 0.0]
    if rates.size:
        growth = float(rates.max())
        return last + min(40.0 / float(np.abs(rates).min()), 300.0 / growth if growth > 0.0 else math.inf)
    m, b = float(system.at([last])[0, 1]), float(a[1, 0])  # w = 0: m1 = m + b (t - last) turns the energy once
    return 2.0 * last + (2.0 * abs(m / b) if b != 0.0 else 0.0)  # breakpoints there are: constants have a closed form
