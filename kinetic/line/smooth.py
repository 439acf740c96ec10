"""What is smooth, from its cell averages: values at faces, and a parabola in every cell, of fourth order in integrals.

    q_{j+1/2} = (7 (p_j + p_{j+1}) - p_{j-1} - p_{j+2})/12
    P(s) = p_j - c/12 + (q_r - q_l) s + c s^2,   c = 3 (q_l + q_r - 2 p_j)      s = (x - x_j)/h in [-1/2, 1/2]

P has the average p_j and the face values q; its error h^3 p''' s (s^2 - 1/4)/6 has a slope of mean 0 in the cell.
"""

from __future__ import annotations

import numpy as np

from kinetic.line.reconstruction import ghost
from particles.base.arrays import Floats


def face_values(averages: Floats) -> Floats:
    """Values at the faces, shape (N + 1,), of averages, shape (N,)."""
    p = averages
    for _ in range(2):
        p = np.concatenate([[ghost(*p[:3])], p, [ghost(*p[:-4:-1])]])
    return np.asarray((7.0 * (p[1:-2] + p[2:-1]) - p[:-3] - p[3:]) / 12.0)


def values_and_slopes(averages: Floats, s: Floats, h: float) -> tuple[Floats, Floats]:
    """P and dP/dx at the places s, shape (n, 1), of every cell, each of shape (n, N)."""
    faces = face_values(averages)
    rise, bend = np.diff(faces), 3.0 * (faces[:-1] + faces[1:] - 2.0 * averages)
    return averages - bend / 12.0 + s * (rise + s * bend), (rise + 2.0 * s * bend) / h
