"""Ranks without a block: a run stops and goes on there as on fewer ranks, and every sum is the same."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from particles.checkpoint import complete, folder_of
from particles.model import cases
from particles.schemes.euler import Euler
from particles.simulate import simulate
from particles.trajectory import Trajectory, load
from tests.forks import PATIENCE
from tests.mpi.chains import Chain, Lines, check, lines
from tests.paths import ROOT
from tests.tables import RUN_ALL

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
RUN = ("-m", "particles", "run", "regression", "--layers", 100, "--times", 0, 1, 2, "--histogram", -3, 5, 20)
COUNTS = (1, 4095, 4097, 10_000)


def same(found: Trajectory, count: int) -> bool:
    """Whether these are the bytes of the run that one process carries straight to its end."""
    options: dict[str, Any] = {"times": (0.0, 1.0, 2.0), "histogram": (-3.0, 5.0, 20)}
    straight = simulate(cases["regression"].model, Euler(layers=100), count=count, until=2.0, **options)
    return found.digests() == straight.digests() and found.counts_digest() == straight.counts_digest()


def check_stop_and_resume(fresh: Fresh, folder: Path, count: int, ranks: int, after: int) -> None:
    done = fresh(*RUN, "--count", count, "--out", folder / "out", "--stop-at", 60, ranks=ranks)
    assert done.returncode == 75, done.stderr
    done = fresh("-m", "particles", "resume", folder / "out", "--checkpoint-every", "0.001s", ranks=after)
    assert done.returncode == 0, done.stderr
    assert same(load(folder / "out"), count)
    assert not folder_of(folder / "out").exists()


# three blocks on four ranks, and two on three and on four
CHAINS: dict[int, Chain] = {10_000: {4: 60, 2: None}, 5_000: {3: 60, 4: None}}
SCRIPT = RUN_ALL


def given(folder: Path, asked: list[dict[str, Any]]) -> Lines:
    """Command lines of the runs that stop, unless the long tests alone are asked for."""
    runs = {str(count): (*RUN[3:], "--count", count) for count in CHAINS}
    chains = [(str(count), "stopped", chain) for count, chain in CHAINS.items() if {"stopped": count} in asked]
    return lines(folder, runs, chains, "--checkpoint-every", "0.001s")


@pytest.mark.parametrize("stopped", CHAINS)
def test_rank_without_a_block_writes_and_reads_a_checkpoint(
    told: dict[int, subprocess.CompletedProcess[str]], stopped: int
) -> None:
    check(Path(told[1].args).parent, str(stopped), "stopped", CHAINS[stopped])


@pytest.mark.long
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("ranks", range(1, 9))
def test_any_count_on_any_ranks(fresh: Fresh, tmp_path: Path, count: int, ranks: int) -> None:
    check_stop_and_resume(fresh, tmp_path, count, ranks, after=9 - ranks)


def signalled(mpirun: str, folder: Path, count: int, ranks: int, number: signal.Signals) -> None:
    """Send a signal to the launcher once the run is on, and let the run come to its end."""
    words = (*RUN[:3], "regression", "--layers", 4_000_000, "--count", count, "--times", 2)
    command = [mpirun, "-n", str(ranks), sys.executable, *map(str, words), "--exit-on-signal", "--out", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        assert "running, pid" in run.stderr.readline()
        time.sleep(0.1)
        run.send_signal(number)
        rest = run.stderr.read()
        assert run.wait(timeout=PATIENCE) == 75, rest
    assert rest.count("particles: stopped after step") == 1


SIGNALS = (signal.SIGUSR1, signal.SIGTERM)


@pytest.mark.long
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("ranks", range(1, 9))
def test_signal_on_ranks_without_a_block(
    fresh: Fresh, mpirun: str, tmp_path: Path, count: int, number: signal.Signals, ranks: int
) -> None:
    signalled(mpirun, tmp_path / "out", count, ranks, number)
    later = int(complete(folder_of(tmp_path / "out"))[0].name.removeprefix("step-")) + 500
    done = fresh("-m", "particles", "resume", tmp_path / "out", "--stop-at", later, ranks=9 - ranks)
    assert done.returncode == 75, done.stderr


NOISY = """
import sys
import numpy as np
import particles, validation
from particles.base import parallel
from particles.model import cases
from validation.advice.giles import multilevel
count, ranks = int(sys.argv[1]), parallel.world()
told = []
for name, scheme in (
    ("regression", particles.ExactFlow()),
    ("fokker-planck", particles.Collisions(eps=0.1, clock="poisson")),
    ("tanh-noise", particles.Milstein(0.1)),
    ("regression-2d", particles.Euler(layers=10)),
):
    model = cases[name].model
    run = particles.simulate(model, scheme, count=count, until=1.0, histogram=(-3.0, 3.0, 10))
    told += [run.moments.tobytes().hex(), run.counts_digest(), run.at(1.0).moment(1)]
    if model.size == 1:
        found = validation.enclose_at(run, 1.0, particles.model.Normal(0.0, 1.0))
        told += [found.lower, found.upper]
if ranks.rank == 0:
    print(told)
"""


@pytest.mark.long
@pytest.mark.parametrize("count", COUNTS)
def test_sums_histograms_and_bounds_know_no_empty_rank(fresh: Fresh, count: int) -> None:
    told = set()
    for ranks in (None, 2, 5, 8):
        done = fresh("-c", NOISY, count, ranks=ranks)
        assert (done.returncode, done.stderr) == (0, "")
        told.add(done.stdout)
    assert len(told) == 1
