"""Is a cloud as close to a law as M independent draws of it are? The null law of W1(F_M, F), p-values, and power.

With B a Brownian bridge, sqrt(M) W1(F_M, F) -> A = int abs(B(F(x))) dx in law where J = int sqrt(F (1 - F)) dx is
finite (del Barrio, Gine and Matran, Ann. Probab. 27, 1999); E A = sqrt(2/pi) J. The law for the M at hand is simulated
here, not its limit: the numbers R_k of draws right of x_1 < x_2 < ... are a Markov chain, and with S = 1 - F

    R_0 = M,   R_k = R_(k-1) - Bin(R_(k-1), 1 - S(x_k)/S(x_(k-1))),   W1 = sum_k width_k abs(R_k/M - S(x_k)),

for every M >= 1; as M -> oo it is a bridge. A tail with 1 < mu <= 2, for which J is infinite, has its null law too.
The nodes x_k are the middles of panels between quantiles: 128 equal levels, and tails down to 2^-50 by factors of
sqrt(2). What this costs: the mean is right to 0.5 % (1 % for mu < 2). Uniform numbers come from Philox at fixed
addresses, of a purpose that no run uses: the same p-value every time, and no draw shared with a cloud.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles import vmath
from particles.base.arrays import Floats
from particles.base.checks import require_count, require_number, require_positive
from particles.base.errors import InputError
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import sqrt
from particles.base.shown import Shown
from particles.model import Law, Measure
from particles.philox import LOW, SHIFT, philox4x32, stream, uniform53
from validation.distance.distribution import Distribution, OfLaw, distribution_of
from validation.distance.floor import mean_absolute_deviation

PATHS = 20_000
LEVEL, POWER = 0.05, 0.95
NULL = 3  # the fourth purpose of a stream, beside those of `particles.philox`
_BULK = np.arange(1, 128) / 128.0
_TAIL = 2.0 ** -np.arange(50.0, 7.25, -0.5)
_ENOUGH = 30.0  # variance from which a binomial number is a rounded normal one with its skewness
_MOST = 10**15  # particles that `count_for` may name
_TIES = 1.0 - 1e-9  # rounding must not tell equal distances apart


@dataclass(frozen=True, eq=False, repr=False)
class NullLaw(Shown):
    """What W1 between `count` independent draws of a law and the law itself is by chance.

    Parameters
    ----------
    count : int
    distances : ndarray, shape (PATHS,)
        Simulated W1, sorted.
    mean : float
        Exact mean of the simulated distances; it differs from `expected_w1` by the discretisation alone.

    Examples
    --------
    >>> from particles.model import Normal
    >>> from validation import null_law
    >>> law = null_law(Normal(0.0, 1.0), 100)
    >>> print(f"{law.mean:.3f} {law.quantile(0.95):.2f} {law.p_value(0.2):.2f}")
    0.127 0.21 0.07
    >>> law.detectable(power=1.5)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: power = 1.5 must lie in (0, 1)
    """

    count: int
    distances: Floats
    mean: float

    def p_value(self, w1: float) -> float:
        """Probability that the draws lie at least `w1` away; never below 1/(PATHS + 1), the resolution.

        Raises
        ------
        InputError
            If `w1` is not a number.
        """
        require_number("w1", w1)
        if math.isnan(w1):
            raise InputError(f"w1 = {w1!r} must be a number")
        closer = int(np.searchsorted(self.distances, w1 * _TIES, side="left"))
        return (self.distances.size - closer + 1) / (self.distances.size + 1)

    def quantile(self, level: float) -> float:
        """Distance that the draws exceed with probability 1 - level, 0 < level < 1; or InputError."""
        _require_share("level", level)
        return self._quantile(level)

    def _quantile(self, level: float) -> float:
        return float(self.distances[min(math.ceil(level * self.distances.size), self.distances.size) - 1])

    def detectable(self, level: float = LEVEL, power: float = POWER) -> float:
        """Distance between two laws that a test at `level` is certain to see with probability `power` at least.

        Let the draws come from G with W1(G, F) = d. Then W1(F_M, F) >= d - W1(F_M, G), and W1(F_M, G) <= q_power with
        probability `power`. So for d >= q_(1 - level) + q_power the distance exceeds q_(1 - level), and is told from
        sampling, with probability `power`. Here G is taken to be so close to F that both have these quantiles.

        Raises
        ------
        InputError
            If one of the two does not lie in (0, 1).
        """
        _require_share("level", level)
        _require_share("power", power)
        return self._quantile(1.0 - level) + self._quantile(power)


def _require_share(name: str, number: float) -> None:
    require_number(name, number)
    if not 0.0 < number < 1.0:
        raise InputError(f"{name} = {number!r} must lie in (0, 1)")


def null_law(law: Law | Measure, count: int) -> NullLaw:
    """Simulate W1 between `count` independent draws of a law on the line and the law itself.

    Parameters
    ----------
    law : Law or Measure
        On the line, with a mean; a measure of atoms, a density or both, of mass 1 within 1e-9.
    count : int >= 1

    Raises
    ------
    InputError
        If the count is no integer in [1, 1e15], the law has no mean, or the measure is no probability on the line.

    Notes
    -----
    ::

        R_0 = M,   R_k = R_{k-1} - Bin(R_{k-1}, 1 - S(x_k)/S(x_{k-1})),   W1 = sum_k width_k abs(R_k/M - S(x_k)),

    S = 1 - F, R_k the number of draws right of x_k, for every M; as M grows a Brownian bridge.

    Examples
    --------
    >>> from particles.model import Normal
    >>> from validation import expected_w1, null_law
    >>> law = null_law(Normal(0.0, 1.0), 100)
    >>> print(f"{law.mean:.3f} {expected_w1(Normal(0.0, 1.0), 100):.3f} {law.quantile(0.95):.2f}")
    0.127 0.127 0.21
    """
    require_count("count", count)
    _, widths, survival = panels(distribution_of(law))
    before = np.concatenate([[1.0], survival[:-1]])
    share = np.clip((before - survival) / before, 0.0, 1.0)  # of what is left, between two nodes
    distances = np.empty(PATHS)
    _distances()(float(count), share, widths, survival, 0, stream(NULL, 0), distances)
    mean = float((widths * mean_absolute_deviation(survival, count)).sum())
    return NullLaw(count, np.sort(distances), mean)


def p_value(w1: float, law: Law | Measure, count: int) -> float:
    """Probability that `count` independent draws of `law` lie at least `w1` away from it, as in `NullLaw.p_value`.

    Parameters
    ----------
    w1 : float
    law : Law or Measure
        As in `null_law`.
    count : int >= 1

    Raises
    ------
    InputError
        As `null_law`; and if `w1` is not a number.

    Examples
    --------
    >>> from particles.model import Normal
    >>> from validation import expected_w1, p_value
    >>> law = Normal(0.0, 1.0)
    >>> floor = expected_w1(law, 1000)
    >>> print(f"{p_value(floor, law, 1000):.1f} {p_value(2.0 * floor, law, 1000):.2f}")
    0.4 0.01
    >>> p_value(float("nan"), law, 1000)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: w1 = nan must be a number
    """
    return null_law(law, count).p_value(w1)


def detectable(law: Law | Measure, count: int, *, level: float = LEVEL, power: float = POWER) -> float:
    """Distance from `law` that `count` draws are certain to show, as in `NullLaw.detectable`.

    Parameters
    ----------
    law : Law or Measure
        As in `null_law`.
    count : int >= 1
    level : float in (0, 1)
        Probability of a false alarm.
    power : float in (0, 1)
        Probability of an alarm at that distance.

    Raises
    ------
    InputError
        As `null_law`; and if `level` or `power` is out of its range.

    See Also
    --------
    count_for : The inverse.

    Examples
    --------
    >>> from particles.model import Normal
    >>> from validation import detectable
    >>> print(f"{detectable(Normal(0.0, 1.0), 10**4):.3f}")  # a shift by so much shows
    0.043
    >>> detectable(Normal(0.0, 1.0), 10**4, level=0.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: level = 0.0 must lie in (0, 1)
    """
    return null_law(law, count).detectable(level, power)


def count_for(distance: float, law: Law | Measure, *, level: float = LEVEL, power: float = POWER) -> int:
    """Number of draws that are certain to show a distance: the inverse of `detectable`, up to 3 % too large.

    Parameters
    ----------
    distance : float > 0
        W1 between the law of the draws and `law`.
    law : Law or Measure
    level, power : float in (0, 1)

    Raises
    ------
    InputError
        As `detectable`; and if the distance is not positive, or needs more than 1e15 draws.

    Examples
    --------
    >>> from particles.model import Normal
    >>> from validation import count_for
    >>> print(f"{count_for(0.01, Normal(0.0, 1.0)):.1e}")  # particles that show a shift by 0.01
    1.9e+05
    >>> count_for(-1.0, Normal(0.0, 1.0))
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: distance = -1.0 must be a positive finite number
    """
    require_positive("distance", distance, low=0.0, high=math.inf)
    few, many = (0, math.inf), (_MOST, 0.0)  # counts that do not show it and that do, with what they would show
    count = 1000
    while many[0] - few[0] > 1:
        shown = detectable(law, count, level=level, power=power)
        if shown > distance:
            few = count, shown
        elif shown > 0.985 * distance:
            return count
        elif shown == 0.0:
            return 1  # a law at one point
        else:
            many = count, shown
        rate = 0.5  # shown ~ count^(-rate), steeper than a heavy tail's
        if few[0] and many[1]:
            rate = math.log(few[1] / many[1]) / math.log(many[0] / few[0])
        steps = math.log(shown / (0.993 * distance)) / max(rate, 0.05)  # in ln(count)
        count = min(max(int(count * math.exp(min(steps, 40.0))), few[0] + 1), many[0] - 1)
    if not many[1]:
        raise InputError(f"distance = {distance!r} needs more than {_MOST:.0e} draws")
    return many[0]


def kolmogorov_p_value(distance: float, count: int) -> float:
    """Probability that `count` independent draws have at least this Kolmogorov distance to their law.

    Exact for a law without atoms (Simard and L'Ecuyer, J. Stat. Softw. 39(11), 2011); atoms make it too large.

    Raises
    ------
    InputError
        If the count is no positive integer, or the distance is not a number.
    """
    from scipy.stats import kstwo

    require_count("count", count)
    if math.isnan(distance):
        raise InputError(f"distance = {distance!r} must be a number")
    return float(kstwo.sf(distance, count))


def sentence(p_values: Mapping[str, float], count: int) -> tuple[bool, str]:
    """Judge by several tests together: whether none sees a difference, and that in a sentence.

    Each test, by the name of its distance, has its share of `LEVEL`, so that `count` draws of the law are told from it
    with probability `LEVEL` at most (Bonferroni), however the tests depend on each other.
    """
    told = ", ".join(f"p {'< 1e-4' if p < 1e-4 else f'= {p:.2g}'} by {name}" for name, p in p_values.items())
    seen = [name for name, p in p_values.items() if p < LEVEL / len(p_values)]
    if seen:
        return False, f"differs from sampling, as seen by {' and '.join(seen)}: {told}"
    return True, f"indistinguishable from sampling at M = {count}: {told}"


def panels(distribution: Distribution) -> tuple[Floats, Floats, Floats]:
    """Middles of panels, their widths, and S = 1 - F in the middles; those where S rounds to 0 or 1 are left out."""
    knots = distribution.quantile(np.concatenate([_TAIL, _BULK, 1.0 - _TAIL]))
    if isinstance(distribution, OfLaw):
        knots = np.concatenate([knots, distribution.law.far_points(_TAIL)])
    knots = np.unique(knots)
    middles = 0.5 * (knots[:-1] + knots[1:])
    above = distribution.above(middles)
    survival = np.where(above, 0.0, 1.0) - distribution.values(middles, above)
    survival = np.minimum.accumulate(np.clip(survival, 0.0, 1.0))
    seen = (survival > 0.0) & (survival < 1.0)
    return middles[seen], np.diff(knots)[seen], survival[seen]


@formula
def _binomial(n: float, q: float, u: float) -> float:
    """Number of n independent events of probability q, from one uniform number: exact where few are expected."""
    rare = q if q <= 0.5 else 1.0 - q
    mean, variance = n * rare, n * rare * (1.0 - rare)
    if variance > _ENOUGH:
        z = vmath.normal_quantile(u)
        number = mean + sqrt(variance - 1.0 / 12.0) * z + (1.0 - 2.0 * rare) * (z * z - 1.0) / 6.0
        number = float(math.floor(number + 0.5))  # rounding adds the 1/12 again
        number = 0.0 if number < 0.0 else n if number > n else number
    else:
        number, odds = 0.0, rare / (1.0 - rare)
        term = vmath.exp(n * vmath.log1p(-rare))
        below = term
        while u > below and number < n and (number < mean or term > 1e-18):
            term = term * odds * (n - number) / (number + 1.0)
            below += term
            number += 1.0
    return number if q <= 0.5 else n - number


@kernel
def _distances() -> Formula:
    """W1 of every path; a path takes two uniform numbers from each counter."""

    def loop(count: float, share: Any, widths: Any, survival: Any, seed: int, key: int, out: Any) -> None:
        k0, k1 = np.uint64(seed), np.uint64(key)
        for i in range(out.size):
            path = np.uint64(i)
            left, total = count, 0.0
            for k in range(0, widths.size, 2):
                words = philox4x32(path & LOW, path >> SHIFT, np.uint64(k // 2), np.uint64(0), k0, k1)
                left -= _binomial(left, share[k], uniform53(words[0], words[1]))
                total += widths[k] * abs(left / count - survival[k])
                if k + 1 < widths.size:
                    left -= _binomial(left, share[k + 1], uniform53(words[2], words[3]))
                    total += widths[k + 1] * abs(left / count - survival[k + 1])
            out[i] = total

    return loop
