"""Particles in fixed blocks: who owns which, the first draw, sums per block added in block order.

A block is 4096 consecutive particles by default, whatever the number of ranks; a rank owns consecutive whole blocks. So
every draw and every sum is the same on any number of ranks, to the last bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats
from particles.base.errors import InputError, NotFiniteError, SimresnetError
from particles.base.parallel import Ranks
from particles.base.sums import exact_sums
from particles.kernels.reductions import block_power_sums, first_not_finite
from particles.model.laws.law import Law
from particles.model.laws.space import SpaceLaw
from particles.model.rule import Model
from particles.model.samples import Samples
from particles.philox import start_uniforms

BLOCK = 4096
CHUNK = 16 * BLOCK  # particles that are drawn or counted at a time
STARTS = ("random", "stratified", "quantile")

Integers = NDArray[np.int64]


class CountError(SimresnetError):
    """The particles of a run are not as many as they must be: a fault of the program or of the machine."""

    exit_code = 3


@dataclass(frozen=True)
class Bins:
    """Equal cells [low + i h, low + (i + 1) h), h = (high - low)/cells, of a histogram; it counts below and above too.

    InputError unless low < high, with one cell at least.
    """

    low: float
    high: float
    cells: int

    def __post_init__(self) -> None:
        whole = isinstance(self.cells, int | np.integer) and 1 <= self.cells <= 10**7
        if not (-math.inf < self.low < self.high < math.inf and whole):
            given = (self.low, self.high, self.cells)
            raise InputError(f"histogram = {given!r} must be two increasing numbers and an integer from 1 to 10**7")

    def count(self, x: Floats) -> Integers:
        """Numbers of x below, in every cell and above, shape (cells + 2,), by floor((x - low) (cells/(high - low)))."""
        place = np.floor((x - self.low) * (self.cells / (self.high - self.low)))
        numbers = np.clip(place, -1.0, float(self.cells)).astype(np.int64) + 1
        return np.bincount(numbers, minlength=self.cells + 2).astype(np.int64)


@dataclass(frozen=True)
class Ensemble:
    """The particles 0, ..., count - 1 over the ranks, in blocks of `block` of them."""

    count: int
    ranks: Ranks
    block: int = BLOCK

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.count // self.block)

    def first_block(self, rank: int) -> int:
        """First block of a rank: the balanced split, whose parts differ by one block at most."""
        return self.blocks * rank // self.ranks.size

    def first(self, rank: int) -> int:
        """First particle of a rank."""
        return min(self.first_block(rank) * self.block, self.count)

    @cached_property
    def local(self) -> range:
        """Numbers of this rank's particles."""
        return range(self.first(self.ranks.rank), self.first(self.ranks.rank + 1))

    def start(self, model: Model, start: str | Samples, seed: int, replicate: int) -> Floats:
        """Draw this rank's particles or take its points, shape (D, m); neurons of a feature start at its measurement.

        A few blocks at a time: what a law needs besides the state stays small.
        """
        if isinstance(start, Samples):
            return start.state(model, self.local)
        law, state = model.start, np.empty((model.size, len(self.local)))
        for begin in range(0, len(self.local), CHUNK):
            part = self.local[begin : begin + CHUNK]
            if isinstance(law, SpaceLaw):
                u = [self._uniforms(part, j, seed, replicate) for j in range(model.dim)]
                drawn = law.sample(np.stack(u))
            else:
                drawn = self._draw(law, start, seed, replicate, part)[None]
            for j, row in enumerate(drawn):
                state[j :: model.dim, begin : begin + CHUNK] = row
        return state

    def _draw(self, law: Law, start: str, seed: int, replicate: int, part: range) -> Floats:
        if start == "random":
            return law.sample(self._uniforms(part, 0, seed, replicate))
        numbers = np.arange(part.start, part.stop)
        if start == "quantile":
            return law.quantile((numbers + 0.5) / self.count)
        u = self._uniforms(part, 0, seed, replicate)
        return law.quantile(np.minimum((numbers + u) / self.count, 1.0 - 2.0**-53))

    def _uniforms(self, part: range, component: int, seed: int, replicate: int) -> Floats:
        return start_uniforms(part.start, len(part), component=component, seed=seed, replicate=replicate)

    def moments(self, state: Floats) -> Floats:
        """First and second moments of the whole cloud, shape (2, D), the same on all ranks.

        Sums over blocks, added exactly and rounded once: a rank sends the two or three numbers that hold its part.
        """
        return self._moments(state, [0.0] * len(state))

    def variances(self, state: Floats, mean: Floats) -> Floats:
        """Variances of the whole cloud about its own mean, of which `mean` is the rounded one, shape (D,) both.

        V = E (X - c)^2 - (E X - c)^2 with c = `mean`: no digit is lost by how far the cloud lies from 0, as it is in
        m2 - m1^2. Sums as in `moments`: the same on any number of ranks.
        """
        first, second = self._moments(state, mean.tolist())
        return np.asarray(np.maximum(second - first * first, 0.0))

    def _moments(self, state: Floats, centres: list[float]) -> Floats:
        blocks = self.first_block(self.ranks.rank + 1) - self.first_block(self.ranks.rank)
        sums = np.empty((len(state), 2, blocks))
        for row, centre, out in zip(state, centres, sums, strict=True):
            block_power_sums()(row, centre, self.block, out)
        everywhere = exact_sums(sums, self.ranks)
        if not np.abs(everywhere).sum() < math.inf:
            raise NotFiniteError("a moment of the cloud is beyond the largest number", on_all_ranks=True)
        return np.array([[math.fsum(part) / self.count for part in component] for component in everywhere]).T

    def histogram(self, state: Floats, bins: Bins) -> Integers:
        """Particles of the whole cloud below, in every cell and above, shape (D, cells + 2): exact on any ranks."""
        local = np.zeros((len(state), bins.cells + 2), dtype=np.int64)
        for row, out in zip(state, local, strict=True):
            for begin in range(0, row.size, CHUNK):
                out += bins.count(row[begin : begin + CHUNK])
        total: Integers = self.ranks.add(local)
        return total

    def at_or_below_zero(self, state: Floats) -> int:
        """Particles of the whole cloud with a component at or below 0, the same on all ranks."""
        tiles = range(0, state.shape[1], CHUNK)
        here = sum(int((state[:, begin : begin + CHUNK] <= 0.0).any(axis=0).sum()) for begin in tiles)
        return sum(self.ranks.gather(here))

    def first_not_finite(self, state: Floats) -> int | None:
        """Number, in the whole cloud, of this rank's first particle that is not finite, or None."""
        here = first_not_finite(state)
        return None if here is None else self.local.start + here

    def look(self, state: Floats, step: int, time: float, request: int = 0) -> int:
        """Largest of the ranks' requests, 0 <= request < 4, where every particle is finite; one collective for both.

        NotFiniteError on all ranks tells number and state of the first bad particle, after which step, at which time.
        """
        bad = self.first_not_finite(state)
        lowest = self.ranks.minimum(4 * (self.count if bad is None else bad) + 3 - request)
        number, request = lowest // 4, 3 - lowest % 4
        if number == self.count:
            return request
        held = [state[:, number - self.local.start].tolist()] if number in self.local else []
        values = next(part[0] for part in self.ranks.gather(held) if part)
        told = ", ".join(f"{value:g}" for value in values)
        raise NotFiniteError(
            f"particle {number} is not finite after step {step}, at time {time:g}: its state is {told}; the step is too"
            " large or the law too wide",
            on_all_ranks=True,
        )

    def require_count(self, state: Floats) -> None:
        """Refuse to go on, on all ranks, if the ranks do not hold `count` particles in all."""
        held = sum(self.ranks.gather(state.shape[1]))
        if held != self.count:
            raise CountError(f"the ranks hold {held} particles instead of {self.count}", on_all_ranks=True)
