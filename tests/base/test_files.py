"""Files that are there whole or not at all."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from particles.base import files
from particles.base.errors import InputError, StorageError
from particles.base.readers import read_json

OURS = ("meta.json", "x.npy")


def test_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"a": [1, 2.5]})
    files.write_json(path, {"b": 1})
    assert read_json(path) == {"b": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def write_half(path: Path, error: BaseException) -> None:
    with files.replace_file(path) as draft:
        draft.write_text("half")
        raise error


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("bug"), KeyboardInterrupt()])
def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(StorageError if isinstance(error, OSError) else type(error)):
        write_half(path, error)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_numbers_that_json_has_not_are_refused_before_the_file_is_touched(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(tmp_path / "a.json", {"a": math.nan})
    assert list(tmp_path.iterdir()) == []


def test_folder_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    for content in ("one", "two"):
        draft = files.draft_of(tmp_path / "out")
        draft.mkdir()
        (draft / content).write_text(content)
        files.replace_folder(draft, tmp_path / "out", ("one", "two"))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["two"]


def test_output_folder_may_be_missing_empty_or_an_older_result(tmp_path: Path) -> None:
    files.check_output_folder(tmp_path / "new", OURS)
    (tmp_path / "empty").mkdir()
    files.check_output_folder(tmp_path / "empty", OURS)
    older = tmp_path / "older"
    older.mkdir()
    (older / "meta.json").write_text("{}")
    (older / "x.npy").write_bytes(b"")
    files.check_output_folder(older, OURS, replace=True)
    with pytest.raises(InputError, match="older result: to replace it add --replace"):
        files.check_output_folder(older, OURS)


@pytest.mark.parametrize("kind", ["file", "other", "no-parent", "below-a-file"])
def test_output_folder_that_holds_something_else_is_refused(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    elif kind == "other":
        out.mkdir()
        (out / "thesis.tex").write_text("mine")
    elif kind == "no-parent":
        out = tmp_path / "no" / "out"
    else:
        (tmp_path / "file").write_text("mine")
        out = tmp_path / "file" / "out"
    with pytest.raises(InputError):
        files.check_output_folder(out, OURS)


def test_output_file_is_checked_before_the_work(tmp_path: Path) -> None:
    files.check_output_file(tmp_path / "a.nc", ".nc")
    (tmp_path / "b.nc").write_text("older")
    files.check_output_file(tmp_path / "b.nc", ".nc", replace=True)
    with pytest.raises(InputError, match="add --replace"):
        files.check_output_file(tmp_path / "b.nc", ".nc")
    (tmp_path / "folder.nc").mkdir()
    for bad in (tmp_path / "a.txt", tmp_path / "folder.nc", tmp_path / "no" / "a.nc"):
        with pytest.raises(InputError):
            files.check_output_file(bad, ".nc")
