"""Checkpoints of the equation: a run that was stopped gives the bytes of the run that was not."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinetic import ChangCooper, Explicit, Grid, Imex, Plane, PlaneProblem, Scheme, evolve, load, solve
from kinetic.__main__ import build_parser
from particles.base import command
from particles.base.checkpoint import complete, folder_of
from particles.base.errors import InputError
from particles.base.watch import Checkpoints, Stopped
from particles.model import MEAN_COUPLED, TANH, Model, Normal, Product, cases
from tests.forks import PATIENCE
from tests.paths import ROOT

PAIR = Product([Normal(0.0, 1.0), Normal(0.5, 0.5)])
W = np.array([[-1.0, 0.7], [0.3, -0.5]])
SMALL = Plane(Grid(-4.0, 4.0, cells=20), Grid(-3.0, 4.0, cells=24))
LINE = Grid(-4.0, 5.0, cells=60)
NOISY, COUPLED = cases["fokker-planck"].model, Model(drift=TANH, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(1, 1))
Run = Callable[..., Any]


def of(model: Model, grid: Any, scheme: Scheme = Explicit(cfl=0.1), **options: Any) -> Run:  # noqa: B008
    return lambda **more: solve(model, grid, scheme, **({"until": 0.5, "times": (0.0, 0.2)} | options), **more)


def turning(x: Any, y: Any, t: float, mean: Any) -> tuple[Any, Any]:
    return x + 0.5 * y, y - 0.5 * x


SPREADING = Model(drift=TANH, weight=W, bias=0.1, initial=PAIR, nu2=0.5)
RUNS: dict[str, Run] = {
    "plane": of(Model(drift=TANH, weight=W, bias=0.1, initial=PAIR), SMALL),
    "plane, mean": of(Model(drift=TANH, weight=W, bias=MEAN_COUPLED, initial=PAIR), SMALL),
    "plane, varying": of(Model(drift=TANH, weight=lambda t: (1.0 + t) * W, bias=0.1, initial=PAIR), SMALL),
    "plane, noise": of(Model(drift=TANH, weight=W, bias=0.1, initial=PAIR, nu2=0.5), SMALL, residual=0.05),
    "plane, imex": of(SPREADING, SMALL, Imex(), until=2.0),
    "plane, chang-cooper": of(SPREADING, SMALL, ChangCooper(), until=2.0),
    "plane, walls": lambda **more: evolve(
        PlaneProblem(turning, "wall"),
        np.full(SMALL.shape, 1 / 56),
        SMALL,
        Explicit(cfl=0.1),
        until=0.5,
        times=(0.1,),
        **more,
    ),
    "line": of(cases["vehicles"].model, Grid(2.0, 8.0, cells=60)),
    "line, mean": of(COUPLED, LINE),
    "explicit": of(NOISY, LINE, until=0.05, times=(0.0,)),
    "imex": of(NOISY, LINE, Imex(), residual=1.0),
    "chang-cooper": of(NOISY, LINE, ChangCooper()),
    "ssprk2": of(NOISY, LINE, ChangCooper("ssprk2"), until=0.05, times=()),
}


def same(one: Any, two: Any) -> bool:
    told = [(run.times, run.steps, run.lowest, run.lowest_at, run.stopped) for run in (one, two)]
    arrays = [run.averages.tobytes() + run.atoms.tobytes() for run in (one, two)]
    return bool(told[0] == told[1] and arrays[0] == arrays[1])


def stopped(name: str, folder: Path, step: int, resume: bool = False) -> None:
    with pytest.raises(Stopped, match="stopped after step"):
        RUNS[name](checkpoints=Checkpoints(folder, stop_at=step, resume=resume))


@pytest.mark.parametrize("name", RUNS)
def test_a_restarted_run_gives_the_bytes_of_the_straight_one(tmp_path: Path, name: str) -> None:
    for step in (1, 5):
        stopped(name, tmp_path / "c", step, resume=step > 1)
    resumed, straight = RUNS[name](checkpoints=Checkpoints(tmp_path / "c", resume=True)), RUNS[name]()
    assert straight.steps > 7
    assert same(resumed, straight)


def test_a_restart_that_forgets_the_walls_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault."""
    monkeypatch.setattr("kinetic.checkpoint._hold", lambda stepper, numbers: None)
    stopped("plane, walls", tmp_path / "c", 5)
    resumed = RUNS["plane, walls"](checkpoints=Checkpoints(tmp_path / "c", resume=True))
    assert not same(resumed, RUNS["plane, walls"]())


def test_the_newest_two_are_kept_and_a_damaged_one_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for step in (1, 3, 7):
        stopped("plane", tmp_path / "c", step, resume=step > 1)
    older, newer = sorted(path.name for path in (tmp_path / "c").iterdir())
    assert (older, newer) == ("step-000000003", "step-000000007")
    content = bytearray((tmp_path / "c" / newer / "x.npy").read_bytes())
    content[-100] ^= 1
    (tmp_path / "c" / newer / "x.npy").write_bytes(content)
    assert same(RUNS["plane"](checkpoints=Checkpoints(tmp_path / "c", resume=True)), RUNS["plane"]())
    assert capsys.readouterr().err.startswith("kinetic: ")


def test_what_does_not_fit_is_one_sentence(tmp_path: Path) -> None:
    stopped("plane", tmp_path / "c", 1)
    with pytest.raises(InputError, match="holds an unfinished run: resume it"):
        RUNS["plane"](checkpoints=Checkpoints(tmp_path / "c"))
    with pytest.raises(InputError, match="belongs to another run: it differs in model"):
        RUNS["plane, mean"](checkpoints=Checkpoints(tmp_path / "c", resume=True))
    with pytest.raises(InputError, match="holds no whole checkpoint"):
        RUNS["plane"](checkpoints=Checkpoints(tmp_path / "d", resume=True))


def ordered(*words: object) -> int:
    return command.run("kinetic", build_parser, list(map(str, words)))


def test_a_command_is_stopped_and_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "regression-2d", "--cells", 20, 24, "--until", 0.5, "--out")
    out, straight = tmp_path / "plane.nc", tmp_path / "straight.nc"
    assert ordered(*words, straight) == 0
    assert ordered(*words, out, "--stop-at", 1) == 75
    assert not out.exists()
    assert ordered(*words, out) == 2
    assert "holds an unfinished run: resume it" in capsys.readouterr().err
    assert ordered("info", out, "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{out}: stopped after step 1 of ")
    assert lines[2] == f"to go on    python -m kinetic resume {out}"
    assert json.loads(lines[-1])["finished"] is False
    assert ordered("resume", out, "--json") == 0
    assert "20 x 24 cells" in capsys.readouterr().out
    assert same(load(out), load(straight))
    assert not folder_of(out).exists()
    assert ordered(*words, out, "--resume", "--json") == 0
    told = capsys.readouterr().out
    assert "this run is finished" in told
    assert json.loads(told.splitlines()[-1])["snapshots"][-1]["time"] == 0.5
    assert ordered(*words[:-2], 0.4, "--out", out, "--resume") == 2
    assert "holds another run: it differs in times" in capsys.readouterr().err
    assert ordered("resume", out) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plane.nc", "straight.nc"]


def test_what_came_to_rest_is_finished_for_that_residual_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a run to T would be taken for done by one that a coarse residual has ended long before."""
    words = ("run", "fokker-planck", "--cells", 40, "--out", tmp_path / "rest.nc", "--resume")
    coarse = ("--residual", 2.0)
    assert ordered(*words, "--until", 2, *coarse) == 0
    end = load(tmp_path / "rest.nc").times[-1]
    assert 0.0 < end < 2.0
    assert ordered(*words, "--until", 2, *coarse, "--json") == 0
    told = capsys.readouterr().out
    assert "this run is finished" in told
    assert json.loads(told.splitlines()[-1])["snapshots"][-1]["time"] == end
    assert ordered(*words, "--until", 2) == 2
    assert "holds another run: it differs in residual" in capsys.readouterr().err
    assert ordered(*words, "--until", 0.5 * end, *coarse) == 2
    assert "holds another run: it differs in times" in capsys.readouterr().err


@pytest.mark.parametrize(("case", "cells", "atoms"), [("regression-2d", (20, 24), 92), ("vehicles", (40,), 2)])
def test_info_tells_the_sums_of_a_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str, cells: tuple[int, ...], atoms: int
) -> None:
    out = tmp_path / "record.nc"
    assert ordered("run", case, "--cells", *cells, "--until", 0.3, "--times", 0.1, "--out", out) == 0
    record = load(out)
    capsys.readouterr()
    assert ordered("info", out, "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    told = json.loads(lines[-1])
    for name, arrays in (("averages", record.averages), ("atoms", record.atoms)):
        sums = [hashlib.sha256(array.tobytes()).hexdigest() for array in arrays]
        assert told["sha256"][name] == sums
        assert [f"t = {t:g}  {name}  sha256 {one}" for t, one in zip(record.times, sums, strict=True)] == [
            line for line in lines if f"  {name}  " in line
        ]
    assert record.atoms.shape == (2, atoms)
    assert told["times"] == [0.1, 0.3]
    assert told["grid"] == record.grid.describe()
    assert told["scheme"] == record.scheme.describe()
    assert told["provenance"]["case"] == case
    assert ordered("info", tmp_path / "none.nc") == 2


def test_sigterm_on_two_ranks_writes_a_checkpoint_and_ends(mpirun: str, tmp_path: Path) -> None:
    out, words = tmp_path / "plane.nc", ("run", "regression-2d", "--cells", "96", "--times", "0", "--until", "60")
    line = [mpirun, "-n", "2", sys.executable, "-m", "kinetic", *words, "--out", str(out), "--exit-on-signal"]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        assert any("kinetic: running, pid" in told for told in iter(run.stderr.readline, ""))
        run.send_signal(signal.SIGTERM)
        rest = run.stderr.read()
        assert run.wait(timeout=PATIENCE) == 75, rest
    assert rest.count("kinetic: stopped after step") == 1
    assert len(complete(folder_of(out))) == 1
    assert ordered("resume", out) == 0
    assert ordered(*words, "--out", tmp_path / "straight.nc") == 0
    assert same(load(out), load(tmp_path / "straight.nc"))


def test_a_finished_run_is_said_to_be_finished_and_what_is_no_record_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "regression", "--cells", 40, "--until", 0.5, "--out")
    assert ordered(*words, tmp_path / "a.nc") == 0
    assert ordered("resume", tmp_path / "a.nc") == 2
    assert "a.nc is finished: there is no checkpoint" in capsys.readouterr().err
    assert ordered(*words, tmp_path / "a.nc", "--replace") == 0
    (tmp_path / "mine.nc").write_text("not a record")
    assert ordered(*words, tmp_path / "mine.nc", "--replace") == 2
    assert "is no older result: it stays" in capsys.readouterr().err
    assert (tmp_path / "mine.nc").read_text() == "not a record"
