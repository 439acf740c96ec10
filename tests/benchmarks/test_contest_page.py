"""The page of a contest says who is faster, first of all where a peer is; it is made of results by hand, none ran."""

from __future__ import annotations

import dataclasses
import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmarks.contest import __main__
from benchmarks.contest.chart import _APART, _spread, draw_problem
from benchmarks.contest.page import page
from benchmarks.contest.references.certificate import Certificate
from benchmarks.contest.standings import reached, standing, targets_of
from benchmarks.contest.store import End, Rung, Store
from tests.validation.test_browser import brightness, browser, problems, texts  # noqa: F401  (a fixture)

CERTIFICATE = Certificate("tanh", "closed form", "differential equation", 1e-12, 3e-14, 2e-12, 5e-14)
NASTY = '<script>fetch("http://example.org/x")</script> & $\\nothing$'
# name -> library, seconds of the cheapest setting, its error, order of the error in seconds, settings
SOLVERS = {
    "ours-exact": ("simresnet", 1e-4, 1e-2, 2.0, 4),
    "ours-particles": ("simresnet", 1e-4, 4e-2, 0.5, 8),
    "ours-cweno": ("simresnet", 4e-4, 2e-2, 1.5, 6),
    "numpy": ("numpy", 2e-4, 4e-2, 0.5, 8),
    "scipy-quantiles": ("scipy", 5e-4, 1e-3, 2.5, 4),
    "jax": ("jax", 1e-3, 3.9e-2, 0.5, 7),
    "diffrax": ("diffrax", 3e-3, 4.1e-2, 0.5, 6),
    "torchsde": ("torchsde", 2e-2, 4e-2, 0.5, 5),
    "py-pde": ("py-pde", 1e-2, 2e-2, 0.7, 5),
    "fipy": ("fipy", 5e-2, 2.1e-2, 0.4, 5),
    "pympdata": ("PyMPDATA", 3e-3, 2.5e-2, 0.8, 5),
    "fplanck": ("fplanck", 2e-2, 3e-2, 0.7, 4),
}


def rungs(seconds: float, error: float, order: float, count: int, quantity: str = "w1") -> list[Rung]:
    particles = order == 0.5
    made = []
    for k in range(count):
        e = error * 4.0 ** (-order * k)
        made.append(
            Rung(
                setting={"cells": 100 * 4**k},
                seconds=seconds * 4.0**k,
                cpu=1.0,
                threads=1.0,
                first=0.5,
                prepare=0.1,
                memory=2**20 * 4**k,
                calls=3,
                samples=100 * 4**k if particles else None,
                errors={"w1": None, "kolmogorov": 0.9 * e, "l1": None if particles else 2.0 * e, quantity: e},
                floor=1.02 * e if particles else None,
            )
        )
    return made


def made(folder: Path) -> Store:
    """Two problems, one without a mean: twelve that solve, one that does not, and every way to fail."""
    store = Store(folder)
    store.begin({"commit": "0", "cpu": "a processor", "threads": 1, "versions": {"numpy": "2.4"}})
    for problem, quantity in (("tanh", "w1"), ("relu-rest", "kolmogorov")):
        for name, (library, *numbers) in SOLVERS.items():
            about = {"title": f"{name}, its method", "library": library, "version": "1.2", "seeded": numbers[2] == 0.5,
                     "source": "https://example.org/settings"}  # fmt: skip
            for number, rung in enumerate(rungs(*numbers, quantity=quantity)):
                store.add(problem, name, number, rung)
            store.finish(problem, name, End("finished", about=about))
    about = {"title": NASTY, "library": "x", "version": None, "seeded": False, "source": NASTY}
    for number, rung in enumerate(rungs(1e-3, 1e-6, 2.0, 3)):
        still = dataclasses.replace(rung, seconds=1e-3, errors={"w1": 1e-6, "kolmogorov": 1e-6, "l1": 2e-6})
        store.add("tanh", "cheat", number, still)
    store.finish("tanh", "cheat", End("finished", about=about))
    store.add("tanh", "stopped", 0, dataclasses.replace(rungs(1.0, 0.2, 0.3, 1)[0], threads=1.9))
    for state, why in (("cannot", "no walls"), ("missing", "x is not installed"), ("failed", NASTY),
                       ("hangs", "no answer within 2 s: ended"), ("crashed", "ended by SIGSEGV")):  # fmt: skip
        store.finish("tanh", f"it-{state}", End(state, why, about))
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return made(tmp_path_factory.mktemp("contest") / "run")


@pytest.fixture(scope="module")
def contest_page(store: Store) -> Path:
    path = store.folder / "index.html"
    path.write_text(page(store.record(), store.all(), {"tanh": CERTIFICATE}), encoding="utf-8")
    return path


def test_the_page_says_first_where_a_peer_is_faster(contest_page: Path) -> None:
    """SciPy's curve passes below ours between 4e-4 and 1e-5; at 1e-2 ours is there at once."""
    text = contest_page.read_text(encoding="utf-8")
    lead = text[: text.index("<main>")]
    assert "A peer is faster than ours at" in lead
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    problem = ("looks like the answer itself", "more than one thread", "stopped before its end", "cheat (no solver)")
    absent = ("no walls", "x is not installed", "ended by SIGSEGV", "no answer within 2 s")
    for said in (*problem, *absent, "differential equation"):
        assert said in text


def test_equations_are_set_by_the_browser_itself(contest_page: Path) -> None:
    """One for each problem, none as the source that `export` writes."""
    text = contest_page.read_text(encoding="utf-8")
    assert text.count("<math ") == text.count("</math>") == 2
    assert "\\partial" not in text


@pytest.mark.parametrize("bound", [1e-3, 1e-9])
def test_the_bound_of_the_reference_is_a_line_where_it_lies_in_the_panel(store: Store, bound: float) -> None:
    """Of W1 alone, from 4e-2 to 3e-4; the control lies below."""
    group = [one for one in store.all() if (one.problem, one.contestant) == ("tanh", "ours-particles")]
    drawn = io.StringIO()
    draw_problem(group, ["ours-particles"], bound, drawn)
    assert drawn.getvalue().count("bound of the reference's error") == (1 if bound == 1e-3 else 0)


def test_a_cheat_is_in_no_ranking(store: Store) -> None:
    group = [one for one in store.all() if one.problem == "tanh"]
    first, *rest = standing(group, "w1", 1e-4)
    assert "cheat" not in {first.contestant, *(one.contestant for one in rest)}
    assert first.contestant == "ours-exact"  # 1e-4 s at 1e-2, order 2: a hundredth of the error in ten times the time
    assert first.seconds == pytest.approx(1e-3, rel=1e-9)
    cheat = next(one for one in group if one.contestant == "cheat")
    assert reached(cheat, "w1", 1e-4) is not None


def test_without_a_mean_the_distance_is_kolmogorovs(store: Store) -> None:
    group = [one for one in store.all() if one.problem == "relu-rest"]
    assert [name for name, _ in targets_of(group)] == ["kolmogorov"] * 3 + ["l1"] * 2
    assert standing(group, "kolmogorov", 1e-3)


def test_names_in_a_diagram_keep_apart_and_in_order() -> None:
    heights = [0.0, 0.01, 0.02, 0.5, 0.51, 0.95]
    placed = _spread(heights)
    assert all(b - a >= _APART - 1e-12 for a, b in pairwise(placed))
    assert placed[-1] == 0.95
    assert sum(placed[:3]) / 3 == pytest.approx(0.01)


def test_report_writes_a_page_and_replaces_none_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store(tmp_path / "run").begin({"commit": "0", "cpu": "a processor"})
    words = ["report", str(tmp_path / "run")]
    assert __main__.main(words) == 0
    assert (tmp_path / "run" / "index.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert __main__.main(words) == 2
    assert "--replace" in capsys.readouterr().err
    assert __main__.main([*words, "--replace"]) == 0


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_without_a_complaint(browser: Any, contest_page: Path, width: int, scheme: str) -> None:  # noqa: F811
    preferred = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", preferred)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert problems(browser, contest_page) == []
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    ink = browser.execute_script("return getComputedStyle(document.querySelector('svg text')).fill")
    assert (brightness(paper) > brightness(ink)) == (scheme == "light")
    assert texts(browser, "h2") == ["tanh", "relu-rest", "References", "Contestants", "Provenance"]


def test_the_headline_has_ours_beside_the_fastest_peer(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """Ratios are those of the seconds beside them; printing writes nothing."""
    before = sorted(store.folder.rglob("*"))
    assert __main__.main(["report", str(store.folder), "--markdown"]) == 0
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    for _, _, ours, peer, ratio in rows:
        if "-" not in (ours, peer):
            one, other = (float(cell.removeprefix("<= ").split()[0]) for cell in (ours, peer))
            assert float(ratio) == pytest.approx(other / one, rel=0.06)
    assert any(ratio != "-" for *_, ratio in rows)
    assert sorted(store.folder.rglob("*")) == before
