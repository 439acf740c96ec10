"""3 x 3 convolutions of blocks of 16 images, in registers.

    (k * x)[o, h, w] = sum_i sum_t k[i, t, o] x[i, h + r, w + c],   t = 3 (r + 1) + c + 1,   r, c in {-1, 0, 1}

(Ruseckas, (72)-(80), with a border of zeros.) A block is x[channel, row, 16 column + image], with one pixel of border
on each side, which stays 0: a shift by a column is a shift by 16 numbers, nothing is gathered and nothing is left over.
Every number is one chain of fma, over i, then over t: neither the width of a CPU's vectors nor the size of a table of
sums shows in the bytes.

The tables hold what is summed in registers until it is done: 5 outputs x 4 columns need 6 pixels and 5 weights for 15
loads and 60 fma; for the derivative by the kernel 2 outputs x 9 taps need 11 loads for 18 fma. They are smaller where
registers are shorter or fewer.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from particles.base.jit import Formula, formula
from particles.base.lanes import LANES, loads, outer, splats, store_table, store_totals, zeros

TAPS = 9
_CACHE_LINE = 64  # bytes; a vector that straddles two is loaded at half the speed


class Block(NamedTuple):
    """Sizes of a block of 16 images."""

    channels: int
    rows: int
    columns: int

    @property
    def line(self) -> int:
        """Numbers of a row of one channel, border and images included."""
        return (self.columns + 2) * LANES

    @property
    def plane(self) -> int:
        """Numbers of one channel."""
        return (self.rows + 2) * self.line

    def zeros(self, *many: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Blocks, shape (*many, channels plane), with the border that no kernel ever writes."""
        return aligned_zeros((*many, self.channels * self.plane), dtype)

    def inside(self, x: NDArray[Any]) -> NDArray[Any]:
        """View of blocks without the border, shape (..., channels, rows, columns, 16)."""
        axes = (*x.shape[:-1], self.channels, self.rows + 2, self.columns + 2, LANES)
        return x.reshape(axes)[..., 1:-1, 1:-1, :]


def aligned_zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Zeros that begin where a line of the cache does."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + _CACHE_LINE, dtype=np.uint8)
    first = -raw.ctypes.data % _CACHE_LINE
    return raw[first : first + size].view(dtype).reshape(shape)


def turned(kernels: NDArray[Any]) -> NDArray[Any]:
    """k^T of kernels of shape (..., inputs, 9, outputs): inputs and outputs exchanged, the taps in reverse order."""
    return np.ascontiguousarray(np.swapaxes(kernels, -1, -3)[..., ::-1, :])


@functools.cache
def convolved_row(outputs: int, columns: int) -> Formula:
    """Formula that writes a row of k * x; its tables have `outputs` x `columns` entries, which divide the image's."""
    pixels, up = columns + 2, columns + 1
    step, size = columns * LANES, outputs * columns

    @formula
    def row(x: Any, k: Any, h: int, inputs: int, channels: int, plane: int, line: int, out: Any) -> None:
        for o in range(0, channels, outputs):
            for at in range(h * line, h * line + line - 2 * LANES, step):
                table = zeros(x, size)
                for i in range(inputs):
                    for r in range(3):
                        p = loads(x, i * plane + r * line + at, LANES, pixels)
                        weight = (i * TAPS + 3 * r) * channels + o
                        table = outer(table, splats(k, weight, outputs), p[0:columns])
                        table = outer(table, splats(k, weight + channels, outputs), p[1:up])
                        table = outer(table, splats(k, weight + 2 * channels, outputs), p[2:pixels])
                store_table(out, o * plane + line + LANES + at, plane, LANES, columns, table)

    return row


@functools.cache
def kernel_slopes(outputs: int) -> Formula:
    """Formula that writes dL/dk[o, i, t] = sum over pixels and images of c[o] x[i], shifted by t."""
    size = outputs * TAPS

    @formula
    def slopes(x: Any, c: Any, height: int, inputs: int, channels: int, plane: int, line: int, out: Any) -> None:
        for i in range(inputs):
            for o in range(0, channels, outputs):
                table = zeros(x, size)
                for h in range(height):
                    for at in range(h * line, h * line + line - 2 * LANES, LANES):
                        p = i * plane + at
                        above = loads(x, p, LANES, 3)
                        along = loads(x, p + line, LANES, 3)
                        below = loads(x, p + 2 * line, LANES, 3)
                        by = loads(c, o * plane + at + line + LANES, plane, outputs)
                        table = outer(table, by, above + along + below)
                store_totals(out, (o * channels + i) * TAPS, channels * TAPS, TAPS, table)

    return slopes
