"""What is minimised: a loss over the learnt numbers theta, (ridge/2) abs(theta)^2, and a penalty."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from particles.base.arrays import Floats, ordered_product
from particles.base.checks import LARGEST
from particles.base.errors import InputError, NotFiniteError
from particles.training.batches import Batches
from particles.training.of_particles import Gradient, Sweep
from particles.training.parameters import Parameters
from particles.training.penalty import Penalty
from particles.training.record import Record
from particles.training.squares import products, readouts, residuals_and_tangents, targets


@dataclass(eq=False)
class Objective:
    """A function of the learnt numbers with its gradient, whose answers are kept in a record.

    Parameters
    ----------
    parameters : Parameters
        What is learnt, of a model whose own numbers are the start.
    sweep : Sweep
        The loss over its particles, the same in every evaluation.
    ridge : float >= 0, default 0
    penalty : Penalty, optional
        Added too.
    record : Record, optional
        Of what was asked.
    """

    parameters: Parameters
    sweep: Sweep
    ridge: float = 0.0
    penalty: Penalty | None = None
    record: Record = field(default_factory=Record)
    _runs: int = field(default=1, init=False)
    _batches: Batches | None = field(default=None, init=False)
    _last: tuple[Floats, Floats] | None = field(default=None, init=False)

    @property
    def evaluations(self) -> int:
        """How often it was asked: of all particles, of a batch, or of a member of an ensemble."""
        return self._runs * len(self.record.rows)

    def at(self, theta: Floats) -> tuple[float, Floats]:
        """Value and gradient; inf and zeros where one of them is not finite.

        Those of the last point are kept, for a method that asks again what it has seen.
        """
        if self._last is None or not np.array_equal(self._last[0], theta):
            self._last = theta.copy(), self.record.ask(theta, lambda: self._differentiated(theta))
        answer = self._last[1]
        return float(answer[0]), answer[1:].copy()

    def agreed(self, theta: Floats) -> Floats:
        """The numbers, the same to the bit on all ranks, or InputError: a library's last bit may hang on the processor.

        Ranks that go on from different numbers would ask different questions, and wait for each other for ever.
        """
        if len({other.tobytes() for other in self.sweep.ensemble.ranks.gather(theta)}) > 1:
            raise InputError(
                "ranks on different processors are led to different numbers by a library: allowed are methods of our"
                " own, lm, adam, sgd, descent and enki",
                on_all_ranks=True,
            )
        return theta

    def beyond(self, theta: Floats) -> float:
        """The value alone, where a training has ended: no question of its record."""
        if not self.sweep.loss.squared:
            return float(self._differentiated(theta)[0])
        value = self._half_squares(self._outputs(theta))
        return float(self._penalised(theta, value, np.zeros(theta.size))[0])

    def _outputs(self, theta: Floats) -> Floats:
        with np.errstate(all="ignore"):  # what is not finite is told by the value
            return readouts(self.sweep.of(self._at(theta).model))

    def _half_squares(self, outputs: Floats) -> float:
        """The loss of outputs, shape (d, m), whose targets are known."""
        lacking = products(self.sweep, (outputs - targets(self.sweep))[None], [(0, 0)])
        return 0.5 * float(lacking[0]) / self.sweep.run.count

    def batches(self, size: int) -> int:
        """Cut the particles into batches; return how many an epoch has."""
        self._batches = Batches(self.sweep, size)
        return self._batches.an_epoch

    def at_batch(self, theta: Floats, number: int) -> tuple[float, Floats]:
        """Value and gradient of a batch, counted from the first epoch on."""
        answer = self.record.ask(theta, lambda: self._differentiated(theta, number))
        return float(answer[0]), answer[1:]

    def _differentiated(self, theta: Floats, number: int | None = None) -> Floats:
        nowhere = np.concatenate([[math.inf], np.zeros(theta.size)])
        if _too_large(theta):
            return nowhere
        here = self._at(theta)
        try:
            with np.errstate(all="ignore"):
                found = self._gradient(here, number)
        except NotFiniteError:
            return nowhere
        return self._penalised(theta, found.loss, here.chain(found))

    def _gradient(self, here: Parameters, number: int | None) -> Gradient:
        if number is None:
            return self.sweep.of(here.model).gradient()
        assert self._batches is not None
        return self._batches.gradient(here.model, number)

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
        if _too_large(theta):
            return np.concatenate([[math.inf], np.zeros(theta.size * (1 + theta.size))])
        with np.errstate(all="ignore"):
            residuals, tangents = residuals_and_tangents(self.sweep, self._at(theta))
        inner, n = self._products(np.concatenate([tangents, residuals[None]])), theta.size
        matrix = inner[:n, :n] + self._quadratic(n)
        return np.concatenate([self._penalised(theta, 0.5 * inner[n, n], inner[n, :n]), matrix.reshape(-1)])

    def _products(self, rows: Floats) -> Floats:
        """Products of rows, shape (k, d, m), with each other, shape (k, k), over all particles."""
        pairs, found = [(i, j) for i in range(len(rows)) for j in range(i + 1)], np.zeros((len(rows), len(rows)))
        for (i, j), part in zip(pairs, products(self.sweep, rows, pairs).tolist(), strict=True):
            found[i, j] = found[j, i] = part
        return found

    def _quadratic(self, n: int) -> Floats:
        """Second derivatives of what is added to the loss."""
        matrix: Floats = self.ridge * np.eye(n)
        return matrix if self.penalty is None else matrix + self.penalty.matrix()

    def of_ensemble(self, ensemble: Floats) -> tuple[Floats, float, Floats]:
        """Mean of an ensemble, shape (J, n), the value there, and products, shape (J + 1, J + 1), see `kalman`:

        of the members' outputs less their mean, and of the targets less that mean.
        """
        many = len(ensemble)
        self._runs = many + 1
        mean = sum(ensemble[1:], ensemble[0]) / many
        answer = self.record.ask(ensemble.reshape(-1), lambda: self._of_ensemble(ensemble, mean))
        return mean, float(answer[0]), answer[1:].reshape(many + 1, many + 1)

    def _of_ensemble(self, ensemble: Floats, mean: Floats) -> Floats:
        if _too_large(ensemble):
            return np.concatenate([[math.inf], np.zeros((len(ensemble) + 1) ** 2)])
        *outputs, last = (self._outputs(theta) for theta in (*ensemble, mean))
        many, n = ensemble.shape
        middle = sum(outputs[1:], outputs[0]) / many
        inner = self._products(np.stack([*(output - middle for output in outputs), targets(self.sweep) - middle]))
        added = np.stack([*(ensemble - mean), -mean])
        count, matrix = self.sweep.run.count, self._quadratic(n)
        inner += count * ordered_product(added, ordered_product(matrix, np.ascontiguousarray(added.T)))
        value = self._penalised(mean, self._half_squares(last), np.zeros(n))[:1]
        return np.concatenate([value, inner.reshape(-1)])


def _too_large(theta: Floats) -> bool:
    """Whether a number is beyond what a model takes."""
    return not bool((np.abs(theta) <= LARGEST).all())


def square(x: Floats) -> float:
    """abs(x)^2, rounded once: no library's product, whose last digit is not that of every processor."""
    return dot(x, x)


def dot(x: Floats, y: Floats) -> float:
    """x . y, products rounded and their sum once."""
    with suppress(OverflowError, ValueError):
        return math.fsum((x * y).tolist())
    return math.inf


def solved(matrix: Floats, right: Floats) -> Floats:
    """Solution of a positive definite system of a few equations; see `factored`."""
    return substituted(factored(matrix), right)


def factored(matrix: Floats) -> Floats:
    """Cholesky's factor of a positive definite matrix, in a fixed order of sums.

    What rounding makes indefinite counts as a direction in which nothing is known: no step is taken there.
    """
    n = len(matrix)
    factor = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            total = matrix[i, j] - math.fsum(factor[i, :j] * factor[j, :j])
            factor[i, j] = total / factor[j, j] if factor[j, j] < math.inf else 0.0
        left = matrix[i, i] - math.fsum(factor[i, :i] ** 2)
        factor[i, i] = math.sqrt(left) if left > 0.0 else math.inf
    return factor


def substituted(factor: Floats, right: Floats) -> Floats:
    """Solution for a right side, shape (n,), by that factor."""
    n = right.size
    y, x = np.zeros(n), np.zeros(n)
    for i in range(n):
        y[i] = (right[i] - math.fsum(factor[i, :i] * y[:i])) / factor[i, i]
    for i in range(n - 1, -1, -1):
        x[i] = (y[i] - math.fsum(factor[i + 1 :, i] * x[i + 1 :])) / factor[i, i]
    return x
