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
from dataclasses import dataclass


@dataclass(frozen=True)
class ShuOsher:
    """Three-stage tableau in Shu-Osher form; refuses to be built unless it has order 3.

    Parameters
    ----------
    share : tuple of 3 floats
        B_k in (0, 1], the share of the new state in stage k.
    """

    share: tuple[float, float, float]

    order = 3

    def __post_init__(self) -> None:
        b, c = self.weights, self.nodes
        second, third = self.butcher[1], self.butcher[2]
        conditions = (
            (sum(b), 1.0),
            (sum(bk * ck for bk, ck in zip(b, c, strict=True)), 1.0 / 2.0),
            (sum(bk * ck * ck for bk, ck in zip(b, c, strict=True)), 1.0 / 3.0),
            (b[1] * second[0] * c[0] + b[2] * (third[0] * c[0] + third[1] * c[1]), 1.0 / 6.0),
        )
        for value, wanted in conditions:
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
