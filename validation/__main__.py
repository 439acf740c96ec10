"""`python -m validation all | cases | compare | plot | study`: particles against PDE."""

from __future__ import annotations

import sys

from particles.base import command
from validation import cases_command, compare_command, plot_command
from validation.report import command as report_command
from validation.studies import command as study_command


def build_parser() -> command.Parser:
    """Return the parser; its sub-commands set `execute`."""
    parser = command.Parser(prog="validation", description="Particles against PDE: distances, studies, figures.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=command.Parser)
    for part in (cases_command, compare_command, plot_command, study_command, report_command):
        part.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(command.run("validation", build_parser))
