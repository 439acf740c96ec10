"""A convolutional network has the same weights to the byte on any number of ranks; sums by Allreduce have not."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.tables import RANKS

SCRIPT = """
import numpy as np
from particles.base.parallel import world
from particles.base.watch import Checkpoints, Stopped
from particles.networks.convolution import ConvolutionNetwork
from particles.networks.convolution_learner import ConvolutionLearner
from particles.networks.evaluate import evaluation
from particles.networks.made_digits import made_digits
from particles.networks.optimisers import Schedule
from particles.networks.trainer import Training, digest, train
ranks = world()
learner = ConvolutionLearner(ConvolutionNetwork(layers=3), made_digits(150))
training = Training(epochs=1, batch=64, schedule=Schedule(0.01))
straight = train(learner, training)
folder = f"{given}-{ranks.size}"
try:
    train(learner, training, checkpoints=Checkpoints(folder, stop_at=2))
except Stopped:
    resumed = train(learner, training, checkpoints=Checkpoints(folder, resume=True))
looked = evaluation(learner, straight.theta, ranks)
told = [digest(straight.theta), digest(resumed.theta), str(looked.right), repr(looked.loss)]
theta = straight.theta
mine = np.zeros(theta.size, np.float32)
for block in range(8 * ranks.rank // ranks.size, 8 * (ranks.rank + 1) // ranks.size):
    mine += learner.gradient(theta, np.arange(16 * block, 16 * block + 16))[2].astype(np.float32)
total = np.empty_like(mine)
from mpi4py import MPI
MPI.COMM_WORLD.Allreduce(mine, total)
assert all(other == told for other in ranks.gather(told))
if ranks.rank == 0:
    print(*told, digest(total), sep="\\n", flush=True)
"""


def given(folder: Path, asked: list[dict[str, Any]]) -> Any:
    """Where checkpoints are kept, a folder for each number of ranks."""
    return str(folder / "net.checkpoints")


def lines(told: dict[int, subprocess.CompletedProcess[str]]) -> list[list[str]]:
    return [told[ranks].stdout.splitlines() for ranks in RANKS]


def test_three_steps_are_independent_of_rank_count_and_restart(
    told: dict[int, subprocess.CompletedProcess[str]],
) -> None:
    alone, *more = lines(told)
    assert alone[0] == alone[1]
    assert all(other[:4] == alone[:4] for other in more)


def test_a_sum_by_allreduce_is_another_on_another_number_of_ranks(
    told: dict[int, subprocess.CompletedProcess[str]],
) -> None:
    """Control: gradients of blocks, added on each rank and then over the ranks, in single precision."""
    assert len({found[4] for found in lines(told)}) > 1
