"""Any program takes part: problems as files, results from files, examples in C and in plain Python."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from benchmarks.contest import given
from benchmarks.contest.__main__ import main
from benchmarks.contest.contestant import ready
from benchmarks.contest.problems import PROBLEMS
from benchmarks.contest.references import reference
from benchmarks.contest.result import Cdf, CellAverages, Density, Samples
from benchmarks.contest.score import scores
from particles.base.errors import InputError
from tests.paths import ROOT

EXAMPLES = Path(given.__file__).parent / "examples"
SOME = ("tanh", "ou", "vehicles", "relu-rest", "plane-linear")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some problems as files."""
    folder = tmp_path_factory.mktemp("contest") / "problems"
    assert main(["export", *(word for name in SOME for word in ("--problem", name)), str(folder)]) == 0
    return folder


def score(capsys: pytest.CaptureFixture[str], problem: str, file: Path, *options: str) -> dict[str, Any]:
    """What the command prints."""
    assert main(["score", problem, str(file), *options]) == 0
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("name", SOME)
def test_the_files_hold_the_problem_and_its_reference(exported: Path, name: str) -> None:
    problem, known = PROBLEMS[name], reference(PROBLEMS[name])
    told = tomllib.loads((exported / f"{name}.toml").read_text(encoding="utf-8"))
    assert told["symbols"] == problem.symbols
    assert np.array_equal(told["weight"], problem.weight)
    assert {key: tuple(np.ravel(value)) for key, value in told["start"].items() if key != "law"} == {
        key: tuple(np.ravel(value)) for key, value in vars(problem.start).items()
    }
    rows = np.loadtxt(exported / f"{name}.csv", delimiter=",", skiprows=1)
    with xarray.open_dataset(exported / f"{name}.nc", engine="scipy") as held:
        assert held.attrs["error"] == known.error == told["reference"]["error"]
        column = "mass" if problem.dimension == 2 else "cdf"
        assert np.array_equal(held[column].values.ravel(), rows[:, 4 if problem.dimension == 2 else 2])
    if problem.dimension == 1:
        assert np.array_equal(rows[:, 2], known.cdf(rows[:, 0]))
        assert rows[-1, 2] > 1.0 - 1e-12
    else:
        assert rows[:, 4].sum() == pytest.approx(1.0, abs=1e-12)


def test_an_export_loses_nothing(exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for folder, sentence in ((tmp_path, "holds something else"), (tmp_path / "no" / "such", "in a folder that exists")):
        assert main(["export", "--problem", "ou", str(folder)]) == 2
        assert sentence in capsys.readouterr().err
    assert main(["export", *(word for name in SOME for word in ("--problem", name)), str(exported)]) == 2
    assert "--replace" in capsys.readouterr().err
    assert main(["export", "--problem", "no", str(tmp_path / "new")]) == 2
    assert "'no' is unknown" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_example_in_c_is_as_good_as_its_particles(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["-O2", "-std=c99", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["cc", *flags, "-o", tmp_path / "particles", EXAMPLES / "particles.c", "-lm"], check=True)
    with (tmp_path / "out.csv").open("w") as out:
        subprocess.run([tmp_path / "particles", exported / "ou.toml", "20000", "60", "1"], stdout=out, check=True)
    found = score(capsys, "ou", tmp_path / "out.csv")
    assert (found["read_as"], found["particles"]) == ("Samples", 20000)
    assert found["w1"] < 3.0 * found["floor"]  # the deviation of W1 is some .36 of its mean, the floor


def test_the_example_in_python_needs_no_package(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-S", "-I", EXAMPLES / "levels.py", exported / "tanh.toml", "400", "20"]
    (tmp_path / "out.csv").write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    found = score(capsys, "tanh", tmp_path / "out.csv")
    assert found["read_as"] == "Cdf"
    assert found["w1"] < 2e-6


def test_every_form_is_read(tmp_path: Path) -> None:
    text = {
        "x\n1\n2\n": Samples(np.array([1.0, 2.0])),
        "x,y\n1,2\n3,4\n": Samples(np.array([[1.0, 2.0], [3.0, 4.0]])),
        "x, cdf\n0,0\n1,1\n": Cdf(np.array([0.0, 1.0]), np.array([0.0, 1.0])),
        "x,density\n1,2\n0,1\n": Density(np.array([0.0, 1.0]), np.array([1.0, 2.0])),
        "left,right,average\n1,2,0.5\n0,1,0.25\n2,2,0.25\n": CellAverages(
            np.array([0.0, 1.0, 2.0]), np.array([0.25, 0.5]), ((2.0, 0.25),)
        ),
        "left,right,bottom,top,average\n0,1,0,1,1\n0,1,1,2,2\n": CellAverages(
            (np.array([0.0, 1.0]), np.array([0.0, 1.0, 2.0])), np.array([[1.0, 2.0]])
        ),
        "x,y,density\n0,0,1\n0,1,2\n1,0,3\n1,1,4\n": Density(
            (np.array([0.0, 1.0]), np.array([0.0, 1.0])), np.array([[1.0, 2.0], [3.0, 4.0]])
        ),
    }
    for number, (content, expected) in enumerate(text.items()):
        file = tmp_path / f"{number}.csv"
        file.write_text(content)
        assert repr(given.read(str(file))) == repr(expected)
    rows = np.array([[0.0, 0.0], [1.0, 1.0]])
    np.save(tmp_path / "rows.npy", rows)
    assert repr(given.read(str(tmp_path / "rows.npy"), "cdf")) == repr(Cdf(rows[:, 0], rows[:, 1]))
    assert repr(given.read(str(tmp_path / "rows.npy"))) == repr(Samples(rows))
    xarray.Dataset({"x": ("i", rows[:, 0]), "cdf": ("i", rows[:, 1])}).to_netcdf(tmp_path / "a.nc", engine="scipy")
    assert repr(given.read(str(tmp_path / "a.nc"))) == repr(Cdf(rows[:, 0], rows[:, 1]))


FAULTS = {
    "x\n1\nabc\n": "abc",
    "x\n": "no rows",
    "a,b\n1,2\n": "its columns are a, b: allowed are x; x, y",
    "x,cdf\n1\n": "1 columns",
    "x\n1\nnan\n": "points[1] = nan",
    "left,right,average\n0,1,0.5\n2,3,0.5\n": "no cell begins at 1.0",
    "x,cdf\n0,0\n1,0.5\n": "mass = 0.5 must be 1",
}


@pytest.mark.parametrize("content", FAULTS)
def test_a_bad_file_is_one_sentence(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(content)
    assert main(["score", "ou", str(file)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert FAULTS[content] in told.err
    assert told.err.count("\n") == 1


def test_what_is_no_file_of_these_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x\n1\n")
    (tmp_path / "x.nc").write_text("x\n1\n")
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    np.save(tmp_path / "x.npy", np.zeros(3))
    for name, kind in (("x.txt", None), ("x.nc", None), ("cube.npy", None), ("none.csv", None), ("x.npy", "cdf")):
        with pytest.raises(InputError):
            given.read(str(tmp_path / name), kind)
    (tmp_path / "x.csv").write_text("x\n1\n")
    with pytest.raises(InputError, match="--as says cdf"):
        given.read(str(tmp_path / "x.csv"), "cdf")


def test_certify_says_how_far_two_routes_are_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", "--problem", "tanh", "--format", "csv"]) == 0
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines()[-2:])
    assert float(row["difference"]) < 1e-12 == float(row["stated error of F"])
    assert main(["certify", "--problem", "tanh"]) == 0
    assert "within the stated 1e-12" in capsys.readouterr().out


def test_the_contestant_of_the_page_is_one() -> None:
    """Its errors fall as its particles grow: 64 times as many, an eighth of the error, within a factor of 3."""
    page = (ROOT / "docs" / "contest.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert code.count("\n") <= 60
    names: dict[str, Any] = {}
    exec(compile(code, "contest.md", "exec"), names)
    mine, problem = names["mine"], PROBLEMS["ou"]
    assert mine.cannot(problem) is None
    assert mine.cannot(PROBLEMS["boltzmann"]) == "no collisions"
    ladder = mine.ladder(problem)
    few, many = (
        np.mean(
            [scores(problem, reference(problem), ready(mine, problem, ladder[rung])(problem, s)).w1 for s in range(8)]
        )
        for rung in (0, 3)
    )
    assert 8.0 / 3.0 < few / many < 24.0
