"""The bounds of W1 are the same bytes on 1, 2, 3 and 4 ranks, and errors are met on all."""

from __future__ import annotations

import subprocess

import pytest

Told = dict[int, "subprocess.CompletedProcess[str]"]

SCRIPT = """
import numpy as np
import particles
from particles.base.errors import InputError
from particles.base.parallel import world
from particles.model import Measure, Normal, Uniform, cases, exact_law
from validation.distance import w1_to_law
from validation.distance.enclosure import enclose, enclose_at
model = cases["regression"].model
lines = []
for count in (2, 5000, 100_003):
    run = particles.simulate(model, particles.ExactFlow(), count=count, until=2.0, seed=7)
    law = exact_law(model, 2.0)
    found = enclose_at(run, 2.0, law)
    assert found.lower <= w1_to_law(run.at(2.0), law) <= found.upper
    density = np.full((3, 2), [[1.0 / 6.0], [0.0], [0.0]])
    walls = Measure(np.array([[0.0, 3.0]]), np.array([0.3, 0.2]), np.array([0.0, 1.0, 3.0]), density)
    lines += [found, enclose_at(run, 2.0, walls), enclose_at(run, 2.0, law, gather=count)]
own = world().rank  # ranks that hold 3, 4, 5 ... particles have not the same cloud on other numbers of ranks
assert enclose(np.zeros(3 + own), Uniform(0.0, 1.0)).edges_used > 0
if world().rank == 0:
    for found in lines:
        print(found.lower.hex(), found.upper.hex(), found.edges_used, found.rounds)
points = np.array([0.0, np.nan if own == 1 else 1.0])
try:
    enclose(points, Normal(0.0, 1.0))
except InputError as error:
    print("refused", error.on_all_ranks)
"""


def bounds(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Lines that rank 0 prints of the bounds."""
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if not line.startswith("refused")]


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_bounds_are_independent_of_rank_count(told: Told, ranks: int) -> None:
    assert bounds(told[ranks]) == bounds(told[1])


def test_bounds_of_different_clouds_differ(told: Told) -> None:
    """Control."""
    lines = bounds(told[1])
    assert len(lines) == len(set(lines)) == 9


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_bad_particle_on_one_rank_is_refused_on_all(told: Told, ranks: int) -> None:
    assert told[1].stdout.count("refused") == 0
    assert told[ranks].stdout.count("refused True\n") == ranks
