"""Signals and the end of a job: nothing is lost, nothing is half written, and the code tells what to do next."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from particles.__main__ import build_parser
from particles.base import command, signals, watch
from particles.base.watch import END, Checkpoints, Stopped, _end
from particles.checkpoint import complete, folder_of
from particles.model import cases
from particles.schemes.euler import Euler
from particles.simulate import simulate
from particles.trajectory import load
from tests.forks import PATIENCE
from tests.paths import ROOT

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
RUN = ("run", "regression", "--count", 9000, "--seed", 3)
LONG = (*RUN, "--layers", 4_000_000, "--times", 2)
SHORT = (*RUN, "--layers", 300)
long = pytest.mark.long
MODULE = (sys.executable, "-m", "particles")
SCRIPT = (str(Path(sys.executable).with_name("simresnet")), "particles")


@contextmanager
def started(
    *words: object, before: tuple[str, ...] = (), program: tuple[str, ...] = MODULE, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    command = [*before, *program, *map(str, words)]
    environment = os.environ | {"SIMRESNET_LOG_EVERY": "never"} | variables
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes) as run:
        try:
            yield run
        finally:
            run.kill()


def wait_for_the_loop(run: subprocess.Popen[str]) -> None:
    assert run.stderr is not None
    assert "running, pid" in run.stderr.readline()


def wait_for_the_handler(run: subprocess.Popen[str], number: signal.Signals) -> None:
    """Until the process catches the signal: its first moment."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        lines = Path(f"/proc/{run.pid}/status").read_text().splitlines()
        caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
        if caught >> (number - 1) & 1:
            return
    raise AssertionError("the signal is never caught")


def run_here(*words: object) -> int:
    return command.run("particles", build_parser, list(map(str, words)))


EARLY = """
import signal, sys
sys.orig_argv = ["python", "-m", "particles", "run"]
install = signal.signal
def told(number, handler):
    print(int(number), *[name for name in ("numpy", "scipy", "pydantic", "numba") if name in sys.modules])
    return install(number, handler)
signal.signal = told
import importlib
importlib.import_module(sys.argv[1])
"""


@pytest.mark.parametrize("module", ["particles.__main__", "validation.console"])
def test_command_line_listens_before_anything_slow_is_loaded(fresh: Fresh, module: str) -> None:
    done = fresh("-c", EARLY, module)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(int(number)) for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGALRM)]


def test_script_of_a_user_is_left_alone(fresh: Fresh) -> None:
    asked = "import signal, particles; print([signal.getsignal(n) is signal.SIG_DFL for n in (10, 14, 15)])"
    assert fresh("-c", asked).stdout.strip() == "[True, True, True]"


@pytest.mark.parametrize("program", [MODULE, SCRIPT], ids=["module", "simresnet"])
@pytest.mark.parametrize("delay", [0.0, *(pytest.param(delay, marks=long) for delay in (0.1, 0.2, 0.4, 0.8))])
def test_sigusr1_soon_after_the_start_is_answered_by_the_loop(
    tmp_path: Path, delay: float, program: tuple[str, ...]
) -> None:
    with started(*LONG, "--out", tmp_path / "out", "--exit-on-signal", program=program) as run:
        wait_for_the_handler(run, signal.SIGUSR1)
        time.sleep(delay)
        run.send_signal(signal.SIGUSR1)
        _, told = run.communicate(timeout=PATIENCE)
    assert run.returncode == 75, told
    assert told.count("stopped after step") == 1
    assert len(complete(folder_of(tmp_path / "out"))) == 1


@pytest.mark.parametrize("delay", [0.0, *(pytest.param(delay, marks=long) for delay in (0.1, 0.2, 0.4))])
def test_sigterm_before_the_loop_leaves_at_once_and_nothing(tmp_path: Path, delay: float) -> None:
    with started(*LONG, "--out", tmp_path / "out") as run:
        wait_for_the_handler(run, signal.SIGTERM)
        time.sleep(delay)
        run.send_signal(signal.SIGTERM)
        _, told = run.communicate(timeout=PATIENCE)  # whole, it takes minutes
    assert run.returncode == 75, told
    assert told.count("\n") <= 1
    assert list(tmp_path.iterdir()) == []


def test_sigterm_in_the_loop_is_a_checkpoint_from_which_run_resume_goes_on(tmp_path: Path) -> None:
    out, words = tmp_path / "out", (*RUN, "--layers", 100_000, "--times", 2)
    with started(*words, "--out", out, "--resume") as run:
        wait_for_the_loop(run)
        run.send_signal(signal.SIGTERM)
        told = run.communicate(timeout=PATIENCE)[1]
    assert (run.returncode, told.count("stopped after step")) == (75, 1)
    assert [path.name for path in folder_of(out).iterdir()] == [path.name for path in complete(folder_of(out))]
    assert run_here(*words, "--out", out, "--resume") == 0
    straight = simulate(cases["regression"].model, Euler(layers=100_000), count=9000, until=2.0, seed=3)
    assert load(out).digests() == straight.digests()


SAVING = """
import os, signal, sys
import particles.commands.run, particles.trajectory as trajectory
finish = trajectory.Trajectory._finish
def told_to_end(self, *places):
    os.kill(os.getpid(), signal.SIGTERM)
    finish(self, *places)
trajectory.Trajectory._finish = told_to_end
from particles.__main__ import build_parser
from particles.base import watch
from particles.base import command, signals
signals._is_command_line = lambda: True
sys.exit(command.run("particles", build_parser))
"""


@pytest.mark.parametrize("ranks", [None, pytest.param(2, marks=long)])
def test_sigterm_while_the_result_is_stored_lets_it_be_stored(fresh: Fresh, tmp_path: Path, ranks: int | None) -> None:
    done = fresh("-c", SAVING, *SHORT, "--out", tmp_path / "out", ranks=ranks)
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "out").count == 9000
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


ONE_RANK = """
import os, signal, sys
rank, where, number = int(sys.argv.pop(1)), sys.argv.pop(1), int(sys.argv.pop(1))
import particles
from particles import ensemble, run
simulate = sys.modules["particles.simulate"]
from particles.base import command, launch, signals
signals._is_command_line = lambda: True
def patched(function, owner, name):
    def hear(*arguments, **options):
        if launch.launched_rank() == rank:
            os.kill(os.getpid(), number)
        return function(*arguments, **options)
    setattr(owner, name, hear)
if where == "parse":
    patched(run.Run.check, run.Run, "check")
elif where == "start":
    patched(simulate._compile, simulate, "_compile")
else:
    patched(ensemble.Ensemble.first_not_finite, ensemble.Ensemble, "first_not_finite")
from particles.__main__ import build_parser
sys.exit(command.run("particles", build_parser))
"""


@pytest.mark.parametrize(
    ("where", "rank"),
    [
        ("start", 1),
        *(pytest.param(where, rank, marks=long) for where in ("parse", "start", "loop") for rank in (0, 1)),
    ],
)
def test_sigterm_of_one_rank_ends_all(fresh: Fresh, tmp_path: Path, where: str, rank: int) -> None:
    done = fresh("-c", ONE_RANK, rank, where, int(signal.SIGTERM), *SHORT, "--out", tmp_path / "out", ranks=2)
    assert done.returncode == 75, done.stderr
    assert len(complete(folder_of(tmp_path / "out"))) == (1 if where == "loop" else 0)
    assert not (tmp_path / "out").exists()


def test_max_wall_stops_in_time(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh("-m", "particles", *LONG, "--out", tmp_path / "out", "--max-wall", "3s")
    assert done.returncode == 75, done.stderr
    assert len(complete(folder_of(tmp_path / "out"))) == 1


@pytest.mark.parametrize(
    ("told", "left"), [("60", 60.0), ("-60", math.inf), (None, math.inf), ("1e9", math.inf), ("1000000000", math.inf)]
)
def test_end_that_slurm_tells_counts_if_it_is_to_come(told: str | None, left: float, tmp_path: Path) -> None:
    """The end of another job, in a shell that lives on, and one that never comes are none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(END, raising=False)
        patch.setattr(watch, "monotonic", lambda: 50.0)
        patch.setattr(time, "time", lambda: 2e9)
        if told is not None:
            patch.setenv(END, told if "e" in told else f"{2e9 + float(told):.0f}")
        assert _end(Checkpoints(tmp_path)) == 50.0 + left
        assert abs(_end(Checkpoints(tmp_path, max_wall=9.0)) - signals.began - 9.0) < 1e-6


def test_end_near_makes_the_next_look_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two checkpoints and sweeps and the margin do not fit before the end; the next job's is far."""
    checkpoints = Checkpoints(tmp_path / "c")
    monkeypatch.setattr(watch, "MARGIN", 1000.0)
    monkeypatch.setenv(END, f"{time.time() + 500:.0f}")
    with pytest.raises(Stopped, match="after step 128 of 300"):
        simulate(cases["regression"].model, Euler(layers=300), count=9000, until=2.0, checkpoints=checkpoints)
    monkeypatch.setenv(END, f"{time.time() + 4000:.0f}")
    again = Checkpoints(tmp_path / "c", resume=True)
    resumed = simulate(cases["regression"].model, Euler(layers=300), count=9000, until=2.0, checkpoints=again)
    assert resumed.count == 9000


def test_run_resume_serves_every_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing there: begin; a checkpoint: go on; finished: say so; another run, finished or not: refuse."""
    words = (*SHORT, "--out", tmp_path / "out", "--resume")
    assert run_here(*words, "--stop-at", 100) == 75
    capsys.readouterr()
    assert run_here(*words, "--seed", 4) == 2
    told = capsys.readouterr().err
    assert (told.count("\n"), "another run: it differs in seed" in told) == (1, True)
    assert run_here(*words, "--stop-at", 200) == 75
    shutil.copytree(folder_of(tmp_path / "out"), tmp_path / "kept")
    assert run_here(*words) == 0
    digests = load(tmp_path / "out").digests()
    before = (tmp_path / "out" / "meta.json").read_bytes()
    capsys.readouterr()
    assert run_here(*words, "--json") == 0
    out, err = capsys.readouterr()
    assert (err, out.count("this run is finished"), json.loads(out.splitlines()[-1])["count"]) == ("", 1, 9000)
    assert (tmp_path / "out" / "meta.json").read_bytes() == before
    left = folder_of(tmp_path / "out")  # as a kill between storing the result and removing them leaves it
    shutil.copytree(tmp_path / "kept", left)
    assert run_here(*words) == 0
    assert not left.exists()
    capsys.readouterr()
    assert run_here(*words, "--count", 8000) == 2
    told = capsys.readouterr().err
    assert (told.count("\n"), "another run: it differs in count" in told) == (1, True)
    assert load(tmp_path / "out").digests() == digests
    assert run_here(*words, "--count", 8000, "--replace") == 0
    assert load(tmp_path / "out").count == 8000
    assert run_here(*SHORT, "--out", tmp_path / "straight") == 0
    assert load(tmp_path / "straight").digests() == digests


def test_signal_that_was_ignored_by_whoever_started_it_stays_ignored(tmp_path: Path) -> None:
    with started(*SHORT, "--out", tmp_path / "out", before=("env", "--ignore-signal=TERM")) as run:
        wait_for_the_handler(run, signal.SIGUSR1)
        run.send_signal(signal.SIGTERM)
        told = run.communicate(timeout=PATIENCE)[1]
    assert (run.returncode, told) == (0, "")
