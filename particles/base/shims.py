"""The few operations that formulas need beyond + - x / and sqrt, as plain Python.

A formula is a plain scalar function over these shims, so it runs in Python (slowly, for oracles and set-up)
and compiles unchanged: `intrinsics` gives each shim its machine instruction. Both give the same bits.
"""

from __future__ import annotations

import math
import struct
from fractions import Fraction


def _fma_by_fractions(a: float, b: float, c: float) -> float:
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    return float(exact) if exact else a * b + c  # a sum of zero keeps the sign that the hardware gives it


def fma(a: float, b: float, c: float) -> float:
    """Fused multiply-add a*b + c, rounded once."""
    return _python_fma(a, b, c)


_python_fma = getattr(math, "fma", _fma_by_fractions)  # math.fma exists from Python 3.13


def sqrt(x: float) -> float:
    """Square root, correctly rounded; NaN below zero."""
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
