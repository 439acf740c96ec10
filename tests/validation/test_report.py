"""`python -m validation all` and what it writes: one page, two tables, one record."""

from __future__ import annotations

import csv
import dataclasses
import html.parser
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import kinetic
import particles
import validation.__main__
from particles.base import command
from particles.base.errors import InputError, NotFiniteError
from particles.model import Measure, cases, piecewise
from particles.model.diffusion import Diffusion
from tests.reports import NASTY, empty, every_status, exact, sampled, tasks_of
from validation.distance.comparison import compare
from validation.figures import draw_measures
from validation.report import files, pictures, sections
from validation.report import plan as report_plan
from validation.report.describe import describe
from validation.report.equations import of_law, of_model
from validation.report.html import Html, escape, paragraph, tag
from validation.report.page import page
from validation.report.plan import plan
from validation.report.record import Finding, Report, Section, Status
from validation.report.run import run
from validation.report.svg import inline
from validation.report.terminal import print_report
from validation.studies.kind import Kind
from validation.studies.study import Study
from validation.study_figures import draw_study

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]


def validate(*words: str) -> int:
    return command.run("validation", validation.__main__.build_parser, words)


def fake(
    name: str, study: Callable[[str], Study] = exact, *, only: tuple[str, ...] = ("regression", "iris")
) -> type[Kind]:
    """A kind of study that is made by hand."""

    def check(asked: Kind) -> None:
        if asked.case.name not in only:
            raise InputError(f"case {asked.case.name!r} is not for {name}")

    def run(asked: Kind, **options: object) -> Study:
        return study(asked.case.name)

    return type("Fake", (Kind,), {"name": name, "help": "made by hand", "check": check, "run": run})


def only(monkeypatch: pytest.MonkeyPatch, *kinds: type[Kind]) -> None:
    """Let `all` know these kinds of study, no further section and no picture."""
    monkeypatch.setattr(report_plan, "KINDS", kinds)
    monkeypatch.setattr(sections, "PARTS", ())
    monkeypatch.setattr(pictures, "draw", lambda *_: ())


BESIDE = re.compile(r"(data/\d\d-[a-z0-9-]+/)?(cloud/)?[a-z-]+\.(csv|json|nc)")
"""Links to what lies beside the page."""


def failing(case: str) -> Study:
    return sampled(case, holds=False)


class Reader(html.parser.HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def values(self, attribute: str) -> list[str]:
        return [found for _, held in self.elements if (found := held.get(attribute)) is not None]


# markup


def test_text_is_escaped_and_markup_is_not() -> None:
    assert escape('<&">') == "&lt;&amp;&quot;&gt;"
    assert escape(tag("b", "<")) == "<b>&lt;</b>"
    assert tag("a", "x", href='"><script>') == '<a href="&quot;&gt;&lt;script&gt;">x</a>'
    assert tag("p", paragraph("a"), class_="b", aria_label="c") == '<p class="b" aria-label="c"><p>a</p></p>'
    assert tag("meta", name="n") == '<meta name="n">'


# figures


@pytest.mark.parametrize("study", [sampled("regression"), exact("regression"), empty("regression"), sampled(NASTY)])
def test_figures_are_the_same_bytes_and_their_ids_do_not_clash(study: Study) -> None:
    one, two = (inline(partial(draw_study, study), key, NASTY) for key in ("one", "two"))
    assert one == inline(partial(draw_study, study), "one", NASTY)
    ids = [{e.attrib["id"] for e in ElementTree.fromstring(text).iter() if "id" in e.attrib} for text in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    referred = set(re.findall(r'(?:href="#|url\(#)([^")]*)', re.sub(r">[^<]*<", "><", one))) - {"p1"}  # p1: in NASTY
    assert referred <= ids[0]
    assert isinstance(one, Html)
    assert 'role="img"' in one
    assert "xlink" not in one
    assert not re.search(r"date|matplotlib v|<!--|<style|#000000|#1f77b4", one, re.IGNORECASE)


def test_a_study_is_drawn_over_its_theory_where_that_is_known() -> None:
    """Below the errors error/theory, with 99.9 % intervals where there is chance; nothing where an order alone is."""
    bare = dataclasses.replace(
        exact("regression"), rows=tuple(dataclasses.replace(row, reference=None) for row in exact("regression").rows)
    )
    drawn = {
        name: inline(partial(draw_study, study), name, name)
        for name, study in (("sampled", sampled("regression")), ("exact", exact("regression")), ("bare", bare))
    }
    assert [name for name, text in drawn.items() if "error / theory" in text] == ["sampled", "exact"]
    assert [name for name, text in drawn.items() if "99.9 % of each level" in text] == ["sampled"]
    assert "99.9 % of their mean" in drawn["sampled"]


def test_a_picture_within_a_figure_is_data() -> None:
    """A plane of particles is drawn as pixels, which the page must hold itself."""
    points = np.random.default_rng(0).normal(size=(2, 100))
    draw = partial(draw_measures, [(0.0, Measure.of_points(points))], title="t")
    drawn = inline(draw, "plane", "a plane")
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in re.findall(r'href="([^"]*)', drawn))
    assert 'href="data:' in drawn


# the page


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return every_status(tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def text(made: Report) -> str:
    return page(made)


def test_page_is_the_same_every_time_and_refers_to_nothing_outside(made: Report, text: str) -> None:
    assert text == page(made)
    read = Reader(text)
    assert not {"script", "iframe", "object", "embed", "img", "form"} & {name for name, _ in read.elements}
    ids = read.values("id")
    assert len(set(ids)) == len(ids)
    for link in read.values("href"):
        assert link == "data:," or link[1:] in ids or BESIDE.fullmatch(link), link
    assert read.values("src") == []
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert not [name for _, held in read.elements for name in held if name.startswith("on")]


def test_page_says_every_status_in_words_and_by_a_sign(text: str) -> None:
    for status in Status:
        assert re.search(rf'aria-hidden="true">[^<]</span> {status}', text), status
    assert "4 of 8 verdicts hold" in text
    assert text.count("&lt;script&gt;") > 10


def test_a_study_that_cannot_tell_does_not_hold_and_one_that_does_not_apply_has_no_verdict(made: Report) -> None:
    by_status = {status: [f for f in made.findings if f.status is status] for status in Status}
    assert [len(by_status[status]) for status in Status] == [3, 1, 2, 6]
    quiet = dataclasses.replace(made, sections=made.sections[:2])
    good = (*by_status[Status.HOLDS], *by_status[Status.NOT_APPLICABLE])
    assert dataclasses.replace(quiet, findings=good).holds
    assert dataclasses.replace(quiet, findings=good).verdict == "4 of 4 verdicts hold"
    for bad in (*by_status[Status.FAILS], *by_status[Status.UNDECIDED]):
        one = dataclasses.replace(quiet, findings=(*good, bad))
        assert not one.holds
        assert one.verdict == f"4 of 5 verdicts hold; not: {bad.kind} of {bad.case}"
    assert not dataclasses.replace(made, findings=good).holds  # its third section does not
    assert not Report(cases=made.cases, findings=tuple(by_status[Status.NOT_APPLICABLE])).holds  # nothing was judged


def test_cases_are_described_for_people() -> None:
    plain = {name: dict(describe(case)) for name, case in cases.items()}
    assert plain["regression-2d"]["weight w"] == "((-1, 0), (0, -1))"
    assert plain["regression-2d"]["drift f(u, x)"] == "tanh, u = w x/(d N) + b"
    assert plain["moments-conserved"]["bias b"] == "-w m1(t)"
    assert plain["vehicles"]["walls"] == "sticky, at 2.0 and 8.0"
    assert plain["inverse-gamma"]["noise"] == "K(x) = x, nu^2 = 0.25"
    assert plain["iris"]["initial law"].startswith("KernelEstimate of mean 3.758 and variance 3.")
    assert "domain of the equation" not in plain["relu"]
    varying = dataclasses.replace(cases["regression"].model, weight=piecewise([0.0, 0.5], [-1.0, 0.5]))
    changed = dict(describe(dataclasses.replace(cases["regression"], model=varying)))
    assert changed["weight w"] == "(-1, 0.5) from t = (0, 0.5) on"


def test_every_case_has_one_line(made: Report, capsys: pytest.CaptureFixture[str]) -> None:
    print_report(made)
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[1] == "iris: mean-field does not hold (slope -0.5000 +- 0.0096, 99.9 %: [-0.5161, -0.4839], theory -0.5);"
        " grid holds; not applicable: layers"
    )
    assert lines[2] == "regression-2d: not applicable: mean-field, grid, layers"
    assert len(lines) == len(made.cases) + len(made.sections) + 1


# the filter and the contents


def test_the_filter_hides_all_that_holds_and_nothing_else(made: Report, text: str) -> None:
    read = Reader(text)
    marked = {held["id"] or "": "fine" in (held.get("class") or "") for _, held in read.elements if "id" in held}
    for number, case in enumerate(made.cases):
        found = made.of(case.name)
        assert marked[f"case-{number + 1}"] == (not any(finding.status.is_open for finding in found)), case.name
        for finding in found:
            if finding.study is not None:
                assert marked[f"case-{number + 1}-{finding.kind}"] == (finding.status is Status.HOLDS)
    assert [marked[f"section-{number}"] for number in (1, 2, 3)] == [True, True, False]
    assert not marked["summary"]
    assert not marked["provenance"]
    rows = [held.get("class") for name, held in read.elements if name == "tr"]
    assert rows.count("fine") == 1 + 2  # regression-2d, and two further sections


def test_where_everything_holds_there_is_nothing_to_filter(made: Report, text: str) -> None:
    good = tuple(finding for finding in made.findings if finding.kind == "layers" and not finding.status.is_open)
    quiet = dataclasses.replace(made, findings=good, sections=made.sections[:1])
    assert quiet.holds
    boxes = [held for told in (page(quiet), text) for name, held in Reader(told).elements if name == "input"]
    assert ["disabled" in box for box in boxes] == [True, False]


def test_the_contents_lead_everywhere_and_say_how_it_ended(made: Report, text: str) -> None:
    nav = text[text.index("<nav") : text.index("</nav>")]
    assert re.findall(r'href="#([^"]*)', nav) == [
        "summary", *(f"case-{n}" for n in range(1, 5)), *(f"section-{n}" for n in range(1, 4)), "provenance",
    ]  # fmt: skip
    assert re.findall(r"</span> (\d of \d|not applicable|holds|does not hold)", nav) == [
        "2 of 3", "1 of 2", "not applicable", "0 of 1", "holds", "does not hold",
    ]  # fmt: skip


# formulas


def plain(markup: str) -> str:
    """A formula without its markup."""
    return re.sub(r"\s", "", "".join(ElementTree.fromstring(markup).itertext()))


FORMULAS = {
    "regression": "x′=x+Δttanh(wx+b)∂tg+∂x[tanh(wx+b)g]=0",
    "regression-2d": "x′=x+Δttanh(wx2+b)∂tg+∇·[tanh(wx2+b)g]=0",
    "regression-2d-unscaled": "x′=x+Δttanh(wx+b)∂tg+∇·[tanh(wx+b)g]=0",
    "fokker-planck": "x′=x+ε(wx+b)+εη∂tg+∂x[(wx+b)g]=ν22∂x2g",
    "relu": "x′=x+εmax(0,wx+b)+εxη∂tg+∂x[max(0,wx+b)g]=ν22∂x2(x2g)",
    "generalised-gamma": "x′=x+εf(wx+b,x)+εxη∂tg+∂x[f(wx+b,x)g]=ν22∂x2(x2g)",
    "circulation": "x′=x+εtanh(wx2+b)+εη∂tg+∇·[tanh(wx2+b)g]=ν22∑i∂xi2g",
}
"""Symbols in their order; fractions, roots and powers are seen in the pictures."""


@pytest.mark.parametrize("name", FORMULAS)
def test_the_formulas_of_a_case_are_those_of_its_model(name: str) -> None:
    assert plain(of_model(cases[name].model)) == FORMULAS[name]


def test_a_law_has_its_equation_alone_and_collisions_that_of_averages() -> None:
    model = cases["fokker-planck"].model
    assert plain(of_law(model, collisions=False)) == "∂tg+∂x[(wx+b)g]=ν22∂x2g"
    averages = "ddt∫φgdx=1ε∫(Eφ(x′)−φ(x))gdx"
    assert plain(of_law(model, collisions=True)) == f"{averages}x′=x+ε(wx+b)+εη"


def test_a_noise_of_any_shape_is_written_as_K() -> None:
    shape = Diffusion("own", lambda x, c: x, lambda x, c: 1.0)
    model = dataclasses.replace(cases["fokker-planck"].model, diffusion=shape)
    assert plain(of_model(model)).endswith("+εK(x)η∂tg+∂x[(wx+b)g]=ν22∂x2(K2(x)g)")


# files


def test_files_hold_every_number(made: Report, tmp_path: Path) -> None:
    files.write_report(made, tmp_path / "report")
    assert {path.name for path in (tmp_path / "report").iterdir()} == set(files.REPORT)
    links = [link for link in Reader((tmp_path / "report" / files.PAGE).read_text()).values("href") if "." in link]
    assert len(links) == len(files.TABLES) + 2 * 6  # a table and a record of each study
    assert all((tmp_path / "report" / link).is_file() for link in links)
    record = json.loads((tmp_path / "report" / files.RECORD).read_text())
    assert record["holds"] is False
    assert record["findings"][0]["result"]["extra"]["bound"] is None  # an infinity, which JSON cannot hold
    assert record["sections"][0]["data"] == {"parts": 2}
    with (tmp_path / "report" / files.SUMMARY).open(newline="") as stream:
        summary = list(csv.DictReader(stream))
    assert [line["status"] for line in summary] == [str(f.status) for f in made.findings]
    assert float(summary[0]["slope"]) == record["findings"][0]["result"]["slope"]["estimate"]
    assert NASTY in summary[-1]["reason"]
    with (tmp_path / "report" / files.ROWS).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 3 * 5 + 2 * 4
    grid = [line for line in rows if (line["case"], line["study"]) == ("regression", "grid")]
    assert [float(line["steps"]) for line in grid] == [200.0, 400.0, 800.0, 1600.0]
    assert rows[0]["steps"] == ""


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_report_is_written_whole_or_not_at_all(made: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "report"
    made = dataclasses.replace(made, findings=made.findings[1:3])
    files.write_report(made, out)
    before = contents(out)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        files.write_report(made, out)
    assert contents(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    monkeypatch.undo()
    files.write_report(dataclasses.replace(made, quick=True), out)
    assert (out / files.PAGE).read_bytes() != before[files.PAGE]


# pictures


def test_a_case_is_drawn_from_runs_that_are_kept_and_can_be_compared(quick_report: Path) -> None:
    """The picture's own floor is no verdict; that the runs belong together is one of `compare`, at 5 %."""
    read = Reader((quick_report / files.PAGE).read_text(encoding="utf-8"))
    links = [link for link in read.values("href") if BESIDE.fullmatch(link)]
    assert all((quick_report / link).is_file() for link in links)
    (place,) = (link.rpartition("/")[0] for link in links if link.endswith("regression/density.nc"))
    assert f"{place}/cloud/meta.json" in links
    cloud, density = particles.load(quick_report / place / "cloud"), kinetic.load(quick_report / place / "density.nc")
    assert (cloud.count, cloud.times, density.times) == (pictures.COUNT, (0.0, 1.0, 2.0), (0.0, 1.0, 2.0))
    assert compare(cloud, density).holds
    away = dataclasses.replace(cloud, states=tuple(0.1 + state for state in cloud.states))
    assert not compare(away, density).holds  # the control


def test_a_case_whose_tails_need_too_wide_a_grid_has_no_picture_and_says_why() -> None:
    (told,) = pictures.draw([cases["relu"]], lambda share: None)
    assert told.drawing is None
    assert "the tails of this model" in told.reason


def test_layers_of_a_picture_are_parts_of_the_cases_own() -> None:
    """Ten layers would show their own error, which is a study's matter."""
    assert cases["one-cluster"].layers == 10
    assert pictures._layers(cases["one-cluster"]).layers == 1000
    for case in cases.values():
        assert pictures._layers(case).layers % case.layers == 0
        assert pictures._layers(case).layers >= pictures.LAYERS


def test_a_picture_that_is_not_there_is_told_on_the_page(text: str) -> None:
    assert text.count("No picture: its tails reach too far") == 3


# the run


def test_findings_stand_in_the_order_of_the_tasks() -> None:
    shares: list[float] = []

    def half(progress: Callable[[float], None]) -> Study:
        progress(0.5)
        return exact("a")

    findings, seconds = run(tasks_of(half, None, half), shares.append)
    assert [f.case for f in findings] == ["case-0", "case-1", "case-2"]
    assert [f.status for f in findings] == [Status.HOLDS, Status.NOT_APPLICABLE, Status.HOLDS]
    assert set(seconds) == {"grid of case-0", "grid of case-2"}
    assert shares == [0.25, 0.75]


def test_a_study_that_fails_is_named() -> None:
    def fails(progress: object) -> Study:
        raise NotFiniteError("cell 3 is not finite")

    with pytest.raises(NotFiniteError, match="grid of case-1: cell 3 is not finite"):
        run(tasks_of(lambda p: exact("a"), fails), lambda share: None)


def test_a_refusal_of_all_ranks_on_the_way_is_not_applicable_and_one_of_a_single_rank_is_an_error() -> None:
    """The other ranks would wait for the one that left its study."""

    def refuses(together: bool) -> Callable[[object], Study]:
        def study(progress: object) -> Study:
            raise InputError("no interval holds the law", on_all_ranks=together)

        return study

    findings, _ = run(tasks_of(refuses(True), lambda p: exact("a")), lambda share: None)
    assert [f.status for f in findings] == [Status.NOT_APPLICABLE, Status.HOLDS]
    assert findings[0].reason == "no interval holds the law"
    with pytest.raises(InputError, match="grid of case-0: no interval"):
        run(tasks_of(refuses(False)), lambda share: None)


ONE_FAILS = """
import sys
from particles.base import parallel
from particles.base import command
from particles.base.errors import NotFiniteError
from tests.reports import exact
from validation.__main__ import build_parser
from validation.report import plan
from validation.studies.kind import Kind
class Fails(Kind):
    name = "grid"
    def check(self):
        pass
    def run(self, **options):
        if parallel.world().rank == 1:
            raise NotFiniteError("spoilt")
        parallel.world().barrier()
        return exact("regression")
plan.KINDS = (Fails,)
sys.exit(command.run("validation", build_parser, ["all", "--cases", "regression", "--out", {out!r}]))
"""


def test_a_failing_rank_ends_the_whole_job(fresh: Fresh, tmp_path: Path) -> None:
    script = ONE_FAILS.format(out=str(tmp_path / "report"))
    done = fresh("-c", script, ranks=3)
    assert done.returncode == 3
    assert "validation: grid of regression: spoilt" in done.stderr
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {".report.lock"}  # the name of a lock that no process holds any more, and that the next job takes


# what is run


@pytest.mark.parametrize("quick", [False, True])
def test_the_mean_field_is_studied_on_every_case_whose_law_is_known(quick: bool) -> None:
    """A mistake in the options would show as a case to which the study does not apply."""
    chosen, tasks = plan(list(cases), quick=quick)
    assert [case.name for case in chosen] == list(cases)
    applies = {task.case for task in tasks if task.kind == "mean-field" and task.run is not None}
    assert applies == {case.name for case in chosen} - {"circulation"}
    assert all(task.reason for task in tasks if task.run is None)


def test_every_study_of_a_report_can_be_had_alone() -> None:
    _, tasks = plan(["regression"], quick=True)
    parsed = validation.__main__.build_parser().parse_args([*tasks[0].words, "--out", "x"])
    assert parsed.kind.name == tasks[0].kind
    assert parsed.levels == [100, 1000, 10_000, 100_000]


# the command


def test_exit_code_is_0_only_if_every_verdict_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("all", "--cases", "regression", "iris", "relu", "--json", "--out", str(tmp_path / "report"))
    only(monkeypatch, fake("grid"), fake("layers", only=("iris",)))
    assert validate(*words) == 0
    out = capsys.readouterr().out
    assert "regression: grid holds; not applicable: layers\n" in out
    assert "verdict: 3 of 3 verdicts hold\n" in out
    assert json.loads(out.splitlines()[-1])["provenance"]["ranks"] == 1
    for bad in (failing, empty):
        only(monkeypatch, fake("grid", bad, only=("iris",)))
        assert validate(*words, "--replace") == 1  # into an older report's folder
        assert "0 of 1 verdicts hold; not: grid of iris\n" in capsys.readouterr().out


def test_a_report_of_an_older_version_gives_way_to_replace_and_a_strange_file_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, fake("grid"))
    words = ("all", "--cases", "regression", "--replace", "--out", str(tmp_path / "report"))
    for name, code in (("", 0), ("mine.txt", 2)):
        folder = tmp_path / "report"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for older in filter(None, (*files.OLDER, name)):
            (folder / older).write_text("older")
        assert validate(*words) == code
        assert ((folder / files.PAGE).read_text() == "older") == bool(code)


def test_further_sections_take_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(chosen: object, quick: bool, progress: Callable[[float], None]) -> Section:
        progress(1.0)
        return Section(title="Budget", summary=f"quick: {quick}", body=[paragraph("parts")], holds=not quick)

    only(monkeypatch, fake("grid"))
    parts = (("budget", build), ("nothing to show", lambda *_: None))
    monkeypatch.setattr(sections, "PARTS", parts)
    words = ("all", "--cases", "regression", "--out", str(tmp_path / "report"))
    assert validate(*words) == 0
    assert validate(*words, "--quick", "--replace") == 1
    assert "<h2>Budget</h2>" in (tmp_path / "report" / files.PAGE).read_text()


def test_cases_to_which_no_study_applies_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a report without a single verdict would hold."""
    only(monkeypatch, fake("grid"))
    assert validate("all", "--cases", "relu", "--out", str(tmp_path / "report")) == 2
    assert "no study applies to relu: grid: case 'relu' is not for grid" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def without_provenance(folder: Path) -> tuple[str, object, bytes, bytes]:
    text = (folder / files.PAGE).read_text(encoding="utf-8")
    record = json.loads((folder / files.RECORD).read_text(encoding="utf-8"))
    del record["provenance"]
    for finding in record["findings"]:
        if finding["result"] is not None:
            del finding["result"]["provenance"]
    cut = text.index('<section id="provenance">')
    return text[:cut], record, (folder / files.SUMMARY).read_bytes(), (folder / files.ROWS).read_bytes()


def test_report_does_not_depend_on_the_number_of_ranks(quick_report: Path, tmp_path: Path) -> None:
    words = ("all", "--quick", "--cases", "regression", "vehicles", "--out", str(tmp_path / "report"))
    assert validate(*words) == 0
    assert without_provenance(tmp_path / "report") == without_provenance(quick_report)
    ranks = [
        json.loads((f / files.RECORD).read_text())["provenance"]["ranks"] for f in (tmp_path / "report", quick_report)
    ]
    assert ranks == [1, 2]


@pytest.mark.long
def test_the_whole_report_holds(whole_report: Path) -> None:
    """On two ranks; how long it took is in its provenance."""
    record = json.loads((whole_report / files.RECORD).read_text(encoding="utf-8"))
    assert record["holds"]
    assert not record["quick"]
    assert list(record["cases"]) == list(cases)


def test_finding_of_a_study_without_a_slope_says_no_rate() -> None:
    assert Finding(kind="grid", case="a", words=(), study=exact("a")).result == ""
