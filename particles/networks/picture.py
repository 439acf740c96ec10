"""A picture of images that were taken for something else: a PNG file of grey levels, written as its standard says.

Each image stands over two digits, what it is and what it was taken for.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from particles.networks.evaluate import Evaluation
from particles.networks.images import Images
from particles.networks.made_digits import glyphs

MARK = b"\x89PNG\r\n\x1a\n"
_COLUMNS, _ROWS = 10, 10
_GAP = 4  # pixels between cells
_PAPER, _INK = 255, 0


def wrong_images(images: Images, looked: Evaluation, most: int = _COLUMNS * _ROWS) -> bytes:
    """The PNG of the wrong images of the largest losses, the largest first, row by row; one blank cell if none is."""
    order = looked.worst(images.count)
    wrong = order[looked.classes[order] != looked.labels[order]][:most].tolist()
    cells = [_cell(images.pixels[i], int(looked.labels[i]), int(looked.classes[i])) for i in wrong]
    height, width = (size + _GAP for size in _cell(images.pixels[0], 0, 0).shape)
    rows = max(1, -(-len(cells) // _COLUMNS))
    sheet = np.full((rows * height, min(_COLUMNS, max(1, len(cells))) * width), _PAPER, dtype=np.uint8)
    for number, cell in enumerate(cells):
        row, column = divmod(number, _COLUMNS)
        top, left = row * height + _GAP // 2, column * width + _GAP // 2
        sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return grey_png(sheet)


def _cell(pixels: NDArray[np.uint8], label: int, taken: int) -> NDArray[np.uint8]:
    """An image as ink on paper, two digits below: the label on the left, what it was taken for on the right."""
    rows, columns = pixels.shape
    digits = glyphs()
    high, wide = digits.shape[1:]
    below = np.full((high + 2, max(columns, 2 * wide + 2)), _PAPER, dtype=np.uint8)
    middle = below.shape[1] // 2
    for digit, left in ((label, middle - wide - 1), (taken, middle + 1)):
        below[2:, left : left + wide][digits[digit % len(digits)] > 0] = _INK
    above = np.full((rows, below.shape[1]), _PAPER, dtype=np.uint8)
    above[:, :columns] = _PAPER - pixels
    return np.concatenate([above, below])


def grey_png(pixels: NDArray[np.uint8]) -> bytes:
    """Grey levels, shape (rows, columns), as a PNG file (ISO/IEC 15948): 8 bits, no filter, one stream."""
    rows, columns = pixels.shape
    lines = np.concatenate([np.zeros((rows, 1), dtype=np.uint8), pixels], axis=1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return MARK + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
