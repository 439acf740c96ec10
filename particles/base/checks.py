"""What a number that a user gives must be, checked where a value is made and said in one sentence.

Places, lengths, times and rates are at most 1e100 in size, and at least 1e-100 where they must be positive; variances
lie in [1e-200, 1e200]. So squares and products of a few of them are numbers. Parameters of shape, which have no unit,
state a range of their own.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Collection
from typing import Any

from particles.base.errors import InputError

LARGEST = 1e100
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""A number as text: Python's `float` also reads 1_000 and the digits of every script."""


def require_finite(name: str, number: Any, *, largest: float = LARGEST) -> None:
    """Refuse a parameter that is not a finite number of at most `largest` in size."""
    if not math.isfinite(_float(name, number)):
        raise InputError(f"{name} = {number!r} must be a finite number")
    if abs(number) > largest:
        raise InputError(f"{name} = {number!r} must lie in [{-largest:g}, {largest:g}]")


def require_positive(name: str, number: Any, *, low: float = 1.0 / LARGEST, high: float = LARGEST) -> None:
    """Refuse a parameter that is not a positive finite number in [low, high]."""
    if not (number_ := _float(name, number)) > 0.0 or not math.isfinite(number_):
        raise InputError(f"{name} = {number!r} must be a positive finite number")
    if not low <= number_ <= high:
        raise InputError(f"{name} = {number!r} must lie in [{low:g}, {high:g}]")


def require_variance(name: str, number: Any) -> None:
    """Refuse a parameter that is not a positive finite number in [1e-200, 1e200]."""
    require_positive(name, number, low=LARGEST**-2, high=LARGEST**2)


def require_count(name: str, number: Any, *, least: int = 1, most: int = 10**15) -> None:
    """Refuse what is not an integer in [least, most]."""
    if isinstance(number, bool) or not isinstance(number, numbers.Integral) or int(number) < least:
        whole = isinstance(number, float) and number.is_integer() and number >= least
        hint = f", as {int(number)} is" if whole else ""
        raise InputError(f"{name} = {number!r:.60} must be an integer of at least {least}{hint}")
    if int(number) > most:
        raise InputError(f"{name} = {float(min(int(number), 10**300)):.3g} must be at most {most:.3g}")


def require_at_least(name: str, number: Any, least: float = 0.0) -> None:
    """Refuse what is not a finite number of at least `least`."""
    if not least <= _float(name, number) < math.inf:
        raise InputError(f"{name} = {number!r} must be a finite number of at least {least:g}")


def require_one_of(name: str, value: Any, allowed: Collection[Any]) -> None:
    """Refuse a value that is none of those allowed."""
    if value not in allowed:
        raise InputError(f"{name} = {value!r} must be one of {', '.join(map(str, allowed))}")


def require_number(name: str, number: Any) -> None:
    """Refuse what is not a number at all."""
    _float(name, number)


def require_type(name: str, value: Any, kinds: type | tuple[type, ...], allowed: str) -> None:
    """Refuse a value of another type; `allowed` says in words what it must be."""
    if not isinstance(value, kinds):
        raise InputError(f"{name} = {value!r:.60} must be {allowed}")


def _float(name: str, number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, numbers.Real):
        raise InputError(f"{name} = {number!r:.60} must be a number")
    try:
        return float(number)
    except OverflowError:
        return math.inf
