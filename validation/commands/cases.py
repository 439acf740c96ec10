"""`python -m validation cases`: what there is to study."""

from __future__ import annotations

import argparse
from typing import Any

from particles.base import command
from particles.base.tables import Table, add_format, print_tables

_FIELDS = ("figure", "notes", "until", "times", "domain", "cells", "count", "layers")


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    cases = commands.add_parser("cases", help="list the cases", description=execute.__doc__)
    cases.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(cases)
    cases.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """List the cases with their figures and what the papers leave open."""
    from particles.model import cases

    for case in cases.values():
        print(f"{case.name}\n  {case.figure}\n  {case.notes}")
    rows = tuple((c.name, c.figure, c.model.dim, c.until, c.notes) for c in cases.values())
    print_tables(arguments, Table("cases", ("case", "figure", "features", "until", "notes"), rows))
    if arguments.json:
        command.print_json(
            {c.name: {f: getattr(c, f) for f in _FIELDS} | {"model": c.model.describe()} for c in cases.values()}
        )
    return 0
