"""`python -m kinetic resume FILE.nc`: go on with a run that was stopped."""

from __future__ import annotations

import argparse
from typing import Any

from particles.base import command
from particles.base.errors import InputError
from particles.base.tables import add_format


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m kinetic`."""
    resume = commands.add_parser("resume", help="go on with a run that was stopped", description=execute.__doc__)
    resume.add_argument("out", metavar="FILE.nc", help="what the run was given as --out; on any number of ranks")
    command.add_checkpoints(resume)
    resume.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(resume)
    resume.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Go on with a run from its newest whole checkpoint: the bytes are those of the run that was never stopped.

    Options that are not given are those of the run, but for --stop-at and --format.
    """
    from kinetic.checkpoint import check
    from kinetic.commands.run import carry
    from particles.base.checkpoint import folder_of, newest
    from particles.base.watch import Checkpoints
    from particles.model.cases.copy import load_copy

    folder = folder_of(arguments.out)
    path, meta = newest(folder, check)
    stored = meta["arguments"]
    if "place" not in stored:
        raise InputError(f"{path} was not written by a command line: resume it by the script that wrote it")
    run = command.resumed(arguments, stored)
    checkpoints = Checkpoints.of_options(
        folder, run, resume=True, or_begin=False, arguments={"place": stored["place"]},
        files={name: (path / name).read_bytes() for name in meta["files"] if name.startswith("case/")},
    )  # fmt: skip
    return carry(run, load_copy(path, stored["place"]), checkpoints)
