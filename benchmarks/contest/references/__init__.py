"""Certified references: known to the process that judges, never to one that solves."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.contest.model import model_of
from benchmarks.contest.problem import Problem
from benchmarks.contest.references.reference import PlaneReference, Reference
from benchmarks.contest.references.table import tabled
from benchmarks.contest.starts import ReluRest
from particles import GAUSSIAN, Collisions
from particles.model import Law, Product, PushForward, SmoothedUniform, SpaceLaw, TanhRepelled, exact_law
from validation.exact.boltzmann import boltzmann_law
from validation.exact.fokker_planck import computed_law

__all__ = ["PlaneReference", "Reference", "reference"]

_FLOW, _CLOSED, _COMPUTED = 1e-12, 1e-11, 1e-10  # bounds of abs(F - exact), as far as second routes confirm them
_TOLERANCE = 1e-10  # of computed laws: W1 between the last two tables, in standard deviations


@lru_cache(maxsize=128)
def reference(problem: Problem) -> Reference | PlaneReference:
    """Return the law of a problem, or of a sibling, at its time; within half a second.

    The bounds are those that the second route of `certificate` confirms.

    Raises
    ------
    ValueError
        If no route is known.
    """
    law, route, error = _answer(problem)
    if isinstance(law, SpaceLaw):
        return PlaneReference(law, route, error, error * _width(*zip(*problem.domain, strict=True)))
    return Reference(law, route, error, error * _width(*problem.domain) if math.isfinite(law.mean) else math.inf)


def _width(low: ArrayLike, high: ArrayLike) -> float:
    """Length of a domain: W1 = int abs(F - G) dx is no larger than it times the supremum of abs(F - G)."""
    return float(np.linalg.norm(np.subtract(high, low)))


def _answer(problem: Problem) -> tuple[Law | SpaceLaw, str, float]:
    model = model_of(problem)
    start = problem.start
    if start == ReluRest(problem.weight, problem.bias, problem.nu):
        return model.law, "law at rest, where the flux vanishes, by the incomplete Gamma function", _CLOSED
    if problem.noise == "collisions":
        scheme = Collisions(eps=problem.eps, clock="poisson", noise=GAUSSIAN)
        law = boltzmann_law(model, scheme, problem.until, tolerance=_TOLERANCE)
        return law, "sum over the number of collisions of the distribution function, interpolated", _COMPUTED
    known = exact_law(model, problem.until)
    if isinstance(known, TanhRepelled | SmoothedUniform):
        return tabled(known), _CLOSED_ROUTES[problem.noise], _COMPUTED
    if known is not None:
        return known, _CLOSED_ROUTES[problem.noise], _bound(known)
    if problem.noise == "brownian" and problem.dimension == 1 and problem.walls is None:
        law = computed_law(model, problem.until, tolerance=_TOLERANCE)
        return law, "equation of the distribution function, differences of order 8, steps of order 7", _COMPUTED
    raise ValueError(f"no reference is known for problem {problem.name!r}")


def _bound(law: Law | SpaceLaw) -> float:
    match law:
        case Product():
            return _COMPUTED  # its projections are tables
        case PushForward() | SpaceLaw():
            return _FLOW
    return _CLOSED


_CLOSED_ROUTES = {
    "none": "closed flow map: F(t, X_t(x)) = F(0, x)",
    "brownian": "closed transition law, averaged over the start in closed form or by Gauss quadrature",
}
