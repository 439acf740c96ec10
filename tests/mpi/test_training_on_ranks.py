"""A training is the same bytes on any number of ranks, straight or stopped in one job and resumed in the next."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.tables import RANKS

STOPS = dict(zip(RANKS, (5, 17, 31, None), strict=True))
SCRIPT = """
from particles.base.parallel import world
from particles.base.watch import Checkpoints, Stopped
from particles.networks.optimisers import Schedule
from particles.networks.trainer import Training, digest, train
from tests.learners import Logistic
training = Training(epochs=6, batch=20, schedule=Schedule(0.05, decay="linear"), seed=3)
learner, held, ranks = Logistic(101), Logistic(30, 2), world()
folder, stops, first = given
stop = stops[str(ranks.size)]
straight = train(learner, training, held=held)
told = [digest(straight.theta), str(straight.curve)]
try:
    train(learner, training, held=held, checkpoints=Checkpoints(folder, stop_at=stop, resume=ranks.size != first))
    done = train(learner, training, held=held, checkpoints=Checkpoints(folder, resume=True))
    told = [str(told == [digest(done.theta), str(done.curve)]), *told]
except Stopped:
    told = ["True", *told]
assert all(other == told for other in ranks.gather(told))
if ranks.rank == 0:
    print(*told, sep="\\n", flush=True)
"""


def given(folder: Path, asked: list[dict[str, Any]]) -> Any:
    """Folder of the checkpoints, where the jobs stop, and which is the first."""
    return str(folder / "net.checkpoints"), STOPS, RANKS[0]


def test_trainings_are_independent_of_rank_count(told: dict[int, subprocess.CompletedProcess[str]]) -> None:
    alone, *more = (told[ranks].stdout for ranks in RANKS)
    assert alone.splitlines()[0] == "True"
    assert all(other == alone for other in more)
