"""What the outside asks of a process: SIGUSR1, write a checkpoint; SIGTERM, come to an end.

The handlers set flags, which a time loop looks at once a sweep (`base.watch`). A command line has them from its
first moment on (`hold`), before anything slow is loaded: a SIGUSR1 that comes earlier than the loop is answered by it,
and a SIGTERM outside a loop, where nothing can be kept, ends the process at once by `Ended`, exit code 75, past every
``finally``. A rank that hears it alone ends the job as any error of one rank does. One of several ranks that hears it
before MPI is up leaves as soon as it is (`others_can_be_told`): until then the others would wait for it for ever.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import dataclass
from itertools import pairwise
from time import monotonic
from typing import Any

from particles.base import garbage
from particles.base.launch import launched_size

COMMANDS = ("particles", "kinetic", "validation")
EXIT_CODE = 75
GRACE = 20.0  # seconds; Slurm waits for 30 before it kills
SIGNALS = (signal.SIGUSR1, signal.SIGTERM)


class Ended(BaseException):
    """SIGTERM came where nothing is to be kept. Like KeyboardInterrupt, no ``except Exception`` holds it up.

    Its argument, as that of a KeyboardInterrupt, is the sentence to say where something is kept all the same.
    """


@dataclass
class Heard:
    """What has been asked for and not been answered yet.

    `deferred`: somebody looks at `end`, so that SIGTERM does not interrupt. `in_command`: `particles.base.command.run`
    is there to catch `Ended`. `before_mpi`: other ranks may wait for this one in the start of MPI.
    """

    checkpoint: bool = False
    end: bool = False
    deferred: bool = False
    in_command: bool = False
    before_mpi: bool = False


heard = Heard()
began = monotonic()
"""When this process began, or a script first loaded this file: what ``--max-wall`` counts from."""


def _hear_checkpoint(*signal_and_frame: object) -> None:
    heard.checkpoint = True


def _hear_end(*signal_and_frame: object) -> None:
    heard.end = True
    if heard.deferred:
        return
    if heard.before_mpi:
        signal.setitimer(signal.ITIMER_REAL, GRACE)  # a command that never starts MPI must end all the same
        return
    if not heard.in_command:  # still among the imports
        os._exit(EXIT_CODE)
    raise Ended


HANDLERS = dict(zip(SIGNALS, (_hear_checkpoint, _hear_end), strict=True))


def _leave_at_once(*signal_and_frame: object) -> None:
    os._exit(EXIT_CODE)


def others_can_be_told() -> None:
    """MPI is up, or never will be, as nobody else works: end here if SIGTERM came before."""
    heard.before_mpi = False
    if heard.end and not heard.deferred:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        raise Ended


def hold() -> None:
    """Listen from here on, in a process that is one of our command lines; a script of a user is left alone.

    A signal that whoever started the process had it ignore, as ``nohup`` does, stays ignored.
    """
    if not _is_command_line() or threading.current_thread() is not threading.main_thread():
        return
    heard.before_mpi = launched_size() > 1
    for number, handler in (*HANDLERS.items(), (signal.SIGALRM, _leave_at_once)):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, handler)
    if _is_by_name():
        garbage.hold()


def _is_command_line() -> bool:
    words = sys.orig_argv
    by_module = any(flag == "-m" and name.split(".")[0] in COMMANDS for flag, name in pairwise(words[1:]))
    return by_module or any(os.path.basename(word) == "simresnet" for word in words[:2])


def _is_by_name() -> bool:
    """Whether `particles.base.command.run` follows: of ``python -m particles`` or ``simresnet``.

    A module inside a package, such as ``python -m validation.gallery``, has a main of its own.
    """
    if os.path.basename(sys.argv[0]) == "simresnet":
        return True
    words = sys.orig_argv  # while a package is imported to be run, its name in sys.argv is still that of the option
    return sys.argv[0] == "-m" and words[words.index("-m") + 1] in COMMANDS


def listen() -> dict[signal.Signals, Any]:
    """Listen while a time loop lasts, in a script too; return the handlers from before, for `stop_listening`.

    A script's own handler of SIGTERM stays.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is HANDLERS[number]:
            continue
        if number == signal.SIGUSR1:
            heard.checkpoint = False
        elif handler is signal.SIG_DFL:
            heard.end, heard.deferred = False, True
        else:
            continue
        signal.signal(number, HANDLERS[number])
    return before


def stop_listening(before: dict[signal.Signals, Any]) -> None:
    """Restore the handlers that `listen` returned; those of a command line stay."""
    for number, handler in before.items():
        signal.signal(number, handler)
