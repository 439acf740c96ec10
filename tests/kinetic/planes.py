"""Fields of the plane with exact solutions, and their averages on a grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.linalg import expm

from kinetic import Grid, Plane
from particles.base.arrays import Floats

Density = Callable[[Floats, Floats], Floats]
_SIGMA = {"identity": (lambda u: u, np.ones_like), "tanh": (np.tanh, lambda u: 1.0 - np.tanh(u) ** 2)}


def normal(mean: Floats, covariance: Floats) -> Density:
    """Density of a normal law."""
    s = np.linalg.inv(covariance)
    scale = 1.0 / (2.0 * np.pi * np.sqrt(np.linalg.det(covariance)))

    def density(x: Floats, y: Floats) -> Floats:
        x, y = x - mean[0], y - mean[1]
        return np.asarray(scale * np.exp(-0.5 * (s[0, 0] * x * x + 2.0 * s[0, 1] * x * y + s[1, 1] * y * y)))

    return density


@dataclass(frozen=True)
class Example:
    """x' = sigma(w x/2 + b), with noise nu2, from a normal law."""

    sigma: str
    w: tuple[tuple[float, float], tuple[float, float]]
    b: tuple[float, float]
    mean: tuple[float, float]
    covariance: tuple[tuple[float, float], tuple[float, float]]
    box: tuple[float, float, float, float]
    until: float
    nu2: float = 0.0

    def plane(self, cells: int) -> Plane:
        """The box in cells x cells."""
        x_lo, x_hi, y_lo, y_hi = self.box
        return Plane(Grid(x_lo, x_hi, cells=cells), Grid(y_lo, y_hi, cells=cells))

    def speeds(self, x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
        """The field as `PlaneProblem` takes it."""
        value = _SIGMA[self.sigma][0]
        (w11, w12), (w21, w22) = np.array(self.w) / 2.0
        return value(w11 * x + w12 * y + self.b[0]), value(w21 * x + w22 * y + self.b[1])

    def start(self) -> Density:
        """Density at 0."""
        return normal(np.array(self.mean), np.array(self.covariance))

    def law(self, t: float) -> tuple[Floats, Floats]:
        """Mean and covariance of a linear example at t, by matrix exponentials (Van Loan)."""
        a = np.array(self.w) / 2.0
        affine, block = np.zeros((3, 3)), np.zeros((4, 4))
        affine[:2, :2], affine[:2, 2] = a, self.b
        block[:2, :2], block[:2, 2:], block[2:, 2:] = -a, self.nu2 * np.eye(2), a.T
        flow, spread = expm(affine * t), expm(block * t)
        flowed = flow[:2, :2] @ np.array(self.covariance) @ flow[:2, :2].T
        return flow[:2, :2] @ self.mean + flow[:2, 2], flowed + spread[2:, 2:].T @ spread[:2, 2:]

    def end(self) -> Density:
        """Density at the end: a normal law, or that of the characteristics backwards (RK4, 50 steps)."""
        if self.sigma == "identity":
            return normal(*self.law(self.until))
        start, steps = self.start(), 50
        slope = _SIGMA[self.sigma][1]
        (w11, w12), (w21, w22) = np.array(self.w) / 2.0

        def rate(x: Floats, y: Floats) -> Floats:
            spread = w11 * slope(w11 * x + w12 * y + self.b[0]) + w22 * slope(w21 * x + w22 * y + self.b[1])
            return np.stack([*self.speeds(x, y, 0.0, None), -spread])

        def density(x: Floats, y: Floats) -> Floats:
            state, dt = np.stack([*np.broadcast_arrays(x, y), np.zeros(np.broadcast_shapes(x.shape, y.shape))]), 0.0
            dt = -self.until / steps
            for _ in range(steps):
                k1 = rate(state[0], state[1])
                k2 = rate(*(state[:2] + 0.5 * dt * k1[:2]))
                k3 = rate(*(state[:2] + 0.5 * dt * k2[:2]))
                k4 = rate(*(state[:2] + dt * k3[:2]))
                state = state + dt / 6.0 * (k1 + 2.0 * (k2 + k3) + k4)
            return np.asarray(start(state[0], state[1]) * np.exp(-state[2]))

        return density


def coarse(averages: Floats) -> Floats:
    """Averages on cells of twice the width."""
    rows = averages[::2] + averages[1::2]
    return np.asarray(0.25 * (rows[:, ::2] + rows[:, 1::2]))


@cache
def averages(example: Example, cells: int) -> tuple[Floats, Floats]:
    """Cell averages of start and end on 40, 80 or 160 cells a direction."""
    if cells < 160:
        start, end = averages(example, 2 * cells)
        return coarse(start), coarse(end)
    plane, nodes = example.plane(cells), 5 if example.sigma == "identity" else 3
    return plane.averages_of(example.start(), nodes=5), plane.averages_of(example.end(), nodes=nodes)


_SYMMETRIC = ((0.3, 0.0), (0.0, 0.3))
EXAMPLES = {
    "shear": Example("identity", ((0, 2), (2, 0)), (0, 0), (0, 0), ((0.5, 0), (0, 0.5)), (-5.0, 5.0, -5.0, 5.0), 0.5),
    "rot": Example("identity", ((0, -2), (2, 0)), (0, 0), (1, 0), ((0.25, 0), (0, 0.1)), (-4.0, 4.0, -4.0, 4.0), 1.0),
    "lin": Example(
        "identity", ((-1, 1.2), (0.4, -0.6)), (0.3, -0.2), (0.5, 0), ((0.3, 0.1), (0.1, 0.2)),
        (-4.0, 4.0, -4.0, 4.0), 1.0,
    ),
    "regr": Example("tanh", ((-1, 0), (0, -1)), (0.5, 0), (1, 0), ((1, 0), (0, 1)), (-7.0, 9.0, -8.0, 8.0), 1.0),
    "tanhfull": Example(
        "tanh", ((-1, 2), (-1.5, 0.5)), (0.3, -0.4), (0.5, 0), _SYMMETRIC, (-5.0, 5.0, -5.0, 5.0), 1.0
    ),
    "ou": Example(
        "identity", ((-2, 1.2), (-0.8, -1)), (0.2, 0.1), (1, -0.5), _SYMMETRIC, (-6.0, 6.0, -6.0, 6.0), 0.5, 1.0
    ),
}  # fmt: skip
