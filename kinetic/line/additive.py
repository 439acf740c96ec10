"""Additive Runge-Kutta tableaux: u' = E(u, t) + I(u), E explicit and I implicit, with the same nodes and weights.

    U_k = u^n + dt sum_{j<k} a^E_kj E(U_j, t_j) + dt sum_{j<=k} a^I_kj I(U_j),     t_k = t + c_k dt,  k = 0..s-1
    u^{n+1} = u^n + dt sum_k b_k (E(U_k, t_k) + I(U_k))

ARK3(2)4L[2]SA of Kennedy and Carpenter (Appl. Numer. Math. 44, 2003), four stages, gamma = 0.4358665215::

    c      | explicit                                | implicit
    0      | 0                                       | 0
    0.8717 | 0.8717                                  | gamma    gamma
    0.6    | 0.5276   0.0724                         | 0.2576  -0.0935   gamma
    1      | 0.3991  -0.4376   1.0385                | 0.1876  -0.5953   0.9717   gamma
    -------+-----------------------------------------+---------------------------------
           | 0.1876  -0.5953   0.9717   gamma        | 0.1876  -0.5953   0.9717   gamma

Order 3 and L-stable with stage order 2 in the implicit part. For third-order upwind advection with central diffusion
of any strength abs(amplification) <= 1 up to cfl = 2.0, and its limit for infinite diffusion is 0. The other choices,
by the same measurement: ARS(4,4,3) (Ascher, Ruuth, Spiteri 1997) takes four solves instead of three, up to cfl 1.35;
ARS(3,4,3) three solves, up to 1.7, 0.07 in the limit at cfl 0.45; ARK4(3)6L[2]SA five solves for an order that the
cells do not have. Equal weights of both parts, which ARS(4,4,3) lacks, are what lets two fluxes cancel at an end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kinetic.line.tableau import Rows, conditions
from particles.base.arrays import Floats


@dataclass(frozen=True)
class Additive:
    """Tableau of an additive Runge-Kutta scheme; refuses to be built unless it has the `order`, 1 to 3, that it states.

    `explicit` and `implicit` are the lower triangles of a^E, rows k of k entries, and of a^I, rows k of k + 1 entries,
    k = 0..s-1. a^I_00 = 0, and the further a^I_kk are one number gamma > 0, so that one factorisation serves all
    stages. `weights` are b of both parts.
    """

    explicit: Rows
    implicit: Rows
    weights: tuple[float, ...]
    order: int

    def __post_init__(self) -> None:
        stages = range(len(self.weights))
        assert [len(row) for row in self.explicit] == list(stages)
        assert [len(row) for row in self.implicit] == [k + 1 for k in stages]
        assert self.implicit[0] == (0.0,)
        assert self.gamma > 0.0
        assert all(self.implicit[k][k] == self.gamma for k in stages[1:])
        assert all(math.isclose(*c, rel_tol=1e-14, abs_tol=1e-14) for c in zip(*self.nodes_of_both, strict=True))
        for order, value, wanted in conditions(self.weights, self.explicit, self.implicit):
            assert order > self.order or math.isclose(value, wanted, rel_tol=1e-14), (order, value, wanted)

    @property
    def gamma(self) -> float:
        """Diagonal of the implicit part."""
        return self.implicit[-1][-1]

    @property
    def nodes(self) -> tuple[float, ...]:
        """Nodes c_k."""
        return self.nodes_of_both[0]

    @property
    def nodes_of_both(self) -> Rows:
        """Sums of the rows of both parts, which must agree: then E + I = 0 is kept exactly."""
        return tuple(tuple(math.fsum(row) for row in part) for part in (self.explicit, self.implicit))

    @property
    def rows(self) -> Floats:
        """Shape (2, s, s): row k of either part makes U_(k+1), the last one the new state."""
        stages = len(self.weights)
        rows = np.zeros((2, stages, stages))
        for part, triangle in enumerate((self.explicit, self.implicit)):
            for k, row in enumerate((*triangle[1:], self.weights)):
                rows[part, k, : k + 1] = row[: k + 1]  # a^I_kk is in the matrix
        return rows


def _table(text: str) -> Rows:
    """Rows of quotients, one line each."""
    return tuple(tuple(float(Fraction(entry)) for entry in line.split()) for line in text.split(";"))


_WEIGHTS = (
    "1471266399579/7840856788654 -4482444167858/7529755066697 11266239266428/11593286722821 1767732205903/4055673282236"
)

ARK3 = Additive(
    explicit=_table(
        "; 1767732205903/2027836641118; 5535828885825/10492691773637 788022342437/10882634858940;"
        "6485989280629/16251701735622 -4246266847089/9704473918619 10755448449292/10357097424841"
    ),
    implicit=_table(
        "0; 1767732205903/4055673282236 1767732205903/4055673282236;"
        "2746238789719/10658868560708 -640167445237/6845629431997 1767732205903/4055673282236;" + _WEIGHTS
    ),
    weights=_table(_WEIGHTS)[0],
    order=3,
)
