"""What runs and trainings print is a table too: stdout holds it alone, stopped and resumed or not."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

import particles
from particles.base import command
from tests.parsers import MAINS


def tables(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> list[list[list[str]]]:
    """The tables that a command prints as CSV, which its whole output is."""
    package, *rest = map(str, words)
    capsys.readouterr()
    assert command.run(package, MAINS[package].build_parser, [*rest, "--format", "csv"]) == code
    out = capsys.readouterr().out
    return [list(csv.reader(io.StringIO(part))) for part in out.split("\n\n")] if out else []


@pytest.mark.long
def test_a_run_prints_its_moments_as_info_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, out = ("particles", "run", "regression", "--count", 50, "--layers", 4, "--out"), tmp_path / "out"
    assert tables(capsys, *words, out, "--stop-at", 2, code=75) == []
    (unfinished,) = tables(capsys, "particles", "info", out)
    assert ["step", "2"] in unfinished
    ((heads, *rows),) = tables(capsys, "particles", "resume", out)
    assert heads == ["t", "mean", "variance"]
    moments = particles.load(out).plain_moments()
    assert [float(row[2]) for row in rows] == [one[0] for one in moments["variances"]]
    ((heads, *told),) = tables(capsys, "particles", "info", out)
    assert (heads[-1], [row[:-1] for row in told]) == ("sha256", rows)
    assert tables(capsys, *words, out, "--resume") == [[heads[:-1], *rows]]  # it is finished, and says so


@pytest.mark.long
def test_a_solution_prints_its_snapshots_as_info_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, out = ("kinetic", "run", "regression", "--cells", 40, "--out"), tmp_path / "out.nc"
    assert tables(capsys, *words, out, "--stop-at", 5, code=75) == []
    assert ["t", "1.0"] in tables(capsys, "kinetic", "info", out)[0]
    ((heads, *rows),) = tables(capsys, "kinetic", "resume", out)
    assert heads == ["time", "mass", "atoms[1]", "atoms[2]", "mean", "variance"]
    assert [float(row[0]) for row in rows] == [0.0, 1.0, 2.0]
    assert tables(capsys, "kinetic", "info", out) == [[heads, *rows]]
    assert tables(capsys, *words, out, "--resume") == [[heads, *rows]]


def test_a_training_prints_what_it_learnt_and_its_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("particles", "train", "regression", "--target", 2, "--count", 20, "--layers", 4, "--ridge", 0.1)
    values, curve = tables(capsys, *words, "--iterations", 2, "--out", tmp_path / "fit")
    assert [row[0] for row in values] == ["what", "weight", "bias"]
    assert curve[0][:3] == ["iteration", "evaluations", "value"]
    looked, epochs = tables(
        capsys, "particles", "train", "circles", "--epochs", 2, "--starts", 1, "--out", tmp_path / "n"
    )
    assert [row[0] for row in looked] == ["samples", "trained on", "held out"]
    assert (epochs[0][:2], len(epochs)) == (["epoch", "loss"], 4)
