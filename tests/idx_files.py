"""IDX files for tests: written as the format says, and spoilt on purpose."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from particles.networks.images import PARTS, Images


def idx(array: np.ndarray) -> bytes:
    """An array of bytes as an IDX file."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes((0, 0, 8, array.ndim)) + sizes + array.astype(np.uint8).tobytes()


def write(folder: Path, part: str, images: Images, *, compressed: bool = False) -> None:
    """The two files of a set."""
    folder.mkdir(exist_ok=True)
    for name, array in (("images-idx3", images.pixels), ("labels-idx1", images.labels)):
        content = idx(array)
        path = folder / f"{PARTS[part]}-{name}-ubyte{'.gz' * compressed}"
        path.write_bytes(gzip.compress(content, mtime=0) if compressed else content)
