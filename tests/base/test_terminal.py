"""Output that cannot be taken, or a folder that is gone: one sentence and an exit code, never a traceback."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from particles.__main__ import build_parser as particles_parser
from particles.base import command
from particles.base.errors import NotFiniteError
from tests.paths import ROOT
from validation.__main__ import build_parser as validation_parser


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("words", "where", "code"),
    [
        ("particles run regression --exact --count 10 --json --out o", ">/dev/full", 5),
        ("validation cases", "2>&-", 0),
        ("kinetic moments moments-conserved --json", ">/dev/full", 5),
        ("validation cases", ">/dev/full", 5),
        ("validation cases", "| true; exit ${PIPESTATUS[0]}", 5),
        ("validation cases", ">&-", 2),
        ("validation cases", "<&-", 0),
    ],
)
def test_output_that_cannot_be_taken_is_one_sentence(tmp_path: Path, words: str, where: str, code: int) -> None:
    begin = "sleep 0.5; " if "true" in where else ""  # the reader of the pipe has left by then
    done = shell(f"({begin}exec {sys.executable} -m {words}) {where}", tmp_path)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    if code:
        assert done.stderr.count("standard output") == 1


def test_error_that_cannot_be_taken_keeps_the_exit_code(tmp_path: Path) -> None:
    assert shell(f"{sys.executable} -m particles run nowhere --out o 2>/dev/full", tmp_path).returncode == 2


@pytest.mark.parametrize(
    "words", ["run regression --exact --count 10 --out o", "info o", "resume o", "run a.toml --out o"]
)
def test_working_folder_that_is_gone_is_one_sentence(tmp_path: Path, words: str) -> None:
    (tmp_path / "gone").mkdir()
    done = shell(f"cd gone; rmdir ../gone; exec {sys.executable} -m particles {words}", tmp_path)
    assert done.returncode in (2, 5)
    assert [line[:11] for line in done.stderr.splitlines() if not line.startswith("shell-init")] == ["particles: "]


@pytest.mark.parametrize(
    "words", ["info {n}", "resume {n}", "resume /", "run {n}.toml --out o", "run regression --out {n}"]
)
def test_names_too_long_are_one_sentence(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("particles", particles_parser, words.format(n="n" * 300).split()) == 2
    told = capsys.readouterr().err
    assert (told.count("\n"), told[:11]) == (1, "particles: ")


def test_names_too_long_to_compare_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("validation", validation_parser, ["compare", "n" * 300, "m" * 300]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_number_that_json_has_not_is_a_sentence() -> None:
    with pytest.raises(NotFiniteError, match="not finite"):
        command.print_json({"moments": [math.inf]})
