"""Wasserstein distances between measures; the one file that imports POT.

On the line W1(mu, nu) = int abs(F_mu - F_nu) dx, and the integral is exact here: atoms make F a step function, a
density that is a parabola in each cell makes it a cubic, and abs(cubic) is integrated between its sign changes. So a
cloud against a finite-volume solution has no floor: neither h/4 (averages taken as point masses at the centres) nor
h^2 TV(g)/12 (a piecewise constant density).

POT is the independent route on the line and the only one in R^d. It lets through what it should refuse (integer
positions, negative or unnormalised weights, NaN costs, an unfinished simplex); the wrappers here raise instead.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats, as_floats, bisect
from particles.base.errors import InputError
from particles.model import Law, Measure
from validation.distance.distribution import Flags, OfLaw
from validation.distance.line import absolute_integral, density_difference

EMD_LIMIT = 5000  # points a side: POT's exact transport in R^d holds their whole cost matrix
_MASS_TOLERANCE = 1e-9


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
    """
    for measure in (a, b):
        check_probability(measure)
    if a.dim != b.dim:
        raise InputError(f"dimensions {a.dim} and {b.dim} must be equal")
    if a.dim > 1:
        return wasserstein(a.points, b.points, a.masses, b.masses)
    points = np.concatenate([np.sort(a.points[0]), np.sort(b.points[0])])
    order = np.argsort(points, kind="stable")  # merges two sorted runs
    points, from_a = points[order], np.cumsum(order < a.masses.size)
    steps = a.running_masses[from_a] - b.running_masses[np.arange(1, points.size + 1) - from_a]
    faces, polynomials = density_difference(a, b)
    return float(absolute_integral()(points, steps, faces, polynomials))


def wasserstein(
    x: ArrayLike, y: ArrayLike, x_masses: ArrayLike | None = None, y_masses: ArrayLike | None = None, *, p: float = 1.0
) -> float:
    """Wasserstein distance W_p between two clouds by POT, with everything checked that POT lets through.

    Parameters
    ----------
    x, y : array_like of float, shape (n,) or (d, n)
        Positions; for d > 1 at most `EMD_LIMIT` points each.
    x_masses, y_masses : array_like, shape (n,), optional
        Non-negative, summing to 1 within 1e-9; by default equal.
    p : float >= 1, default 1

    Returns
    -------
    float
        W_p, the p-th root taken.

    Raises
    ------
    InputError
        For integer or non-finite positions, bad masses, different dimensions, p < 1, clouds that are too large, or
        an optimum that POT did not reach.
    """
    import ot

    left, right = _cloud(x, x_masses), _cloud(y, y_masses)
    if left.dim != right.dim:
        raise InputError(f"dimensions {left.dim} and {right.dim} must be equal")
    if not (p >= 1.0 and np.isfinite(p)):
        raise InputError(f"p = {p!r} must be a finite number of at least 1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if left.dim == 1:
            power = ot.wasserstein_1d(left.points[0], right.points[0], left.masses, right.masses, p=p)
            return float(power ** (1.0 / p))
        largest = max(left.masses.size, right.masses.size)
        if largest > EMD_LIMIT:
            raise InputError(
                f"a cloud of {largest} points in R^{left.dim} is too large: allowed are {EMD_LIMIT}, the whole cost"
                " matrix is kept; use validation.sliced_w1"
            )
        try:
            cost = ot.dist(left.points.T.copy(), right.points.T.copy(), metric="euclidean") ** p
            power, log = ot.emd2(left.masses, right.masses, cost, log=True, numItermax=10_000_000)
        except UserWarning as warning:
            raise InputError(f"POT did not reach the optimum: {warning}") from warning
    if log["warning"] is not None or log["result_code"] != 1:
        raise InputError(f"POT did not reach the optimum: {log['warning']} (result code {log['result_code']})")
    return float(power ** (1.0 / p))


def w1_by_pot(cloud: Measure, other: Measure, *, points: int = 200_000) -> float:
    """W1 on the line by POT, a density replaced by `points` atoms of equal mass at its quantiles: the second route.

    The replacement costs at most (length of the support)/(4 points) for a density bounded below.
    """
    x, y = _quantised(cloud, points), _quantised(other, points)
    return wasserstein(x.points, y.points, x.masses, y.masses)


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
    """
    check_probability(measure)
    require_mean(law)
    knots = np.unique(np.concatenate([measure.points[0], measure.faces, law.breakpoints()]))
    step = measure.cdf(knots[:-1])
    end = max(float(part[-1]) for part in (np.sort(measure.points[0]), measure.faces) if part.size)
    knots = knots[knots <= end]  # beyond it P(X > x) alone is left, which a heavy tail keeps where 1 - F rounds to 0
    step, left, right = step[: knots.size - 1], knots[:-1], knots[1:]
    crossed, at = _crossings(measure, law, step, left, right)
    base = step - measure.density_cdf(left)
    whole = _gauss_absolute(measure, law, base[~crossed], left[~crossed], right[~crossed])
    halves = (left[crossed], at), (at, right[crossed])
    split = sum(_gauss_absolute(measure, law, base[crossed], *half) for half in halves)
    return whole + split + OfLaw(law).beyond(end)


def _crossings(measure: Measure, law: Law, step: Floats, left: Floats, right: Floats) -> tuple[Flags, Floats]:
    """In which intervals F_measure - F changes its sign, and where."""
    if not measure.has_density:  # a step: F passes its height once, at the quantile
        crossed = (step > 0.0) & (step < 1.0)
        at = np.full(step.shape, np.nan)
        at[crossed] = law.quantile(step[crossed])
        crossed &= (left < at) & (at < right)
        return crossed, at[crossed]
    base = step - measure.density_cdf(left)

    def difference(x: Floats) -> Floats:
        return base + measure.density_cdf(x) - law.cdf(x)

    low, high = np.nextafter(left, right), np.nextafter(right, left)
    sign = np.sign(difference(low))
    crossed = sign * np.sign(difference(high)) < 0.0
    base, sign = base[crossed], sign[crossed]
    return crossed, bisect(lambda x: np.sign(difference(x)) == sign, low[crossed], high[crossed])


def _gauss_absolute(measure: Measure, law: Law, base: Floats, left: Floats, right: Floats) -> float:
    """Integral of abs(base + F_density - F) over intervals in which it does not change its sign."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = 0.5 * (right - left)
    total = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        x = 0.5 * (left + right) + half * node
        total += float((weight * half * np.abs(base + measure.density_cdf(x) - law.cdf(x))).sum())
    return total


# checks and conversions


def check_probability(measure: Measure) -> None:
    """Refuse a measure with a negative mass, a mass that is not 1 within 1e-9, or numbers that are not finite."""
    if not (np.isfinite(measure.points).all() and np.isfinite(measure.polynomials).all()):
        raise InputError("a measure holds positions or densities that are not finite")
    # an atom of a finite-volume solution may be negative by what the density undershoots
    least = -_MASS_TOLERANCE if measure.has_density else 0.0
    if measure.masses.size and not measure.masses.min() >= least:
        raise InputError(f"a mass is {float(measure.masses.min())!r}: allowed are numbers >= 0")
    if not abs(measure.mass - 1.0) <= _MASS_TOLERANCE:
        raise InputError(f"mass = {measure.mass!r} must be 1 within {_MASS_TOLERANCE:g}")


def require_mean(law: Law) -> None:
    """Refuse W1 to a law with P(X > x) ~ x^(-mu), mu <= 1: it is infinite for every measure with a mean."""
    tail = getattr(law, "tail", np.inf)
    if tail <= 1.0 or not np.isfinite(law.mean):
        raise InputError(
            f"{type(law).__name__} (tail exponent {tail:g}) has no mean, so W1 to it is infinite: use the Kolmogorov"
            " distance (validation.kolmogorov), or W1 of log x"
        )


def _cloud(points: ArrayLike, masses: ArrayLike | None) -> Measure:
    rows = np.atleast_2d(as_floats(points, "positions", ndim=(1, 2), convert=False))
    if masses is None or rows.size == 0:
        cloud = Measure.of_points(rows)  # refuses a cloud of 0 points
    else:
        cloud = Measure(rows, as_floats(masses, "masses"))
    check_probability(cloud)
    return cloud


def _quantised(measure: Measure, points: int) -> Measure:
    if not measure.has_density:
        return measure
    mass = float(measure.cell_masses.sum())
    levels = (np.arange(points) + 0.5) / points * mass
    grid = np.linspace(measure.faces[0], measure.faces[-1], 8 * measure.faces.size)
    cdf = np.maximum.accumulate(measure.density_cdf(grid))
    atoms = np.interp(levels, cdf, grid)
    masses = np.concatenate([np.full(points, mass / points), np.maximum(measure.masses, 0.0)])
    return Measure(np.concatenate([atoms, measure.points[0]])[None, :], masses / masses.sum())
