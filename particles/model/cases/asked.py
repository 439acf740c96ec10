"""The case that a command line asks for: its word CASE, with what ``--set`` changes of it."""

from __future__ import annotations

import argparse
from typing import Any

from particles.model.cases.case import Case
from particles.model.cases.changed import settings_of
from particles.model.cases.copy import case_files
from particles.model.cases.file import load_case


def case_asked(arguments: argparse.Namespace) -> Case:
    """Return the case; errors as `load_case` and `settings_of`."""
    return load_case(arguments.case, settings_of(arguments.set))


def copy_asked(arguments: argparse.Namespace) -> tuple[str, dict[str, bytes]]:
    """Return the place of its copy and the files of that, as `case_files`."""
    return case_files(arguments.case, settings_of(arguments.set))


def told_asked(arguments: Any, case: Case) -> str:
    """What a record calls it: the word of the command line, or the name of the changed case."""
    return case.name if getattr(arguments, "set", None) else str(arguments.case)  # older runs know no changes
