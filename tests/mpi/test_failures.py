"""One rank that fails ends the job; bad input is told once."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from particles import ExactFlow, simulate
from particles.model import cases
from particles.trajectory import load

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

# Rank 1 fails in the middle of the time loop, where the others wait for it in a collective operation.
FAILING = """
import os, signal, sys, time
from particles.base.errors import InputError
from particles.ensemble import Ensemble
failing_rank, how, where = int(sys.argv[1]), sys.argv[2], sys.argv[3]
whole = Ensemble.first_not_finite
def first_not_finite(self, state):
    if self.ranks.rank == failing_rank:
        open(sys.argv[4], "w").write(repr(time.time()))
        if how == "raises":
            raise RuntimeError("bug on one rank")
        if how == "refuses":
            raise InputError("one rank alone met this")
        if how == "exits":
            sys.exit(7)
        if how == "exits-with-zero":
            sys.exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(self, state)
Ensemble.first_not_finite = first_not_finite
if where == "command":
    from particles.__main__ import build_parser
    from particles.base import command
    argv = ["run", "regression", "--exact", "--count", "9000", "--out", sys.argv[5]]
    sys.exit(command.run("particles", build_parser, argv))
import particles
from particles.model import cases
particles.simulate(cases["regression"].model, particles.ExactFlow(), count=9000, until=2.0)
"""


KINDS = [(how, where) for where in ("command", "script") for how in ("raises", "refuses", "exits", "is-killed")]


@pytest.mark.parametrize(
    ("rank", "how", "where"),
    [
        *((1, *kind) for kind in KINDS),
        (0, "raises", "command"),
        (0, "is-killed", "script"),
        (0, "exits-with-zero", "command"),
    ],
)
def test_failing_rank_ends_the_job_within_five_seconds(
    fresh: Fresh, tmp_path: Path, rank: int, how: str, where: str
) -> None:
    stamp, out = tmp_path / "stamp", tmp_path / "out"
    done = fresh("-c", FAILING, rank, how, where, stamp, out, ranks=2, timeout=60)  # a cold cache compiles first
    ended = time.time()
    assert ended - float(stamp.read_text()) < 5.0
    assert done.returncode != 0
    if how in ("raises", "refuses"):
        assert ("bug on one rank" in done.stderr) == (how == "raises")
    if how == "refuses" and where == "command":
        assert done.stderr.count("one rank alone met this") == 1
    left = {path.name for path in tmp_path.iterdir()}
    assert left - {".out.lock", ".out.checkpoints.lock"} == {"stamp"}  # names of locks that no process holds any more


WRITE_FAILS = """
import sys
from particles.trajectory import Trajectory
write = Trajectory._write
def fail(self, path, offset):
    if self.ensemble.ranks.rank == 1:
        raise OSError(28, "No space left on device", str(path))
    write(self, path, offset)
Trajectory._write = fail
from particles.__main__ import build_parser
from particles.base import command
sys.exit(command.run("particles", build_parser))
"""


def test_full_disk_on_one_rank_is_one_sentence_and_leaves_the_older_run(fresh: Fresh, tmp_path: Path) -> None:
    older = simulate(cases["regression"].model, ExactFlow(), count=100, until=2.0)
    older.save(tmp_path / "out")
    arguments = ("run", "regression", "--exact", "--count", 9000, "--replace", "--out", tmp_path / "out")
    done = fresh("-c", WRITE_FAILS, *arguments, ranks=2, timeout=20)
    assert done.returncode == 5
    assert told(done) == 1
    assert "No space left" in done.stderr
    assert load(tmp_path / "out").digests() == older.digests()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def told(done: subprocess.CompletedProcess[str]) -> int:
    """Number of lines on stderr that the project wrote (a launcher may add its own, Open MPI does)."""
    return sum(line.startswith("particles: ") for line in done.stderr.splitlines())


BAD = {
    "unknown-case": ["run", "regresion"],
    "negative-count": ["run", "regression", "--count", "-5"],
    "count-beyond-memory": ["run", "regression", "--count", "1e15"],
    "time-off-the-steps": ["run", "regression", "--layers", "10", "--times", "0.3"],
    "out-holds-something-else": ["run", "regression", "--out", "other"],
    "csv-with-a-hole": ["run", "hole.toml"],
    "unknown-key": ["run", "key.toml"],
}
TOML = """
[model]
drift = "tanh"
weight = -1.0
bias = 1.0
[model.initial]
law = "empirical"
file = "hole.csv"
[run]
until = 1.0
"""
TELLING = """
import sys
from particles.__main__ import build_parser
from particles.base import command
code = command.run("particles", build_parser)
print("loaded:", *[name for name in ("numba", "mpi4py") if name in sys.modules], flush=True)
sys.exit(code)
"""


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_once_under_mpirun_before_mpi_starts(fresh: Fresh, tmp_path: Path, name: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine")
    (tmp_path / "hole.csv").write_text('a\n1.0\n""\n')
    (tmp_path / "hole.toml").write_text(TOML)
    (tmp_path / "key.toml").write_text(TOML + "steps = 3\n")
    before = sorted(tmp_path.rglob("*"))
    arguments = BAD[name] if "--out" in BAD[name] else [*BAD[name], "--out", "out"]
    done = fresh("-c", TELLING, *arguments, ranks=2, cwd=tmp_path, timeout=30)
    assert done.returncode == 2
    assert done.stderr.count("\n") == told(done) == 1
    assert done.stdout.count("loaded:") == 2
    assert done.stdout.replace("loaded:", "").split() == []
    assert sorted(tmp_path.rglob("*")) == before


EXPLODING = """
[model]
drift = {name = "cubic", gamma = 1.0}
weight = 0.0
bias = 0.0
[model.initial]
law = "uniform"
low = 0.0
high = 10.0
[run]
until = 2.0
"""


def test_first_bad_particle_is_the_same_on_any_number_of_ranks(fresh: Fresh, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(EXPLODING)
    arguments = ("run", tmp_path / "own.toml", "--dt", 0.1, "--count", 12_347, "--start", "quantile")
    sentences = []
    for ranks in (1, 3):
        done = fresh("-m", "particles", *arguments, "--out", tmp_path / "out", ranks=ranks, timeout=30)
        assert (done.returncode, done.stderr.count("\n"), told(done)) == (3, 2, 2)  # a caution, and what became of it
        sentences.append(done.stderr)
    assert len(set(sentences)) == 1
    assert "particle " in sentences[0]
    assert [path.name for path in tmp_path.iterdir()] == ["own.toml"]


def test_json_is_printed_once_and_last(fresh: Fresh, tmp_path: Path) -> None:
    arguments = ("run", "regression", "--exact", "--count", 9000, "--out", tmp_path / "out", "--json")
    done = fresh("-m", "particles", *arguments, ranks=2, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("{") == 1
    assert json.loads(done.stdout.splitlines()[-1])["count"] == 9000


COPIES = """
import os, subprocess, sys
for rank in "01":
    variables = os.environ | {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": rank}
    print(subprocess.run([sys.executable, "-m", "particles", *sys.argv[1:]], env=variables).returncode, flush=True)
"""


def test_wrong_launcher_is_told_once(tmp_path: Path, fresh: Fresh) -> None:
    """Two processes with a launcher's variables and no MPI between them, as another library's mpirun starts them."""
    done = fresh("-c", COPIES, "run", "regression", "--exact", "--count", 10, "--out", tmp_path / "out")
    assert done.stdout.split() == ["2", "2"]
    assert done.stderr.count("\n") == told(done) == 1
    assert list(tmp_path.iterdir()) == []
