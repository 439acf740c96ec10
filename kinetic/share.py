"""What of a run's state lies on a rank: on the line all of it on every one, in the plane `kinetic.plane.strips`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from particles.base.arrays import Floats
from particles.base.parallel import Ranks, serial
from particles.model import Law, Product


class Share(Protocol):
    """What of the state lies on this rank."""

    @property
    def ranks(self) -> Ranks:
        """Those that share the state."""

    @property
    def first(self) -> int:
        """Its first row of cells."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its averages."""

    @property
    def rows(self) -> slice:
        """Its rows among all."""

    @property
    def height(self) -> int:
        """Rows of its parts but the last."""

    @property
    def parts(self) -> Sequence[slice]:
        """Its rows, counted from its first, in parts over which sums are taken: the same on any number of ranks."""

    def about(self, problem: Any, scheme: Any) -> dict[str, Any]:
        """What the record of a problem that a scheme has solved says of it."""

    def averages(self, law: Any) -> Floats:
        """Averages of a law over its cells."""

    def inside(self, law: Any) -> Floats:
        """The same with what lies outside the grid in the cells at its ends."""

    def whole(self, local: Floats) -> Floats:
        """Averages of all cells, on every rank."""

    def whole_on_first(self, local: Floats) -> Floats | None:
        """The same on rank 0, None on others."""


@dataclass(frozen=True)
class Whole:
    """All cells on this process, whatever others there are."""

    grid: Any
    first = 0
    rows = slice(None)
    parts = (slice(None),)

    @property
    def ranks(self) -> Ranks:
        """This process alone."""
        return serial()

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the grid."""
        shape: tuple[int, ...] = self.grid.shape
        return shape

    @property
    def height(self) -> int:
        """All of them."""
        return self.shape[0]

    def about(self, problem: Any, scheme: Any) -> dict[str, Any]:
        """Nothing."""
        return {}

    def averages(self, law: Law | Product) -> Floats:
        """Those of the grid."""
        return np.asarray(self.grid.averages(law))

    def inside(self, law: Law | Product) -> Floats:
        """Those of the grid."""
        return np.asarray(self.grid.inside(law))

    def whole(self, local: Floats) -> Floats:
        """The same averages."""
        return local

    def whole_on_first(self, local: Floats) -> Floats | None:
        """The same averages."""
        return local
