"""Command line: ``mpirun -n 4 python -m particles run regression --count 1e6 --layers 1000 --out DIR``."""

from __future__ import annotations

import sys

from particles.base import command
from particles.commands import control, evaluate, info, plan, run, sensitivity, train

PARTS = (run, plan, info, sensitivity, train, control, evaluate)


def build_parser() -> command.Parser:
    """Return the parser of ``python -m particles``."""
    return command.parser_of("particles", "Particle runs of residual networks, on any number of ranks.", PARTS)


if __name__ == "__main__":
    sys.exit(command.run("particles", build_parser))
