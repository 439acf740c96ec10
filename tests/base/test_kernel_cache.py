"""The cache of compiled kernels never hands out another kernel, whatever several processes and the disk do to it."""

from __future__ import annotations

import ast
import json
import os
import random
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from particles.base import kernel_cache
from particles.base.kernel_cache import pack
from tests.forks import Forks
from tests.paths import ROOT, TESTS

JOBS = (TESTS / "kernel_jobs.py").read_text()
SOME = ("synchronous, gaussian", "synchronous, uniform", "euler, relu")  # one kernel with two laws, and another
WRITERS = 4
ROUNDS = 20

ONE_NUMBER_FOR_ALL = """
import itertools
from numba.core.bytecode import FunctionIdentity
from particles.base import jit, kernel_cache
def always_the_same():
    FunctionIdentity._unique_ids = itertools.repeat(7)
jit.number_symbols_anew = kernel_cache.number_symbols_anew = always_the_same
"""


def kept_in(folder: Path) -> dict[str, str]:
    """The environment of a process whose kernels are kept in a folder."""
    return {"NUMBA_CACHE_DIR": str(folder)}


def found(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a process printed, which must be all that it said."""
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def serial(forks: Forks, folder: Path, *names: str) -> dict[str, str]:
    """sha256 of jobs that one process runs from a cold cache of its own."""
    sums = dict(found(forks(JOBS, 0, *names, env=kept_in(folder), timeout=900))["sha256"])
    assert len(set(sums.values())) == len(sums)
    return sums


@pytest.fixture(scope="module")
def alone(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The right bytes of some jobs."""
    return serial(forks, tmp_path_factory.mktemp("alone"), *SOME)


def stress(
    forks: Forks,
    folder: Path,
    rounds: int,
    alone: dict[str, str],
    *,
    many: int = WRITERS,
    readers: int = 3,
    kill: bool = False,
) -> None:
    """Writers fill a cold cache together, in different orders; then processes load all that they left."""
    for number in range(rounds):
        cold = kept_in(folder / f"cold-{number}")
        lives, victims = [900.0] * many, random.Random(number)
        if kill:
            lives[victims.randrange(many)] = victims.uniform(0.2, 3.0)
        writers = [
            forks.start(JOBS, 10 * number + writer, *alone, env=cold, timeout=life) for writer, life in enumerate(lives)
        ]
        for life, writer in zip(lives, writers, strict=True):
            done = writer()
            assert (done.returncode == -signal.SIGALRM and life < 900.0) or found(done)["sha256"] == alone
        for order in range(readers):
            reader = found(forks(JOBS, 1000 + readers * number + order, *alone, env=cold, timeout=900))
            assert (reader["sha256"], reader["compiled"]) == (alone, 0)


def test_writers_on_a_cold_cache_do_not_mix_kernels(forks: Forks, tmp_path: Path, alone: dict[str, str]) -> None:
    stress(forks, tmp_path, 1, alone, many=2, readers=1)


@pytest.mark.long
def test_writers_on_many_cold_caches_do_not_mix_kernels(forks: Forks, tmp_path: Path) -> None:
    """Every kernel: four writers, twenty cold caches, three readers of each."""
    stress(forks, tmp_path, ROUNDS, serial(forks, tmp_path / "alone"))
    compiled = {path.name.rpartition("-")[0] for path in (tmp_path / "alone" / "kernels").iterdir()}
    assert compiled == factories()


READ = (
    JOBS
    + """
    assert "numba.np.linalg" not in sys.modules
"""
)


@pytest.mark.long
def test_every_kernel_is_read_without_what_compiles(
    forks: Forks, fresh: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """What machine code calls is there although numba's registries are not."""
    sums = serial(forks, tmp_path)
    reader = found(fresh("-c", READ, 0, env=kept_in(tmp_path), timeout=900))
    assert (reader["sha256"], reader["compiled"]) == (sums, 0)


@pytest.mark.long
def test_fresh_processes_on_a_cold_cache_compile_what_they_do_not_find(
    fresh: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, alone: dict[str, str]
) -> None:
    """Processes that have loaded nothing: two at once, then one that finds a part of what it needs, then all of it."""
    cold = kept_in(tmp_path)
    with ThreadPoolExecutor() as pool:
        first = list(pool.map(lambda order: found(fresh("-c", JOBS, order, *SOME[:2], env=cold)), range(2)))
    assert all(one["sha256"] == {name: alone[name] for name in SOME[:2]} for one in first)
    last = [found(fresh("-c", JOBS, order, *SOME, env=cold)) for order in range(2)]
    assert all(one["sha256"] == alone for one in last)
    assert last[0]["compiled"] > 0 == last[1]["compiled"]
    assert last[0]["loaded"] > 0


@pytest.mark.long
def test_a_killed_writer_spoils_nothing(forks: Forks, tmp_path: Path, alone: dict[str, str]) -> None:
    stress(forks, tmp_path, ROUNDS, alone, kill=True)


def test_symbols_of_one_name_would_mix_kernels(forks: Forks, tmp_path: Path, alone: dict[str, str]) -> None:
    """Control: where two processes give symbols one number, a third that loads both runs one kernel for the other."""
    script = JOBS.replace("import hashlib", ONE_NUMBER_FOR_ALL + "import hashlib", 1)
    for name in SOME[:2]:
        found(forks(script, 0, name, env=kept_in(tmp_path)))
    third = found(forks(script, 0, *SOME[:2], env=kept_in(tmp_path)))
    assert third["compiled"] == 0
    assert third["sha256"] != {name: alone[name] for name in SOME[:2]}


def factories() -> set[str]:
    """Names of all functions of the project that make kernels."""
    sources = [path for package in ("particles", "kinetic", "validation") for path in (ROOT / package).rglob("*.py")]
    functions = [node for path in sources for node in ast.walk(ast.parse(path.read_text()))
                 if isinstance(node, ast.FunctionDef)]  # fmt: skip
    return {node.name for node in functions if "kernel" in map(ast.unparse, node.decorator_list)}


SWEEP = """
import resource, shutil, sys
import numpy as np
from particles.base.jit import cache_folder
from particles.kernels.line import euler_line
from particles.kernels.walls import free
from particles.model import RELU
x = np.linspace(-1.0, 1.0, 64)
sweep = euler_line(RELU.value, free)
if "small" in sys.argv:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
if "gone" in sys.argv:
    shutil.rmtree(cache_folder())
sweep(x, np.ones(3), np.zeros(3), 0.125, RELU.constants, 0.0, 0.0)
print(sum(sweep.stats.cache_hits.values()), x.tobytes().hex())
"""


@pytest.fixture(scope="module")
def good(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str, str]:
    """A kernel's file, its name, and what the kernel computes."""
    folder = tmp_path_factory.mktemp("good")
    done = forks(SWEEP, env=kept_in(folder))
    assert done.stderr == ""
    (path,) = (folder / "kernels").iterdir()
    return path.read_bytes(), path.name, done.stdout.split()[1]


FIRST_READ = """
import sys
import numpy as np
from particles.base import jit
from particles.kernels.line import euler_line
from particles.kernels.walls import free
from particles.model import IDENTITY, RELU
for drift, read in ((RELU, True), (IDENTITY, False), (RELU, True)):
    x = np.linspace(-1.0, 1.0, 64)
    euler_line(drift.value, free)(x, np.ones(3), np.zeros(3), 0.125, drift.constants, 0.0, 0.0)
    print("numba.np.linalg" in sys.modules, sum(jit.compiled_kernels[-1].stats.cache_hits.values()), x.tobytes().hex())
"""


def test_a_kernel_is_read_without_what_compiles_and_the_next_is_compiled(
    fresh: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, good: tuple[bytes, str, str]
) -> None:
    """numba's registries, 0.1 s, are loaded by the first kernel that is compiled, not by one from the disk."""
    content, name, right = good
    path = tmp_path / "kernels" / name
    path.parent.mkdir()
    path.write_bytes(content)
    done = fresh("-c", FIRST_READ, env=kept_in(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[:2] for line in lines] == [["False", "1"], ["True", "0"], ["True", "0"]]
    assert lines[0][2] == lines[2][2] == right != lines[1][2]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[:-100],
    "zeros": lambda content: bytes(len(content)),
    "one bit": lambda content: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
    "longer": lambda content: content + b"x",
    "another's key": lambda content: pack(b"code", b"another key"),
    "no code": lambda content: pack(b"code", content[content.index(b"particles.") :].split(b"\x80")[0]),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_compiled_anew_and_replaced(
    forks: Forks, tmp_path: Path, good: tuple[bytes, str, str], kind: str
) -> None:
    content, name, right = good
    path = tmp_path / "kernels" / name
    path.parent.mkdir()
    path.write_bytes(DAMAGE[kind](content))
    first, second = (forks(SWEEP, env=kept_in(tmp_path)) for _ in range(2))
    assert first.stdout.split() == ["0", right]
    assert first.stderr.count("\n") == 1
    assert f"{name} is not used" in first.stderr
    assert (second.stdout.split(), second.stderr) == (["1", right], "")


@pytest.mark.parametrize("trouble", ["small", "gone"])
def test_a_run_goes_on_where_nothing_can_be_kept(
    forks: Forks, tmp_path: Path, good: tuple[bytes, str, str], trouble: str
) -> None:
    done = forks(SWEEP, trouble, env=kept_in(tmp_path))
    assert done.stdout.split() == ["0", good[2]]
    assert done.stderr.count("\n") == 1
    assert "cannot be kept" in done.stderr
    assert not list(tmp_path.rglob("*.kernel")) + list(tmp_path.rglob("*.draft"))


def test_a_kernel_is_taken_from_this_user_or_root_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.kernel"
    path.write_bytes(b"content")
    assert kernel_cache.read_ours(path) == b"content"
    others = os.stat_result((0o100644, 0, 0, 1, os.getuid() + 1, 0, 7, 0, 0, 0))
    monkeypatch.setattr(os, "fstat", lambda handle: others)
    with pytest.raises(ValueError, match="another user"):
        kernel_cache.read_ours(path)
