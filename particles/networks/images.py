"""Images with labels: a value, and the IDX files of LeCun, Cortes and Burges that hold them.

    magic (4 bytes: 0, 0, 8, number of axes), each axis (4 bytes, the high one first), the bytes           (IDX)

A file may be anything: its sizes are checked before anything of that size is asked for.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from particles.base.errors import InputError
from particles.base.memory import require_memory
from particles.base.readers import open_regular, reading

SIDE, CLASSES = 28, 10
PARTS = {"train": "train", "test": "t10k"}
"""What a set is for, and how its files begin."""
_CHUNK = 2**20
_UNSIGNED_BYTES = 8
Stream = BufferedReader | gzip.GzipFile


@dataclass(frozen=True, eq=False)
class Images:
    """Grey images and what they show.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (count, rows, columns)
    labels : ndarray of int, shape (count,)
        From 0 on.
    name : str, default ""
        What they are, for a record.

    Raises
    ------
    InputError
        If there is none, or the numbers of images and labels differ.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    name: str = ""

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.dtype != np.uint8 or self.pixels.size == 0:
            told = f"images of type {self.pixels.dtype} and shape {self.pixels.shape}"
            raise InputError(f"{told} must be bytes of one image at least, row by row")
        if self.labels.shape != (self.count,) or self.labels.dtype != np.int64 or self.labels.min() < 0:
            raise InputError(f"labels of shape {self.labels.shape} must be whole numbers, one for each of {self.count}")

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.pixels)

    def part(self, first: int, last: int, name: str = "") -> Images:
        """Images first, ..., last - 1."""
        return Images(self.pixels[first:last], self.labels[first:last], name or self.name)

    def digest(self) -> str:
        """sha256 of all pixels and labels."""
        total = hashlib.sha256(np.ascontiguousarray(self.pixels).data)
        total.update(self.labels.astype("<i8").tobytes())
        return total.hexdigest()


def read_images(folder: str | Path, part: str) -> Images:
    """Images of a folder's IDX files, 28 x 28, labels from 0 to 9; gzip-compressed where the names end with ``.gz``.

    Parameters
    ----------
    folder : path
        Holds ``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte``, or ``t10k-`` ones.
    part : {"train", "test"}

    Raises
    ------
    InputError
        If a file is missing, is no IDX file of bytes, holds more or less than it says, images of another size, labels
        above 9, or the two hold unequal numbers.
    """
    kinds = ("images-idx3", "labels-idx1")
    pixels_path, labels_path = (_find(Path(folder), f"{PARTS[part]}-{kind}-ubyte") for kind in kinds)
    labels = _read_idx(labels_path, 1)
    if (above := np.flatnonzero(labels >= CLASSES)).size:
        told = f"{labels_path} holds label {labels[above[0]]} at image {above[0]}"
        raise InputError(f"{told}: allowed are 0 to {CLASSES - 1}")
    pixels = _read_idx(pixels_path, 3)
    if len(pixels) != len(labels):
        told = f"{pixels_path} holds {len(pixels)} images, {labels_path.name} {len(labels)} labels"
        raise InputError(f"{told}: allowed is one for each")
    return Images(pixels, labels.astype(np.int64), part)


def _find(folder: Path, name: str) -> Path:
    """The file of this name, or the compressed one."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: allowed is one with MNIST's four files")
    found = [path for path in (folder / name, folder / f"{name}.gz") if path.exists()]
    if not found:
        raise InputError(f"{folder} holds neither {name} nor {name}.gz")
    return found[0]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Stream, int | None]]:
    """The bytes inside, and how many there are where the file's size tells."""
    with reading(path, "an IDX file"), open_regular(path) as stream:
        if path.suffix != ".gz":
            yield stream, os.fstat(stream.fileno()).st_size
        else:
            with gzip.GzipFile(fileobj=stream) as inside:
                yield inside, None


def _read_idx(path: Path, axes: int) -> NDArray[np.uint8]:
    with _opened(path) as (stream, size):
        header = stream.read(4 * (1 + axes))
        if header[:4] != bytes((0, 0, _UNSIGNED_BYTES, axes)):
            told = f"it begins with {header[:4].hex() or 'nothing'}"
            raise InputError(f"{told}: allowed is 00000{_UNSIGNED_BYTES}{axes:02x}, bytes in {axes} axes")
        if len(header) < 4 * (1 + axes):
            raise InputError("it ends within its header")
        shape = tuple(int.from_bytes(header[4 * i : 4 * i + 4], "big") for i in range(1, 1 + axes))
        if shape[0] == 0 or shape[1:] not in ((), (SIDE, SIDE)):
            many = " x ".join(map(str, shape))
            raise InputError(f"it holds {many} bytes: allowed is one image at least, of {SIDE} x {SIDE}")
        needed = int(np.prod(shape, dtype=object))
        if size is not None and size != len(header) + needed:
            raise InputError(f"it has {size} bytes where its header says {len(header) + needed}")
        require_memory(f"it, {shape[0]} images,", 2.0 * needed)
        return np.frombuffer(_exactly(stream, needed), dtype=np.uint8).reshape(shape)


def _exactly(stream: Stream, size: int) -> bytes:
    """So many bytes and no more; what is held grows with what is there, not with what was promised."""
    parts, left = [], size
    while left and (part := stream.read(min(left, _CHUNK))):
        parts.append(part)
        left -= len(part)
    if left:
        raise InputError(f"it ends after {size - left} of {size} bytes")
    if stream.read(1):
        raise InputError(f"it goes on after its {size} bytes")
    return b"".join(parts)
