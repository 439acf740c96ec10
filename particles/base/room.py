"""What an MPI library takes of a node besides memory, looked at before it starts: it would end without a word.

MPICH 5.0 takes 5.4 MB of shared memory a rank, in /dev/shm; jobs that were killed may leave theirs behind
(``/dev/shm/mpich_shm_*``). A rank holds some 30 files and sockets.
"""

from __future__ import annotations

import os
import resource

from particles.base.errors import InputError
from particles.base.launch import launched_local_size

SHARED = "/dev/shm"
SHARED_PER_RANK = 8 * 2**20  # bytes
DESCRIPTORS = 64


def require_room_for_mpi() -> None:
    """Refuse to start MPI where shared memory or file descriptors would not do; raise the soft limit of the latter."""
    ranks = launched_local_size()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < DESCRIPTORS:
        if hard < DESCRIPTORS:
            told = f"a process may open {hard} files (ulimit -n): a rank under MPI needs {DESCRIPTORS}"
            raise InputError(f"{told}; one process without a launcher needs no MPI", on_all_ranks=True)
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    if not os.access(SHARED, os.W_OK):
        raise InputError(f"{SHARED} cannot be written: MPI needs it as shared memory", on_all_ranks=True)
    room = os.statvfs(SHARED)
    free, needed = room.f_bavail * room.f_frsize, ranks * SHARED_PER_RANK
    if free < needed:
        told = f"{SHARED} has {free / 2**20:.3g} MiB free: {ranks} ranks under MPI share {needed / 2**20:.3g} MiB there"
        raise InputError(f"{told} (a container: --shm-size; left by killed jobs: mpich_shm_*)", on_all_ranks=True)
