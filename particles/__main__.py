"""Command line: ``mpirun -n 4 python -m particles run regression --count 1e6 --layers 1000 --out DIR``."""

from __future__ import annotations

import argparse
import dataclasses
import math
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base import command
from particles.base.errors import InputError
from particles.options import add_scheme_options, scheme_of

if TYPE_CHECKING:
    from particles.model import Case
    from particles.schemes import Scheme
    from particles.watch import Checkpoints


def build_parser() -> command.Parser:
    """Return the parser of ``python -m particles``."""
    parser = command.Parser(prog="particles", description="Particle runs of residual networks, on any number of ranks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=command.Parser)

    run = commands.add_parser("run", help="carry a cloud of particles and store it", description=_run.__doc__)
    _add_case(run)
    run.add_argument("--start", default="random", help="random, stratified or quantile (default: random)")
    run.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    run.add_argument("--out", required=True, metavar="DIR", help="new, empty, or an older run's folder")
    _add_checkpoints(run)
    run.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    run.set_defaults(execute=_run)

    resume = commands.add_parser("resume", help="go on with a run that was stopped", description=_resume.__doc__)
    resume.add_argument("out", metavar="DIR", help="what the run was given as --out; on any number of ranks")
    _add_checkpoints(resume)
    resume.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    resume.set_defaults(execute=_resume)

    plan = commands.add_parser("plan", help="forecast memory, time, disk and error", description=_plan.__doc__)
    _add_case(plan)
    plan.add_argument("--ranks", type=command.positive_integer, default=1, help="ranks of the run (default: 1)")
    plan.add_argument("--measure", action="store_true", help="time a small run here instead of the table's constants")
    plan.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    plan.set_defaults(execute=_plan)

    info = commands.add_parser("info", help="describe a stored run", description=_info.__doc__)
    info.add_argument("run", metavar="DIR")
    info.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    info.set_defaults(execute=_info)
    return parser


def _add_case(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", metavar="CASE", help="name of a case, or a TOML file")
    parser.add_argument("--count", type=command.positive_integer, help="particles over all ranks, such as 1e6")
    add_scheme_options(parser)
    parser.add_argument("--until", type=command.positive_float, metavar="T", help="horizon")
    parser.add_argument(
        "--times", type=command.finite_float, nargs="+", metavar="T", help="snapshots (default: the case's)"
    )
    parser.add_argument("--histogram", nargs=3, metavar=("LOW", "HIGH", "CELLS"), help="count particles in cells")
    parser.add_argument("--no-clouds", action="store_true", help="keep moments and the histogram alone")


def _add_checkpoints(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint-every", type=duration, metavar="TIME", help="wall clock, such as 90s, 10m or 1h")
    parser.add_argument("--exit-on-signal", action="store_true", help="leave with 75 after SIGUSR1's checkpoint")
    parser.add_argument(
        "--stop-at", type=command.positive_integer, metavar="STEP", help="checkpoint, then leave with 75"
    )


def duration(text: str) -> float:
    """Read a time such as ``90s``, ``10m`` or ``1.5h``; return seconds."""
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    if unit is None:
        raise argparse.ArgumentTypeError(f"{text!r} must be a time such as 90s, 10m or 1h")
    return command.positive_float(text[:-1]) * unit


def _run(arguments: argparse.Namespace) -> int:
    """Carry the particles of a case and store their clouds. SIGUSR1 writes a checkpoint to DIR.checkpoints."""
    from particles.base.files import check_output_folder
    from particles.case_copy import case_files
    from particles.checkpoint import folder_of, require_none
    from particles.model import load_case
    from particles.trajectory import FOLDERS
    from particles.watch import Checkpoints

    case = load_case(arguments.case)
    place, files = case_files(arguments.case)
    stored = {key: value for key, value in vars(arguments).items() if key != "execute"}
    checkpoints = Checkpoints(
        folder_of(arguments.out),
        every=arguments.checkpoint_every,
        leave=arguments.exit_on_signal,
        stop_at=arguments.stop_at,
        announce=arguments.checkpoint_every is not None or arguments.exit_on_signal or arguments.stop_at is not None,
        arguments={**stored, "place": place},
        files=files,
    )
    check_output_folder(arguments.out, *FOLDERS)
    require_none(checkpoints)
    return _carry(arguments, case, checkpoints)


def _resume(arguments: argparse.Namespace) -> int:
    """Go on with a run from its newest whole checkpoint: the bytes are those of the run that was never stopped.

    Options that are not given are those of the run, but for --stop-at.
    """
    from particles.checkpoint import folder_of, newest
    from particles.model import load_case
    from particles.watch import Checkpoints

    folder = folder_of(arguments.out)
    path, meta = newest(folder)
    stored = meta["arguments"]
    if "place" not in stored:
        raise InputError(f"{path} was not written by a command line: resume it by the script that wrote it")
    copied = stored["place"] in meta["files"]
    given = {"out": arguments.out, "stop_at": arguments.stop_at, "json": arguments.json or stored["json"]}
    given["checkpoint_every"] = arguments.checkpoint_every or stored["checkpoint_every"]
    given["exit_on_signal"] = arguments.exit_on_signal or stored["exit_on_signal"]
    run = argparse.Namespace(**{**stored, **given})
    checkpoints = Checkpoints(
        folder,
        every=run.checkpoint_every,
        leave=run.exit_on_signal,
        stop_at=run.stop_at,
        resume=True,
        announce=True,
        arguments={**stored, **given},
        files={name: (path / name).read_bytes() for name in meta["files"] if name.startswith("case/")},
    )
    return _carry(run, load_case(str(path / stored["place"]) if copied else stored["place"]), checkpoints)


def _carry(arguments: argparse.Namespace, case: Case, checkpoints: Checkpoints) -> int:
    """Check a run, carry it out, store it, and tell of it."""
    from particles.checkpoint import discard
    from particles.simulate import check

    until = arguments.until or case.until
    scheme = scheme_of(arguments, case)
    options: dict[str, Any] = {
        "count": arguments.count or case.count,
        "until": until,
        "times": arguments.times or _snapshots(case, scheme, until),
        "start": arguments.start,
        "seed": arguments.seed,
        "histogram": _histogram(arguments.histogram),
        "keep_clouds": not arguments.no_clouds,
    }
    check(case.model, scheme, **options)
    if command.launched_rank() == 0:
        for sentence in scheme.cautions(case.model):
            print(f"particles: {sentence}", file=sys.stderr)

    from time import perf_counter

    from particles.base.progress import progress_bar
    from particles.simulate import simulate

    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # outside the time loop, where nobody could answer it
    began = perf_counter()
    with progress_bar(f"particles: {case.name}") as progress:
        trajectory = simulate(case.model, scheme, **options, checkpoints=checkpoints, progress=progress)
    trajectory = dataclasses.replace(trajectory, info={"case": arguments.case, **trajectory.info})
    trajectory.save(arguments.out)
    if command.launched_rank() == 0:
        discard(Path(checkpoints.folder))
        ranks = trajectory.info["ranks"]
        print(
            f"{case.name}: {trajectory.count} particles on {ranks} rank{'s' * (ranks > 1)}, {scheme},"
            f" to t = {until:g} in {perf_counter() - began:.2f} s; stored in {arguments.out}"
        )
        _print_moments(trajectory.times, trajectory.moments)
        if any(trajectory.info["at_or_below_zero"] or ()):
            for time, left in zip(trajectory.times, trajectory.info["at_or_below_zero"], strict=True):
                print(f"t = {time:g}: {left} particles at or below 0")
        if arguments.json:
            moments = trajectory.moments.tolist()
            told = {"out": arguments.out, "times": options["times"], "count": trajectory.count, "moments": moments}
            command.print_json(told)
    return 0


def _plan(arguments: argparse.Namespace) -> int:
    """Forecast memory, time, bytes on disk and the sampling error of a run, before anything is allocated."""
    from particles.model import load_case
    from particles.plan import forecast

    case = load_case(arguments.case)
    until = arguments.until or case.until
    scheme = scheme_of(arguments, case)
    told = forecast(
        case.model,
        scheme,
        count=arguments.count or case.count,
        ranks=arguments.ranks,
        until=until,
        times=arguments.times or _snapshots(case, scheme, until),
        histogram=_histogram(arguments.histogram),
        keep_clouds=not arguments.no_clouds,
        measure=arguments.measure,
    )
    if command.launched_rank() == 0:
        print(f"{case.name}: {scheme}, to t = {until:g}")
        print(told.text())
        if arguments.json:
            command.print_json(dataclasses.asdict(told))
    return 0


def _histogram(given: list[str] | None) -> tuple[float, float, int] | None:
    if given is None:
        return None
    try:
        return command.finite_float(given[0]), command.finite_float(given[1]), command.positive_integer(given[2])
    except argparse.ArgumentTypeError as error:
        raise InputError(f"argument --histogram: {error}") from None


def _snapshots(case: Case, scheme: Scheme, until: float) -> list[float]:
    """The case's own snapshots, as far as they fall on a step, and the horizon."""
    levels = scheme.levels(case.model, until, ())
    wanted = [t for t in case.times if t < until]
    kept = [t for t in wanted if scheme.order == math.inf or np.abs(levels - t).min() <= 1e-9 * until]
    if kept != wanted and command.launched_rank() == 0:
        left_out = ", ".join(f"{t:g}" for t in wanted if t not in kept)
        print(f"no snapshot at t = {left_out}: no multiple of dt = {levels[1]:g}")
    return sorted({*kept, until})


def _info(arguments: argparse.Namespace) -> int:
    """Print times, count, moments and the sha256 of each stored cloud and of the histogram."""
    from particles.trajectory import load

    trajectory = load(arguments.run)
    digests = trajectory.digests()
    counts = trajectory.counts_digest()
    print(f"{trajectory.info.get('case', 'run')}: {trajectory.count} particles, {trajectory.info['scheme']}")
    _print_moments(trajectory.times, trajectory.moments)
    for time, digest in zip(trajectory.times, digests, strict=bool(digests)):
        print(f"t = {time:g}  sha256 {digest}")
    if counts is not None:
        print(f"histogram  sha256 {counts}")
    if arguments.json:
        moments = trajectory.moments.tolist()
        command.print_json(
            {"times": list(trajectory.times), "count": trajectory.count, "moments": moments, "sha256": digests}
            | {"histogram_sha256": counts, "info": trajectory.info}
        )
    return 0


def _print_moments(times: object, moments: object) -> None:
    for time, (first, second) in zip(times, moments, strict=True):  # type: ignore[call-overload]
        means = ", ".join(f"{m:.6g}" for m in first)
        deviations = ", ".join(f"{max(s - m * m, 0.0) ** 0.5:.6g}" for m, s in zip(first, second, strict=True))
        print(f"t = {time:<8g} mean {means}   standard deviation {deviations}")


if __name__ == "__main__":
    sys.exit(command.run("particles", build_parser))
