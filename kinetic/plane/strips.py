"""Which rows of a rectangle lie on which rank: whole strips of rows by global index.

A strip has 16 rows, the last one up to 31. A rank owns a run of strips; beside its rows it holds two more at either
end, which it gets from its neighbours every stage. Sums are those of strips, added in their order: they know no ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from kinetic.plane.grid import Plane
from kinetic.plane.stage import Arrivals, Edge
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.parallel import Ranks, serial
from particles.base.provenance import promise
from particles.model import Law, SpaceLaw

HEIGHT = 16
HALO = 2
"""Rows of a neighbour that a stage reads: a parabola beyond the face, and its slope along it."""


@dataclass(frozen=True, eq=False)
class Strips:
    """The rows of a plane over ranks.

    Parameters
    ----------
    plane : Plane
    ranks : Ranks, default this process alone

    Raises
    ------
    InputError
        If there are more ranks than strips.
    """

    plane: Plane
    ranks: Ranks

    def __post_init__(self) -> None:
        require_strips(self.plane.y.cells, self.ranks.size)

    @classmethod
    def alone(cls, plane: Plane) -> Strips:
        """All rows on one rank."""
        return cls(plane, serial())

    @property
    def count(self) -> int:
        """Number of strips."""
        return strips_of(self.plane.y.cells)

    def _first(self, rank: int) -> int:
        """First row of a rank."""
        return self.plane.y.cells if rank == self.ranks.size else HEIGHT * (self.count * rank // self.ranks.size)

    @cached_property
    def rows(self) -> slice:
        """Rows of this rank."""
        return slice(self._first(self.ranks.rank), self._first(self.ranks.rank + 1))

    @property
    def first(self) -> int:
        """The first row of this rank."""
        return self._first(self.ranks.rank)

    @property
    def shape(self) -> tuple[int, int]:
        """Of this rank's part of an array of averages."""
        return self.rows.stop - self.rows.start, self.plane.x.cells

    @property
    def height(self) -> int:
        """Rows of a strip but the last."""
        return HEIGHT

    @cached_property
    def counts(self) -> list[int]:
        """Number of strips of each rank."""
        firsts = [self.count * rank // self.ranks.size for rank in range(self.ranks.size + 1)]
        return [after - first for first, after in pairwise(firsts)]

    @cached_property
    def heights(self) -> list[int]:
        """Number of rows of each rank."""
        return [self._first(rank + 1) - self._first(rank) for rank in range(self.ranks.size)]

    @cached_property
    def bounds(self) -> list[int]:
        """Rows, counted from this rank's first, at which its strips begin, and the end."""
        return [*(HEIGHT * strip for strip in range(self.counts[self.ranks.rank])), self.shape[0]]

    @cached_property
    def parts(self) -> tuple[slice, ...]:
        """The strips of this rank, as slices of its rows."""
        return tuple(map(slice, self.bounds[:-1], self.bounds[1:]))

    def about(self, problem: Any, scheme: Any) -> dict[str, Any]:
        """The number of ranks, and what is promised of the bytes."""
        return {"ranks": self.ranks.size, "promise": promise(problem.portable and scheme.on_ranks)}

    def averages(self, law: Law | SpaceLaw) -> Floats:
        """Averages of a law over this rank's cells."""
        return self.plane.averages(law, self.rows)

    def inside(self, law: Law | SpaceLaw) -> Floats:
        """The same with what lies outside the rectangle in the cells at its edge."""
        return self.plane.inside(law, self.rows)

    def edge(self, boundary: str) -> Edge:
        """What a stage of this rank's rows finds at their edge."""
        here, last, periodic = self.ranks.rank, self.ranks.size - 1, boundary == "periodic"
        around = periodic and last > 0
        return Edge(periodic, boundary == "reflecting", here == 0 and not around, here == last and not around)

    def arrivals(self, local: Arrivals) -> Arrivals:
        """What arrives at all walls, from what arrives at those of this rank; collective."""
        ranks, columns, last = self.ranks, self.plane.x.cells, self.ranks.size - 1
        if last == 0:
            return local
        own = [*local[:2], *(local[2:3] if ranks.rank == 0 else ()), *(local[3:] if ranks.rank == last else ())]
        sizes = [2 * rows + columns * ((rank == 0) + (rank == last)) for rank, rows in enumerate(self.heights)]
        told = np.empty(sum(sizes))
        ranks.join(np.concatenate(own), told, sizes)
        low, high = [], []
        for part, rows in zip(np.split(told, np.cumsum(sizes)[:-1]), self.heights, strict=True):
            low.append(part[:rows])
            high.append(part[rows : 2 * rows])
        below = told[2 * self.heights[0] :][:columns]
        return Arrivals(np.concatenate(low), np.concatenate(high), below, told[-columns:])

    def whole(self, local: Floats) -> Floats:
        """Averages of all rows, shape (N_y, N_x), on every rank; collective."""
        if self.ranks.size == 1:
            return local
        whole = np.empty(self.plane.shape)
        self.ranks.join(local, whole, [rows * self.plane.x.cells for rows in self.heights])
        return whole

    def whole_on_first(self, local: Floats) -> Floats | None:
        """The same on rank 0, which gets them rank by rank; None on the others."""
        if self.ranks.size == 1:
            return local
        whole = np.empty(self.plane.shape) if self.ranks.rank == 0 else None
        self.ranks.join_on_first(local, whole, [rows * self.plane.x.cells for rows in self.heights])
        return whole


def strips_of(rows: int) -> int:
    """Number of strips of so many rows."""
    return max(1, rows // HEIGHT)


def require_strips(rows: int, ranks: int) -> None:
    """Refuse more ranks than there are strips."""
    count = strips_of(rows)
    if ranks > count:
        told = f"{rows} rows of cells are {count} strip{'s' * (count > 1)} of {HEIGHT} rows or more"
        raise InputError(f"{told}: allowed are as many ranks, not {ranks}", on_all_ranks=True)
