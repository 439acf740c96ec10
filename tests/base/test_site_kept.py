"""What pages of the site showed is kept by the hash of all that decides it: code and text count, comments do not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT

CODE = '"""Says what."""\n\n\ndef half(x):\n    """Half of x."""\n    return x / 2  # why\n'


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """docs/site/kept.py, which belongs to no package, with a folder of its own for what it keeps."""
    spec = importlib.util.spec_from_file_location("kept", ROOT / "docs" / "site" / "kept.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "EXTENSIONS", ())
    (tmp_path / "particles").mkdir()
    (tmp_path / "particles" / "a.py").write_text(CODE, encoding="utf-8")
    return module


def test_a_finished_page_is_found_again_and_a_broken_off_one_is_not(kept: Any) -> None:
    first = kept.Kept("tutorials/start", "print(1)")
    (first.folder / "picture.svg").write_text("<svg/>", encoding="utf-8")
    again = kept.Kept("tutorials/start", "print(1)")
    assert (first.whole, again.whole, list(again.folder.iterdir())) == (False, False, [])
    again.finish(["1\n"])
    third = kept.Kept("tutorials/start", "print(1)")
    assert (third.whole, third.told, third.folder) == (True, ["1\n"], again.folder)


def test_another_text_is_another_page_and_the_older_one_goes(kept: Any) -> None:
    old, other = kept.Kept("start", "print(1)"), kept.Kept("start.more", "")
    old.finish([])
    other.finish([])
    new = kept.Kept("start", "print(2)")
    assert not new.whole
    new.finish([])
    assert not old.folder.exists()
    assert kept.Kept("start", "print(2)").whole


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (("x / 2", "x / 3"), True),
        (("half", "third"), True),
        (("Half of x.", "x by 2."), False),
        (("  # why", ""), False),
        (('    """Half of x."""\n', ""), False),
    ],
)
def test_code_counts_and_what_is_said_about_it_does_not(kept: Any, change: tuple[str, str], counts: bool) -> None:
    before = kept.code()
    kept.code.cache_clear()
    (kept.ROOT / "particles" / "a.py").write_text(CODE.replace(*change), encoding="utf-8")
    assert (kept.code() != before) == counts


def test_data_count_byte_by_byte(kept: Any) -> None:
    before = kept.code()
    kept.code.cache_clear()
    (kept.ROOT / "particles" / "lengths.csv").write_text("1.4\n", encoding="utf-8")
    assert kept.code() != before
