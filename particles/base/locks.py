"""A place on disk that one job alone writes to: the kernel's lock on a file beside it, held as long as the job lasts.

The kernel lets go of the lock when its process ends, however it ends, so a dead job never blocks the next one. On NFS
the server keeps the lock for all its clients. A file system without locks is told, and the run goes on without one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from particles.base.errors import InputError, StorageError
from particles.base.files import remove_stale_drafts, resolved
from particles.base.terminal import say

_OURS = b"simresnet job, "
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_held: set[Path] = set()


@contextmanager
def claimed(path: str | Path) -> Iterator[None]:
    """Hold a file or folder that is to be written, which need not be there yet, for this process.

    InputError, which names the other process, if one holds it; StorageError if nothing can be written beside it.
    """
    path = resolved(path)
    if path in _held:  # by a caller of this process
        yield
        return
    place = path.with_name(f".{path.name}.lock")
    try:
        handle = _locked(place, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    _held.add(path)
    try:
        if handle is not None:
            remove_stale_drafts(path)
        yield
    finally:
        _held.discard(path)
        if handle is not None:
            place.unlink(missing_ok=True)
            os.close(handle)


def _locked(place: Path, path: Path) -> int | None:
    """A handle that holds the lock, None where the file system has none."""
    while True:
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        try:
            if _lock(handle, place, path) and _is_at(handle, place):
                with suppress(OSError):  # a full disk: the lock holds without its text
                    os.ftruncate(handle, 0)
                    os.pwrite(handle, _OURS + f"pid {os.getpid()} on {platform.node()}".encode(), 0)
                return handle
        except OSError as error:
            os.close(handle)
            if error.errno not in _NO_LOCKS:
                raise
            told = "this file system has no locks, so that a second job in the same place would not be noticed"
            say("simresnet", f"{path.parent}: {told}")
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # the job before has just removed it


def _lock(handle: int, place: Path, path: Path) -> bool:
    found = os.pread(handle, 200, 0)
    if not stat.S_ISREG(os.fstat(handle).st_mode) or (found and not found.startswith(_OURS)):
        raise InputError(f"{place} is no lock of this program: move it away, or give another place than {path}")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 200, 0).removeprefix(_OURS).decode(errors="replace") or "another job"
        raise InputError(f"{path} is being written by {holder}: wait for its end, or give another place") from None
    return True


def _is_at(handle: int, place: Path) -> bool:
    """Whether the locked file still has its name."""
    try:
        there = os.stat(place, follow_symlinks=False)
    except FileNotFoundError:
        return False
    held = os.fstat(handle)
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)
