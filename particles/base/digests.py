"""Sums (sha256) of what a record holds: of plain values, of a file, and of an array by blocks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from particles.base.errors import InputError
from particles.base.readers import open_regular

SIZE = 32  # bytes of a sum
NAME = "sha256"  # under which a description holds its own


def plain_digest(value: Any) -> str:
    """Sum of plain values, whatever the order of the keys and the white space of their file."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Sum of the bytes of a regular file."""
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def block_digests(row: Any, size: int, key: bytes = b"") -> list[bytes]:
    """Sums of the blocks of so many items of a contiguous row, each with the key before it."""
    start = hashlib.sha256(key)
    found = []
    for first in range(0, row.size, size):
        block = start.copy()
        block.update(row[first : first + size].data)
        found.append(block.digest())
    return found


def digest_of(digests: Iterable[bytes]) -> str:
    """Sum of sums: the same for any number of ranks that share the blocks."""
    return hashlib.sha256(b"".join(digests)).hexdigest()


def signed(values: Mapping[str, Any]) -> dict[str, Any]:
    """A description with its own sum."""
    return {**values, NAME: plain_digest(values)}


def unsigned(values: Mapping[str, Any]) -> dict[str, Any]:
    """A description without its sum; InputError where the sum is missing or another's."""
    left = {key: value for key, value in values.items() if key != NAME}
    if values.get(NAME) != plain_digest(left):
        raise InputError("its description does not have its sum: it is damaged, or was changed by hand")
    return left
