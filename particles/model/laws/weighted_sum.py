"""The law of a X + b Y + c for independent X and Y on the line: a product law seen along a direction.

    P(a X + b Y + c <= s) = E F_X((s - c - b Y)/a),   a > 0,

by Gauss quadrature over the density of Y on its own panels; normal laws and points add up in closed form.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import panel_points
from particles.base.roots import quantile_by_newton
from particles.model.laws.elementary import Dirac, Normal
from particles.model.laws.law import Law
from particles.model.laws.panels import follow

_CHUNK = 2**21  # values of F_X at a time
_MOST = 2**14  # panels
_MASS = 1e-11  # that quadrature may miss of a density


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
        If more than two terms count that are neither normal nor points, or the density of neither of two is smooth
        enough for quadrature.
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
        others, mean = [*others, (normal, 1.0)], 0.0
    if len(others) == 1:
        return Moved(*others[0], mean)
    if len(others) > 2:
        raise InputError(f"a sum of {len(others)} laws that are not normal: allowed are two")
    for (one, a), (other, b) in sorted(itertools.permutations(others), key=lambda pair: -pair[0][1]):
        if one.kinks().size == 0:
            sign = math.copysign(1.0, a)  # 1 - F_X would lose the digits of a tail
            found = WeightedSum(one, sign * a, other, sign * b, sign * mean)
            return found if sign > 0.0 else Moved(found, -1.0, 0.0)
    raise InputError("a sum of two laws whose densities jump has no known law")


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
    """Law of a X + b Y + shift, a > 0, b not 0; the law of X has no jump, that of Y a density.

    Raises
    ------
    InputError
        If quadrature does not hold the mass of Y, or X is so much narrower that it would need too many panels.
    """

    one: Law
    a: float
    other: Law
    b: float
    shift: float

    def __post_init__(self) -> None:
        if abs(self._nodes[1].sum() - 1.0) > _MASS:
            raise InputError(f"a law of type {type(self.other).__name__} has no density that quadrature holds")

    @property
    def accuracy(self) -> float:  # type: ignore[override]
        return self.a * self.one.accuracy + abs(self.b) * self.other.accuracy

    @cached_property
    def _nodes(self) -> tuple[Floats, Floats]:
        """Points y, and their masses: the panels of Y, in none of which F_X moves by much."""
        edges = self.other.breakpoints()
        if edges.size < 2:
            return edges, np.zeros(edges.size)
        scale = abs(self.a / self.b) * self.one.std
        parts = np.ceil(np.diff(edges) / scale)
        if not parts.sum() <= _MOST:
            raise InputError(f"a sum of laws of widths {self.other.std:.3g} and {scale:.3g}: allowed are similar ones")
        within = [np.linspace(*ends, int(n) + 1)[:-1] for ends, n in zip(itertools.pairwise(edges), parts, strict=True)]
        edges = np.append(np.concatenate(within), edges[-1])
        y, weights, half = panel_points(edges, 8)
        return y.reshape(-1), (weights * half * self.other.pdf(y)).reshape(-1)

    def _over_nodes(self, function: str, x: ArrayLike) -> Floats:
        """Mean over Y of a function of X at (x - shift - b y)/a."""
        y, masses = self._nodes
        x = np.asarray(x, dtype=np.float64)
        out, flat = np.empty(x.size), x.reshape(-1)
        step = max(1, _CHUNK // y.size)
        for start in range(0, x.size, step):
            at = (flat[start : start + step, None] - self.shift - self.b * y) / self.a
            out[start : start + step] = (masses * getattr(self.one, function)(at)).sum(axis=1)
        return out.reshape(x.shape)

    def cdf(self, x: ArrayLike) -> Floats:
        return np.clip(self._over_nodes("cdf", x), 0.0, 1.0)

    def pdf(self, x: ArrayLike) -> Floats:
        return self._over_nodes("pdf", x) / self.a

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
        edges = np.linspace(*self._reach, 513)
        return edges, np.maximum.accumulate(self.cdf(edges))

    @property
    def mean(self) -> float:
        return self.a * self.one.mean + self.b * self.other.mean + self.shift

    @property
    def variance(self) -> float:
        return self.a**2 * self.one.variance + self.b**2 * self.other.variance

    @cached_property
    def _panels(self) -> Floats:
        low, high = self._reach
        return follow(self.cdf, np.linspace(low, high, 65))
