"""What is minimised: a loss over the learnt numbers theta, (ridge/2) abs(theta)^2, and a penalty."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from particles.base.arrays import Floats
from particles.base.parallel import Ranks, serial
from particles.base.sums import ordered_sum
from particles.ensemble import BLOCK
from particles.kernels.reductions import block_sums
from particles.model import Model
from particles.training.of_particles import Gradient
from particles.training.parameters import Parameters
from particles.training.penalty import Penalty


@dataclass(eq=False)
class Objective:
    """A function of the learnt numbers with its gradient, that counts how often it is asked.

    Parameters
    ----------
    parameters : Parameters
        What is learnt, of a model whose own numbers are the start.
    differentiate : callable (model) -> Gradient
    ridge : float >= 0, default 0
    penalty : Penalty, optional
        Added too.
    residuals : callable (parameters) -> (residuals, tangents), optional
        Of a squared loss, of this rank's particles: shapes (d, m) and (n, d, m), scaled so that the loss is half the
        sum of all squares.
    ranks : Ranks, optional
        Whose residuals are summed, block by block and so the same on any number of them.
    """

    parameters: Parameters
    differentiate: Callable[[Model], Gradient]
    ridge: float = 0.0
    residuals: Callable[[Parameters], tuple[Floats, Floats]] | None = None
    ranks: Ranks = field(default_factory=serial)
    penalty: Penalty | None = None
    evaluations: int = field(default=0, init=False)
    _last: tuple[Floats, tuple[float, Floats]] | None = field(default=None, init=False)

    def at(self, theta: Floats) -> tuple[float, Floats]:
        """Value and gradient; those of the last point are kept, for a method that asks again what it has seen."""
        if self._last is None or not np.array_equal(self._last[0], theta):
            self._last = theta.copy(), self._differentiated(theta)
        value, slope = self._last[1]
        return value, slope.copy()

    def _differentiated(self, theta: Floats) -> tuple[float, Floats]:
        self.evaluations += 1
        here = self._at(theta)
        found = self.differentiate(here.model)
        by_theta = here.chain(found)
        return self._penalised(
            theta, found.loss + 0.5 * self.ridge * float(theta @ theta), by_theta + self.ridge * theta
        )

    def _penalised(self, theta: Floats, value: float, slope: Floats) -> tuple[float, Floats]:
        if self.penalty is None:
            return value, slope
        return value + self.penalty.value(theta), slope + self.penalty.slope(theta)

    def _at(self, theta: Floats) -> Parameters:
        return Parameters(self.parameters.with_values(theta), self.parameters.learn)

    def linearised(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """Value, gradient and Gauss and Newton's matrix, shape (n, n)."""
        assert self.residuals is not None
        self.evaluations += 1
        residuals, tangents = self.residuals(self._at(theta))
        rows, n = np.concatenate([tangents, residuals[None]]), theta.size
        pairs = [(i, j) for i in range(n + 1) for j in range(i + 1)]
        sums = np.stack([block_sums(_dots(rows[i], rows[j]), BLOCK) for i, j in pairs], axis=1)
        products = np.zeros((n + 1, n + 1))
        for (i, j), part in zip(pairs, ordered_sum(sums, self.ranks).tolist(), strict=True):
            products[i, j] = products[j, i] = part
        value = 0.5 * float(products[n, n] + self.ridge * float(theta @ theta))
        matrix = products[:n, :n] + self.ridge * np.eye(n)
        if self.penalty is not None:
            matrix += self.penalty.matrix()
        return *self._penalised(theta, value, products[n, :n] + self.ridge * theta), matrix


def _dots(a: Floats, b: Floats) -> Floats:
    """Products of two vectors a particle, shape (m,), in the order of the components."""
    total = a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        total = total + x * y
    return np.asarray(total)


def solved(matrix: Floats, right: Floats) -> Floats:
    """Solution of a positive definite system of a few equations, by Cholesky's factors in a fixed order of sums.

    What rounding makes indefinite counts as a direction in which nothing is known: no step is taken there.
    """
    n = right.size
    factor, y, x = np.zeros((n, n)), np.zeros(n), np.zeros(n)
    for i in range(n):
        for j in range(i):
            total = matrix[i, j] - math.fsum(factor[i, :j] * factor[j, :j])
            factor[i, j] = total / factor[j, j] if factor[j, j] < math.inf else 0.0
        left = matrix[i, i] - math.fsum(factor[i, :i] ** 2)
        factor[i, i] = math.sqrt(left) if left > 0.0 else math.inf
    for i in range(n):
        y[i] = (right[i] - math.fsum(factor[i, :i] * y[:i])) / factor[i, i]
    for i in range(n - 1, -1, -1):
        x[i] = (y[i] - math.fsum(factor[i + 1 :, i] * x[i + 1 :])) / factor[i, i]
    return x
