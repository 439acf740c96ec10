"""The distances that a study measures in, each with what it needs: between measures, to a law, between laws, its floor.

====================  =============================================  ==================================================
distance              what                                           mean over M independent draws of the law itself
====================  =============================================  ==================================================
`w1`                  int abs(F - G) dx                              `expected_w1`, exact for every M; needs a mean
`kolmogorov`          sup abs(F - G)                                 `expected_kolmogorov`, the same for all laws
====================  =============================================  ==================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from particles.base.checks import require_one_of
from particles.base.errors import InputError
from particles.model import Law, Measure
from validation.distance import require_mean, w1, w1_to_law
from validation.distance.floor import expected_kolmogorov, expected_w1
from validation.distance.supremum import furthest, kolmogorov
from validation.exact import kolmogorov_between, w1_between


@dataclass(frozen=True)
class Distance:
    """A distance on the line.

    Parameters
    ----------
    name, symbol : str
        On command lines, and in tables.
    between : callable (Measure, Measure) -> float
    to_law : callable (Measure, Law) -> float
        Of a density in cells.
    of_laws : callable (Law, Law) -> float
    floor : callable (Law, M, start) -> float
        Mean over clouds of M particles that start from the law.
    require : callable (Law) -> None
        InputError where the distance to the law is infinite.
    """

    name: str
    symbol: str
    between: Callable[[Measure, Measure], float]
    to_law: Callable[[Measure, Law], float]
    of_laws: Callable[[Law, Law], float]
    floor: Callable[[Law, int, str], float]
    require: Callable[[Law], None]


def _kolmogorov_floor(law: Law, count: int, start: str) -> float:
    if start != "random":
        raise InputError(
            f"start = {start!r}: the Kolmogorov distance has a floor for independent draws, start = 'random'"
        )
    return expected_kolmogorov(count)


W1 = Distance("w1", "W1", w1, w1_to_law, w1_between, expected_w1, require_mean)
KOLMOGOROV = Distance(
    "kolmogorov", "sup abs(F - G)", kolmogorov, furthest, kolmogorov_between, _kolmogorov_floor, lambda law: None
)
DISTANCES = {one.name: one for one in (W1, KOLMOGOROV)}


def distance_named(name: str) -> Distance:
    """The distance of a name, or InputError."""
    require_one_of("distance", name, tuple(DISTANCES))
    return DISTANCES[name]
