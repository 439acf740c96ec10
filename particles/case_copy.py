"""A case's files, kept with a run: the text of its TOML file and the measurements that it names.

The files keep their places relative to each other, so that the copy is read as the original was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from particles.base.readers import read_bytes, read_toml

TOP = PurePosixPath("case")
LARGEST_COPY = 2**31  # bytes of measurements that a run takes with it


def case_files(name: str) -> tuple[str, dict[str, bytes]]:
    """Return where `load_case` will find the copy of a case, and the files of the copy by their relative names.

    Parameters
    ----------
    name : str
        Name of a case (which is its own place, and has no files), or path of a TOML file that `load_case` has accepted.
        Measurements named by an absolute path are not copied.
    """
    if not name.endswith(".toml"):
        return name, {}
    path = Path(name)
    content = read_bytes(path)
    named = [os.path.normpath(file) for file in _named(read_toml(path))]
    relative = [PurePosixPath(file) for file in named if not os.path.isabs(file)]
    above = max((file.parts.count("..") for file in relative), default=0)
    home = TOP.joinpath(*["below"] * above)
    files = {str(home / path.name): content}
    for file in relative:
        files[os.path.normpath(home / file)] = read_bytes(path.parent / file, LARGEST_COPY)
    return str(home / path.name), files


def _named(table: Any) -> Iterator[str]:
    """Values of every key ``file`` in a table, at any depth."""
    if isinstance(table, dict):
        for key, value in table.items():
            if key == "file" and isinstance(value, str):
                yield value
            else:
                yield from _named(value)
    elif isinstance(table, list):
        for item in table:
            yield from _named(item)
