"""One rank that fails ends the job; bad input is told once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from particles import ExactFlow, simulate
from particles.model import cases
from particles.trajectory import Trajectory, load
from tests.tables import RANKS

Told = dict[int, "subprocess.CompletedProcess[str]"]
Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

# A rank fails in the middle of the time loop, where the others wait for it in a collective operation. One that raises
# has carried its particles by then; for the other ways to fail they stand still, and no kernel is loaded.
FAILING = """
import os, signal, sys
from particles.base.errors import InputError
from particles.ensemble import Ensemble
failing_rank, how, where = int(sys.argv[1]), sys.argv[2], sys.argv[3]
whole = Ensemble.first_not_finite
def first_not_finite(self, state):
    if self.ranks.rank == failing_rank:
        open(sys.argv[4], "w").close()
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
if how != "raises":
    import numpy as np
    from particles import ExactFlow
    sys.modules["particles.simulate"]._compile = lambda *parts: None
    Ensemble.start = lambda self, *parts: np.zeros((1, len(self.local)))
    ExactFlow.advance = lambda *parts: None
if where == "command":
    from particles.__main__ import build_parser
    from particles.base import command
    argv = ["run", "regression", "--exact", "--count", "9000", "--times", "2", "--out", sys.argv[5]]
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
def test_failing_rank_ends_the_job(fresh: Fresh, tmp_path: Path, rank: int, how: str, where: str) -> None:
    """The other one would wait for it for ever."""
    stamp, out = tmp_path / "stamp", tmp_path / "out"
    done = fresh("-c", FAILING, rank, how, where, stamp, out, ranks=2)  # a cold cache compiles first
    assert done.returncode != 0
    if how in ("raises", "refuses"):
        assert ("bug on one rank" in done.stderr) == (how == "raises")
    if how == "refuses" and where == "command":
        assert done.stderr.count("one rank alone met this") == 1
    left = {path.name for path in tmp_path.iterdir()}
    assert left - {".out.lock", ".out.checkpoints.lock"} == {"stamp"}  # names of locks that no process holds any more


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
import json, sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from particles.__main__ import build_parser
from particles.base import command
from particles.base.launch import launched_rank
found, codes = {}, set()
for name, words in json.loads(sys.argv[1]).items():
    with redirect_stderr(StringIO()) as told:
        codes.add(command.run("particles", build_parser, words))
    found[name] = told.getvalue(), [heavy for heavy in ("numba", "mpi4py") if heavy in sys.modules]
Path(sys.argv[2], f"{launched_rank()}.json").write_text(json.dumps(found))
sys.exit(codes.pop() if len(codes) == 1 else 1)
"""


@pytest.fixture(scope="module")
def refusals(fresh: Fresh, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, tuple[str, list[str]]]]:
    """For each rank: what it says of each bad input, and which heavy libraries it has loaded by then."""
    folder, answers = tmp_path_factory.mktemp("bad"), tmp_path_factory.mktemp("answers")
    (folder / "other").mkdir()
    (folder / "other" / "thesis.tex").write_text("mine")
    (folder / "hole.csv").write_text('a\n1.0\n""\n')
    (folder / "hole.toml").write_text(TOML)
    (folder / "key.toml").write_text(TOML + "steps = 3\n")
    before = sorted(folder.rglob("*"))
    rows = {name: words if "--out" in words else [*words, "--out", "out"] for name, words in BAD.items()}
    done = fresh("-c", TELLING, json.dumps(rows), answers, ranks=2, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
    assert sorted(folder.rglob("*")) == before
    return [json.loads((answers / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_once_under_mpirun_before_mpi_starts(
    refusals: list[dict[str, tuple[str, list[str]]]], name: str
) -> None:
    lines = [line for rank in refusals for line in rank[name][0].splitlines()]
    assert [line.startswith("particles: ") for line in lines] == [True]
    assert [rank[name][1] for rank in refusals] == [[], []]


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
# the disk of rank 1 is full, and then its first particle is lost
SCRIPT = """
from particles.ensemble import Ensemble
from particles.trajectory import Trajectory
from particles.base.parallel import world
write, start, here = Trajectory._write, Ensemble.start, world()
def fail(self, path, offset):
    if here.rank == 1:
        raise OSError(28, "No space left on device", str(path))
    write(self, path, offset)
def lose(self, *arguments):
    state = start(self, *arguments)
    return state[:, 1:].copy() if here.rank == 1 else state
words = ["run", "regression", "--exact", "--count", "9000", "--out"]
if here.size > 1:
    Trajectory._write = fail
    assert run("particles", [*words, f"{given}/older-{here.size}", "--replace"]) == 5
    Trajectory._write, Ensemble.start = write, lose
    assert run("particles", [*words, f"{given}/lost-{here.size}"]) == 3
    Ensemble.start = start
exploding = ["run", f"{given}/own.toml", "--dt", "0.1", "--count", "12347", "--start", "quantile"]
assert run("particles", [*exploding, "--out", f"{given}/exploded-{here.size}"]) == 3
assert run("particles", [*words, f"{given}/stored-{here.size}", "--json"]) == 0
"""
SEVERAL = (2, 3, 4)


def older() -> Trajectory:
    """A small run that is stored before."""
    return simulate(cases["regression"].model, ExactFlow(), count=100, until=2.0)


def given(folder: Path, asked: list[dict[str, Any]]) -> str:
    """The folder, with a model that explodes and an older run for each job."""
    (folder / "own.toml").write_text(EXPLODING)
    for ranks in SEVERAL:
        older().save(folder / f"older-{ranks}")
    return str(folder)


def left(done: subprocess.CompletedProcess[str], name: str) -> list[Path]:
    """What lies under a name, or one like it, in the folder of the jobs."""
    return list(Path(done.args).parent.glob(f"*{name}*"))


@pytest.mark.parametrize("ranks", SEVERAL)
def test_full_disk_on_one_rank_is_one_sentence_and_leaves_the_older_run(told: Told, ranks: int) -> None:
    assert told[ranks].stderr.splitlines()[0].startswith("particles: ")
    assert "No space left" in told[ranks].stderr.splitlines()[0]
    (path,) = left(told[ranks], f"older-{ranks}")
    assert load(path).digests() == older().digests()


@pytest.mark.parametrize("ranks", SEVERAL)
def test_lost_particle_is_noticed(told: Told, ranks: int) -> None:
    assert "8999 particles instead of 9000" in told[ranks].stderr.splitlines()[1]
    assert left(told[ranks], "lost") == []


@pytest.mark.parametrize("ranks", SEVERAL)
def test_first_bad_particle_is_the_same_on_any_number_of_ranks(told: Told, ranks: int) -> None:
    lines = told[1].stderr.splitlines()
    assert len(lines) == 2  # a caution, and what became of it
    assert "particle " in lines[1]
    assert told[ranks].stderr.splitlines()[2:] == lines
    assert left(told[ranks], "exploded") == []


@pytest.mark.parametrize("ranks", RANKS)
def test_json_is_printed_once_and_last(told: Told, ranks: int) -> None:
    assert told[ranks].stdout.count("{") == 1
    assert json.loads(told[ranks].stdout.splitlines()[-1])["count"] == 9000


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
    assert done.stderr.count("\n") == done.stderr.count("particles: ") == 1
    assert list(tmp_path.iterdir()) == []
