"""Noisy clouds, their moments and histograms are the same bytes on 1, 2, 3 and 4 ranks."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from particles.trajectory import Trajectory, load
from tests.tables import RANKS, RUN_ALL

MORE = (2, 3, 4)


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
    "plane-box": PLANE.replace("nu2", 'walls = [[-1.0, 3.0], [-2.0, 1.5]]\nwall = "reflecting"\nnu2'),
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
    "plane, box": ("plane-box", 12_347, (*EPS, "--dt", "0.25", "--noise", "gaussian")),
    "walls": ("walled", 12_347, (*EPS, "--dt", "0.25", "--noise", "two-point")),
    "mean, poisson": ("coupled", 12_347, (*EPS, "--clock", "poisson")),
    "mean, synchronous": ("coupled", 12_347, (*EPS, "--clock", "synchronous", "--noise", "two-point")),
    "fewer-blocks-than-ranks": ("fokker-planck", 5_000, (*EPS, "--dt", "0.5")),
    "fewer-particles-than-ranks": ("tanh-noise", 2, (*EPS, "--dt", "0.5")),
}
SHORT = ("gaussian, poisson", "two-point, K = x", "plane, mean", "mean, poisson")  # the others: make test-long
SPLIT = [pytest.param(name, marks=() if name in SHORT else pytest.mark.long) for name in RUNS]
SCRIPT = RUN_ALL
Runs = dict[tuple[str, int], Trajectory]


def given(folder: Path, asked: list[dict[str, Any]]) -> dict[int, list[tuple[int, list[str]]]]:
    """Command lines on each number of ranks, of the runs that are asked about and the short ones."""
    for name, text in TOMLS.items():
        (folder / f"{name}.toml").write_text(text)
    lines: dict[int, list[tuple[int, list[str]]]] = {ranks: [] for ranks in RANKS}
    names = {*SHORT, *(test["name"] for test in asked if "name" in test)}
    for ranks, (name, (case, count, options)) in itertools.product(RANKS, RUNS.items()):
        if name in names:
            source = str(folder / f"{case}.toml") if case in TOMLS else case
            counted = () if case.startswith("plane") else ("--histogram", "-5", "5", "40")
            out = str(folder / f"{name}-{ranks}")
            lines[ranks].append(
                (0, ["run", source, "--count", str(count), *options, *counted, "--seed", "7", "--out", out])
            )
    return lines


@pytest.fixture(scope="module")
def runs(told: dict[int, subprocess.CompletedProcess[str]]) -> Runs:
    """Every run on every number of ranks."""
    return {
        (name, ranks): load(path)
        for ranks, done in told.items()
        for name in RUNS
        if (path := Path(done.args).with_name(f"{name}-{ranks}")).exists()
    }


@pytest.mark.parametrize("name", SPLIT)
def test_noisy_cloud_is_independent_of_rank_count(runs: Runs, name: str) -> None:
    serial = runs[name, 1]
    assert len(serial.digests()) == len(serial.times) >= 1
    for ranks in MORE:
        assert runs[name, ranks].digests() == serial.digests()
        assert runs[name, ranks].info["ranks"] == ranks


@pytest.mark.parametrize("name", SPLIT)
def test_moments_and_histograms_are_independent_of_rank_count(runs: Runs, name: str) -> None:
    for ranks in MORE:
        assert runs[name, ranks].moments.tobytes() == runs[name, 1].moments.tobytes()
        assert runs[name, ranks].counts_digest() == runs[name, 1].counts_digest()
    assert np.all(np.isfinite(runs[name, 1].moments))


def test_histograms_were_stored(runs: Runs) -> None:
    for (name, _), found in runs.items():
        if not RUNS[name][0].startswith("plane"):
            assert found.counts is not None
            assert (found.counts.sum(axis=(1, 2)) == RUNS[name][1]).all()


def test_digests_tell_runs_apart(runs: Runs) -> None:
    """Control: another model, clock or law gives other bytes."""
    ends = [found.digests()[-1] for (_, ranks), found in runs.items() if ranks == 1]
    assert len(set(ends)) == len(ends) >= len(SHORT)
