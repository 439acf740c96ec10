"""What of a model can be learnt, as one flat vector with names: weights and biases, constant or by pieces, and gamma.

A gradient by the weights and biases of every step becomes one by these numbers: a constant is that of all steps, a
piece that of the steps in it, and a number given for a matrix stands for a multiple of the identity. A drift with a
constant that it states a derivative by, gamma of the power law, has that one too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import LARGEST, require_one_of
from particles.base.errors import InputError
from particles.model import Model
from particles.model.parameters import Piecewise
from particles.training.of_particles import Gradient

_FIELDS = ("weight", "bias")
_LEAST = 1.0 / LARGEST  # of a drift's constant: 0 but for what a case's file and the drift itself allow


@dataclass(frozen=True)
class Parameters:
    """The numbers of a model's weight, bias and drift; what is a function of time or follows the mean is left out.

    Parameters
    ----------
    model : Model
    learn : tuple of str, default ("weight", "bias")
        Which of the two, and the name of the drift's constant, such as "gamma" (`Drift.constant`).

    Raises
    ------
    InputError
        If another is named, or one twice.

    Examples
    --------
    >>> from particles.model import TANH, Model, Normal, piecewise
    >>> from particles.training import Parameters
    >>> weight = piecewise([0.0, 1.0], [-1.0, -0.5])
    >>> model = Model(drift=TANH, weight=weight, bias=1.0, initial=Normal(1.0, 1.0))
    >>> learnt = Parameters(model)
    >>> learnt.names, learnt.values
    (('weight from t = 0', 'weight from t = 1', 'bias'), array([-1. , -0.5,  1. ]))
    >>> learnt.with_values([-1.0, -0.5, 2.0]).bias
    2.0
    """

    model: Model
    learn: tuple[str, ...] = _FIELDS

    def __post_init__(self) -> None:
        for name in self.learn:
            require_one_of("learn", name, learnable(self.model))
            if self.learn.count(name) > 1:
                raise InputError(f"learn = {self.learn!r} holds {name!r} more than once")

    @property
    def names(self) -> tuple[str, ...]:
        """A name for every number, such as "weight", "bias[1]" or "weight[0,1] from t = 0.5"."""
        return tuple(name for field in self._fields() for name in _named(field, self._given(field)))

    def parts(self) -> dict[str, slice]:
        """Where each of "weight", "bias" and the drift's constant that is learnt stands among the numbers."""
        found, at = {}, 0
        for field in self._fields():
            found[field] = slice(at, at := at + self._flat(field).size)
        return found

    @property
    def values(self) -> Floats:
        """The numbers, shape (n,)."""
        parts = [np.ravel(_array(self._given(field))) for field in self._fields()]
        return np.concatenate([*parts, np.empty(0)])

    @property
    def ends(self) -> tuple[Floats, Floats]:
        """Between what every number may lie, shapes (n,): a drift's constant is positive."""
        low = [-np.inf if field in _FIELDS else _LEAST for field in self._fields() for _ in self._flat(field)]
        return np.array(low), np.full(len(low), np.inf)

    def with_values(self, values: Floats) -> Model:
        """The model with other numbers, shape (n,)."""
        changed: dict[str, Any] = {}
        at = 0
        for field in self._fields():
            given = self._given(field)
            shape = _array(given).shape
            part = np.reshape(values[at : at + int(np.prod(shape))], shape)
            at += part.size
            if field in _FIELDS:
                changed[field] = Piecewise(given.edges, part) if isinstance(given, Piecewise) else _plain(part)
            else:
                changed["drift"] = self.model.drift.with_constant(float(part))
        return dataclasses.replace(self.model, **changed)

    def chain(self, gradient: Gradient) -> Floats:
        """Derivatives by the numbers, shape (n,), from those by every step."""
        model, steps = self.model, gradient.levels[:-1]
        by_bias = gradient.biases.reshape(len(steps), model.neurons, model.dim).sum(axis=1)
        by_step = {"weight": gradient.weights * (1.0 / model.size if model.is_scaled else 1.0), "bias": by_bias}
        parts = []
        for field in self._fields():
            if field not in _FIELDS:
                parts.append(np.array([gradient.constant]))
                continue
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

    def directions(self, times: Floats) -> tuple[Floats, Floats, Floats]:
        """How weights (with their factor), biases and the drift's constant at `times` move with each number.

        Shapes (K, n, D, D), (K, n, D) and (n,).
        """
        constant = np.array([float(field not in _FIELDS) for field in self._fields() for _ in self._flat(field)])
        zeros, ones = constant.copy(), np.eye(len(constant))  # a drift's constant is no 0; it moves neither of them
        still = self.with_values(zeros)
        base = still.weights(times), still.biases(times, still.weights(times))
        found = []
        for one in ones:
            moved = self.with_values(np.maximum(one, constant))
            weights = moved.weights(times)
            found.append((weights - base[0], moved.biases(times, weights) - base[1]))
        return np.stack([w for w, _ in found], axis=1), np.stack([b for _, b in found], axis=1), constant

    def _given(self, field: str) -> Any:
        """What the model holds: a number, an array or pieces."""
        return getattr(self.model, field) if field in _FIELDS else self.model.drift.constants[0]

    def _flat(self, field: str) -> Floats:
        return np.ravel(_array(self._given(field)))

    def _fields(self) -> Iterator[str]:
        for field in self.learn:
            given = self._given(field)
            if isinstance(given, Piecewise) or not (callable(given) or (field == "bias" and self.model.mean_coupled)):
                yield field


def learnable(model: Model) -> tuple[str, ...]:
    """Names of what `Parameters` takes."""
    return (*_FIELDS, model.drift.constant) if model.drift.constant else _FIELDS


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
