"""What is fitted: measurements, rounded measurements, or a law, all as weighted points of a log-likelihood.

    l(theta) = sum_j c_j ln sum_q s_qj g(x_qj; theta)

measurements   x_j the distinct values, c_j how often each occurs
rounded        the cell [x_j - h/2, x_j + h/2] has the likelihood int g dx: x_qj, s_qj a Gauss rule on it
law            c_j x_j a Gauss rule for int h ln g dx: the fit minimises the divergence int h ln(h/g) dx
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.checks import require_at_least
from particles.base.errors import InputError
from particles.base.quadrature import gauss, panel_points
from particles.model import Empirical, Law

_LEAST = 8
"""Fewest measurements of a fit."""
_SMALLEST, _LARGEST = 1e-120, 1e120
"""Range of the data and of their width, so that squares and the ratios of both are numbers."""


@dataclass(frozen=True, eq=False)
class Target:
    """Weighted points of a target: increasing distinct measurements, or the nodes of a law's quadrature.

    `weights` are their multiplicities, or shares of the law. Measurements are rounded to the nearest multiple of `step`
    (plus an offset), unless it is 0. `law` is the target, where it is a law.
    """

    values: Floats
    weights: Floats
    step: float = 0.0
    law: Law | None = None
    _nodes: dict[bool, tuple[Floats, Floats]] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> float:
        """Number of measurements; 1 for a law."""
        return float(self.weights.sum())

    @property
    def shares(self) -> Floats:
        """Weights that sum to 1."""
        return np.asarray(self.weights / self.weights.sum())

    @property
    def lower(self) -> float:
        """The lowest point, or the upper end of the lowest cell: a law on x > 0 needs it positive."""
        return float(self.values[0] + 0.5 * self.step)

    def centres(self, positive: bool) -> Floats:
        """One point for each value, inside the support."""
        if not (positive and self.step):
            return self.values
        return 0.5 * (np.maximum(self.values - 0.5 * self.step, 0.0) + self.values + 0.5 * self.step)

    def nodes(self, positive: bool) -> tuple[Floats, Floats]:
        """Points x_qj and the logarithms of s_qj, shape (Q, m); on x > 0 alone if `positive`."""
        if positive not in self._nodes:
            alone = self.values[None, :], np.zeros((1, self.values.size))
            self._nodes[positive] = self._cells(positive) if self.step else alone
        return self._nodes[positive]

    def _cells(self, positive: bool) -> tuple[Floats, Floats]:
        low, high = self.values - 0.5 * self.step, self.values + 0.5 * self.step
        low = np.maximum(low, 0.0) if positive else low
        half, (nodes, weights) = 0.5 * (high - low), gauss(8)
        return 0.5 * (high + low) + half * nodes[:, None], np.log(weights[:, None] * half)

    def distance(self, law: Law) -> float:
        """Kolmogorov distance sup abs(F_n - F) to a fitted law, at the ends of the cells for rounded measurements."""
        if self.law is not None:
            x = np.unique(np.concatenate([self.law.breakpoints(), law.breakpoints()]))
            return float(np.abs(self.law.cdf(x) - law.cdf(x)).max())
        after = np.cumsum(self.shares)
        before = np.concatenate([[0.0], after[:-1]])
        half = 0.5 * self.step
        above = np.abs(after - law.cdf(self.values + half)).max()
        return float(max(above, np.abs(before - law.cdf(self.values - half)).max()))

    def redrawn(self, x: Floats) -> Target:
        """The target of other measurements, rounded as these are."""
        if self.step:
            x = self.values[0] + self.step * np.rint((x - self.values[0]) / self.step)
        return Target(*_tied(x), step=self.step)


def of_data(data: ArrayLike, step: float | None = None) -> Target:
    """Return the target of measurements, at least 8 finite numbers in one row, 4 of them distinct, or InputError.

    `step` is that of the rounding, which the data must fit; 0: not rounded; by default as `rounding_step` finds.
    """
    values, counts = _tied(Empirical(data).data)
    if counts.sum() < _LEAST or values.size < 4:
        raise InputError(f"data of {int(counts.sum())} values, {values.size} distinct: a fit needs {_LEAST} and 4")
    width, largest = float(values[-1] - values[0]), float(np.abs(values).max())
    if not (width >= _SMALLEST and largest <= _LARGEST):
        raise InputError(
            f"data up to {largest:.3g} and {width:.3g} wide: allowed are numbers up to {_LARGEST:g}, at least"
            f" {_SMALLEST:g} wide; choose another unit"
        )
    found = rounding_step(np.repeat(values, counts.astype(np.int64))) if step is None else step
    require_at_least("step", found)
    if found and np.abs((cells := (values - values[0]) / found) - np.rint(cells)).max() > 1e-3:
        raise InputError(f"step = {found!r} does not fit the data: they are not whole steps apart")
    return Target(values, counts, step=found)


def of_law(law: Law) -> Target:
    """Return the target of a law with a density; InputError with atoms, for no steady state has any: see `of_data`."""
    edges = law.breakpoints()
    x, weights, half = panel_points(edges)
    shares = (weights * half * law.pdf(x)).reshape(-1)
    if abs(shares.sum() - 1.0) > 1e-6:
        raise InputError(f"the density of {law!r:.200} holds {shares.sum():.6g} of its mass: give its data instead")
    order = np.argsort(x, axis=None)
    kept = order[shares[order] > 0.0]
    return Target(x.reshape(-1)[kept], shares[kept], law=law)


def rounding_step(data: Floats) -> float:
    """Return the step to which data are rounded in decimals, 0 where they are not or where it does not matter.

    The largest h with all data whole steps apart. It does not matter where sqrt(n) h is below a hundredth of the
    interquartile range: the distribution function is then off by a small part of its own noise.
    """
    quartiles = np.quantile(data, [0.25, 0.75])
    spread = float(quartiles[1] - quartiles[0]) or float(data.std())
    matters = 0.01 * spread / math.sqrt(data.size)
    most = math.floor(math.log10(spread)) + 1
    for digits in range(most, most - 16, -1):
        whole = np.rint(data / 10.0**digits)
        if np.abs(whole).max() > 2**53:
            break
        if np.abs(data / 10.0**digits - whole).max() <= 1e-6:
            step = 10.0**digits * int(np.gcd.reduce((whole - whole[0]).astype(np.int64)))
            return step if step >= matters else 0.0
    return 0.0


def _tied(data: Floats) -> tuple[Floats, Floats]:
    values, counts = np.unique(data, return_counts=True)
    return values, counts.astype(np.float64)
