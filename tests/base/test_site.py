"""`make docs` from the checkout: it builds, and a browser that reaches no network finds all of it, with the search."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.test_dashboard import browser, complaints, until  # noqa: F401  (a fixture)
from tests.paths import ROOT

pytestmark = [pytest.mark.long, pytest.mark.browser, pytest.mark.timeout(1500)]

BROKEN = "return [...document.images].filter((i) => !i.naturalWidth).map((i) => i.src)"
FOUND = "return document.querySelectorAll('#search-results ul.search li a').length"


@pytest.fixture(scope="module")
def site() -> Path:
    """The folder of pages; a warning or a dead link ends the build."""
    done = subprocess.run(["make", "docs"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "out" / "docs"


def test_every_page_opens_from_disk_and_asks_nobody(browser: Any, site: Path) -> None:  # noqa: F811
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        browser.get(page.as_uri())
        assert complaints(browser, "file://") == [], page
        assert browser.execute_script(BROKEN) == [], page


def test_the_start_page_shows_two_pictures_and_what_its_code_printed(browser: Any, site: Path) -> None:  # noqa: F811
    browser.get((site / "index.html").as_uri())
    assert until(browser, "return document.querySelectorAll('article img').length", least=2) == 2
    assert until(browser, "return document.querySelectorAll('.output').length", least=2) >= 2


@pytest.mark.parametrize(("word", "least"), [("sliced_w1", 1), ("nosuchname", 0)])
def test_search_finds_a_public_name_and_nothing_for_another(
    browser: Any,  # noqa: F811
    site: Path,
    word: str,
    least: int,
) -> None:
    browser.get(f"{(site / 'html' / 'search.html').as_uri()}?q={word}")
    until(browser, "return document.querySelector('#search-results p.search-summary').textContent.length > 9")
    assert (until(browser, FOUND, least=1 if least else 0) >= 1) == bool(least)
