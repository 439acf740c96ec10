"""The law of a histogram of measurements."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats, as_floats
from particles.base.errors import InputError
from particles.model.laws import widths
from particles.model.laws.empirical import Empirical
from particles.model.laws.law import Law
from particles.model.laws.law_moments import beyond_is_infinite, of_bins


@dataclass(frozen=True, eq=False)
class Histogram(Law):
    """Piecewise constant density on bins.

    Parameters
    ----------
    edges : array_like, shape (n + 1,)
        Increasing ends of the bins.
    masses : array_like, shape (n,)
        Their masses, each >= 0, summing to 1 within 1e-9.

    Raises
    ------
    InputError
        If an array is no plain row of finite numbers, or is not as said.

    See Also
    --------
    histogram : Of measurements, with bins by a rule.

    Examples
    --------
    >>> from particles.model import Histogram
    >>> law = Histogram(edges=[0.0, 1.0, 3.0], masses=[0.5, 0.5])
    >>> law.pdf([0.5, 2.0]), law.quantile([0.25, 0.75]), law.mean
    (array([0.5 , 0.25]), array([0.5, 2. ]), 1.25)
    >>> Histogram([0.0, 1.0], [0.9])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: masses from 0.9, 0.9 in all, must be at least 0 and sum to 1
    """

    edges: Floats
    masses: Floats

    def __post_init__(self) -> None:
        edges, masses = as_floats(self.edges, "edges"), as_floats(self.masses, "masses")
        if masses.size == 0 or edges.size != masses.size + 1 or not (np.diff(edges) > 0.0).all():
            raise InputError(
                f"{edges.size} edges must increase, and be one more than the {masses.size} masses, at least 1"
            )
        if masses.min() < 0.0 or abs(masses.sum() - 1.0) > 1e-9:
            raise InputError(f"masses from {masses.min():g}, {masses.sum():g} in all, must be at least 0 and sum to 1")
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "masses", masses)

    @cached_property
    def _cumulative(self) -> Floats:
        return np.concatenate([[0.0], np.cumsum(self.masses)[:-1], [1.0]])

    def cdf(self, x: ArrayLike) -> Floats:
        return np.interp(np.asarray(x, dtype=np.float64), self.edges, self._cumulative)

    def pdf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        inside = (x >= self.edges[0]) & (x <= self.edges[-1])
        bins = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, self.masses.size - 1)
        return np.where(inside, (self.masses / np.diff(self.edges))[bins], 0.0)

    def quantile(self, p: ArrayLike) -> Floats:
        p = np.asarray(p, dtype=np.float64)
        bins = np.clip(np.searchsorted(self._cumulative, p, side="left") - 1, 0, self.masses.size - 1)
        inside = (p - self._cumulative[bins]) / np.where(self.masses[bins] > 0.0, self.masses[bins], 1.0)
        return self.edges[bins] + np.clip(inside, 0.0, 1.0) * np.diff(self.edges)[bins]

    @property
    def mean(self) -> float:
        return float((self.masses * 0.5 * (self.edges[1:] + self.edges[:-1])).sum())

    @property
    def variance(self) -> float:
        middles, widths = 0.5 * (self.edges[1:] + self.edges[:-1]), np.diff(self.edges)
        with beyond_is_infinite():
            return float((self.masses * ((middles - self.mean) ** 2 + widths * widths / 12.0)).sum())

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        return of_bins(self.edges, self.masses, order, low, high, c)

    def kinks(self) -> Floats:
        return self.edges

    def breakpoints(self) -> Floats:
        # sqrt(F (1 - F)) is singular at the ends of the support: panels that shrink towards them
        near = 2.0 ** -np.arange(1.0, 50.0)
        first, last = np.diff(self.edges)[[0, -1]]
        return np.unique(np.concatenate([self.edges, self.edges[0] + first * near, self.edges[-1] - last * near]))


def histogram(data: ArrayLike) -> Histogram:
    """Histogram of measurements, bins by Freedman and Diaconis' rule or, where quartiles coincide, Scott's.

    Parameters
    ----------
    data : array_like, shape (n,)
        At least 2 finite numbers, not all equal.

    Raises
    ------
    InputError
        If they are equal up to rounding, or one lies so far off that there would be more than 10**6 bins.

    Examples
    --------
    >>> from particles.model import cases, histogram
    >>> law = histogram(cases["iris"].samples.points)  # 150 petal lengths, in cm
    >>> print(law.masses.size, law.edges[[0, -1]].round(6), law.masses.round(4)[:2])
    5 [1.  6.9] [0.3333 0.02  ]
    >>> histogram([1.0, 1.0])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: data of 2 equal values have no continuous approximation: give at least two
    """
    return Histogram(*widths.bins(Empirical(data).data))
