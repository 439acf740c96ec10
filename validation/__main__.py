"""`python -m validation COMMAND`: particles against PDE."""

from __future__ import annotations

import sys

from particles.base import command
from validation.commands import all as everything
from validation.commands import budget, cases, compare, multilevel, plan, plot, study

PARTS = (cases, compare, plot, study, multilevel, budget, plan, everything)


def build_parser() -> command.Parser:
    """Return the parser; its sub-commands set `execute`."""
    parser = command.Parser(prog="validation", description="Particles against PDE: distances, studies, figures.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=command.Parser)
    for part in PARTS:
        part.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(command.run("validation", build_parser))
