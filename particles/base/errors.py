"""The errors a user meets, each with the exit code that a command line ends with.

=========  ==================  =============================================
exit code  class               meaning
=========  ==================  =============================================
0          --                  done, and every verdict holds
1          --                  done, but a verdict does not hold
2          `InputError`        bad input or a wrong launcher; nothing written
3          `NotFiniteError`    a particle or a cell stopped being finite
5          `StorageError`      the disk refused; nothing half written
70         --                  a fault of the program itself, told in one line
75         `Stopped`           stopped on request; `resume` goes on from the checkpoint
130        --                  interrupted from the keyboard
=========  ==================  =============================================
"""

from __future__ import annotations

import re

FAULT = 70
_LONGEST, _WHOLE = 60, 2500
_QUOTED = re.compile(rf"(?<!\w)(['\"])((?:(?!\1)[^\\]|\\.){{{_LONGEST + 1},}})\1(?!\w)")


def plain(text: str) -> str:
    """Text for a terminal: what cannot be printed is escaped, what is quoted is cut to 60 characters, all to 2500.

    A file's text must neither steer the terminal of who reads an error nor fill it.
    """
    escaped = "".join(c if c.isprintable() or c.isspace() else c.encode("unicode_escape").decode() for c in text)
    half = (_LONGEST - 3) // 2
    short = _QUOTED.sub(lambda found: f"{found[1]}{found[2][:half]}...{found[2][-half:]}{found[1]}", escaped)
    return short if len(short) <= _WHOLE else f"{short[:_WHOLE]}..."


class SimresnetError(Exception):
    """Base of all errors of this project; `exit_code` is what the command line returns.

    Parameters
    ----------
    message : str
    on_all_ranks : bool, default False
        Every rank raises it, so that the job ends in order; an error of one rank alone aborts the job.

    Examples
    --------
    >>> from particles import InputError, NotFiniteError, SimresnetError, Stopped, StorageError
    >>> [error.exit_code for error in (InputError, NotFiniteError, StorageError, Stopped)]
    [2, 3, 5, 75]
    >>> issubclass(InputError, SimresnetError), issubclass(Stopped, SimresnetError)
    (True, True)
    """

    exit_code = 1

    def __init__(self, message: str, *, on_all_ranks: bool = False) -> None:
        super().__init__(plain(message))
        self.on_all_ranks = on_all_ranks


class InputError(SimresnetError, ValueError):
    """An argument, a file or a launcher cannot be used; the message names it, its value and what is allowed.

    Examples
    --------
    >>> from particles import Euler, InputError
    >>> try:
    ...     Euler(dt=-0.1)
    ... except InputError as told:
    ...     print(told, told.exit_code, sep="; exit code ")
    dt = -0.1 must be a positive finite number; exit code 2
    """

    exit_code = 2


class NotFiniteError(SimresnetError, ArithmeticError):
    """A state stopped being finite; the message names the first bad particle or cell and the time.

    Examples
    --------
    >>> from particles import NotFiniteError
    >>> NotFiniteError.exit_code
    3
    """

    exit_code = 3


class StorageError(SimresnetError, OSError):
    """A file could not be written; nothing half written is left.

    Examples
    --------
    >>> from particles import StorageError
    >>> StorageError.exit_code, issubclass(StorageError, OSError)
    (5, True)
    """

    exit_code = 5
