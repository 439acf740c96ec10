"""`python -m particles info DIR`: what a stored run holds, or how far one is that is going on or was stopped."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import plain
from particles.base.tables import Table, add_format, of_rows, of_values, print_tables

if TYPE_CHECKING:
    from particles.trajectory import Trajectory


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of ``python -m particles``."""
    info = commands.add_parser("info", help="describe a run, stored or not finished", description=execute.__doc__)
    info.add_argument("run", metavar="DIR")
    info.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(info)
    info.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """Print times, count, moments and the sha256 of each stored cloud and of the histogram.

    Of a run that is not finished: its step, process and newest checkpoint, and how to go on.
    """
    from particles.base.status import sentences
    from particles.trajectory import META

    unfinished = _unfinished(arguments.run)
    if unfinished is not None:
        what = f"{unfinished['count']} particles, {unfinished['scheme']}" if "checkpoint" in unfinished else ""
        for line in sentences("particles", arguments.run, unfinished, what):
            print(plain(line))
    if unfinished is None or (Path(arguments.run) / META).exists():
        return _stored(arguments, unfinished)
    print_tables(arguments, of_values(f"{arguments.run}: not finished", unfinished))
    if arguments.json:
        command.print_json({"finished": False, **unfinished})
    return 0


def _stored(arguments: argparse.Namespace, unfinished: dict[str, Any] | None) -> int:
    from particles.model.cases.copy import short
    from particles.trajectory import load

    trajectory = load(arguments.run)
    digests = trajectory.digests()
    counts = trajectory.counts_digest()
    print(plain(f"{trajectory.info.get('case', 'run')}: {trajectory.count} particles, {trajectory.info['scheme']}"))
    print_moments(trajectory)
    for when, digest in zip(trajectory.times, digests, strict=bool(digests)):
        print(f"t = {when:g}  sha256 {digest}")
    if counts is not None:
        print(f"histogram  sha256 {counts}")
    print_tables(arguments, moments_table(trajectory, sha256=digests))
    if arguments.json:
        command.print_json(
            {"times": list(trajectory.times), "count": trajectory.count, "sha256": digests}
            | trajectory.plain_moments()
            | {"histogram_sha256": counts, "info": short(trajectory.info), "unfinished": unfinished}
        )
    return 0


def _unfinished(out: str) -> dict[str, Any] | None:
    """What the checkpoints and the status file beside `out` say of a run that is not finished; None without any."""
    from particles.base.checkpoint import complete, folder_of, format_of
    from particles.base.status import read, unfinished
    from particles.checkpoint import newest
    from particles.training import record

    folder = folder_of(out)
    status, of_kind = read(folder), record.newest if format_of(folder_of(out)) == record.FORMAT else newest
    checkpoint, meta = of_kind(folder) if complete(folder) else (None, {})
    if status is None and checkpoint is None:
        return None
    if checkpoint is None:
        return unfinished(status, None, {})
    run = meta["run"]
    kept = {"step": meta["step"], **_steps(checkpoint, meta), "count": run["count"], "scheme": run["scheme"]}
    return unfinished(status, checkpoint, kept)


def _steps(checkpoint: Path, meta: dict[str, Any]) -> dict[str, int]:
    """Steps of the whole run, by the case and the options that are kept with a checkpoint; nothing for a script's."""
    from particles.commands.options import scheme_of
    from particles.model import load_case

    stored, run = meta["arguments"], meta["run"]
    if "place" not in stored or "times" not in run:  # a training ends when it ends
        return {}
    place = str(checkpoint / stored["place"]) if stored["place"] in meta["files"] else stored["place"]
    case = load_case(place)
    scheme = scheme_of(argparse.Namespace(**stored), case)
    return {"steps": len(scheme.levels(case.model, run["until"], run["times"])) - 1}


def moments_table(run: Trajectory, **columns: Sequence[Any]) -> Table:
    """A row a stored time: mean and variance of every component, and further columns by name, where they hold any."""
    moments = run.plain_moments()
    rows = [
        {"t": t, "mean": about_zero[0], "variance": variance}
        for t, about_zero, variance in zip(run.times, *moments.values(), strict=True)
    ]
    for name, column in columns.items():
        rows = [row | {name: one} for row, one in zip(rows, column, strict=True)] if column else rows
    return of_rows(f"{run.info.get('case', 'run')}: {run.count} particles, {run.info['scheme']}", rows)


def print_moments(run: Trajectory) -> None:
    """Print mean and standard deviation of every component at every time."""
    for when, moments, variances in zip(run.times, run.moments, run.variances, strict=True):
        means = ", ".join(f"{m:.6g}" for m in moments[0])
        deviations = ", ".join("unknown" if math.isnan(v) else f"{math.sqrt(v):.6g}" for v in variances)
        print(f"t = {when:<8g} mean {means}   standard deviation {deviations}")
