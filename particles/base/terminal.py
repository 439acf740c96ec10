"""Standard output and error as they are found: closed, on a full disk, a pipe whose reader has left."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

from particles.base.errors import InputError, SimresnetError, StorageError, plain
from particles.base.launch import launched_rank

_REFUSED_BY_THE_DISK = (
    errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS, errno.EPIPE, errno.ENODEV, errno.ENXIO,
    errno.ESTALE,
)  # fmt: skip
_OF_THE_INPUT = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM)


def say(name: str, sentence: str) -> None:
    """Say a sentence of the program `name`, or about it, on stderr, as rank 0 alone; text of a file is escaped, cut."""
    if launched_rank() == 0:
        with suppress(OSError):
            print(f"{name}: {plain(sentence)}", file=sys.stderr, flush=True)


def require_output() -> None:
    """Refuse a closed standard output before the work; a closed standard error or input becomes /dev/null."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # else the next file that is opened would have this number, and be printed into
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (as long as the process)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        raise InputError("standard output is closed: send it somewhere, such as > /dev/null")


def flush_output() -> None:
    """Write out what was printed; where that fails, it is dropped, and the error told once."""
    try:
        sys.stdout.flush()
    except OSError as error:
        drop_output()
        raise StorageError(f"standard output cannot be written: {error.strerror or error}") from error


def drop_output() -> None:
    """Send what could not be printed to /dev/null, so that the interpreter's end does not fail by it again."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stdout.flush()


def as_sentence(error: OSError) -> SimresnetError | None:
    """The error of the system as one of the project's, or None where it is a fault of the program."""
    reason = f"{error.strerror or error}"
    named = f"{error.filename!s:.60}: " if error.filename is not None else ""
    if error.errno in _REFUSED_BY_THE_DISK:
        if error.filename is None:
            drop_output()
            named = "standard output or a file cannot be written: "
        return StorageError(named + reason)
    if error.errno in _OF_THE_INPUT:
        return InputError(named + reason)
    return None
