"""Minibatches of particles: every epoch holds each once, in an order that is drawn from (seed, epoch).

A batch is a cloud of its own, whose blocks the ranks share: its sums are the same bytes on any number of them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from particles.base.arrays import Floats
from particles.ensemble import Ensemble
from particles.kernels.adjoint import TILE
from particles.model import Model
from particles.networks.learner import Indices
from particles.networks.trainer import order
from particles.training.of_particles import Gradient, Sweep

_BLOCKS = 64
"""Most blocks of a batch, and so of ranks that share it; a block is no smaller than a tile of the kernels."""


@dataclass(eq=False)
class Batches:
    """The batches of a sweep's particles. Collective.

    Parameters
    ----------
    sweep : Sweep
    size : int
        Particles of a batch, at most all; the last of an epoch may hold fewer.
    """

    sweep: Sweep
    size: int
    _begin: Floats = field(init=False)
    _order: tuple[int, Indices] = field(default=(-1, np.empty(0, dtype=np.int64)), init=False)

    def __post_init__(self) -> None:
        self._begin = self.sweep.ensemble.ranks.concatenate(self.sweep.begin)

    @property
    def an_epoch(self) -> int:
        """Batches of an epoch."""
        return -(-self.sweep.run.count // self.size)

    def gradient(self, model: Model, number: int) -> Gradient:
        """Loss and derivatives of a batch, counted from the first epoch on; noise is drawn anew in each."""
        sweep, chosen = self.sweep.of(model), self._chosen(number)
        ensemble = Ensemble(chosen.size, sweep.ensemble.ranks, -(-chosen.size // (_BLOCKS * TILE)) * TILE)
        own = chosen[ensemble.local.start : ensemble.local.stop]
        run = dataclasses.replace(sweep.run, count=chosen.size, start="random", replicate=number + 1)
        return dataclasses.replace(
            sweep, loss=sweep.loss.of_some(chosen), run=run, ensemble=ensemble,
            begin=np.ascontiguousarray(self._begin[:, own]),
        ).gradient()  # fmt: skip

    def _chosen(self, number: int) -> Indices:
        """Numbers of the particles of a batch."""
        epoch, place = divmod(number, self.an_epoch)
        if self._order[0] != epoch:
            self._order = epoch, order(self.sweep.run.seed, epoch, self.sweep.run.count)
        return self._order[1][place * self.size : (place + 1) * self.size]
