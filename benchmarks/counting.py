"""Arithmetic of a kernel, counted by running it in Python on numbers that count what is done to them.

A kernel's factory is a plain function over plain formulas, so the loop that is compiled runs here as it stands. An
addition, a multiplication, a division or a square root is one operation, a fused multiply-add one operation and two
flops; comparisons, selections and sign changes are not counted.
"""

from __future__ import annotations

import contextlib
import operator
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from particles import vmath32
from particles.base import shims, words

SHIMS = ("fma", "sqrt", "pow2", "exponent", "significand")
COUNTS: Counter[str] = Counter()


def _two(kind: str, action: Callable[[float, float], float]) -> tuple[Any, Any]:
    def forward(self: Counted, other: Any) -> Counted:
        COUNTS[kind] += 1
        return Counted(action(self.value, float(other)))

    def backward(self: Counted, other: Any) -> Counted:
        COUNTS[kind] += 1
        return Counted(action(float(other), self.value))

    return forward, backward


def _compare(action: Callable[[float, float], bool]) -> Any:
    return lambda self, other: action(self.value, float(other))


class Counted:
    """A float that counts."""

    __slots__ = ("value",)
    __add__, __radd__ = _two("add", operator.add)
    __sub__, __rsub__ = _two("add", operator.sub)
    __mul__, __rmul__ = _two("multiply", operator.mul)
    __truediv__, __rtruediv__ = _two("divide", operator.truediv)
    __pow__, __rpow__ = _two("sqrt", operator.pow)
    __lt__, __le__ = _compare(operator.lt), _compare(operator.le)
    __gt__, __ge__ = _compare(operator.gt), _compare(operator.ge)
    __eq__, __ne__ = _compare(operator.eq), _compare(operator.ne)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any) -> None:
        self.value = float(value)

    def __float__(self) -> float:
        return self.value

    def __int__(self) -> int:
        return int(self.value)

    def __neg__(self) -> Counted:
        return Counted(-self.value)

    def __abs__(self) -> Counted:
        return Counted(abs(self.value))


def counted(values: Any) -> Any:
    """An array of counting numbers."""
    array = np.asarray(values, dtype=np.float64)
    out = np.empty(array.shape, dtype=object)
    out.flat = [Counted(value) for value in array.flat]
    return out


@contextlib.contextmanager
def _counting_shims() -> Iterator[None]:
    def wrap(name: str) -> Callable[..., Counted]:
        plain = getattr(shims, name)

        def counting(*arguments: Any) -> Counted:
            COUNTS[name] += 1
            return Counted(plain(*map(float, arguments)))

        return counting

    places = [
        (module, name)
        for module in list(sys.modules.values())
        for name in SHIMS
        if module is not shims and vars(module).get(name) is getattr(shims, name)
    ]
    wrapped = {name: wrap(name) for name in SHIMS}
    for module, name in places:
        setattr(module, name, wrapped[name])
    try:
        yield
    finally:
        for module, name in places:
            setattr(module, name, getattr(shims, name))


KINDS = {np.add: "add", np.subtract: "add", np.multiply: "multiply", np.sqrt: "sqrt"}
SINGLE_SHIMS = ("fma32", "root32", "choose")


class Tallied(np.ndarray):
    """An array of `words` whose arithmetic on float32 and float64 numbers is counted, an element an operation."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Act as on a plain array, and count."""
        found = np.asarray(getattr(ufunc, method)(*map(np.asarray, inputs), **options))
        if ufunc in KINDS and found.dtype.kind == "f":
            COUNTS[KINDS[ufunc]] += found.size
        return found.view(Tallied)


@contextlib.contextmanager
def _counting_singles() -> Iterator[None]:
    def wrap(name: str) -> Callable[..., Any]:
        def counting(*arguments: Any) -> Any:
            found = np.asarray(getattr(words, name)(*map(np.asarray, arguments)))
            COUNTS[{"fma32": "fma", "root32": "sqrt"}.get(name, name)] += found.size
            return found.view(Tallied)

        return counting

    before = {name: getattr(vmath32, name) for name in SINGLE_SHIMS}
    vars(vmath32).update({name: wrap(name) for name in SINGLE_SHIMS})
    try:
        yield
    finally:
        vars(vmath32).update(before)


def count_singles(formula: Callable[..., Any], arguments: int, units: float) -> tuple[float, float]:
    """Operations and flops a unit in a formula over `words`, handed an array of as many words as it has `arguments`."""
    COUNTS.clear()
    with _counting_singles():
        formula(*(np.full(1, 1 << 31, dtype=np.uint32).view(Tallied) for _ in range(arguments)))
    return _total(units)


def count(run: Callable[[], object], units: float) -> tuple[float, float]:
    """Operations and flops a unit of work in `run`, which handles arrays of `counted` numbers."""
    COUNTS.clear()
    with _counting_shims():
        run()
    return _total(units)


def _total(units: float) -> tuple[float, float]:
    operations = sum(COUNTS[kind] for kind in ("add", "multiply", "divide", "sqrt", "fma"))
    return operations / units, (operations + COUNTS["fma"]) / units
