"""Claims about `python -m kinetic`."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kinetic
from kinetic.__main__ import build_parser
from particles.base import command
from particles.base.errors import InputError

HEAVY = ("numba", "mpi4py", "xarray", "scipy", "matplotlib")


def run(*words: str) -> int:
    return command.run("kinetic", build_parser, words)


def test_a_run_writes_its_record_and_prints_one_json_object_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "density.nc"
    assert run("run", "vehicles", "--cells", "120", "--until", "1", "--out", str(out), "--json") == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["case"], answer["cells"], answer["domain"]) == ("vehicles", 120, [2.0, 8.0])
    last = answer["snapshots"][-1]
    assert last["time"] == 1.0
    assert last["atoms"] == pytest.approx([0.16409391] * 2, abs=1e-6)
    assert abs(last["mass"] - 1.0) < 1e-13
    assert kinetic.load(out).times == (0.0, 1.0)


def test_times_domain_and_cells_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "density.nc")
    words = ("--cells", "1e2", "--domain", "-6", "8", "--until", "1.5", "--times", "0.25", "0.5", "--out", out)
    assert run("run", "regression", *words) == 0
    record = kinetic.load(out)
    assert (record.times, record.grid) == ((0.25, 0.5, 1.5), kinetic.Grid(-6.0, 8.0, cells=100))
    assert "100 cells on [-6, 8]" in capsys.readouterr().out


def test_limits_of_the_run_are_told_before_it_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "regression", "--cells", "100", "--until", "3", "--out", str(tmp_path / "density.nc")) == 0
    assert "kinetic: from t* = ln(sigma0/h)/|w| = 1.833 on" in capsys.readouterr().err


def test_a_noisy_case_finds_its_own_ends_by_any_scheme(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.toml").write_text(
        'name = "own"\n[model]\ndrift = "identity"\nweight = -1.0\nbias = 0.0\nnu2 = 2.0\n'
        '[model.initial]\nlaw = "normal"\nm = 0.5\nv = 0.2\n[run]\nuntil = 0.5\n'
    )
    for scheme in ("explicit", "imex", "chang-cooper"):
        words = ("--cells", "200", "--scheme", scheme, "--replace", "--out", str(tmp_path / "density.nc"), "--json")
        assert run("run", str(tmp_path / "own.toml"), *words) == 0
        captured = capsys.readouterr()
        answer = json.loads(captured.out.splitlines()[-1])
        lo, hi = answer["domain"]
        assert -7.0 < lo < -5.0 < 5.0 < hi < 7.5
        assert answer["snapshots"][-1]["mean"] == pytest.approx(0.5 * 2.718281828**-0.5, abs=2e-4)
        assert "too narrow" not in captured.err


def test_what_a_finished_run_suffered_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--cells", "100", "--domain", "-2", "1", "--until", "1", "--out", str(tmp_path / "density.nc"))
    assert run("run", "fokker-planck", *words) == 0
    told = capsys.readouterr().err
    assert re.search(
        r"a cell average went down to -\S+ at t = \S+, beside a largest of 0\.\d+: nothing is clipped", told
    )
    assert "next to the end of the grid at -2: it may be too narrow" in told
    assert "next to the end of the grid at 1: it may be too narrow" in told


def test_two_features_are_solved_in_the_plane(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "plane.nc"
    assert run("run", "regression-2d", "--cells", "60", "50", "--times", "0", "1", "--json", "--out", str(out)) == 0
    captured = capsys.readouterr()
    assert "60 x 50 cells" in captured.out
    told = json.loads(captured.out.splitlines()[-1])
    assert told["cells"] == [60, 50]
    for row, t in zip(told["snapshots"], (0.0, 1.0, 2.0), strict=True):
        assert row["time"] == t
        assert row["mass"] == pytest.approx(1.0, abs=1e-13)
        assert row["mean"] == pytest.approx([1.0, 0.0], abs=1e-6)
        assert max(row["walls"].values()) < 1e-11
    solution = kinetic.load(out)
    assert isinstance(solution, kinetic.PlaneSolution)
    assert solution.grid.shape == (50, 60)
    assert solution.snapshot(1.0) == told["snapshots"][1]
    assert solution.provenance["case"] == "regression-2d"


def test_a_damaged_record_of_the_plane_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "plane.nc"
    assert run("run", "regression-2d", "--cells", "20", "--until", "0.1", "--times", "0", "--out", str(out)) == 0
    content = bytearray(out.read_bytes())
    content[-2000] ^= 1
    out.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        kinetic.load(out)


def test_a_run_ends_where_nothing_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--cells", "100", "--until", "100", "--scheme", "chang-cooper", "--residual", "1e-6")
    assert run("run", "fokker-planck", *words, "--out", str(tmp_path / "density.nc")) == 0
    assert "at rest to 1e-06" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("regresion",), "case 'regresion' is not known"),
        (("regression-2d",), "two features have N or N N, and four ends"),
        (("regression-2d", "--scheme", "imex"), "scheme = 'imex' needs noise: nu2 = 0.0 must be above 0"),
        (("fokker-planck", "--scheme", "well-balanced"), "scheme = 'well-balanced' on the line: allowed is 'explicit'"),
        (("regression", "--cells", "100", "80"), "a case on the line has one N, and LO HI"),
        (("regression", "--domain", "0"), "a case on the line has one N, and LO HI"),
        (("regression", "--cells", "0"), "must be a positive integer"),
        (("regression", "--cells", "2"), "cells = 2"),
        (("regression", "--cells", "1e12"), "GiB of memory"),
        (("regression", "--until", "nan"), "must be a finite number"),
        (("regression", "--until", "-1"), "must be a positive finite number"),
        (("regression", "--times", "3"), "times: 3.0"),
        (("regression", "--domain", "3", "1"), "lo = 3.0"),
        (("vehicles", "--domain", "2", "9"), "must be the model's walls"),
        (("regression", "--colour", "red"), "unrecognized arguments"),
        (("regression", "--scheme", "crank"), "invalid choice: 'crank'"),
        (("regression", "--scheme", "chang-cooper"), "needs noise"),
        (("relu",), "give the ends of the grid"),
        (("fokker-planck", "--residual", "0"), "must be a positive finite number"),
    ],
)
def test_bad_input_is_one_sentence_with_exit_code_2_and_writes_nothing(
    words: tuple[str, ...], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    domain = ("--domain", "0", "1") if words[0] == "regression-2d" else ()
    assert run("run", *words, *domain, "--out", str(tmp_path / "density.nc")) == 2
    captured = capsys.readouterr()
    assert named in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_written_is_refused_before_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "regression", "--out", "/no such folder/density.nc") == 2
    assert run("run", "regression", "--out", "density.png") == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_help_and_import_load_nothing_heavy() -> None:
    script = f"import sys, kinetic, kinetic.__main__\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_bad_input_ends_without_anything_heavy() -> None:
    """What it takes is `benchmarks.bench_startup.Mistake`."""
    words = ["-X", "importtime", "-m", "kinetic", "run", "regression", "--until", "-1", "--out", "x.nc"]
    answer = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert not any(f" {name}\n" in answer.stderr for name in HEAVY)


def test_steady_tells_the_law_and_its_oracle_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    answers = []
    for words in (("relu",), ("relu", "--quadrature")):
        assert run("steady", *words, "--json") == 0
        answers.append(json.loads(capsys.readouterr().out.splitlines()[-1]))
    closed, quadrature = answers
    assert (closed["family"], closed["tails"], closed["gap"]) == ("ReLU", [None, 1.0], 0.125)
    assert closed["moments"]["1"] is None
    assert quadrature["quantiles"] == pytest.approx(closed["quantiles"], rel=1e-9)


@pytest.mark.parametrize("case", ["vehicles", "iris"])
def test_a_case_without_a_single_steady_state_is_told_why(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    zero = {"vehicles": "5", "iris": "2.5"}[case]
    assert run("steady", case) == 0
    told = capsys.readouterr().out
    assert f"no single state at rest: the drift pushes away from its zero x = {zero}, each side to its wall" in told


def test_sensitivity_tells_every_derivative(capsys: pytest.CaptureFixture[str]) -> None:
    """Closed forms of tanh, (-1, 1), N(1, 1), T = 1, y = 2; of the noise's variance by its adjoint."""
    assert run("sensitivity", "regression", "--target", "2", "--until", "1", "--cells", "400", "--json") == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [found[name] for name in ("weight", "bias", "mean", "horizon")] == pytest.approx(
        [-0.41273360525219931, -0.50253237982276539, -0.497467620177235, -0.193774846491642], abs=1e-5
    )
    assert run("sensitivity", "fokker-planck", "--target", "1", "--until", "1", "--cells", "200") == 0
    told = capsys.readouterr().out
    assert "imex" in told
    assert "d/d nu2" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--target", "2", "--loss", "l2"), "allowed are moment, w2, w1, energy"),
        (("--target", "normal:2:0.7"), "allowed is a number"),
        (("--target", "nan"), "target"),
        (("--target", "normal:2:-1", "--loss", "l2"), "normal:MEAN:STD"),
        (("--target", "2", "--cells", "3"), "cells"),
        (("--target", "2", "--domain", "3", "1"), "lo < hi"),
        (("--target", "2", "--scheme", "imex"), "noise"),
    ],
)
def test_bad_input_of_sensitivity_is_one_sentence(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sensitivity", "regression", *words) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_sensitivity_leaves_out_what_there_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A start at one point has no derivative by its width: null in JSON, no line in words."""
    path = tmp_path / "point.toml"
    model = 'drift = "tanh"\nweight = -1.0\nbias = 1.0\ninitial = {law = "dirac", point = 0.3}'
    path.write_text(f"[model]\n{model}\n[run]\nuntil = 1.0\n[grid]\ndomain = [-7.0, 9.0]\n")
    assert run("sensitivity", str(path), "--target", "2", "--cells", "100", "--json") == 0
    *words, last = capsys.readouterr().out.splitlines()
    assert json.loads(last)["std"] is None
    assert not any("std" in line for line in words)


def test_derivatives_on_cells_too_wide_are_told_with_what_limits_them(capsys: pytest.CaptureFixture[str]) -> None:
    """As a run on that grid is: the same sentences; on a grid that is wide enough, and fine, none."""
    words = ("sensitivity", "regression", "--target", "2", "--cells", "40", "--json")
    assert run(*words, "--domain", "-100", "100") == 0
    out, err = capsys.readouterr()
    assert "kinetic: the initial law (width 1) is narrower than a cell (5)" in err
    assert "the initial law (width 1) is narrower than a cell (5)" in json.loads(out.splitlines()[-1])["cautions"]
    assert run(*words, "--until", "0.5") == 0
    out, err = capsys.readouterr()
    assert (err, json.loads(out.splitlines()[-1])["cautions"]) == ("", [])
