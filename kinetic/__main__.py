"""`python -m kinetic run | steady | moments | fit`: the equations of a case."""

from __future__ import annotations

import sys

from kinetic import run_command
from kinetic.fit import command as fit_command
from kinetic.moments import command as moments_command
from kinetic.steady import command as steady_command
from particles.base import command


def build_parser() -> command.Parser:
    """Return the parser; its sub-commands set `execute`."""
    parser = command.Parser(prog="kinetic", description="The equations of infinitely many particles, on a grid.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=command.Parser)
    for part in (run_command, steady_command, moments_command, fit_command):
        part.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(command.run("kinetic", build_parser))
