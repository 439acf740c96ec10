"""What a contestant may return: its own form of the law at the time asked for. Plain arrays; no law of ours.

Between points and faces the judge fills in by a rule that is the same for all, which `reading` states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """Particles, each of the same weight.

    Parameters
    ----------
    points : ndarray of shape (M,), or (M, 2) in the plane
    """

    points: Floats


@dataclass(frozen=True)
class Cdf:
    """The distribution function on points of the line, 0 before the first and 1 after the last.

    Between them it is read as the monotone cubic (SciPy's PchipInterpolator), a piece between jumps at a time.

    Parameters
    ----------
    points, values : ndarray of shape (N,)
        Points increase, or stay for a jump; values do not fall, and end at 1.
    """

    points: Floats
    values: Floats


@dataclass(frozen=True)
class CellAverages:
    """Averages of the density over cells, which it need not be constant in: it is read as a spline of parabolas.

    They may be negative, which is counted. In the plane cells are of equal size.

    Parameters
    ----------
    edges : ndarray of shape (N + 1,), or a pair of them in the plane
    values : ndarray of shape (N,), or (N1, N2) in the plane
    atoms : tuple of (place, mass)
        Mass in points, such as at walls; on the line only.
    """

    edges: Floats | tuple[Floats, Floats]
    values: Floats
    atoms: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Density:
    """Values of the density on points of the line, linear between them; in the plane on a tensor grid.

    Parameters
    ----------
    points : ndarray of shape (N,), or a pair of them in the plane
    values : ndarray of shape (N,), or (N1, N2) in the plane
    atoms : tuple of (place, mass)
    """

    points: Floats | tuple[Floats, Floats]
    values: Floats
    atoms: tuple[tuple[float, float], ...] = ()


Result = Samples | Cdf | CellAverages | Density
