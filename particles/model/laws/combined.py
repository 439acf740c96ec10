"""Laws made of laws: mixtures, what walls cut off put at them, independent components."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.checks import require_number, require_type
from particles.base.errors import InputError
from particles.base.roots import quantile_by_bisection
from particles.model.laws.law import Law
from particles.model.laws.law_moments import of_points
from particles.model.laws.space import SpaceLaw, direction_of, points_of
from particles.model.laws.weighted_sum import weighted_sum


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

    Raises
    ------
    InputError
        If a component is no Law, or the weights are not as many, not positive, or do not sum to 1.

    Examples
    --------
    >>> from particles.model import Mixture, Normal
    >>> law = Mixture([Normal(-1.0, 0.04), Normal(1.0, 0.04)], [0.25, 0.75])
    >>> print(f"{law.mean:.6f} {law.variance:.6f} {law.cdf(0.0):.6f}")
    0.500000 0.790000 0.250000
    >>> Mixture([Normal(0.0, 1.0)], [0.5])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: weights = (0.5,) must be positive and sum to 1
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

    def portable_cdf(self, x: Floats) -> Floats | None:
        total = np.zeros(np.shape(x))
        for weight, component in zip(self.weights, self.components, strict=True):
            part = component.portable_cdf(x)
            if part is None:
                return None
            total = total + weight * part
        return total

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
    """A law whose mass outside [low, high] sits at the ends: the start of particles between sticky walls.

    Parameters
    ----------
    law : Law
    low, high : float, low < high
        Ends, which hold what lies beyond them as atoms.

    Raises
    ------
    InputError
        If `law` is no Law.

    Examples
    --------
    >>> from particles.model import Clipped, Normal
    >>> start = Clipped(Normal(0.0, 1.0), -1.0, 1.0)
    >>> points, masses = start.atoms()
    >>> print(points, masses.round(6), start.cdf([-1.1, -1.0, 1.0]).round(6))
    [-1.  1.] [0.158655 0.158655] [0.       0.158655 1.      ]
    """

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
class Product(SpaceLaw):
    """Product law on R^d: independent components, each a law on the line.

    Parameters
    ----------
    components : sequence of Law, one a dimension

    Raises
    ------
    InputError
        If there is no component, or one is no Law.

    Examples
    --------
    >>> from particles.model import Normal, Product, Uniform
    >>> law = Product([Normal(1.0, 1.0), Uniform(0.0, 1.0)])
    >>> law.dim, law.mean, law.pdf([[1.0, 1.0], [0.5, 1.5]]).round(6)  # points are columns
    (2, array([1. , 0.5]), array([0.398942, 0.      ]))
    """

    components: tuple[Law, ...]

    def __init__(self, components: Sequence[Law]) -> None:
        object.__setattr__(self, "components", _laws(components))
        if not self.components:
            raise InputError("a product law needs at least one component")

    @property
    def dim(self) -> int:
        return len(self.components)

    @property
    def reproducible(self) -> bool:  # type: ignore[override]
        """True where every component is."""
        return all(component.reproducible for component in self.components)

    @property
    def accuracy(self) -> float:  # type: ignore[override]
        """W1 by which the law may be off: at most the sum of what the components may."""
        return math.fsum(component.accuracy for component in self.components)

    def pdf(self, x: ArrayLike) -> Floats:
        rows = points_of(x, self.dim)
        return np.asarray(math.prod(law.pdf(row) for law, row in zip(self.components, rows, strict=True)))

    def sample(self, u: ArrayLike) -> Floats:
        rows = points_of(u, self.dim)
        return np.stack([component.sample(row) for component, row in zip(self.components, rows, strict=True)])

    @property
    def mean(self) -> Floats:
        return np.array([component.mean for component in self.components])

    @property
    def covariance(self) -> Floats:
        return np.diag([component.variance for component in self.components])

    def projection(self, direction: ArrayLike, shift: float = 0.0) -> Law:
        """Known for one or two components that count: `weighted_sum`; of normal ones any number."""
        theta = direction_of(direction, self.dim)
        return weighted_sum(self.components, theta.tolist(), shift)
