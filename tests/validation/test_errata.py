"""docs/errata.md and the tests test_eNN_... name the same rows, each test in the file that its row links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.paths import ROOT, TESTS

PAGE = (ROOT / "docs" / "errata.md").read_text(encoding="utf-8")
TESTED, NOTED = PAGE.split("## Tested")[1].split("## Noted")
RUSECKAS = PAGE.split("## Of Ruseckas' paper")[1]
FILES = sorted(TESTS.rglob("test_errata_*.py"))


def numbers(table: str) -> list[int]:
    return [int(n) for n in re.findall(r"^\| E(\d+) \|", table, re.MULTILINE)]


def rows_of_tests(text: str, letter: str = "e") -> set[int]:
    return {int(n) for n in re.findall(rf"^def test_{letter}(\d\d)_", text, re.MULTILINE)}


def test_every_row_is_in_one_table_and_in_order() -> None:
    assert numbers(TESTED) == sorted(set(numbers(TESTED)))
    assert numbers(NOTED) == sorted(set(numbers(NOTED)))
    assert sorted(numbers(TESTED) + numbers(NOTED) + [21]) == list(range(1, 48))


def test_every_row_of_the_first_table_has_its_test_where_it_says() -> None:
    links = re.findall(r"^\| E(\d+) \|.*\| \[e(\d\d)\]\(\.\./tests/([\w/]+\.py)\)", TESTED, re.MULTILINE)
    assert [int(row) for row, _, _ in links] == numbers(TESTED)
    for row, name, file in links:
        assert int(row) == int(name)
        assert int(row) in rows_of_tests((TESTS / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_test_belongs_to_a_row(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert rows_of_tests(text) <= set(numbers(TESTED))
    assert len(re.findall(r"^def test_", text, re.MULTILINE)) == len(
        re.findall(r"^def test_[er]\d\d_", text, re.MULTILINE)
    )


def test_every_row_of_the_other_paper_has_its_test_but_the_one_of_a_caption() -> None:
    rows = [int(n) for n in re.findall(r"^\| R(\d+) \|", RUSECKAS, re.MULTILINE)]
    assert rows == list(range(1, 16))
    links = re.findall(r"^\| R(\d+) \|.*\| \[r(\d\d)\]\(\.\./tests/([\w/]+\.py)\)", RUSECKAS, re.MULTILINE)
    assert [int(row) for row, _, _ in links] == [row for row in rows if row != 10]
    for row, name, file in links:
        assert int(row) == int(name)
        assert int(row) in rows_of_tests((TESTS / file).read_text(encoding="utf-8"), "r")
