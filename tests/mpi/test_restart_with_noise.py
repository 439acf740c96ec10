"""Noisy runs that are stopped inside a block of a Philox counter go on to the bytes of the run that never was."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.mpi.chains import Chain, Lines, check, lines
from tests.tables import RUN_ALL

Told = dict[int, "subprocess.CompletedProcess[str]"]

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
CHAINS: dict[str, Chain] = {"one-restart": {1: 6, 3: None}, "three-restarts": {1: 6, 3: 37, 4: 38, 2: None}}
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


SCRIPT = RUN_ALL


def given(folder: Path, asked: list[dict[str, Any]]) -> Lines:
    """Command lines of the pairs that are asked about."""
    for name, text in (("coupled.toml", TOML), ("plane.toml", PLANE)):
        (folder / name).write_text(text)
    here = {
        name: (folder / case if ".toml" in str(case) else case, *options, "--count", 12_347, "--seed", 5)
        for name, (case, *options) in RUNS.items()
    }
    pairs = [(test["name"], test["chain"]) for test in asked]
    return lines(folder, here, [(name, chain, CHAINS[chain]) for name, chain in pairs])


@pytest.mark.parametrize(("name", "chain"), PAIRS)
def test_restarts_inside_a_counter_change_no_byte(told: Told, name: str, chain: str) -> None:
    check(Path(told[1].args).parent, name, chain, CHAINS[chain])
