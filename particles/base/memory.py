"""The memory that this process may use, and the refusal of what cannot fit.

Four may say less than the machine has, and the smallest counts: the control groups of this process and all above it
(version 2: ``memory.max``; version 1: ``memory.limit_in_bytes``), Slurm's grant (--mem, --mem-per-cpu), and the shell's
limit on the address space of a process (``ulimit -v``).
"""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from particles.base.errors import InputError
from particles.base.launch import launched_local_size, launched_size

BASE = 100 * 2**20  # bytes of a rank before its first array, which no other rank shares: Python, numpy, numba, MPI
_PROC = Path("/proc/self")
_NO_LIMIT = 2**60  # version 1 says "no limit" by a number of this kind


def require_memory(what: str, needed: float) -> None:
    """Refuse what cannot fit: `needed` bytes over all ranks against the memory that the ranks of this node may use.

    This node's share must fit into the machine; and, with what each rank takes before it begins, into what the control
    group, Slurm or the shell grants.
    """
    here = launched_local_size()
    share = needed * here / launched_size()
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    granted, origin = _granted(here)
    if share > machine:
        raise InputError(f"{what} needs {_gib(share)} on this node, which has {_gib(machine)} of memory")
    if share + here * BASE > granted:
        ranks = f"with {here} rank{'s' * (here > 1)}"
        raise InputError(
            f"{what} needs {_gib(share + here * BASE)} on this node {ranks}, where {origin} {_gib(granted)}"
        )


def _gib(size: float) -> str:
    return f"{size / 2**30:.3g} GiB"


def _granted(here: int) -> tuple[float, str]:
    """Smallest grant to the processes of this node, and who says so."""
    grants = [(limit, "the control group grants") for limit in _cgroup_limits()]
    grants += [(limit, f"Slurm grants, {name},") for name, limit in _slurm_grants()]
    address, _ = resource.getrlimit(resource.RLIMIT_AS)
    if address != resource.RLIM_INFINITY:
        grants.append((float(address) * here, "the limit on address space (ulimit -v) grants"))
    return min(grants, default=(float("inf"), ""))


def _slurm_grants() -> Iterator[tuple[str, float]]:
    """Bytes that Slurm grants on this node, by variable; a --mem of 0 is the whole node."""
    of_node = _megabytes(os.environ.get("SLURM_MEM_PER_NODE", ""))
    if of_node:
        yield "SLURM_MEM_PER_NODE", of_node
    a_cpu, cpus = _megabytes(os.environ.get("SLURM_MEM_PER_CPU", "")), os.environ.get("SLURM_CPUS_ON_NODE", "")
    if a_cpu and cpus.isdigit():
        yield "SLURM_MEM_PER_CPU", a_cpu * int(cpus)


def _megabytes(told: str) -> float:
    """Bytes of a size as Slurm writes it: megabytes, or with a unit K, M, G, T; 0 for anything else."""
    found = re.fullmatch(r"(\d+)([KMGT]?)B?", told.strip().upper())
    return 0.0 if found is None else int(found[1]) * 2.0 ** {"K": 10, "M": 20, "G": 30, "T": 40}[found[2] or "M"]


@cache
def _cgroup_limits() -> tuple[float, ...]:
    """Limits of the control groups of this process and of all above it that can be seen, both versions."""
    try:
        files = list(_cgroup_files())
    except (OSError, ValueError):  # a /proc that is not as Linux writes it
        return ()
    return tuple(limit for limit in map(_limit, files) if limit < _NO_LIMIT)


def _limit(path: Path) -> float:
    try:
        told = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return float("inf")
    return float(told) if told.isdigit() else float("inf")  # version 2: "max"


def _cgroup_files() -> Iterator[Path]:
    """Files that may hold a limit, by /proc/self/cgroup (own group) and /proc/self/mountinfo (where it is to be seen).

    A container shows a part of the tree alone: what lies above the root of the mount is not there.
    """
    groups = [line.split(":", 2) for line in (_PROC / "cgroup").read_text().splitlines()]
    mounts = [line.split(" - ", 1) for line in (_PROC / "mountinfo").read_text().splitlines()]
    for where, what in mounts:
        kind, _, options = what.split(" ", 2)
        if not (kind == "cgroup2" or (kind == "cgroup" and "memory" in re.split("[ ,]", options))):
            continue
        name = "memory.max" if kind == "cgroup2" else "memory.limit_in_bytes"
        root, point = where.split(" ")[3:5]
        for _, controllers, group in groups:
            if (kind == "cgroup2") == (controllers == "") and (controllers == "" or "memory" in controllers.split(",")):
                inner = os.path.relpath(group, root)
                place = Path(point) if inner.startswith("..") else Path(point, inner)
                yield from (folder / name for folder in (place, *place.parents) if folder.is_relative_to(point))
