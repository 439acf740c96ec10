"""What a learner makes of its samples: the loss of each and the class that it is taken for, on any number of ranks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from particles.base.arrays import Floats
from particles.base.parallel import Ranks
from particles.networks.learner import Indices, Learner

_AT_ONCE = 64
"""Blocks that are handed to a learner at a time."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Losses and classes of all samples.

    Parameters
    ----------
    losses : ndarray, shape (count,)
    classes : ndarray of int, shape (count,)
        What they are taken for.
    labels : ndarray of int, shape (count,)
        What they are.
    """

    losses: Floats
    classes: Indices
    labels: Indices

    @property
    def right(self) -> int:
        """Samples that are taken for what they are."""
        return int((self.classes == self.labels).sum())

    @property
    def accuracy(self) -> float:
        """Share of them."""
        return self.right / self.labels.size

    @property
    def loss(self) -> float:
        """Mean loss, rounded once."""
        return math.fsum(self.losses.tolist()) / self.labels.size

    def confusion(self) -> Indices:
        """Samples of each class (rows) that are taken for each class (columns)."""
        many = 1 + int(max(self.labels.max(), self.classes.max()))
        flat = np.bincount(self.labels * many + self.classes, minlength=many * many)
        return flat.reshape(many, many)

    def worst(self, most: int) -> Indices:
        """The samples of the largest losses, the largest first."""
        return np.argsort(-self.losses, kind="stable")[:most]


def evaluation(learner: Learner, theta: Floats, ranks: Ranks) -> Evaluation:
    """Evaluate all samples of a learner. Collective; a rank works on consecutive blocks."""
    blocks = -(-learner.count // learner.block)
    ends = [blocks * rank // ranks.size * learner.block for rank in (ranks.rank, ranks.rank + 1)]
    first, last = (min(end, learner.count) for end in ends)
    found = np.empty((2, last - first))
    for at in range(first, last, _AT_ONCE * learner.block):
        part = np.arange(at, min(at + _AT_ONCE * learner.block, last))
        found[:, part - first] = learner.evaluate(theta, part)
    losses, classes = ranks.concatenate(found)
    return Evaluation(losses, classes.astype(np.int64), learner.labels)
