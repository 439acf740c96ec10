"""What a distance refuses: measures that are no probabilities, laws without the moment that it needs."""

from __future__ import annotations

import numpy as np

from particles.base.errors import InputError
from particles.model import Law, Measure

FARTHEST = 8e307
"""Positions may lie so far out: differences of two are numbers."""
_MASS_TOLERANCE = 1e-9


def check_probability(measure: Measure) -> None:
    """Refuse a measure with a negative mass, a mass that is not 1 within 1e-9, or numbers that are not finite."""
    farthest = max(-float(measure.points.min(initial=0.0)), float(measure.points.max(initial=0.0)))  # NaN if one is
    if not (farthest < np.inf and np.isfinite(measure.polynomials).all()):
        raise InputError("a measure holds positions or densities that are not finite")
    if farthest > FARTHEST:
        raise InputError(f"a position is {farthest!r} from 0: allowed are {FARTHEST:g} at most")
    # an atom of a finite-volume solution may be negative by what the density undershoots
    least = -_MASS_TOLERANCE if measure.has_density else 0.0
    if measure.masses.size and not measure.masses.min() >= least:
        raise InputError(f"a mass is {float(measure.masses.min())!r}: allowed are numbers >= 0")
    if not abs(measure.mass - 1.0) <= _MASS_TOLERANCE:
        raise InputError(f"mass = {measure.mass!r} must be 1 within {_MASS_TOLERANCE:g}")


def check_on_the_line(measure: Measure) -> None:
    """Refuse what is no probability, or has another dimension than 1."""
    check_probability(measure)
    if measure.dim != 1:
        raise InputError(f"dimension {measure.dim} of the measure must be 1")


def require_mean(law: Law) -> None:
    """Refuse W1 to a law with P(X > x) ~ x^(-mu), mu <= 1: it is infinite for every measure with a mean."""
    tail = law.tail
    if tail <= 1.0 or not np.isfinite(law.mean):
        raise InputError(
            f"{type(law).__name__} (tail exponent {tail:g}) has no mean, so W1 to it is infinite: use the Kolmogorov"
            " distance (validation.kolmogorov), or W1 of log x"
        )
