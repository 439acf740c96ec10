"""What is trained: samples with labels, a loss of a sample, and numbers theta that the loss is differentiated by.

    J(theta) = (1/M) sum_i l_i(theta) + penalty(theta)

The trainer knows no layer and no kernel, a learner no rank and no optimiser. Samples come in fixed blocks, whose sums
are what ranks exchange: so a learner's own order of additions in a block is all that it has to keep.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats

Indices = NDArray[np.int64]


class Group(NamedTuple):
    """Numbers of theta that lie together: their name, how many, and the factor of the learning rate for them."""

    name: str
    size: int
    factor: float = 1.0


class Learner(Protocol):
    """What is asked of a learner."""

    count: int
    """Samples."""
    block: int
    """Samples of a block, the least that a rank works on."""
    labels: NDArray[np.int64]
    """Class of each sample, shape (count,)."""
    groups: tuple[Group, ...]
    """What theta holds, in its order."""

    def start(self) -> Floats:
        """The numbers to begin with, shape (size,)."""

    def gradient(self, theta: Floats, indices: Indices) -> tuple[float, int, Floats]:
        """Sum of the losses of one block, at most `block` samples, how many are right, and the sum of derivatives.

        Not finite where the network explodes; nothing is raised.
        """

    def evaluate(self, theta: Floats, indices: Indices) -> tuple[Floats, Indices]:
        """Loss of each of these samples and the class that it is taken for, any number of them."""

    def penalty(self, theta: Floats) -> tuple[float, Floats]:
        """What is added to the mean loss whatever the samples, and its derivatives, shape (size,)."""

    def project(self, theta: Floats) -> Floats:
        """The nearest numbers that are allowed, such as gamma >= 0."""

    def failure(self, theta: Floats, indices: Indices) -> str:
        """A sentence on the first of these samples whose loss or derivative is not finite: where, and the cure."""

    def remarks(self, theta: Floats) -> tuple[str, ...]:
        """What is to be said of the numbers that a training has ended with; nothing random, the same on every rank."""

    def describe(self) -> dict[str, Any]:
        """Architecture and data, plain values for JSON: what tells one training from another."""


def size_of(groups: tuple[Group, ...]) -> int:
    """Length of theta."""
    return sum(group.size for group in groups)


def factors_of(groups: tuple[Group, ...]) -> Floats:
    """Factor of the learning rate of every number, shape (size,)."""
    return np.repeat([group.factor for group in groups], [group.size for group in groups])


def half_squares(differences: Floats, scale: float) -> float:
    """(scale/2) sum d^2, rounded once: the order of the numbers does not matter."""
    return 0.5 * scale * math.fsum((differences * differences).ravel().tolist())
