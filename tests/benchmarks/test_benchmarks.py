"""The benchmarks measure what they say: peers agree with ours, every benchmark runs, asv accepts them. No timings."""

from __future__ import annotations

import functools
import importlib
import math
import os
import pkgutil
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import benchmarks
import kinetic
from benchmarks import bench_ranks, measure, peers, suite
from kinetic.line.integrate import Integrator
from particles.kernels import line, walls
from particles.model import TANH

KINDS = {
    "track_": ("ns", "seconds", "times", "share", "distance"),
    "time_": ("seconds",),
    "peakmem_": ("bytes",),
}
"""Beginning of a benchmark's name -> the units that it may have."""
run_once = functools.cache(measure.fresh_python)
"""In the smallest sizes most jobs on ranks are another's too: equal ones are one."""
SCHEMES = {"CWZ": kinetic.CWENO3(), "CW": kinetic.CWENO3(weights="CW"), "linear": kinetic.Linear()}


def every_benchmark() -> list[Any]:
    """Every (class, parameters) of the modules that asv looks through."""
    found = []
    for module in pkgutil.iter_modules(benchmarks.__path__, "benchmarks."):
        if module.name.rpartition(".")[2].startswith("bench_"):
            for name, entry in sorted(vars(importlib.import_module(module.name)).items()):
                if isinstance(entry, type) and any(attribute.startswith(tuple(KINDS)) for attribute in vars(entry)):
                    values = list(product(*getattr(entry, "params", ())))
                    found += [pytest.param(entry, value, id="-".join([name, *map(str, value)])) for value in values]
    return found


def test_numpy_and_numba_carry_particles_as_ours_do() -> None:
    random = np.random.default_rng(5)
    start, weights, biases = random.normal(size=10_001), random.normal(size=30), random.normal(size=30)
    ours, blocks, loop = start.copy(), start.copy(), start.copy()
    sweep = line.euler_line(TANH.value, walls.free)
    sweep(ours, weights, biases, 0.01, (), -math.inf, math.inf)
    peers.tanh_blocks(blocks, weights, biases, 0.01, block=4096)
    peers.tanh_loop(loop, weights, biases, 0.01)
    assert np.abs(ours - start).max() > 0.01
    np.testing.assert_allclose(blocks, ours, rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(loop, ours, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_numpy_steps_a_grid_as_ours_does(scheme: str) -> None:
    """Rough data and speeds of both signs, a few steps: every stage, weight and face counts."""
    random = np.random.default_rng(6)
    grid = kinetic.Grid(0.0, 1.0, cells=101)
    start, speeds = random.uniform(0.5, 1.5, 101), random.uniform(-1.0, 1.0, 102)
    speeds[-1] = speeds[0]
    ours = Integrator(kinetic.LinearFlux(speeds), grid, SCHEMES[scheme], "periodic", start, np.zeros(2))
    peer = peers.Cweno(start, speeds, grid.h, scheme)
    ours.advance(0.0, 0.002, 4, 1.0)
    peer.advance(0.002, 4)
    assert np.abs(ours.averages - start).max() > 0.1
    np.testing.assert_allclose(peer.averages, ours.averages, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize(("benchmark", "parameters"), every_benchmark())
def test_every_benchmark_runs_in_its_smallest_size(
    benchmark: type, parameters: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):  # Open MPI in a container
        monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe")
    monkeypatch.setattr(bench_ranks, "fresh_python", run_once)
    instance = benchmark()
    for name, value in instance.smallest.items():
        assert hasattr(benchmark, name), f"there is no size {name!r}"
        setattr(instance, name, value)
    assert instance.timeout > 0.0
    assert len(getattr(benchmark, "params", ())) == len(getattr(benchmark, "param_names", ()))
    assert all(name.islower() or name == "particles M" for name in getattr(benchmark, "param_names", ()))
    if hasattr(instance, "setup"):
        try:
            instance.setup(*parameters)
        except NotImplementedError as absent:
            pytest.skip(str(absent))
    methods = [name for name in vars(benchmark) if name.startswith(tuple(KINDS))]
    for name in methods:
        method = getattr(instance, name)
        kind = name[: name.index("_") + 1]
        assert 0 < len(method.pretty_name) <= 42, "the dashboard's grid cuts a longer title"
        assert method.version.isdigit()
        assert method.unit in KINDS[kind]
        result = method(*parameters)
        assert kind != "track_" or 0.0 < result < math.inf
    getattr(instance, "teardown", lambda: None)()


def test_what_is_better_when_it_is_higher_is_no_regression() -> None:
    (excluded,) = suite.configuration()["regressions_first_commits"]
    seen = set()
    for benchmark, _ in (parameter.values for parameter in every_benchmark()):
        for name in (name for name in vars(benchmark) if name.startswith(tuple(KINDS))):
            method = getattr(benchmark, name)
            higher = method.unit == "share" or method.pretty_name.endswith("over ours")
            path = f"{benchmark.__module__.removeprefix('benchmarks.')}.{benchmark.__name__}.{name}"
            assert bool(re.match(excluded, path)) == higher, path
            seen.add(higher)
    assert seen == {True, False}


def test_a_wrong_result_is_no_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a peer that does nothing, or less than all, is not timed."""
    from benchmarks.bench_kinetic import CellStage
    from benchmarks.bench_peers import TanhLayer

    monkeypatch.setattr(peers, "tanh_blocks", lambda x, w, b, dt: peers.tanh_loop(x, w[1:], b, dt))
    layer = TanhLayer()
    layer.counts, layer.layers = TanhLayer.smallest["counts"], TanhLayer.smallest["layers"]
    with pytest.raises(AssertionError, match="exact flow"):
        layer.setup("NumPy")
    monkeypatch.setattr(peers.Cweno, "advance", lambda self, dt, steps: None)
    stage = CellStage()
    stage.cells, stage.steps = CellStage.smallest["cells"], CellStage.smallest["steps"]
    with pytest.raises(AssertionError, match="not the equation's solution"):
        stage.setup("CW")


def test_times_are_the_shortest_and_taken_in_turns() -> None:
    order = []
    works = {
        name: measure.Work(lambda name=name: order.append(name), lambda name=name: order.append(name + "!"), 2.0)
        for name in ("ours", "theirs")
    }
    times = measure.nanoseconds(works, 2)
    assert order == ["ours", "ours!", "theirs", "theirs!"] * 2
    assert all(0.0 < time < 1e9 for time in times.values())


def test_a_process_that_fails_is_reported() -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        measure.fresh_python("-c", "raise SystemExit(3)")


def test_asv_finds_and_accepts_the_benchmarks(tmp_path: Path) -> None:
    folder = Path(benchmarks.__file__).parent
    command = [sys.executable, "-m", "asv", "check", "-E", f"existing:{sys.executable}"]
    environment = os.environ | {"HOME": str(tmp_path)}  # nothing is left in the user's own
    answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "No problems found" in answer.stdout
