"""W2 on the line between a cloud and a law or a solution, W2^2 = int_0^1 (Q_M - Q)^2 dp (Q of the quantiles).

The i-th atom x carries the levels from p0 to p1, and with them what the law holds from a = Q(p0) to b = Q(p1). With c
the point of [a, b] next to x, two integrations by parts leave terms of one sign and no density:

    int_p0^p1 (x - Q)^2 dp = (p1 - p0) (x - c)^2 + int_a^c 2 (x - y) (F(y) - p0) dy + int_c^b 2 (y - x) (p1 - F(y)) dy.

8 Gauss nodes between the atoms, their levels and the breakpoints of the law: exact for a solution, whose F is a cubic
in every cell; to about 1e-10 of itself for a law that is smooth between its breakpoints. What is summed are squares of
lengths, in units of the largest, so that W2 of a thing scaled by 1e200 or 1e-200 is that of the thing, scaled.
"""

from __future__ import annotations

import math

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.model import Law, Measure
from validation.distance.checks import check_on_the_line, check_probability
from validation.distance.distribution import Distribution, OfLaw, OfMeasure

_NEGATIVE = 1e-9


def w2(cloud: Measure, target: Law | Measure) -> float:
    """Wasserstein distance W2 on the line between a cloud and a law or a measure.

    Parameters
    ----------
    cloud : Measure
        Atoms alone, of mass 1 within 1e-9.
    target : Law or Measure
        A law with a variance, smooth between its breakpoints but for atoms at them; or a measure whose density is not
        negative by more than a mass of 1e-9.

    Raises
    ------
    InputError
        If the cloud has a density or is not on the line, a measure is no probability, or the law has no variance.

    See Also
    --------
    w1 : For laws without a variance.

    Notes
    -----
    ::

        W2(mu, nu)^2 = int_0^1 (Q_mu(p) - Q_nu(p))^2 dp,   Q the quantiles

    Examples
    --------
    >>> from particles.model import Measure, Normal
    >>> from validation import w2
    >>> print(f"{w2(Measure.of_points([1.0]), Normal(0.0, 1.0)):.6f}")  # sqrt(2)
    1.414214
    >>> w2(Measure([[1.0]], [0.5]), Normal(0.0, 1.0))
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: mass = 0.5 must be 1 within 1e-09
    """
    check_probability(cloud)
    if cloud.has_density or cloud.dim != 1:
        raise InputError("W2 on the line is taken from a cloud: allowed are atoms in R^1, without a density")
    distribution = _distribution(target)
    order = np.argsort(cloud.points[0], kind="stable")
    order = order[cloud.masses[order] > 0.0]
    atoms = cloud.points[0, order]
    running = Measure(atoms[None, :], cloud.masses[order]).running_masses
    levels = running / running[-1]
    ends = np.concatenate([distribution.edges[:1], distribution.quantile(levels[1:-1]), distribution.edges[-1:]])
    ends = np.maximum.accumulate(np.clip(ends, distribution.edges[0], distribution.edges[-1]))
    nearest = np.clip(atoms, ends[:-1], ends[1:])
    far = np.sqrt(np.diff(levels)) * np.abs(atoms - nearest)
    near = _inside(distribution, atoms, levels, ends, nearest)
    return _root_of_squares(np.concatenate([far, near, [distribution.outside_root]]))


def _root_of_squares(lengths: Floats) -> float:
    largest = float(lengths.max())
    if largest == 0.0:
        return 0.0
    with np.errstate(under="ignore"):
        return largest * math.sqrt(math.fsum(((lengths / largest) ** 2).tolist()))


def _inside(distribution: Distribution, atoms: Floats, levels: Floats, ends: Floats, nearest: Floats) -> Floats:
    """Square roots of the two integrals, in every panel between the points given and the edges of the law."""
    knots = np.unique(np.concatenate([distribution.edges, ends, nearest]))
    left, right = knots[:-1], knots[1:]
    atom = np.clip(np.searchsorted(ends, left, side="right") - 1, 0, atoms.size - 1)
    x, above = atoms[atom], distribution.above(left)
    up = left >= nearest[atom]
    level = np.where(up, levels[atom + 1], levels[atom]) - above
    sign, half = np.where(up, 1.0, -1.0), 0.5 * (right - left)
    reach = np.maximum(np.abs(left - x), np.abs(right - x))  # no atom lies inside a panel: not 0
    before = np.nextafter(right, left)  # F may jump at the right end, which a node must not round to
    total = np.zeros(left.shape)
    for node, weight in zip(*gauss(8), strict=True):
        inside = (1.0 + node) * half
        at = np.minimum(left + inside, before)
        missing = np.maximum(sign * (level - distribution.values(at, above)), 0.0)
        total += weight * 2.0 * (np.abs((left - x) + inside) / reach) * missing
    return np.asarray(np.sqrt(half) * np.sqrt(reach) * np.sqrt(total))


def _distribution(target: Law | Measure) -> Distribution:
    if isinstance(target, Measure):
        check_on_the_line(target)
        found = OfMeasure(target)
        if found.negative_mass > _NEGATIVE:
            raise InputError(
                f"a density with a negative part of mass {found.negative_mass:.2g} has no W2: allowed is"
                f" {_NEGATIVE:g}; use W1 (validation.w1)"
            )
        return found
    if not (target.tail > 2.0 and np.isfinite(target.variance)):
        raise InputError(
            f"{type(target).__name__} (tail exponent {target.tail:g}) has no variance, so W2 to it"
            " is infinite: use W1 (validation.w1_to_law) if it has a mean, the Kolmogorov distance"
            " (validation.kolmogorov), or W2 of log x"
        )
    return OfLaw(target)
