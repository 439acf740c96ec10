"""The report in a browser: Debian's Chromium opens it from the disk, and nothing is missing, broken or fetched."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from particles.model import cases
from tests.paths import ROOT
from tests.reports import every_status
from validation.figures import draw_panels
from validation.gallery import Exhibit, Figure, Number, Pointer
from validation.gallery.page import page as page_of_gallery
from validation.report.contents import FILTER
from validation.report.files import PAGE, write_report

pytestmark = pytest.mark.browser

PROGRAMS = ("chromium", "chromedriver")
MISSING = "{} not found: apt-get install -y --no-install-recommends chromium chromium-driver"
VARIABLE = "SIMRESNET_BROWSER"  # .ci/run sets it to "required": there a missing browser is a failure

# every problem of an opened page that its own document can tell
INSPECT = """
const problems = [];
for (const image of document.querySelectorAll("img, svg")) {
  const box = image.getBoundingClientRect();
  if (!(box.width > 50 && box.height > 50)) problems.push(`a figure of ${box.width} x ${box.height}`);
  if (image.tagName === "IMG" && !image.naturalWidth) problems.push(`broken image ${image.src}`);
  if (!image.getAttribute("alt") && !image.getAttribute("aria-label")) problems.push("a figure without words");
}
for (const link of document.querySelectorAll("a[href^='#'], use")) {
  const target = link.getAttribute("href").slice(1);
  if (!document.getElementById(target)) problems.push(`nothing at #${target}`);
}
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of new Set(ids)) {
  if (ids.filter((other) => other === id).length > 1) problems.push(`id ${id} twice`);
}
let level = 0;
for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
  const own = Number(heading.tagName[1]);
  if (own > level + 1 || !heading.textContent.trim()) problems.push(`heading ${heading.textContent} out of order`);
  level = own;
}
if (document.documentElement.scrollWidth > window.innerWidth) problems.push("the page is wider than the window");
return problems;
"""


def require_browser() -> tuple[str, str]:
    """Paths of the browser and its driver; without them skip, or fail where `VARIABLE` says so."""
    found = {name: shutil.which(name) for name in PROGRAMS}
    absent = [name for name, path in found.items() if path is None]
    if absent:
        say = pytest.fail if os.environ.get(VARIABLE) == "required" else pytest.skip
        say(MISSING.format(" and ".join(absent)))
    return str(found["chromium"]), str(found["chromedriver"])


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    binary, driver = require_browser()
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    profile = tmp_path_factory.mktemp("profile")
    for word in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", f"user-data-dir={profile}"):
        options.add_argument(f"--{word}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    opened.get("about:blank")  # away from the browser's own start page, which goes on loading
    yield opened
    opened.quit()


def problems(browser: Any, page: Path) -> list[str]:
    """Open a page from the disk; return what its console, its network log and its document complain of."""
    for log in ("browser", "performance"):
        browser.get_log(log)  # forget the page before
    browser.get(page.as_uri())
    found = [f"console: {entry['message']}" for entry in browser.get_log("browser")]
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if url != page.as_uri() and not url.startswith("data:"):
                found.append(f"request: {url}")
        elif message["method"] == "Network.loadingFailed":
            found.append(f"failed: {message['params']['errorText']}")
    return found + list(browser.execute_script(INSPECT))


def texts(browser: Any, selector: str) -> list[str]:
    script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.trim())"
    return list(browser.execute_script(script, selector))


@pytest.fixture(scope="module")
def full_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_report(every_status(folder), folder / "report")
    return folder / "report" / PAGE


@pytest.fixture(scope="module")
def gallery_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of the gallery with all that one may have: a wide figure in two rows, a pointer, failures."""

    def draw(axes: Sequence[Any]) -> None:
        for panel in axes:
            panel.plot([0.0, 1.0], [0.0, 1.0], label="a line")
            panel.plot([0.0, 1.0], [1.0, 0.0], ".", rasterized=True)
            panel.legend()

    numbers = (Number("a number with a name that is as long as the longest of them are", 1.0, 1.0, 0.1),)
    wide = Figure(
        name="herty/1", source="s", shows="A line.", doubts="E1", cases=(), numbers=numbers, panels=6, draw=draw
    )
    fails = Exhibit(name="narrow", failure="It fails" + " for long" * 30, numbers=numbers, remedy="None.", draw=draw)
    silent = Exhibit(name="walls", failure="It fails.", numbers=(Number("n", 1.0, 2.0, 0.1),), remedy="None.")
    pointer = Pointer(name="published/1", source="s", shows="A line.", doubts="E1", shown_by=("herty/1",))
    found = {"herty/1": wide, "published/1": pointer, "failures/narrow": fails, "failures/walls": silent}
    drawings = {
        "herty/1": draw_panels(wide.panels, draw), "failures/narrow": draw_panels(fails.panels, draw)
    }  # fmt: skip
    path = tmp_path_factory.mktemp("gallery") / "index.html"
    path.write_text(page_of_gallery(found, drawings), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pages", ["full_page", "gallery_page"])
def test_page_opens_without_a_complaint(
    browser: Any, pages: str, width: int, scheme: str, request: pytest.FixtureRequest
) -> None:
    preferred = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", preferred)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert problems(browser, request.getfixturevalue(pages)) == []
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    ink = browser.execute_script("return getComputedStyle(document.querySelector('svg text')).fill")
    assert (brightness(paper) > brightness(ink)) == (scheme == "light")


def brightness(colour: str) -> int:
    return sum(int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])


def test_page_has_every_section(browser: Any, full_page: Path) -> None:
    assert problems(browser, full_page) == []
    headings = texts(browser, "h2")
    assert headings[:4] == ["Summary", "regression", "iris", "regression-2d"]
    assert headings[5:] == ["Error budget", "Gallery", "Costs", "Provenance"]
    marks = texts(browser, "#summary table.verdicts tbody td > a, #summary table.verdicts tbody td > span.absent")
    assert [mark.split(" ", 1)[1] for mark in marks] == [
        "holds", "holds", "no verdict", "does not hold", "holds", "not applicable", *["not applicable"] * 3,
        "no verdict", "not applicable", "not applicable",
    ]  # fmt: skip
    assert len(texts(browser, "svg.figure")) == 5 + 1  # of studies, and the picture of a case
    assert "<script>" in headings[4]  # shown, not run
    assert texts(browser, "script") == []


def test_the_filter_is_ticked_by_the_keyboard_and_leaves_what_does_not_hold(browser: Any, full_page: Path) -> None:
    """A box and a rule of the style sheet; links of what is left lead to what is shown."""
    from selenium.webdriver.common.by import By

    assert problems(browser, full_page) == []
    shown = (
        "return [...document.querySelectorAll('h2, h3')].filter((e) => e.checkVisibility()).map((e) => e.textContent)"
    )
    every = browser.execute_script(shown)
    browser.find_element(By.ID, FILTER).send_keys(" ")
    left = browser.execute_script(shown)
    assert {"Summary", "regression", "iris", "Costs", "Provenance"} <= set(left)
    assert not {"regression-2d", "Error budget", "Gallery", "Not applicable", "What is measured"} & set(left)
    assert [heading for heading in every if heading.startswith("grid")] != []
    assert [heading for heading in left if heading.startswith("grid")] == []
    dead = browser.execute_script(
        "return [...document.querySelectorAll(\"nav a[href^='#']\")].filter((a) => a.checkVisibility()"
        " && !document.getElementById(a.hash.slice(1)).checkVisibility()).map((a) => a.hash)"
    )
    assert dead == []
    browser.find_element(By.ID, FILTER).send_keys(" ")
    assert browser.execute_script(shown) == every


def test_the_quick_report_opens_without_a_complaint(browser: Any, quick_report: Path) -> None:
    assert problems(browser, quick_report / PAGE) == []
    assert texts(browser, "h2")[:3] == ["Summary", "regression", "vehicles"]
    assert len(texts(browser, "svg.figure")) >= 1 + 2
    assert texts(browser, "h3").count("Particles and their density") == 2


@pytest.mark.long
def test_the_whole_report_opens_without_a_complaint(browser: Any, whole_report: Path) -> None:
    assert problems(browser, whole_report / PAGE) == []
    assert texts(browser, "h2")[: len(cases) + 1] == ["Summary", *cases]


BROKEN = {
    "a broken image": ('<img src="none.png" alt="none" width="99" height="99">', "none.png"),
    "a script error": ("<script>nowhere.to()</script>", "nowhere is not defined"),
    "a font from a server": (
        "<style>@font-face{font-family:f;src:url(http://127.0.0.1:9/f)}p{font:9px f}</style>",
        ":9/f",
    ),
    "a figure of no size": ('<svg role="img" aria-label="x" width="0" height="0"></svg>', "a figure of 0 x 0"),
    "a figure without words": ('<svg width="99" height="99"></svg>', "without words"),
    "a link to nowhere": ('<a href="#nowhere">x</a>', "nothing at #nowhere"),
    "two equal ids": ('<p id="a">x</p><p id="a">y</p>', "id a twice"),
    "a heading out of order": ("<h4>deep</h4>", "deep out of order"),
    "a page too wide": ('<p style="width: 9000px">x</p>', "wider than the window"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_with_a_page_is_noticed(browser: Any, tmp_path: Path, what: str) -> None:
    """The control: without it a page that shows nothing would pass too."""
    body, said = BROKEN[what]
    page = tmp_path / "page.html"
    start = "<!doctype html><title>t</title><link rel='icon' href='data:,'><h1>t</h1><p>p</p>"
    page.write_text(start)
    assert problems(browser, page) == []
    page.write_text(start + body)
    assert any(said in problem for problem in problems(browser, page))


def test_the_page_could_not_fetch_even_if_it_wanted(browser: Any, full_page: Path, tmp_path: Path) -> None:
    """Its policy stops an image and a script that someone writes into it, before any request leaves."""
    page = tmp_path / "page.html"
    extra = '<img src="http://127.0.0.1:9/x.png" alt="x"><script>document.title = "run"</script></main>'
    page.write_text(full_page.read_text(encoding="utf-8").replace("</main>", extra), encoding="utf-8")
    found = problems(browser, page)
    assert any("Content Security Policy" in problem for problem in found)
    assert browser.title != "run"


def test_a_missing_browser_cannot_be_skipped_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setenv(VARIABLE, "required")
    with pytest.raises(pytest.fail.Exception, match="apt-get install"):
        require_browser()
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(pytest.skip.Exception, match="apt-get install"):
        require_browser()
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert f"export {VARIABLE}=required" in script
