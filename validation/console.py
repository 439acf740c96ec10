"""The command ``simresnet``: the three command lines under one name, which no folder of the user can hide.

``simresnet particles run ...`` is ``python -m particles run ...``; likewise kinetic and validation.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
from collections.abc import Sequence

from kinetic import __main__ as kinetic
from particles import __main__ as particles
from particles.base import command
from validation import __main__ as validation

PACKAGES = {"particles": particles, "kinetic": kinetic, "validation": validation}
SHELLS = ("bash", "zsh")


def build_parser() -> command.Parser:
    """Return the parser of what is no package: its sub-commands set `execute`."""
    parser = command.Parser(
        prog="simresnet", description="Particles, kinetic equations, and the distance between them."
    )
    version = importlib.metadata.version("simresnet")
    parser.add_argument("--version", action="version", version=f"simresnet {version}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=command.Parser)
    for name, package in PACKAGES.items():
        commands.add_parser(name, help=package.build_parser().description, add_help=False)
    schema = commands.add_parser("schema", help="print the JSON schema of a case's TOML file, for editors")
    schema.set_defaults(execute=_schema, by_one=True)
    completion = commands.add_parser("completion", help="print a shell's completion of this command")
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(execute=_completion, by_one=True)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command ``simresnet``; returns its exit code."""
    given = sys.argv[1:] if argv is None else list(argv)
    if given and given[0] in PACKAGES:
        return command.run(given[0], PACKAGES[given[0]].build_parser, given[1:])
    return command.run("simresnet", build_parser, given)


def _schema(arguments: argparse.Namespace) -> int:
    from particles.model.cases.schema import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0


def _completion(arguments: argparse.Namespace) -> int:
    import shtab

    parser = build_parser()
    for action in parser._actions:
        if isinstance(action.choices, dict):  # the sub-commands: with those of the packages in them
            action.choices.update({name: package.build_parser() for name, package in PACKAGES.items()})
    print(shtab.complete(parser, shell=arguments.shell))
    return 0
