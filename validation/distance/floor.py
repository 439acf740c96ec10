"""The floor of a cloud: what W1 between M points of a law and the law is, exactly or on average, for each start.

All are an integral of a deviation D_M(F(x)) dx; with k = floor(M p) and u = M p - k

==========  =======================================================  ==============================================
start       D_M(p) = E abs(F_M - F) where F = p                      W1 of U[0, 1], of any law as M -> oo
==========  =======================================================  ==============================================
random      2 p (1 - p) P(Bin(M - 1, p) = k)                         sqrt(pi/32/M); w1_constant/sqrt(M)
stratified  2 u (1 - u)/M                                            1/(3 M); (length of the support)/(3 M)
quantile    min(u, 1 - u)/M, not random                              1/(4 M); (length of the support)/(4 M)
==========  =======================================================  ==============================================

random: E abs(Bin(M, p)/M - p) by de Moivre, and `Law.w1_constant` = sqrt(2/pi) int sqrt(F (1 - F)) dx. stratified: one
point at a uniform level of each [i/M, (i + 1)/M], so M F_M = k + Bernoulli(u). quantile: points at the levels
(2 i - 1)/(2 M), so M F_M = floor(M p + 1/2). A deterministic flow on the line is monotone and keeps the levels of its
points: the floor at time t is that of the law at t. Noise makes a cloud forget its start, but not at once: after it
only the floor of a random start is known.

The Kolmogorov distance D = sup abs(F_M - F) has one law for all F without jumps: E D = int P(D > x) dx, exact for
M <= 100 (Simard and L'Ecuyer, J. Stat. Softw. 39(11), 2011), and beyond, to 6e-6 of it, by the terms of Pelz and Good
(J. R. Stat. Soc. B 38, 1976), P(sqrt(M) D <= z) = K_0(z) + K_0'(z)/(6 sqrt M) + K_2(z)/M + ...:

    E D = sqrt(pi/2) ln(2)/sqrt(M) - 1/(6 M) - (int K_2 dz)/M^(3/2) + O(M^(-2)).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count, require_one_of
from particles.base.quadrature import integrate
from particles.model import Law, Measure
from validation.distance.checks import check_on_the_line
from validation.distance.distribution import OfMeasure

_ALL_KINKS = 1024  # D_M has a kink at every k/M; of more than so many only the outer ones can be seen
_KINKS = 300
_KOLMOGOROV_LIMIT = math.sqrt(0.5 * math.pi) * math.log(2.0)
_KOLMOGOROV_SECOND = -0.03757998179424939  # int K_2 dz over z > 0
_EXACT_KOLMOGOROV = 100  # particles, at most


def expected_w1(law: Law | Measure, count: int, start: str = "random") -> float:
    """Mean of W1 between a cloud that starts from a law, and has met no noise, and the law; of i.i.d. draws by default.

    Parameters
    ----------
    law : Law or Measure
        On the line, at the time of interest; a measure of mass 1, by Gauss quadrature in its cells.
    count : int >= 1
    start : {"random", "stratified", "quantile"}, default "random"
        Independent draws; one draw in each of `count` cells of equal probability; their middles, for which W1 is no
        random number and this is its value.

    Raises
    ------
    InputError
        If the count is no integer in [1, 1e15], the start is not known, or the measure is no probability on the line.

    See Also
    --------
    null_law : The whole law of the distance.
    expected_sliced_w1 : In R^d.

    Notes
    -----
    ::

        E W1(F_M, F) = int E abs(Bin(M, F(x))/M - F(x)) dx,   sqrt(M) E W1 -> sqrt(2/pi) int sqrt(F (1 - F)) dx

    Examples
    --------
    >>> from particles.model import Normal, Uniform
    >>> from validation import expected_w1
    >>> law = Normal(0.0, 1.0)
    >>> print(f"{expected_w1(law, 1):.6f} {10**3 * expected_w1(law, 10**6):.4f}")  # 2/sqrt(pi)
    1.128379 1.2883
    >>> print(f"{expected_w1(Uniform(0.0, 1.0), 100, start='quantile'):.6f}")  # 1/(4 M)
    0.002500
    >>> expected_w1(law, 0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: count = 0 must be an integer of at least 1
    """
    require_count("count", count)
    require_one_of("start", start, _DEVIATIONS)
    deviation = _DEVIATIONS[start]
    kinks = kinks_of(count)
    if start == "quantile":
        kinks = np.concatenate([kinks, kinks - 0.5 / count, [1.0 - 0.5 / count]])
    if isinstance(law, Law):
        return law.integrate_cdf(lambda p: deviation(p, count), kinks=kinks)
    return integrate_cdf(law, lambda p: deviation(p, count), kinks)


def expected_kolmogorov(count: int) -> float:
    """Mean of the Kolmogorov distance between `count` independent draws of a law without atoms and the law.

    Parameters
    ----------
    count : int >= 1

    Raises
    ------
    InputError
        If the count is no integer in [1, 1e15].
    """
    require_count("count", count)
    if count > _EXACT_KOLMOGOROV:
        return (_KOLMOGOROV_LIMIT - (1.0 / 6.0 + _KOLMOGOROV_SECOND / math.sqrt(count)) / math.sqrt(count)) / math.sqrt(
            count
        )
    from scipy.stats import kstwo

    least, most = 0.5 / count, min(1.0, 6.0 / math.sqrt(count))  # D >= 1/(2 M); a polynomial between multiples of it
    edges = np.union1d(np.minimum(least * np.arange(1, 21), most), np.linspace(min(20.0 * least, most), most, 13))
    return least + integrate(lambda x: np.asarray(kstwo.sf(x, count)), edges, 8)


def kinks_of(count: int) -> Floats:
    """Levels k/count at which D_M has a kink, of many the outer ones alone."""
    outer = np.r_[1 : _KINKS + 1, count - _KINKS : count]
    return np.asarray((np.arange(1, count) if count <= _ALL_KINKS else outer) / count)


def mean_absolute_deviation(p: Floats, count: int) -> Floats:
    """E abs(Bin(count, p)/count - p) for p in [0, 1], by de Moivre's formula."""
    from scipy.stats import binom  # accurate for any count, unlike a difference of gammaln

    k = np.minimum(np.floor(count * p), count - 1.0)
    return np.asarray(2.0 * p * (1.0 - p) * binom.pmf(k, count - 1, p))


def _stratified(p: Floats, count: int) -> Floats:
    u = count * p - np.floor(count * p)
    return _averaged(2.0 * u * (1.0 - u), 1.0 / 3.0, p, count)


def _quantile(p: Floats, count: int) -> Floats:
    return _averaged(np.abs(count * p - np.rint(count * p)), 0.25, p, count)


def _averaged(wave: Floats, mean: float, p: Floats, count: int) -> Floats:
    """A wave of period 1/count over count; of many periods those in the middle by their mean.

    The wave is even about the middle of each period, so that its mean costs a relative (count p)^(-2) at most there,
    and 1/count where an atom cuts a period.
    """
    outer = np.minimum(p, 1.0 - p) < _KINKS / count
    return np.where(outer | (count <= _ALL_KINKS), wave, mean) / count


_DEVIATIONS: dict[str, Callable[[Floats, int], Floats]] = {
    "random": mean_absolute_deviation,
    "stratified": _stratified,
    "quantile": _quantile,
}


def integrate_cdf(
    measure: Measure, function: Callable[[Floats], Floats], kinks: Floats, edges: Floats | None = None
) -> float:
    """Integral of function(F(x)) dx by four Gauss nodes between the edges, by default all of the measure, and kinks."""
    check_on_the_line(measure)
    distribution = OfMeasure(measure)
    edges = distribution.edges if edges is None else edges
    edges = np.unique(np.concatenate([edges, distribution.quantile(kinks)]))
    return integrate(lambda x: function(np.clip(measure.cdf(x), 0.0, 1.0)), edges, 4)
