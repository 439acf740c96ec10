"""What of a model can be learnt, as one flat vector with names: weights and biases, constant or by pieces.

A gradient by the weights and biases of every step becomes one by these numbers: a constant is that of all steps, a
piece that of the steps in it, and a number given for a matrix stands for a multiple of the identity.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_one_of
from particles.model import Model
from particles.model.parameters import Piecewise
from particles.training.of_particles import Gradient

_FIELDS = ("weight", "bias")


@dataclass(frozen=True)
class Parameters:
    """The numbers of a model's weight and bias, those that are functions of time or follow the mean left out.

    Parameters
    ----------
    model : Model
    learn : tuple of str, default ("weight", "bias")
        Which of the two.

    Raises
    ------
    InputError
        If another is named.
    """

    model: Model
    learn: tuple[str, ...] = _FIELDS

    def __post_init__(self) -> None:
        for name in self.learn:
            require_one_of("learn", name, _FIELDS)

    @property
    def names(self) -> tuple[str, ...]:
        """A name for every number, such as "weight", "bias[1]" or "weight[0,1] from t = 0.5"."""
        return tuple(name for field in self._fields() for name in _named(field, getattr(self.model, field)))

    @property
    def values(self) -> Floats:
        """The numbers, shape (n,)."""
        parts = [np.ravel(_array(getattr(self.model, field))) for field in self._fields()]
        return np.concatenate([*parts, np.empty(0)])

    def with_values(self, values: Floats) -> Model:
        """The model with other numbers, shape (n,)."""
        changed: dict[str, Any] = {}
        at = 0
        for field in self._fields():
            given = getattr(self.model, field)
            shape = _array(given).shape
            part = np.reshape(values[at : at + int(np.prod(shape))], shape)
            at += part.size
            changed[field] = Piecewise(given.edges, part) if isinstance(given, Piecewise) else _plain(part)
        return dataclasses.replace(self.model, **changed)

    def chain(self, gradient: Gradient) -> Floats:
        """Derivatives by the numbers, shape (n,), from those by every step."""
        model, steps = self.model, gradient.levels[:-1]
        by_bias = gradient.biases.reshape(len(steps), model.neurons, model.dim).sum(axis=1)
        by_step = {"weight": gradient.weights * (1.0 / model.size if model.is_scaled else 1.0), "bias": by_bias}
        parts = []
        for field in self._fields():
            given, rows = getattr(model, field), by_step[field]
            if _array(given).ndim == (1 if isinstance(given, Piecewise) else 0):  # a number for a matrix or a vector
                rows = np.trace(rows, axis1=1, axis2=2) if field == "weight" else rows.sum(axis=1)
            if isinstance(given, Piecewise):
                piece = given.pieces(steps)
                rows = np.stack([rows[piece == k].sum(axis=0) for k in range(len(given.edges))])
            else:
                rows = rows.sum(axis=0)
            parts.append(np.ravel(rows))
        return np.concatenate([*parts, np.empty(0)])

    def directions(self, times: Floats) -> tuple[Floats, Floats]:
        """How scaled weights and biases at `times` move with each number, shapes (K, n, D, D) and (K, n, D)."""
        zeros, ones = np.zeros(len(self.names)), np.eye(len(self.names))
        still = self.with_values(zeros)
        base = still.weights(times), still.biases(times, still.weights(times))
        found = []
        for one in ones:
            moved = self.with_values(one)
            weights = moved.weights(times)
            found.append((weights - base[0], moved.biases(times, weights) - base[1]))
        return np.stack([w for w, _ in found], axis=1), np.stack([b for _, b in found], axis=1)

    def _fields(self) -> Iterator[str]:
        for field in self.learn:
            given = getattr(self.model, field)
            if isinstance(given, Piecewise) or not (callable(given) or (field == "bias" and self.model.mean_coupled)):
                yield field


def _array(given: Any) -> Floats:
    return np.asarray(given.values if isinstance(given, Piecewise) else given, dtype=np.float64)


def _plain(part: Floats) -> Any:
    return float(part) if part.ndim == 0 else part


def _named(field: str, given: Any) -> Iterator[str]:
    values = _array(given)
    for at in np.ndindex(values.shape):
        piece, rest = (at[:1], at[1:]) if isinstance(given, Piecewise) else ((), at)
        name = f"{field}[{','.join(map(str, rest))}]" if rest else field
        yield f"{name} from t = {given.edges[piece[0]]:g}" if piece else name
