"""The few operations that formulas need beyond + - x / and sqrt, as plain Python.

A formula is a plain scalar function over these shims, so it runs in Python (slowly, for oracles and set-up)
and compiles unchanged: `intrinsics` gives each shim its machine instruction. Both give the same bits.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache


def fma(a: float, b: float, c: float) -> float:
    """Fused multiply-add a*b + c, rounded once; infinities, NaN and signed zeros as in IEEE 754.

    Parameters
    ----------
    a, b, c : float

    Examples
    --------
    >>> from particles import fma
    >>> fma(0.1, 10.0, -1.0), 0.1 * 10.0 - 1.0  # the rounding of 0.1, and nothing
    (5.551115123125783e-17, 0.0)
    """
    return _fused()(a, b, c)


@lru_cache
def _fused() -> Callable[[float, float, float], float]:
    """The C library's, which rounds once on any machine; where Python can't reach it, whole numbers give the same."""
    import ctypes

    try:
        fused = ctypes.CDLL(None).fma
    except (AttributeError, OSError, TypeError):
        return exact_fma
    fused.argtypes, fused.restype = 3 * [ctypes.c_double], ctypes.c_double
    return fused


def exact_fma(a: float, b: float, c: float) -> float:
    """Fused multiply-add by rational numbers."""
    if not (math.isfinite(a) and math.isfinite(b)):
        return a * b + c
    if not math.isfinite(c):
        return c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if not exact:
        return a * b + c  # a sum of zero keeps the sign that the hardware gives it
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def sqrt(x: float) -> float:
    """Square root, correctly rounded; NaN below zero.

    Parameters
    ----------
    x : float

    Examples
    --------
    >>> from particles import sqrt
    >>> sqrt(2.0), sqrt(-1.0)
    (1.4142135623730951, nan)
    """
    return math.sqrt(x) if x >= 0.0 else math.nan


def pow2(n: float) -> float:
    """2**n for an integral float n in [-1022, 1023]; the caller keeps to the range."""
    return math.ldexp(1.0, int(n)) if n == n else math.nan


def exponent(x: float) -> float:
    """Binary exponent e of a positive normal x = m 2**e with m in [1, 2)."""
    return float((_bits(x) >> 52) - 1023)


def significand(x: float) -> float:
    """Significand m in [1, 2) of a positive normal x = m 2**e."""
    return float(struct.unpack("<d", struct.pack("<Q", (_bits(x) & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000))[0])


def _bits(x: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", x))[0])
