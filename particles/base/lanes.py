"""Sixteen numbers side by side, as one value of a kernel: what the innermost loop over samples would be, written out.

A compiler decides by itself whether it turns a loop into vector instructions, and keeps no table of sums in registers
over another loop. Here a kernel says so: each of these functions is one instruction on 16 lanes (or as many as a CPU
needs for them), of the type of the array they are loaded from. No lane ever meets another but in `total`, whose order
is fixed, and every `fma` is one rounding: the bytes are the same on every CPU target. Only kernels can call them, but
for `load` and `store`: with the shims of `words` a loop over them runs in Python too, on slices.
"""

from __future__ import annotations

from typing import Any, NoReturn

LANES = 16


def _in_kernels_only() -> NoReturn:
    raise TypeError("lanes live in registers: only a compiled kernel can hold them")


def load(row: Any, at: int) -> Any:
    """row[at : at + 16] of a one-dimensional array; nobody checks the bounds."""
    return row[at : at + LANES]


def loads(row: Any, at: int, stride: int, count: int) -> Any:
    """`count` (a constant) times `load`, at `at`, `at` + stride, ...: a tuple."""
    _in_kernels_only()


def splats(row: Any, at: int, count: int) -> Any:
    """`count` (a constant) numbers row[at], row[at + 1], ..., each in all lanes: a tuple."""
    _in_kernels_only()


def splat(value: Any) -> Any:
    """A number in all lanes."""
    _in_kernels_only()


def zeros(row: Any, count: int) -> Any:
    """`count` (a constant) times 0 of the type of the array: a tuple."""
    _in_kernels_only()


def store(row: Any, at: int, lanes: Any) -> None:
    """row[at : at + 16] = lanes."""
    row[at : at + LANES] = lanes


def store_table(row: Any, at: int, down: int, right: int, columns: int, table: Any) -> None:
    """Store a table of `columns` (a constant) columns, a tuple row by row: entry (i, j) at at + i down + j right."""
    _in_kernels_only()


def store_totals(row: Any, at: int, down: int, columns: int, table: Any) -> None:
    """Store the `total` of each entry of a table of `columns` (a constant) columns: (i, j) at at + i down + j."""
    _in_kernels_only()


def outer(table: Any, column: Any, line: Any) -> Any:
    """table[i, j] + column[i] line[j], each by one fma; a table is a tuple, row by row."""
    _in_kernels_only()


def fma(a: Any, b: Any, c: Any) -> Any:
    """a b + c, rounded once."""
    _in_kernels_only()


def root(a: Any) -> Any:
    """Square root, correctly rounded."""
    _in_kernels_only()


def larger(a: Any, b: Any) -> Any:
    """The larger of two; b where one is not a number."""
    _in_kernels_only()


def where_equal(a: Any, b: Any, c: Any) -> Any:
    """c where a = b, and 0 elsewhere."""
    _in_kernels_only()


def total(a: Any) -> Any:
    """Sum of the lanes: the upper half to the lower one, 16, 8, 4, 2."""
    _in_kernels_only()
