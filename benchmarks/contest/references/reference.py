"""What the answer is: a law, how it was computed, and how far off it may be."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike
from scipy.special import ndtr

from benchmarks.contest.references.table import tabled
from particles.base.quadrature import gauss
from particles.model import Law, Normal, Product, SpaceLaw
from validation.distance.floor import expected_kolmogorov
from validation.distance.sliced import directions

Floats = npt.NDArray[np.float64]
_NODES = 10
_FAR = 40.0  # deviations, beyond which a normal law has no mass that a number holds


@dataclass(frozen=True, eq=False)
class Reference:
    """A law on the line.

    Parameters
    ----------
    law : Law
        This project's law, for what takes one.
    route : str
        How it is computed, in words.
    error : float
        Bound of abs(F - exact), the supremum over the line.
    error_w1 : float
        Bound of W1 to the exact law, in units of x; inf where there is no mean.
    """

    law: Law
    route: str
    error: float
    error_w1: float

    def cdf(self, x: ArrayLike) -> Floats:
        """P(X <= x): at an atom with its mass."""
        return self.law.cdf(x)

    def cdf_left(self, x: ArrayLike) -> Floats:
        """P(X < x): at an atom without its mass."""
        return self.both_sides(x)[1]

    def both_sides(self, x: ArrayLike) -> tuple[Floats, Floats]:
        """`cdf` and `cdf_left`, one array where no atom is among the points."""
        x = np.asarray(x, dtype=np.float64)
        at = below = np.asarray(self.law.cdf(x))
        for place, mass in zip(*self.atoms, strict=True):
            below = np.where(x == place, below - mass, below)
        return at, below

    def quantile(self, p: ArrayLike) -> Floats:
        """Smallest x with F(x) >= p, 0 < p < 1."""
        return self.law.quantile(p)

    def density(self, x: ArrayLike) -> Floats:
        """The density; atoms do not show in it."""
        return self.law.pdf(x)

    @property
    def mean(self) -> float | None:
        """First moment; None where there is none."""
        return self.law.mean if math.isfinite(self.law.mean) else None

    @property
    def variance(self) -> float | None:
        """Centred second moment; None where there is none."""
        return self.law.variance if self.mean is not None and math.isfinite(self.law.variance) else None

    @cached_property
    def atoms(self) -> tuple[Floats, Floats]:
        """Points that hold a mass of their own, and these masses."""
        return self.law.atoms()

    @cached_property
    def jumps(self) -> Floats:
        """Points where F or its density jumps; quadrature must not straddle them."""
        return self.law.rough()

    @property
    def panels(self) -> Floats:
        """Increasing points between which F is smooth; outside less than 1e-15 of the mass lies, or a power tail."""
        return self.law.breakpoints()

    @cached_property
    def floor_constant(self) -> float:
        """Limit of sqrt(M) E W1 between M independent draws and the law; inf where there is no such."""
        return math.inf if self.mean is None or self.law.tail <= 2.0 else self.law.w1_constant()

    def floor(self, count: int) -> float:
        """Sampling floor: E W1 of M independent draws, by its limit c/sqrt(M)."""
        return self.floor_constant / math.sqrt(count)

    def floor_kolmogorov(self, count: int) -> float:
        """E sup abs(F_M - F) of M independent draws, .8687/sqrt(M) for large M; less where there are atoms."""
        return expected_kolmogorov(count)


@dataclass(frozen=True, eq=False)
class PlaneReference:
    """A law of the plane; errors are those of its projections on the line.

    Parameters
    ----------
    law : SpaceLaw
        A normal law or a product.
    route, error, error_w1
        As on the line, of a projection on any direction.
    """

    law: SpaceLaw
    route: str
    error: float
    error_w1: float
    _projected: dict[tuple[float, ...], Reference] = field(default_factory=dict, repr=False)

    def projected(self, direction: ArrayLike) -> Reference:
        """Law of direction . X, the direction of shape (2,) and length 1; of one that is not normal as a table."""
        key = tuple(np.asarray(direction, dtype=np.float64).tolist())
        if key not in self._projected:
            law = self.law.projection(key)
            law = law if isinstance(law, Normal) else tabled(law)
            self._projected[key] = Reference(law, self.route, self.error, self.error_w1)
        return self._projected[key]

    @property
    def dim(self) -> int:
        """2: with `projection`, what `validation.sliced_w1` asks of a law; `law` itself is slower by far."""
        return 2

    def projection(self, direction: ArrayLike) -> Law:
        """The law of `projected`."""
        return self.projected(direction).law

    def cell_masses(self, edges_x: ArrayLike, edges_y: ArrayLike) -> Floats:
        """Masses of the cells between increasing edges, infinite ones too, shape (NX, NY)."""
        x, y = np.asarray(edges_x, dtype=np.float64), np.asarray(edges_y, dtype=np.float64)
        if isinstance(self.law, Product):
            return np.outer(*(np.diff(law.cdf(e)) for law, e in zip(self.law.components, (x, y), strict=True)))
        return _normal_masses(self.law.mean, self.law.covariance, x, y)

    def density(self, points: ArrayLike) -> Floats:
        """The density at points of shape (..., 2)."""
        return self.law.pdf(np.moveaxis(np.asarray(points, dtype=np.float64), -1, 0))

    @property
    def mean(self) -> Floats:
        """First moments, shape (2,)."""
        return self.law.mean

    @property
    def covariance(self) -> Floats:
        """Centred second moments, shape (2, 2)."""
        return self.law.covariance

    @property
    def variance(self) -> Floats:
        """Variances of the components, shape (2,)."""
        return self.law.variance

    @cached_property
    def floor_constant(self) -> float:
        """Limit of sqrt(M) E SW1 over the directions that `validation.sliced_w1` takes by default."""
        return float(np.mean([self.projected(theta).floor_constant for theta in directions(2).T]))

    def floor(self, count: int) -> float:
        """Sampling floor of the sliced distance, by its limit c/sqrt(M)."""
        return self.floor_constant / math.sqrt(count)


def _normal_masses(mean: Floats, covariance: Floats, x: Floats, y: Floats) -> Floats:
    """Masses of a normal law: exact in y given x, by Gauss nodes in x on pieces below half a deviation."""
    spread = math.sqrt(covariance[0, 0])
    x = np.clip(x, mean[0] - _FAR * spread, mean[0] + _FAR * spread)  # an edge at infinity
    slope = covariance[0, 1] / covariance[0, 0]
    narrow = math.sqrt(covariance[1, 1] - slope * covariance[0, 1])
    scale = 0.5 * min(spread, narrow / max(abs(slope), 1e-300))
    pieces = max(1, math.ceil(float(np.diff(x).max()) / scale))
    cuts = np.concatenate([np.linspace(a, b, pieces, endpoint=False) for a, b in pairwise(x)])
    cuts = np.append(cuts, x[-1])
    nodes, weights = gauss(_NODES)
    half = 0.5 * np.diff(cuts)[:, None]
    at = (cuts[:-1, None] + half + half * nodes).ravel()
    z = (at - mean[0]) / spread
    shares = (half * weights).ravel() * np.exp(-0.5 * z * z) / (spread * math.sqrt(2.0 * math.pi))
    inner = np.diff(ndtr((y - (mean[1] + slope * (at - mean[0]))[:, None]) / narrow), axis=1)
    masses = (shares[:, None] * inner).reshape(x.size - 1, -1, y.size - 1).sum(axis=1)
    return np.asarray(masses)
