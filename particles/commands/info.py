"""`python -m particles info DIR`: what a stored run holds, or how far one is that is going on or was stopped."""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import plain

if TYPE_CHECKING:
    from particles.trajectory import Trajectory


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of ``python -m particles``."""
    info = commands.add_parser("info", help="describe a run, stored or not finished", description=execute.__doc__)
    info.add_argument("run", metavar="DIR")
    info.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    info.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print times, count, moments and the sha256 of each stored cloud and of the histogram.

    Of a run that is not finished: its step, process and newest checkpoint, and how to go on.
    """
    from particles.trajectory import META

    unfinished = _unfinished(arguments.run)
    if unfinished is not None:
        for line in _lines(arguments.run, unfinished):
            print(plain(line))
    if unfinished is None or (Path(arguments.run) / META).exists():
        return _stored(arguments, unfinished)
    if arguments.json:
        command.print_json({"finished": False, **unfinished})
    return 0


def _stored(arguments: argparse.Namespace, unfinished: dict[str, Any] | None) -> int:
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
    if arguments.json:
        command.print_json(
            {"times": list(trajectory.times), "count": trajectory.count, "sha256": digests}
            | trajectory.plain_moments()
            | {"histogram_sha256": counts, "info": _short(trajectory.info), "unfinished": unfinished}
        )
    return 0


def _short(info: dict[str, Any]) -> dict[str, Any]:
    """What a run says of itself, with the names of its case's files in the place of their content."""
    copy = info.get("copy")
    return info if not isinstance(copy, dict) else {**info, "copy": {**copy, "files": sorted(copy.get("files", ()))}}


def _unfinished(run: str) -> dict[str, Any] | None:
    """What the checkpoints and the status file beside `run` say of a run that is not finished; None without any."""
    from particles.base.status import read
    from particles.checkpoint import complete, folder_of, newest

    folder = folder_of(run)
    status = read(folder)
    checkpoint, meta = newest(folder) if complete(folder) else (None, {})
    if status is None and checkpoint is None:
        return None
    told: dict[str, Any] = status or {"running": False}
    if checkpoint is not None:
        kept = {"checkpoint": str(checkpoint), "checkpoint_step": meta["step"], "count": meta["run"]["count"]}
        kept["checkpoint_written"] = checkpoint.stat().st_mtime
        told = {"step": meta["step"]} | _steps(checkpoint, meta) | told | kept | {"scheme": meta["run"]["scheme"]}
    if "steps" in told:
        told["share"] = told["step"] / told["steps"]
    return told


def _steps(checkpoint: Path, meta: dict[str, Any]) -> dict[str, int]:
    """Steps of the whole run, by the case and the options that are kept with a checkpoint; nothing for a script's."""
    from particles.commands.options import scheme_of
    from particles.model import load_case

    stored, run = meta["arguments"], meta["run"]
    if "place" not in stored:
        return {}
    place = str(checkpoint / stored["place"]) if stored["place"] in meta["files"] else stored["place"]
    case = load_case(place)
    scheme = scheme_of(argparse.Namespace(**stored), case)
    return {"steps": len(scheme.levels(case.model, run["until"], run["times"])) - 1}


def _lines(run: str, told: dict[str, Any]) -> list[str]:
    """The same in a few lines for people."""
    from particles.base.progress import spoken

    step = f"step {told['step']}"
    if "steps" in told:
        step += f" of {told['steps']}, {math.floor(100.0 * told['share'])} %"
    if "pid" in told:
        where = f"pid {told['pid']} on {told['host']}, {told['ranks']} rank{'s' * (told['ranks'] > 1)}"
        heard = f"heard of {spoken(time.time() - told['written'])} ago"
        state = {True: "running", False: "no longer running", None: "on another machine"}[told["running"]]
        lines = [f"{run}: {state}: {step}; {where}, {heard}"]
    else:
        lines = [f"{run}: stopped after {step}"]
    if "checkpoint" in told:
        ago = spoken(time.time() - told["checkpoint_written"])
        lines.append(f"checkpoint  {told['checkpoint']}, {told['count']} particles, {told['scheme']}, {ago} ago")
    if told["running"]:
        lines.append(f"to have one written: kill -USR1 {told['pid']}")
    else:
        go_on = f"python -m particles resume {run}" if "checkpoint" in told else "no checkpoint: start it again"
        lines.append(f"to go on    {go_on}")
    return lines


def print_moments(run: Trajectory) -> None:
    """Print mean and standard deviation of every component at every time."""
    for when, moments, variances in zip(run.times, run.moments, run.variances, strict=True):
        means = ", ".join(f"{m:.6g}" for m in moments[0])
        deviations = ", ".join("unknown" if math.isnan(v) else f"{math.sqrt(v):.6g}" for v in variances)
        print(f"t = {when:<8g} mean {means}   standard deviation {deviations}")
