"""Particles in fixed blocks: who owns which, the first draw, sums per block added in block order.

A block is `BLOCK` consecutive particles, whatever the number of ranks; a rank owns consecutive whole blocks. So every
draw and every sum is the same on any number of ranks, to the last bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError, NotFiniteError
from particles.kernels import block_power_sums, first_not_finite
from particles.model.laws import Law, Product
from particles.model.rule import Model
from particles.parallel import Ranks
from particles.philox import start_uniforms

BLOCK = 4096
STARTS = ("random", "stratified", "quantile")


@dataclass(frozen=True)
class Ensemble:
    """The particles 0, ..., count - 1 over the ranks.

    Parameters
    ----------
    count : int >= 1
    ranks : Ranks
    """

    count: int
    ranks: Ranks

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.count // BLOCK)

    def first_block(self, rank: int) -> int:
        """First block of a rank: the balanced split, whose parts differ by one block at most."""
        return self.blocks * rank // self.ranks.size

    def first(self, rank: int) -> int:
        """First particle of a rank."""
        return min(self.first_block(rank) * BLOCK, self.count)

    @cached_property
    def local(self) -> range:
        """Numbers of this rank's particles."""
        return range(self.first(self.ranks.rank), self.first(self.ranks.rank + 1))

    def start(self, model: Model, start: str, seed: int, replicate: int) -> Floats:
        """Draw this rank's particles, shape (D, m); the neurons of a feature all start at its measurement."""
        law = model.start
        laws = law.components if isinstance(law, Product) else (law,)
        rows = [self._draw(law, start, seed, replicate, j) for j, law in enumerate(laws)]
        return np.tile(np.stack(rows), (model.neurons, 1))

    def _draw(self, law: Law, start: str, seed: int, replicate: int, component: int) -> Floats:
        first, count = self.local.start, len(self.local)
        if start == "quantile":
            return law.quantile((np.arange(first, first + count) + 0.5) / self.count)
        u = start_uniforms(first, count, component=component, seed=seed, replicate=replicate)
        if start == "random":
            return law.sample(u)
        return law.quantile(np.minimum((np.arange(first, first + count) + u) / self.count, 1.0 - 2.0**-53))

    def moments(self, state: Floats) -> Floats:
        """First and second moments of the whole cloud, shape (2, D), the same on all ranks: sums over blocks."""
        local_blocks = self.first_block(self.ranks.rank + 1) - self.first_block(self.ranks.rank)
        sums = np.empty((len(state), 2, local_blocks))
        for row, out in zip(state, sums, strict=True):
            block_power_sums()(row, BLOCK, out)
        everywhere = self.ranks.concatenate(sums)
        if not np.abs(everywhere).sum() < math.inf:
            raise NotFiniteError("a moment of the cloud is beyond the largest number", on_all_ranks=True)
        return np.array([[math.fsum(part) / self.count for part in component] for component in everywhere]).T

    def first_not_finite(self, state: Floats) -> int | None:
        """Number of the first particle of the whole cloud that is not finite, or None; the same on all ranks."""
        here = first_not_finite(state)
        number = self.ranks.minimum(self.count if here is None else self.local.start + here)
        return None if number == self.count else number


def check_start(model: Model, start: str) -> None:
    """Refuse a start that is not known, or that has no meaning for a law on R^d, d > 1."""
    if start not in STARTS:
        raise InputError(f"start = {start!r} must be one of {', '.join(STARTS)}")
    if start != "random" and model.dim > 1:
        raise InputError(f"start = {start!r} needs one feature, not {model.dim}: use 'random'")
