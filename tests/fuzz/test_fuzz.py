"""No input makes a traceback, a hang, a heap of memory or changed data: a fuzzer of the project's own.

In `make test` some inputs of each format, in `make test-long` 20 000 and 2000 command lines; the figures are in
docs/trust.md. `python -m tests.fuzz NAME NUMBER` tries a single one again.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from particles import trajectory
from tests.fuzz.campaign import SEED, campaign, figures, files, lines
from tests.fuzz.targets import TARGETS, prepare


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Originals of all formats; the kernels that they need are loaded once, before the forks."""
    return prepare(tmp_path_factory.mktemp("originals"))


@pytest.fixture(autouse=True)
def _back() -> Iterator[None]:
    here = os.getcwd()
    yield
    os.chdir(here)


def everything(originals: dict[str, Path], place: Path, each: int, of_lines: int, box: float, work: float) -> list[str]:
    taken, wrong = {}, []
    for target in TARGETS:
        task = files(target, originals[target.name], place / target.name)
        taken[target.name], found = campaign(target.name, task, range(each), box)
        wrong += found
    taken["line"], found = campaign("line", lines(originals, place / "lines", work), range(of_lines), box)
    print(*figures(taken, wrong + found), sep="\n")
    return wrong + found


def test_some_mutated_inputs_and_command_lines(originals: dict[str, Path], tmp_path: Path) -> None:
    assert everything(originals, tmp_path, 60, 25, 2.0, 1.0) == []


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_twenty_thousand_inputs_and_two_thousand_command_lines(originals: dict[str, Path], tmp_path: Path) -> None:
    assert everything(originals, tmp_path, 3334, 2000, 1800.0, 5.0) == []


def test_control_without_sums_changed_data_are_found(
    originals: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trajectory, "_check_sums", lambda *arguments: None)
    monkeypatch.setattr(trajectory, "check_moments", lambda *arguments: None)
    only = tmp_path / "original"
    shutil.copytree(originals["run"], only)
    _, wrong = campaign("run", files(TARGETS[0], only, tmp_path / "run", SEED), range(60), 10.0)
    assert any("a changed run was accepted" in text for text in wrong)


def test_control_hangs_crashes_and_exceptions_are_found() -> None:
    def task(number: int) -> str | None:
        if number == 1:
            raise RuntimeError("a bug")
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return None

    taken, wrong = campaign("x", task, range(5), 10.0)
    assert taken == 5
    assert [text[:14] for text in wrong] == ["x 1: RuntimeEr", "x 2: the proce"]
