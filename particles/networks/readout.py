"""Readouts: from the outputs of the last stage to losses, classes and slopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count
from particles.base.errors import InputError
from particles.kernels.readouts import sigmoid_of_unit, softmax
from particles.networks.learner import Indices


class Readout(Protocol):
    """What is asked of a readout."""

    def check(self, width: int) -> None:
        """Refuse outputs of another number; InputError."""

    def classes(self, width: int) -> int:
        """Number of classes that so many outputs tell apart."""

    def read(self, outputs: Floats, labels: Indices) -> tuple[Floats, Indices]:
        """Losses and classes of outputs, shape (n, m), which become the derivatives of the losses by them."""


@dataclass(frozen=True)
class Softmax:
    """P_i = exp(z_i)/sum_j exp(z_j), one output a class; the loss is -log P_label."""

    def check(self, width: int) -> None:
        """See `Readout`."""
        if width < 2:
            raise InputError(f"width = {width} of the last stage: allowed for a softmax are at least 2")

    def classes(self, width: int) -> int:
        """See `Readout`."""
        return width

    def read(self, outputs: Floats, labels: Indices) -> tuple[Floats, Indices]:
        """See `Readout`."""
        losses, classes = np.empty(labels.size), np.empty(labels.size, dtype=np.int64)
        softmax()(outputs, labels, losses, classes)
        return losses, classes


@dataclass(frozen=True)
class Sigmoid:
    """Probability of class 0 is sigmoid(z_unit); the loss is -log of that of the label.

    Parameters
    ----------
    unit : int >= 0
        Of the last stage.
    """

    unit: int

    def __post_init__(self) -> None:
        require_count("unit", self.unit, least=0)

    def check(self, width: int) -> None:
        """See `Readout`."""
        if self.unit >= width:
            raise InputError(f"unit = {self.unit} of the readout: allowed are those of {width}, from 0 on")

    def classes(self, width: int) -> int:
        """See `Readout`."""
        return 2

    def read(self, outputs: Floats, labels: Indices) -> tuple[Floats, Indices]:
        """See `Readout`."""
        losses, classes = np.empty(labels.size), np.empty(labels.size, dtype=np.int64)
        sigmoid_of_unit()(outputs, self.unit, labels, losses, classes)
        return losses, classes
