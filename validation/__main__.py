"""Command line: ``python -m validation cases | compare | plot | study``."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from particles.base import command


def build_parser() -> command.Parser:
    """Return the parser of ``python -m validation``."""
    parser = command.Parser(prog="validation", description="Particles against PDE: distances, studies, figures.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=command.Parser)

    cases = commands.add_parser("cases", help="list the cases", description=_cases.__doc__)
    cases.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    cases.set_defaults(execute=_cases)

    compare = commands.add_parser("compare", help="W1 between a cloud and a solution", description=_compare.__doc__)
    compare.add_argument("cloud", metavar="DIR", help="folder of a particle run")
    compare.add_argument("solution", metavar="FILE.nc", help="file of a PDE solution")
    compare.add_argument("--time", type=command.finite_float, metavar="T", help="by default the last common one")
    compare.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    compare.set_defaults(execute=_compare)

    plot = commands.add_parser("plot", help="draw a record", description=_plot.__doc__)
    plot.add_argument("record", metavar="DIR|FILE.nc")
    plot.add_argument("--out", required=True, metavar="FILE.png")
    plot.set_defaults(execute=_plot)

    study = commands.add_parser("study", help="run a study that ends in a verdict", description=_study.__doc__)
    study.add_argument("kind", choices=["mean-field"], help="mean-field: errors against the number of particles")
    study.add_argument("case", metavar="CASE", help="name of a case, or a TOML file")
    study.add_argument("--out", required=True, metavar="DIR", help="new, empty, or an older study's folder")
    study.add_argument("--until", type=command.positive_float, metavar="T", help="time of the comparison")
    study.add_argument("--levels", type=command.positive_integer, nargs="+", metavar="M", help="particle numbers")
    study.add_argument(
        "--replicates", type=command.positive_integer, metavar="R", help="most clouds a level (default: 400)"
    )
    study.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    study.add_argument(
        "--data", metavar="FILE", help="measured data, a CSV or .npy file: start from their smoothed law"
    )
    study.add_argument("--column", metavar="NAME", help="column of a CSV file")
    study.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    study.set_defaults(execute=_study)
    return parser


def _cases(arguments: argparse.Namespace) -> int:
    """List the cases with their figures and what the papers leave open."""
    from particles.model import cases

    for case in cases.values():
        print(f"{case.name}\n  {case.figure}\n  {case.notes}")
    if arguments.json:
        fields = ("figure", "notes", "until", "times", "domain", "cells", "count", "layers")
        command.print_json(
            {c.name: {f: getattr(c, f) for f in fields} | {"model": c.model.describe()} for c in cases.values()}
        )
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    """Print W1 between a cloud and a solution by two routes, the sampling floor and the PDE's own error."""
    from kinetic.solution import load as load_solution
    from particles.trajectory import load as load_cloud
    from validation.comparison import compare

    cloud, solution = load_cloud(arguments.cloud), load_solution(arguments.solution)
    result = compare(cloud, solution, time=arguments.time)
    print(f"t = {result.time:g}, {result.count} particles against {solution.grid.cells} cells")
    print(f"W1         {result.w1:.6e}   exact integral of abs(F_M - F)")
    print(f"W1         {result.w1_pot:.6e}   POT, the density replaced by quantile points")
    print(f"floor      {_number(result.floor)}   mean W1 of as many independent draws")
    print(f"PDE error  {_number(result.pde_error)}   W1 of the solution to the exact law, or to half the cells")
    if arguments.json:
        command.print_json(dataclasses.asdict(result))
    return 0


def _number(value: float | None) -> str:
    return "not known   " if value is None else f"{value:.6e}"


def _plot(arguments: argparse.Namespace) -> int:
    """Draw the clouds of a particle run, or the densities of a PDE solution over its exact or steady law."""
    from particles.base.files import check_output_file

    check_output_file(arguments.out, ".png")
    path = Path(arguments.record)
    if path.suffix == ".nc":
        from kinetic.solution import load as load_solution
        from validation.comparison import known_laws

        solution = load_solution(path)
        measures = [(t, solution.at(t)) for t in solution.times]
        title = f"{solution.provenance.get('case', path.name)}: {solution.grid.cells} cells"
        laws = known_laws(solution)
    else:
        from particles.trajectory import load as load_cloud

        cloud = load_cloud(path)
        measures = [(t, cloud.at(t)) for t in cloud.times]
        title = f"{cloud.info.get('case', path.name)}: {cloud.count:,} particles"
        laws = []
    from validation.figures import draw_measures

    draw_measures(measures, Path(arguments.out), title=title, laws=laws)
    print(f"drawn in {arguments.out}")
    return 0


def _study(arguments: argparse.Namespace) -> int:
    """Fit the rate of W1 between particles and PDE; exit code 0 only if the verdict holds."""
    from particles.base.files import check_output_folder
    from particles.model import load_case
    from validation import report
    from validation.studies import LEVELS, REPLICATES, check, mean_field, measurements_of

    case = load_case(arguments.case)
    measurements = measurements_of(case, arguments.data, arguments.column)
    levels = sorted(set(arguments.levels or LEVELS))
    replicates = arguments.replicates or REPLICATES
    until = arguments.until or case.until
    check(case, levels=levels, replicates=replicates, until=until, measurements=measurements)
    check_output_folder(arguments.out, (report.CSV, report.JSON, report.PLOT))

    from particles import parallel
    from particles.base.progress import progress_bar

    with progress_bar(f"mean-field study: {case.name}") as progress:
        study = mean_field(
            case,
            levels=levels,
            replicates=replicates,
            until=until,
            seed=arguments.seed,
            measurements=measurements,
            progress=progress,
        )

    def publish() -> None:
        folder = Path(arguments.out)
        folder.mkdir(exist_ok=True)
        report.write_study(study, folder)

    parallel.world().on_first(publish)
    if command.launched_rank() == 0:
        report.print_study(study)
        print(f"table and plot: {arguments.out}/{report.CSV}, {report.JSON}, {report.PLOT}")
        if arguments.json:
            command.print_json(report.to_dict(study))
    return 0 if study.holds else 1


if __name__ == "__main__":
    sys.exit(command.run("validation", build_parser))
