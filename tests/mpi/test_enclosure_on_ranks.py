"""The bounds of W1 are the same bytes on 1, 2, 3 and 4 ranks, and errors are met on all."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

BOUNDS = """
import numpy as np
import particles
from particles.model import Clipped, Measure, Normal, Uniform, cases, exact_law
from particles.base.parallel import world
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
        print(found.lower.hex(), found.upper.hex(), found.edges_used, found.rounds, flush=True)
"""


@pytest.fixture(scope="module")
def told(fresh: Fresh) -> dict[int, str]:
    answers = {}
    for ranks in (1, 2, 3, 4):
        done = fresh("-c", BOUNDS, ranks=ranks, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
        answers[ranks] = done.stdout
    return answers


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_bounds_are_independent_of_rank_count(told: dict[int, str], ranks: int) -> None:
    assert told[ranks] == told[1]


def test_bounds_of_different_clouds_differ(told: dict[int, str]) -> None:
    """Control."""
    lines = told[1].splitlines()
    assert len(lines) == len(set(lines)) == 9


ONE_BAD = """
import numpy as np
from particles.base.errors import InputError
from particles.model import Normal
from particles.base.parallel import world
from validation.distance.enclosure import enclose
points = np.array([0.0, np.nan if world().rank == 1 else 1.0])
try:
    enclose(points, Normal(0.0, 1.0))
except InputError as error:
    print("refused", error.on_all_ranks, flush=True)
"""


def test_bad_particle_on_one_rank_is_refused_on_all(fresh: Fresh) -> None:
    done = fresh("-c", ONE_BAD, ranks=3, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("refused") == done.stdout.count("True") == 3
