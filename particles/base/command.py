"""The shell that the three command lines share: one sentence for bad input, exit codes, abort of a parallel job.

Nothing here imports numpy, numba or MPI. A launcher's variables tell the rank before MPI is up, so that a sentence
appears once under ``mpirun`` too. Once MPI runs, `particles.parallel` puts its abort into `abort_job`: an error that
one rank alone meets then ends the whole job, whatever the other ranks wait for.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from particles.base.errors import InputError, SimresnetError

abort_job: Callable[[int], None] | None = None

_RANK_VARIABLES = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")
_SIZE_VARIABLES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS")
_LOCAL_SIZE_VARIABLES = ("MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE")


def launched_rank() -> int:
    """Rank that the launcher gave this process; 0 without one."""
    return _first_integer(_RANK_VARIABLES, 0)


def launched_size() -> int:
    """Number of processes that the launcher started; 1 without one."""
    return _first_integer(_SIZE_VARIABLES, 1)


def launched_local_size() -> int:
    """Number of processes that the launcher started on this node, as far as it says."""
    return _first_integer(_LOCAL_SIZE_VARIABLES, launched_size())


def one_thread_a_rank() -> None:
    """Under a launcher, let libraries that start threads of their own keep to one, unless the user says otherwise."""
    if launched_size() > 1:
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(variable, "1")


def _first_integer(names: Sequence[str], default: int) -> int:
    return next((int(os.environ[name]) for name in names if os.environ.get(name, "").isdigit()), default)


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are `InputError`, told in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message)


def run(name: str, parser: Callable[[], Parser], argv: Sequence[str] | None = None) -> int:
    """Parse `argv`, call the `execute` that the chosen sub-command has set, and return the exit code.

    Parameters
    ----------
    name : str
        Name of the program, the start of every message.
    parser : callable
        Builds the parser; each sub-command sets ``execute=function(arguments) -> int``.
    argv : sequence of str, optional
        Arguments; by default those of the process.
    """
    try:
        arguments = parser().parse_args(argv)
        code = int(arguments.execute(arguments))
        _finish_in_order()
        return code
    except SimresnetError as error:
        return _report(name, error)
    except KeyboardInterrupt:
        return _end_job(130)
    except SystemExit as leave:
        if abort_job is None:
            raise
        return _end_job(leave.code if isinstance(leave.code, int) and leave.code else 1)
    except Exception:
        traceback.print_exc()
        return _end_job(1)


def _report(name: str, error: SimresnetError) -> int:
    alone = abort_job is not None and not error.on_all_ranks
    if alone or launched_rank() == 0:
        print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
    if alone:
        return _end_job(error.exit_code)
    _finish_in_order()
    return error.exit_code


def _finish_in_order() -> None:
    """From here on a non-zero exit code is the result of all ranks, not the failure of one."""
    global abort_job
    abort_job = None


def _end_job(code: int) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    if abort_job is not None:
        abort_job(code)
    return code


def print_json(value: Any) -> None:
    """Print one JSON object, the last line on stdout; NaN and infinities are refused."""
    print(json.dumps(value, allow_nan=False), flush=True)


def positive_integer(text: str) -> int:
    """Read a positive integer, ``1000000`` or ``1e6``."""
    number = finite_float(text)
    if number != math.floor(number) or number < 1.0 or number > 2.0**53:
        raise argparse.ArgumentTypeError(f"{text!r} must be a positive integer such as 1000 or 1e6")
    return int(number)


def seed(text: str) -> int:
    """Read a seed, an integer in [0, 2**32)."""
    if not (text.isdigit() and int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"{text!r} must be an integer from 0 to {2**32 - 1}")
    return int(text)


def finite_float(text: str) -> float:
    """Read a finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} must be a finite number")
    return number


def positive_float(text: str) -> float:
    """Read a positive finite number."""
    number = finite_float(text)
    if number <= 0.0:
        raise argparse.ArgumentTypeError(f"{text!r} must be a positive finite number")
    return number


def require_memory(what: str, needed: float) -> None:
    """Refuse what cannot fit: `needed` bytes over all ranks against the memory of this node's ranks.

    Raises
    ------
    InputError
        If the share of this node exceeds its physical memory.
    """
    share = needed * launched_local_size() / launched_size()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if share > memory:
        raise InputError(
            f"{what} needs {share / 2**30:.3g} GiB on this node, which has {memory / 2**30:.3g} GiB of memory"
        )
