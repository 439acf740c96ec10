"""Messages between who judges and who solves, over two pipes of their own: JSON, and arrays as NumPy's plain files.

What a contestant prints goes elsewhere, and nothing that it sends is ever executed by who reads it.
"""

from __future__ import annotations

import io
import json
import os
import select
import struct
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_LENGTH = struct.Struct("<Q")
LARGEST = 2**32  # bytes of a part


class Message(NamedTuple):
    """Words and numbers, and arrays."""

    words: dict[str, Any]
    arrays: list[npt.NDArray[Any]]


class Channel:
    """One end.

    Parameters
    ----------
    incoming, outgoing : int
        File descriptors.
    """

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, words: dict[str, Any], arrays: Sequence[npt.NDArray[Any]] = ()) -> None:
        """Send words, and arrays of numbers; ValueError for an array of objects."""
        parts = [json.dumps({"words": words, "arrays": len(arrays)}).encode()]
        for array in arrays:
            stream = io.BytesIO()
            np.save(stream, array, allow_pickle=False)
            parts.append(stream.getvalue())
        for part in parts:
            self._write(_LENGTH.pack(len(part)))
            self._write(part)

    def receive(self, seconds: float | None = None) -> Message:
        """Return the next message.

        Raises
        ------
        TimeoutError
            If it is not there whole within so many seconds.
        EOFError
            If the other end is closed, or sends what is no message.
        """
        end = None if seconds is None else time.monotonic() + seconds
        try:
            head = json.loads(self._part(end))
            arrays = [np.load(io.BytesIO(self._part(end)), allow_pickle=False) for _ in range(head["arrays"])]
            return Message(dict(head["words"]), arrays)
        except (ValueError, KeyError, TypeError) as error:
            raise EOFError(f"no message: {error}") from error

    def close(self) -> None:
        """Close both pipes."""
        os.close(self._incoming)
        os.close(self._outgoing)

    def _part(self, end: float | None) -> bytes:
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, end))
        if length > LARGEST:
            raise EOFError(f"a message of {length} bytes: at most {LARGEST} are taken")
        return self._read(length, end)

    def _read(self, length: int, end: float | None) -> bytes:
        got = bytearray()
        while len(got) < length:
            left = None if end is None else max(0.0, end - time.monotonic())
            if not select.select([self._incoming], [], [], left)[0]:
                raise TimeoutError
            more = os.read(self._incoming, min(length - len(got), 2**20))
            if not more:
                raise EOFError("the other end is closed")
            got += more
        return bytes(got)

    def _write(self, part: bytes) -> None:
        view = memoryview(part)
        while view:
            view = view[os.write(self._outgoing, view) :]
