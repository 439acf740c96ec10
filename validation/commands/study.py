"""`python -m validation study KIND CASE`: run a study that ends in a verdict; its options are its fields."""

from __future__ import annotations

import argparse
from typing import Any

from particles.base import command
from particles.base.tables import add_format, print_tables
from validation.studies.kind import add_options, of_arguments
from validation.studies.kinds import KINDS


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    study = commands.add_parser("study", help="run a study that ends in a verdict", description=execute.__doc__)
    kinds = study.add_subparsers(required=True, metavar="KIND", parser_class=command.Parser)
    for kind in KINDS:
        parser = kinds.add_parser(kind.name, help=kind.help, description=kind.help)
        command.add_case(parser)
        parser.add_argument("--out", required=True, metavar="DIR", help="new or empty folder")
        command.add_replace(parser)
        parser.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
        add_format(parser)
        add_options(parser, kind)
        parser.set_defaults(execute=execute, kind=kind)


def execute(arguments: argparse.Namespace) -> int:
    """Measure an error against a refinement; exit code 0 only if the verdict holds."""
    from particles.base.files import check_output_folder, new_folder
    from particles.model.cases.asked import case_asked
    from validation import report
    from validation.report import table

    case = case_asked(arguments)
    asked = of_arguments(arguments.kind, case, arguments)
    asked.check()
    check_output_folder(arguments.out, report.STUDY, replace=arguments.replace)

    from particles.base import parallel
    from particles.base.progress import progress_bar

    def publish() -> None:
        with new_folder(arguments.out, report.STUDY, replace=arguments.replace) as folder:
            report.write_study(study, folder)

    ranks = parallel.world()
    with ranks.claimed(arguments.out):
        with progress_bar(f"{asked.name} study: {case.name}") as progress:
            study = asked.run(progress=progress)
        ranks.on_first(publish)
    if command.launched_rank() == 0:
        report.print_study(study)
        print_tables(arguments, *table.tables(study))
        print(f"table and plot: {arguments.out}/{report.CSV}, {report.JSON}, {report.PLOT}")
        if arguments.json:
            command.print_json(report.to_dict(study))
    return 0 if study.holds else 1
