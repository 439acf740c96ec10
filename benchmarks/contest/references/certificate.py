"""How far the two routes to a reference are apart: what its stated error rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.contest.problem import Floats, Problem
from benchmarks.contest.references import PlaneReference, Reference, reference
from benchmarks.contest.references.second import second_cdf

_POINTS = 201
_TAIL = 1e-12
_ANGLES = np.array([0.9, 2.3])  # no axis; one with cosine and sine of one sign, one of two


@dataclass(frozen=True)
class Certificate:
    """Two routes to one law.

    Parameters
    ----------
    name : str
        Of the problem.
    route, second_route : str
        In words.
    error, gap : float
        Stated bound of abs(F - exact), and the largest difference of the routes over points that hold all mass but
        1e-12 at either end; in the plane over projections.
    error_w1, gap_w1 : float
        Stated bound of W1, and int abs(F - F_2) dx over these points; inf where there is no mean.
    """

    name: str
    route: str
    second_route: str
    error: float
    gap: float
    error_w1: float
    gap_w1: float

    @property
    def holds(self) -> bool:
        """Whether the routes agree to the stated errors."""
        return self.gap <= self.error and (self.gap_w1 <= self.error_w1 or self.error_w1 == np.inf)


def certificate(problem: Problem) -> Certificate:
    """Compute both routes and compare them; a second at most."""
    known = reference(problem)
    if isinstance(known, PlaneReference):
        rays = [np.array([np.cos(angle), np.sin(angle)]) for angle in _ANGLES]
        found = [_compare(problem, known.projected(ray), ray) for ray in rays]
    else:
        found = [_compare(problem, known, None)]
    gap, gap_w1 = max(part[0] for part in found), max(part[1] for part in found)
    return Certificate(problem.name, known.route, found[0][2], known.error, gap, known.error_w1, gap_w1)


def _compare(problem: Problem, known: Reference, ray: Floats | None) -> tuple[float, float, str]:
    low, high = known.quantile(np.array([_TAIL, 1.0 - _TAIL])).tolist()
    x = np.linspace(low, high, _POINTS) if known.mean is not None else np.geomspace(low, high, _POINTS)
    other, route = second_cdf(problem, x, ray)
    gap = np.abs(other - known.cdf(x))
    return float(gap.max()), float(np.trapezoid(gap, x)) if known.mean is not None else np.inf, route
