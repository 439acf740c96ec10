"""`make docs` from the checkout: it builds, and a browser that reaches no network finds all of it, with the search."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.test_dashboard import DRAWN, browser, complaints, until  # noqa: F401  (a fixture)
from tests.paths import ROOT
from validation.gallery import catalogue

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


def test_no_page_is_wider_than_a_narrow_window(browser: Any, site: Path) -> None:  # noqa: F811
    size = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for page in sorted((site / "html" / "docs").rglob("*.html")):
            browser.get(page.as_uri())
            assert browser.execute_script("return document.documentElement.scrollWidth") <= 360, page
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


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


TUTORIALS = {"start", "own_model", "own_data", "plane", "training", "new_drift", "own_scheme", "cluster"}


def test_every_tutorial_shows_what_it_printed_and_its_pictures(browser: Any, site: Path) -> None:  # noqa: F811
    folder = site / "html" / "docs" / "site" / "tutorials"
    assert {page.stem for page in folder.glob("*.html")} == TUTORIALS
    for page in folder.glob("*.html"):
        browser.get(page.as_uri())
        assert until(browser, "return document.querySelectorAll('.output').length", least=2) >= 2, page
        source = (ROOT / "docs" / "site" / "tutorials" / f"{page.stem}.md").read_text(encoding="utf-8")
        images = browser.execute_script("return document.querySelectorAll('article img').length")
        assert images == source.count("\n:picture:"), page


def test_every_room_of_the_gallery_is_a_page_with_its_exhibits(browser: Any, site: Path) -> None:  # noqa: F811
    names = list(catalogue())
    for room in {name.partition("/")[0] for name in names}:
        browser.get((site / "html" / "docs" / "site" / "gallery" / f"{room}.html").as_uri())
        there = browser.execute_script("return [...document.querySelectorAll('section[id]')].map((s) => s.id)")
        assert {name.replace("/", "-") for name in names if name.startswith(f"{room}/")} <= set(there)


def test_equations_are_mathml_with_numbers_and_lead_to_the_errata(browser: Any, site: Path) -> None:  # noqa: F811
    browser.get((site / "html" / "docs" / "site" / "theory.html").as_uri())
    assert browser.execute_script("return document.querySelectorAll('.equation math[display=block]').length") >= 10
    assert browser.execute_script("return document.fonts.check('16px \"STIX Two Math\"')")
    assert "$" not in browser.execute_script("return document.querySelector('article').innerText")
    rows = browser.execute_script(
        "return [...document.querySelectorAll('a[href*=\"errata.html#e\"]')].map((a) => a.href)"
    )
    assert len(rows) >= 10
    browser.get(rows[0])
    assert browser.execute_script("return document.querySelector(':target').tagName") == "TR"


def test_the_dashboard_and_the_report_open_from_the_site(browser: Any, site: Path) -> None:  # noqa: F811
    browser.get((site / "html" / "dashboard" / "index.html").as_uri())
    links = "return document.querySelectorAll('#summarygrid-display .benchmark-container').length"
    assert until(browser, links, least=10) >= 10
    browser.execute_script("document.querySelector('#summarygrid-display .benchmark-container').click()")
    assert until(browser, DRAWN, 4) >= 4
    assert complaints(browser, "file://") == []
    reports = list((site / "html" / "opened").rglob("index.html"))
    assert len(reports) == 1
    browser.get(reports[0].as_uri())
    assert until(browser, "return document.querySelectorAll('svg.figure').length") >= 1
    assert complaints(browser, "file://") == []
