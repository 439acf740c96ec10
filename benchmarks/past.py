"""Modules by their names in this and in older versions: the benchmarks also measure past commits."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def module(*names: str) -> ModuleType:
    """Import the first of these modules that there is; the newest name stands first."""
    for name in names[:-1]:
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if not name.startswith(str(error.name)):
                raise
    return import_module(names[-1])
