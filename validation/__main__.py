"""`python -m validation COMMAND`: particles against PDE."""

from __future__ import annotations

import sys

from particles.base import command
from validation.advice.budget import command as budget_command
from validation.advice.planner import command as plan_command
from validation.commands import all as report_command
from validation.commands import cases, compare, multilevel, plot
from validation.commands import study as study_command

PARTS = (
    cases,
    compare,
    plot,
    study_command,
    multilevel,
    budget_command,
    plan_command,
    report_command,
)


def build_parser() -> command.Parser:
    """Return the parser; its sub-commands set `execute`."""
    parser = command.Parser(prog="validation", description="Particles against PDE: distances, studies, figures.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=command.Parser)
    for part in PARTS:
        part.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(command.run("validation", build_parser))
