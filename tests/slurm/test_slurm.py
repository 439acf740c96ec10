"""Runs under a real Slurm: launchers, signals, limits, requeues, arrays; the bytes are those of one process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from particles.checkpoint import complete, folder_of
from particles.model import cases
from particles.schemes.euler import Euler
from particles.simulate import simulate
from particles.trajectory import load
from tests.paths import ROOT
from tests.slurm.node import Node, packages

pytestmark = pytest.mark.long
PYTHON = sys.executable
RUN = "-m particles run regression --count 60003 --times 2 --seed 3"
SHORT, LONG = "--layers 300", "--layers 100000"  # the latter takes some ten seconds on two ranks


@pytest.fixture(scope="module")
def slurm() -> Iterator[Node]:
    if not packages():
        if os.environ.get("SIMRESNET_SLURM") == "required":
            pytest.fail("Slurm's packages cannot be installed")
        pytest.skip("Slurm's packages cannot be installed here; SIMRESNET_SLURM=required makes this a failure")
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        with Node(folder) as node:
            yield node
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def digests(layers: int) -> list[str]:
    model = cases["regression"].model
    return simulate(model, Euler(layers=layers), count=60_003, until=2.0, seed=3).digests()


@pytest.fixture(scope="module")
def straight() -> list[str]:
    """sha256 of the long run, carried straight to its end by this process."""
    return digests(100_000)


def test_srun_with_pmi2_fits_mpich(slurm: Node, tmp_path: Path) -> None:
    words = ("srun", "-K", "--mpi=pmi2", "-n", 4, PYTHON, *RUN.split(), *SHORT.split(), "--out", tmp_path / "out")
    done = slurm.run(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "out").info["ranks"] == 4
    assert load(tmp_path / "out").digests() == digests(300)


def test_srun_with_pmix_fits_open_mpi(slurm: Node, tmp_path: Path, other_library: Path) -> None:
    python = other_library / "python"
    words = ("srun", "-K", "--mpi=pmix", "-n", 4, python, *RUN.split(), *SHORT.split(), "--out", tmp_path / "out")
    done = slurm.run(*words, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "out").info["ranks"] == 4
    assert load(tmp_path / "out").digests() == digests(300)


def test_plain_srun_is_refused_once_and_told_what_helps(slurm: Node, tmp_path: Path) -> None:
    words = ("srun", "-n", 3, PYTHON, *RUN.split(), *SHORT.split(), "--out", tmp_path / "out")
    done = slurm.run(*words, cwd=tmp_path, check=False)
    told = [line for line in done.stderr.splitlines() if line.startswith("particles: ")]
    assert (done.returncode, len(told)) == (2, 1)
    assert "started 3 processes but MPI sees 1" in told[0]
    assert "srun --mpi=pmi2" in told[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", ["sbatch", "salloc"])
def test_one_process_in_a_job_of_four_tasks_runs(slurm: Node, tmp_path: Path, how: str) -> None:
    words = f"{PYTHON} {RUN} {SHORT} --out {tmp_path}/out"
    if how == "sbatch":
        shown = slurm.wait(slurm.submit(tmp_path, f"exec {words}\n", "--ntasks=4"))
        assert shown["ExitCode"] == "0:0", (tmp_path / "log").read_text()
    else:
        done = slurm.run("salloc", "--ntasks=4", *words.split(), check=False)
        assert done.returncode == 0, done.stderr
    assert load(tmp_path / "out").digests() == digests(300)


def test_mpirun_inside_a_job_runs(slurm: Node, tmp_path: Path) -> None:
    mpirun = Path(PYTHON).with_name("mpirun")
    job = slurm.submit(tmp_path, f"exec {mpirun} -n 2 {PYTHON} {RUN} {SHORT} --out {tmp_path}/out\n", "--ntasks=2")
    shown = slurm.wait(job)
    assert shown["ExitCode"] == "0:0", (tmp_path / "log").read_text()
    assert load(tmp_path / "out").info["ranks"] == 2
    assert load(tmp_path / "out").digests() == digests(300)


STEP = f"srun -K --mpi=pmi2 {PYTHON} {RUN} {LONG} --resume --exit-on-signal --out "
REQUEUE = """
code=$?
echo "left with $code"
if [ $code -eq 75 ]; then scontrol requeue $SLURM_JOB_ID; fi
exit $code
"""


def running(folder: Path, times: int = 1) -> None:
    """Wait until the job's log says so many times that the loop is on."""
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline:
        log = folder / "log"
        if log.exists() and log.read_text().count("running, pid") >= times:
            return
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text())


def script_of_the_page() -> str:
    """The batch script that docs/cluster.md shows, with the size of these tests."""
    text = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    script = text.split("```\n#!/bin/bash\n")[1].split("```")[0]
    for old, new in (("--count 1e9", "--count 60003 --times 2 --seed 3"), ("--layers 1000", LONG)):
        assert old in script
        script = script.replace(old, new)
    return script


@pytest.mark.parametrize("name", ["USR1", "TERM"])
def test_signal_to_a_step_is_a_checkpoint_and_requeue_comes_to_the_same_bytes(
    slurm: Node, tmp_path: Path, straight: list[str], name: str
) -> None:
    """By the page's own script for SIGTERM, and one with --exit-on-signal for SIGUSR1."""
    script = script_of_the_page() if name == "TERM" else STEP + f"{tmp_path}/cloud" + REQUEUE
    path = f"{Path(PYTHON).parent}:{os.environ['PATH']}"
    small = ("--nodes=1", "--ntasks=2", "--ntasks-per-node=2", "--mem-per-cpu=400M", "--time=30", "--requeue")
    job = slurm.submit(tmp_path, script, *small, SCRATCH=str(tmp_path), PATH=path)
    for number in (1, 2):
        running(tmp_path, number)
        slurm.run("scancel", f"--signal={name}", job)
    running(tmp_path, 3)
    shown = slurm.wait(job)
    told = (tmp_path / "log").read_text()
    assert shown["ExitCode"] == "0:0", told
    assert told.count("stopped after step") == 2
    assert shown["Restarts"] == "2"
    assert load(tmp_path / "cloud").digests() == straight
    assert not folder_of(tmp_path / "cloud").exists()


def test_preempted_job_goes_on(slurm: Node, tmp_path: Path, straight: list[str]) -> None:
    """Slurm asks by SIGTERM; the job leaves within the grace time, and so by itself has to be queued again."""
    options = ("--ntasks=2", "--requeue", "--exclusive", "--partition=low")
    job = slurm.submit(tmp_path, STEP + f"{tmp_path}/out" + REQUEUE, *options)
    running(tmp_path)
    slurm.run("srun", "--partition=high", "-n", 8, "true")
    shown = slurm.wait(job)
    told = (tmp_path / "log").read_text()
    assert shown["ExitCode"] == "0:0", told
    assert shown["Restarts"] == "1"
    assert told.count("stopped after step") == 1
    assert load(tmp_path / "out").digests() == straight


def test_time_limit_is_a_checkpoint(slurm: Node, tmp_path: Path) -> None:
    """Slurm's shortest limit is a minute, of which it sends TERM some time before the end."""
    words = f"srun -K --mpi=pmi2 {PYTHON} {RUN} --count 2000000 --layers 1000000 --resume --out {tmp_path}/out"
    job = slurm.submit(tmp_path, words + "\necho left with $?\n", "--ntasks=2", "--time=1", "--signal=TERM@20")
    slurm.wait(job)
    told = (tmp_path / "log").read_text()
    assert told.count("stopped after step") == 1, told
    assert "left with 75" in told
    assert len(complete(folder_of(tmp_path / "out"))) == 1


def test_rank_that_is_killed_ends_the_step(slurm: Node, tmp_path: Path) -> None:
    job = slurm.submit(tmp_path, STEP + f"{tmp_path}/out\necho left with $?\n", "--ntasks=3")
    running(tmp_path)
    pid = int((tmp_path / "log").read_text().split("running, pid ")[1].split(";")[0])
    os.kill(pid, 9)
    slurm.wait(job, timeout=60)
    told = (tmp_path / "log").read_text()
    assert "left with 0" not in told
    assert not (tmp_path / "out").exists()


def test_array_on_a_cold_cache_has_the_bytes_of_one_process(slurm: Node, tmp_path: Path) -> None:
    """Eight jobs at once fill one cache of compiled kernels, each with its own noise and seed."""
    noises = ("gaussian", "uniform", "two-point", "exponential")
    words = f"{PYTHON} -m particles run fokker-planck --count 20000 --eps 0.05 --times 1 --until 1"
    script = (
        f"noises=({' '.join(noises)})\n"
        f"exec {words} --noise ${{noises[$SLURM_ARRAY_TASK_ID % 4]}} --seed $SLURM_ARRAY_TASK_ID"
        f" --out {tmp_path}/out-$SLURM_ARRAY_TASK_ID\n"
    )
    job = slurm.submit(tmp_path, script, "--array=0-7", XDG_CACHE_HOME=str(tmp_path / "cache"))
    deadline = time.monotonic() + 240.0
    while slurm.run("squeue", "-h", "-j", job, check=False).stdout.strip():
        assert time.monotonic() < deadline
        time.sleep(0.5)
    from particles import noise as laws
    from particles.schemes.collisions import Collisions

    for number in range(8):
        scheme = Collisions(0.05, "poisson", laws.noise_named(noises[number % 4]))
        alone = simulate(cases["fokker-planck"].model, scheme, count=20_000, until=1.0, seed=number)
        assert load(tmp_path / f"out-{number}").digests() == alone.digests()


@pytest.mark.parametrize("grant", ["--mem=700M", "--mem-per-cpu=350M"])
def test_memory_that_is_not_granted_is_refused(slurm: Node, tmp_path: Path, grant: str) -> None:
    words = f"{PYTHON} -m particles run regression --times 2 --layers 2 --out {tmp_path}/out"
    job = slurm.submit(tmp_path, f"exec {words} --count 2.5e8\n", grant, "--ntasks=2")
    assert slurm.wait(job)["ExitCode"] == "2:0"
    told = (tmp_path / "log").read_text()
    assert told.count("\n") == 1
    assert "where Slurm grants, SLURM_MEM_PER_" in told
    fits: dict[str, Any] = slurm.wait(slurm.submit(tmp_path, f"exec {words} --count 1e5\n", grant, "--ntasks=2"))
    assert fits["ExitCode"] == "0:0"


def test_nothing_of_it_stays(tmp_path: Path) -> None:
    if not packages():
        pytest.skip("Slurm's packages cannot be installed here")
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    with Node(folder) as node:
        held = [daemon.pid for daemon in node._daemons]
    assert not any(Path("/proc", str(pid)).exists() for pid in held)
    found = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False)
    assert found.stdout == ""
    shutil.rmtree(folder)
