"""dX = tanh(w X + b) dt + nu dW with abs(w) nu^2 = 1: the coupling at which the law has a closed form, for every b.

Repelling, w > 0 (Benes): given x0, X_t is x0 + t or x0 - t with the odds e^(2 u0), u0 = w x0 + b, plus N(0, nu^2 t).
Attracting, w < 0: the Siegmund dual. With F the distribution function of X_0 + N(0, nu^2 t) and u = w y + b,

    P(X_t <= y) = S(-2 u) F(y + t) + S(2 u) F(y - t),   S(z) = 1/(1 + e^(-z)),

which tends to the logistic law S(-2 u). Both were derived for this project.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.checks import require_finite, require_positive, require_type
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.model.laws.combined import Mixture
from particles.model.laws.elementary import Normal
from particles.model.laws.law import Law
from particles.model.laws.smoothed import invert, normal_density

_NODES, _WEIGHTS = gauss(16)
_MOST_PANELS = 4096
_CHUNK = 2**20


def repelled(start: Law, w: float, b: float, time: float) -> Law:
    """Law at `time` > 0 of the repelling tanh: two normal laws for each point of the start.

    The start is a point, a law that states its `reach`, or a mixture of them; or InputError.
    """
    return start.by_parts(lambda part: _repelled(part, w, b, time))


def _repelled(start: Law, w: float, b: float, time: float) -> Law:
    if start.variance == 0.0:
        point = start.mean
        up = float(_odds(w * point + b))
        ends = {point + time: up, point - time: 1.0 - up}
        normals = [Normal(end, time / w) for end, share in ends.items() if share > 0.0]
        return Mixture(normals, [share for share in ends.values() if share > 0.0])
    if math.isfinite(start.reach):
        return TanhRepelled(start, w, b, time)
    raise InputError(f"a start of type {type(start).__name__} has no closed form with a repelling tanh")


@dataclass(frozen=True)
class TanhAttracted(Law):
    """Law at `time` of dX = tanh(w X + b) dt + nu dW with w = weight < 0 and nu^2 = -1/w.

    Parameters
    ----------
    start : Law
        Any that can be `smoothed`.
    weight : float < 0
    bias : float
    time : float > 0

    Raises
    ------
    InputError
        If one of them is out of its range, or the start cannot be smoothed.

    Notes
    -----
    P(X_t <= y) = F(y + t)/(1 + e^(2 u)) + F(y - t)/(1 + e^(-2 u)), u = w y + b, F the distribution function of X_0 +
    N(0, nu^2 t): the Siegmund dual of Benes' law, derived for this project. Logistic as t grows.

    Examples
    --------
    >>> from particles.model import Normal, TanhAttracted
    >>> law = TanhAttracted(Normal(1.0, 1.0), weight=-1.0, bias=1.0, time=1.0)
    >>> print(f"{law.mean:.6f} {law.variance:.6f}")  # 1; pi^2/12 = 0.822467 as time grows
    1.000000 0.882824
    """

    start: Law
    weight: float
    bias: float
    time: float

    def __post_init__(self) -> None:
        _require(self.start, self.weight, self.bias, self.time, sign=-1.0)
        _ = self._smoothed

    @cached_property
    def _smoothed(self) -> Law:
        return self.start.smoothed(1.0, 0.0, -self.time / self.weight)

    def _shares(self, x: Floats) -> tuple[Floats, Floats]:
        """S(-2 u) and S(2 u)."""
        return _odds(-self.weight * x - self.bias), _odds(self.weight * x + self.bias)

    def cdf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        right, left = self._shares(x)
        return right * self._smoothed.cdf(x + self.time) + left * self._smoothed.cdf(x - self.time)

    def pdf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        right, left = self._shares(x)
        f, g = self._smoothed.cdf, self._smoothed.pdf
        turn = -2.0 * self.weight * right * left * (f(x + self.time) - f(x - self.time))
        return right * g(x + self.time) + left * g(x - self.time) + turn

    def quantile(self, p: ArrayLike) -> Floats:
        free = self._smoothed  # abs(tanh) <= 1: no path is further than t from the free one
        return invert(self, np.asarray(p, dtype=np.float64), free.mean, free.std + self.time)


@dataclass(frozen=True)
class TanhRepelled(Law):
    """Law at `time` of dX = tanh(w X + b) dt + nu dW with w = weight > 0 and nu^2 = 1/w (Benes).

    The start is integrated by Gauss quadrature, with 16 nodes on panels no longer than any scale of the integrand.

    Parameters
    ----------
    start : Law
        One that states its `reach`, of positive variance: normal and uniform laws. From a point the law is a mixture of
        two normal laws, which `transition_law` gives.
    weight : float > 0
    bias : float
    time : float > 0

    Raises
    ------
    InputError
        If one of them is out of its range, or the noise so small that the quadrature needs more than 65536 nodes.

    Notes
    -----
    Given X_0 = x0, a mixture of N(x0 + t, nu^2 t) and N(x0 - t, nu^2 t) with the odds e^(2 u0), u0 = w x0 + b.

    Examples
    --------
    >>> from particles.model import Normal, TanhRepelled
    >>> law = TanhRepelled(Normal(0.5, 1.0), weight=1.0, bias=-0.5, time=1.0)
    >>> print(f"{law.mean:.6f} {law.cdf(0.5):.6f} {law.variance:.6f}")
    0.500000 0.500000 4.211411
    """

    start: Law
    weight: float
    bias: float
    time: float

    def __post_init__(self) -> None:
        _require(self.start, self.weight, self.bias, self.time, sign=1.0)
        if not (self.start.variance > 0.0 and math.isfinite(self.start.reach)):
            raise InputError(f"start = {self.start!r:.60} must state its reach and have a positive variance")
        _ = self._nodes

    @property
    def _spread(self) -> float:
        return math.sqrt(self.time / self.weight)

    @cached_property
    def _nodes(self) -> tuple[Floats, Floats, Floats]:
        """Points x0, their masses, and the probability of x0 + t."""
        reach = self.start.reach
        scale = min(self._spread, 1.0 / self.weight, self.start.std)
        panels = math.ceil(2.0 * reach / scale)
        if panels > _MOST_PANELS:
            raise InputError(f"time = {self.time!r} is too short for the quadrature over the start")
        edges = np.linspace(self.start.mean - reach, self.start.mean + reach, panels + 1)
        half = 0.5 * np.diff(edges)[:, None]
        points = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * _NODES).reshape(-1)
        masses = (half * _WEIGHTS).reshape(-1) * self.start.pdf(points)
        return points, masses, _odds(self.weight * points + self.bias)

    def _over_start(self, function: Callable[[Floats], Floats], x: Floats, sign: Floats) -> Floats:
        """Integrate function(sign (x - end)/spread) over the start, a block of x at a time."""
        points, masses, up = self._nodes
        out, flat, signs = np.empty(x.size), x.reshape(-1), sign.reshape(-1)
        step, block = self.time / self._spread, max(1, _CHUNK // points.size)
        for first in range(0, x.size, block):
            rows = slice(first, first + block)
            z, turn = (flat[rows, None] - points) / self._spread, signs[rows, None]
            out[rows] = function(turn * (z - step)) @ (masses * up) + function(turn * (z + step)) @ (
                masses * (1.0 - up)
            )
        return out.reshape(x.shape)

    def cdf(self, x: ArrayLike) -> Floats:
        from scipy.special import ndtr

        x = np.asarray(x, dtype=np.float64)
        sign = np.where(x > self.mean, -1.0, 1.0)  # the upper tail as 1 - P(X > x), so that it reaches 1
        part = self._over_start(ndtr, x, sign)
        return np.where(sign < 0.0, 1.0 - part, part)

    def pdf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        return self._over_start(normal_density, x, np.ones_like(x)) / self._spread

    def quantile(self, p: ArrayLike) -> Floats:
        return invert(self, np.asarray(p, dtype=np.float64), self.mean, self.std)

    @property
    def mean(self) -> float:
        points, masses, up = self._nodes
        return float((masses * (points + self.time * (2.0 * up - 1.0))).sum())

    @property
    def variance(self) -> float:
        points, masses, up = self._nodes
        ends = points + self.time * (2.0 * up - 1.0) - self.mean
        return float((masses * (ends**2 + 4.0 * self.time**2 * up * (1.0 - up))).sum()) + self._spread**2


def _require(start: Law, weight: float, bias: float, time: float, *, sign: float) -> None:
    require_type("start", start, Law, "a Law")
    require_finite("weight", weight)
    if not sign * weight > 0.0:
        raise InputError(f"weight = {weight!r} must be {'positive' if sign > 0.0 else 'negative'}")
    require_finite("bias", bias)
    require_positive("time", time, low=0.0, high=math.inf)


def _odds(u: ArrayLike) -> Floats:
    """e^u/(e^u + e^(-u)) = 1/(1 + e^(-2 u))."""
    from scipy.special import expit

    return np.asarray(expit(2.0 * np.asarray(u)))
