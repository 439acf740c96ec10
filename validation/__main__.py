"""`python -m validation COMMAND`: particles against PDE."""

from __future__ import annotations

import sys

from particles.base import command
from validation import cases_command, compare_command, multilevel_command, plot_command
from validation.budget import command as budget_command
from validation.planner import command as plan_command
from validation.report import command as report_command
from validation.studies import command as study_command

PARTS = (
    cases_command,
    compare_command,
    plot_command,
    study_command,
    multilevel_command,
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
