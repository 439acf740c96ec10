"""Explicit Runge-Kutta schemes of higher order, whose stages are kept, and how far they are stable.

    U_k = u^n + dt sum_{m<k} a_km L(U_m, t + c_m dt),   k = 0..s-1,    u^{n+1} = u^n + dt sum_k b_k L(U_k, t + c_k dt)

======  ======  =====  ==============================================================================
scheme  stages  order  source
======  ======  =====  ==============================================================================
`SSP3`  3       3      Shu, Osher 1988: that of `kinetic.line.tableau`, for what must stay positive
`RK5`   6       5      Dormand, Prince (J. Comput. Appl. Math. 6, 1980)
`RK8`   12      8      Dormand, Prince 1989, as in Hairer, Norsett, Wanner I, II.10 (dop853)
======  ======  =====  ==============================================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kinetic.line.tableau import SSPRK3, Rows
from particles.base.arrays import Floats


@dataclass(frozen=True)
class RungeKutta:
    """Butcher's tableau and what it is good for.

    Parameters
    ----------
    butcher : tuple of tuples
        Rows a_k of k entries, k = 0..s-1, and the weights b.
    order : int
    advection : float
        u_t + u_x = 0 is stable with the linear upwind schemes of order 5 and 7 while dt/h is at most this.
    diffusion : float
        u' = -lambda u is stable while lambda dt is at most this.
    """

    butcher: Rows
    order: int
    advection: float
    diffusion: float

    def __post_init__(self) -> None:
        for k in range(1, self.order + 1):  # of the quadrature that it is for u' = f(t); the tests know all conditions
            rule = math.fsum(b * c ** (k - 1) for b, c in zip(self.butcher[-1], self.nodes, strict=True))
            assert math.isclose(rule, 1.0 / k, rel_tol=1e-13), (k, rule)

    @property
    def nodes(self) -> tuple[float, ...]:
        """Nodes c_k: stage k takes its right-hand side at t + c_k dt."""
        return tuple(math.fsum(row) for row in self.butcher[:-1])

    @property
    def rows(self) -> Floats:
        """Shape (s, s): row k makes U_(k+1), the last one the new state."""
        stages = len(self.butcher) - 1
        rows = np.zeros((stages, stages))
        for k, row in enumerate(self.butcher[1:]):
            rows[k, : len(row)] = row
        return rows


def _quotients(*lines: str) -> Rows:
    return tuple(tuple(float(Fraction(entry)) for entry in line.split()) for line in lines)


SSP3 = RungeKutta(SSPRK3.butcher, 3, 1.2437, 2.5127)
RK5 = RungeKutta(
    _quotients(
        "",
        "1/5",
        "3/40 9/40",
        "44/45 -56/15 32/9",
        "19372/6561 -25360/2187 64448/6561 -212/729",
        "9017/3168 -355/33 46732/5247 49/176 -5103/18656",
        "35/384 0 500/1113 125/192 -2187/6784 11/84",
    ),
    5,
    1.5007,
    3.3065,
)
RK8 = RungeKutta(
    (
        (),
        (0.05260015195876773,),
        (0.0197250569845379, 0.0591751709536137),
        (0.02958758547680685, 0.0, 0.08876275643042054),
        (0.2413651341592667, 0.0, -0.8845494793282861, 0.924834003261792),
        (0.037037037037037035, 0.0, 0.0, 0.17082860872947386, 0.12546768756682242),
        (0.037109375, 0.0, 0.0, 0.17025221101954405, 0.06021653898045596, -0.017578125),
        (
            0.03709200011850479,
            0.0,
            0.0,
            0.17038392571223998,
            0.10726203044637328,
            -0.015319437748624402,
            0.008273789163814023,
        ),
        (
            0.6241109587160757,
            0.0,
            0.0,
            -3.3608926294469414,
            -0.868219346841726,
            27.59209969944671,
            20.154067550477894,
            -43.48988418106996,
        ),
        (
            0.47766253643826434,
            0.0,
            0.0,
            -2.4881146199716677,
            -0.590290826836843,
            21.230051448181193,
            15.279233632882423,
            -33.28821096898486,
            -0.020331201708508627,
        ),
        (
            -0.9371424300859873,
            0.0,
            0.0,
            5.186372428844064,
            1.0914373489967295,
            -8.149787010746927,
            -18.52006565999696,
            22.739487099350505,
            2.4936055526796523,
            -3.0467644718982196,
        ),
        (
            2.273310147516538,
            0.0,
            0.0,
            -10.53449546673725,
            -2.0008720582248625,
            -17.9589318631188,
            27.94888452941996,
            -2.8589982771350235,
            -8.87285693353063,
            12.360567175794303,
            0.6433927460157636,
        ),
        (
            0.054293734116568765,
            0.0,
            0.0,
            0.0,
            0.0,
            4.450312892752409,
            1.8915178993145003,
            -5.801203960010585,
            0.3111643669578199,
            -0.1521609496625161,
            0.20136540080403034,
            0.04471061572777259,
        ),
    ),
    8,
    3.5932,
    6.3936,
)
