"""The normal law on R^d: X = m + C z, C C^T the covariance, z independent standard normals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles import vmath
from particles.base.arrays import Floats, as_floats, over_arrays
from particles.base.checks import LARGEST
from particles.base.errors import InputError
from particles.base.jit import formula
from particles.model.laws.elementary import Normal
from particles.model.laws.law import Law
from particles.model.laws.space import SpaceLaw, direction_of, points_of

_SYMMETRY = 1e-12


@formula
def _draw(p: float, c: tuple[float, ...]) -> float:
    return vmath.normal_quantile(p)


@dataclass(frozen=True, eq=False)
class MultivariateNormal(SpaceLaw):
    """Normal law N(m, s) on R^d.

    Parameters
    ----------
    m : array_like, shape (d,)
        Mean, each in [-1e100, 1e100].
    s : array_like, shape (d, d)
        Covariance, symmetric and positive definite.

    Raises
    ------
    InputError
        If a number is out of range, the shapes do not fit, or s is no covariance of a density.

    Examples
    --------
    >>> from particles.model import MultivariateNormal
    >>> law = MultivariateNormal([0.0, 1.0], [[1.0, 0.5], [0.5, 1.0]])
    >>> print(f"{law.projection([0.6, 0.8]).variance:.6f}")  # 0.36 + 0.64 + 2 0.48 0.5
    1.480000
    >>> MultivariateNormal([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: s = [[1.0, 2.0], [2.0, 1.0]] must be positive definite
    """

    m: Floats
    s: Floats
    reproducible = True

    def __post_init__(self) -> None:
        m, s = as_floats(self.m, "m"), as_floats(self.s, "s", ndim=2)
        if m.size == 0 or s.shape != (m.size, m.size):
            raise InputError(f"m of shape {m.shape} and s of shape {s.shape} do not fit: allowed are (d,) and (d, d)")
        if not np.abs(m).max() <= LARGEST:
            raise InputError(f"m = {m.tolist()!r:.80} must lie in [{-LARGEST:g}, {LARGEST:g}]")
        if not np.abs(s - s.T).max() <= _SYMMETRY * np.abs(s).max():
            raise InputError(f"s = {s.tolist()!r:.120} must be symmetric")
        object.__setattr__(self, "m", m)
        object.__setattr__(self, "s", 0.5 * (s + s.T))
        _ = self._root

    @property
    def dim(self) -> int:
        return self.m.size

    @property
    def mean(self) -> Floats:
        return self.m.copy()

    @property
    def covariance(self) -> Floats:
        return self.s.copy()

    @cached_property
    def _root(self) -> Floats:
        """Cholesky's C, by sums in a fixed order: the bytes of a draw depend on no library."""
        size, root = self.dim, np.zeros((self.dim, self.dim))
        for i in range(size):
            for j in range(i + 1):
                rest = float(self.s[i, j])
                for k in range(j):
                    rest -= float(root[i, k]) * float(root[j, k])
                if i == j and not rest > 1e-15 * float(self.s[i, i]):
                    raise InputError(f"s = {self.s.tolist()!r:.120} must be positive definite")
                root[i, j] = math.sqrt(rest) if i == j else rest / float(root[j, j])
        return root

    def pdf(self, x: ArrayLike) -> Floats:
        off = points_of(x, self.dim)
        z = np.empty_like(off)
        for i in range(self.dim):  # C z = x - m, row by row
            z[i] = (off[i] - self.m[i] - sum(self._root[i, k] * z[k] for k in range(i))) / self._root[i, i]
        scale = math.prod(np.diag(self._root).tolist()) * (2.0 * math.pi) ** (0.5 * self.dim)
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(np.exp(-0.5 * (z * z).sum(axis=0)) / scale)

    def sample(self, u: ArrayLike) -> Floats:
        z = over_arrays(_draw, points_of(u, self.dim))
        out = np.empty_like(z)
        for i in range(self.dim):
            out[i] = self.m[i]
            for k in range(i + 1):
                out[i] += self._root[i, k] * z[k]
        return out

    def projection(self, direction: ArrayLike, shift: float = 0.0) -> Law:
        """N(direction . m + shift, direction . s direction); errors as in the base class."""
        theta = direction_of(direction, self.dim)
        return Normal(float(theta @ self.m) + shift, float(theta @ self.s @ theta))
