"""Vectors of blocks are added in block order: the same bytes on any number of ranks, for any share of a rank."""

from __future__ import annotations

import subprocess

import pytest

SCRIPT = """
import numpy as np
from particles.base.digests import digest_of
from particles.base.parallel import world
from particles.base.sums import ordered_sum
ranks = world()
rng = np.random.default_rng(7)
for count, length in ((15, 18201), (3, 5), (1, 1), (700, 1)):
    blocks = rng.standard_normal((count, length)) * 10.0 ** rng.uniform(-8.0, 8.0, (count, length))
    ends = [count * rank // ranks.size for rank in range(ranks.size + 1)]
    mine = blocks[ends[ranks.rank] : ends[ranks.rank + 1]]
    found = ordered_sum(mine, ranks)
    assert np.allclose(found, blocks.sum(axis=0), rtol=1e-9, atol=1e-6)
    assert len(set(ranks.gather(found.tobytes()))) == 1
    partial = sum(ranks.gather(mine.sum(axis=0)))
    if ranks.rank == 0:
        print(digest_of([found.tobytes()]), digest_of([partial.tobytes()]))
"""


@pytest.fixture(scope="module")
def sums(told: dict[int, subprocess.CompletedProcess[str]]) -> dict[int, list[list[str]]]:
    """For each number of ranks: the digests of the ordered sum, and of sums a rank added."""
    assert all(done.stderr == "" for done in told.values())
    return {ranks: [line.split() for line in done.stdout.splitlines()] for ranks, done in told.items()}


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_ordered_sums_are_the_same_bytes_on_any_number_of_ranks(sums: dict[int, list[list[str]]], ranks: int) -> None:
    assert [row[0] for row in sums[ranks]] == [row[0] for row in sums[1]]


def test_sums_of_sums_are_not(sums: dict[int, list[list[str]]]) -> None:
    """Control: what each rank adds up for itself depends on their number."""
    assert sums[1][0][1] != sums[3][0][1]
