"""The cloud and its moments are the same bytes on 1, 2, 3 and 4 ranks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tables import RUN_ALL

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
RANKS = (1, 2, 3, 4)


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
COUPLED = FULL.replace("bias = [1.0, -0.5]", 'bias = "mean-coupled"')
TOMLS = {"full": FULL, "neurons": NEURONS, "coupled": COUPLED}

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
    "coupled-euler": ("coupled", 12_347, ("--layers", "60")),
    "coupled-exact": ("coupled", 12_347, ("--exact",)),
    "stratified": ("regression", 12_347, ("--exact", "--start", "stratified")),
    "quantile": ("regression", 12_347, ("--exact", "--start", "quantile")),
    "fewer-blocks-than-ranks": ("moments-conserved", 5_000, ("--layers", "10")),
    "fewer-particles-than-ranks": ("regression", 2, ("--layers", "10")),
}


@pytest.fixture(scope="module")
def runs(fresh: Fresh, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], dict[str, Any]]:
    """What `info --json` says of every run on every number of ranks; one job a number of ranks."""
    folder = tmp_path_factory.mktemp("runs")
    for name, text in TOMLS.items():
        (folder / f"{name}.toml").write_text(text)
    answers: dict[tuple[str, int], dict[str, Any]] = {}
    for ranks in RANKS:
        argvs, infos = [], []
        for name, (case, count, options) in RUNS.items():
            out = str(folder / f"{name}-{ranks}")
            given = str(folder / f"{case}.toml") if case in TOMLS else case
            argvs.append(["run", given, "--count", str(count), *options, "--seed", "7", "--out", out])
            infos.append(["info", out, "--json"])
        done = fresh("-c", RUN_ALL, json.dumps(argvs), ranks=ranks, timeout=240)
        assert (done.returncode, done.stderr) == (0, "")
        told = fresh("-c", RUN_ALL, json.dumps(infos))
        assert told.returncode == 0, told.stderr
        objects = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
        answers |= {(name, ranks): answer for name, answer in zip(RUNS, objects, strict=True)}
    return answers


@pytest.mark.parametrize("name", RUNS)
def test_cloud_is_independent_of_rank_count(runs: dict[tuple[str, int], dict[str, Any]], name: str) -> None:
    serial = runs[name, 1]
    assert len(serial["sha256"]) == len(serial["times"]) >= 2
    for ranks in RANKS[1:]:
        assert runs[name, ranks]["sha256"] == serial["sha256"]
        assert runs[name, ranks]["info"]["ranks"] == ranks


@pytest.mark.parametrize("name", RUNS)
def test_moments_are_independent_of_rank_count(runs: dict[tuple[str, int], dict[str, Any]], name: str) -> None:
    for ranks in RANKS[1:]:
        assert runs[name, ranks]["moments"] == runs[name, 1]["moments"]
        assert runs[name, ranks]["variances"] == runs[name, 1]["variances"]
    assert np.all(np.isfinite(runs[name, 1]["moments"]))


def test_digests_tell_different_clouds_apart(runs: dict[tuple[str, int], dict[str, Any]]) -> None:
    """Control: another scheme gives another cloud at the end, and the same one at the start."""
    euler, exact = runs["regression-euler", 1]["sha256"], runs["regression-exact", 1]["sha256"]
    assert euler[0] == exact[0]
    assert euler[-1] != exact[-1]


PARTS = """
import numpy as np
from mpi4py import MPI
import particles
from particles.model import cases
model = cases["regression"].model
run = particles.simulate(model, particles.ExactFlow(), count=12347, until=2.0)
own = particles.simulate(model, particles.ExactFlow(), count=12347, until=2.0, comm=MPI.COMM_SELF)
assert run.states[-1].shape[1] < 12347 == own.states[-1].shape[1]
assert np.array_equal(run.at(2.0).points, own.at(2.0).points)
assert np.array_equal(run.moments, own.moments)
print("equal", flush=True)
"""


def test_whole_cloud_is_given_to_every_rank(fresh: Fresh) -> None:
    """`at` gathers; a communicator of one rank holds everything."""
    done = fresh("-c", PARTS, ranks=3)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("equal") == 3  # ranks may write within each other's lines


COLD = """
import json
from particles import Euler, simulate
from particles.kernels import reductions, line, walls
from particles.base.jit import kernel
from particles.model import TANH, cases
from mpi4py import MPI
simulate(cases["regression"].model, Euler(layers=5), count=9000, until=2.0)
stats = [line.euler_line(TANH.value, walls.free).stats, reductions.block_power_sums().stats]
told = MPI.COMM_WORLD.gather([(sum(s.cache_hits.values()), sum(s.cache_misses.values())) for s in stats])
if told:
    print(json.dumps(told))
"""


def test_one_rank_compiles_and_the_others_find_it_on_disk(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh("-c", COLD, ranks=3, env={"NUMBA_CACHE_DIR": str(tmp_path)}, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    first, *others = json.loads(done.stdout)
    assert first == [[0, 1], [0, 1]]
    assert others == [[[1, 0], [1, 0]]] * 2


ALONE = """
import os, particles, scipy.linalg
from particles.model import cases
run = particles.simulate(cases["regression"].model, particles.Euler(layers=3), count=9000, until=2.0)
scipy.linalg.expm([[1.0, 2.0], [3.0, 4.0]])
os.write(1, f"threads: {os.environ['OMP_NUM_THREADS']};\\n".encode())  # one write: two ranks share the pipe
"""


def test_a_rank_has_one_thread(fresh: Fresh) -> None:
    """Set before numpy is loaded, or its linear algebra has started its threads already."""
    done = fresh("-c", ALONE, ranks=2, env={"OMP_NUM_THREADS": None, "OPENBLAS_NUM_THREADS": None})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("threads: 1;") == 2
