"""The two sides of a mean-field study in any dimension: what particles do, and what their clouds are held against.

==============  ======================================  ==============================================================
model           distance                                held against
==============  ======================================  ==============================================================
on the line     W1, or Kolmogorov's (`line_sides`)      the equation on a grid, in x or in ln x
in the plane    sliced W1, 16 angles (`space_sides`)    the equation in the plane
in R^d, d > 2   sliced W1, 64 directions                the projections of the exact law: there is no equation to solve
==============  ======================================  ==============================================================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from particles.base import parallel
from particles.base.arrays import Floats
from validation.studies.followed import Followed


class Resolved(NamedTuple):
    """What clouds are held against, in words, its cells in a direction, and its own distance to the law."""

    target: Any
    told: str
    cells: int
    error: float


@dataclass(frozen=True)
class Sides(ABC):
    """Both sides of a study at one time.

    Parameters
    ----------
    particles : Followed
    """

    against: ClassVar[str] = "PDE"
    """What clouds are held against, in a word."""
    work: ClassVar[int] = 50_000_000
    """Particles that the clouds of a level hold together, at most."""

    particles: Followed

    @property
    @abstractmethod
    def symbol(self) -> str:
        """The distance, as tables write it."""

    @property
    def variable(self) -> str:
        """The variable of the equation."""
        return "x"

    @abstractmethod
    def floors(self, counts: Sequence[int], ranks: parallel.Ranks) -> dict[int, float]:
        """Mean distance of a cloud of so many particles to its own law. Collective."""

    @abstractmethod
    def resolve(self, allowed: float) -> Resolved:
        """Refine what clouds are held against until its error is below what is allowed, or it has too many cells."""

    @abstractmethod
    def distance(self, points: Floats, target: Any) -> float:
        """Distance of a cloud, points of shape (d, M), to what `resolve` made."""
