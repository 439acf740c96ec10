"""`python -m particles run CASE --out DIR` and `python -m particles resume DIR`: carry a cloud and store it."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError, plain
from particles.base.tables import add_format, print_tables
from particles.base.terminal import say
from particles.commands.options import add_case, run_of, scheme_of

if TYPE_CHECKING:
    from particles.base.watch import Checkpoints
    from particles.model import Case
    from particles.run import Run
    from particles.schemes.scheme import Scheme
    from particles.trajectory import Trajectory


def add_parser(commands: Any) -> None:
    """Add both sub-commands to the parsers of ``python -m particles``."""
    run = commands.add_parser("run", help="carry a cloud of particles and store it", description=_run.__doc__)
    add_case(run)
    starts = "random, stratified, quantile, or given: the case's own measurements in their order (default: random)"
    run.add_argument("--start", default="random", help=starts)
    run.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    run.add_argument("--out", required=True, metavar="DIR", help="new or empty folder")
    command.add_replace(run)
    run.add_argument(
        "--resume", action="store_true", help="go on where a checkpoint of this run is, do nothing where it is finished"
    )
    command.add_checkpoints(run)
    run.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(run)
    run.set_defaults(execute=_run)

    resume = commands.add_parser("resume", help="go on with what was stopped", description=_resume.__doc__)
    resume.add_argument("out", metavar="DIR", help="what was given as --out; on any number of ranks")
    command.add_checkpoints(resume)
    resume.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(resume)
    resume.set_defaults(execute=_resume)


def _run(arguments: argparse.Namespace) -> int:
    """Carry the particles of a case and store their clouds.

    SIGUSR1 writes a checkpoint to DIR.checkpoints; SIGTERM writes one and leaves with 75. With --resume one command
    serves the first start and every later one.
    """
    from particles.base.files import check_output_folder
    from particles.base.watch import Checkpoints
    from particles.checkpoint import folder_of, require_none
    from particles.model.cases.asked import case_asked, copy_asked
    from particles.trajectory import FOLDERS

    case = case_asked(arguments)
    place, files = copy_asked(arguments)
    stored = {key: value for key, value in vars(arguments).items() if key != "execute"}
    checkpoints = Checkpoints.of_options(
        folder_of(arguments.out), arguments, resume=arguments.resume, or_begin=True,
        arguments={**stored, "place": place}, files=files,
    )  # fmt: skip
    check_output_folder(arguments.out, *FOLDERS, replace=arguments.replace or arguments.resume)
    require_none(checkpoints)
    return _carry(arguments, case, checkpoints)


def _resume(arguments: argparse.Namespace) -> int:
    """Go on with a run or a training from its newest whole checkpoint: the bytes are those of one never stopped.

    Options that are not given are those it had, but for --stop-at and --format.
    """
    from particles.base.checkpoint import format_of
    from particles.base.watch import Checkpoints
    from particles.checkpoint import folder_of, newest
    from particles.commands import train, train_network
    from particles.model.cases.copy import load_copy
    from particles.networks import keep
    from particles.training import record

    folder = folder_of(arguments.out)
    kind = format_of(folder)
    if kind == record.FORMAT:
        return train.resume(arguments)
    if kind == keep.FORMAT:
        return train_network.go_on(arguments, keep.newest(folder)[1]["arguments"])
    path, meta = newest(folder)
    stored = meta["arguments"]
    if "place" not in stored:
        raise InputError(f"{path} was not written by a command line: resume it by the script that wrote it")
    # an older version's run asked nobody whether it may replace
    run = command.resumed(arguments, stored, replace=stored.get("replace", True))
    checkpoints = Checkpoints.of_options(
        folder, run, resume=True, or_begin=False, arguments=vars(run),
        files={name: (path / name).read_bytes() for name in meta["files"] if name.startswith("case/")},
    )  # fmt: skip
    return _carry(run, load_copy(path, stored["place"]), checkpoints)


def _carry(arguments: argparse.Namespace, case: Case, checkpoints: Checkpoints) -> int:
    """Check a run, carry it out, store it, and tell of it."""
    from particles.cautions import cautions
    from particles.checkpoint import discard
    from particles.model.cases.asked import told_asked
    from particles.model.cases.copy import packed

    scheme = scheme_of(arguments, case)
    run = run_of(arguments, case, scheme)
    levels = run.check(case.model, scheme)
    if arguments.resume:
        finished = _finished(arguments, case, scheme, run, checkpoints)
        if finished is not None:
            _tell(finished, arguments, f"{case.name}: this run is finished, and stored in {arguments.out}")
            return 0
    found = cautions(case.model, scheme, levels)
    from time import perf_counter

    from particles.base import parallel
    from particles.base.files import check_output_folder
    from particles.base.progress import progress_bar
    from particles.simulate import perform
    from particles.trajectory import FOLDERS

    def check_again() -> None:
        check_output_folder(arguments.out, *FOLDERS, replace=arguments.replace)

    steps = run.count * case.model.size * (len(levels) - 1) * scheme.passes(levels)
    began = perf_counter()
    with parallel.world().claimed(arguments.out, check_again):
        for sentence in found:
            say("particles", sentence)
        with progress_bar(f"particles: {case.name}", steps) as progress:
            trajectory = perform(case.model, scheme, run, checkpoints=checkpoints, progress=progress)
        copy = packed(checkpoints.arguments["place"], checkpoints.files)
        trajectory = dataclasses.replace(
            trajectory, info={"case": told_asked(arguments, case), "copy": copy, **trajectory.info}
        )
        trajectory.save(arguments.out, replace=arguments.replace)
        if command.launched_rank() == 0:
            discard(Path(checkpoints.folder))
    ranks = trajectory.info["ranks"]
    line = (
        f"{case.name}: {trajectory.count} particles on {ranks} rank{'s' * (ranks > 1)}, {scheme},"
        f" to t = {run.until:g} in {perf_counter() - began:.2f} s; stored in {arguments.out}"
    )
    _tell(trajectory, arguments, line)
    return 0


def _finished(
    arguments: argparse.Namespace, case: Case, scheme: Scheme, run: Run, checkpoints: Checkpoints
) -> Trajectory | None:
    """The run in the output folder, if it is the one that is asked for; None where it is still to be begun or finished.

    Another run is refused, unless --replace says that a finished one may go.
    """
    from particles.checkpoint import complete, differing, discard, newest
    from particles.trajectory import META, load

    wanted = run.describe(case.model, scheme)

    def is_it(place: Path, held: dict[str, Any], may_go: bool = False) -> bool:
        names = differing(held, wanted)
        if names and not may_go:
            raise InputError(f"{place} holds another run: it differs in {', '.join(names)}; give another folder")
        return not names

    folder, out = Path(checkpoints.folder), Path(arguments.out)
    if complete(folder):
        path, meta = newest(folder)
        is_it(path, meta["run"])
    if not (out / META).exists():
        return None
    stored = load(out)
    if not is_it(out, {**stored.info, "times": list(stored.times)}, may_go=arguments.replace):
        return None
    if command.launched_rank() == 0:  # a kill between storing and this left them
        discard(folder)
    return stored


def _tell(trajectory: Trajectory, arguments: argparse.Namespace, line: str) -> None:
    """Print a line and the moments on rank 0."""
    from particles.commands.info import moments_table, print_moments

    if command.launched_rank() != 0:
        return
    print(plain(line))
    print_moments(trajectory)
    columns = {}
    if any(lost := trajectory.info["at_or_below_zero"] or ()):
        columns["at or below 0"] = lost
        for time, left in zip(trajectory.times, lost, strict=True):
            print(f"t = {time:g}: {left} particles at or below 0")
    print_tables(arguments, moments_table(trajectory, **columns))
    if arguments.json:
        told = {"out": arguments.out, "times": list(trajectory.times), "count": trajectory.count}
        command.print_json(told | trajectory.plain_moments())
