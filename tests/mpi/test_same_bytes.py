"""The cloud and its moments are the same bytes on 1, 2, 3 and 4 ranks."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from particles.trajectory import Trajectory, load
from tests.tables import RANKS, RUN_ALL

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
MORE = (2, 3, 4)


FULL = """
[model]
drift = "identity"
weight = [[-1.0, 0.7], [0.3, -0.5]]
bias = [1.0, -0.5]
[model.initial]
law = "product"
components = [{law = "normal", m = 1.0, v = 1.0}, {law = "uniform", low = -1.0, high = 2.0}]
[run]
until = 1.5
"""
NEURONS = """
[model]
drift = "tanh"
weight = [[-1.0, 0.4], [0.3, -0.7]]
bias = {edges = [0.0, 0.75], values = [1.0, -1.0]}
neurons = 2
[model.initial]
law = "mixture"
weights = [0.3, 0.7]
components = [{law = "normal", m = -1.0, v = 0.5}, {law = "uniform", low = 0.0, high = 2.0}]
[run]
until = 1.5
"""
BOX = """
[model]
drift = "tanh"
weight = [[1.0, 1.8], [-1.6, 0.8]]
bias = [-14.0, 4.0]
scaled = false
walls = [[2.0, 8.0], [3.0, 8.5]]
[model.initial]
law = "product"
components = [{law = "normal", m = 5.0, v = 1.0}, {law = "uniform", low = 2.0, high = 8.0}]
[run]
until = 1.5
"""
TILTED = (
    FULL[: FULL.index("[model.initial]")]
    + """
[model.initial]
law = "multivariate-normal"
m = [0.5, 0.0]
s = [[0.3, 0.1], [0.1, 0.2]]
[run]
until = 1.5
"""
)
COUPLED = FULL.replace("bias = [1.0, -0.5]", 'bias = "mean-coupled"')
TOMLS = {"full": FULL, "neurons": NEURONS, "coupled": COUPLED, "box": BOX, "tilted": TILTED}

# name: case, particles, options
RUNS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "regression-euler": ("regression", 100_003, ("--layers", "200")),
    "regression-exact": ("regression", 100_003, ("--exact",)),
    "vehicles-euler": ("vehicles", 100_003, ("--layers", "200")),
    "vehicles-exact": ("vehicles", 100_003, ("--exact",)),
    "iris-exact": ("iris", 12_347, ("--exact",)),
    "moments-conserved-euler": ("moments-conserved", 100_003, ("--layers", "100")),
    "moments-conserved-exact": ("moments-conserved", 100_003, ("--exact",)),
    "regression-2d-euler": ("regression-2d", 12_347, ("--layers", "200")),
    "regression-2d-exact": ("regression-2d", 12_347, ("--exact",)),
    "full-euler": ("full", 12_347, ("--layers", "60")),
    "full-exact": ("full", 12_347, ("--exact",)),
    "neurons-euler": ("neurons", 12_347, ("--layers", "60")),
    "box-euler": ("box", 12_347, ("--layers", "60")),
    "tilted-exact": ("tilted", 12_347, ("--exact",)),
    "coupled-euler": ("coupled", 12_347, ("--layers", "60")),
    "coupled-exact": ("coupled", 12_347, ("--exact",)),
    "stratified": ("regression", 12_347, ("--exact", "--start", "stratified")),
    "quantile": ("regression", 12_347, ("--exact", "--start", "quantile")),
    "fewer-blocks-than-ranks": ("moments-conserved", 5_000, ("--layers", "10")),
    "fewer-particles-than-ranks": ("regression", 2, ("--layers", "10")),
}


PARTS = """
import numpy as np
from particles import ExactFlow, simulate
from particles.model import cases
from particles.base.parallel import world
if world().size > 1:
    from mpi4py import MPI
    model = cases["regression"].model
    run = simulate(model, ExactFlow(), count=12347, until=2.0)
    own = simulate(model, ExactFlow(), count=12347, until=2.0, comm=MPI.COMM_SELF)
    assert run.states[-1].shape[1] < 12347 == own.states[-1].shape[1]
    assert np.array_equal(run.at(2.0).points, own.at(2.0).points)
    assert np.array_equal(run.moments, own.moments)
    print("equal")
"""
ALONE = """
import os, scipy.linalg
scipy.linalg.expm([[1.0, 2.0], [3.0, 4.0]])
print(f"threads: {os.environ.get('OMP_NUM_THREADS')};")
"""
SCRIPT = RUN_ALL + PARTS + ALONE
Runs = dict[tuple[str, int], Trajectory]
Told = dict[int, "subprocess.CompletedProcess[str]"]


def given(folder: Path, asked: list[dict[str, Any]]) -> dict[int, list[tuple[int, list[str]]]]:
    """Command lines on each number of ranks."""
    for name, text in TOMLS.items():
        (folder / f"{name}.toml").write_text(text)
    lines: dict[int, list[tuple[int, list[str]]]] = {ranks: [] for ranks in RANKS}
    for ranks, (name, (case, count, options)) in itertools.product(RANKS, RUNS.items()):
        source = str(folder / f"{case}.toml") if case in TOMLS else case
        out = str(folder / f"{name}-{ranks}")
        lines[ranks].append((0, ["run", source, "--count", str(count), *options, "--seed", "7", "--out", out]))
    return lines


@pytest.fixture(scope="module")
def runs(told: Told) -> Runs:
    """Every run on every number of ranks."""
    assert all(done.stderr == "" for done in told.values())
    return {
        (name, ranks): load(Path(done.args).with_name(f"{name}-{ranks}"))
        for ranks, done in told.items()
        for name in RUNS
    }


@pytest.mark.parametrize("name", RUNS)
def test_cloud_is_independent_of_rank_count(runs: Runs, name: str) -> None:
    serial = runs[name, 1]
    assert len(serial.digests()) == len(serial.times) >= 2
    for ranks in MORE:
        assert runs[name, ranks].digests() == serial.digests()
        assert runs[name, ranks].info["ranks"] == ranks


@pytest.mark.parametrize("name", RUNS)
def test_moments_are_independent_of_rank_count(runs: Runs, name: str) -> None:
    for ranks in MORE:
        assert runs[name, ranks].moments.tobytes() == runs[name, 1].moments.tobytes()
        assert runs[name, ranks].variances.tobytes() == runs[name, 1].variances.tobytes()
    assert np.all(np.isfinite(runs[name, 1].moments))


def test_digests_tell_different_clouds_apart(runs: Runs) -> None:
    """Control: another scheme gives another cloud at the end, and the same one at the start."""
    euler, exact = (runs[name, 1].digests() for name in ("regression-euler", "regression-exact"))
    assert euler[0] == exact[0]
    assert euler[-1] != exact[-1]


@pytest.mark.parametrize("ranks", MORE)
def test_whole_cloud_is_given_to_every_rank(told: Told, ranks: int) -> None:
    """`at` gathers; a communicator of one rank holds everything."""
    assert told[ranks].stdout.count("equal\n") == ranks


@pytest.mark.parametrize("ranks", MORE)
def test_a_rank_has_one_thread(told: Told, ranks: int) -> None:
    """Set before numpy is loaded, or its linear algebra has started its threads already."""
    assert told[ranks].stdout.count("threads: 1;\n") == ranks
    assert told[1].stdout.count("threads: None;\n") == 1  # control: nobody else has said it


COLD = """
import json
from particles import Euler, simulate
from particles.kernels import reductions, line, walls
from particles.base.jit import kernel
from particles.model import IDENTITY, Model, Uniform
from mpi4py import MPI
model = Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Uniform(0.0, 1.0))
simulate(model, Euler(layers=5), count=9000, until=2.0)
stats = [line.euler_line(IDENTITY.value, walls.free).stats, reductions.block_power_sums().stats]
told = MPI.COMM_WORLD.gather([(sum(s.cache_hits.values()), sum(s.cache_misses.values())) for s in stats])
if told:
    print(json.dumps(told))
"""


def test_one_rank_compiles_and_the_others_find_it_on_disk(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh("-c", COLD, ranks=3, env={"NUMBA_CACHE_DIR": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    first, *others = json.loads(done.stdout)
    assert first == [[0, 1], [0, 1]]
    assert others == [[[1, 0], [1, 0]]] * 2
