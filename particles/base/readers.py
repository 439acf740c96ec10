"""Reading what may be anything: one reader each for text, JSON, TOML and ``.npy``; every mistake is one `InputError`.

A reader opens regular files alone (a pipe, a device or a folder may hang, or never end), knows the size before it
reads, and lets no exception of a parser through, whatever its kind: a file may nest a thousand deep, name numbers
without end, or promise more data than any disk holds.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
import tomllib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from particles.base.errors import InputError, SimresnetError
from particles.base.memory import require_memory

if TYPE_CHECKING:
    import numpy as np

LARGEST_TEXT = 2**26  # bytes of a JSON file, hundreds of times what is written here
LARGEST_TOML = 2**24  # bytes; a number takes about 20 of them
MOST_PARTS = 100  # of a dotted key of a TOML file
_BETWEEN_PARTS = re.compile(r"""[\w"'-][ \t]*\.[ \t]*(?=[\w"'-])""")


@contextmanager
def reading(path: str | Path, as_what: str = "") -> Iterator[None]:
    """Turn whatever goes wrong inside into one `InputError` that names the file, and what it was to be read as."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy and xarray warn of what is no file of ours
            yield
    except SimresnetError as error:
        if str(error).startswith(str(path)):
            raise  # of a reader inside
        raise InputError(f"{_cannot(path, as_what)}: {error}") from error
    except Exception as error:
        raise InputError(f"{_cannot(path, as_what)}: {_reason(error)}") from error


def _cannot(path: str | Path, as_what: str) -> str:
    return f"{path} cannot be read" + (f" as {as_what}" if as_what else "")


def _reason(error: Exception) -> str:
    """One line, a sentence where the parser has none."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    told = str(getattr(error, "strerror", None) or error).strip().partition("\n")[0][:200]
    return f"it has no {told}" if isinstance(error, KeyError) else told or type(error).__name__


@contextmanager
def open_regular(path: str | Path) -> Iterator[BufferedReader]:
    """Open a regular file to read its bytes; a folder, a pipe, a socket or a device is an InputError.

    OSError or ValueError if it cannot be opened, or its name holds a byte 0.
    """
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:  # a pipe must not block
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise InputError("it is no regular file: allowed is no folder, pipe or device")
        yield stream


def read_bytes(path: str | Path, most: int = LARGEST_TEXT) -> bytes:
    """Content of a regular file of at most so many bytes, or InputError."""
    with reading(path), open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            raise InputError(f"it holds {size} bytes: allowed are at most {most}")
        content = stream.read(size + 1) if size else stream.read()  # files of /proc say 0
        if size and len(content) != size:
            raise InputError("it changed while it was read")
    return content


def read_text(path: str | Path, most: int = LARGEST_TEXT) -> str:
    """Content of a regular text file in UTF-8 of at most `most` bytes, or InputError; a byte order mark is dropped."""
    content = read_bytes(path, most)
    with reading(path):
        return content.decode("utf-8-sig")


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON object, or InputError, for NaN, infinities and numbers beyond double precision too: JSON has none."""
    text = read_text(path)
    with reading(path):
        value = parse_json(text)
    if not isinstance(value, dict):
        raise InputError(f"{path} holds {type(value).__name__}: allowed is a JSON object")
    return value


def parse_json(text: str) -> Any:
    """Parse JSON; a number that is not finite is a ValueError."""
    return json.loads(text, parse_constant=_not_finite, parse_float=_finite)


def _not_finite(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is no finite number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _not_finite(text)
    return number


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file, or InputError."""
    text = read_text(path, LARGEST_TOML)
    with reading(path):
        for piece in re.split("[,=\n]", text):  # tomllib's memory grows with the square of a key's length
            parts = len(_BETWEEN_PARTS.findall(piece)) + 1
            if parts > MOST_PARTS:
                raise InputError(f"it has a key of {parts} parts: allowed are at most {MOST_PARTS}")
        return tomllib.loads(text)


@dataclass(frozen=True)
class Header:
    """What an ``.npy`` file says of its data, checked against its size: they follow in C order after `offset` bytes."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int


def npy_header(stream: BinaryIO) -> Header:
    """Read the header of an ``.npy`` file, format 1.0 or 2.0, of numbers in C order.

    InputError if the header is none, or promises other data than the file holds.
    """
    from numpy.lib import format as npy

    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    version = npy.read_magic(stream)
    if version not in readers:
        raise InputError(f"its .npy format is {version[0]}.{version[1]}: allowed are 1.0 and 2.0")
    shape, fortran_order, dtype = readers[version](stream)
    if not all(type(length) is int and 0 <= length < 2**63 for length in shape):
        raise InputError(f"its shape is {str(shape)[:60]}: allowed are lengths from 0 on")
    if dtype.kind not in "biuf":
        raise InputError(f"it holds {str(dtype)[:60]}: allowed are plain numbers")
    if fortran_order and sum(length > 1 for length in shape) > 1:
        raise InputError("its order is Fortran's: allowed is C order")
    offset, size = stream.tell(), os.fstat(stream.fileno()).st_size
    promised = math.prod(shape) * dtype.itemsize
    if promised != size - offset:
        raise InputError(f"its header promises {promised} bytes of data: the file holds {size - offset}")
    return Header(shape, dtype, offset)


def read_npy(path: str | Path) -> np.ndarray[Any, Any]:
    """Read a whole ``.npy`` file of plain numbers, as long as its header says, or InputError."""
    import numpy as np

    with reading(path), open_regular(path) as stream:
        header = npy_header(stream)
        require_memory(str(path), float(os.fstat(stream.fileno()).st_size))
        return np.fromfile(stream, dtype=header.dtype, count=math.prod(header.shape)).reshape(header.shape)


def map_npy(path: str | Path, shape: tuple[int, ...], dtype: str) -> np.ndarray[Any, Any]:
    """Map an ``.npy`` file of this shape and type into memory, to be read only, or InputError."""
    import numpy as np

    with reading(path), open_regular(path) as stream:
        header = require_npy(stream, shape, dtype)
        if 0 in shape:
            return np.empty(shape, dtype=dtype)
        return np.memmap(stream, dtype=header.dtype, mode="r", offset=header.offset, shape=shape)


def require_npy(stream: BinaryIO, shape: tuple[int, ...], dtype: str) -> Header:
    """Read the header of an ``.npy`` file that must be of this shape and type, or InputError."""
    import numpy as np

    header = npy_header(stream)
    if header.shape != shape or header.dtype != np.dtype(dtype):
        raise InputError(f"it holds {header.dtype} of shape {header.shape}: allowed is {np.dtype(dtype)} {shape}")
    return header
