"""Words of 32 bits and float32 numbers, many side by side: the shims of `vmath32`, beside the operators.

In Python a formula over them runs on NumPy arrays, or single numbers, of uint64, uint32, int32 and float32; in a kernel
on `lanes`, sixteen at once. Each is an exact operation or one rounding to the nearest, so both give the same bits on
every CPU target. Beside them stand + - x; of integers, which must not overflow, & too, and of words | ^ << >> (a shift
to the left loses the highest bits); and < and > against a number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from particles.base.lanes import LANES

F = TypeVar("F", bound=Callable[..., Any])
_MARK = "side_by_side"


def side_by_side(formula: F) -> F:
    """Mark a formula over these shims: kernels hand it lanes, sixteen particles at once, instead of a number."""
    setattr(formula, _MARK, True)
    return formula


def takes_lanes(formula: Callable[..., Any]) -> bool:
    """Whether a formula is marked by `side_by_side`."""
    return hasattr(formula, _MARK)


def counting(first: Any) -> Any:
    """first, first + 1, ..., first + 15 as uint64."""
    return np.uint64(first) + np.arange(LANES, dtype=np.uint64)


def everywhere(number: Any) -> Any:
    """A number in 16 places, as uint64."""
    return np.full(LANES, number, dtype=np.uint64)


def low_word(x: Any) -> Any:
    """The lower 32 bits of uint64, as uint32; uint32 stays as it is."""
    return (x & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def signed(word: Any) -> Any:
    """The int32 number of these bits, in two's complement."""
    return word.view(np.int32)


def unsigned(x: Any) -> Any:
    """The bits of int32 or float32 numbers as uint32."""
    return x.view(np.uint32)


def float_of_bits(bits: Any) -> Any:
    """The float32 number of these bits, int32 or uint32."""
    return bits.view(np.float32)


def single(x: Any) -> Any:
    """The float32 number nearest to an int32 or uint32; of two, the even one."""
    return x.astype(np.float32)


def double(x: Any) -> Any:
    """Float32 numbers as float64."""
    return x.astype(np.float64)


def fma32(a: Any, b: Any, c: Any) -> Any:
    """a b + c of float32 numbers, rounded once.

    The product is a float64 number. Its sum with c, rounded to odd in float64, has so many bits more than float32 that
    the second rounding gives what one alone would (Boldo and Melquiond, IEEE Trans. Comput. 57, 2008).
    """
    product, c = np.float64(a) * np.float64(b), np.float64(c)
    total = product + c
    back = total - product
    lost = (product - (total - back)) + (c - back)
    even = (total.view(np.int64) & 1) == 0
    odd = np.where((lost != 0.0) & even, np.nextafter(total, np.where(lost > 0.0, np.inf, -np.inf)), total)
    return np.float32(odd)


def root32(x: Any) -> Any:
    """Square root of float32 numbers that are not negative, correctly rounded."""
    return np.sqrt(x)


def choose(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, b elsewhere."""
    return np.where(condition, a, b)[()]
