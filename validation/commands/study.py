"""`python -m validation study KIND CASE`: run a study that ends in a verdict; one entry of `KINDS` a kind.

An entry's `prepare` refuses what cannot be done before MPI or numba is loaded, and returns the study as a function of
its progress bar.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from particles.base import command

if TYPE_CHECKING:
    from particles.model import Case
    from validation.studies.study import Study

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Kind:
    """A kind of study: its help, its own options, and how the parsed arguments become a study."""

    name: str
    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    prepare: Callable[[Case, argparse.Namespace], Callable[[Progress], Study]]


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    study = commands.add_parser("study", help="run a study that ends in a verdict", description=execute.__doc__)
    kinds = study.add_subparsers(required=True, metavar="KIND", parser_class=command.Parser)
    for kind in KINDS:
        parser = kinds.add_parser(kind.name, help=kind.help, description=kind.help)
        parser.add_argument("case", metavar="CASE", help="name of a case, or a TOML file")
        parser.add_argument("--out", required=True, metavar="DIR", help="new or empty folder")
        command.add_replace(parser)
        parser.add_argument("--until", type=command.positive_float, metavar="T", help="time of the comparison")
        parser.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
        kind.add_options(parser)
        parser.set_defaults(execute=execute, kind=kind)


def execute(arguments: argparse.Namespace) -> int:
    """Measure an error against a refinement; exit code 0 only if the verdict holds."""
    from particles.base.files import check_output_folder, new_folder
    from particles.model import load_case
    from validation import report

    case = load_case(arguments.case)
    run = arguments.kind.prepare(case, arguments)
    check_output_folder(arguments.out, report.STUDY, replace=arguments.replace)

    from particles.base import parallel
    from particles.base.progress import progress_bar

    def publish() -> None:
        with new_folder(arguments.out, report.STUDY, replace=arguments.replace) as folder:
            report.write_study(study, folder)

    ranks = parallel.world()
    with ranks.claimed(arguments.out):
        with progress_bar(f"{arguments.kind.name} study: {case.name}") as progress:
            study = run(progress)
        ranks.on_first(publish)
    if command.launched_rank() == 0:
        report.print_study(study)
        print(f"table and plot: {arguments.out}/{report.CSV}, {report.JSON}, {report.PLOT}")
        if arguments.json:
            command.print_json(report.to_dict(study))
    return 0 if study.holds else 1


def _mean_field_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--levels", type=command.positive_integer, nargs="+", metavar="M", help="particle numbers")
    parser.add_argument(
        "--replicates", type=command.positive_integer, metavar="R", help="most clouds a level (default: 400)"
    )
    parser.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    parser.add_argument(
        "--data", metavar="FILE", help="measured data, a CSV or .npy file: start from their smoothed law"
    )
    parser.add_argument("--column", metavar="NAME", help="column of a CSV file")


def _mean_field(case: Case, arguments: argparse.Namespace) -> Callable[[Progress], Study]:
    from validation.studies import mean_field as study

    measurements = study.measurements_of(case, arguments.data, arguments.column)
    levels = sorted(set(arguments.levels or study.LEVELS))
    replicates = arguments.replicates or study.REPLICATES
    until = arguments.until or case.until
    study.check(case, levels=levels, replicates=replicates, until=until, measurements=measurements)
    return lambda progress: study.mean_field(
        case,
        levels=levels,
        replicates=replicates,
        until=until,
        seed=arguments.seed,
        measurements=measurements,
        progress=progress,
    )


def _layers_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--levels", type=command.positive_integer, nargs="+", metavar="L", help="numbers of layers")
    parser.add_argument("--count", type=command.positive_integer, metavar="M", help="particles (default: 100000)")
    parser.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    parser.add_argument(
        "--independent", action="store_true", help="clouds of their own draws against the law: what sampling hides"
    )
    parser.add_argument(
        "--replicates", type=command.positive_integer, metavar="R", help="with --independent: clouds a level"
    )


def _layers(case: Case, arguments: argparse.Namespace) -> Callable[[Progress], Study]:
    from validation.studies import layers as study

    options: dict[str, Any] = {
        "levels": sorted(set(arguments.levels or study.LEVELS)),
        "count": arguments.count or study.COUNT,
        "replicates": arguments.replicates or study.REPLICATES,
        "until": arguments.until or case.until,
        "common": not arguments.independent,
    }
    study.check(case, **options)
    return lambda progress: study.layers(case, seed=arguments.seed, progress=progress, **options)


def _grid_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--levels", type=command.positive_integer, nargs="+", metavar="N", help="numbers of cells")
    parser.add_argument("--scheme", default="explicit", help="explicit (default), imex or chang-cooper")


def _grid(case: Case, arguments: argparse.Namespace) -> Callable[[Progress], Study]:
    from kinetic.schemes import named
    from validation.studies import grid as study

    options: dict[str, Any] = {
        "levels": sorted(set(arguments.levels)) if arguments.levels else None,
        "scheme": named(arguments.scheme),
        "until": arguments.until or case.until,
    }
    study.check(case, **options)
    return lambda progress: study.grid(case, progress=progress, **options)


def _grazing_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--levels", type=command.positive_float, nargs="+", metavar="EPS", help="values of eps")
    parser.add_argument("--clock", default="poisson", help="poisson (default), nanbu or synchronous")
    parser.add_argument("--noise", metavar="N", help="gaussian, uniform, two-point or exponential")
    parser.add_argument("--count", type=command.positive_integer, metavar="M", help="particles (default: 100000)")
    parser.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")


def _grazing(case: Case, arguments: argparse.Namespace) -> Callable[[Progress], Study]:
    from validation.studies import grazing as study

    options: dict[str, Any] = {
        "levels": sorted(set(arguments.levels or study.LEVELS), reverse=True),
        "clock": arguments.clock,
        "noise": study.noise_of(case, arguments.noise),
        "until": arguments.until or case.until,
        "count": arguments.count or study.COUNT,
    }
    study.check(case, **options)
    return lambda progress: study.grazing(case, seed=arguments.seed, progress=progress, **options)


KINDS = (
    Kind("mean-field", "errors against the number of particles", _mean_field_options, _mean_field),
    Kind("layers", "errors against the number of layers, dt = T/L", _layers_options, _layers),
    Kind("grid", "errors of the equation against the number of cells", _grid_options, _grid),
    Kind("grazing", "the Fokker-Planck limit of the collisions, against eps", _grazing_options, _grazing),
)
