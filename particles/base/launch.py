"""What a launcher says of this process, before MPI is up: its rank, the number of ranks, those on this node.

Slurm's SLURM_NTASKS is what a job was granted: it stands in the shell of a batch script, of `salloc` and of a notebook
too, where one process runs. What a step started by `srun` has is SLURM_STEP_NUM_TASKS. An mpirun inside a job starts
its helpers by `srun`, so its own variables count first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_RANK_VARIABLES = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")
_SIZE_VARIABLES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
_LOCAL_SIZE_VARIABLES = ("MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE")
_STEP_SIZE = "SLURM_STEP_NUM_TASKS"
# starts of the names of variables that launchers set, among them those whose other variables are not known here
_SIGNS = (
    "PMI",
    "OMPI_COMM_WORLD",
    "MPI_LOCAL",
    "HYDRA",
    "MPIEXEC",
    "FLUX_TASK",
    "PALS",
    "ALPS_APP",
    "MV2_COMM",
    "JSM_",
)


_by_one = False


@contextmanager
def by_one_process() -> Iterator[None]:
    """In here this process is one by itself, whatever has launched it: the others of its job have nothing to do."""
    global _by_one
    before, _by_one = _by_one, True
    try:
        yield
    finally:
        _by_one = before


def launched_rank() -> int:
    """Rank that the launcher gave this process; 0 without one."""
    names = (*_RANK_VARIABLES, "SLURM_PROCID") if _STEP_SIZE in os.environ else _RANK_VARIABLES
    return _first_integer(names, 0)


def launched_size() -> int:
    """Number of processes that the launcher started; 1 without one."""
    return 1 if _by_one else _first_integer((*_SIZE_VARIABLES, _STEP_SIZE), 1)


def launched_by_srun() -> bool:
    """Whether it is `srun` that started this process as one of several."""
    return _first_integer(_SIZE_VARIABLES, 0) == 0 and launched_size() > 1


def launched_local_size() -> int:
    """Number of processes that the launcher started on this node, as far as it says; else the most that may be."""
    found = 1 if _by_one else _first_integer(_LOCAL_SIZE_VARIABLES, 0)
    if found:
        return found
    size = launched_size()
    if _first_integer((_STEP_SIZE,), 0) != size:
        return size
    here = _tasks_on(os.environ.get("SLURM_STEP_TASKS_PER_NODE", ""), _first_integer(("SLURM_NODEID",), 0))
    return here or -(-size // max(1, _first_integer(("SLURM_STEP_NUM_NODES",), 1)))


def works_alone() -> bool:
    """Whether this process is in `by_one_process`."""
    return _by_one


def launched_alone() -> bool:
    """Whether this process is the only one of its job and needs no MPI: a launcher says so, or there is none."""
    told = _first_integer(_SIZE_VARIABLES, 0)
    if told:
        return told == 1
    return launched_size() == 1 and not any(name.startswith(_SIGNS) for name in os.environ)


def one_thread_a_rank() -> None:
    """Under a launcher, let libraries that start threads of their own keep to one, unless the user says otherwise."""
    if launched_size() > 1:
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(variable, "1")


def _first_integer(names: Sequence[str], default: int) -> int:
    return next((int(os.environ[name]) for name in names if os.environ.get(name, "").isdigit()), default)


def _tasks_on(told: str, node: int) -> int:
    """Tasks on a node by Slurm's list of runs of equal numbers, such as ``4(x2),1``; 0 where it does not say."""
    for part in told.split(","):
        found = re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part)
        if found is None:
            return 0
        repeats = int(found[2] or 1)
        if node < repeats:
            return int(found[1])
        node -= repeats
    return 0
