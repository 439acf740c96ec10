"""A run that is stopped and goes on with other numbers of ranks gives the bytes of the run that was never stopped."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from particles.checkpoint import complete, folder_of
from particles.trajectory import Trajectory, load
from tests.paths import ROOT

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

COUPLED = """
[model]
drift = "identity"
weight = [[-1.0, 0.7], [0.3, -0.5]]
bias = "mean-coupled"
[model.initial]
law = "product"
components = [{law = "normal", m = 1.0, v = 1.0}, {law = "uniform", low = -1.0, high = 2.0}]
[run]
until = 1.5
"""
# name: case, options; the steps after which it is stopped lie inside sweeps
RUNS: dict[str, tuple[str, tuple[object, ...]]] = {
    "euler": ("regression", ("--layers", 300, "--count", 100_003)),
    "coupled-plane": ("coupled.toml", ("--layers", 300, "--count", 12_347)),
    "no-clouds": ("vehicles", ("--layers", 300, "--count", 100_003, "--no-clouds")),
}
CHAINS = {"one-restart": ((137, 2), (None, 3)), "three-restarts": ((5, 3), (149, 1), (299, 4), (None, 2))}
SHORT = {("euler", "one-restart"), ("coupled-plane", "three-restarts"), ("no-clouds", "one-restart")}
PAIRS = [
    pytest.param(name, chain, marks=() if (name, chain) in SHORT else pytest.mark.long, id=f"{name}-{chain}")
    for name in RUNS
    for chain in CHAINS
]


def same(one: Trajectory, two: Trajectory) -> bool:
    return (
        one.digests() == two.digests()
        and one.moments.tobytes() == two.moments.tobytes()
        and one.variances.tobytes() == two.variances.tobytes()
        and one.counts_digest() == two.counts_digest()
    )


@pytest.fixture(scope="module")
def straight(fresh: Fresh, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trajectory]:
    """Each run without a stop, on one process without a launcher."""
    folder = tmp_path_factory.mktemp("straight")
    (folder / "coupled.toml").write_text(COUPLED)
    runs = {}
    for name, (case, options) in RUNS.items():
        out = folder / name
        arguments = ("-m", "particles", "run", case, *options, "--histogram", -3, 9, 50, "--out", out)
        done = fresh(*arguments, cwd=folder)
        assert (done.returncode, done.stderr) == (0, "")
        runs[name] = load(out)
    return runs


@pytest.mark.parametrize(("name", "chain"), PAIRS)
def test_restarts_on_other_ranks_change_no_byte(
    fresh: Fresh, tmp_path: Path, straight: dict[str, Trajectory], name: str, chain: str
) -> None:
    (tmp_path / "coupled.toml").write_text(COUPLED)
    case, options = RUNS[name]
    arguments: tuple[object, ...] = ("run", case, *options, "--histogram", -3, 9, 50, "--out", tmp_path / "out")
    for step, ranks in CHAINS[chain]:
        stop = () if step is None else ("--stop-at", step)
        done = fresh("-m", "particles", *arguments, *stop, ranks=ranks, cwd=tmp_path)
        assert done.returncode == (75 if step else 0), done.stderr
        arguments = ("resume", tmp_path / "out")
    assert same(load(tmp_path / "out"), straight[name])
    assert load(tmp_path / "out").info["ranks"] == CHAINS[chain][-1][1]
    assert not folder_of(tmp_path / "out").exists()


LONG_RUN = ("run", "regression", "--layers", 40_000, "--count", 60_003, "--exit-on-signal", "--seed", 3)


def signalled(mpirun: str, folder: Path, signals: int, seed: int) -> int:
    """Start a run on 2 ranks, send SIGUSR1 once it is ready, resume on another number, ...; return how many left."""
    pick, left = random.Random(seed), 0
    arguments: tuple[object, ...] = (*LONG_RUN, "--out", folder)
    for number in range(signals):
        ranks = str((2, 1, 3)[number % 3])
        command = [mpirun, "-n", ranks, sys.executable, "-m", "particles", *map(str, arguments)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            assert run.stderr is not None
            assert "running, pid" in run.stderr.readline()
            time.sleep(pick.uniform(0.0, 0.25))
            run.send_signal(signal.SIGUSR1)
            rest = run.stderr.read()
            code = run.wait(timeout=20)
        assert code in (0, 75), rest
        if code == 0:
            return left
        assert rest.count("particles: stopped after step") == 1
        assert len(complete(folder_of(folder))) >= 1
        left += 1
        arguments = ("resume", folder)
    return left


def check_signals(fresh: Fresh, mpirun: str, folder: Path, signals: int, seed: int) -> None:
    assert signalled(mpirun, folder / "out", signals, seed) == signals
    done = fresh("-m", "particles", "resume", folder / "out", ranks=2)
    assert done.returncode == 0, done.stderr
    assert fresh("-m", "particles", *LONG_RUN, "--out", folder / "straight", ranks=2).returncode == 0
    assert same(load(folder / "out"), load(folder / "straight"))


def test_signal_at_a_random_time_leaves_a_run_that_can_go_on(fresh: Fresh, mpirun: str, tmp_path: Path) -> None:
    check_signals(fresh, mpirun, tmp_path, signals=3, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 7))
def test_twenty_signals_in_all(fresh: Fresh, mpirun: str, tmp_path: Path, seed: int) -> None:
    check_signals(fresh, mpirun, tmp_path, signals=4, seed=seed)


def test_signal_without_an_order_to_leave_is_a_checkpoint(fresh: Fresh, mpirun: str, tmp_path: Path) -> None:
    """The run goes on to its end; its checkpoints are gone when it is stored."""
    arguments = [str(word) for word in LONG_RUN if word != "--exit-on-signal"]
    command = [mpirun, "-n", "2", sys.executable, "-m", "particles", *arguments, "--out", str(tmp_path / "out")]
    seen = 0
    with subprocess.Popen([*command, "--checkpoint-every", "1h"], cwd=ROOT, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        assert "running, pid" in run.stderr.readline()
        run.send_signal(signal.SIGUSR1)
        while run.poll() is None:
            seen = max(seen, len(complete(folder_of(tmp_path / "out"))))
            time.sleep(0.005)
        assert run.wait(timeout=20) == 0
        assert run.stderr.read() == ""
    assert seen >= 1
    assert not folder_of(tmp_path / "out").exists()
    assert load(tmp_path / "out").count == 60_003


SHORT_OF_ONE = """
import sys
from particles.ensemble import Ensemble
start = Ensemble.start
def lose(self, *arguments):
    state = start(self, *arguments)
    return state[:, 1:].copy() if self.ranks.rank == 1 else state
Ensemble.start = lose
from particles.__main__ import build_parser
from particles.base import command
sys.exit(command.run("particles", build_parser))
"""


def test_lost_particle_is_noticed(fresh: Fresh, tmp_path: Path) -> None:
    arguments = ("run", "regression", "--exact", "--count", 9000, "--out", tmp_path / "out")
    done = fresh("-c", SHORT_OF_ONE, *arguments, ranks=2, timeout=20)
    assert (done.returncode, done.stderr.count("8999 particles instead of 9000")) == (3, 1)
    assert list(tmp_path.iterdir()) == []
