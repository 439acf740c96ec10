"""Lines of progress where stderr is no terminal, and what `info` says of a run that is not finished."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from particles.__main__ import build_parser
from particles.base import command, progress, status
from particles.base.errors import InputError
from particles.base.progress import Log, progress_bar, spoken
from particles.checkpoint import folder_of
from tests.forks import PATIENCE
from tests.paths import ROOT

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(progress, "monotonic", found)
    return found


def test_line_every_thirty_seconds_with_speed_and_rest(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """1 % every 10 s, of which the first was compilation's: 1000 s in all, at 1e10 particle-steps 100 ns each."""
    log = Log("it", 1e10, 30.0)
    for number in range(1, 8):
        clock.now = 100.0 + 10.0 * number
        log(0.01 * number)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "it: 1 %",
        "it: 4 %, 100 ns a particle-step, 16 min 0 s left",
        "it: 7 %, 100 ns a particle-step, 15 min 30 s left",
    ]


def test_ten_percent_are_worth_a_line_too_but_short_work_none(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    log = Log("it", None, 30.0)
    for number in range(1, 41):
        clock.now = 2.0 * number  # 2.5 % each, over after 80 s
        log(number / 40)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"it: {share} %" for share in (38, 48, 57, 68, 78, 88, 98)]
    short = Log("it", None, 30.0)
    clock.now += 29.0
    short(0.99)
    short(1.0)
    assert capsys.readouterr().err == ""


def test_run_that_goes_on_counts_from_where_it_began(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    log = Log("it", None, 1.0)
    log(0.80)
    clock.now = 10.0
    log(0.90)
    assert capsys.readouterr().err == "it: 90 %, 10 s left\n"


def test_samples_of_a_second_are_told(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    log = Log("it", None, 1.0, 5e4)
    log(0.10)
    clock.now = 10.0
    log(0.20)
    assert capsys.readouterr().err == "it: 20 %, 500 samples a second, 1 min 20 s left\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (273_600, "3 d 4 h"), (-3.0, "0 s")],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert spoken(seconds) == text


@pytest.mark.parametrize("told", ["0", "-1", "nan", "inf", "often", ""])
def test_bad_interval_is_refused(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRESNET_LOG_EVERY", told)
    with pytest.raises(InputError, match="SIMRESNET_LOG_EVERY"), progress_bar("it"):
        pass


def test_only_rank_0_tells_and_every_line_is_whole(fresh: Fresh, tmp_path: Path) -> None:
    words = ("run", "regression", "--count", 9000, "--layers", 25_000, "--times", 2, "--out", tmp_path / "out")
    done = fresh("-m", "particles", *words, ranks=2, env={"SIMRESNET_LOG_EVERY": "0.005"})
    assert done.returncode == 0, done.stderr
    pattern = r"particles: regression: \d+ %(, [\d.e+]+ ns a particle-step, \d+ s left)?"
    lines = done.stderr.splitlines()
    assert len(lines) >= 5
    assert all(re.fullmatch(pattern, line) for line in lines), lines
    shares = [int(line.split()[2]) for line in lines]
    assert shares == sorted(shares)


def info(out: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert command.run("particles", build_parser, ["info", str(out), "--json"]) == 0
    printed, err = capsys.readouterr()
    assert err == ""
    told: dict[str, object] = json.loads(printed.splitlines()[-1])
    return told | {"lines": printed.splitlines()[:-1]}


EAGER = """
import sys
from particles.base import status
status.EVERY = 0.05
from particles.__main__ import build_parser
from particles.base import command, signals
signals._is_command_line = lambda: True
sys.exit(command.run("particles", build_parser))
"""


def test_info_tells_how_far_a_run_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["run", "regression", "--count", "9000", "--layers", "4000000", "--out", str(out), "--max-wall", "1h"]
    environment = os.environ | {"SIMRESNET_LOG_EVERY": "never"}
    with subprocess.Popen(
        [sys.executable, "-c", EAGER, *words], cwd=ROOT, env=environment, stderr=subprocess.PIPE
    ) as run:
        deadline = time.monotonic() + PATIENCE
        while not (folder_of(out) / status.NAME).exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        told = info(out, capsys)
        assert (told["running"], told["pid"], told["steps"], told["ranks"]) == (True, run.pid, 4_000_000, 1)
        assert "kill -USR1" in str(told["lines"])
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=PATIENCE) == 75
    told = info(out, capsys)
    assert (told["finished"], told["running"], told["count"]) == (False, False, 9000)
    assert told["step"] == told["checkpoint_step"]
    assert (told["steps"], told["share"]) == (4_000_000, int(str(told["step"])) / 4_000_000)
    assert "python -m particles resume" in str(told["lines"])
    assert not (folder_of(out) / status.NAME).exists()


def test_info_knows_a_run_that_was_killed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of(tmp_path / "out")
    folder.mkdir()
    host, old = os.uname().nodename, time.time() - 100.0
    text = {"step": 3, "steps": 9, "ranks": 2, "pid": 2**22 + 1, "host": host, "started": old, "written": old}
    (folder / status.NAME).write_text(json.dumps(text))
    told = info(tmp_path / "out", capsys)
    assert (told["running"], told["step"]) == (False, 3)
    assert "start it again" in str(told["lines"])
    (folder / status.NAME).write_text(json.dumps(text | {"host": "elsewhere"}))
    assert info(tmp_path / "out", capsys)["running"] is None
    for damaged in ("", "[]", '{"step": "x"}', json.dumps(text | {"pid": None})):
        (folder / status.NAME).write_text(damaged)
        assert command.run("particles", build_parser, ["info", str(tmp_path / "out")]) == 2
        assert capsys.readouterr().err.count("\n") == 1
