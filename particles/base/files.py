"""Files that are there whole or not at all: write a draft beside, fsync, rename, fsync the folder.

A draft's name is one job's own. What takes the place of a path looks again at what lies there: an older result gives
way where that was asked for, and nothing else ever does; the result is then kept beside under a name of its own.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from particles.base.errors import InputError, StorageError

_TOKEN = 4  # bytes of a name that no other job has
LONGEST_ENDING = len(".") + len(".checkpoints.lock")  # of the names that are made from one
LONGEST_PATH = 4095 - 2 * LONGEST_ENDING - 80  # the system's limit, less the longest file in a run's folders


@contextmanager
def replace_file(path: str | Path, *, replace: bool = True) -> Iterator[Path]:
    """Yield a path beside `path` to write to; on leaving without an error it takes the place of `path`.

    StorageError if the disk refuses: the old file is untouched and nothing half written is left. Also if something lies
    at `path` and is not to be replaced: it is untouched, and the message tells where the new file is.
    """
    path = resolved(path)
    draft = draft_of(path, path.suffix)
    try:
        yield draft
        sync(draft)
        if replace:
            os.replace(draft, path)
        elif not _link(draft, path):
            raise _taken(draft, path)
        sync(path.parent)
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


def _link(draft: Path, path: Path) -> bool:
    """Give the draft its name unless something has it."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            return False
        os.rename(draft, path)
    return True


def _taken(draft: Path, path: Path) -> StorageError:
    """Keep a finished draft under a name of its own, and say so."""
    kept = path.with_name(f"{path.stem}-{secrets.token_hex(_TOKEN)}{path.suffix}")
    os.rename(draft, kept)
    return StorageError(f"{path} is no longer what it was when the work began, and is left as it is: see {kept}")


def write_text(path: str | Path, text: str, *, replace: bool = True) -> None:
    """Write a text file whole or not at all."""
    with replace_file(path, replace=replace) as draft:
        draft.write_text(text, encoding="utf-8")


def write_bytes(path: str | Path, content: bytes, *, replace: bool = True) -> None:
    """Write a file whole or not at all."""
    with replace_file(path, replace=replace) as draft:
        draft.write_bytes(content)


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


def draft_of(path: Path, ending: str = "") -> Path:
    """A name beside `path` that no other job has."""
    return path.with_name(f".{path.name}.{secrets.token_hex(_TOKEN)}.draft{ending}")


def remove_stale_drafts(path: Path) -> None:
    """Remove the drafts of dead jobs; for the one job that holds `path`."""
    draft = re.compile(re.escape(f".{path.name}.") + f"[0-9a-f]{{{2 * _TOKEN}}}[.]draft" + re.escape(path.suffix) + "?")
    for name in filter(draft.fullmatch, os.listdir(path.parent)):
        stale = path.with_name(name)
        if stale.is_dir() and not stale.is_symlink():
            shutil.rmtree(stale, ignore_errors=True)
        else:
            stale.unlink(missing_ok=True)


@contextmanager
def new_folder(path: str | Path, ours: Collection[str] = (), *, replace: bool = True) -> Iterator[Path]:
    """Yield a folder beside `path` that takes its place on leaving without an error; errors as `replace_folder`."""
    path = resolved(path)
    draft = draft_of(path)
    try:
        draft.mkdir()
        yield draft
        replace_folder(draft, path, ours, replace)
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def replace_folder(draft: Path, path: Path, ours: Collection[str] = (), replace: bool = True) -> None:
    """Let the finished folder `draft`, beside `path`, take the place of `path`.

    An older result there may hold the names `ours`, and no others, and where it is not to be replaced nothing: else it
    is untouched, and a StorageError tells where the new folder is.
    """
    sync(draft)
    older = _set_aside(draft, path, ours) if replace and path.is_dir() and any(path.iterdir()) else None
    try:
        os.rename(draft, path)  # an empty folder gives way by itself, and nothing else does
    except OSError as error:
        if older is not None:
            with suppress(OSError):
                os.rename(older, path)
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise _taken(draft, path) from None
        raise
    sync(path.parent)
    if older is not None:
        _remove(older, ours)


def _set_aside(draft: Path, path: Path, ours: Collection[str]) -> Path:
    """Move an older result out of the way, and look at what was moved."""
    older = path.with_name(f".{path.name}.{secrets.token_hex(_TOKEN)}.old")
    os.rename(path, older)
    if not set(os.listdir(older)) <= set(ours):
        os.rename(older, path)
        raise _taken(draft, path)
    return older


def _remove(older: Path, ours: Collection[str]) -> None:
    """Remove an older result, but nothing that came into it since."""
    for name in ours:
        if (older / name).is_dir():
            shutil.rmtree(older / name, ignore_errors=True)
        else:
            (older / name).unlink(missing_ok=True)
    with suppress(OSError):
        older.rmdir()


def resolved(path: str | Path, what: str = "out") -> Path:
    """The absolute path, links followed; InputError if it is unprintable, the root, a loop of links or too long."""
    shown = repr(str(path)[:60])
    if not str(path).isprintable():
        raise InputError(f"{what} = {shown} holds a character that cannot be printed: give another name")
    try:
        full = Path(path).resolve()
        full.exists()  # a loop, or a name that no system takes
    except (OSError, RuntimeError) as error:
        raise InputError(f"{what} = {shown} cannot be used: {getattr(error, 'strerror', None) or error}") from None
    if not full.name:
        raise InputError(f"{what} = {shown} is the root of all folders, which holds something else: give another")
    return full


def _check_length(path: Path) -> None:
    """Refuse a name that leaves no room for those that are made from it: its draft, its lock, its checkpoints."""
    there = next(parent for parent in path.parents if os.path.lexists(parent))
    room = os.pathconf(there, "PC_NAME_MAX") - LONGEST_ENDING - len(os.fsencode(path.suffix))
    if len(os.fsencode(path.name)) > room:
        raise InputError(f"out = '{path.name[:40]}...' is too long: allowed are {room} bytes")
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise InputError(f"out = '{str(path)[:40]}...' is too long: allowed are {LONGEST_PATH} bytes with all folders")


_HEAD = 2**16  # bytes of a file that are asked for a mark
_ASK = "to replace it add --replace, or give another"


def check_output_file(
    path: str | Path, suffix: str | Sequence[str], *, replace: bool = False, mark: bytes = b""
) -> None:
    """Refuse an output file that could not be written later, or an older one that is not to be replaced.

    Its name cannot be used or ends in none of the suffixes, its folder is missing, or something lies there; with
    `replace`, something that does not hold `mark` near its begin, as an older result does.
    """
    given, path = path, resolved(path)
    _check_length(path)
    allowed = (suffix,) if isinstance(suffix, str) else tuple(suffix)
    if path.suffix not in allowed:
        *first, last = allowed
        raise InputError(f"out = {str(given)!r} must end in {', '.join(first)}{' or ' if first else ''}{last}")
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"out = {str(given)!r} must be a file in a folder that exists")
    if path.exists() and not replace:
        raise InputError(f"out = {str(given)!r} is there already: {_ASK} file")
    if path.exists() and mark:
        with path.open("rb") as older:
            if mark not in older.read(_HEAD):
                raise InputError(f"out = {str(given)!r} is no older result: it stays, choose another name")


def check_output_folder(path: str | Path, *ours: Collection[str], replace: bool = False) -> None:
    """Refuse an output folder that holds something else, or an older result that is not to be replaced.

    `ours` are what an older result holds, one set of names alone. InputError too if the name cannot be used, or the
    folder lies in none that exists.
    """
    given, path = path, resolved(path)
    _check_length(path)
    if path.exists() and not path.is_dir():
        raise InputError(f"out = {str(given)!r} is a file: give a new or empty folder")
    held = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    if held and all(held != set(names) for names in ours):
        raise InputError(f"out = {str(given)!r} holds something else: give a new or empty folder")
    if held and not replace:
        raise InputError(f"out = {str(given)!r} holds an older result: {_ASK} folder")
    if not path.parent.is_dir():
        raise InputError(f"out = {str(given)!r} must be in a folder that exists")
