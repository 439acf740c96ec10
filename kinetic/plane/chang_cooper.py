"""Chang and Cooper's fluxes in the plane, those of the line (`kinetic.line.rates`) in each direction.

    F = (D/h) (B(-lam) g_i - B(lam) g_{i+1}),   lam = int (D' - a_1)/D dx between the centres, at the height of the row

Where the drift is a gradient of D times a potential, detailed balance holds on the grid, and the state at rest is exact
at the centres up to the quadrature of lam. No other drift has it: the state at rest is of second order then
(`kinetic.plane.well_balanced` is exact where that state is known).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kinetic.line.rates import Faces, FokkerPlanck, Quadrature
from kinetic.plane.chain import Rates
from kinetic.plane.field import speeds_at
from kinetic.plane.grid import Plane
from kinetic.plane.problem import PlaneProblem
from particles.base.arrays import Floats


def faces(problem: PlaneProblem, plane: Plane, quadrature: Quadrature) -> tuple[Faces, Faces]:
    """The faces in x and in y of all rows and columns side by side, lam of shapes (N_y, N_x - 1), (N_x, N_y - 1)."""
    field, noise = problem.field, problem.local
    rows, columns = plane.y.centres[:, None], plane.x.centres[:, None]

    def equation(drift: Callable[[Floats, float, Floats | None], Floats]) -> FokkerPlanck:
        return FokkerPlanck(drift, noise.value, noise.slope)

    in_x = equation(lambda x, t, mean: np.stack([speeds_at(field, one, rows, t, mean)[0] for one in x]))
    in_y = equation(lambda y, t, mean: np.stack([speeds_at(field, columns, one, t, mean)[1] for one in y]))
    return Faces(in_x, plane.x, quadrature, lines=True), Faces(in_y, plane.y, quadrature, lines=True)


def chang_cooper(
    problem: PlaneProblem, plane: Plane, quadrature: Quadrature
) -> Callable[[float, Floats | None], Rates]:
    """The rates of a problem with noise as a function of time and mean."""
    in_x, in_y = faces(problem, plane, quadrature)

    def rates(t: float, mean: Floats | None) -> Rates:
        left, right = in_x.rates(t, mean)
        down, up = in_y.rates(t, mean)
        return Rates(left, right, down.T, up.T, float(np.abs(left - right).max() + np.abs(down - up).max()))

    return rates
