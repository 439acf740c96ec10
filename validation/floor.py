"""The sampling floor: what W1 between M independent draws and their own law is on average.

Exactly, for every M, E W1(F_M, F) = int MAD_M(F(x)) dx with MAD_M(p) = E abs(Bin(M, p)/M - p)
= (2/M)(k + 1) C(M, k + 1) p^(k+1) (1 - p)^(M-k), k = floor(M p) (de Moivre). As M -> oo, sqrt(M) times it tends to
`Law.w1_constant` = sqrt(2/pi) int sqrt(F (1 - F)) dx. Both are carried along a flow that does not depend on the cloud.
"""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Law, Measure

_ALL_KINKS = 1024  # MAD_M has a kink at every k/M; of more than so many only the outer ones can be seen
_KINKS = 300


def expected_w1(law: Law, count: int) -> float:
    """E W1 between `count` independent draws of a law and the law itself.

    Parameters
    ----------
    law : Law
        On the line, at the time of interest.
    count : int >= 1

    Raises
    ------
    InputError
        If the count is not positive.
    """
    if count < 1:
        raise InputError(f"count = {count!r} must be at least 1")
    k = np.arange(1, count) if count <= _ALL_KINKS else np.r_[1:_KINKS, count - _KINKS + 1 : count]
    return law.integrate_cdf(lambda p: mean_absolute_deviation(p, count), kinks=k / count)


def mean_absolute_deviation(p: Floats, count: int) -> Floats:
    """E abs(Bin(count, p)/count - p) for p in [0, 1], by de Moivre's formula."""
    from scipy.special import gammaln, xlog1py, xlogy

    k = np.minimum(np.floor(count * p), count - 1.0)
    log_binomial = gammaln(count + 1.0) - gammaln(k + 2.0) - gammaln(count - k)
    logarithm = log_binomial + xlogy(k + 1.0, p) + xlog1py(count - k, -p)
    return np.asarray(2.0 / count * (k + 1.0) * np.exp(logarithm))


def floor_of(measure: Measure, count: int) -> float:
    """Asymptotic floor sqrt(2/pi) int sqrt(F (1 - F)) dx/sqrt(count), F that of a measure with a density.

    For laws without a closed form; not for mean-coupled models, whose clouds miss their own mean for ever.
    """
    nodes, weights = np.polynomial.legendre.leggauss(4)
    left, half = measure.faces[:-1], 0.5 * np.diff(measure.faces)
    atoms = measure.cdf(left) - measure.density_cdf(left)
    total = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        f = np.clip(atoms + measure.density_cdf(left + half * (1.0 + node)), 0.0, 1.0)
        total += float((weight * half * np.sqrt(f * (1.0 - f))).sum())
    return float(np.sqrt(2.0 / np.pi)) * total / float(np.sqrt(count))
