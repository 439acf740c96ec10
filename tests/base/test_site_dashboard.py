"""The dashboard in the site opens from disk: its numbers stand in a script that runs before asv's own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT

PAGE = '<script src="vendor/stand_ins.js"></script>\n<script src="asv.js"></script>'


@pytest.fixture
def dashboard() -> Any:
    """docs/site/dashboard.py, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("dashboard", ROOT / "docs" / "site" / "dashboard.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made(folder: Path, page: str) -> Path:
    (folder / "graphs").mkdir(parents=True)
    (folder / "index.html").write_text(page, encoding="utf-8")
    (folder / "index.json").write_text('{"a": 1}', encoding="utf-8")
    (folder / "graphs" / "one two.json").write_text("[[1, null]]", encoding="utf-8")
    return folder


def test_every_number_is_kept_by_its_address(dashboard: Any, tmp_path: Path) -> None:
    assert dashboard.from_disk(made(tmp_path / "from", PAGE), tmp_path / "to") == 2
    script = (tmp_path / "to" / dashboard.SCRIPT).read_text(encoding="utf-8")
    kept = json.loads(script[script.rindex("})(jQuery, ") + len("})(jQuery, ") : script.rindex(");")])
    assert kept == {"index.json": {"a": 1}, "graphs/one two.json": [[1, None]]}
    text = (tmp_path / "to" / "index.html").read_text(encoding="utf-8")
    assert text.index("stand_ins") < text.index(dashboard.SCRIPT) < text.index("asv.js")
    assert (tmp_path / "from" / "index.html").read_text(encoding="utf-8") == PAGE


def test_a_page_that_does_not_stand_alone_is_refused(dashboard: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not load"):
        dashboard.from_disk(made(tmp_path / "from", "<p>another page</p>"), tmp_path / "to")
