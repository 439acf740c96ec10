"""A case's files, kept with a run: the text of its TOML file and the measurements that it names.

The files keep their places relative to each other, so that the copy is read as the original was; what was named by an
absolute path lies below the folder ``absolute``. A checkpoint holds them as files, a record as text.
"""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from particles.base.errors import InputError
from particles.base.readers import read_bytes, read_toml
from particles.model.cases.case import Case
from particles.model.cases.changed import changed_case, changed_table, files_named
from particles.model.cases.file import load_case, located
from particles.model.cases.write import text_of
from particles.model.identity import differences

TOP = PurePosixPath("case")
LARGEST_COPY = 2**31  # bytes of measurements that a run takes with it
LARGEST_IN_RECORD = 2**24  # bytes of measurements that a record takes with it


def case_files(name: str, settings: Mapping[str, Any] | None = None) -> tuple[str, dict[str, bytes]]:
    """Return where `load_case` will find the copy of a case, and the files of the copy by their relative names.

    Of what it has accepted; the name of a case is its own place, and has no files. A changed case is copied as the file
    that would be it.
    """
    if not name.endswith(".toml"):
        if not settings:
            return name, {}
        table, beside = changed_case(name, settings)
        return _copied(Path(f"{name}.toml"), table, text_of(table).encode(), {k: v.encode() for k, v in beside.items()})
    path = Path(os.path.expanduser(name))
    content, table = read_bytes(path), changed_table(read_toml(path), settings, path.stem)
    return _copied(path, table, text_of(table).encode() if settings else content, {})


def _copied(
    path: Path, table: Mapping[str, Any], content: bytes, beside: Mapping[str, bytes]
) -> tuple[str, dict[str, bytes]]:
    """The copy of a file with this content and the files that it names, of which those `beside` it are at hand."""
    named = [os.path.normpath(file) for file in files_named(table)]
    above = max((PurePosixPath(file).parts.count("..") for file in named), default=0)
    home = TOP.joinpath(*["below"] * above)
    files = {str(home / path.name): content}
    for file in named:
        place = located(Path(home), file, Path(TOP))
        held = beside.get(file)
        files[os.path.normpath(place)] = read_bytes(located(path.parent, file), LARGEST_COPY) if held is None else held
    return str(home / path.name), files


def load_copy(folder: Path, place: str) -> Case:
    """The case whose copy lies below a folder, or the case of a name; errors as `load_case`."""
    return load_case(str(folder / place), copied=folder / TOP) if place.endswith(".toml") else load_case(place)


def packed(place: str, files: Mapping[str, bytes]) -> dict[str, Any] | None:
    """A copy as plain values for JSON; None where the measurements are too many for a record."""
    if sum(map(len, files.values())) > LARGEST_IN_RECORD:
        return None
    return {"place": place, "files": {name: base64.b64encode(content).decode() for name, content in files.items()}}


def short(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says of itself, with the names of its case's files in the place of their content."""
    copy = record.get("copy")
    told = {"copy": {**copy, "files": sorted(copy.get("files", ()))}} if isinstance(copy, dict) else {}
    return {**record, **told}


def case_of(record: Mapping[str, Any]) -> Case | None:
    """The case of a record, by its own copy alone; None where it has none, or where the case gives another model now.

    The record is ``info`` of a run or ``provenance`` of a solution. One of an older version knows the name of its case
    alone: a file of that name is not looked for.
    """
    copy = record.get("copy") or {"place": str(record.get("case")), "files": {}}
    try:
        with tempfile.TemporaryDirectory() as folder:
            _unpack(copy["files"], Path(folder))
            case = load_copy(Path(folder), copy["place"])
    except (InputError, OSError, binascii.Error, AttributeError, KeyError, TypeError, ValueError):
        return None
    different, _ = differences(case.model.describe(), record.get("model", {}))
    return None if different else case


def _unpack(files: Mapping[str, str], folder: Path) -> None:
    """Write the files of a copy below a folder, and nowhere else."""
    for name, content in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve() / TOP):
            raise InputError(f"a copy names {name!r}, which lies elsewhere")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(content, validate=True))
