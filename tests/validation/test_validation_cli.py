"""`python -m validation`: what it prints, writes and returns."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import particles.__main__
import validation.__main__
from kinetic import Grid, Plane, solve
from kinetic.__main__ import build_parser as kinetic_parser
from particles.base import command
from particles.model import Measure, Normal, cases
from tests.forks import Fresh, in_forks
from validation.figures import window_of


def validate(*words: str) -> int:
    return command.run("validation", validation.__main__.build_parser, words)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("records")
    cloud, density = str(folder / "cloud"), str(folder / "density.nc")
    run = ("run", "vehicles", "--count", "5000", "--exact", "--out", cloud)
    assert command.run("particles", particles.__main__.build_parser, run) == 0
    run = ("run", "vehicles", "--cells", "120", "--out", density)
    assert command.run("kinetic", kinetic_parser, run) == 0
    return cloud, density


def last_json(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])  # type: ignore[no-any-return]


def test_cases_lists_every_case_with_its_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert validate("cases", "--json") == 0
    listed = last_json(capsys)
    assert {"moments-decay", "moments-conserved", "vehicles", "regression", "regression-2d", "iris"} <= set(listed)
    assert all(entry["notes"] for entry in listed.values())


def test_compare_prints_both_routes_floor_and_error(
    records: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate("compare", *records, "--json") == 0
    found = last_json(capsys)
    numbers = {"time", "count", "w1", "w1_pot", "floor", "ratio", "p_value", "detectable", "kolmogorov", "kolmogorov_p"}
    assert set(found) == numbers | {"pde_error", "holds", "verdict", "remarks"}
    assert found["time"] == 3.0
    assert abs(found["w1"] - found["w1_pot"]) < 6.0 / 200_000
    assert found["pde_error"] < 1e-5


def test_compare_over_all_times_prints_a_row_each_and_draws_them(
    records: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Any two records, in either order; the rows are those of single times, and each has its share of 5 %."""
    picture = tmp_path / "over.svg"
    assert validate("compare", *records[::-1], "--time", "all", "--plot", str(picture), "--json") == 0
    told = capsys.readouterr().out.splitlines()
    found = json.loads(told[-1])
    assert [row["time"] for row in found["rows"]] == [0.0, 1.0, 2.0, 3.0]
    assert (found["symbol"], found["holds"], found["level"]) == ("W1", True, 0.0125)
    assert told[0] == "vehicles: 5,000 particles against 120 cells on [2, 8]"
    assert told[1].split() == ["t", "W1", "floor", "W1/floor", "p-value", "PDE", "error"]
    assert any(line.startswith("verdict: holds: indistinguishable from sampling at 4 times") for line in told)
    assert validate("compare", *records, "--time", "2", "--json") == 0
    alone = last_json(capsys)
    assert {name: alone[name] for name in ("w1", "floor", "ratio", "p_value", "pde_error")}.items() <= found["rows"][
        2
    ].items()
    assert picture.read_text().startswith("<?xml")
    assert validate("compare", *records, "--time", "all", "--plot", str(picture)) == 2
    assert "add --replace" in capsys.readouterr().err
    assert validate("compare", records[1], records[1], "--time", "all", "--format", "csv") == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["time,W1,floor,ratio,p-value,PDE error", "0.0,0.0,,,,"]


def test_compare_ends_in_a_verdict_and_its_power(records: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert validate("compare", *records) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[-2].startswith("verdict: holds: indistinguishable from sampling at M = 5000: p = ")
    assert lines[-1].endswith("would be seen with 95 % power (5 % false alarms)")


def test_compare_says_what_belongs_where(records: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert validate("compare", *records[::-1]) == 2
    assert "here they are the wrong way round" in capsys.readouterr().err
    assert validate("compare", records[0], "none.nc") == 2
    assert "none.nc cannot be read, it does not exist: compare wants the folder of a" in capsys.readouterr().err


@pytest.mark.parametrize("which", [0, 1])
def test_compare_takes_two_of_a_kind_at_one_time(
    records: tuple[str, str], which: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last common one by default; a time that is not there is refused with those that are."""
    both = records[which], records[which]
    for words, time in (((), 3.0), (("--time", "2"), 2.0)):
        assert validate("compare", *both, *words, "--json") == 0
        rows = last_json(capsys)["rows"]
        assert [(row["time"], row["w1"], row["p_value"]) for row in rows] == [(time, 0.0, None)]
    assert validate("compare", *both, "--time", "0.7") == 2
    assert "time = 0.7 is not stored in both: allowed are 0, 1, 2, 3" in capsys.readouterr().err


@pytest.mark.parametrize("which", [0, 1])
def test_plot_draws_any_record(records: tuple[str, str], which: int, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    assert validate("plot", records[which], "--out", str(picture)) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000


def test_plot_draws_two_records_in_either_order_and_every_format(records: tuple[str, str], tmp_path: Path) -> None:
    starts = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}
    for k, (form, start) in enumerate(starts.items()):
        picture = tmp_path / f"picture.{form}"
        turned = records[:: 1 if k else -1]
        assert validate("plot", *turned, "--times", "3", *["--law"] * k, "--out", str(picture)) == 0
        assert picture.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("{1}", "{1}", "--times", "7"), "time = 7 is not stored in both: allowed are 0, 1, 2, 3"),
        (("{0}", "--times", "7"), "time = 7 is not stored: allowed are 0, 1, 2, 3; a run keeps others by --times"),
        (("{0}", "{2}"), "the cloud is of dimension 1, the solution of dimension 2"),
        (("{2}", "--law"), "does not say of which case it is"),
        (("{1}", "{1}", "--cloud", "{0}"), "--cloud is drawn over one record of the plane"),
    ],
)
def test_plot_says_what_cannot_be_drawn(
    records: tuple[str, str], plane: str, words: tuple[str, ...], told: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    asked = [word.format(*records, plane) for word in words]
    assert validate("plot", *asked, "--out", str(tmp_path / "no.png")) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_plane_of_particles_is_drawn_alone_and_over_its_density(
    plane: str, records: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ("run", "regression-2d", "--count", "500", "--layers", "20", "--out", str(tmp_path / "cloud"))
    assert command.run("particles", particles.__main__.build_parser, run) == 0
    assert validate("plot", str(tmp_path / "cloud"), "--out", str(tmp_path / "plane.png")) == 0
    out = "--out", str(tmp_path / "over.png")
    assert validate("plot", plane, "--cloud", str(tmp_path / "cloud"), *out) == 0
    assert (tmp_path / "over.png").stat().st_size > 20_000
    (tmp_path / "over.png").unlink()
    for record, cloud, told in (
        (plane, records[0], "one of 1 component and one of 2 components"),
        (records[1], records[0], "--cloud is drawn over a record of the plane"),
        (records[0], records[0], "--cloud is drawn over a record of the plane"),
    ):
        assert validate("plot", record, "--cloud", cloud, *out) == 2
        assert told in capsys.readouterr().err
    assert not (tmp_path / "over.png").exists()


STUDY = ("study", "mean-field", "regression", "--levels", "100", "1000", "1e4", "--replicates", "150")


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A record of the plane."""
    out = tmp_path_factory.mktemp("plane") / "plane.nc"
    model = cases["regression-2d"].model
    solve(model, Plane(Grid(-6.5, 8.5, cells=40), Grid(-7.5, 7.5, cells=30)), until=2.0, times=(0.0, 1.0)).save(out)
    return str(out)


def test_plot_draws_a_record_of_the_plane(plane: str, tmp_path: Path) -> None:
    assert validate("plot", plane, "--out", str(tmp_path / "plane.png")) == 0
    assert (tmp_path / "plane.png").read_bytes()[:4] == b"\x89PNG"


def test_compare_refuses_records_of_different_dimensions(
    records: tuple[str, str], plane: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate("compare", records[0], plane) == 2
    assert "one of 1 component and one of 2 components: allowed are records of the same" in capsys.readouterr().err


def test_study_writes_table_record_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "study"
    code = validate(*STUDY, "--json", "--out", str(out))
    found = last_json(capsys)
    assert code == (0 if found["holds"] else 1)
    assert json.loads((out / "study.json").read_text())["rows"] == found["rows"]
    with (out / "study.csv").open() as stream:
        table = list(csv.DictReader(stream))
    assert [float(row["level"]) for row in table] == [100.0, 1000.0, 10000.0]
    assert (out / "study.png").read_bytes().startswith(b"\x89PNG")
    assert found["provenance"]["versions"]["numba"]
    assert validate(*STUDY[:-1], "20", "--out", str(out)) == 2
    assert "add --replace" in capsys.readouterr().err
    assert validate(*STUDY[:-1], "20", "--replace", "--out", str(out)) in (0, 1)


def test_a_failing_verdict_is_exit_code_1(tmp_path: Path) -> None:
    words = ("study", "mean-field", "regression", "--levels", "100", "200", "400", "--replicates", "3")
    assert validate(*words, "--out", str(tmp_path / "study")) == 1  # far too few: the intervals are too wide


def test_measured_data_may_come_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "data.csv"
    table.write_text("length\n" + "\n".join(str(2.0 + 0.01 * k) for k in range(400)) + "\n")
    words = ("study", "mean-field", "vehicles", "--levels", "100", "200", "400", "--replicates", "10")
    words = (*words, "--data", str(table), "--column", "length", "--json", "--out", str(tmp_path / "study"))
    assert validate(*words) in (0, 1)
    assert last_json(capsys)["extra"]["measured"]["count"] == 400


BAD = [
    (("study", "mean-field", "nowhere", "--out", "{tmp}/s"), "case 'nowhere' is not known"),
    (("study", "mean-field", "circulation", "--out", "{tmp}/s"), "the law of its collisions"),
    (("study", "mean-field", "regression", "--levels", "10", "--out", "{tmp}/s"), "at least three"),
    (("study", "mean-field", "regression", "--replicates", "1", "--out", "{tmp}/s"), "replicates = 1"),
    (("study", "mean-field", "regression", "--seed", "-1", "--out", "{tmp}/s"), "'-1' must be an integer"),
    (("study", "mean-field", "vehicles", "--data", "{tmp}/none.csv", "--out", "{tmp}/s"), "cannot be read"),
    (("study", "mean-field", "regression", "--out", "/"), "holds something else"),
    (("compare", "{tmp}/none", "{tmp}/none.nc"), "cannot be read"),
    (("compare", "{tmp}/none", "{tmp}/none.nc", "--time", "all"), "holds no particle run"),
    (("compare", "{tmp}/none", "{tmp}/none.nc", "--time", "every"), "'every' must be a finite number"),
    (("compare", "{tmp}/none", "{tmp}/none.nc", "--plot", "{tmp}/p.png"), "allowed with --time all"),
    (("compare", "{tmp}/a", "{tmp}/b", "--time", "all", "--plot", "{tmp}/p.gif"), "must end in .svg, .png or .pdf"),
    (("plot", "{tmp}/none", "--out", "{tmp}/p.png"), "holds no particle run"),
    (("plot", "{tmp}/none", "--out", "{tmp}/p.jpg"), "must end in .svg, .png or .pdf"),
    (("plot", "{tmp}/none", "{tmp}/none.nc", "--out", "{tmp}/p.png"), "holds no particle run"),
    (("plot", "{tmp}/a", "{tmp}/b", "--cloud", "{tmp}/c", "--out", "{tmp}/p.png"), "one record of the plane"),
    (("plot", "{tmp}/a", "--times", "nan", "--out", "{tmp}/p.png"), "'nan' must be a finite number"),
    (("movie", "{tmp}/none", "--out", "{tmp}/p.gif"), "holds no particle run"),
    (("movie", "{tmp}/none", "--out", "{tmp}/p.png"), "must end in .gif or .mp4"),
    (("movie", "{tmp}/none", "--fps", "0", "--out", "{tmp}/p.gif"), "'0' must be a positive finite number"),
    (("study", "depth", "regression", "--out", "{tmp}/s"), "invalid choice"),
    (("dance",), "invalid choice"),
    (("all",), "required: --out"),
    (("all", "--out", "/"), "holds something else"),
    (("all", "--out", "{tmp}/no/report"), "in a folder that exists"),
    (("all", "--out", "{tmp}/report", "--cases", "nowhere"), "case 'nowhere' is not known"),
    (("all", "--out", "{tmp}/report", "--cases", "iris", "iris"), "each may be given once"),
    (("all", "--out", "{tmp}/report", "--cases"), "expected at least one argument"),
]


@pytest.fixture(scope="module")
def refused(fresh: Fresh, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """Code, output and errors of every bad line, each in a folder of its own, which it must leave empty."""
    base = tmp_path_factory.mktemp("bad")
    folders = [base / str(number) for number in range(len(BAD))]
    for folder in folders:
        folder.mkdir()
    lines = [[word.format(tmp=folder) for word in words] for folder, (words, _) in zip(folders, BAD, strict=True)]
    ends = in_forks(fresh, base, list(zip(folders, lines, strict=True)), "validation")
    assert not any(list(folder.iterdir()) for folder in folders)
    return {
        " ".join(words): (end.returncode, end.stdout, end.stderr) for (words, _), end in zip(BAD, ends, strict=True)
    }


@pytest.mark.parametrize(("words", "said"), BAD)
def test_bad_input_is_one_sentence_before_mpi_and_numba(
    refused: dict[str, tuple[int, str, str]], words: tuple[str, ...], said: str
) -> None:
    code, out, err = refused[" ".join(words)]
    assert (code, out, err.count("\n")) == (2, "loaded:\n", 1), err
    assert said in err


def normal(low: float, high: float) -> Measure:
    faces = np.linspace(low, high, 1001)
    average = np.diff(Normal(0.0, 1.0).cdf(faces)) / np.diff(faces)
    return Measure(np.array([[low, high]]), np.zeros(2), faces, np.stack([average, 0 * average, 0 * average]))


def test_a_figure_shows_where_the_mass_is() -> None:
    """All but 1e-4 at either end, 3.72 standard deviations, and a margin of 5 %; an atom far away stays in sight."""
    low, high = window_of([normal(-20.0, 40.0)])
    assert (low, high) == pytest.approx((-3.72 - 0.37, 3.72 + 0.37), abs=0.13)
    cloud = Measure.of_points(np.concatenate([normal_points(10_000), [900.0]]))
    assert window_of([cloud]) == pytest.approx((low, high), abs=0.2)
    atom = dataclasses.replace(normal(-20.0, 40.0), masses=np.array([0.0, 0.01]))
    assert window_of([atom])[1] > 40.0


def test_a_heavy_tail_does_not_flatten_a_figure() -> None:
    points = 1.0 / ((np.arange(10_000) + 0.5) / 10_000)  # P(X > x) = 1/x: a level of 1e-4 is 10000
    low, high = window_of([Measure.of_points(points)])
    assert high < 220.0
    assert low < 1.0


def normal_points(count: int) -> np.ndarray:
    return np.asarray(Normal(0.0, 1.0).quantile((np.arange(count) + 0.5) / count))
