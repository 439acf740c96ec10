"""Probability laws on the line: pdf, cdf, quantile, moments, sampling by inversion, sampling constant of W1.

`sample` is the quantile wherever that is cheap; a mixture picks its component with the leading part of u and rescales
the rest, which has the same law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles import vmath
from particles.base.arrays import Floats, over_arrays
from particles.base.checks import require_finite, require_number, require_type, require_variance
from particles.base.errors import InputError
from particles.base.jit import formula
from particles.model.law import Law
from particles.model.law_moments import of_bins, of_normals, of_points


@dataclass(frozen=True)
class Dirac(Law):
    """Unit mass at `point`."""

    point: float
    reproducible = True

    def __post_init__(self) -> None:
        require_finite("point", self.point)

    def cdf(self, x: ArrayLike) -> Floats:
        return np.where(np.asarray(x) >= self.point, 1.0, 0.0)

    def pdf(self, x: ArrayLike) -> Floats:
        return np.zeros(np.shape(x))

    def quantile(self, p: ArrayLike) -> Floats:
        return np.full(np.shape(p), self.point)

    @property
    def mean(self) -> float:
        return self.point

    @property
    def variance(self) -> float:
        return 0.0

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        return of_points(np.array([self.point]), np.ones(1), order, low, high, c)

    def kinks(self) -> Floats:
        return np.array([self.point])

    def smoothed(self, factor: float, shift: float, v: float) -> Law:
        return Normal(factor * self.point + shift, v)

    def grown(self, shift: float, v: float) -> Law:
        from particles.model.families import Lognormal

        return Lognormal(math.log(self.point) + shift, v) if self.point > 0.0 else super().grown(shift, v)


@formula
def _normal_quantile(p: float, c: tuple[float, ...]) -> float:
    return c[0] + c[1] * vmath.normal_quantile(p)


@dataclass(frozen=True)
class Normal(Law):
    """Normal law N(m, v); the second parameter is the variance, not the standard deviation.

    Parameters
    ----------
    m : float in [-1e100, 1e100]
    v : float in [1e-200, 1e200]

    Raises
    ------
    InputError
        If one of them is not a number in its range.
    """

    m: float
    v: float
    reproducible = True

    def __post_init__(self) -> None:
        require_finite("m", self.m)
        require_variance("v", self.v)

    def cdf(self, x: ArrayLike) -> Floats:
        from scipy.special import ndtr

        return np.asarray(ndtr(self._standard(x)))

    def _standard(self, x: ArrayLike) -> Floats:
        with np.errstate(over="ignore"):  # as good as infinite
            return np.asarray((np.asarray(x) - self.m) / self.std)

    def pdf(self, x: ArrayLike) -> Floats:
        z = np.clip(self._standard(x), -1e3, 1e3)
        return np.asarray(np.exp(-0.5 * z * z) / (self.std * math.sqrt(2.0 * math.pi)))

    def quantile(self, p: ArrayLike) -> Floats:
        return over_arrays(_normal_quantile, p, constants=(self.m, self.std))

    @property
    def mean(self) -> float:
        return self.m

    @property
    def variance(self) -> float:
        return self.v

    @property
    def reach(self) -> float:
        return 12.0 * self.std  # 4e-33 lies outside

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        return of_normals(np.array(self.m), self.v, order, low, high, c)

    def smoothed(self, factor: float, shift: float, v: float) -> Law:
        return Normal(factor * self.m + shift, factor * factor * self.v + v)


@dataclass(frozen=True)
class Uniform(Law):
    """Uniform law on [low, high]."""

    low: float
    high: float
    reproducible = True

    def __post_init__(self) -> None:
        require_finite("low", self.low)
        require_finite("high", self.high)
        if not self.low < self.high:
            raise InputError(f"high = {self.high!r} must be above low = {self.low!r}")

    def cdf(self, x: ArrayLike) -> Floats:
        return (np.clip(x, self.low, self.high) - self.low) / (self.high - self.low)

    def pdf(self, x: ArrayLike) -> Floats:
        inside = (np.asarray(x) >= self.low) & (np.asarray(x) <= self.high)
        return np.where(inside, 1.0 / (self.high - self.low), 0.0)

    def quantile(self, p: ArrayLike) -> Floats:
        return self.low + (self.high - self.low) * np.asarray(p, dtype=np.float64)

    @property
    def mean(self) -> float:
        return 0.5 * (self.low + self.high)

    @property
    def variance(self) -> float:
        return (self.high - self.low) ** 2 / 12.0

    @property
    def reach(self) -> float:
        return 0.5 * (self.high - self.low)

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        return of_bins(np.array([self.low, self.high]), np.ones(1), order, low, high, c)

    def kinks(self) -> Floats:
        return np.array([self.low, self.high])

    def smoothed(self, factor: float, shift: float, v: float) -> Law:
        from particles.model.smoothed import SmoothedUniform

        low, high = factor * self.low + shift, factor * self.high + shift
        return SmoothedUniform(low, high, v) if low < high else Normal(low, v)

    def breakpoints(self) -> Floats:
        # sqrt(F (1 - F)) has a square-root singularity at both ends: panels that shrink towards them
        near = 0.5 * 2.0 ** -np.arange(0.0, 50.0)
        return np.asarray(self.quantile(np.concatenate([[0.0], near[::-1], 1.0 - near[1:], [1.0]])))


def _laws(components: Sequence[Law]) -> tuple[Law, ...]:
    require_type("components", components, (tuple, list), "a sequence of laws")
    for component in components:
        require_type("component", component, Law, "a Law")
    return tuple(components)


@dataclass(frozen=True)
class Mixture(Law):
    """Mixture sum_k weights_k components_k.

    Parameters
    ----------
    components : sequence of Law
    weights : sequence of float > 0, summing to 1 within 1e-12
    """

    components: tuple[Law, ...]
    weights: tuple[float, ...]

    def __init__(self, components: Sequence[Law], weights: Sequence[float]) -> None:
        object.__setattr__(self, "components", _laws(components))
        for weight in weights:
            require_number("weights", weight)
        object.__setattr__(self, "weights", tuple(float(w) for w in weights))
        if not self.components or len(self.components) != len(self.weights):
            raise InputError(f"weights = {self.weights!r} must be as many as the {len(self.components)} components")
        if not all(w > 0.0 for w in self.weights) or abs(sum(self.weights) - 1.0) > 1e-12:
            raise InputError(f"weights = {self.weights!r} must be positive and sum to 1")

    @cached_property
    def reproducible(self) -> bool:  # type: ignore[override]
        return all(component.reproducible for component in self.components)

    def cdf(self, x: ArrayLike) -> Floats:
        return self._sum([component.cdf(x) for component in self.components])

    def pdf(self, x: ArrayLike) -> Floats:
        return self._sum([component.pdf(x) for component in self.components])

    def sf(self, x: ArrayLike) -> Floats:
        if self.sf_rounds_until == math.inf:
            return super().sf(x)
        x = np.asarray(x, dtype=np.float64)
        values = [component.sf(x) for component in self.components]
        for k, component in enumerate(self.components):
            if component.sf_rounds_until == math.inf:  # what rounding leaves of 1 - F must not hide another's tail
                values[k] = np.where(x < component.breakpoints()[-1], values[k], 0.0)
        return self._sum(values)

    @cached_property
    def sf_rounds_until(self) -> float:
        ends = [component.sf_rounds_until for component in self.components]
        if min(ends) == math.inf:
            return math.inf
        lasts = [component.breakpoints()[-1] for component in self.components]
        return float(max(last if end == math.inf else end for end, last in zip(ends, lasts, strict=True)))

    @property
    def tail(self) -> float:
        return min(component.tail for component in self.components)

    def far_points(self, levels: Floats) -> Floats:
        return np.concatenate([component.far_points(levels) for component in self.components])

    def power_tail(self, end: float) -> float:
        return float(self._sum([component.power_tail(end) for component in self.components]))

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        parts = np.array([component._raw_moments(order, low, high, c) for component in self.components])
        return np.asarray((np.array(self.weights)[:, None] * parts).sum(axis=0))

    def kinks(self) -> Floats:
        return np.unique(np.concatenate([component.kinks() for component in self.components]))

    def by_parts(self, carry: Callable[[Law], Law]) -> Law:
        return Mixture([component.by_parts(carry) for component in self.components], self.weights)

    def smoothed(self, factor: float, shift: float, v: float) -> Law:
        return self.by_parts(lambda part: part.smoothed(factor, shift, v))

    def grown(self, shift: float, v: float) -> Law:
        return self.by_parts(lambda part: part.grown(shift, v))

    def _sum(self, values: Sequence[Floats | float]) -> Floats:
        return np.asarray(sum(w * v for w, v in zip(self.weights, values, strict=True)))

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        ends = np.stack([component.quantile(p) for component in self.components])
        return quantile_by_bisection(self.cdf, p, ends.min(axis=0), ends.max(axis=0))

    def breakpoints(self) -> Floats:
        return np.unique(np.concatenate([component.breakpoints() for component in self.components]))

    def sample(self, u: ArrayLike) -> Floats:
        u = np.asarray(u, dtype=np.float64)
        edges = np.concatenate([[0.0], np.cumsum(self.weights)[:-1], [1.0]])
        chosen = np.searchsorted(edges, u, side="right") - 1
        out = np.empty_like(u)
        for k, component in enumerate(self.components):
            here = chosen == k
            inner = (u[here] - edges[k]) / (edges[k + 1] - edges[k])
            out[here] = component.sample(np.clip(inner, 2.0**-60, 1.0 - 2.0**-53))
        return out

    @property
    def mean(self) -> float:
        return float(self._sum([component.mean for component in self.components]))

    @property
    def variance(self) -> float:
        mean = self.mean
        if not math.isfinite(mean):
            return math.inf
        return float(self._sum([component.variance + (component.mean - mean) ** 2 for component in self.components]))


@dataclass(frozen=True)
class Clipped(Law):
    """A law whose mass outside [low, high] sits at the ends: the start of particles between sticky walls."""

    law: Law
    low: float
    high: float

    def __post_init__(self) -> None:
        require_type("law", self.law, Law, "a Law")

    @cached_property
    def reproducible(self) -> bool:  # type: ignore[override]
        return self.law.reproducible

    def cdf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        return np.where(x < self.low, 0.0, np.where(x >= self.high, 1.0, self.law.cdf(x)))

    def pdf(self, x: ArrayLike) -> Floats:
        inside = (np.asarray(x) >= self.low) & (np.asarray(x) <= self.high)
        return np.where(inside, self.law.pdf(x), 0.0)

    def quantile(self, p: ArrayLike) -> Floats:
        return np.clip(self.law.quantile(p), self.low, self.high)

    def sample(self, u: ArrayLike) -> Floats:
        return np.clip(self.law.sample(u), self.low, self.high)

    def sf(self, x: ArrayLike) -> Floats:
        if self.sf_rounds_until == math.inf:
            return super().sf(x)
        return np.where(np.asarray(x) < self.low, 1.0, self.law.sf(x))

    @property
    def sf_rounds_until(self) -> float:
        return self.law.sf_rounds_until if self.high == math.inf else math.inf

    @property
    def tail(self) -> float:
        return self.law.tail if self.high == math.inf else math.inf

    def far_points(self, levels: Floats) -> Floats:
        return np.maximum(self.law.far_points(levels), self.low) if self.high == math.inf else np.empty(0)

    def power_tail(self, end: float) -> float:
        return self.law.power_tail(end) if self.high == math.inf else 0.0

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        below, between = float(self.law.cdf(self.low)), self.law._raw_moments(0, self.low, self.high, c)[0]
        walls, masses = np.array([self.low, self.high]), np.array([below, 1.0 - below - between])
        first = max(low, self.low)
        inside = self.law._raw_moments(order, first, max(first, min(high, self.high)), c)
        return inside + of_points(walls, masses, order, low, high, c)

    def breakpoints(self) -> Floats:
        return self._with_walls(self.law.breakpoints())

    def kinks(self) -> Floats:
        return self._with_walls(self.law.kinks())

    def _with_walls(self, points: Floats) -> Floats:
        walls = [wall for wall in (self.low, self.high) if math.isfinite(wall)]
        return np.unique(np.concatenate([np.clip(points, self.low, self.high), walls]))


@dataclass(frozen=True)
class Product:
    """Product law on R^d: independent components, each a law on the line."""

    components: tuple[Law, ...]

    def __init__(self, components: Sequence[Law]) -> None:
        object.__setattr__(self, "components", _laws(components))
        if not self.components:
            raise InputError("a product law needs at least one component")

    @property
    def dim(self) -> int:
        """Dimension d."""
        return len(self.components)

    @property
    def reproducible(self) -> bool:
        """True where every component is."""
        return all(component.reproducible for component in self.components)

    def sample(self, u: Floats) -> Floats:
        """Draws, shape (d, n), from uniform numbers of shape (d, n)."""
        return np.stack([component.sample(row) for component, row in zip(self.components, u, strict=True)])


def quantile_by_bisection(cdf: Callable[[Floats], Floats], p: Floats, low: Floats, high: Floats) -> Floats:
    """Smallest x in [low, high] with cdf(x) >= p, elementwise, to the last bits."""
    low, high = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
    high = np.where(cdf(low) >= p, low, high)  # as for the lowest atom: no number between it and the next is smaller
    for _ in range(200):
        middle = 0.5 * (low + high)
        if np.all((middle <= low) | (middle >= high)):
            break
        below = cdf(middle) < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def quantile_by_newton(law: Law, p: Floats, low: Floats, high: Floats) -> Floats:
    """Smallest x in [low, high] with cdf(x) >= p, elementwise, to a few last bits: Newton's method for ln F.

    A step that leaves the bracket becomes a bisection; a level is done where F meets it, or a bracket or step ends, at
    two units in the last place (256 in a tail, where F rounds as much): what is left is the rounding of F.
    """
    shape, p = p.shape, p.reshape(-1)
    low, high = (np.array(np.broadcast_to(end, shape), dtype=np.float64).reshape(-1) for end in (low, high))
    x, todo = 0.5 * (low + high), np.arange(p.size)
    for _ in range(200):
        at, level = x[todo], p[todo]
        f = law.cdf(at)
        low[todo], high[todo] = np.where(f < level, at, low[todo]), np.where(f < level, high[todo], at)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new = at - f * np.log(f / level) / law.pdf(at)
        inside = (new >= low[todo]) & (new <= high[todo])
        x[todo] = np.where(inside, new, 0.5 * (low[todo] + high[todo]))
        small = 2.0 * np.spacing(np.maximum(np.abs(low[todo]), np.abs(high[todo])))
        met = np.abs(f - level) <= np.where(level < 1e-3, 256.0, 2.0) * np.spacing(level)
        todo = todo[~met & (np.abs(x[todo] - at) > small) & (high[todo] - low[todo] > small)]
        if not todo.size:
            break
    return x.reshape(shape)
