"""`python -m validation all`: every study that makes sense on every case, and one page that shows what they found."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.tables import Table, add_format, print_tables

if TYPE_CHECKING:
    from particles.model import Case
    from validation.report.plan import Task
    from validation.report.record import Report


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    everything = commands.add_parser("all", help="every study on every case, as one page", description=execute.__doc__)
    everything.add_argument("--out", required=True, metavar="DIR", help="new or empty folder")
    command.add_replace(everything)
    everything.add_argument("--quick", action="store_true", help="fewer and coarser levels: a minute, not ten")
    everything.add_argument("--cases", nargs="+", metavar="CASE", help="names or TOML files (default: all cases)")
    command.add_set(everything)
    everything.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(everything)
    everything.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run every study that a case allows and write the report; exit code 0 only if every verdict holds."""
    from particles.base.files import check_output_folder
    from particles.model import cases
    from validation.report.files import OLDER, PAGE, REPORT, report_to_dict, write_report
    from validation.report.plan import plan

    check_output_folder(arguments.out, REPORT, OLDER, replace=arguments.replace)
    chosen, tasks = plan(arguments.cases or list(cases), arguments.set, quick=arguments.quick)

    from particles.base import parallel
    from validation.report.terminal import print_report

    def publish() -> bool:
        write_report(report, Path(arguments.out), replace=arguments.replace)
        print_report(report)
        print_tables(arguments, _table(report))
        print(f"page: {arguments.out}/{PAGE} (beside it {', '.join(REPORT[1:])})")
        if arguments.json:
            command.print_json(report_to_dict(report))
        return report.holds

    ranks = parallel.world()  # refuses a wrong launcher before the work
    with ranks.claimed(arguments.out):
        report = _report(chosen, tasks, arguments.quick, ranks.size)
        return 0 if ranks.on_first(publish) else 1


def _table(report: Report) -> Table:
    """A row a study, a refusal, or a further section."""
    rows = [(one.case, one.kind, str(one.status), one.result) for one in report.findings]
    rows += [(one.title, "", _told(one.holds), one.summary) for one in report.sections]
    return Table(f"report: {report.verdict}", ("case", "study", "verdict", "found"), tuple(rows))


def _told(holds: bool | None) -> str:
    return {True: "holds", False: "does not hold", None: ""}[holds]


def _report(chosen: tuple[Case, ...], tasks: Sequence[Task], quick: bool, ranks: int) -> Report:
    """Run every study, and every further part of the report. Collective."""
    from particles.base.progress import progress_bar
    from particles.base.provenance import provenance
    from validation.report import pictures
    from validation.report.record import Report
    from validation.report.run import run
    from validation.report.sections import PARTS

    begin = time.perf_counter()
    with progress_bar("every study on every case") as progress:
        findings, seconds = run(tasks, progress)
    sections = []
    for name, build in PARTS:
        started = time.perf_counter()
        with progress_bar(name) as progress:
            sections.append(build(chosen, quick, progress))
        seconds[name] = round(time.perf_counter() - started, 2)
    started = time.perf_counter()
    with progress_bar("pictures") as progress:
        drawn = pictures.draw(chosen, progress)
    seconds["pictures"] = round(time.perf_counter() - started, 2)
    total = round(time.perf_counter() - begin, 1)
    return Report(
        cases=chosen,
        findings=findings,
        sections=tuple(section for section in sections if section is not None),
        pictures=drawn,
        quick=quick,
        provenance=provenance() | {"ranks": ranks, "total_seconds": total, "seconds": seconds},
    )
