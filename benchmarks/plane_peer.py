"""The scheme of `kinetic.plane.stage` in NumPy: the same formulas over whole arrays, with places for all between."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.plane.field import FaceData
from particles.base.arrays import Floats


class PlaneCweno:
    """CWENO3 finite volumes in the plane, CWZ, periodic, SSP-RK3, steady speeds.

    Parameters
    ----------
    averages : ndarray, shape (N_y, N_x)
    faces : FaceData
    h, k : float
        Widths of a cell.
    eps : (float, float)
        Of the weights in x and in y.
    c0 : float, default 0.75
    """

    def __init__(
        self, averages: Floats, faces: FaceData, h: float, k: float, eps: tuple[float, float], c0: float = 0.75
    ) -> None:
        rows, columns = averages.shape
        self.eps, self.c0, self.by = eps, c0, (1.0 / h, 1.0 / k)
        self.states = [np.zeros((rows + 4, columns + 4)) for _ in range(3)]
        self.averages = self.states[0][2:-2, 2:-2]
        self.averages[:] = averages
        sides = (faces.mean_x, faces.slope_x, (rows, columns + 2)), (faces.mean_y, faces.slope_y, (rows + 2, columns))
        self.faces = [(np.maximum(mean, 0.0), np.minimum(mean, 0.0), slope / 48.0) for mean, slope, _ in sides]
        self.cells = [[np.empty(shape) for _ in range(8)] for _, _, shape in sides]
        self.fluxes = [[np.empty(mean.shape) for _ in range(2)] for mean, _, _ in sides]
        self.gain, self.part = np.empty((rows, columns)), np.empty((rows, columns))

    def advance(self, dt: float, steps: int) -> None:
        """Do `steps` steps."""
        u, one, two = self.states
        for _ in range(steps):
            self._stage(u, u, one, dt, 1.0)
            self._stage(u, one, two, dt, 0.25)
            self._stage(u, two, u, dt, 2.0 / 3.0)

    def _stage(self, start: Floats, u: Floats, out: Floats, dt: float, share: float) -> None:
        u[:, :2], u[:, -2:] = u[:, -4:-2], u[:, 2:4]
        u[:2], u[-2:] = u[-4:-2], u[2:4]
        along_x, along_y, gain, part = u[2:-2], u[:, 2:-2], self.gain, self.part
        low, high = self._edges(0, along_x[:, :-2], along_x[:, 1:-1], along_x[:, 2:])
        np.subtract(u[3:-1, 1:-1], u[1:-3, 1:-1], out=self.cells[0][3])
        flux = self._flux(0, high[:, :-1], low[:, 1:], self.cells[0][3][:, :-1], self.cells[0][3][:, 1:])
        np.subtract(flux[:, :-1], flux[:, 1:], out=gain)
        np.multiply(gain, share * dt * self.by[0], out=gain)
        low, high = self._edges(1, along_y[:-2], along_y[1:-1], along_y[2:])
        np.subtract(u[1:-1, 3:-1], u[1:-1, 1:-3], out=self.cells[1][3])
        flux = self._flux(1, high[:-1], low[1:], self.cells[1][3][:-1], self.cells[1][3][1:])
        np.subtract(flux[:-1], flux[1:], out=part)
        np.multiply(part, share * dt * self.by[1], out=part)
        np.add(gain, part, out=gain)
        np.multiply(u[2:-2, 2:-2], share, out=part)
        np.add(gain, part, out=gain)
        np.multiply(start[2:-2, 2:-2], 1.0 - share, out=part)
        np.add(gain, part, out=out[2:-2, 2:-2])

    def _flux(self, axis: int, left: Floats, right: Floats, before: Floats, after: Floats) -> Floats:
        (forwards, backwards, slope), (flux, term) = self.faces[axis], self.fluxes[axis]
        np.multiply(forwards, left, out=flux)
        np.multiply(backwards, right, out=term)
        np.add(flux, term, out=flux)
        np.add(before, after, out=term)
        np.multiply(term, slope, out=term)
        return np.add(flux, term, out=flux)

    def _edges(self, axis: int, before: Floats, u: Floats, after: Floats) -> tuple[Any, Any]:
        """Line averages at the lower and the higher face of a cell, by the notation of `peers.Cweno`."""
        d_left, d_right, bent, i_left, i_right, i_0, tau, total = self.cells[axis]
        c0, side, eps = self.c0, 0.5 * (1.0 - self.c0), self.eps[axis]
        np.subtract(u, before, out=d_left)
        np.subtract(after, u, out=d_right)
        np.subtract(d_right, d_left, out=bent)
        np.add(d_left, d_right, out=total)
        for slope, indicator in ((d_left, i_left), (d_right, i_right), (total, i_0)):
            np.multiply(slope, slope, out=indicator)
        np.multiply(i_0, 0.25, out=i_0)
        np.multiply(bent, bent, out=tau)
        np.multiply(tau, 13.0 / 12.0 / c0**2, out=tau)
        np.add(i_0, tau, out=i_0)
        np.add(i_left, i_right, out=tau)
        np.subtract(tau, i_0, out=tau)
        np.subtract(tau, i_0, out=tau)
        np.multiply(tau, tau, out=tau)
        for indicator, share in ((i_left, side), (i_right, side), (i_0, c0)):  # C (1 + tau^2/(I + eps)^2)
            np.add(indicator, eps, out=indicator)
            np.multiply(indicator, indicator, out=indicator)
            np.divide(tau, indicator, out=indicator)
            np.add(indicator, 1.0, out=indicator)
            np.multiply(indicator, share, out=indicator)
        np.add(i_left, i_right, out=tau)
        np.add(tau, i_0, out=tau)
        np.divide(0.5, tau, out=tau)
        np.multiply(total, i_0, out=total)
        np.multiply(total, 0.5, out=total)
        np.multiply(i_left, d_left, out=i_left)
        np.multiply(i_right, d_right, out=i_right)
        np.add(total, i_left, out=total)
        np.add(total, i_right, out=total)
        np.multiply(total, tau, out=total)  # half the slope
        np.multiply(i_0, tau, out=i_0)
        np.multiply(bent, i_0, out=bent)
        np.multiply(bent, 1.0 / 6.0 / c0, out=bent)
        np.add(bent, u, out=bent)
        return np.subtract(bent, total, out=d_left), np.add(bent, total, out=d_right)
