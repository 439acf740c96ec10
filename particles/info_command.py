"""`python -m particles info DIR`: what a stored run holds."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from particles.base import command

if TYPE_CHECKING:
    from particles.trajectory import Trajectory


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of ``python -m particles``."""
    info = commands.add_parser("info", help="describe a stored run", description=execute.__doc__)
    info.add_argument("run", metavar="DIR")
    info.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    info.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print times, count, moments and the sha256 of each stored cloud and of the histogram."""
    from particles.trajectory import load

    trajectory = load(arguments.run)
    digests = trajectory.digests()
    counts = trajectory.counts_digest()
    print(f"{trajectory.info.get('case', 'run')}: {trajectory.count} particles, {trajectory.info['scheme']}")
    print_moments(trajectory)
    for time, digest in zip(trajectory.times, digests, strict=bool(digests)):
        print(f"t = {time:g}  sha256 {digest}")
    if counts is not None:
        print(f"histogram  sha256 {counts}")
    if arguments.json:
        command.print_json(
            {"times": list(trajectory.times), "count": trajectory.count, "sha256": digests}
            | trajectory.plain_moments()
            | {"histogram_sha256": counts, "info": trajectory.info}
        )
    return 0


def print_moments(run: Trajectory) -> None:
    """Print mean and standard deviation of every component at every time."""
    for time, moments, variances in zip(run.times, run.moments, run.variances, strict=True):
        means = ", ".join(f"{m:.6g}" for m in moments[0])
        deviations = ", ".join("unknown" if math.isnan(v) else f"{math.sqrt(v):.6g}" for v in variances)
        print(f"t = {time:<8g} mean {means}   standard deviation {deviations}")
