"""`python -m validation COMMAND`: particles against PDE."""

from __future__ import annotations

import sys

from particles.base import command
from validation.commands import all as everything
from validation.commands import budget, cases, compare, gallery, movie, multilevel, network, plan, plot, study, sweep

PARTS = (cases, compare, plot, movie, study, sweep, multilevel, budget, network, plan, gallery, everything)


def build_parser() -> command.Parser:
    """Return the parser; its sub-commands set `execute`."""
    return command.parser_of("validation", "Particles against PDE: distances, studies, figures.", PARTS)


if __name__ == "__main__":
    sys.exit(command.run("validation", build_parser))
