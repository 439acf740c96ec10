"""The look at built pages of the site finds a dead link, a dead place in a page, and what is loaded from elsewhere."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT


@pytest.fixture(scope="module")
def offline() -> Any:
    """docs/site/offline.py, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("offline", ROOT / "docs" / "site" / "offline.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_that_stay_at_home_have_no_faults(offline: Any, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<link rel="stylesheet" href="a.css"><h1 id="top"><a href="b.html#end">b</a> <a href="#top">up</a>'
        '<a href="https://arxiv.org">away, by a click</a> <a href="b.html#/list">a route of its script</a>'
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
        encoding="utf-8",
    )
    (tmp_path / "b.html").write_text('<p id="end">', encoding="utf-8")
    (tmp_path / "a.css").write_text("body { background: url(a.html) }", encoding="utf-8")
    assert offline.faults(tmp_path) == []


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ('<a href="no.html">', "a.html: no.html leads to no file"),
        ('<a href="a.html#no">', "a.html: a.html#no leads to no place in its page"),
        ('<img src="no.png">', "a.html: no.png leads to no file"),
        ('<script src="https://cdn.org/a.js"></script>', "a.html: loads https://cdn.org/a.js"),
        ('<link rel="stylesheet" href="//fonts.org/a.css">', "a.html: loads //fonts.org/a.css"),
    ],
)
def test_a_fault_of_a_page_is_told(offline: Any, tmp_path: Path, page: str, told: str) -> None:
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    assert offline.faults(tmp_path) == [told]


@pytest.mark.parametrize("style", ["@import 'https://a.org/a.css';", "p { background: url(https://a.org/a.css) }"])
def test_a_style_that_loads_from_elsewhere_is_told(offline: Any, tmp_path: Path, style: str) -> None:
    (tmp_path / "a.css").write_text(style, encoding="utf-8")
    assert offline.faults(tmp_path) == ["a.css: loads https://a.org/a.css"]
