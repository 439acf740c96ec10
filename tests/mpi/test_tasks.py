"""Tasks dealt round the ranks: each is run once, and every rank has all results, in the order of the tasks."""

from __future__ import annotations

import subprocess

import pytest

SCRIPT = """
from particles.base.parallel import world
ranks, seen = world(), []
for tasks in ((), (5,), (5, 3, 8, 1, 9)):
    run, shares = [], []
    found = ranks.deal(tasks, lambda t: run.append(t) or 10 * t, progress=shares.append, cost=lambda t: t)
    assert found == [10 * task for task in tasks]
    assert sorted(sum(ranks.gather(run), [])) == sorted(tasks)
    assert shares == sorted(shares) and len(shares) == len(run) and all(0.0 < share <= 1.0 for share in shares)
    seen.append(ranks.gather(run))
if ranks.rank == 0:
    print(seen[-1])
"""


@pytest.mark.parametrize(
    ("ranks", "dealt"), [(1, "[[5, 3, 8, 1, 9]]"), (2, "[[5, 8, 9], [3, 1]]"), (3, "[[5, 1], [3, 9], [8]]")]
)
def test_every_task_is_run_once_and_known_to_all(
    told: dict[int, subprocess.CompletedProcess[str]], ranks: int, dealt: str
) -> None:
    assert (told[ranks].stderr, told[ranks].stdout.strip()) == ("", dealt)
