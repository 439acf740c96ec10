"""Images of digits that are made: glyphs of 5 x 7 squares, shifted, with noise drawn by Philox."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from particles.base.checks import require_count
from particles.networks.images import CLASSES, SIDE, Images
from particles.philox import start_uniforms

_GLYPHS = """
01110 00100 01110 11111 00010 11111 00110 11111 01110 01110
10001 01100 10001 00010 00110 10000 01000 00001 10001 10001
10011 00100 00001 00100 01010 11110 10000 00010 10001 10001
10101 00100 00010 00010 10010 00001 11110 00100 01110 01111
11001 00100 00100 00001 11111 00001 10001 01000 10001 00001
10001 00100 01000 10001 00010 10001 10001 01000 10001 00010
01110 01110 11111 01110 00010 01110 01110 01000 01110 01100
"""
_SCALE = 3  # pixels of a side of a square
_ROWS, _COLUMNS = SIDE - 7 * _SCALE, SIDE - 5 * _SCALE  # how far a glyph can be moved


def glyphs() -> NDArray[np.int64]:
    """The digits as 0 and 1, shape (10, 7, 5)."""
    rows = [[[int(bit) for bit in word] for word in row.split()] for row in _GLYPHS.split("\n")[1:-1]]
    return np.array(rows).transpose(1, 0, 2)


def made_digits(count: int, *, seed: int = 0, replicate: int = 0) -> Images:
    """Images of the digits 0, 1, ..., 9 in turn, anywhere in 28 x 28 pixels, grey on a ground of noise.

    Parameters
    ----------
    count : int >= 1
    seed, replicate : int
        See `particles.philox`; another replicate is another sample.
    """
    require_count("count", count, most=10**6)
    large = np.kron(glyphs(), np.ones((_SCALE, _SCALE), dtype=int))
    noise = start_uniforms(0, count * SIDE * SIDE, seed=seed, replicate=replicate).reshape(count, SIDE, SIDE)
    down, right, grey = (start_uniforms(0, count, component=k, seed=seed, replicate=replicate) for k in (1, 2, 3))
    labels = np.arange(count) % CLASSES
    values = 64.0 * noise
    for i, label in enumerate(labels.tolist()):
        row, column = int((_ROWS + 1) * down[i]), int((_COLUMNS + 1) * right[i])
        values[i, row : row + 7 * _SCALE, column : column + 5 * _SCALE] += (96.0 + 96.0 * grey[i]) * large[label]
    return Images(values.astype(np.uint8), labels, f"made digits, seed {seed}, replicate {replicate}")
