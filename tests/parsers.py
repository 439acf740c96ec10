"""Every command of the project, found in the parsers themselves, so that none is forgotten."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import kinetic.__main__ as kinetic_main
import particles.__main__ as particles_main
import validation.__main__ as validation_main
from particles.base.command import Parser
from validation import console

MAINS = {"particles": particles_main, "kinetic": kinetic_main, "validation": validation_main}


def inner(parser: argparse.ArgumentParser) -> dict[str, Parser]:
    """The sub-commands of a parser, and the parsers that take words instead of it, by what names them."""
    found: dict[str, Parser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= action.choices
    return found | (parser.instead if isinstance(parser, Parser) else {})


def leaves(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Parser]]:
    """Commands below a parser that do something themselves, by their words."""
    for name, one in inner(parser).items():
        yield from leaves(one, (*words, name))
        if "execute" in one._defaults:
            yield " ".join((*words, name)), one


@functools.cache
def commands() -> dict[str, Parser]:
    """All commands: ``particles run``, ``particles train circles``, ``validation study grid``, ``simresnet schema``."""
    found = dict(leaves(console.build_parser(), ("simresnet",)))
    for package, main in MAINS.items():
        found |= leaves(main.build_parser(), (package,))
    return found


def takes(parser: argparse.ArgumentParser, option: str) -> bool:
    """Whether a command has an option of this name."""
    return option in parser._option_string_actions


def unlike(without: Mapping[str, str], option: str, found: Mapping[str, Any]) -> list[str]:
    """Commands that lack an option and are given no reason for it, or have it, or are none, and are given one."""
    lacking = {words for words, parser in found.items() if not takes(parser, option)}
    return sorted(lacking ^ set(without))
