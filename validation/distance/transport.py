"""W_p between two clouds: by equal quantiles on the line, by POT's network simplex in R^d; the one file with POT.

On the line, Q of the quantiles, W_p^p = int_0^1 abs(Q_a - Q_b)^p dq, and Q is constant between the running masses.

In R^d W_p^p = min <plan, d^p> over plans with the given margins. The distances d are taken from the differences of the
positions, so that a common shift costs no digits (`ot.dist` expands squares), and W_p is measured in units of itself,
so that no power overflows. The simplex computes potentials as large as the largest cost, and loses to their rounding
what is smaller by 1e16; but a plan that pays for a cost above the optimum over the mass that it carries is no optimum.
So costs are capped in units of the best plan so far, and solved again until that plan stays. A plan for capped costs
that pays no capped one is an optimum for the whole: its capped cost is a lower bound of W_p^p, its cost an upper one.
Masses are rounded, and so do not match to the last bit: what a plan carries of the order of that rounding, 1e-17 of a
mass of 1/6 across the whole cloud, is not paid, or it would decide where p is large.

POT lets through what it should refuse (integer positions, negative or unnormalised weights, NaN costs, an unfinished
simplex); here that is an error.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_at_least, require_finite
from particles.base.errors import InputError
from particles.model import Measure
from validation.distance.checks import check_on_the_line, check_probability
from validation.distance.coupling import coupling, levels

EMD_LIMIT = 5000  # points a side: POT's exact transport in R^d holds their whole cost matrix
_CAP, _LARGEST_CAP = 1e6, 1e12  # of a cost, in units of W_p^p
_CLOSE = 1e-9  # of W_p^p, between its two bounds
_DUST, _SHARE = 1e-15, 1e-10  # of the whole mass and of that of both points: a part below is the rounding of masses
_ROUNDS = 2000  # each lowers the largest cost that is paid, by 1e16 where there are such


def wasserstein(
    x: ArrayLike, y: ArrayLike, x_masses: ArrayLike | None = None, y_masses: ArrayLike | None = None, *, p: float = 1.0
) -> float:
    """Wasserstein distance W_p between two clouds, the p-th root taken.

    Parameters
    ----------
    x, y : array_like of float, shape (n,) or (d, n)
        Positions; for d > 1 at most `EMD_LIMIT` points each.
    x_masses, y_masses : array_like, shape (n,), optional
        Non-negative, summing to 1 within 1e-9; by default equal.
    p : float in [1, 1e4], default 1

    Returns
    -------
    float
        In units of the positions. It does not depend on a common shift beyond the rounding of the positions
        themselves, nor on the scale.

    Raises
    ------
    InputError
        For integer or non-finite positions, positions beyond 8e307, bad masses, different dimensions, p out of range,
        clouds that are too large, or an optimum that POT did not reach.

    Notes
    -----
    ::

        W_p(mu, nu)^p = min over plans of int abs(x - y)^p,   on the line int_0^1 abs(Q_mu - Q_nu)^p dp

    Examples
    --------
    >>> from validation import wasserstein
    >>> x, y = [0.0, 1.0], [0.0, 3.0]
    >>> print(f"{wasserstein(x, y):.6f} {wasserstein(x, y, p=2.0):.6f}")
    1.000000 1.414214
    >>> wasserstein([[0.0], [0.0]], [[3.0], [4.0]])  # in the plane
    5.0
    >>> wasserstein([0, 1], [0, 3])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: positions of type int64 must be float64
    """
    left, right = _cloud(x, x_masses), _cloud(y, y_masses)
    if left.dim != right.dim:
        raise InputError(f"dimensions {left.dim} and {right.dim} must be equal")
    require_finite("p", p, largest=1e4)
    require_at_least("p", p, 1.0)
    if left.dim == 1:
        return _by_quantiles(left, right, p)
    largest = max(left.masses.size, right.masses.size)
    if largest > EMD_LIMIT:
        raise InputError(
            f"a cloud of {largest} points in R^{left.dim} is too large: allowed are {EMD_LIMIT}, the whole cost"
            " matrix is kept; use validation.sliced_w1"
        )
    return _by_simplex(left.masses, right.masses, _distances(left.points, right.points), p)


def w1_by_pot(cloud: Measure, other: Measure, *, points: int = 200_000) -> float:
    """W1 on the line by POT, a density replaced by `points` atoms of equal mass at its quantiles: the second route.

    The replacement costs at most (length of the support)/(4 points) for a density bounded below. InputError for
    what is no probability on the line.
    """
    import ot

    for measure in (cloud, other):
        check_on_the_line(measure)
    x, y = _quantised(cloud, points), _quantised(other, points)
    return float(ot.wasserstein_1d(x.points[0], y.points[0], x.masses, y.masses, p=1))


def _by_quantiles(a: Measure, b: Measure, p: float) -> float:
    orders = [np.argsort(cloud.points[0], kind="stable") for cloud in (a, b)]
    masses, i, j = coupling(*(levels(cloud.masses[order]) for cloud, order in zip((a, b), orders, strict=True)))
    return _mean_power(np.abs(a.points[0, orders[0]][i] - b.points[0, orders[1]][j]), masses, p)


def _mean_power(distances: Floats, masses: Floats, p: float) -> float:
    """(sum_i masses_i distances_i^p)^(1/p), in units of the largest distance that is paid."""
    largest = float(distances[masses > 0.0].max(initial=0.0))
    if largest == 0.0:
        return 0.0
    _require_finite(largest)
    with np.errstate(under="ignore"):
        mean = float((masses * (np.minimum(distances, largest) / largest) ** p).sum())
    return largest * math.pow(mean, 1.0 / p)


def _distances(x: Floats, y: Floats) -> Floats:
    """Distances between the columns of x and those of y, from their differences, shape (n, m)."""
    found = np.zeros((x.shape[1], y.shape[1]))
    with np.errstate(over="ignore"):
        for row, other in zip(x, y, strict=True):
            found = np.hypot(found, row[:, None] - other)
    _require_finite(float(found.max()))
    return found


def _require_finite(largest: float) -> None:
    if not largest < math.inf:
        raise InputError("two positions are 1.8e308 or more apart: allowed is a distance that is a finite number")


def _by_simplex(a: Floats, b: Floats, distances: Floats, p: float) -> float:
    largest = float(distances.max())
    if largest == 0.0:
        return 0.0
    best, unit, cap = math.inf, largest, 1.0
    for _ in range(_ROUNDS):
        with np.errstate(over="ignore", under="ignore"):
            costs = np.minimum(distances / unit, cap ** (1.0 / p)) ** p
        plan = _plan(a, b, costs)
        paid = plan > np.minimum(_DUST, _SHARE * np.minimum.outer(a, b))
        upper = _mean_power(distances[paid], plan[paid], p)
        if upper == 0.0 or p * math.log(largest / upper) <= math.log(_CAP):
            return upper
        if best < math.inf and p * math.log(best / upper) < math.log(2.0):  # this plan has seen costs of its own size
            lower = unit * math.pow(float((plan[paid] * costs[paid]).sum()), 1.0 / p)
            if p * math.log(upper / lower) <= _CLOSE:
                return min(best, upper)
            cap *= 1e3
        else:
            cap = _CAP
        if cap > _LARGEST_CAP:
            break
        best = unit = min(best, upper)
    raise InputError(f"POT did not reach the optimum: W_{p:g} is {best!r} at most, of costs up to {largest!r}")


def _plan(a: Floats, b: Floats, costs: Floats) -> Floats:
    import ot

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            plan, log = ot.emd(a, b, costs, log=True, numItermax=10_000_000)
        except UserWarning as warning:
            raise InputError(f"POT did not reach the optimum: {warning}") from warning
    if log["warning"] is not None or log["result_code"] != 1:
        raise InputError(f"POT did not reach the optimum: {log['warning']} (result code {log['result_code']})")
    return np.asarray(plan)


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
