"""A study and a report on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from validation.report import table
from validation.studies.study import Study

if TYPE_CHECKING:
    from validation.report.record import Report


def print_study(study: Study) -> None:
    """Print the table, the measured rows, the claims and the verdict."""
    from rich.console import Console
    from rich.table import Table

    title = f"{study.name}: {study.case}, {study.quantity}"
    shown = Table(title=title, min_width=len(title))
    for heading in table.headings(study):
        shown.add_column(heading, justify="right")
    for texts in table.cells(study):
        shown.add_row(*texts)
    console = Console(highlight=False, markup=False, width=110)
    console.print(shown)
    for line in study.remarks:
        console.print(line)
    for check in study.checks:
        console.print(str(check))
    console.print(f"verdict: {study.verdict}", style="bold")


def print_report(report: Report) -> None:
    """Print a line a case, a line a further section, and the verdict of all."""
    for case in report.cases:
        print(f"{case.name}: {report.line_of(case.name)}")
    for section in report.sections:
        print(f"{section.title}: {section.summary}")
    print(f"verdict: {report.verdict}")
