"""Diffusion in the plane with a coefficient of the coordinate itself, d_xx(D(x) u) + d_yy(D(y) u), as for K = x.

The average over y commutes with D(x), and so each direction is the form "conservative" of `kinetic.line.diffusion`:

    G_{i+1/2} = -(q_{i-1} - 27 q_i + 27 q_{i+1} - q_{i+2})/(24 h)
    q_i = D(x_i) (u_i - (u_{i+1} - 2 u_i + u_{i-1})/24),

of fourth order, q being D times the centre value of the parabola through three averages. Missing values continue three
by a parabola; no flux passes ends that reflect. All by sums and products of whole arrays, in a fixed order: on ranks
two rows of q go to either neighbour, and the numbers are those of one process.
"""

from __future__ import annotations

import numpy as np

from kinetic.line.diffusion import Diffusivity
from kinetic.plane.problem import PlaneProblem
from kinetic.plane.stage import Edge
from kinetic.plane.strips import HALO, Strips
from particles.base.arrays import Floats


class LocalDiffusion:
    """The rate of change by diffusion of the averages on a rank's rows.

    Parameters
    ----------
    problem : PlaneProblem
        Its D is asked for at the centres.
    strips : Strips
    edge : Edge
        What a stage finds at the edge of these rows.

    Raises
    ------
    InputError
        If D at a centre is negative or not finite.
    """

    def __init__(self, problem: PlaneProblem, strips: Strips, edge: Edge) -> None:
        self._strips, self._edge = strips, edge
        self._h, self._k = (grid.h for grid in (strips.plane.x, strips.plane.y))
        in_x, in_y = (
            Diffusivity(np.broadcast_to(problem.local.value(grid.centres), (grid.cells,)), "conservative")
            for grid in (strips.plane.x, strips.plane.y)
        )
        self.stiffness = in_x.stiffness
        """Largest eigenvalue of -h^2 d_xx."""
        self._scales = in_x.scales(1.0)
        self._d_x, self._d_y = np.asarray(in_x.values), np.asarray(in_y.values)[strips.rows, None]
        rows, columns = strips.shape
        self._q_x, self._q_y = np.zeros((rows, columns + 2 * HALO)), np.zeros((rows + 2 * HALO, columns))

    def rate(self, u: Floats) -> Floats:
        """Rate of change of averages with the two layers beyond their edge, shape (rows + 4, N_x + 4 or more)."""
        edge, columns = self._edge, self._q_y.shape[1]
        inside, x, y = np.s_[HALO:-HALO], np.s_[HALO : columns + HALO], np.s_[HALO - 1 : 1 - HALO]
        wide, high = u[inside, HALO - 1 : columns + HALO + 1], u[y, x]
        self._q_x[:, inside] = self._d_x * centre_values(wide.T).T
        self._q_y[inside] = self._d_y * centre_values(high)
        self._strips.ranks.exchange(self._q_y, HALO, around=edge.periodic)
        in_x = self._change(self._q_x.T, edge._replace(low=True, high=True))
        return in_x.T / self._h**2 + self._change(self._q_y, edge) / self._k**2

    def _change(self, q: Floats, edge: Edge) -> Floats:
        """Differences of fluxes over rows, of q with two rows beyond either end, filled where it ends here."""
        for rows, ends in ((q, edge.low), (q[::-1], edge.high)):
            if ends and edge.periodic:
                rows[:HALO] = rows[-2 * HALO : -HALO]
            elif ends:
                rows[HALO - 1] = 3.0 * (rows[HALO] - rows[HALO + 1]) + rows[HALO + 2]
        near, far = self._scales
        flux = near * (q[1:-2] - q[2:-1]) + far * (q[3:] - q[:-3])
        for k, ends in ((0, edge.low), (-1, edge.high)):
            if ends and not edge.periodic:
                flux[k] = 0.0
        return np.asarray(flux[:-1] - flux[1:])


def centre_values(u: Floats) -> Floats:
    """Values at the centres of the parabolas through three rows of averages; two rows fewer than u."""
    middle = u[1:-1]
    return np.asarray(middle - (u[2:] - 2.0 * middle + u[:-2]) / 24.0)
