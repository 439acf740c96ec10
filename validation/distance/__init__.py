"""Wasserstein distances between measures.

On the line W1(mu, nu) = int abs(F_mu - F_nu) dx, and the integral is exact here: atoms make F a step function, a
density that is a parabola in each cell makes it a cubic, and abs(cubic) is integrated between its sign changes. So a
cloud against a finite-volume solution has no floor: neither h/4 (averages taken as point masses at the centres) nor
h^2 TV(g)/12 (a piecewise constant density). POT is the independent route on the line and the only one in R^d
(`transport`).
"""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.base.roots import crossings
from particles.model import Law, Measure
from validation.distance.checks import check_probability, require_mean
from validation.distance.distribution import Flags, OfLaw
from validation.distance.line import between_clouds, to_density
from validation.distance.transport import EMD_LIMIT, w1_by_pot, wasserstein

__all__ = ["EMD_LIMIT", "check_probability", "require_mean", "w1", "w1_by_pot", "w1_to_law", "wasserstein"]


def w1(a: Measure, b: Measure) -> float:
    """Wasserstein distance W1 between two probability measures.

    Parameters
    ----------
    a, b : Measure
        Of the same dimension and of mass 1 within 1e-9. Exact on the line; in R^d, d > 1, clouds of at most
        `EMD_LIMIT` points each, by POT's network simplex.

    Raises
    ------
    InputError
        If dimensions differ, a mass is negative or not 1, a position is not finite, or a cloud is too large.

    See Also
    --------
    w1_to_law : To a law.
    expected_w1 : What sampling alone makes.
    sliced_w1 : In R^d, for clouds of any size.

    Notes
    -----
    ::

        W1(mu, nu) = int abs(F_mu(x) - F_nu(x)) dx

    on the line, as (7) of arXiv 2001.04294 is there; taken between the sign changes of a difference of cubics, without
    quadrature.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import Measure, cases
    >>> from validation import w1
    >>> w1(Measure.of_points([0.0, 1.0]), Measure.of_points([0.0, 3.0]))
    1.0
    >>> grid = kinetic.Grid(-7.0, 9.0, cells=400)
    >>> density = kinetic.solve(cases["regression"].model, grid, until=1.0).at(1.0)
    >>> print(f"{w1(density, Measure.of_points([1.0])):.5f}")  # exact: 0.36598014
    0.36598
    >>> w1(density, Measure([[1.0]], [0.5]))
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: mass = 0.5 must be 1 within 1e-09
    """
    for measure in (a, b):
        check_probability(measure)
    if a.dim != b.dim:
        raise InputError(f"dimensions {a.dim} and {b.dim} must be equal")
    if a.plane is not None or b.plane is not None:
        raise InputError("a density in the plane: W1 is known of clouds alone there; allowed is validation.sliced_w1")
    if a.dim > 1:
        return wasserstein(a.points, b.points, a.masses, b.masses)
    return to_density(a, b) if a.has_density or b.has_density else between_clouds(a, b)


def w1_to_law(measure: Measure, law: Law) -> float:
    """W1 on the line between a measure and a law: abs(F_measure - F) by 8 Gauss nodes between its sign changes.

    Parameters
    ----------
    measure : Measure
        Mass 1 within 1e-9.
    law : Law
        Smooth between its breakpoints, but for atoms at them.

    Raises
    ------
    InputError
        If the law has no mean, or the measure is no probability.

    See Also
    --------
    w1 : Between two measures.
    enclose : For a cloud that no rank can hold.

    Examples
    --------
    >>> from particles.model import Measure, Normal
    >>> from validation import w1_to_law
    >>> print(f"{w1_to_law(Measure.of_points([0.0]), Normal(0.0, 1.0)):.6f}")  # sqrt(2/pi)
    0.797885
    """
    check_probability(measure)
    require_mean(law)
    knots = np.unique(np.concatenate([measure.points[0], measure.faces, law.breakpoints()]))
    step = measure.cdf(knots[:-1])
    end = max(float(part[-1]) for part in (np.sort(measure.points[0]), measure.faces) if part.size)
    knots = knots[knots <= end]  # beyond it P(X > x) alone is left, which a heavy tail keeps where 1 - F rounds to 0
    step, left, right = step[: knots.size - 1], knots[:-1], knots[1:]
    base = step - measure.density_cdf(left)
    crossed, at = _sign_changes(measure, law, base, left, right)
    whole = _gauss_absolute(measure, law, base[~crossed], left[~crossed], right[~crossed])
    halves = (left[crossed], at), (at, right[crossed])
    split = sum(_gauss_absolute(measure, law, base[crossed], *half) for half in halves)
    return whole + split + OfLaw(law).beyond(end)


def _sign_changes(measure: Measure, law: Law, base: Floats, left: Floats, right: Floats) -> tuple[Flags, Floats]:
    """In which intervals F_measure - F changes its sign, and where."""

    def difference(x: Floats, base: Floats) -> Floats:
        return base + measure.density_cdf(x) - law.cdf(x)

    low, high = np.nextafter(left, right), np.nextafter(right, left)
    crossed = np.sign(difference(low, base)) * np.sign(difference(high, base)) < 0.0
    base = base[crossed]
    return crossed, crossings(lambda x, k: difference(x, base[k]), low[crossed], high[crossed])


def _gauss_absolute(measure: Measure, law: Law, base: Floats, left: Floats, right: Floats) -> float:
    """Integral of abs(base + F_density - F) over intervals in which it does not change its sign."""
    half = 0.5 * (right - left)
    total = 0.0
    for node, weight in zip(*gauss(8), strict=True):
        x = 0.5 * (left + right) + half * node
        total += float((weight * half * np.abs(base + measure.density_cdf(x) - law.cdf(x))).sum())
    return total
