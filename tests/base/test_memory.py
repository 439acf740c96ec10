"""The memory that counts: the machine's, the control group's, Slurm's and the shell's, whichever is the least."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from particles.base import memory
from particles.base.errors import InputError
from particles.base.memory import BASE, require_memory

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
MIB = 2**20
LIMIT = 700 * MIB
NAMES = {1: "memory.limit_in_bytes", 2: "memory.max"}
FREE = {1: "9223372036854771712", 2: "max"}


@pytest.fixture(autouse=True)
def _nothing_granted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for variable in list(os.environ):
        if variable.startswith(("SLURM_", "PMI", "OMPI_COMM", "MPI_LOCAL")):
            monkeypatch.delenv(variable)
    monkeypatch.setattr(memory, "_PROC", tmp_path)
    memory._cgroup_limits.cache_clear()
    yield
    memory._cgroup_limits.cache_clear()


def test_memory_beyond_the_machine_is_refused() -> None:
    require_memory("it", 0.5 * MACHINE)
    with pytest.raises(InputError, match=r"on this node, which has .* GiB of memory"):
        require_memory("it", 2.0 * MACHINE)


def tree(folder: Path, version: int, group: str, limits: dict[str, str], root: str = "/") -> None:
    """A /proc/self and a mounted tree of control groups with these limits, by the groups' paths below the mount."""
    point = folder / "mount"
    kind = "cgroup2 cgroup2 rw" if version == 2 else "cgroup cgroup rw,memory"
    (folder / "mountinfo").write_text(
        f"21 1 0:1 / / rw - ext4 disk rw\n30 21 0:26 {root} {point} rw shared:4 - {kind}\n"
    )
    (folder / "cgroup").write_text(f"0::{group}\n" if version == 2 else f"7:cpu:/\n4:memory:{group}\n0::/\n")
    for path, limit in limits.items():
        (point / path.strip("/")).mkdir(parents=True, exist_ok=True)
        (point / path.strip("/") / NAMES[version]).write_text(limit + "\n")


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("limited", ["/", "/slurm", "/slurm/job_7", "/slurm/job_7/step_0"])
def test_limit_of_a_control_group_or_of_one_above_counts(tmp_path: Path, version: int, limited: str) -> None:
    groups = ("/", "/slurm", "/slurm/job_7", "/slurm/job_7/step_0")
    limits = {group: str(LIMIT) if group == limited else FREE[version] for group in groups}
    tree(tmp_path, version, groups[-1], limits)
    require_memory("count = 1", LIMIT - BASE)
    with pytest.raises(InputError, match=r"count = 1 needs .* GiB on this node with 1 rank, where the control group"):
        require_memory("count = 1", LIMIT - BASE + 1)


@pytest.mark.parametrize("version", [1, 2])
def test_smallest_of_several_groups_counts(tmp_path: Path, version: int) -> None:
    tree(tmp_path, version, "/a/b", {"/": str(9 * LIMIT), "/a": str(LIMIT), "/a/b": str(4 * LIMIT)})
    with pytest.raises(InputError, match=r"grants 0\.684 GiB"):
        require_memory("it", LIMIT)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("root", "group"), [("/docker/abc", "/docker/abc"), ("/docker/abc", "/elsewhere"), ("/", "/")])
def test_container_that_sees_a_part_of_the_tree(tmp_path: Path, version: int, root: str, group: str) -> None:
    tree(tmp_path, version, group, {"/": str(LIMIT)}, root=root)
    with pytest.raises(InputError, match="control group"):
        require_memory("it", LIMIT)


@pytest.mark.parametrize("version", [1, 2])
def test_no_limit_is_none(tmp_path: Path, version: int) -> None:
    tree(tmp_path, version, "/a", {"/": FREE[version], "/a": FREE[version]})
    require_memory("it", 0.9 * MACHINE)


@pytest.mark.parametrize("text", ["", "nonsense", "0::", "x:y", "4:memory:/a\n" * 3])
def test_strange_proc_is_no_limit(tmp_path: Path, text: str) -> None:
    (tmp_path / "cgroup").write_text(text)
    (tmp_path / "mountinfo").write_text("nonsense\n")
    require_memory("it", 1.0)


SLURM = {
    "--mem=700M": {"SLURM_MEM_PER_NODE": "700"},
    "--mem=700M, as typed": {"SLURM_MEM_PER_NODE": "700M"},
    "--mem-per-cpu=350M": {"SLURM_MEM_PER_CPU": "350", "SLURM_CPUS_ON_NODE": "2"},
    "both": {"SLURM_MEM_PER_NODE": "9000", "SLURM_MEM_PER_CPU": "350", "SLURM_CPUS_ON_NODE": "2"},
}


@pytest.mark.parametrize("name", SLURM)
def test_grant_of_slurm_counts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in SLURM[name].items():
        monkeypatch.setenv(variable, value)
    require_memory("it", LIMIT - BASE)
    with pytest.raises(InputError, match="where Slurm grants, SLURM_MEM_PER_"):
        require_memory("it", 2 * 2**30)


@pytest.mark.parametrize("told", ["0", "", "much"])
def test_whole_node_is_no_limit(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_MEM_PER_NODE", told)
    require_memory("it", 0.5 * MACHINE)


def test_only_the_ranks_of_this_node_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight ranks on four nodes: a node holds a quarter."""
    for name, value in {"NUM_TASKS": "8", "NUM_NODES": "4", "TASKS_PER_NODE": "2(x4)"}.items():
        monkeypatch.setenv(f"SLURM_STEP_{name}", value)
    require_memory("it", 3.5 * MACHINE)
    with pytest.raises(InputError):
        require_memory("it", 4.5 * MACHINE)
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "700")
    require_memory("it", 4.0 * (LIMIT - 2 * BASE))
    with pytest.raises(InputError, match="with 2 ranks"):
        require_memory("it", 4.0 * (LIMIT - 2 * BASE) + 4)


def test_address_space_of_a_process_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (LIMIT, LIMIT))
    with pytest.raises(InputError, match="ulimit -v"):
        require_memory("it", LIMIT)
