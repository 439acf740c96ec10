"""Networks are trained, made smaller by L-BFGS and evaluated to the same bytes on any number of ranks."""

from __future__ import annotations

import subprocess

from tests.tables import RANKS

SCRIPT = """
import dataclasses, json
from particles.base.parallel import world
from particles.networks.cases import NETWORKS, Choice
from particles.networks.restarts import Restarts
ranks = world()
for name, kind, polish in (("circles", "euler", 0), ("circles", "strang", 20), ("circles-plane", "multistep", 0)):
    case, choice = NETWORKS[name], Choice(kind)
    training = dataclasses.replace(case.training, epochs=2)
    case = dataclasses.replace(case, training=training, starts=2, polish=polish)
    record = Restarts(case, choice, case.learners(choice), ranks).perform()
    kept = ("weights", "curve", "starts", "train", "held", "failed", "remarks")
    told = json.dumps([name, kind, *(record.info[key] for key in kept)])
    assert all(other == told for other in ranks.gather(told))
    if ranks.rank == 0:
        print(told, flush=True)
"""


def test_networks_are_independent_of_rank_count(told: dict[int, subprocess.CompletedProcess[str]]) -> None:
    alone, *more = (told[ranks].stdout for ranks in RANKS)
    assert len(set(alone.splitlines())) == 3
    assert all(other == alone for other in more)
