"""What everybody may ask a probability law on R^d. Points are columns: shape (d, n), or (d, ...) for more axes."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats, as_floats
from particles.base.errors import InputError
from particles.model.laws.law import Law


class SpaceLaw(ABC):
    """A probability law on R^d, d >= 1.

    A law must state `dim`, `pdf`, `sample`, `mean` and `covariance`; `projection` where it knows one. As on the line a
    cloud starts from uniform numbers alone, and laws marked `reproducible` draw the same bytes on any CPU target.

    Examples
    --------
    >>> from particles.model import Normal, Product, SpaceLaw
    >>> law = Product([Normal(0.0, 1.0), Normal(0.0, 4.0)])
    >>> isinstance(law, SpaceLaw), law.dim, law.reproducible
    (True, 2, True)
    >>> print(f"{law.projection([0.6, 0.8]).variance:.2f}")  # 0.36 + 0.64 4, of 0.6 x + 0.8 y
    2.92
    """

    reproducible: bool = False
    accuracy: float = 0.0
    """W1 by which a computed law may be off the one that is meant, in units of x; 0 for a closed form."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Dimension d."""

    @abstractmethod
    def pdf(self, x: ArrayLike) -> Floats:
        """Density with respect to dx at points x, shape (d, ...), returned without the first axis."""

    @abstractmethod
    def sample(self, u: ArrayLike) -> Floats:
        """Draws, shape (d, n), from independent numbers u uniform in (0, 1) of shape (d, n)."""

    @property
    @abstractmethod
    def mean(self) -> Floats:
        """First moments, shape (d,)."""

    @property
    @abstractmethod
    def covariance(self) -> Floats:
        """Centred second moments, shape (d, d)."""

    @property
    def variance(self) -> Floats:
        """Variances of the components, shape (d,)."""
        return np.diag(self.covariance).copy()

    def projection(self, direction: ArrayLike, shift: float = 0.0) -> Law:
        """Law on the line of direction . X + shift, direction of shape (d,), not 0.

        Raises
        ------
        InputError
            If the direction does not fit, or the law of the projection is not known.
        """
        direction_of(direction, self.dim)
        raise InputError(f"the projection of a law of type {type(self).__name__} on a direction is not known")

    def marginal(self, k: int) -> Law:
        """Law of component k, 0 <= k < d; errors as `projection`."""
        if k not in range(self.dim):
            raise InputError(f"k = {k!r} must be one of the components 0 to {self.dim - 1}")
        return self.projection(np.eye(self.dim)[k])


def direction_of(given: ArrayLike, dim: int) -> Floats:
    """Return a direction as an array of shape (dim,), or InputError where it does not fit or is 0."""
    direction = as_floats(given, "direction")
    if direction.shape != (dim,) or not direction.any():
        raise InputError(f"direction = {direction.tolist()!r:.80} must be {dim} numbers that are not all 0")
    return direction


def points_of(given: ArrayLike, dim: int) -> Floats:
    """Return points as an array of shape (dim, ...), or InputError."""
    points = np.asarray(given, dtype=np.float64)
    if points.ndim == 0 or len(points) != dim:
        raise InputError(f"points of shape {points.shape} must have {dim} rows")
    return points
