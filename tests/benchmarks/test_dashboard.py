"""The dashboard in a browser without a network: pages of stored results open, and a benchmark's chart is drawn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks import machine, offline
from tests.paths import ROOT

PROGRAMS = ("chromium", "chromedriver")
MISSING = "{} not found: apt-get install -y --no-install-recommends chromium chromium-driver"
VARIABLE = "SIMRESNET_BROWSER"  # "required" where a missing browser is a failure
DRAWN = """
const canvas = document.querySelector("#main-graph canvas.flot-base");
if (!canvas || canvas.width < 300 || canvas.height < 100) return 0;
const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
const colours = new Set();
for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 0) colours.add(pixels.slice(i, i + 3).join());
return colours.size;
"""
"""Different colours on the chart's canvas: a blank one has none, one with axes alone a few greys."""

SUITE = '''
"""A small set of benchmarks."""


def track_step():
    """One curve."""
    return 1.0


track_step.unit = "ns"
track_step.pretty_name = "a step"


class Sweep:
    """A curve for each value."""

    params = (["tanh", "relu"], [1, 2])
    param_names = ["activation", "features"]

    def track_sweep(self, activation, features):
        return features * len(activation)

    track_sweep.unit = "seconds"
    track_sweep.pretty_name = "a sweep"
'''


def require_browser() -> list[str]:
    """Paths of the browser and its driver; without them skip, or fail where `VARIABLE` says so."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        say = pytest.fail if os.environ.get(VARIABLE) == "required" else pytest.skip
        say(MISSING.format(" and ".join(absent)))
    return [str(shutil.which(name)) for name in PROGRAMS]


def asv(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "asv", *arguments]
    environment = os.environ | {"HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of three commits of a small repository: measured once, the numbers of the others written beside."""
    folder = tmp_path_factory.mktemp("small")
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    git = partial(subprocess.run, cwd=folder, check=True, capture_output=True, text=True)
    git(["git", "init", "-q", "-b", "main"])
    for number in range(3):
        date = {"GIT_COMMITTER_DATE": f"2026-01-0{number + 1}T12:00:00Z"}
        git(["git", *who, "commit", "-q", "--allow-empty", "-m", str(number)], env=os.environ | date)
    hashes = git(["git", "rev-list", "--reverse", "main"]).stdout.split()
    (folder / "suite").mkdir()
    (folder / "suite" / "__init__.py").write_text("")
    (folder / "suite" / "bench_small.py").write_text(SUITE)
    settings = {"version": 1, "project": "small", "repo": ".", "branches": ["main"], "benchmark_dir": "suite"}
    settings |= {"environment_type": "virtualenv"}
    (folder / "asv.conf.json").write_text(json.dumps(settings))
    known = {"machine-a": {"machine": "machine-a", **machine.facts()}, "version": 1}
    (folder / ".asv-machine.json").write_text(json.dumps(known))
    existing = ("--environment", f"existing:{sys.executable}", "--machine", "machine-a")
    asv(folder, "run", *existing, "--set-commit-hash", hashes[0])
    measured = next((folder / "results" / "machine-a").glob("*existing*.json"))
    for number, commit in enumerate(hashes):
        record = json.loads(measured.read_text()) | {"commit_hash": commit, "date": 1.767e12 + 8.64e7 * number}
        for values in record["results"].values():
            values[0] = [value * (1.0 + 0.1 * number) for value in values[0]]
        (measured.parent / f"{commit[:8]}-installed.json").write_text(json.dumps(record))
    measured.unlink()
    asv(folder, "publish", "--no-pull")
    offline.stand_alone(folder / "html")
    return folder / "html"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[Path], str]]:
    servers = []

    def start(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    binary, driver = require_browser()
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    profile = tmp_path_factory.mktemp("profile")
    words = ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "window-size=1300,900")
    for word in (*words, f"user-data-dir={profile}", "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"):
        options.add_argument(f"--{word}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    opened.get("about:blank")
    for log in ("browser", "performance"):
        opened.get_log(log)  # what the browser does for itself when it starts
    yield opened
    opened.quit()


def complaints(browser: Any, address: str) -> list[str]:
    """What the console and the network log say since the last call: errors, failures, requests that go elsewhere."""
    found = [f"console: {entry['message']}" for entry in browser.get_log("browser")]
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        method, about = message["method"], message["params"]
        if method == "Network.requestWillBeSent" and not about["request"]["url"].startswith((address, "data:")):
            found.append(f"request: {about['request']['url']}")
        elif method == "Network.responseReceived" and about["response"]["status"] >= 400:
            found.append(f"{about['response']['status']}: {about['response']['url']}")
        elif method == "Network.loadingFailed" and not about.get("canceled"):
            found.append(f"failed: {about['errorText']}")
    return found


def until(browser: Any, script: str, least: int = 1) -> int:
    """Wait for a script to return a number of at least `least`; return what it returned last."""
    from selenium.common.exceptions import TimeoutException
    from selenium.webdriver.support.ui import WebDriverWait

    last = 0

    def enough(opened: Any) -> bool:
        nonlocal last
        last = int(opened.execute_script(script) or 0)
        return last >= least

    try:
        WebDriverWait(browser, 20).until(enough)
    except TimeoutException:
        return last
    return last


@pytest.mark.browser
def test_a_click_on_a_benchmark_draws_its_chart(browser: Any, pages: Path, serve: Callable[[Path], str]) -> None:
    address = serve(pages)
    browser.get(address)
    links = (
        "return document.querySelectorAll('#summarygrid-display .benchmark-container, #summarygrid-display a').length"
    )
    assert until(browser, links, 2) >= 2
    browser.execute_script(
        "[...document.querySelectorAll('#summarygrid-display *')]"
        ".find((e) => e.children.length === 0 && e.textContent.includes('a sweep')).click()"
    )
    assert until(browser, DRAWN, 4) >= 4
    shown = browser.execute_script("return document.body.innerText")
    assert "activation" in shown
    assert "features" in shown
    assert complaints(browser, address) == []


@pytest.mark.browser
def test_bars_of_several_series_stand_side_by_side(browser: Any, pages: Path, serve: Callable[[Path], str]) -> None:
    """A chart over a parameter that is a word: without its script the bars would hide each other."""
    address = serve(pages)
    browser.get(address + "#bench_small.Sweep.track_sweep?x-axis=activation")
    assert until(browser, DRAWN, 4) >= 4
    data = browser.execute_script("return $('#main-graph').data('plot').getData().map((s) => s.datapoints.points[0])")
    assert len(set(data)) == len(data) >= 2
    assert complaints(browser, address) == []


@pytest.mark.browser
def test_lists_sort_and_regressions_open(browser: Any, pages: Path, serve: Callable[[Path], str]) -> None:
    address = serve(pages)
    browser.get(address + "#/summarylist")
    rows = "return document.querySelectorAll('#summarylist-body tbody tr').length"
    assert until(browser, rows, 5) == 5
    first = "return document.querySelector('#summarylist-body tbody tr td').innerText"
    head = "document.querySelectorAll('#summarylist-body thead th')[0].click()"
    seen = set()
    for _ in range(2):
        browser.execute_script(head)
        seen.add(browser.execute_script(first))
    assert len(seen) == 2
    browser.get(address + "#/regressions")
    assert until(browser, "return document.querySelector('#regressions-body').innerText.length", 10) >= 10
    assert complaints(browser, address) == []


@pytest.mark.browser
def test_a_page_that_asks_the_network_is_noticed(
    browser: Any, pages: Path, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    """The control: asv's own pages stay blank here, and what they ask for is seen."""
    import asv as package

    shutil.copytree(pages, tmp_path, dirs_exist_ok=True)
    shutil.copy(Path(package.__file__).parent / "www" / "index.html", tmp_path)
    address = serve(tmp_path)
    complaints(browser, address)
    browser.get(address)
    assert browser.execute_script(DRAWN) == 0
    assert any(found.startswith("request: https://") for found in complaints(browser, address))


def test_every_script_lies_beside_the_pages_with_its_licence(pages: Path) -> None:
    vendor = pages / offline.VENDOR
    text = (pages / "index.html").read_text(encoding="utf-8")
    assert not offline.TAG.search(text)
    assert {path.name for path in vendor.iterdir()} == {*offline.SOURCES, offline.STAND_INS.name, "LICENCES.txt"}
    licences = (vendor / "LICENCES.txt").read_text(encoding="utf-8")
    for name in ("jQuery 3.3.1", "Bootstrap 3.1.1", "Flot 0.8.1", "Permission is hereby granted"):
        assert name in licences


def test_a_script_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<script src="https://cdn.example/new.min.js"></script>')
    with pytest.raises(offline.OfflineError, match=r"new\.min\.js"):
        offline.stand_alone(tmp_path)
    wrong = '<script src="https://code.jquery.com/jquery-3.3.1.min.js" integrity="sha256-AAAA="></script>'
    (tmp_path / "index.html").write_text(wrong)
    with pytest.raises(offline.OfflineError, match="is not what asv's page asks for"):
        offline.stand_alone(tmp_path)


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.skipif(not (ROOT / "benchmarks" / "results").is_dir(), reason="no stored results")
def test_every_stored_benchmark_is_drawn(
    browser: Any, serve: Callable[[Path], str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The project's own results, published: each benchmark opens, and its chart holds more than axes."""
    site, home = tmp_path / "site", tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "asv", "publish", "--no-pull", "--html-dir", str(site)]
    environment = os.environ | {"HOME": str(home)}
    done = subprocess.run(
        command, cwd=ROOT / "benchmarks", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    offline.stand_alone(site)
    about = json.loads((site / "index.json").read_text(encoding="utf-8"))
    assert len(about["revision_to_hash"]) >= 8
    address = serve(site)
    blank = []
    for name in about["benchmarks"]:
        browser.get("about:blank")
        browser.get(f"{address}#{name}")
        blank += [name] if until(browser, DRAWN, 4) < 4 else []
    assert blank == []
    # with results of several versions asv asks for curves that are not there; these are of one
    assert complaints(browser, address) == []
