"""What sliced W1 between M draws of a law in R^d and the law is on average, for every M: the floor of a cloud.

SW1 is a mean of distances on the line, so that its expectation is the mean of theirs (`floor`):

    E SW1(F_M, F) = (1/K) sum_k int E abs(Bin(M, F_k(s))/M - F_k(s)) ds,   F_k the law of theta_k . X,

exact for the same directions as the statistic. Over all directions of the plane, for a normal law of covariance S,

    E SW1 = e_M (2/pi) sqrt(l_1) Ell(1 - l_2/l_1),   l_1 >= l_2 the eigenvalues of S, Ell the complete elliptic integral

of the second kind, e_M = E W1 of M draws from N(0, 1). At M = 100 the limit M -> oo is up to 4 % off for peaked laws.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_count
from particles.base.errors import InputError
from particles.model import Law, Measure, Normal
from validation.distance.checks import check_probability
from validation.distance.floor import expected_w1, integrate_cdf, kinks_of, mean_absolute_deviation
from validation.distance.projection import Projector
from validation.distance.sliced import Projected, directions, require_projected

_SEEN = 1e-6  # of the highest density: a jump that quadrature must not straddle


def expected_sliced_w1(
    law: Projected | Measure, count: int, *, slices: int | None = None, seed: int | None = None
) -> float:
    """Mean of sliced W1 between `count` independent draws of a law in R^d and the law.

    Parameters
    ----------
    law : law or Measure
        A law whose projections are known; a measure of mass 1, with a density or of atoms.
    count : int >= 1
    slices, seed
        Directions, those of `sliced_w1`.

    Raises
    ------
    InputError
        If the count is no integer in [1, 1e15], a projection is not known or has no mean, the measure is no
        probability, or the dimension is 1.

    Notes
    -----
    ::

        E SW1(F_M, F) = (1/K) sum_k int E abs(Bin(M, F_k(s))/M - F_k(s)) ds,   F_k the law of theta_k . X

    Examples
    --------
    >>> from particles.model import Normal, Product
    >>> from validation import expected_sliced_w1, expected_w1
    >>> normal = Normal(0.0, 1.0)  # so are all projections of the product
    >>> law = Product([normal, normal])
    >>> print(f"{expected_sliced_w1(law, 100):.6f} {expected_w1(normal, 100):.6f}")
    0.127250 0.127250
    >>> expected_sliced_w1(law, 0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: count = 0 must be an integer of at least 1
    """
    require_count("count", count)
    require_projected("law", law)
    along = directions(law.dim, slices, seed=seed)
    return math.fsum(_expected(part, count) for part in projections(law, along)) / int(along.shape[1])


def projections(law: Projected | Measure, along: Floats) -> list[Law | Measure]:
    """Projections on every direction, of shape (d, K); InputError where one is not known or the mass is not 1."""
    if not isinstance(law, Measure):
        return [law.projection(theta) for theta in along.T]
    check_probability(law)
    project = Projector(law)
    return [project(theta) for theta in along.T]


def normal_sliced_w1(covariance: ArrayLike, count: int) -> float:
    """The same over all directions of the plane for a normal law, in closed form.

    Parameters
    ----------
    covariance : array_like, shape (2, 2)
    count : int >= 1

    Raises
    ------
    InputError
        If the covariance is no symmetric positive semi-definite matrix of that shape.
    """
    from scipy.special import ellipe

    s = as_floats(covariance, "covariance", ndim=2)
    if s.shape != (2, 2) or not np.array_equal(s, s.T):
        raise InputError(f"covariance = {s.tolist()!r:.80} must be a symmetric matrix of shape (2, 2)")
    low, high = np.linalg.eigvalsh(s).tolist()
    if not low >= -1e-14 * high or high == 0.0:
        raise InputError(f"covariance = {s.tolist()!r:.80} must be positive")
    spread = 2.0 / math.pi * math.sqrt(high) * float(ellipe(1.0 - max(low, 0.0) / high))
    return float(spread * expected_w1(Normal(0.0, 1.0), count))


def _expected(part: Law | Measure, count: int) -> float:
    if isinstance(part, Law) or not part.has_density:
        return expected_w1(part, count)
    return integrate_cdf(part, lambda p: mean_absolute_deviation(p, count), kinks_of(count), seen_edges(part))


def seen_edges(measure: Measure) -> Floats:
    """Points between which the distribution function is smooth for a rule that looks at 4 sqrt(N) panels of N cells."""
    p0, p1, p2 = measure.polynomials
    left, right = p0 - 0.5 * p1 + 0.25 * p2, p0 + 0.5 * p1 + 0.25 * p2
    jumps = np.abs(np.concatenate([[0.0], right]) - np.concatenate([left, [0.0]]))
    seen = measure.faces[jumps > _SEEN * float(np.abs(p0).max())]
    even = np.linspace(measure.faces[0], measure.faces[-1], 4 * math.isqrt(measure.faces.size) + 2)
    return np.unique(np.concatenate([even, seen, measure.points[0]]))
