"""`python -m particles plan CASE`: what a run would take, before anything is allocated."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from particles.base import command
from particles.base.tables import add_format, of_values, print_tables
from particles.commands.options import add_case, run_of, scheme_of


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of ``python -m particles``."""
    plan = commands.add_parser("plan", help="forecast memory, time, disk and error", description=execute.__doc__)
    add_case(plan)
    plan.add_argument("--ranks", type=command.positive_integer, default=1, help="ranks of the run (default: 1)")
    plan.add_argument("--measure", action="store_true", help="time a small run here instead of the table's constants")
    plan.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(plan)
    plan.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """Forecast memory, time, bytes on disk and the sampling error of a run, before anything is allocated."""
    from particles.forecast import forecast
    from particles.model.cases.asked import case_asked

    case = case_asked(arguments)
    scheme = scheme_of(arguments, case)
    run = run_of(arguments, case, scheme)
    told = forecast(case.model, scheme, run, ranks=arguments.ranks, measure=arguments.measure)
    print(f"{case.name}: {scheme}, to t = {run.until:g}")
    print(told.text())
    print_tables(arguments, of_values(f"{case.name}: {scheme}, to t = {run.until:g}", dataclasses.asdict(told)))
    if arguments.json:
        command.print_json(dataclasses.asdict(told))
    return 0
