"""`validation sweep`: what its points are against runs of their own, and that nothing hangs on ranks or on order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray

import validation.__main__
from kinetic import Explicit, Grid, solve
from particles import Euler, simulate
from particles.base import command, signals
from particles.model import Law, exact_law, load_case
from particles.model.cases.copy import case_of
from validation import expected_w1, w1_to_law
from validation.sweep.axes import Axis, axes_of, points_of
from validation.sweep.point import Found, Point, carry_out
from validation.sweep.record import Sweep

QUICK = ("--count", "300", "--layers", "8", "--cells", "40")


def sweep(*words: str) -> int:
    return command.run("validation", validation.__main__.build_parser, ("sweep", *words))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture takes as long as all else: one is drawn in earnest."""
    monkeypatch.setattr("validation.sweep_figures.draw_sweep", lambda sweep, path: path.touch())


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sweep") / "s"
    words = ("regression", "model.weight=-2:-1:3", "model.initial.m=0,1", "--set", "model.bias=0.5")
    assert sweep(*words, *QUICK, "--domain", "-9", "9", "--times", "1", "2", "--out", str(out)) == 0
    return out


def test_a_point_is_the_run_of_the_changed_case(swept: Path) -> None:
    """Cloud, solution and W1 of one point, from runs of their own, to the last bit."""
    data = xarray.load_dataset(swept / "sweep.nc", engine="scipy")
    assert dict(data.sizes) == {"model.weight": 3, "model.initial.m": 2, "time": 2, "component": 1}
    assert data["model.weight"].values.tolist() == [-2.0, -1.5, -1.0]
    case = load_case("regression", {"model.bias": 0.5, "model.weight": -1.5, "model.initial.m": 1.0})
    here = data.sel({"model.weight": -1.5, "model.initial.m": 1.0, "time": 2.0}).isel(component=0)
    run = simulate(case.model, Euler(layers=8), count=300, until=2.0, times=[1.0, 2.0])
    assert float(here["mean"]) == run.moments[-1, 0, 0]
    assert float(here["energy"]) == run.moments[-1, 1, 0]
    assert float(here["variance"]) == run.variances[-1, 0]
    solution = solve(case.model, Grid(-9.0, 9.0, cells=40), Explicit(), until=2.0, times=[1.0, 2.0])
    assert float(here["equation_mean"]) == solution.at(2.0).mean[0]
    law = exact_law(case.model, 2.0)
    assert isinstance(law, Law)
    assert float(here["exact_variance"]) == law.variance
    assert float(here["exact_energy"]) == pytest.approx(law.variance + law.mean**2, rel=1e-14)
    assert float(here["w1"]) == w1_to_law(run.at(2.0), law)
    assert float(here["w1_ratio"]) == pytest.approx(w1_to_law(run.at(2.0), law) / expected_w1(law, 300), rel=1e-14)
    assert set(np.unique(data["against"].astype(str))) == {"exact law"}


def test_the_record_holds_the_case_and_how_it_was_made(swept: Path) -> None:
    data = xarray.load_dataset(swept / "sweep.nc", engine="scipy")
    record = json.loads(data.attrs["record"])
    base = case_of(record)
    assert base is not None
    assert base.model.describe() == load_case("regression", {"model.bias": 0.5}).model.describe()
    assert record["axes"] == {"model.weight": [-2.0, -1.5, -1.0], "model.initial.m": [0.0, 1.0]}
    assert record["scheme"] == "Euler(layers=8)"
    assert {"versions", "commit", "command"} <= set(record)
    assert (swept / "sweep.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in swept.iterdir()) == ["sweep.nc", "sweep.png"]


@pytest.mark.usefixtures("undrawn")
def test_words_make_an_axis_and_the_table_has_a_row_a_point(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "s"
    words = ("regression", "model.drift=relu,tanh", *QUICK[:4], "--no-equation", "--out", str(out))
    assert sweep(*words, "--json", "--format", "csv") == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines[0] == "model.drift,mean,variance,exact mean,exact variance,W1,W1/floor"
    assert [line.split(",")[0] for line in lines[1:]] == ["relu", "tanh"]
    told = json.loads(last)
    assert [row["model.drift"] for row in told["points"]] == ["relu", "tanh"]
    data = xarray.load_dataset(out / "sweep.nc", engine="scipy")
    assert data["model.drift"].astype(str).values.tolist() == ["relu", "tanh"]
    assert "equation_mean" not in data
    assert sweep(*words) == 2
    assert "--replace" in capsys.readouterr().err
    assert sweep(*words, "--replace") == 0


def test_axes_are_read_as_they_are_written() -> None:
    axes = axes_of(["model.nu2=0.01:1:3:log", "model.weight=-1,2.5", "run.until=1:2:2"])
    assert axes[0].values == pytest.approx((0.01, 0.1, 1.0), rel=1e-15)
    assert (axes[0].log, axes[1]) == (True, Axis("model.weight", (-1.0, 2.5)))
    places = points_of(axes[1:])
    assert [tuple(place.values()) for place in places] == [(-1.0, 1.0), (-1.0, 2.0), (2.5, 1.0), (2.5, 2.0)]


REFUSED = [
    (["model.weight"], "'model.weight': allowed is KEY=VALUES, such as model.weight=-2:-0.2:20"),
    (["model.weight=1:2"], "'model.weight=1:2': allowed is LOW:HIGH:COUNT, LOW:HIGH:COUNT:log, or values with commas"
     " between them"),
    (["model.weight=1:2:1"], "'model.weight=1:2:1': LOW and HIGH are two finite numbers, COUNT an integer from 2 to"
     " 10000"),
    (["model.weight=-1:2:3:log"], "'model.weight=-1:2:3:log': with log both ends are positive"),
    (["model.weight=1,1"], "'model.weight=1,1': allowed are at least two values, each once"),
    (["model.weight=1,tanh"], "'model.weight=1,tanh': numbers and words on one axis: allowed is one kind"),
    (["model.weight=1,[2]"], "'model.weight=1,[2]': '[2]' is no number and no word; allowed is LOW:HIGH:COUNT,"
     " LOW:HIGH:COUNT:log, or values with commas between them"),
    (["model.weight=1,2", "model.weight=3,4"], "model.weight is swept twice: allowed is once"),
    (["model.weight=1:2:101", "model.bias=1:2:100"], "a sweep of 10100 points: allowed are 10000"),
    (["model.weigth=1,2"], "regression, changed: model.weigth is not known: did you mean weight?"),
    (["run.until=1,2"], "regression, run.until=2.0: allowed are values that leave the number of features"
     " and the horizon alone"),
    (["model.nu2=0,1"], "case 'regression, model.nu2=1.0' has noise, nu2 = 1.0: give --eps, or --milstein with --dt"),
    (["model.weight=1,2", "--set", "model.weight=3"], "model.weight is swept, and set by --set: allowed is one of"
     " both"),
    (["model.weight=1,2", "--no-equation", "--cells", "9"], "--cells is for the equation: with --no-equation it is not"
     " solved"),
    (["model.weight=1,2", "--domain", "1", "2", "3", "4"], "--domain of 4 numbers: allowed are two, in the plane four"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "sentence"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_mistakes_are_told_in_one_sentence_and_nothing_is_written(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep("regression", *words, "--out", str(tmp_path / "s")) == 2
    assert capsys.readouterr().err == f"validation: {sentence}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("undrawn")
def test_a_point_that_stops_being_finite_is_nan_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """x' = 600 x leaves the numbers before t = 2: the other point stands, the answer is JSON without a NaN."""
    words = ("moments-decay", "model.weight=-1,600", *QUICK[:2], "--layers", "200", "--no-equation", "--json")
    assert sweep(*words, "--out", str(tmp_path / "s")) == 0
    out, err = capsys.readouterr()
    decayed, grown = json.loads(out.splitlines()[-1])["points"]
    assert decayed["exact mean"] == pytest.approx(0.1353352832366127, rel=1e-12)  # e^-2
    assert {name for name, value in grown.items() if value is None} == set(grown) - {"model.weight"}
    assert err.startswith("validation: model.weight=600.0: particles: ")
    assert err.count("\n") == 1


@pytest.mark.usefixtures("undrawn")
def test_a_stopped_sweep_goes_on_from_its_points(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in its third point of four it runs two more, and no others; another sweep does not take them."""
    whole, out = tmp_path / "whole", tmp_path / "s"
    words = ("regression", "model.weight=-2:-1:4", *QUICK)
    assert sweep(*words, "--out", str(whole)) == 0
    ran: list[Point] = []
    stops: list[type[BaseException]] = [KeyboardInterrupt]

    def counted(point: Point) -> Found:
        if len(ran) >= 2 and stops:
            raise stops.pop()
        ran.append(point)
        return carry_out(point)

    monkeypatch.setattr("validation.sweep.point.carry_out", counted)
    assert sweep(*words, "--out", str(out)) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.points", "whole"]
    assert len(list((tmp_path / "s.points").iterdir())) == 2
    told = f"2 of 4 points are kept in {out}.points, and the same command with --resume goes on from them"
    assert capsys.readouterr().err.endswith(f"validation: interrupted: {told}\n")
    stops.append(signals.Ended)
    assert sweep(*words, "--out", str(out), "--resume") == 75
    assert capsys.readouterr().err.endswith(f"validation: ended by SIGTERM: {told}\n")
    assert sweep(*words, "--out", str(out)) == 2
    assert "s.points holds points of a stopped sweep: go on with --resume, or remove it" in capsys.readouterr().err
    assert sweep(*words, "--seed", "1", "--out", str(out), "--resume") == 2
    assert "is of another sweep" in capsys.readouterr().err
    assert sweep(*words, "--out", str(out), "--resume") == 0
    assert [point.case.model.weight for point in ran[2:]] == pytest.approx([-4.0 / 3.0, -1.0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s", "whole"]
    one, other = (xarray.load_dataset(place / "sweep.nc", engine="scipy") for place in (whole, out))
    assert one.assign_attrs(record="").identical(other.assign_attrs(record=""))


@pytest.mark.usefixtures("undrawn")
def test_a_finished_sweep_says_so_and_another_is_not_taken_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --resume it tells its table and its remarks again, byte for byte, and runs nothing."""
    place = str(tmp_path / "a b")
    words = ("moments-decay", "model.weight=-1,600", *QUICK[:2], "--layers", "200", "--no-equation", "--out", place)
    asked = (*words, "--json", "--resume")
    assert sweep(*asked) == 0
    first = capsys.readouterr()
    stored = (tmp_path / "a b" / "sweep.nc").read_bytes()
    monkeypatch.setattr("validation.sweep.point.carry_out", None)
    assert sweep(*asked) == 0
    again = capsys.readouterr()
    assert "this sweep is finished, and stored in " in again.out
    lines = [[line for line in told.splitlines() if place not in line] for told in (first.out, again.out)]
    assert lines[0] == lines[1]
    assert first.err == again.err
    assert sweep(*words, "--seed", "1", "--resume") == 2
    assert "a b holds another sweep: to replace it add --replace, or give another folder" in capsys.readouterr().err
    assert sweep(*words) == 2
    assert "holds an older result" in capsys.readouterr().err
    assert (tmp_path / "a b" / "sweep.nc").read_bytes() == stored


def test_what_is_not_known_or_fails_is_nan_and_told() -> None:
    """A heavy tail has no W1: the rest of the point stands, and a remark says at which point."""
    values = {f"{side}_{m}": np.full((1, 1), np.nan) for side in ("particles", "equation", "exact")
              for m in ("mean", "variance", "energy")}  # fmt: skip
    values |= {"w1": np.full(1, np.nan), "w1_floor": np.full(1, np.nan)}
    found = Found(values, "", ("W1 at t = 1: it has no mean",))
    told = Sweep(case="c", axes=(Axis("a", (1.0, 2.0)),), times=(1.0,), points=(found, Found(values)), distance="W1",
                 info={})  # fmt: skip
    assert told.remarks == ("a=1.0: W1 at t = 1: it has no mean",)
    assert set(told.to_xarray().data_vars) == {"mean", "variance", "energy"}
    assert told.table().heads == ("a",)
