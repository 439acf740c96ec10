"""The strong-stability-preserving Runge-Kutta scheme of order 3 (Shu, Osher 1988), and how far it is stable.

u^(k) = (1 - B_k) u^n + B_k (u^(k-1) + dt L(u^(k-1), t + c_k dt)),   u^(0) = u^n,  u^{n+1} = u^(3)

k   B_k   c_k        Butcher:   0   |
1   1     0                     1   | 1
2   1/4   1                     1/2 | 1/4  1/4
3   2/3   1/2                   ----+---------------
                                    | 1/6  1/6  2/3
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

Rows = tuple[tuple[float, ...], ...]


def conditions(b: tuple[float, ...], *parts: Rows) -> list[tuple[int, float, float]]:
    """(order, value, wanted) of b.1, b.c, b.(c c') and b.(A c) for all pairs of parts A: the coupled ones too."""
    nodes = [[math.fsum(row) for row in part] for part in parts]
    found = [(1, math.fsum(b), 1.0), *((2, _dot(b, c), 1.0 / 2.0) for c in nodes)]
    for (part, one), other in product(zip(parts, nodes, strict=True), nodes):
        square = [x * y for x, y in zip(one, other, strict=True)]
        chain = [_dot(row, other[: len(row)]) for row in part]
        found += [(3, _dot(b, square), 1.0 / 3.0), (3, _dot(b, chain), 1.0 / 6.0)]
    return found


def _dot(x: Sequence[float], y: Sequence[float]) -> float:
    return math.fsum(p * q for p, q in zip(x, y, strict=True))


@dataclass(frozen=True)
class ShuOsher:
    """Three-stage tableau in Shu-Osher form; refuses to be built unless it has order 3.

    `share` are the B_k in (0, 1], the share of the new state in stage k.
    """

    share: tuple[float, float, float]

    order = 3

    def __post_init__(self) -> None:
        for _, value, wanted in conditions(self.weights, self.butcher[:3]):
            assert math.isclose(value, wanted, rel_tol=1e-14), (self.share, value, wanted)
        assert all(0.0 < share <= 1.0 for share in self.share)

    @property
    def butcher(self) -> tuple[tuple[float, ...], ...]:
        """Rows of the Butcher matrix, the last one the weights b."""
        rows: list[tuple[float, ...]] = [()]
        for share in self.share:
            rows.append(tuple(share * a for a in (*rows[-1], 1.0)))
        return tuple(rows)

    @property
    def weights(self) -> tuple[float, ...]:
        """Weights b of the stages' right-hand sides in the step."""
        return self.butcher[3]

    @property
    def nodes(self) -> tuple[float, ...]:
        """Nodes c_k: stage k takes its right-hand side at t + c_k dt."""
        return tuple(sum(row) for row in self.butcher[:3])


SSPRK3 = ShuOsher((1.0, 1.0 / 4.0, 2.0 / 3.0))
REAL_LIMIT = 2.5127453266183286
"""u' = -lambda u is stable while lambda dt is at most this; at its negative z^3/6 + z^2/2 + z + 2 = 0."""
