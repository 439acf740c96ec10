"""Figures of the papers: their numbers hold, wrong ones are seen, every drawing has its labels; and their command.

Means, counts and distances of draws are allowed four standard errors, so that 1 fresh seed in some thousand would miss
one; the seeds are fixed.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import validation.__main__
from particles.base import command
from particles.base.errors import InputError
from particles.base.tables import rendered
from particles.model import cases
from tests.paths import ROOT
from tests.validation.drawn import assert_labelled
from validation import gallery
from validation.commands.gallery import chosen_of, tables_of, with_shown
from validation.figures import FORMS, draw_panels, save_forms
from validation.gallery import ROOMS, Exhibit, Figure, Number, Pointer, published
from validation.gallery.herty import FIGURES
from validation.gallery.markdown import anchor, markdown, plain
from validation.gallery.page import brief, holds, key, page, verdict
from validation.gallery.published.figure_06_plane import moments, to_target
from validation.report.gallery import gallery as section_of_report

NAMES = list(gallery.catalogue())
POINTERS = {name: entry for name, entry in gallery.catalogue().items() if isinstance(entry, Pointer)}
DRAWN = [name for name in gallery.exhibits() if name.partition("/")[0] in ("herty", "published")]
HERTY = [name for name in DRAWN if name.startswith("herty/")]


@pytest.fixture(scope="module")
def figure() -> Callable[[str], Figure]:
    """An exhibit by name, run once."""
    found: dict[str, Any] = {}

    def run(name: str) -> Any:
        if name not in found:
            found[name] = gallery.exhibits()[name]()
        return found[name]

    return run


def validate(*words: str) -> int:
    return command.run("validation", validation.__main__.build_parser, words)


# the figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_has_the_numbers_that_theory_foretells(figure: Callable[[str], Figure], name: str) -> None:
    shown = figure(name)
    assert isinstance(shown, Figure)
    assert shown.name == name
    assert [number for number in shown.numbers if not number.holds] == []
    assert [check for check in shown.checks if not check.holds] == []
    assert shown.holds
    assert shown.numbers


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_says_what_it_shows_and_where_the_paper_errs(figure: Callable[[str], Figure], name: str) -> None:
    shown = figure(name)
    assert shown.source.endswith(f"Fig. {name.partition('/')[2]}")
    assert shown.shows
    assert set(shown.cases) <= set(cases)
    rows = set(re.findall(r"^\| (E\d+) ", (ROOT / "docs" / "errata.md").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bE\d+\b", shown.doubts))
    assert named <= rows
    assert named


WRONG = [  # name, number, what a wrong theory would say
    ("herty/1", "b = 0: energy", math.exp(-4.0)),  # without the 2 of m2(0)
    ("herty/1", "b = m1: mean", math.exp(-4.0)),  # the captions' sign
    ("herty/1", "b = m1: variance", math.exp(-2.0)),  # m2' = w V
    ("herty/1", "the captions' b = -m1", 1.0),  # conserved
    ("herty/2", "variance: time to 0.1", 2.302585),  # without the 1/2
    ("herty/2", "energy, b = 0: time to 0.1", 1.151293),  # that of the variance
    ("herty/2", "energy, b = m1, moment equations", 0.341598),  # that of b = 0
    ("herty/3", "rows of Table 1", 0.0),  # w = -1
    ("herty/4", "layers: arrival of the slowest vehicle", math.log(3.0 / 0.17)),  # the identity's
    ("herty/4", "vehicles at 2", 0.0),  # without a threshold at 5
    ("herty/5", "mass at 2, t = 3", 0.5),  # the limit
    ("herty/5", "W1 to the limit, t = 0", 3.0),  # all mass in one place
    ("herty/5", "e^t g(t, 5), t = 5", 1.0 / 3.0),
    ("herty/6", "correlation", 0.0),  # of independent slopes
    ("herty/6", "variance of the slopes", 2.0),  # h = 1
    ("herty/6", "mean of the 10^5 slopes", 1.0 + 1.0 / math.sqrt(1e5)),  # the error of independent ones
    ("herty/7", "W1 of the 10^5 slopes", 0.16),  # to N(1, 1.44)
    ("herty/8", "W1 to the target, t = 5", math.exp(-5.0) * math.sqrt(2.0 / math.pi)),  # the identity's
    ("herty/8", "peak over e^t/sqrt(2 pi), t = 2", math.exp(-2.0)),  # no concentration
    ("herty/8", "the captions' signs", 0.00758291),  # the text's
    ("herty/9", "weight after the first step", -1.0 - 2.0 * 82.47),  # the printed distance, its infinite part dropped
    ("herty/9", "bias after the first step", 2.97778864),  # of the law, not of 1000 particles
    ("herty/9", "evaluations to J = 1e-6, gamma = 2", 25.0),  # gamma = 1
    ("herty/9", "median at the end, gradient", 1.0),  # the old target
    ("herty/10", "U[-1, -1/2]: mean", -0.25),  # the caption's
    ("herty/10", "nu = 1", 0.0),
    ("herty/11", "U[-1, -1/2]: W1 to N(0, 1), t = 2", 0.233695),  # nu = 1
    ("herty/11", "U[-1, -1/2]: the same of the particles", 0.094460),  # the caption's start
    ("published/5", "their variance", 2.0),  # a distance of 1
    ("published/5", "variance of the intercepts", 0.5),  # means of two measurements
    ("published/5", "W1 to their law", 0.0798),  # sqrt(2/pi)/10: a law a tenth off
    ("published/5", "covariance", -0.5),  # of neighbours, all on one side of 0
    ("published/5", "lines through neighbours", 1.0),  # those of lines near 0
    ("published/6", "mended: deviation of x, t = 2", 0.40757063),  # with the 1/d of (3)
    ("published/6", "printed: deviation of x, t = 2", 0.21995668),  # drawn to the slope
    ("published/6", "mended: sliced W1 of 20 000", 1.288379 / math.sqrt(2e4)),  # of draws of the start
    ("published/6", "mended: sliced W1 to slope 1, intercept 0, t = 2", 0.31683238),  # with the 1/d of (3)
    ("published/6", "printed, with 1/d: mean of x", 1.0),  # the rest point of the numbers without it
]


@pytest.mark.parametrize(("name", "start", "value"), WRONG)
def test_a_wrong_prediction_is_seen(figure: Callable[[str], Figure], name: str, start: str, value: float) -> None:
    (right,) = [number for number in figure(name).numbers if number.what.startswith(start)]
    assert right.holds
    assert not dataclasses.replace(right, predicted=value).holds


@pytest.mark.parametrize("name", DRAWN)
def test_every_drawing_has_labels(figure: Callable[[str], Figure], name: str) -> None:
    assert_labelled(figure(name))


def test_a_drawing_is_the_same_bytes_every_time(figure: Callable[[str], Figure], tmp_path: Path) -> None:
    shown = figure("herty/2")
    for stem in ("one", "two"):
        save_forms(draw_panels(shown.panels, shown.draw), tmp_path, stem)
    for form in FORMS:
        assert (tmp_path / f"one{form}").read_bytes() == (tmp_path / f"two{form}").read_bytes()
    assert ElementTree.parse(tmp_path / "one.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")


def test_features_of_the_plane_have_the_moments_and_distances_of_an_integrator() -> None:
    """Deviation of tanh's flow in a feature by scipy's integrator; the sliced W1 of a normal law in closed form."""
    z = np.linspace(-8.0, 8.0, 401)
    weight = np.exp(-0.5 * z**2) / np.exp(-0.5 * z**2).sum()
    for rate, d in ((-1.0, 1), (1.0, 1), (-1.0, 2)):
        run = solve_ivp(lambda t, x, w=rate / d: np.tanh(w * x), (0.0, 2.0), z, rtol=1e-9, atol=1e-11)
        assert moments(rate, 1.0, 1.0, 2.0, d) == pytest.approx((1.0, math.sqrt(weight @ run.y[:, -1] ** 2)), rel=1e-6)
    assert to_target(0.0) == pytest.approx(math.sqrt(2.0 / math.pi), rel=1e-4)  # of a normal law at every angle


# figures that others show --------------------------------------------------------------------------------------------


def test_the_published_version_has_nine_figures_and_a_table() -> None:
    assert list(published.FIGURES) == [*(str(number) for number in range(1, 10)), "table-1"]


@pytest.mark.parametrize("name", POINTERS)
def test_a_pointer_points_to_exhibits_and_says_what_differs(name: str) -> None:
    pointer = POINTERS[name]
    assert pointer.name == name
    assert pointer.source.endswith(name.partition("/")[2].replace("table-", "Table ").removeprefix("Fig. "))
    assert pointer.shows
    assert re.search(r"\bE\d+\b", pointer.doubts)
    assert pointer.shown_by
    assert set(pointer.shown_by) <= set(gallery.exhibits())
    assert with_shown([name], gallery.catalogue()) == sorted([name, *pointer.shown_by], key=NAMES.index)


def test_a_pointer_holds_if_all_that_it_points_to_do() -> None:
    good = Exhibit(name="a", failure="Goes wrong. Always.", numbers=(Number("n", 1.0, 1.0, 0.0),), remedy="c")
    bad = dataclasses.replace(good, numbers=(Number("n", 1.0, 2.0, 0.0),))
    pointer = Pointer(
        name="p", source="s", shows="It is b_c of Fig. 1. Twice.", doubts="", shown_by=("failures/a", "failures/b")
    )
    assert holds(pointer, {"failures/a": good, "failures/b": good})
    found = {"failures/a": good, "failures/b": bad, "published/p": pointer}
    assert not holds(pointer, found)
    assert verdict(found) == (False, "1 of 2 are as theory foretells")
    assert [brief(entry) for entry in (good, pointer)] == ["Goes wrong", "It is b_c of Fig. 1"]
    assert "b\\_c" in markdown(found, ())
    assert plain("f(x) = a*b_c [2]") == "f(x) = a\\*b\\_c \\[2\\]"


# their command -------------------------------------------------------------------------------------------------------


def test_everything_has_its_place_in_the_order_of_the_papers() -> None:
    papers = {"herty": FIGURES, "published": published.FIGURES}
    figures = [f"{room}/{number}" for room, numbers in papers.items() for number in numbers]
    assert [name for name in NAMES if name.partition("/")[0] in papers] == figures
    assert [name for name in NAMES if name.startswith("failures/")] == [f"failures/{n}" for n, _ in gallery.entries()]
    assert list(dict.fromkeys(name.partition("/")[0] for name in NAMES)) == list(ROOMS)
    assert list(FIGURES) == [str(number) for number in range(1, 12)]
    assert list(gallery.exhibits()) == [name for name in NAMES if name not in POINTERS]


def test_exhibits_are_chosen_by_name_and_by_room() -> None:
    assert chosen_of([], NAMES) == NAMES
    assert chosen_of(["herty/2", "herty/1"], NAMES) == ["herty/1", "herty/2"]
    assert chosen_of(["herty"], NAMES) == HERTY
    assert chosen_of(list(ROOMS), NAMES) == NAMES


@pytest.mark.parametrize("words", [("--only", "herty/99"), ("walls",), ("--only", ""), ("HERTY",)])
def test_an_exhibit_that_is_none_is_told_with_those_that_are(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate("gallery", "herty/1", *words, "--out", str(tmp_path / "out")) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"{words[-1]!r} is no exhibit: allowed are {', '.join(ROOMS)}, herty/1, " in told
    assert told.rstrip().endswith(NAMES[-1])
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_every_form_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ("gallery", "published/2", "--only", "failures/steps", "--out", str(out))
    assert validate(*words, "--json") == 0
    printed = capsys.readouterr().out.strip().splitlines()
    found = json.loads(printed[-1])
    assert found["herty/2"]["holds"]
    assert found["published/2"]["shown_by"] == ["herty/2"]
    stems = ("herty-02", "failures-steps")
    drawings = [f"{stem}{form}" for stem in stems for form in FORMS]
    assert {path.name for path in out.iterdir()} == {"index.html", "gallery.md", *drawings}
    text = (out / "index.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert re.findall(r"(?:src|href)=\"(?!#|data:)([^\"]*)\"", text) == drawings
    assert 'Shown by <a href="#herty-02">herty/2</a>.' in text
    told = (out / "gallery.md").read_text(encoding="utf-8")
    assert re.findall(r"!\[[^\n]*\]\((.*)\)", told) == [f"{stem}.svg" for stem in stems]
    headings = {anchor(heading) for heading in re.findall(r"^#+ (.*)$", told, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(.*?)\)", told)) <= headings
    assert validate(*words) == 2
    assert "--replace" in capsys.readouterr().err
    assert validate("gallery", "--only", "herty/2", "--out", str(out), "--replace") == 0
    assert {path.name for path in out.iterdir()} == {"index.html", "gallery.md", *drawings[:3]}
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    assert validate(*words, "--replace") == 2


def test_a_number_that_does_not_hold_is_told_and_the_exit_code_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Exhibit(name="wrong", failure="b", numbers=(Number("one", 1.0, 2.0, 0.5),), remedy="c")
    monkeypatch.setattr(gallery, "catalogue", lambda *_: {"failures/wrong": lambda: wrong})
    assert validate("gallery", "--out", str(tmp_path / "out")) == 1
    printed = capsys.readouterr().out
    assert "NOT AS FORETOLD" in printed
    assert "one: foretold 1, measured 2" in printed
    for name in ("index.html", "gallery.md"):
        assert "0 of 1 are as theory foretells" in (tmp_path / "out" / name).read_text(encoding="utf-8")
    assert "**does not hold**" in (tmp_path / "out" / "gallery.md").read_text(encoding="utf-8")


def test_the_report_shows_all_of_the_gallery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawings within and no files beside it, numbers for its JSON file, a verdict that is no if one fails."""
    from matplotlib import pyplot

    opened: list[int] = []

    def draw(axes: Sequence[Any]) -> None:
        axes[0].plot([0.0, 1.0], [0.0, 1.0])
        opened.append(len(pyplot.get_fignums()))

    numbers = (Number("one", 1, np.float64(1.0), 0.5),)
    shown = Figure(
        name="herty/1", source="s", shows="A line.", doubts="E1", cases=(), numbers=numbers, panels=2, draw=draw
    )
    fails = Exhibit(name="a", failure="b", numbers=(Number("one", 1.0, 2.0, 0.5),), remedy="c")
    pointer = Pointer(name="published/1", source="s", shows="t", doubts="E1", shown_by=("herty/1",))
    shelf = {"herty/1": lambda: shown, "herty/2": lambda: shown, "published/1": pointer, "failures/a": lambda: fails}
    monkeypatch.setattr(gallery, "catalogue", lambda: shelf)
    parts: list[float] = []
    section = section_of_report((), False, parts.append)
    assert section is not None
    assert (section.summary, section.holds) == ("2 of 3 are as theory foretells", False)
    assert parts[-1] == 1.0
    told = json.loads(json.dumps(section.data))
    assert told["herty/1"]["numbers"][0]["measured"] == 1.0
    assert told["published/1"]["shown_by"] == ["herty/1"]
    assert "<svg" in section.body[0]
    assert not re.search(r'href="(?!#)', "".join(section.body))
    assert ['class="fine"' in part.partition(">")[0] for part in section.body] == [True, True, True, False]
    assert opened == [1, 1]  # one at a time: many make a warning
    assert section_of_report((), True, parts.append) is None


@pytest.mark.parametrize("form", ["markdown", "latex", "csv"])
def test_numbers_of_every_figure_are_a_table_in_every_form(figure: Callable[[str], Figure], form: str) -> None:
    for name in DRAWN:
        for table in tables_of(name, figure(name)):
            assert rendered([table], form).count("\n") >= len(table.rows)


def test_names_of_files_keep_the_order_of_the_figures() -> None:
    assert [key(name) for name in ("herty/7", "herty/11", "failures/walls")] == [
        "herty-07",
        "herty-11",
        "failures-walls",
    ]
    assert "None" not in page({}, {}) + markdown({}, ())


def test_no_choice_is_an_input_error() -> None:
    with pytest.raises(InputError, match="allowed are a, a/1"):
        chosen_of(["b"], ["a/1"])
