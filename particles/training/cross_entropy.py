"""Cross entropy of classes: minus the mean logarithm of the probability that the readout x gives a particle's class h.

    one feature     P(1) = 1/(1 + e^(-x)), two classes:   log(1 + e^x) - h x,           its derivative P(1) - h
    d features      P(k) = e^(x_k)/sum_j e^(x_j):         log sum_j e^(x_j) - x_h,      its derivatives P(k) - [k = h]

The readout itself is the logit, with no weight or bias of its own; classes weigh as often as they occur.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from particles import vmath
from particles.base.arrays import Floats, over_arrays
from particles.base.errors import InputError
from particles.base.jit import formula
from particles.model import Samples
from particles.training.losses import Loss, labels_of


@formula
def _softplus(x: float, c: Any) -> float:
    return (x if x > 0.0 else 0.0) + vmath.log1p(vmath.exp(-abs(x)))


@formula
def _probability(x: float, c: Any) -> float:
    return vmath.sigmoid(x)


@formula
def _exp(x: float, c: Any) -> float:
    return vmath.exp(x)


@formula
def _log(x: float, c: Any) -> float:
    return vmath.log(x)


@formula
def probability_less(x: float, given: float) -> float:
    """P(1) - h, of the cross entropy of two classes."""
    return vmath.sigmoid(x) - given


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Mean cross entropy of classes.

    Parameters
    ----------
    labels : int or array_like of int, shape (M,)
        Class of each particle, or of all: 0 or 1 with one feature, 0, ..., d - 1 with d of them.

    Raises
    ------
    InputError
        If they are no integers of at least 0.

    Notes
    -----
    ::

        one feature   log(1 + e^x) - h x;   d features   log sum_j e^(x_j) - x_h

    Examples
    --------
    >>> import numpy as np
    >>> from particles.training import CrossEntropy
    >>> x, levels = np.array([[0.0, 0.0]]), np.array([0.25, 0.75])
    >>> terms, slopes = CrossEntropy([1, 0]).terms(x, levels, 0)
    >>> print(terms.round(6), slopes)  # ln 2 each: undecided; P(1) - h
    [0.693147 0.693147] [[-0.5  0.5]]
    >>> CrossEntropy([1, -1])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: labels of type int64 and shape (2,) must be integers of at least 0
    """

    labels: Any
    name = "cross-entropy"
    start = staticmethod(probability_less)

    def __post_init__(self) -> None:
        labels = np.asarray(self.labels)
        if labels.ndim > 1 or labels.size == 0 or labels.dtype.kind not in "biu" or labels.min() < 0:
            raise InputError(f"labels of type {labels.dtype} and shape {labels.shape} must be integers of at least 0")

    @classmethod
    def of(cls, samples: Samples) -> CrossEntropy:
        """That of the labels of given points: the classes are numbered in the order of their labels.

        Raises
        ------
        InputError
            If there are no labels, or only one.
        """
        names, numbers = np.unique(labels_of(samples, cls.name), return_inverse=True)
        if names.size < 2:
            raise InputError(
                f"labels: all are {names.tolist()[0]!r}, and loss 'cross-entropy' needs two classes or more"
            )
        return cls(numbers.astype(np.int64))

    def of_some(self, which: NDArray[np.int64]) -> CrossEntropy:
        """That of their labels."""
        labels = np.asarray(self.labels)
        return CrossEntropy(labels[which] if labels.ndim else labels)

    def given(self, dim: int, first: int, count: int) -> Floats | None:
        """The classes of these particles with one feature; with more, `terms` has the derivatives."""
        classes = self._classes(dim, first, count)
        return classes[None].astype(np.float64) if dim == 1 else None

    def terms(self, x: Floats, levels: Floats, first: int) -> tuple[Floats, Floats]:
        """See the table of the module."""
        classes = self._classes(len(x), first, x.shape[1])
        if len(x) == 1:
            wrong_way = np.where(classes == 1, -x[0], x[0])
            return over_arrays(_softplus, wrong_way), over_arrays(_probability, x) - classes
        largest, own = x.max(axis=0), np.arange(len(x))[:, None] == classes
        shares = over_arrays(_exp, x - largest)
        total = shares[0]
        for share in shares[1:]:  # in the order of the classes
            total = total + share
        return (largest - x[classes, np.arange(classes.size)]) + over_arrays(_log, total), shares / total - own

    def _classes(self, dim: int, first: int, count: int) -> NDArray[np.int64]:
        labels, most = np.asarray(self.labels, dtype=np.int64), max(dim, 2) - 1
        if labels.max() > most:
            raise InputError(f"labels up to {labels.max()} with {dim} feature{'s'[: dim - 1]}: allowed are 0 to {most}")
        if labels.ndim == 0:
            return np.full(count, labels)
        if labels.size < first + count:
            raise InputError(f"labels of shape {labels.shape} must be a number for every particle")
        return np.array(labels[first : first + count])
