"""Exact counts of an unsorted cloud between given edges e_0 < e_1 < ..., and where in its cell each particle lies.

Particles on an edge are told from those between two. Of those in (e_j, e_(j+1)) the sum of floor(2^20 (x - e_j)/h) is
kept, h = e_(j+1) - e_j: an integer, so that sums over ranks are exact, and the sum of (x - e_j)/h to 2^-20 a particle.

The edges need not be equidistant. b(x) = floor((x - e_0) (B/(e_n - e_0))), as the machine rounds it, does not decrease
in x; so edges of smaller b lie below x and those of larger b above, and only those of the same b, one or two as a rule,
are compared with x. No rounding of b can put a particle into a wrong cell.

Tables of many edges do not fit into the nearest cache, where each particle would look up another place of them. Then
particles go through a part of the line after the other: those of a chunk are first laid into heaps by their b.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats
from particles.base.jit import Formula, kernel
from particles.base.parallel import Ranks

Integers = NDArray[np.int64]
FINE = 2.0**20  # places in a cell that are told apart; 2^43 particles in one cell overflow nothing
TILE = 1024  # particles that go through one loop before the next
MANY, CHUNK, HEAPS = (
    2**15,
    2**16,
    2**9,
)  # edges from which particles are laid into heaps, how many at a time, into how many
_NEXT: Final = np.uint64(1)  # an unsigned index is not looked at for counting from the end: half the time
_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Tally:
    """What the n cells between increasing `cuts`, shape (n + 1,), hold of a cloud; integers of shape (n,).

    `least` counts particles at or below a cell's left end, `inside` those between its ends, those at the ends left out;
    `offsets` is the sum over the latter of floor(FINE (x - left)/(right - left)).
    """

    cuts: Floats
    least: Integers
    inside: Integers
    offsets: Integers

    @property
    def left(self) -> Floats:
        """Left ends, shape (n,)."""
        return self.cuts[:-1]

    @property
    def right(self) -> Floats:
        """Right ends, shape (n,)."""
        return self.cuts[1:]


def tally(local: Floats, cuts: Floats, ranks: Ranks) -> Tally:
    """Count the whole cloud between cuts that hold all of it; `local` is this rank's part. Collective."""
    buckets = min(max(2 * cuts.size, 2**12), 2**22)
    scale = min(buckets / float(cuts[-1] - cuts[0]), _LARGEST) if cuts.size > 1 else 1.0
    places = ((cuts - cuts[0]) * scale).astype(np.int64)  # as in the loop below
    first = np.append(0, np.cumsum(np.bincount(places, minlength=buckets + 1)))
    on, between = np.zeros(cuts.size, dtype=np.int64), np.zeros((cuts.size, 2), dtype=np.int64)
    count, starts = _count(), first.astype(np.int32)
    if cuts.size < MANY:
        count(local, cuts, starts, scale, on, between)
    else:
        heaps = np.empty(CHUNK)
        for begin in range(0, local.size, CHUNK):
            part = local[begin : begin + CHUNK]
            _lay()(part, cuts[0], scale, buckets // HEAPS + 1, heaps)
            count(heaps[: part.size], cuts, starts, scale, on, between)
    here = np.stack([on, *between.T])
    on, inside, offsets = ranks.add(here)
    least = np.cumsum(on + inside) - inside
    return Tally(cuts, least[:-1], inside[:-1], offsets[:-1])


def prepare(local: Floats) -> None:
    """Compile the loops for arrays of this kind, without counting; heaps can be written, which a cloud may forbid."""
    cuts, first = np.array([0.0, 1.0]), np.zeros(2, dtype=np.int32)
    _lay()(local[:0], 0.0, 1.0, 1, np.empty(0))
    for kind in (local[:0], np.empty(0)):
        _count()(kind, cuts, first, 1.0, np.zeros(2, dtype=np.int64), np.zeros((2, 2), dtype=np.int64))


@kernel
def _lay() -> Formula:
    """Particles in the order of their heaps, each of so many buckets, in the first places of `heaps`."""

    def lay(x: Any, low: float, scale: float, width: int, heaps: Any) -> None:
        ends, number, inverse = np.zeros(HEAPS + 1, dtype=np.int64), np.empty(TILE, dtype=np.int32), scale / width
        for laying in range(2):
            for begin in range(0, x.size, TILE):
                tile = x[begin : begin + TILE]
                for i in range(tile.size):
                    number[i] = np.int32((tile[i] - low) * inverse)
                if laying == 0:
                    for i in range(tile.size):
                        ends[np.uint64(number[i]) + _NEXT] += 1
                else:
                    for i in range(tile.size):
                        heap = np.uint64(number[i])
                        heaps[np.uint64(ends[heap])] = tile[i]
                        ends[heap] += 1
            if laying == 0:
                for k in range(HEAPS):
                    ends[k + 1] += ends[k]

    return lay


@kernel
def _count() -> Formula:
    """Numbers of particles on each cut; those right of it, and the sum of their places there.

    first[b] is the number of cuts whose bucket is below b. Three loops over a tile: what one waits for, a guess of the
    next branch or the memory, does not hold up the others.
    """

    def count(x: Any, cuts: Any, first: Any, scale: float, on: Any, between: Any) -> None:
        low, last = cuts[0], np.uint64(cuts.size - 1)
        cells = np.empty(TILE, dtype=np.int32)
        for begin in range(0, x.size, TILE):
            tile = x[begin : begin + TILE]
            for i in range(tile.size):
                cells[i] = np.int32((tile[i] - low) * scale)
            for i in range(tile.size):
                bucket = np.uint64(cells[i])
                cell, stop = first[bucket] - 1, first[bucket + _NEXT] - 1
                while stop - cell > 1:
                    middle = (cell + stop) // 2
                    if cuts[middle] <= tile[i]:
                        cell = middle
                    else:
                        stop = middle - 1
                # at most one cut is left to compare with, as nearly always from the start: no branch
                cells[i] = cell + int(stop > cell) * int(cuts[np.uint64(stop)] <= tile[i])
            for i in range(tile.size):
                at, value = np.uint64(cells[i]), tile[i]  # cuts[at] <= value < cuts[at + 1]
                left = cuts[at]
                if value == left or at == last:
                    on[at] += 1
                else:
                    between[at, 0] += 1
                    between[at, 1] += int((value - left) / (cuts[at + _NEXT] - left) * FINE)

    return count
