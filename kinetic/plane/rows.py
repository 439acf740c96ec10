"""Arrays whose rows begin at cache lines: a load or store of a vector that straddles two of them costs twice."""

from __future__ import annotations

import math

import numpy as np

from particles.base.arrays import Floats

_LINE = 8
"""Numbers in a line of 64 bytes."""


def whole_lines(columns: int) -> int:
    """The number of columns that fills whole lines."""
    return -(-columns // _LINE) * _LINE


def aligned(shape: tuple[int, ...], *, begin: int = 0) -> Floats:
    """Zeros, C-contiguous, whose column `begin` lies at the begin of a line, in every row if rows are whole lines."""
    size = math.prod(shape)
    memory = np.zeros(size + _LINE)
    skipped = (-memory.ctypes.data // memory.itemsize - begin) % _LINE
    return memory[skipped : skipped + size].reshape(shape)


def in_lines(table: Floats) -> Floats:
    """A table with rows of whole lines, zeros beyond its own columns."""
    rows, columns = table.shape
    out = aligned((rows, whole_lines(columns)))
    out[:, :columns] = table
    return out
