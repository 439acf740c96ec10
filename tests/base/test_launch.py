"""What a launcher's variables say: rank, size, ranks of this node, and whether a process is alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from particles.base import launch
from particles.model import cases
from particles.schemes.euler import Euler
from particles.simulate import simulate
from particles.trajectory import load

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
GRANTED = {"SLURM_NTASKS": "4", "SLURM_JOB_NUM_NODES": "2", "SLURM_JOB_ID": "7"}  # in every shell of a job
STEP = {**GRANTED, "SLURM_STEP_NUM_TASKS": "5", "SLURM_STEP_NUM_NODES": "2", "SLURM_PROCID": "4", "SLURM_NODEID": "1"}
# name: variables; rank, size, ranks of this node, alone
LAUNCHED: dict[str, tuple[dict[str, str], tuple[int, int, int, bool]]] = {
    "no launcher": ({}, (0, 1, 1, True)),
    "batch script, salloc, notebook": ({**GRANTED, "SLURM_PROCID": "0"}, (0, 1, 1, True)),
    "MPICH's mpirun": ({"PMI_RANK": "1", "PMI_SIZE": "4", "MPI_LOCALNRANKS": "2"}, (1, 4, 2, False)),
    "MPICH's mpirun, one rank": ({"PMI_RANK": "0", "PMI_SIZE": "1"}, (0, 1, 1, True)),
    "Open MPI's mpirun": (
        {"OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_SIZE": "2", "PMIX_RANK": "3"},
        (3, 4, 2, False),
    ),
    "srun, 4 and 1 on two nodes": ({**STEP, "SLURM_STEP_TASKS_PER_NODE": "4,1"}, (4, 5, 1, False)),
    "srun, equal nodes": (
        {**STEP, "SLURM_STEP_NUM_TASKS": "8", "SLURM_STEP_TASKS_PER_NODE": "4(x2)"},
        (4, 8, 4, False),
    ),
    "srun, no word of the nodes' tasks": (STEP, (4, 5, 3, False)),
    "srun --mpi=pmi2": (
        {**STEP, "PMI_RANK": "4", "PMI_SIZE": "5", "SLURM_STEP_TASKS_PER_NODE": "4,1"},
        (4, 5, 1, False),
    ),
    "srun --mpi=pmix, one task": ({"SLURM_STEP_NUM_TASKS": "1", "PMIX_RANK": "0"}, (0, 1, 1, False)),  # MPI knows
    "srun, one task": ({**GRANTED, "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}, (0, 1, 1, True)),
    "mpirun in a job, whose helpers srun starts": (
        {**STEP, "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1", "PMI_RANK": "5", "PMI_SIZE": "8"},
        (5, 8, 8, False),
    ),
    "a launcher that is not known": ({"FLUX_TASK_RANK": "1"}, (0, 1, 1, False)),  # MPI is asked
}


@pytest.mark.parametrize("name", LAUNCHED)
def test_launcher_is_read_from_its_variables(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in list(os.environ):
        if variable.startswith(("SLURM_", *launch._SIGNS)):
            monkeypatch.delenv(variable)
    variables, expected = LAUNCHED[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    told = launch.launched_rank(), launch.launched_size(), launch.launched_local_size(), launch.launched_alone()
    assert told == expected
    assert launch.launched_by_srun() == (name.startswith("srun") and expected[1] > 1 and "PMI_SIZE" not in variables)


RUN = ("-m", "particles", "run", "regression", "--exact", "--count", 10)


def test_one_process_in_a_granted_job_runs(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh(*RUN, "--out", tmp_path / "out", env=GRANTED)
    assert (done.returncode, done.stderr) == (0, "")


def test_copies_by_plain_srun_are_refused_with_the_option_that_helps(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh(*RUN, "--out", tmp_path / "out", env={**STEP, "SLURM_PROCID": "0"})
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "srun --mpi=pm" in done.stderr
    assert list(tmp_path.iterdir()) == []


HIDDEN = """
import sys
if sys.argv.pop(1) == "missing":
    sys.modules["mpi4py"] = None
else:  # as mpi4py 4.1 says it where its library is not found
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "mpi4py.MPI":
                raise RuntimeError("cannot load MPI library\\nlibmpi.so.12: cannot open shared object file")
    sys.meta_path.insert(0, Finder())
from particles.__main__ import build_parser
from particles.base import command
sys.exit(command.run("particles", build_parser))
"""


@pytest.mark.parametrize("how", ["missing", pytest.param("no library", marks=pytest.mark.long)])
def test_one_rank_runs_without_an_mpi_library(fresh: Fresh, tmp_path: Path, how: str) -> None:
    words = ("run", "vehicles", "--count", 9000, "--layers", 200, "--histogram", -3, 9, 10)
    done = fresh("-c", HIDDEN, how, *words, "--out", tmp_path / "out", "--stop-at", 100)
    assert done.returncode == 75, done.stderr
    done = fresh("-c", HIDDEN, how, "resume", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    model = cases["vehicles"].model
    bins: dict[str, Any] = {"histogram": (-3.0, 9.0, 10), "times": load(tmp_path / "out").times}
    straight = simulate(model, Euler(layers=200), count=9000, until=cases["vehicles"].until, **bins)
    assert load(tmp_path / "out").digests() == straight.digests()
    assert load(tmp_path / "out").counts_digest() == straight.counts_digest()


@pytest.mark.parametrize("how", ["missing", "no library"])
def test_several_ranks_without_an_mpi_library_are_refused_in_a_sentence(fresh: Fresh, tmp_path: Path, how: str) -> None:
    done = fresh("-c", HIDDEN, how, *RUN[2:], "--out", tmp_path / "out", ranks=2)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no MPI library can be loaded" in done.stderr
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import os, resource, sys
what, amount = sys.argv.pop(1), int(sys.argv.pop(1))
if what == "files":
    resource.setrlimit(resource.RLIMIT_NOFILE, (amount, amount))
elif what == "soft-files":
    resource.setrlimit(resource.RLIMIT_NOFILE, (amount, 4096))
else:
    class Room:
        f_bavail, f_frsize = amount, 1
    statvfs = os.statvfs
    os.statvfs = lambda path: Room if path == "/dev/shm" else statvfs(path)
from particles.__main__ import build_parser
from particles.base import command
sys.exit(command.run("particles", build_parser))
"""


@pytest.mark.parametrize(("what", "amount"), [("files", 40), ("shared memory", 2**16)])
def test_too_little_for_mpi_is_told_before_it_starts(fresh: Fresh, tmp_path: Path, what: str, amount: int) -> None:
    done = fresh("-c", LIMITED, what, amount, *RUN[2:], "--out", tmp_path / "out", ranks=2)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert ("open 40 files" if what == "files" else "/dev/shm has 0.0625 MiB free") in done.stderr


@pytest.mark.long
def test_soft_limit_of_descriptors_is_raised(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh("-c", LIMITED, "soft-files", 30, *RUN[2:], "--out", tmp_path / "out", ranks=2)
    assert (done.returncode, done.stderr) == (0, "")
