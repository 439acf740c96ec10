"""A run that is stopped and goes on with other numbers of ranks gives the bytes of the run that was never stopped."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from particles import Euler, simulate
from particles.__main__ import build_parser
from particles.base import command
from particles.checkpoint import complete, folder_of
from particles.model import cases
from particles.trajectory import Trajectory, load
from tests.forks import PATIENCE
from tests.mpi.chains import Chain, Lines, check, lines, same
from tests.paths import ROOT
from tests.tables import RUN_ALL

Told = dict[int, "subprocess.CompletedProcess[str]"]

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
HISTOGRAM = ("--layers", 300, "--histogram", -3, 9, 50)
RUNS: dict[str, tuple[object, ...]] = {
    "euler": ("regression", *HISTOGRAM, "--count", 100_003),
    "coupled-plane": ("coupled.toml", *HISTOGRAM, "--count", 12_347),
    "no-clouds": ("vehicles", *HISTOGRAM, "--count", 100_003, "--no-clouds"),
}
CHAINS: dict[str, Chain] = {
    "one-restart": {3: 137, 4: None},
    "three-restarts": {1: 5, 3: 149, 4: 299, 2: None},
    "run-resume": {1: 137, 2: None},
}
SHORT = {
    ("euler", "one-restart"),
    ("coupled-plane", "three-restarts"),
    ("no-clouds", "one-restart"),
    ("euler", "run-resume"),
}
PAIRS = [
    pytest.param(name, chain, marks=() if (name, chain) in SHORT else pytest.mark.long, id=f"{name}-{chain}")
    for name in RUNS
    for chain in CHAINS
]
SCRIPT = RUN_ALL


def given(folder: Path, asked: list[dict[str, Any]]) -> Lines:
    """Command lines of the pairs that are asked about."""
    (folder / "coupled.toml").write_text(COUPLED)
    here = {name: (folder / case if ".toml" in case else case, *rest) for name, (case, *rest) in RUNS.items()}
    pairs = [(test["name"], test["chain"]) for test in asked if "chain" in test]
    return lines(folder, here, [(name, chain, CHAINS[chain]) for name, chain in pairs])


@pytest.mark.parametrize(("name", "chain"), PAIRS)
def test_restarts_on_other_ranks_change_no_byte(told: Told, name: str, chain: str) -> None:
    check(Path(told[1].args).parent, name, chain, CHAINS[chain])


LAYERS, COUNT = 16_000, 60_003
LONG_RUN = ("run", "regression", "--layers", LAYERS, "--count", COUNT, "--exit-on-signal", "--seed", 3)


@pytest.fixture(scope="module")
def straight() -> Trajectory:
    """The long run without a signal, in this process."""
    options: dict[str, Any] = {"times": (0.0, 1.0, 2.0), "seed": 3}
    return simulate(cases["regression"].model, Euler(layers=LAYERS), count=COUNT, until=2.0, **options)


def signalled(mpirun: str, folder: Path, signals: int, seed: int) -> int:
    """Start a run on 2 ranks, send SIGUSR1 once it is ready, resume on another number, ...; return how many left."""
    pick, left = random.Random(seed), 0
    arguments: tuple[object, ...] = (*LONG_RUN, "--out", folder)
    for number in range(signals):
        ranks = str((2, 1, 3)[number % 3])
        words = [mpirun, "-n", ranks, sys.executable, "-m", "particles", *map(str, arguments)]
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            assert run.stderr is not None
            assert "running, pid" in run.stderr.readline()
            time.sleep(pick.uniform(0.0, 0.1))
            run.send_signal(signal.SIGUSR1)
            rest = run.stderr.read()
            code = run.wait(timeout=PATIENCE)
        assert code in (0, 75), rest
        if code == 0:
            return left
        assert rest.count("particles: stopped after step") == 1
        assert len(complete(folder_of(folder))) >= 1
        left += 1
        arguments = ("resume", folder)
    return left


def check_signals(mpirun: str, folder: Path, straight: Trajectory, signals: int, seed: int) -> None:
    assert signalled(mpirun, folder / "out", signals, seed) == signals
    assert command.run("particles", build_parser, ["resume", str(folder / "out")]) == 0
    assert same(load(folder / "out"), straight)


def test_signal_at_a_random_time_leaves_a_run_that_can_go_on(mpirun: str, tmp_path: Path, straight: Trajectory) -> None:
    check_signals(mpirun, tmp_path, straight, signals=3, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 7))
def test_twenty_signals_in_all(mpirun: str, tmp_path: Path, straight: Trajectory, seed: int) -> None:
    check_signals(mpirun, tmp_path, straight, signals=4, seed=seed)


def test_signal_without_an_order_to_leave_is_a_checkpoint(mpirun: str, tmp_path: Path, straight: Trajectory) -> None:
    """The run goes on to its end; its checkpoints are gone when it is stored."""
    arguments = [str(word) for word in LONG_RUN if word != "--exit-on-signal"]
    words = [mpirun, "-n", "2", sys.executable, "-m", "particles", *arguments, "--out", str(tmp_path / "out")]
    seen = 0
    with subprocess.Popen([*words, "--checkpoint-every", "1h"], cwd=ROOT, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        assert "running, pid" in run.stderr.readline()
        run.send_signal(signal.SIGUSR1)
        while run.poll() is None:
            seen = max(seen, len(complete(folder_of(tmp_path / "out"))))
            time.sleep(0.005)
        assert run.wait(timeout=PATIENCE) == 0
        assert run.stderr.read() == ""
    assert seen >= 1
    assert not folder_of(tmp_path / "out").exists()
    assert same(load(tmp_path / "out"), straight)
