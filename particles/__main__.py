"""Command line: ``mpirun -n 4 python -m particles run regression --count 1e6 --layers 1000 --out DIR``."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from typing import TYPE_CHECKING

import numpy as np

from particles.base import command

if TYPE_CHECKING:
    from particles.model import Case
    from particles.schemes import Scheme


def build_parser() -> command.Parser:
    """Return the parser of ``python -m particles``."""
    parser = command.Parser(prog="particles", description="Particle runs of residual networks, on any number of ranks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=command.Parser)

    run = commands.add_parser("run", help="carry a cloud of particles and store it", description=_run.__doc__)
    run.add_argument("case", metavar="CASE", help="name of a case, or a TOML file")
    run.add_argument("--count", type=command.positive_integer, help="particles over all ranks, such as 1e6")
    time = run.add_mutually_exclusive_group()
    time.add_argument("--layers", type=command.positive_integer, help="Euler with so many steps up to the horizon")
    time.add_argument("--dt", type=command.positive_float, help="Euler with this step")
    time.add_argument("--exact", action="store_true", help="exact flow: no time error")
    run.add_argument("--until", type=command.positive_float, metavar="T", help="horizon")
    run.add_argument(
        "--times", type=command.finite_float, nargs="+", metavar="T", help="snapshots (default: the case's)"
    )
    run.add_argument("--start", default="random", help="random, stratified or quantile (default: random)")
    run.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    run.add_argument("--out", required=True, metavar="DIR", help="new, empty, or an older run's folder")
    run.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    run.set_defaults(execute=_run)

    info = commands.add_parser("info", help="describe a stored run", description=_info.__doc__)
    info.add_argument("run", metavar="DIR")
    info.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    info.set_defaults(execute=_info)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    """Carry the particles of a case and store their clouds."""
    from particles.base.files import check_output_folder
    from particles.model import load_case
    from particles.simulate import check
    from particles.trajectory import FIELD, META

    case = load_case(arguments.case)
    until = arguments.until or case.until
    count = arguments.count or case.count
    scheme = _scheme(arguments, case.layers)
    times = arguments.times or _snapshots(case, scheme, until)
    check(case.model, scheme, count=count, until=until, times=times, start=arguments.start, seed=arguments.seed)
    check_output_folder(arguments.out, (META, FIELD))

    from time import perf_counter

    from particles.base.progress import progress_bar
    from particles.simulate import simulate

    began = perf_counter()
    with progress_bar(f"particles: {case.name}") as progress:
        trajectory = simulate(
            case.model,
            scheme,
            count=count,
            until=until,
            times=times,
            start=arguments.start,
            seed=arguments.seed,
            progress=progress,
        )
    trajectory = dataclasses.replace(trajectory, info={"case": arguments.case, **trajectory.info})
    trajectory.save(arguments.out)
    if command.launched_rank() == 0:
        ranks = trajectory.info["ranks"]
        print(
            f"{case.name}: {count} particles on {ranks} rank{'s' * (ranks > 1)}, {scheme}, to t = {until:g} in"
            f" {perf_counter() - began:.2f} s; stored in {arguments.out}"
        )
        _print_moments(trajectory.times, trajectory.moments)
        if arguments.json:
            command.print_json(
                {"out": arguments.out, "times": times, "count": count, "moments": trajectory.moments.tolist()}
            )
    return 0


def _scheme(arguments: argparse.Namespace, layers: int) -> Scheme:
    from particles.schemes import Euler, ExactFlow

    if arguments.exact:
        return ExactFlow()
    if arguments.dt is not None:
        return Euler(dt=arguments.dt)
    return Euler(layers=arguments.layers or layers)


def _snapshots(case: Case, scheme: Scheme, until: float) -> list[float]:
    """The case's own snapshots, as far as they fall on a step, and the horizon."""
    levels = scheme.levels(case.model, until, ())
    if scheme.order < math.inf:
        on_a_step = [t for t in case.times if t < until and np.abs(levels - t).min() <= 1e-9 * until]
    else:
        on_a_step = [t for t in case.times if t < until]
    return sorted({*on_a_step, until})


def _info(arguments: argparse.Namespace) -> int:
    """Print times, count, moments and the sha256 of each stored cloud."""
    from particles.trajectory import load

    trajectory = load(arguments.run)
    digests = trajectory.digests()
    print(f"{trajectory.info.get('case', 'run')}: {trajectory.count} particles, {trajectory.info['scheme']}")
    _print_moments(trajectory.times, trajectory.moments)
    for time, digest in zip(trajectory.times, digests, strict=True):
        print(f"t = {time:g}  sha256 {digest}")
    if arguments.json:
        moments = trajectory.moments.tolist()
        command.print_json(
            {"times": list(trajectory.times), "count": trajectory.count, "moments": moments, "sha256": digests}
            | {"info": trajectory.info}
        )
    return 0


def _print_moments(times: object, moments: object) -> None:
    for time, (first, second) in zip(times, moments, strict=True):  # type: ignore[call-overload]
        means = ", ".join(f"{m:.6g}" for m in first)
        deviations = ", ".join(f"{max(s - m * m, 0.0) ** 0.5:.6g}" for m, s in zip(first, second, strict=True))
        print(f"t = {time:<8g} mean {means}   standard deviation {deviations}")


if __name__ == "__main__":
    sys.exit(command.run("particles", build_parser))
