"""What is minimised: a loss over the learnt numbers theta, (ridge/2) abs(theta)^2, and a penalty."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import NotFiniteError
from particles.base.sums import ordered_sum
from particles.ensemble import BLOCK
from particles.kernels.reductions import block_sums
from particles.model import Model
from particles.training.of_particles import Gradient
from particles.training.parameters import Parameters
from particles.training.penalty import Penalty
from particles.training.record import Record


@dataclass(eq=False)
class Objective:
    """A function of the learnt numbers with its gradient, whose answers are kept in a record.

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
    record : Record, optional
        Of what was asked; its ranks are those whose residuals are summed, block by block and so the same on any number.
    """

    parameters: Parameters
    differentiate: Callable[[Model], Gradient]
    ridge: float = 0.0
    penalty: Penalty | None = None
    residuals: Callable[[Parameters], tuple[Floats, Floats]] | None = None
    record: Record = field(default_factory=Record)
    _last: tuple[Floats, Floats] | None = field(default=None, init=False)

    @property
    def evaluations(self) -> int:
        """How often it was asked."""
        return len(self.record.rows)

    def at(self, theta: Floats) -> tuple[float, Floats]:
        """Value and gradient; inf and zeros where one of them is not finite.

        Those of the last point are kept, for a method that asks again what it has seen.
        """
        if self._last is None or not np.array_equal(self._last[0], theta):
            self._last = theta.copy(), self.record.ask(theta, lambda: self._differentiated(theta))
        answer = self._last[1]
        return float(answer[0]), answer[1:].copy()

    def beyond(self, theta: Floats) -> float:
        """The value alone, where a training has ended: no question of its record."""
        return float(self._differentiated(theta)[0])

    def _differentiated(self, theta: Floats) -> Floats:
        here = self._at(theta)
        try:
            found = self.differentiate(here.model)
        except NotFiniteError:
            return np.concatenate([[math.inf], np.zeros(theta.size)])
        return self._penalised(theta, found.loss, here.chain(found))

    def _penalised(self, theta: Floats, value: float, slope: Floats) -> Floats:
        """Value and gradient, shape (n + 1,), with what is added to the loss."""
        value, slope = value + 0.5 * self.ridge * square(theta), slope + self.ridge * theta
        if self.penalty is not None:
            value, slope = value + self.penalty.value(theta), slope + self.penalty.slope(theta)
        return np.concatenate([[value], slope])

    def _at(self, theta: Floats) -> Parameters:
        return Parameters(self.parameters.with_values(theta), self.parameters.learn)

    def linearised(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """Value, gradient and Gauss and Newton's matrix, shape (n, n)."""
        answer, n = self.record.ask(theta, lambda: self._linearised(theta)), theta.size
        return float(answer[0]), answer[1 : n + 1], answer[n + 1 :].reshape(n, n)

    def _linearised(self, theta: Floats) -> Floats:
        assert self.residuals is not None
        residuals, tangents = self.residuals(self._at(theta))
        rows, n = np.concatenate([tangents, residuals[None]]), theta.size
        pairs = [(i, j) for i in range(n + 1) for j in range(i + 1)]
        sums = np.stack([block_sums(_dots(rows[i], rows[j]), BLOCK) for i, j in pairs], axis=1)
        products = np.zeros((n + 1, n + 1))
        for (i, j), part in zip(pairs, ordered_sum(sums, self.record.ranks).tolist(), strict=True):
            products[i, j] = products[j, i] = part
        matrix = products[:n, :n] + self.ridge * np.eye(n)
        if self.penalty is not None:
            matrix += self.penalty.matrix()
        return np.concatenate([self._penalised(theta, 0.5 * products[n, n], products[n, :n]), matrix.reshape(-1)])


def square(x: Floats) -> float:
    """abs(x)^2, rounded once: no library's product, whose last digit is not that of every processor."""
    return dot(x, x)


def dot(x: Floats, y: Floats) -> float:
    """x . y, products rounded and their sum once."""
    return math.fsum((x * y).tolist())


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
