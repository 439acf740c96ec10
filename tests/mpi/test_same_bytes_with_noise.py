"""Noisy clouds, their moments and histograms are the same bytes on 1, 2, 3 and 4 ranks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.tables import RUN_ALL

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
RANKS = (1, 2, 3, 4)


PLANE = """
[model]
drift = "identity"
weight = [[-1.0, 0.7], [0.3, -0.5]]
bias = [1.0, -0.5]
nu2 = 0.5
[model.initial]
law = "product"
components = [{law = "normal", m = 1.0, v = 1.0}, {law = "uniform", low = -1.0, high = 2.0}]
[run]
until = 1.0
"""
WALLED = """
[model]
drift = "relu"
weight = -1.0
bias = 1.0
nu2 = 1.0
diffusion = "x"
walls = [0.5, 4.0]
wall = "reflecting"
initial = {law = "uniform", low = 0.75, high = 3.0}
[run]
until = 1.0
"""
COUPLED = """
[model]
drift = "identity"
weight = -1.0
bias = "mean-coupled"
nu2 = 2.0
initial = {law = "normal", m = 1.0, v = 1.0}
[run]
until = 1.0
"""
TOMLS = {
    "plane": PLANE,
    "plane-x": PLANE.replace("nu2", 'diffusion = "x"\nnu2'),
    "plane-coupled": PLANE.replace("bias = [1.0, -0.5]", 'bias = "mean-coupled"'),
    "walled": WALLED,
    "coupled": COUPLED,
}
EPS = ("--eps", "0.0625")

# name: case, particles, options
RUNS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "gaussian, poisson": ("fokker-planck", 100_003, (*EPS, "--dt", "0.5", "--clock", "poisson", "--noise", "gaussian")),
    "two-point, K = x": ("inverse-gamma", 100_003, (*EPS, "--clock", "synchronous", "--noise", "two-point")),
    "two-point, poisson": ("inverse-gamma", 12_347, (*EPS, "--dt", "0.25", "--noise", "two-point")),
    "nanbu": ("tanh-noise", 12_347, (*EPS, "--clock", "nanbu", "--dt", "0.03125", "--noise", "exponential")),
    "unscaled": ("tanh-noise", 12_347, ("--eps", "1", "--tau", "0.25", "--dt", "0.5", "--noise", "uniform")),
    "milstein": ("inverse-gamma", 12_347, ("--milstein", "--dt", "0.0625")),
    "plane, poisson": ("plane", 12_347, (*EPS, "--dt", "0.25", "--noise", "gaussian53")),
    "plane, K = x": ("plane-x", 12_347, (*EPS, "--clock", "synchronous", "--noise", "uniform")),
    "plane, mean": ("plane-coupled", 12_347, (*EPS, "--clock", "poisson")),
    "walls": ("walled", 12_347, (*EPS, "--dt", "0.25", "--noise", "two-point")),
    "mean, poisson": ("coupled", 12_347, (*EPS, "--clock", "poisson")),
    "mean, synchronous": ("coupled", 12_347, (*EPS, "--clock", "synchronous", "--noise", "two-point")),
    "fewer-blocks-than-ranks": ("fokker-planck", 5_000, (*EPS, "--dt", "0.5")),
    "fewer-particles-than-ranks": ("tanh-noise", 2, (*EPS, "--dt", "0.5")),
}
SHORT = ("gaussian, poisson", "two-point, K = x", "plane, mean", "mean, poisson")  # the others: make test-long
SPLIT = [pytest.param(name, marks=() if name in SHORT else pytest.mark.long) for name in RUNS]
Runs = dict[tuple[str, int], dict[str, Any]]


@pytest.fixture(scope="module")
def runs(fresh: Fresh, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Runs:
    """What `info --json` says of every run that is asked about, on every number of ranks; one job a number of ranks."""
    folder = tmp_path_factory.mktemp("runs")
    asked = {item.callspec.params["name"] for item in request.session.items if hasattr(item, "callspec")
             and item.path == request.path and "name" in item.callspec.params}  # fmt: skip
    chosen = {name: row for name, row in RUNS.items() if name in asked or name in SHORT}
    for name, text in TOMLS.items():
        (folder / f"{name}.toml").write_text(text)
    answers: Runs = {}
    for ranks in RANKS:
        argvs, infos = [], []
        for number, (case, count, options) in enumerate(chosen.values()):
            out = str(folder / f"{number}-{ranks}")
            given = str(folder / f"{case}.toml") if case in TOMLS else case
            counted = () if case.startswith("plane") else ("--histogram", "-5", "5", "40")
            argvs.append(["run", given, "--count", str(count), *options, *counted, "--seed", "7", "--out", out])
            infos.append(["info", out, "--json"])
        done = fresh("-c", RUN_ALL, json.dumps(argvs), ranks=ranks, timeout=240)
        assert done.returncode == 0, done.stderr
        told = fresh("-c", RUN_ALL, json.dumps(infos))
        assert told.returncode == 0, told.stderr
        objects = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
        for number, (name, answer) in enumerate(zip(chosen, objects, strict=True)):
            stored = folder / f"{number}-{ranks}" / "histogram.npy"
            answer["histogram"] = np.load(stored, allow_pickle=False).tolist() if stored.exists() else None
            answers[name, ranks] = answer
    return answers


@pytest.mark.parametrize("name", SPLIT)
def test_noisy_cloud_is_independent_of_rank_count(runs: Runs, name: str) -> None:
    serial = runs[name, 1]
    assert len(serial["sha256"]) == len(serial["times"]) >= 1
    for ranks in RANKS[1:]:
        assert runs[name, ranks]["sha256"] == serial["sha256"]
        assert runs[name, ranks]["info"]["ranks"] == ranks


@pytest.mark.parametrize("name", SPLIT)
def test_moments_and_histograms_are_independent_of_rank_count(runs: Runs, name: str) -> None:
    for ranks in RANKS[1:]:
        assert runs[name, ranks]["moments"] == runs[name, 1]["moments"]
        assert runs[name, ranks]["histogram"] == runs[name, 1]["histogram"]
    assert np.all(np.isfinite(runs[name, 1]["moments"]))


def test_histograms_were_stored(runs: Runs) -> None:
    for (name, _), answer in runs.items():
        if not RUNS[name][0].startswith("plane"):
            total = np.array(answer["histogram"]).reshape(len(answer["times"]), -1).sum(axis=1)
            assert (total == RUNS[name][1]).all()


def test_digests_tell_runs_apart(runs: Runs) -> None:
    """Control: another model, clock or law gives other bytes."""
    ends = [answer["sha256"][-1] for (_, ranks), answer in runs.items() if ranks == 1]
    assert len(set(ends)) == len(ends) >= len(SHORT)
