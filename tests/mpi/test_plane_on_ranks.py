"""The equation in the plane is the same bytes on 1, 2, 3 and 4 ranks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kinetic
from kinetic.__main__ import build_parser
from particles.base import command
from tests.tables import RANKS

Told = dict[int, "subprocess.CompletedProcess[str]"]
Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

SCRIPT = """
import hashlib, json
import numpy as np
from kinetic import CWENO3, Explicit, Grid, LocalDiffusivity, Plane, PlaneProblem, evolve, solve
from particles.base.errors import InputError, NotFiniteError
from particles.base.parallel import Ranks, serial, world
from particles.model import MEAN_COUPLED, TANH, Model, Normal, Product

ranks, given_folder = world(), given
plane = Plane(Grid(2.0, 8.0, cells=20), Grid(2.0, 8.5, cells=75))  # four strips, the last of 27 rows
bump = plane.averages_of(lambda x, y: np.exp(-((x - 5.1) ** 2) - (y - 5.2) ** 2))
start = Product([Normal(5.0, 0.5), Normal(5.5, 0.4)])

def outwards(x, y, t, mean):
    return 0.7 * (x - 5.0) + 0.3 * (y - 5.0), -0.2 * (x - 5.0) + 0.8 * (y - 5.0)

def followed(x, y, t, mean):
    return (1.0 + t) * (mean[0] - x) + 0.5 * y - 2.0, mean[1] + 0.3 - y

GROWING = LocalDiffusivity(lambda x: 0.01 * x * x, lambda x: 0.02 * x)

def coupled(**options):
    return Model(drift=TANH, weight=np.array([[-1.0, 0.7], [0.3, 0.5]]), bias=MEAN_COUPLED, initial=start, **options)

def of(problem, **options):
    return lambda **more: evolve(problem, bump, plane, until=0.15, times=(0.0, 0.1), **options, **more)

RUNS = {
    "sticky": of(PlaneProblem(outwards, "wall")),
    "release": of(PlaneProblem(lambda x, y, t, mean: (4.0 * (y - 5.0), 0.0 * x - 4.0), "wall")),
    "periodic": of(PlaneProblem(outwards, "periodic")),
    "periodic, diffusion": of(PlaneProblem(outwards, "periodic", 0.1)),
    "reflecting, diffusion": of(PlaneProblem(outwards, "reflecting", 0.1)),
    "K = x": of(PlaneProblem(outwards, "reflecting", GROWING)),
    "periodic, K = x": of(PlaneProblem(outwards, "periodic", GROWING)),
    "at rest": of(PlaneProblem(lambda x, y, t, mean: (5.0 - x, 5.0 - y), "reflecting", 1.0), residual=4.0),
    "positive": of(PlaneProblem(outwards, "periodic"), scheme=Explicit(CWENO3(positive=True), cfl=0.16)),
    "varying": of(PlaneProblem(followed, "wall", steady=False, needs_mean=True)),
    "mean-coupled": lambda **more: solve(coupled(), plane, until=0.1, **more),
    "mean-coupled, diffusion": lambda **more: solve(coupled(nu2=0.5), plane, until=0.1, **more),
}

def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()

def told(record):
    end = record.times[-1]
    moments = [record.mean(end).tolist(), record.covariance(end).tolist(), record.mass(end)]
    found = record.times, record.steps, record.lowest, record.lowest_at, record.stopped, moments, record.release
    return sha256(record.averages), sha256(record.atoms), found

answer = {name: told(run()) for name, run in RUNS.items()}
assert answer["at rest"][2][4]
if ranks.size > 1:
    alone = RUNS["sticky"](comm=serial())
    assert told(alone) == answer["sticky"]
    there = RUNS["sticky"](everywhere=False)
    assert (there is not None) == (ranks.rank == 0)
    assert there is None or told(there) == answer["sticky"]

    whole = Ranks.exchange
    Ranks.exchange = lambda self, rows, layers, *, around: whole(self, rows[1:-1], layers - 1, around=around)
    answer["one layer"] = [told(RUNS[name]())[0] for name in ("sticky", "periodic", "reflecting, diffusion")]
    Ranks.exchange = whole

def explodes(x, y, t, mean):
    return np.where((x > 5.0) & (y > 6.0) & (t > 0.1), np.nan, x), y + 0.0 * x
try:
    evolve(PlaneProblem(explodes, "wall", steady=False), bump, plane, until=0.15)
except NotFiniteError as error:
    answer["error"] = str(error), error.on_all_ranks
few = Plane(plane.x, Grid(0.0, 1.0, cells=40))
try:
    evolve(PlaneProblem(outwards, "wall"), np.ones(few.shape), few, until=0.1)
except InputError as error:
    answer["few"] = str(error)

# stopped on 1 rank, gone on with on 3, ended on 4; and on 3, 4, 2
from particles.base.watch import Checkpoints, Stopped
for name, chain in (("sticky", (1, 3, 4)), ("at rest", (3, 4, 2)), ("varying", (3, 4, 2))):
    if ranks.size in chain:
        turn = chain.index(ranks.size)
        stop_at = (2, 5, None)[turn]
        checkpoints = Checkpoints(f"{given_folder}/{name}", stop_at=stop_at, resume=turn > 0)
        try:
            answer[f"{name}, resumed"] = told(RUNS[name](checkpoints=checkpoints))
            assert turn == 2
        except Stopped:
            assert turn < 2
print(json.dumps(answer))
"""
NAMES = [line.split('"')[1] for line in SCRIPT.split("RUNS = {")[1].split("\n}")[0].splitlines() if line[:5] == '    "']
MORE = (2, 3, 4)


def given(folder: Path, asked: list[dict[str, Any]]) -> str:
    """Where checkpoints lie."""
    return str(folder)


@pytest.fixture(scope="module")
def answers(told: Told) -> dict[int, list[dict[str, Any]]]:
    """What every rank says on every number of ranks."""
    assert all(done.stderr == "" for done in told.values())
    return {ranks: list(map(json.loads, done.stdout.splitlines())) for ranks, done in told.items()}


@pytest.mark.parametrize("name", NAMES)
def test_density_walls_and_moments_are_independent_of_rank_count(
    answers: dict[int, list[dict[str, Any]]], name: str
) -> None:
    for ranks in RANKS:
        assert [one[name] for one in answers[ranks]] == ranks * [answers[1][0][name]]


def test_digests_tell_different_runs_apart(answers: dict[int, list[dict[str, Any]]]) -> None:
    assert [bool(answers[1][0][name][2][6]) for name in ("release", "sticky")] == [True, False]
    assert len({answers[1][0][name][0] for name in NAMES}) == len(NAMES)
    assert len(NAMES) == 12


@pytest.mark.parametrize(("name", "ranks"), [("sticky", 4), ("at rest", 2), ("varying", 2)])
def test_restarts_on_other_ranks_change_no_byte(
    answers: dict[int, list[dict[str, Any]]], name: str, ranks: int
) -> None:
    """Stopped on 1 rank, then on 3, ended on 4; or on 3, then 4, ended on 2."""
    assert [one[f"{name}, resumed"] for one in answers[ranks]] == ranks * [answers[1][0][name]]
    assert f"{name}, resumed" not in answers[3][0]


@pytest.mark.parametrize("ranks", MORE)
def test_a_halo_of_one_layer_is_noticed(answers: dict[int, list[dict[str, Any]]], ranks: int) -> None:
    """The planted fault: the outer of the two rows stays what it was."""
    names = ("sticky", "periodic", "reflecting, diffusion")
    for name, found in zip(names, answers[ranks][0]["one layer"], strict=True):
        assert found != answers[1][0][name][0]


@pytest.mark.parametrize("ranks", MORE)
def test_what_fails_is_told_alike_on_all_ranks(answers: dict[int, list[dict[str, Any]]], ranks: int) -> None:
    (sentence, _), told = answers[1][0]["error"], [one["error"] for one in answers[ranks]]
    assert "is not finite at t = " in sentence
    assert told == ranks * [[sentence, True]]


@pytest.mark.parametrize("ranks", [3, 4])
def test_more_ranks_than_strips_are_refused(answers: dict[int, list[dict[str, Any]]], ranks: int) -> None:
    told = f"40 rows of cells are 2 strips of 16 rows or more: allowed are as many ranks, not {ranks}"
    assert [one["few"] for one in answers[ranks]] == ranks * [told]
    assert "few" not in answers[2][0]


BAD = {
    "line": (["regression", "--cells", "100"], "is solved by one process, without mpirun"),
    "strips": (["regression-2d", "--cells", "20"], "1 strip of 16 rows or more: allowed are as many ranks, not 2"),
    "cells": (["regression-2d", "--cells", "20", "20", "20"], "two features have N or N N"),
}
REFUSED = """
import json, sys
from kinetic.__main__ import build_parser
from particles.base import command
codes = [command.run("kinetic", build_parser, words) for words in json.loads(sys.argv[1])]
assert not {"numba", "mpi4py", "xarray"} & set(sys.modules)
sys.exit(codes[0] if len(set(codes)) == 1 else 1)
"""


def test_bad_input_is_told_once_before_mpi_starts(fresh: Fresh, tmp_path: Path) -> None:
    lines = [["run", *words, "--out", str(tmp_path / "plane.nc")] for words, _ in BAD.values()]
    done = fresh("-c", REFUSED, json.dumps(lines), ranks=2)
    assert (done.returncode, done.stdout) == (2, "")
    for line, (_, words) in zip(done.stderr.splitlines(), BAD.values(), strict=True):
        assert words in line
    assert list(tmp_path.iterdir()) == []


def test_a_command_on_ranks_writes_the_record_of_one(
    fresh: Fresh, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "regression-2d", "--cells", "40", "48", "--until", "0.2", "--times", "0.1", "--json", "--out"]
    done = fresh("-m", "kinetic", *words, tmp_path / "2.nc", ranks=2)
    assert done.returncode == 0, done.stderr
    assert command.run("kinetic", build_parser, [*words, str(tmp_path / "1.nc")]) == 0
    assert capsys.readouterr().out.replace("1.nc", "2.nc") == done.stdout
    one, two = (kinetic.load(tmp_path / f"{ranks}.nc") for ranks in (1, 2))
    assert one.averages.tobytes() == two.averages.tobytes()
    assert one.atoms.tobytes() == two.atoms.tobytes()
    assert [record.provenance["ranks"] for record in (one, two)] == [1, 2]


FAILING = """
import sys
from kinetic.__main__ import build_parser
from kinetic.plane.integrate import PlaneIntegrator
from particles.base import command
from particles.base.parallel import world
whole = PlaneIntegrator._stage
def stage(self, *arguments):
    if world().rank == 1 and world().size == 2 and self.averages.shape[1] > 4:
        open(sys.argv[1], "w").close()
        raise RuntimeError("bug on one rank")
    return whole(self, *arguments)
PlaneIntegrator._stage = stage
words = ["run", "regression-2d", "--cells", "40", "--out", sys.argv[2]]
sys.exit(command.run("kinetic", build_parser, words))
"""


def test_a_failing_rank_ends_the_job(fresh: Fresh, tmp_path: Path) -> None:
    """The other one would wait for its rows for ever."""
    done = fresh("-c", FAILING, tmp_path / "stamp", tmp_path / "plane.nc", ranks=2)
    assert done.returncode != 0
    assert "bug on one rank" in done.stderr
    left = {path.name for path in tmp_path.iterdir()}
    assert left - {".plane.nc.lock", ".plane.nc.checkpoints.lock"} == {"stamp"}
