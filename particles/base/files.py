"""Files that are there whole or not at all: write beside, fsync, rename, fsync the folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from particles.base.errors import InputError, StorageError


@contextmanager
def replace_file(path: str | Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; on leaving without an error it takes the place of `path`.

    Raises
    ------
    StorageError
        If the disk refuses; the old file is untouched and nothing half written is left.
    """
    path = Path(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}{path.suffix}")
    try:
        yield draft
        sync(draft)
        os.replace(draft, path)
        sync(path.parent)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with replace_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def draft_folder(path: Path) -> Path:
    """Name of the folder beside `path` that is written before it takes its place."""
    return path.with_name(f".{path.name}.draft")


def replace_folder(draft: Path, path: Path) -> None:
    """Let the finished folder `draft` take the place of `path`; an older `path` goes last."""
    old = path.with_name(f".{path.name}.old")
    sync(draft)
    older = path.exists() and any(path.iterdir())
    if older:
        shutil.rmtree(old, ignore_errors=True)
        os.rename(path, old)
    try:
        os.rename(draft, path)  # an empty folder gives way by itself
    except OSError:
        if older:
            os.rename(old, path)
        raise
    sync(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def check_output_file(path: str | Path, suffix: str) -> None:
    """Refuse an output file that could not be written later: no folder, a folder in its place, another suffix."""
    path = Path(path)
    if path.suffix != suffix:
        raise InputError(f"out = {str(path)!r} must end in {suffix}")
    if path.is_dir() or not path.resolve().parent.is_dir():
        raise InputError(f"out = {str(path)!r} must be a file in a folder that exists")


def check_output_folder(path: str | Path, *ours: Collection[str]) -> None:
    """Refuse an output folder that holds something else: it must be missing, empty, or hold one set of `ours` alone."""
    path = Path(path).resolve()
    if path.exists() and not path.is_dir():
        raise InputError(f"out = {str(path)!r} is a file: give a new or empty folder")
    held = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    if held and all(held != set(names) for names in ours):
        raise InputError(f"out = {str(path)!r} holds something else: give a new or empty folder")
    if not path.resolve().parent.is_dir():
        raise InputError(f"out = {str(path)!r} must be in a folder that exists")
