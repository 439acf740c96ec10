"""Values show themselves in a line or two, in a notebook as an escaped table, and become frames and datasets."""

from __future__ import annotations

import dataclasses
import html.parser
import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinetic
import particles
import validation
from particles.base.errors import InputError
from particles.base.shown import Shown, html_of, one_line, shortly
from particles.base.tables import Table
from particles.model import Measure, Samples, cases, load_case
from particles.networks import record as networks
from particles.training import Moment, control, fit
from tests.paths import ROOT
from validation.studies.study import Check, Interval, Row, Study

CASE = cases["regression"]
STUDY = Study(
    name="layers", case="a <b> & c", refinement="layers L", quantity="W1", expected_slope=-1.0,
    rows=(Row(4, 1, 0.5, 0.0, 0.4, {"dt": 0.5}), Row(8, 9, 0.25, 0.3, None, {"dt": 0.25})),
    slope=Interval(-1.0, 0.1), checks=(Check("claim", "found", True),), provenance={"seed": 3},
)  # fmt: skip


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    """One of each, with many numbers inside."""
    run = particles.simulate(CASE.model, particles.Euler(layers=10), count=1000, until=1.0, times=[0.0, 1.0])
    solution = kinetic.solve(CASE.model, kinetic.Grid(-7.0, 9.0, cells=200), until=1.0)
    clusters = cases["two-clusters"]
    return {
        "case": CASE, "measured case": cases["iris"], "model": CASE.model, "drift": CASE.model.drift, "run": run,
        "cloud": run.at(1.0), "solution": solution, "density": solution.at(1.0), "study": STUDY,
        "samples": Samples(np.arange(1000.0)), "network": networks.load(ROOT / "docs" / "mnist"),
        "fit": fit(CASE.model, particles.Euler(layers=10), Moment(2.0), count=1000, until=2.0, start="quantile",
                   ridge=1e-2),
        "control": control(clusters.model, clusters.target, until=1.0, cost=0.1, layers=10),
        "comparison": validation.compare(run, solution), "steady state": kinetic.steady_state(cases["relu"].model),
    }  # fmt: skip


NAMES = ("case", "measured case", "model", "drift", "run", "cloud", "solution", "density", "study", "samples",
         "network", "fit", "control", "comparison", "steady state")  # fmt: skip


class Tags(html.parser.HTMLParser):
    """Which tags there are, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert not attrs
        self.seen.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(text: str) -> set[str]:
    found = Tags()
    found.feed(text)
    found.close()
    assert not found.open
    return found.seen


PLAIN = {"table", "caption", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize("name", NAMES)
def test_a_value_shows_itself_shortly(values: dict[str, Any], name: str) -> None:
    """A line of fewer than 120 letters without an address or a row of numbers; a small table without anything else."""
    text, shown = repr(values[name]), values[name]._repr_html_()
    assert len(text) < 120
    assert "\n" not in text
    assert " at 0x" not in text
    assert "array(" not in text
    assert text.startswith(type(values[name]).__name__ + "(")
    assert len(shown) < 3000
    assert tags(shown) <= PLAIN


def test_what_is_shown_can_be_read(values: dict[str, Any]) -> None:
    assert repr(CASE.model) == "Model(drift=Drift(name='tanh'), weight=-1.0, bias=1.0, initial=Normal(m=1.0, v=1.0))"
    noisy = cases["inverse-gamma"].model
    assert (repr(noisy.diffusion), repr(particles.UNIFORM)) == ("Diffusion(name='x')", "Noise(name='uniform')")
    assert repr(CASE) == "Case(name='regression', model=Model(...), until=2.0)"
    assert repr(values["run"]) == "Trajectory(scheme='Euler(layers=10)', count=1000, times=(0.0, 1.0))"
    assert repr(values["cloud"]) == "Measure(dim=1, atoms=1000)"
    assert repr(values["density"]) == "Measure(dim=1, atoms=2, cells=200)"
    assert repr(STUDY) == "Study(name='layers', case='a <b> & c', levels=2, slope=-1.0, verdict='holds')"


def test_text_is_escaped_and_a_script_is_none() -> None:
    shown = STUDY._repr_html_()
    assert "a &lt;b&gt; &amp; c" in shown
    script = html_of(Table("<script>", ("<b>",), (("</td><script>alert(1)</script>",), (None,), (True,), (0.1 + 0.2,))))
    assert tags(script) <= PLAIN
    assert "0.3<" in script


def test_the_check_of_tags_sees_a_script() -> None:
    assert "script" in tags("<table><caption><script></script></caption></table>")


def test_long_values_are_told_by_their_size() -> None:
    assert shortly(np.zeros((3, 2))) == "array of shape (3, 2)"
    assert shortly(np.array([1.0, 2.5])) == "[1, 2.5]"
    assert shortly(list(range(7))) == "list of 7"
    assert shortly((1.0,)) == "(1.0,)"
    assert shortly({"a": [1]}) == "dict of 1"
    assert shortly("x" * 100) == repr("x" * 77 + "...")
    assert shortly(len) == "len"


def test_what_is_too_long_for_a_line_is_cut_from_the_longest_on() -> None:
    text = repr("y" * 60)
    told = {"a": "1.0", "model": f"Model({'x' * 90})", "text": text, "array": "[1, 2, 3]"}
    assert one_line("Value", told) == f"Value(a=1.0, model=Model(...), text={text}, array=[1, 2, 3])"
    assert one_line("Value", told | {"b": "[" + "1, " * 60}) == (
        f"Value(a=1.0, model=Model(...), text={text[:31]}...', array=[1, 2, 3], b=...)"
    )
    many = one_line("Value", {f"name{k}": "0" for k in range(50)})
    assert (len(many), many[-4:]) == (119, "...)")


def test_fields_as_by_default_are_not_told() -> None:
    @dataclasses.dataclass(frozen=True, repr=False)
    class Value(Shown):
        a: float
        b: float = 2.0
        c: tuple[float, ...] = ()

    assert repr(Value(1.0)) == "Value(a=1.0)"
    assert repr(Value(1.0, 3.0, (1.0,))) == "Value(a=1.0, b=3.0, c=(1.0,))"


def test_a_study_is_a_frame() -> None:
    frame = STUDY.to_frame()
    assert frame.index.name == "layers L"
    assert frame.index.tolist() == [4, 8]
    columns = ["replicates", "error", "deviation", "half_width", "reference", "ratio", "dt"]
    assert list(frame.columns) == columns
    assert frame["error"].tolist() == [0.5, 0.25]
    assert frame["ratio"].iloc[0] == 0.5 / 0.4
    assert frame["half_width"].iloc[1] == pytest.approx(1.959963984540054 * 0.3 / 3.0, rel=1e-15)
    assert frame[["reference", "ratio"]].iloc[1].isna().all()
    assert frame.attrs["verdict"] == "holds"


def test_without_pandas_a_frame_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def missing(name: str) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(InputError, match=r"^to_frame\(\) needs pandas: python -m pip install pandas$"):
        STUDY.to_frame()


@pytest.mark.parametrize("name", NAMES)
def test_every_record_is_a_dataset_that_a_file_can_hold(values: dict[str, Any], name: str, tmp_path: Path) -> None:
    data = values[name].to_xarray()
    data.to_netcdf(tmp_path / "x.nc", engine="scipy")
    told = data.attrs.get("record", data.attrs.get("provenance"))
    assert isinstance(json.loads(told), dict)


def test_datasets_hold_the_numbers(values: dict[str, Any]) -> None:
    study, learnt, found = (values[name] for name in ("study", "fit", "control"))
    data = study.to_xarray()
    assert data["level"].attrs["long_name"] == "layers L"
    assert data["error"].sel(level=8) == 0.25
    assert data.attrs["slope"] == -1.0
    data = learnt.to_xarray()
    assert dict(zip(data["number"].values.tolist(), data["learnt"].values.tolist(), strict=True)) == learnt.values
    assert data.sizes["iterate"] == len(learnt.curve)
    assert data["objective"].values[-1] == learnt.curve[-1].value
    np.testing.assert_array_equal(found.to_xarray()["theta"].sel(name="weight"), found.theta[0])
    network = values["network"]
    data = network.to_xarray()
    np.testing.assert_array_equal(data["theta"], network.theta)
    assert data["accuracy"].values[-1] == network.curve[-1].accuracy


def test_a_changed_case_shows_its_name() -> None:
    assert repr(load_case("regression", {"model.weight": -2.0})).startswith("Case(name='regression, model.weight=-2.0'")
    assert "Measure(dim=2" in repr(Measure.of_points(np.zeros((2, 3))))
