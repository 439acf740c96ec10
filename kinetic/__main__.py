"""`python -m kinetic run | resume | info | steady | moments | fit | sensitivity`: the equations of a case."""

from __future__ import annotations

import sys

from kinetic.commands import fit as fit_command
from kinetic.commands import info, resume, run
from kinetic.commands import moments as moments_command
from kinetic.commands import sensitivity as sensitivity_command
from kinetic.commands import steady as steady_command
from particles.base import command


def build_parser() -> command.Parser:
    """Return the parser; its sub-commands set `execute`."""
    parts = run, resume, info, steady_command, moments_command, fit_command, sensitivity_command
    return command.parser_of("kinetic", "The equations of infinitely many particles, on a grid.", parts)


if __name__ == "__main__":
    sys.exit(command.run("kinetic", build_parser))
