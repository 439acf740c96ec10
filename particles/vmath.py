"""Elementary functions as branch-free scalars that the compiler turns into vector instructions.

Every function uses + - x /, sqrt, fma and selections only, in a fixed order: the same bits on every CPU target.
NaN in, NaN out. The error bounds below, in units in the last place, are asserted against mpmath by the tests.

================  =====  =======================================================
function          ulp    method
================  =====  =======================================================
exp               2      x = k ln 2 + r, abs(r) <= ln(2)/2; Pade (6, 6) of exp(r)
expm1             4      the same
tanh, sigmoid     4      one quotient of the same Pade numerator and denominator
log               2      x = m 2**e, log m = 2 atanh((m - 1)/(m + 1))
sincos_turns      2      nearest quarter turn, then Taylor polynomials of degree 15 and 16
log1p, asinh      4      through log, with the rounding error of 1 + x put back
wright_omega      8      Fritsch-Shafer-Crowley iteration, fourth order, twice; then Newton's
normal_quantile   8      Wichura, Algorithm AS 241 (Appl. Statist. 37, 1988)
================  =====  =======================================================
"""

from __future__ import annotations

from particles.base.jit import formula
from particles.base.shims import exponent, fma, pow2, significand, sqrt

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238  # the leading 33 bits of ln 2: k * _LN2_HIGH is exact for abs(k) < 2**20
_LN2_LOW = 1.9082149292705877e-10
_TO_INTEGER = 6755399441055744.0  # 1.5 * 2**52: adding and subtracting it rounds to the nearest integer


@formula
def _reduce(x: float) -> tuple[float, float, float]:
    """Return (k, A, B) with exp(x) = 2**k (1 + A/B).

    Pade (6, 6): exp(r) = (E + r O)/(E - r O), E = 665280 + 75600 z + 840 z^2 + z^3, O = 332640 + 10080 z + 42 z^2,
    z = r^2; truncation below 2e-19 for abs(r) <= ln(2)/2. Then A = 2 r O and B = E - r O.
    """
    k = fma(x, _LOG2_E, _TO_INTEGER) - _TO_INTEGER
    r = fma(-k, _LN2_LOW, fma(-k, _LN2_HIGH, x))
    z = r * r
    odd = r * fma(fma(42.0, z, 10080.0), z, 332640.0)
    even = fma(fma(z + 840.0, z, 75600.0), z, 665280.0)
    return k, odd + odd, even - odd


@formula
def exp(x: float) -> float:
    """Exponential function; 0 below -745.13, inf above 709.78.

    Examples
    --------
    >>> from particles import vmath
    >>> vmath.exp(1.0), vmath.exp(-800.0), vmath.exp(800.0)
    (2.718281828459045, 0.0, inf)
    """
    x = 710.0 if x > 710.0 else x
    x = -750.0 if x < -750.0 else x
    k, a, b = _reduce(x)
    half = fma(k, 0.5, _TO_INTEGER) - _TO_INTEGER
    return (1.0 + a / b) * pow2(half) * pow2(k - half)


@formula
def expm1(x: float) -> float:
    """exp(x) - 1 without cancellation near zero.

    Examples
    --------
    >>> from particles import vmath
    >>> vmath.expm1(1e-10), vmath.exp(1e-10) - 1.0  # right to seven digits
    (1.00000000005e-10, 1.000000082740371e-10)
    """
    x = 710.0 if x > 710.0 else x
    y = -40.0 if x < -40.0 else x
    k, a, b = _reduce(y)
    half_scale = pow2(k - 1.0)
    return 2.0 * fma(half_scale, a / b, half_scale - 0.5)


@formula
def tanh(x: float) -> float:
    """Hyperbolic tangent: expm1(2 x)/(expm1(2 x) + 2) as a single quotient.

    Examples
    --------
    >>> from particles import vmath
    >>> vmath.tanh(0.5), vmath.tanh(-20.0), vmath.tanh(1e-300)
    (0.46211715726000974, -1.0, 1e-300)
    """
    y = -x if x < 0.0 else x
    y = 20.0 if y > 20.0 else y
    k, a, b = _reduce(y + y)
    scale = pow2(k)
    t = fma(scale, a, (scale - 1.0) * b) / fma(scale, a, (scale + 1.0) * b)
    return -t if x < 0.0 else t


@formula
def sigmoid(x: float) -> float:
    """Logistic function 1/(1 + exp(-x)), accurate to the last places in both tails.

    Examples
    --------
    >>> from particles import vmath
    >>> vmath.sigmoid(0.0), vmath.sigmoid(-700.0)
    (0.5, 9.85967654375977e-305)
    """
    e = exp(x if x < 0.0 else -x)
    return (e if x < 0.0 else 1.0) / (1.0 + e)


@formula
def log(x: float) -> float:
    """Natural logarithm; -inf at zero, NaN below.

    With f = m - 1 and s = f/(2 + f): log m = f - (f^2/2 - s (f^2/2 + R)), R = sum_k 2 s^(2k)/(2k + 1), k >= 1.

    Examples
    --------
    >>> from particles import vmath
    >>> vmath.log(2.0), vmath.log(0.0), vmath.log(-1.0)
    (0.6931471805599453, -inf, nan)
    """
    tiny = x < 2.2250738585072014e-308
    y = x * 18014398509481984.0 if tiny else x  # subnormals, by 2**54
    m = significand(y)
    e = exponent(y) - (54.0 if tiny else 0.0)
    large = m > 1.4142135623730951
    m = 0.5 * m if large else m
    e = e + 1.0 if large else e
    f = m - 1.0
    s = f / (2.0 + f)
    half_square = 0.5 * f * f
    tail = fma(s, half_square + _atanh_tail(s * s), e * _LN2_LOW)
    value = fma(e, _LN2_HIGH, f - (half_square - tail))
    value = x if x == float("inf") else value
    value = -float("inf") if x == 0.0 else value
    return value if x >= 0.0 else float("nan")


@formula
def _atanh_tail(z: float) -> float:
    """Return 2 z/3 + 2 z^2/5 + ... + 2 z^11/23, the series of 2 atanh(s)/s - 2 for z = s^2 <= 0.0295."""
    p = fma(2.0 / 23.0, z, 2.0 / 21.0)
    p = fma(p, z, 2.0 / 19.0)
    p = fma(p, z, 2.0 / 17.0)
    p = fma(p, z, 2.0 / 15.0)
    p = fma(p, z, 2.0 / 13.0)
    p = fma(p, z, 2.0 / 11.0)
    p = fma(p, z, 2.0 / 9.0)
    p = fma(p, z, 2.0 / 7.0)
    p = fma(p, z, 2.0 / 5.0)
    p = fma(p, z, 2.0 / 3.0)
    return p * z


@formula
def log1p(x: float) -> float:
    """log(1 + x) without cancellation near zero.

    Examples
    --------
    >>> from particles import vmath
    >>> vmath.log1p(1e-10), vmath.log(1.0 + 1e-10)
    (9.999999999500001e-11, 1.000000082690371e-10)
    """
    u = 1.0 + x
    lost = (x - (u - 1.0)) / (u if u > 0.0 else 1.0)
    value = log(u) + (lost if u > 0.0 and u < 1.0e300 else 0.0)
    return x if x == 0.0 else value


@formula
def asinh(x: float) -> float:
    """Inverse hyperbolic sine.

    Examples
    --------
    >>> from particles import vmath
    >>> vmath.asinh(1.0), vmath.asinh(-1e-300)
    (0.881373587019543, -1e-300)
    """
    y = -x if x < 0.0 else x
    big = y > 268435456.0  # there asinh(y) = log(2 y) to the last place
    z = 1.0 if big else y
    value = log1p(y - 1.0 if big else z + z * z / (1.0 + sqrt(fma(z, z, 1.0))))
    value = value + 0.6931471805599453 if big else value
    return -value if x < 0.0 else value


@formula
def sincos_turns(u: float) -> tuple[float, float]:
    """Return sin(2 pi u) and cos(2 pi u), abs(u) <= 2**50; the reduction to an eighth of a turn is exact.

    Examples
    --------
    >>> from particles import vmath
    >>> vmath.sincos_turns(0.25), vmath.sincos_turns(2.0**50 + 0.25)
    ((1.0, -0.0), (1.0, -0.0))
    """
    whole = fma(u, 0.25, _TO_INTEGER) - _TO_INTEGER
    u = fma(whole, -4.0, u)  # exact, and four times it still rounds to the nearest integer
    quarter = fma(u, 4.0, _TO_INTEGER) - _TO_INTEGER
    turn = fma(quarter, -0.25, u)
    x = turn * 6.283185307179586
    # 2 pi is 6.283185307179586 + 2.4492935982947064e-16, and turn * 6.28... is rounded: both enter as `low`
    low = fma(turn, 6.283185307179586, -x) + turn * 2.4492935982947064e-16
    z = x * x
    s = _sine_tail(z)
    sine = x + fma(x * z, s, low * fma(-0.5, z, 1.0))
    half = 0.5 * z
    top = 1.0 - half
    cosine = top + (fma(z * z, _cosine_tail(z), (1.0 - top) - half) - x * low)
    m = quarter - 4.0 * (fma(quarter, 0.25, _TO_INTEGER) - _TO_INTEGER)  # quarter mod 4, in [-2, 2]
    odd = m * m == 1.0
    first = cosine if odd else sine
    second = sine if odd else cosine
    first = -first if m == -1.0 or m * m == 4.0 else first
    second = -second if m == 1.0 or m * m == 4.0 else second
    return first, second


@formula
def _sine_tail(z: float) -> float:
    """(sin x/x - 1)/z by its series to z^7, abs(x) <= pi/4."""
    p = fma(-7.647163731819816e-13, z, 1.6059043836821613e-10)
    p = fma(p, z, -2.505210838544172e-08)
    p = fma(p, z, 2.7557319223985893e-06)
    p = fma(p, z, -1.984126984126984e-04)
    p = fma(p, z, 8.333333333333333e-03)
    return fma(p, z, -0.16666666666666666)


@formula
def _cosine_tail(z: float) -> float:
    """(cos x - 1 + z/2)/z^2 by its series to z^6, abs(x) <= pi/4."""
    p = fma(4.779477332387385e-14, z, -1.1470745597729725e-11)
    p = fma(p, z, 2.08767569878681e-09)
    p = fma(p, z, -2.755731922398589e-07)
    p = fma(p, z, 2.48015873015873e-05)
    p = fma(p, z, -1.388888888888889e-03)
    return fma(p, z, 4.1666666666666664e-02)


@formula
def wright_omega(z: float) -> float:
    """The real solution of omega + log(omega) = z; exp(z) in the limit z -> -inf.

    Start: Winitzki's L (1 - log(1 + L)/(2 + L)), L = log(1 + exp(z)), within 2 %; then two iterations of order four
    on log(omega), and for z < 1, where z loses what exp(z) needs, one of Newton's on omega exp(omega) = exp(z).

    Examples
    --------
    >>> from particles import vmath
    >>> vmath.wright_omega(1.0), vmath.wright_omega(-800.0)
    (1.0, 0.0)
    >>> omega = vmath.wright_omega(3.0)
    >>> round(omega + vmath.log(omega), 12)
    3.0
    """
    y = 1.0e16 if z > 1.0e16 else z
    y = -40.0 if y < -40.0 else y
    e = exp(30.0 if z > 30.0 else z)
    large = log1p(exp(30.0 if y > 30.0 else y))
    large = y if y > 30.0 else large
    omega = large * (1.0 - log1p(large) / (2.0 + large))
    omega = _omega_step(y, omega)
    omega = _omega_step(y, omega)
    product = e * exp(-omega)
    polished = omega - (omega - product) / (1.0 + product)
    omega = polished if y < 1.0 else omega
    omega = e if z < -40.0 else omega
    return z if z > 1.0e16 else omega


@formula
def _omega_step(z: float, omega: float) -> float:
    share = 1.0 / (1.0 + omega)
    r = (z - omega - log(omega)) * share
    q = 2.0 * (1.0 + (2.0 / 3.0) * r)
    return omega * (1.0 + r * (q - r * share) / (q - 2.0 * r * share))


@formula
def normal_quantile(p: float) -> float:
    """Quantile of the standard normal law for 0 < p < 1; -inf at 0, inf at 1, NaN outside.

    Examples
    --------
    >>> from particles import vmath
    >>> vmath.normal_quantile(0.5), vmath.normal_quantile(0.975), vmath.normal_quantile(0.0)
    (0.0, 1.9599639845400534, -inf)
    """
    q = p - 0.5
    if q <= 0.425 and q >= -0.425:
        return q * _quantile_centre(0.180625 - q * q)
    tail = p if q < 0.0 else 1.0 - p
    if tail == 0.0:
        return -float("inf") if q < 0.0 else float("inf")
    r = sqrt(-log(tail))
    value = _quantile_shoulder(r - 1.6) if r <= 5.0 else _quantile_tail(r - 5.0)
    return -value if q < 0.0 else value


@formula
def _quantile_centre(r: float) -> float:
    n = fma(2509.0809287301226727, r, 33430.575583588128105)
    n = fma(fma(fma(n, r, 67265.770927008700853), r, 45921.953931549871457), r, 13731.693765509461125)
    n = fma(fma(fma(n, r, 1971.5909503065514427), r, 133.14166789178437745), r, 3.387132872796366608)
    d = fma(5226.495278852854561, r, 28729.085735721942674)
    d = fma(fma(fma(d, r, 39307.89580009271061), r, 21213.794301586595867), r, 5394.1960214247511077)
    d = fma(fma(fma(d, r, 687.1870074920579083), r, 42.313330701600911252), r, 1.0)
    return n / d


@formula
def _quantile_shoulder(r: float) -> float:
    n = fma(7.7454501427834140764e-4, r, 0.0227238449892691845833)
    n = fma(fma(fma(n, r, 0.24178072517745061177), r, 1.27045825245236838258), r, 3.64784832476320460504)
    n = fma(fma(fma(n, r, 5.7694972214606914055), r, 4.6303378461565452959), r, 1.42343711074968357734)
    d = fma(1.05075007164441684324e-9, r, 5.475938084995344946e-4)
    d = fma(fma(fma(d, r, 0.0151986665636164571966), r, 0.14810397642748007459), r, 0.68976733498510000455)
    d = fma(fma(fma(d, r, 1.6763848301838038494), r, 2.05319162663775882187), r, 1.0)
    return n / d


@formula
def _quantile_tail(r: float) -> float:
    n = fma(2.01033439929228813265e-7, r, 2.71155556874348757815e-5)
    n = fma(fma(fma(n, r, 0.0012426609473880784386), r, 0.026532189526576123093), r, 0.29656057182850489123)
    n = fma(fma(fma(n, r, 1.7848265399172913358), r, 5.4637849111641143699), r, 6.6579046435011037772)
    d = fma(2.04426310338993978564e-15, r, 1.4215117583164458887e-7)
    d = fma(fma(fma(d, r, 1.8463183175100546818e-5), r, 7.868691311456132591e-4), r, 0.0148753612908506148525)
    d = fma(fma(fma(d, r, 0.13692988092273580531), r, 0.59983220655588793769), r, 1.0)
    return n / d
