"""The shell that the three command lines share: one sentence for bad input, exit codes, abort of a parallel job.

Nothing here imports numpy, numba or MPI. A launcher's variables tell the rank before MPI is up, so that a sentence
appears once under ``mpirun`` too. Once MPI runs, `particles.base.parallel` puts its abort into `abort_job`: an error
that one rank alone meets then ends the whole job, whatever the other ranks wait for.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext, suppress
from typing import Any, NoReturn

from particles.base import garbage, signals, tables
from particles.base.checks import DECIMAL
from particles.base.errors import FAULT, InputError, NotFiniteError, SimresnetError, plain
from particles.base.launch import by_one_process
from particles.base.launch import launched_rank as launched_rank  # what every command asks, among them to speak once
from particles.base.launch import launched_size as launched_size
from particles.base.terminal import as_sentence, flush_output, require_output

REPORT = "please report this line and your command to the authors (SIMRESNET_DEBUG=1 shows more)"

abort_job: Callable[[int], None] | None = None


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are `InputError`, told in one sentence.

    Negative numbers with an exponent are values, not options, and ``~`` at the start of a value is the home folder.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.instead: dict[str, Parser] = {}  # parsers of words of which the first that is no option is such a name
        self._negative_number_matcher = re.compile(r"-(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")  # argparse knows no exponent

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        given = sys.argv[1:] if args is None else list(args)
        if (other := self._other(given)) is not None:
            return other.parse_known_args(given, namespace)
        try:
            found, rest = super().parse_known_args(given, copy.copy(namespace))
        except InputError:
            found, rest = super().parse_known_args(self._words_first(given), namespace)
            if rest:
                raise
        for name, value in vars(found).items():
            if isinstance(value, str) and value.startswith("~"):
                setattr(found, name, os.path.expanduser(value))
        return found, rest

    def _other(self, given: Sequence[str]) -> Parser | None:
        """The parser that takes these words instead."""
        every = (*self.instead.values(), self) if self.instead else ()
        takes = {option: one.nargs != 0 for parser in every for one in parser._actions for option in one.option_strings}
        value = False
        for word in given:
            if word.startswith("-"):
                value = takes.get(word, "=" not in word)
            elif value:
                value = False
            else:
                return self.instead.get(word)
        return None

    def _words_first(self, given: list[str]) -> list[str]:
        """Put a word that follows the numbers of an option, as in ``--cells 60 regression``, before the option.

        Before a row of such options it is, as the first would take it for a number of its own.
        """
        many = {word for one in self._actions if one.nargs == "+" and one.type for word in one.option_strings}
        moved, start, row = list(given), len(given), len(given)
        for k, word in enumerate(given):
            if word.startswith("-") and not self._negative_number_matcher.match(word):
                start = k if word in many else len(given)
                row = min(row, start) if word in many else len(given)
            elif k > start + 1 and not DECIMAL.fullmatch(word):
                moved.insert(row, moved.pop(k))
                start = row = len(given)
        return moved

    def error(self, message: str) -> NoReturn:
        raise InputError(message)


def parser_of(prog: str, description: str, parts: Iterable[Any]) -> Parser:
    """Return the parser of a package; its sub-commands set `execute`."""
    parser = Parser(prog=prog, description=description)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for part in parts:
        part.add_parser(commands)
    return parser


def run(name: str, parser: Callable[[], Parser], argv: Sequence[str] | None = None) -> int:
    """Parse `argv`, call the `execute` that the chosen sub-command has set, and return the exit code.

    Every message begins with `name`. `parser` builds the parser, whose sub-commands set ``execute=function(arguments)
    -> int``, and ``by_one=True`` where ranks share nothing: the first does it, the others end at once. `argv` is by
    default that of the process.
    """
    signals.hold()
    signals.heard.in_command = True
    try:
        require_output()
        arguments = parser().parse_args(argv)
        by_one = getattr(arguments, "by_one", False)
        if by_one and launched_rank() > 0:
            return 0
        garbage.release()
        if by_one:
            signals.others_can_be_told()
        with by_one_process() if by_one else nullcontext(), tables.diverted(getattr(arguments, "format", "text")):
            code = int(arguments.execute(arguments))
        flush_output()
        _finish_in_order()
        return code
    except SimresnetError as error:
        return _report(name, error)
    except KeyboardInterrupt as stop:
        return _stopped(name, str(stop), 130)
    except signals.Ended as stop:
        nothing = "ended by SIGTERM before there was anything to keep: start it again"
        return _stopped(name, str(stop) or nothing, signals.EXIT_CODE)
    except SystemExit as leave:
        if abort_job is None:
            raise
        return _end_job(leave.code if isinstance(leave.code, int) and leave.code else 1)
    except Exception as error:
        told = as_sentence(error) if isinstance(error, OSError) else None
        if told is not None:
            return _report(name, told)
        return _end_job(fault(name, error))


def fault(name: str, error: BaseException) -> int:
    """Say that the program itself is wrong, in one line; all of it where the variable SIMRESNET_DEBUG is 1."""
    if os.environ.get("SIMRESNET_DEBUG") == "1":
        traceback.print_exception(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    told = plain(" ".join(f"{type(error).__name__}: {error}".split())[:200])
    where = f"{os.path.basename(os.path.dirname(place.filename))}/{os.path.basename(place.filename)}:{place.lineno}"
    print(f"{name}: a fault of the program, at {where}: {told}; {REPORT}", file=sys.stderr, flush=True)
    return FAULT


def _report(name: str, error: SimresnetError) -> int:
    alone = abort_job is not None and not error.on_all_ranks
    if alone or launched_rank() == 0:
        with suppress(OSError):
            print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
    if alone:
        return _end_job(error.exit_code)
    _finish_in_order()
    return error.exit_code


def _stopped(name: str, told: str, code: int) -> int:
    if told and launched_rank() == 0:
        print(f"{name}: {plain(told)}", file=sys.stderr)
    return _end_job(code)


def _finish_in_order() -> None:
    """From here on a non-zero exit code is the result of all ranks, not the failure of one."""
    global abort_job
    abort_job = None


def _end_job(code: int) -> int:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    if abort_job is not None:
        abort_job(code)
    return code


def print_json(value: Any) -> None:
    """Print one JSON object, the last line on stdout; NotFiniteError for NaN or an infinity, which JSON has not."""
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise NotFiniteError("--json: a number of the result is not finite, and JSON has none such") from error
    print(text, file=tables.stdout(), flush=True)


def add_case(parser: argparse.ArgumentParser) -> None:
    """Add the word that says which case, and the option that changes it (`particles.model.cases.asked`)."""
    parser.add_argument("case", metavar="CASE", help="name of a case (python -m validation cases), or a TOML file")
    add_set(parser)


def add_set(parser: argparse.ArgumentParser, of: str = "the case's file, such as model.weight=-2") -> None:
    """Add the option that changes a case."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help=f"another value in {of}; as often as wanted"
    )


def add_replace(parser: argparse.ArgumentParser, option: str = "--out") -> None:
    """Add the option without which no older result gives way at the path that another option names."""
    parser.add_argument("--replace", action="store_true", help=f"an older result at {option} may be replaced")


def add_checkpoints(parser: argparse.ArgumentParser) -> None:
    """Add the options that say when a run writes checkpoints, and when it leaves."""
    parser.add_argument("--checkpoint-every", type=duration, metavar="TIME", help="wall clock, such as 90s, 10m or 1h")
    parser.add_argument("--exit-on-signal", action="store_true", help="leave with 75 after SIGUSR1's checkpoint")
    parser.add_argument("--stop-at", type=positive_integer, metavar="STEP", help="checkpoint, then leave with 75")
    parser.add_argument(
        "--max-wall", type=duration, metavar="TIME",
        help="leave with 75 and a checkpoint before so much time is over (default: the end that Slurm tells)",
    )  # fmt: skip


def resumed(arguments: argparse.Namespace, stored: dict[str, Any], **given: Any) -> argparse.Namespace:
    """The options of a run that goes on: those it was started with, but for what this command line gives."""
    given |= {"out": arguments.out, "stop_at": arguments.stop_at, "json": arguments.json or stored["json"]}
    given["resume"] = False  # what follows is no new start
    given["format"] = arguments.format  # stdout is diverted by it already
    for name in ("checkpoint_every", "exit_on_signal", "max_wall"):
        given[name] = getattr(arguments, name) or stored.get(name)
    return argparse.Namespace(**{**stored, **given})


def duration(text: str) -> float:
    """Read a time such as ``90s``, ``10m`` or ``1.5h``; return seconds."""
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    if unit is None:
        raise argparse.ArgumentTypeError(f"{text!r} must be a time such as 90s, 10m or 1h")
    return positive_float(text[:-1]) * unit


def positive_integer(text: str) -> int:
    """Read a positive integer, ``1000000`` or ``1e6``."""
    number = finite_float(text)
    if number != math.floor(number) or number < 1.0 or number > 2.0**53:
        raise argparse.ArgumentTypeError(f"{text!r} must be a positive integer such as 1000 or 1e6")
    return int(number)


def seed(text: str) -> int:
    """Read a seed, an integer in [0, 2**32)."""
    if not (text.isascii() and text.isdigit() and int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"{text!r} must be an integer from 0 to {2**32 - 1}")
    return int(text)


def finite_float(text: str) -> float:
    """Read a finite number."""
    number = float(text) if DECIMAL.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} must be a finite number")
    return number


def positive_float(text: str) -> float:
    """Read a positive finite number."""
    number = finite_float(text)
    if number <= 0.0:
        raise argparse.ArgumentTypeError(f"{text!r} must be a positive finite number")
    return number
