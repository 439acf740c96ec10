"""The law of a X + b Y + c for independent X and Y on the line: a product law seen along a direction.

    P(a X + b Y + c <= s) = E F_X((s - c - b Y)/a),   a > 0,

by Gauss quadrature over the density of Y on its own panels, cut where F_X is rough, and by sums over the atoms of Y;
normal laws and points add up in closed form.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import gauss, panel_points
from particles.base.roots import quantile_by_newton
from particles.model.laws.elementary import Dirac, Normal
from particles.model.laws.law import Law
from particles.model.laws.panels import follow

_CHUNK = 2**21  # values of F_X at a time
_MOST = 2**14  # panels
_NODES = 8  # a panel
_MASS = 1e-11  # that quadrature may miss of a density
_FAR = 1e4  # standard deviations of a normal law from 0: beyond, rounding of its nodes costs mass


def weighted_sum(laws: Sequence[Law], factors: Sequence[float], shift: float = 0.0) -> Law:
    """Law of sum_k factors_k X_k + shift, X_k independent with these laws.

    Parameters
    ----------
    laws : sequence of Law
    factors : sequence of float, as many; not all 0
    shift : float, default 0

    Raises
    ------
    InputError
        If more than two terms count that are neither normal nor points, or quadrature does not hold the mass of one.

    Examples
    --------
    >>> from particles.model import Normal, Uniform, weighted_sum
    >>> weighted_sum([Normal(0.0, 1.0), Normal(2.0, 1.0)], [3.0, 4.0])
    Normal(m=8.0, v=25.0)
    >>> type(weighted_sum([Normal(0.0, 1.0), Uniform(0.0, 1.0)], [1.0, 2.0])).__name__
    'WeightedSum'
    """
    mean, variance, others = shift, 0.0, list[tuple[Law, float]]()
    for law, factor in zip(laws, factors, strict=True):
        if factor == 0.0:
            continue
        if isinstance(law, Dirac | Normal):
            mean, variance = mean + factor * law.mean, variance + factor * factor * law.variance
        else:
            others.append((law, factor))
    if variance > 0.0 or not others:
        normal: Law = Normal(mean, variance) if variance > 0.0 else Dirac(mean)
        if not others:
            return normal
        if abs(mean) > _FAR * math.sqrt(variance):
            others = [*others, (Normal(0.0, variance), 1.0)]
        else:
            others, mean = [*others, (normal, 1.0)], 0.0
    if len(others) == 1:
        return Moved(*others[0], mean)
    if len(others) > 2:
        raise InputError(f"a sum of {len(others)} laws that are not normal: allowed are two")
    (one, a), (other, b) = min(itertools.permutations(others), key=lambda pair: (_roughness(pair[0][0]), -pair[0][1]))
    sign = math.copysign(1.0, a)  # 1 - F_X would lose the digits of a tail
    found = WeightedSum(one, sign * a, other, sign * b, sign * mean)
    return found if sign > 0.0 else Moved(found, -1.0, 0.0)


def _roughness(law: Law) -> int:
    """0 for a law whose F is smooth, 1 where its density jumps, 2 where F itself does."""
    return 2 if law.atoms()[0].size else int(law.rough().size > 0)


@dataclass(frozen=True, eq=False)
class Moved(Law):
    """Law of factor X + shift, factor not 0."""

    law: Law
    factor: float
    shift: float

    def _back(self, x: ArrayLike) -> Floats:
        return np.asarray((np.asarray(x, dtype=np.float64) - self.shift) / self.factor)

    @property
    def accuracy(self) -> float:  # type: ignore[override]
        return abs(self.factor) * self.law.accuracy

    @property
    def costly(self) -> bool:  # type: ignore[override]
        return self.law.costly

    def cdf(self, x: ArrayLike) -> Floats:
        y = self._back(x)
        return self.law.cdf(y) if self.factor > 0.0 else 1.0 - self.law.cdf(np.nextafter(y, -np.inf))

    def pdf(self, x: ArrayLike) -> Floats:
        return self.law.pdf(self._back(x)) / abs(self.factor)

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        return self.factor * self.law.quantile(p if self.factor > 0.0 else 1.0 - p) + self.shift

    def sample(self, u: ArrayLike) -> Floats:
        return self.factor * self.law.sample(u) + self.shift

    @property
    def mean(self) -> float:
        return self.factor * self.law.mean + self.shift

    @property
    def variance(self) -> float:
        return self.factor**2 * self.law.variance

    def breakpoints(self) -> Floats:
        return np.sort(self.factor * self.law.breakpoints() + self.shift)

    def kinks(self) -> Floats:
        return np.sort(self.factor * self.law.kinks() + self.shift)


@dataclass(frozen=True, eq=False)
class WeightedSum(Law):
    """Law of a X + b Y + shift, a > 0, b not 0.

    Parameters
    ----------
    one, other : Law
        Of X and Y.
    a, b, shift : float

    Raises
    ------
    InputError
        If quadrature does not hold the mass of Y, or X is so much narrower that it would need too many panels.

    See Also
    --------
    weighted_sum : Of any number of laws; normal ones in closed form.

    Examples
    --------
    >>> from particles.model import Normal, Uniform, WeightedSum
    >>> law = WeightedSum(Normal(0.0, 1.0), 1.0, Uniform(0.0, 1.0), 2.0, shift=-1.0)
    >>> print(f"{law.mean:.6f} {law.variance:.6f}")  # 0 and 1 + 4/12
    0.000000 1.333333
    """

    costly = True
    one: Law
    a: float
    other: Law
    b: float
    shift: float

    def __post_init__(self) -> None:
        y, weights, half = panel_points(self._edges, _NODES)
        mass = float((weights * half * self.other.pdf(y)).sum() + self._atoms[1].sum())
        if abs(mass - 1.0) > _MASS:
            raise InputError(f"a law of type {type(self.other).__name__} has no density that quadrature holds")

    @property
    def accuracy(self) -> float:  # type: ignore[override]
        return self.a * self.one.accuracy + abs(self.b) * self.other.accuracy

    @cached_property
    def _atoms(self) -> tuple[Floats, Floats]:
        return self.other.atoms()

    @cached_property
    def _rough(self) -> Floats:
        return self.one.rough()

    @cached_property
    def _edges(self) -> Floats:
        """Panels of Y, in none of which F_X moves by much."""
        edges = self.other.breakpoints()
        scale = abs(self.a / self.b) * self.one.std
        parts = np.ceil(np.diff(edges) / scale) if scale > 0.0 else np.ones(edges.size - 1)
        if not parts.sum() <= _MOST:
            raise InputError(f"a sum of laws of widths {self.other.std:.3g} and {scale:.3g}: allowed are similar ones")
        within = [np.linspace(*ends, int(n) + 1)[:-1] for ends, n in zip(itertools.pairwise(edges), parts, strict=True)]
        return np.concatenate([*within, edges[-1:]])

    @cached_property
    def _nodes(self) -> tuple[Floats, Floats]:
        """Points y and their masses, where F_X is smooth: the same for every s."""
        y, weights, half = panel_points(self._edges, _NODES)
        return y.reshape(-1), (weights * half * self.other.pdf(y)).reshape(-1)

    def _cut_nodes(self, s: Floats) -> tuple[Floats, Floats]:
        """The same for each s, shape (n, m): panels end where (s - shift - b y)/a is a point at which F_X is rough."""
        edges, nodes = self._edges, gauss(_NODES)
        stars = ((s[:, None] - self.shift - self.a * self._rough) / self.b).clip(edges[0], edges[-1])
        whole = np.broadcast_to(edges, (s.size, edges.size))
        ends = np.sort(np.concatenate([whole, stars], axis=1), axis=1)
        half = 0.5 * np.diff(ends, axis=1)[:, :, None]
        y = 0.5 * (ends[:, 1:] + ends[:, :-1])[:, :, None] + half * nodes[0]
        return y.reshape(s.size, -1), (nodes[1] * half * self.other.pdf(y)).reshape(s.size, -1)

    def _over_y(self, function: Callable[[Floats], Floats], x: ArrayLike) -> Floats:
        """Mean over Y of a function of X at (x - shift - b y)/a."""
        x = np.asarray(x, dtype=np.float64)
        out, flat, (points, held) = np.empty(x.size), x.reshape(-1), self._atoms
        step = max(1, _CHUNK // (_NODES * (self._edges.size + self._rough.size) + points.size))
        for start in range(0, x.size, step):
            s = flat[start : start + step]
            y, masses = self._cut_nodes(s) if self._rough.size else self._nodes
            at = (s[:, None] - self.shift - self.b * y) / self.a
            out[start : start + step] = (masses * function(at)).sum(axis=1)
            if points.size:
                at = (s[:, None] - self.shift - self.b * points) / self.a
                out[start : start + step] += (held * function(at)).sum(axis=1)
        return out.reshape(x.shape)

    def cdf(self, x: ArrayLike) -> Floats:
        return np.clip(self._over_y(self.one.cdf, x), 0.0, 1.0)

    def pdf(self, x: ArrayLike) -> Floats:
        density = self._over_y(self.one.pdf, x) / self.a
        points, held = self.one.atoms() if self._rough.size else (np.empty(0), np.empty(0))
        for point, mass in zip(points.tolist(), held.tolist(), strict=True):
            at = (np.asarray(x, dtype=np.float64) - self.shift - self.a * point) / self.b
            density = density + mass * self.other.pdf(at) / abs(self.b)
        return density

    @cached_property
    def _reach(self) -> tuple[float, float]:
        """Points beyond which at most 2e-17 lies on either side."""
        parts = [
            np.sort(factor * law.breakpoints()[[0, -1]]) for law, factor in ((self.one, self.a), (self.other, self.b))
        ]
        low, high = (parts[0] + parts[1] + self.shift).tolist()
        return low, high

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        edges, levels = self._table
        after = np.clip(np.searchsorted(levels, p), 1, edges.size - 1)
        return quantile_by_newton(self.cdf, self.pdf, p, edges[after - 1], edges[after])

    @cached_property
    def _table(self) -> tuple[Floats, Floats]:
        """Points and levels between which a quantile lies."""
        low, high = self._reach
        edges = np.linspace(np.nextafter(low, -math.inf), high, 513)
        return edges, np.maximum.accumulate(self.cdf(edges))

    @property
    def mean(self) -> float:
        return self.a * self.one.mean + self.b * self.other.mean + self.shift

    @property
    def variance(self) -> float:
        return self.a * self.a * self.one.variance + self.b * self.b * self.other.variance

    def atoms(self) -> tuple[Floats, Floats]:
        (x, in_x), (y, in_y) = self.one.atoms() if self._rough.size else (np.empty(0),) * 2, self._atoms
        points, back = np.unique(np.add.outer(self.a * x, self.b * y) + self.shift, return_inverse=True)
        masses = np.zeros(points.size)
        np.add.at(masses, back.reshape(-1), np.outer(in_x, in_y).reshape(-1))
        return points, masses

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        """On the whole line by those of X and Y: E (a X' + b Y')^k by the binomial theorem, Y' about c."""
        if (low, high) != (-math.inf, math.inf):
            return super()._raw_moments(order, low, high, c)
        x = self.one._raw_moments(order, low, high, self.one.mean)
        y = self.other._raw_moments(order, low, high, (c - self.shift - self.a * self.one.mean) / self.b)
        return np.array([self._binomial(k, x, y) for k in range(order + 1)])

    def _binomial(self, k: int, x: Floats, y: Floats) -> float:
        try:
            return math.fsum(math.comb(k, j) * self.a**j * x[j] * self.b ** (k - j) * y[k - j] for j in range(k + 1))
        except (OverflowError, ValueError):  # of a power, or of a difference of infinite parts
            return math.inf

    def kinks(self) -> Floats:
        """Where what is rough in X meets what is rough in Y."""
        if not self._rough.size:
            return np.empty(0)
        return np.unique(np.add.outer(self.a * self._rough, self.b * self.other.rough()) + self.shift)

    @cached_property
    def _panels(self) -> Floats:
        low, high = self._reach
        return follow(self.cdf, np.concatenate([np.linspace(low, high, 65), self.kinks()]))
