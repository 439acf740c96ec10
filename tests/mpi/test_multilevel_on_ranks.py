"""A multilevel estimate is the same bytes on one rank and on two, and its errors are met on both in order."""

from __future__ import annotations

import json
import subprocess

import pytest

RANKS = (1, 2)
SCRIPT = """
import dataclasses
from particles.model import cases
from particles.base.parallel import world
from particles.multilevel.quantities import DistributionFunction, Moments
from validation.advice.giles import multilevel
for name, tolerance, quantity in (
    ("tanh-noise", 0.01, Moments((1, 2))),
    ("inverse-gamma", 0.02, DistributionFunction((0.5, 1.0))),
):
    found = multilevel(cases[name].model, 1.0, tolerance, quantity=quantity, seed=7)
    told = dataclasses.replace(found, levels=tuple(dataclasses.replace(v, seconds=0.0) for v in found.levels))
    told = repr(dataclasses.asdict(dataclasses.replace(told, provenance={})))  # in full: its own repr is cut
    assert all(other == told for other in world().gather(told))
    if world().rank == 0:
        print(told, flush=True)
unstable = ("fokker-planck", "--tolerance", "0.01", "--until", "1e99", "--coarsest", "100")
for code, words in (
    (0, ("tanh-noise", "--tolerance", "0.05", "--json")),
    (2, ("tanh-noise", "--tolerance", "1e-7")),
    (3, unstable),
):
    assert run("validation", ("multilevel", *words)) == code
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_errors_are_told_once_and_end_all_ranks(told: dict[int, subprocess.CompletedProcess[str]], ranks: int) -> None:
    """Every rank gets the same exit codes: 2 for a tolerance too small, 3 for paths that are not finite."""
    lines = told[ranks].stderr.strip().splitlines()
    assert len(lines) == 2
    assert "particle-steps or more" in lines[0]
    assert "coarsest step is too large" in lines[1]


def test_estimate_is_independent_of_rank_count(told: dict[int, subprocess.CompletedProcess[str]]) -> None:
    alone, both = (told[ranks].stdout.splitlines()[:2] for ranks in (1, 2))
    assert alone == both
    assert len(set(alone)) == 2  # control
    assert all("standard_error" in line and "..." not in line for line in alone)


def test_command_prints_once(told: dict[int, subprocess.CompletedProcess[str]]) -> None:
    first, second = (json.loads(told[ranks].stdout.strip().splitlines()[-1]) for ranks in (1, 2))
    assert first["estimate"] == second["estimate"]
    assert told[2].stdout.count("E X = ") == 1
