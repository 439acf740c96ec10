"""``python -m benchmarks.contest COMMAND``: run the contest, write its page, list who takes part and in what."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks.contest import commands, exchange
from particles.base.command import Parser, parser_of, run


def parser() -> Parser:
    """The command line."""
    return parser_of(
        "contest", "An open contest of solvers: errors against seconds.", (*commands.PARTS, *exchange.PARTS)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    return run("contest", parser, argv)


if __name__ == "__main__":
    sys.exit(main())
