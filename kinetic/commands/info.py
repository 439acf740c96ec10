"""`python -m kinetic info FILE.nc`: what a record holds, or how far a run is that is going on or was stopped."""

from __future__ import annotations

import argparse
import os
from typing import Any

from particles.base import command
from particles.base.errors import plain
from particles.base.tables import add_format, of_rows, of_values, print_tables


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m kinetic`."""
    info = commands.add_parser("info", help="describe a record, or a run not finished", description=execute.__doc__)
    info.add_argument("record", metavar="FILE.nc")
    info.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(info)
    info.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """Print grid, scheme, times, masses, moments and the sha256 of averages and of the masses at the edge of a record.

    Of a run that is not finished: its step, process and newest checkpoint, and how to go on.
    """
    from particles.base.status import sentences

    unfinished = _unfinished(arguments.record)
    if unfinished is not None:
        what = f"t = {unfinished['t']:g}" if "checkpoint" in unfinished else ""
        for line in sentences("kinetic", arguments.record, unfinished, what):
            print(plain(line))
    if unfinished is None or os.path.exists(arguments.record):
        return _stored(arguments, unfinished)
    print_tables(arguments, of_values(f"{arguments.record}: not finished", unfinished))
    if arguments.json:
        command.print_json({"finished": False, **unfinished})
    return 0


def _stored(arguments: argparse.Namespace, unfinished: dict[str, Any] | None) -> int:
    from kinetic.record import load
    from kinetic.schemes import described
    from particles.model.cases.copy import short

    record = load(arguments.record)
    digests = record.digests()
    scheme = record.scheme if isinstance(record.scheme, dict) else record.scheme.describe()
    print(plain(f"{record.provenance.get('case', 'record')}: {record.grid.told}, {record.steps} steps, {scheme}"))
    for t in record.times:
        print(record.sentence(t))
    for name, sums in digests.items():
        for t, digest in zip(record.times, sums, strict=True):
            print(f"t = {t:g}  {name}  sha256 {digest}")
    for sentence in record.provenance.get("cautions", ()):
        print(plain(f"caution: {sentence}"))
    title = f"{record.provenance.get('case', 'record')}: {record.grid.told}, {record.steps} steps"
    print_tables(arguments, of_rows(title, list(map(record.snapshot, record.times))))
    if arguments.json:
        told = {"format": record.format, "grid": record.grid.describe(), "times": list(record.times)}
        told |= {"scheme": scheme, "reconstruction": described(record.reconstruction), "boundary": record.boundary}
        told |= {"steps": record.steps, "lowest": record.lowest, "lowest_at": record.lowest_at}
        told |= {"stopped": record.stopped, "sha256": digests, "snapshots": list(map(record.snapshot, record.times))}
        command.print_json(told | {"provenance": short(record.provenance), "unfinished": unfinished})
    return 0


def _unfinished(out: str) -> dict[str, Any] | None:
    """What the checkpoints and the status file beside `out` say of a run that is not finished; None without any."""
    from kinetic.checkpoint import check
    from particles.base.checkpoint import complete, folder_of, newest
    from particles.base.status import read, unfinished

    folder = folder_of(out)
    status = read(folder)
    checkpoint, meta = newest(folder, check) if complete(folder) else (None, {})
    if status is None and checkpoint is None:
        return None
    return unfinished(status, checkpoint, {name: meta[name] for name in ("step", "steps", "t") if name in meta})
