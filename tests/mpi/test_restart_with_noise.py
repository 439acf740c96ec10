"""Noisy runs that are stopped inside a block of a Philox counter go on to the bytes of the run that never was."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from particles.trajectory import load

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

TOML = """
[model]
drift = "identity"
weight = -1.0
bias = "mean-coupled"
nu2 = 0.5
[model.initial]
law = "normal"
m = 1.0
v = 1.0
[run]
until = 1.0
"""
PLANE = """
[model]
drift = "tanh"
weight = [[-1.0, 0.7], [0.3, -0.5]]
bias = [0.1, -0.2]
nu2 = 0.5
[model.initial]
law = "product"
components = [{law = "normal", m = 1.0, v = 1.0}, {law = "uniform", low = -1.0, high = 2.0}]
[run]
until = 1.0
"""
SYNCHRONOUS = ("--eps", 0.01, "--clock", "synchronous")
RUNS: dict[str, tuple[object, ...]] = {
    "gaussian-poisson": ("fokker-planck", "--until", 1, "--times", 1, "--eps", 0.01, "--dt", 0.01),
    "gaussian-synchronous": ("fokker-planck", "--until", 1, "--times", 1, *SYNCHRONOUS),
    "two-point-k-x": ("inverse-gamma", "--until", 1, "--times", 1, *SYNCHRONOUS, "--noise", "two-point"),
    "mean-coupled": ("coupled.toml", *SYNCHRONOUS),
    "plane": ("plane.toml", *SYNCHRONOUS),
    "milstein": ("inverse-gamma", "--until", 1, "--times", 1, "--milstein", "--dt", 0.01),
}
# steps 6, 37 and 38 lie inside a counter's four steps, all of them inside the 128 of a two-point counter
CHAINS = {"one-restart": ((6, 2), (None, 1)), "three-restarts": ((6, 1), (37, 2), (38, 1), (None, 2))}
SHORT = {
    ("gaussian-poisson", "one-restart"),
    ("two-point-k-x", "three-restarts"),
    ("mean-coupled", "one-restart"),
    ("plane", "one-restart"),
}
PAIRS = [
    pytest.param(name, chain, marks=() if (name, chain) in SHORT else pytest.mark.long, id=f"{name}-{chain}")
    for name in RUNS
    for chain in CHAINS
]


@pytest.mark.parametrize(("name", "chain"), PAIRS)
def test_restarts_inside_a_counter_change_no_byte(fresh: Fresh, tmp_path: Path, name: str, chain: str) -> None:
    (tmp_path / "coupled.toml").write_text(TOML)
    (tmp_path / "plane.toml").write_text(PLANE)
    case, *options = RUNS[name]
    common = ("run", case, *options, "--count", 12_347, "--seed", 5)
    done = fresh("-m", "particles", *common, "--out", tmp_path / "straight", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    arguments: tuple[object, ...] = (*common, "--out", tmp_path / "out")
    for step, ranks in CHAINS[chain]:
        stop = () if step is None else ("--stop-at", step)
        done = fresh("-m", "particles", *arguments, *stop, ranks=ranks, cwd=tmp_path)
        assert done.returncode == (75 if step else 0), done.stderr
        arguments = ("resume", tmp_path / "out")
    straight, restarted = load(tmp_path / "straight"), load(tmp_path / "out")
    assert restarted.digests() == straight.digests()
    assert restarted.moments.tobytes() == straight.moments.tobytes()
    assert restarted.variances.tobytes() == straight.variances.tobytes()
