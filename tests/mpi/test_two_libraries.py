"""Two MPI libraries on one machine: the launcher of the one with the mpi4py of the other is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forks import PATIENCE
from tests.paths import ROOT


def run(launcher: Path, python: Path, out: Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
    words = ["-m", "particles", "run", "regression", "--count", "12347", "--layers", "20", "--out", str(out)]
    return subprocess.run(
        [launcher, "-n", "2", python, *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.long
def test_mpich_launcher_with_open_mpi_is_refused(other_library: Path, tmp_path: Path) -> None:
    done = run(Path(sys.executable).with_name("mpirun"), other_library / "python", tmp_path / "cloud")
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("the launcher started 2 processes but MPI sees 1") == 1
    assert "Open MPI" in done.stderr
    assert not (tmp_path / "cloud").exists()


@pytest.mark.long
def test_open_mpi_launcher_with_mpich_runs_nothing(other_library: Path, tmp_path: Path) -> None:
    """MPICH refuses this launcher by itself (its own exit code), older ones see one process each (exit code 2)."""
    done = run(other_library / "mpirun", Path(sys.executable), tmp_path / "cloud")
    assert done.returncode != 0
    assert not (tmp_path / "cloud").exists()


@pytest.mark.long
def test_both_libraries_write_the_same_bytes(other_library: Path, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "mpich", tmp_path / "openmpi"
    assert run(Path(sys.executable).with_name("mpirun"), Path(sys.executable), ours).returncode == 0
    done = run(other_library / "mpirun", other_library / "python", theirs)
    assert done.returncode == 0, done.stderr
    assert (ours / "x.npy").read_bytes() == (theirs / "x.npy").read_bytes()
