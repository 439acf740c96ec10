"""The law of A Y + c for a law of Y on R^d: what a linear flow makes of a start, and laws that rest in other axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats, as_floats
from particles.base.errors import InputError
from particles.model.laws.law import Law
from particles.model.laws.space import SpaceLaw, direction_of, points_of


@dataclass(frozen=True, eq=False)
class AffineImage(SpaceLaw):
    """Law of A Y + c; density g_Y(A^(-1) (x - c))/abs(det A).

    Parameters
    ----------
    law : SpaceLaw
        Law of Y.
    matrix : array_like, shape (d, d)
        The matrix A, invertible.
    shift : array_like, shape (d,)
        The vector c.

    Raises
    ------
    InputError
        If the shapes do not fit, or the matrix has no inverse.

    Examples
    --------
    >>> from particles.model import AffineImage, Normal, Product, Uniform
    >>> square = Product([Uniform(0.0, 1.0), Normal(0.0, 1.0)])
    >>> sheared = AffineImage(square, [[1.0, 1.0], [0.0, 2.0]], [0.0, 3.0])
    >>> print(sheared.mean.round(6), sheared.covariance.round(6).tolist())
    [0.5 3. ] [[1.083333, 2.0], [2.0, 4.0]]
    >>> AffineImage(square, [[1.0, 1.0], [2.0, 2.0]], [0.0, 0.0])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: matrix = [[1.0, 1.0], [2.0, 2.0]] must have an inverse
    """

    law: SpaceLaw
    matrix: Floats
    shift: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", as_floats(self.matrix, "matrix", ndim=2))
        object.__setattr__(self, "shift", as_floats(self.shift, "shift"))
        size = self.law.dim
        if self.matrix.shape != (size, size) or self.shift.shape != (size,):
            shapes = f"matrix of shape {self.matrix.shape} and shift of shape {self.shift.shape}"
            raise InputError(f"{shapes} do not fit a law on R^{size}")
        _ = self._inverse

    @cached_property
    def _inverse(self) -> Floats:
        try:
            inverse = np.asarray(np.linalg.inv(self.matrix), dtype=np.float64)
        except np.linalg.LinAlgError:
            inverse = np.full(self.matrix.shape, math.nan)
        if not np.isfinite(inverse).all():
            raise InputError(f"matrix = {self.matrix.tolist()!r:.120} must have an inverse")
        return inverse

    @property
    def reproducible(self) -> bool:  # type: ignore[override]
        """True where that of Y is: the sums of A y are in a fixed order."""
        return self.law.reproducible

    @property
    def dim(self) -> int:
        return self.law.dim

    def pdf(self, x: ArrayLike) -> Floats:
        off = points_of(x, self.dim)
        off = off - self.shift.reshape((-1,) + (1,) * (off.ndim - 1))
        return self.law.pdf(np.tensordot(self._inverse, off, axes=1)) * abs(float(np.linalg.det(self._inverse)))

    def sample(self, u: ArrayLike) -> Floats:
        y = self.law.sample(u)
        out = np.empty_like(y)
        for i in range(self.dim):
            out[i] = self.shift[i]
            for k in range(self.dim):
                out[i] += self.matrix[i, k] * y[k]
        return out

    @property
    def mean(self) -> Floats:
        return np.asarray(self.matrix @ self.law.mean + self.shift)

    @property
    def covariance(self) -> Floats:
        return np.asarray(self.matrix @ self.law.covariance @ self.matrix.T)

    def projection(self, direction: ArrayLike, shift: float = 0.0) -> Law:
        """The law of A^T direction . Y, moved: known where that of Y is; errors as in the base class."""
        theta = direction_of(direction, self.dim)
        return self.law.projection(self.matrix.T @ theta, float(theta @ self.shift) + shift)
