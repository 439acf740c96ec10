"""Distribution function of the standard normal law by + - x / and `vmath.exp` alone: the same bits on any CPU.

    Phi(z) = 1/2 + erf(z/sqrt 2)/2,   Phi(-z) = erfc(z/sqrt 2)/2,   erfc y = exp(-y^2) R(y)

by the rational functions of W. J. Cody, Math. Comp. 23 (1969), on y <= 0.46875, y <= 4 and above. exp(-z^2/2) loses no
digits: with z_0 the multiple of 1/16 next to z, it is exp(-z_0^2/2) exp(-(z - z_0)(z + z_0)/2), z_0^2 exact. Within 8
units in the last place of the smaller of Phi(z) and Phi(-z), down to 1e-300.
"""

from __future__ import annotations

from particles import vmath
from particles.base.jit import formula
from particles.base.shims import fma

_ROOT_HALF = 0.7071067811865476
_OVER_ROOT_PI = 0.5641895835477563
_TO_INTEGER = 6755399441055744.0


@formula
def normal_cdf(z: float) -> float:
    """Phi(z); NaN in, NaN out."""
    y = abs(z) * _ROOT_HALF
    if y <= 0.46875:
        return 0.5 + 0.5 * z * _ROOT_HALF * _erf_over(y * y)
    y = 27.5 if y > 27.5 else y  # exp(-y^2) is 0 from here on
    scaled = _erfc_scaled(y) if y <= 4.0 else _erfc_far(y)
    tail = 0.5 * scaled * _gaussian(38.9 if abs(z) > 38.9 else abs(z))
    return tail if z < 0.0 else 1.0 - tail


@formula
def _gaussian(z: float) -> float:
    """exp(-z^2/2)."""
    near = (fma(z, 16.0, _TO_INTEGER) - _TO_INTEGER) * 0.0625
    return vmath.exp(-0.5 * near * near) * vmath.exp(-0.5 * (z - near) * (z + near))


@formula
def _erf_over(s: float) -> float:
    """erf(y)/y, s = y^2."""
    n = fma(fma(1.85777706184603153e-1, s, 3.16112374387056560), s, 1.13864154151050156e2)
    n = fma(fma(n, s, 3.77485237685302021e2), s, 3.20937758913846947e3)
    d = fma(fma(s + 2.36012909523441209e1, s, 2.44024637934444173e2), s, 1.28261652607737228e3)
    return n / fma(d, s, 2.84423683343917062e3)


@formula
def _erfc_scaled(y: float) -> float:
    """exp(y^2) erfc(y), 0.46875 <= y <= 4."""
    n = fma(fma(2.15311535474403846e-8, y, 5.64188496988670089e-1), y, 8.88314979438837594)
    n = fma(fma(fma(n, y, 6.61191906371416295e1), y, 2.98635138197400131e2), y, 8.81952221241769090e2)
    n = fma(fma(fma(n, y, 1.71204761263407058e3), y, 2.05107837782607147e3), y, 1.23033935479799725e3)
    d = fma(fma(y + 1.57449261107098347e1, y, 1.17693950891312499e2), y, 5.37181101862009858e2)
    d = fma(fma(fma(d, y, 1.62138957456669019e3), y, 3.29079923573345963e3), y, 4.36261909014324716e3)
    return n / fma(fma(d, y, 3.43936767414372164e3), y, 1.23033935480374942e3)


@formula
def _erfc_far(y: float) -> float:
    """The same, y >= 4."""
    s = 1.0 / (y * y)
    n = fma(fma(1.63153871373020978e-2, s, 3.05326634961232344e-1), s, 3.60344899949804439e-1)
    n = fma(fma(fma(n, s, 1.25781726111229246e-1), s, 1.60837851487422766e-2), s, 6.58749161529837803e-4)
    d = fma(fma(s + 2.56852019228982242, s, 1.87295284992346725), s, 5.27905102951428412e-1)
    d = fma(fma(d, s, 6.05183413124413191e-2), s, 2.33520497626869185e-3)
    return (_OVER_ROOT_PI - s * n / d) / y
