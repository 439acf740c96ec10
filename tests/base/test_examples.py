"""Every example in the docstring of a package or a public name prints what it says, in a folder of its own."""

from __future__ import annotations

from doctest import DocTestFinder, DocTestRunner
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.base.test_public_names import FACES, WRITTEN, elementary

PACKAGES = [pytest.param(import_module(face), id=face) for face in FACES]
FUNCTIONS = [pytest.param(value, id=f"vmath.{name}") for name, value in elementary().items()]


def surprises(value: Any) -> str:
    """What its examples print otherwise than they say, in doctest's words; empty where nothing is."""
    told: list[str] = []
    for examples in DocTestFinder(recurse=False).find(value, value.__name__, globs={"__name__": "__main__"}):
        DocTestRunner(verbose=False).run(examples, out=told.append)
    return "".join(told)


@pytest.mark.parametrize("value", PACKAGES + WRITTEN + FUNCTIONS)
def test_examples_print_what_they_say(value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if found := surprises(value):
        pytest.fail(found, pytrace=False)


def test_another_number_and_a_warning_are_noticed() -> None:
    def wrong() -> None:
        """Print.

        >>> import warnings
        >>> 1 + 1
        3
        >>> warnings.warn("old")
        """

    found = surprises(wrong)
    assert "Expected:\n    3\nGot:\n    2" in found
    assert "UserWarning: old" in found
