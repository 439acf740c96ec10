"""Fields on disk: one ``.npy`` a field, made at its full size by rank 0, filled by every rank at its own places.

A field is a number of rows of `total` items; a rank holds the items first, first + 1, ... of every row. Independent
writes at offsets need no collective file access, which hangs when the disk is full; and the space is there before
anyone writes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from particles.base.files import sync
from particles.base.readers import open_regular, reading, require_npy


@dataclass(frozen=True)
class Part:
    """Where a rank's items of `size` bytes lie in a field, after `offset` bytes.

    `first` is the number of the rank's first item, `total` that of all items of a row.
    """

    offset: int
    first: int
    total: int
    size: int = 8

    def place(self, row: int) -> int:
        """Byte at which the rank's items of a row begin."""
        return self.offset + self.size * (row * self.total + self.first)


def reserve(path: Path, shape: tuple[int, ...], dtype: str = "<f8") -> int:
    """Make the file at its full size, so that a full disk shows before anyone writes; return the offset of the data."""
    with path.open("wb") as stream:
        np.lib.format.write_array_header_2_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
        offset = stream.tell()
        stream.flush()
        os.posix_fallocate(stream.fileno(), 0, offset + np.dtype(dtype).itemsize * math.prod(shape))
    sync(path)
    return offset


def _bytes(row: Any) -> memoryview:
    """Bytes of a contiguous array; a memoryview of no items, as a rank without a block holds, cannot be cast."""
    return memoryview(row).cast("B") if row.size else memoryview(b"")


def write_rows(path: Path, part: Part, rows: Sequence[Any]) -> None:
    """Write a rank's items of every row, and flush them to the disk; contiguous rows are not copied."""
    with path.open("r+b", buffering=0) as stream:
        for number, row in enumerate(rows):
            stream.seek(part.place(number))
            left = _bytes(np.ascontiguousarray(row))
            while left:
                left = left[stream.write(left) :]
        os.fsync(stream.fileno())


def read_rows(path: Path, part: Part, rows: Sequence[Any]) -> None:
    """Read a rank's items of every row into contiguous arrays; ValueError if the file ends too early."""
    with path.open("rb", buffering=0) as stream:
        for number, row in enumerate(rows):
            stream.seek(part.place(number))
            left = _bytes(row)
            while left:
                count = stream.readinto(left)
                if not count:
                    raise ValueError(f"{path.name} ends too early")
                left = left[count:]


def data_offset(path: Path, shape: tuple[int, ...], dtype: str = "<f8") -> int:
    """Bytes before the data of a field; InputError if the file is none of this shape and type."""
    with reading(path), open_regular(path) as stream:
        return require_npy(stream, shape, dtype).offset
