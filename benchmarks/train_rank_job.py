"""What `bench_ranks` starts under mpirun: a training of tanh layers on this rank's share of the particles.

A script that needs nothing but the installed packages. Rank 0 prints one JSON object: the slowest rank's time in
seconds, the shortest of several, and the learnt numbers.
"""

from __future__ import annotations

import argparse
import json
from time import perf_counter
from typing import Any

from particles import Euler
from particles.base import parallel
from particles.model import cases
from particles.training import Moment, Stop, fit
from particles.training.methods import METHODS


def main() -> None:
    """Time the training; compilation and start-up lie before it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("method")
    parser.add_argument("count", type=int)
    parser.add_argument("layers", type=int)
    parser.add_argument("turns", type=int)
    arguments = parser.parse_args()
    ranks, case = parallel.world(), cases["regression"]

    def learnt(count: int, iterations: int) -> Any:
        return fit(
            case.model, Euler(layers=arguments.layers), Moment(2.0), METHODS[arguments.method], count=count,
            until=case.until, ridge=1e-2, stop=Stop(iterations=iterations),
        )  # fmt: skip

    learnt(1000 * ranks.size, 1)
    best = float("inf")
    for _ in range(arguments.turns):
        ranks.barrier()
        began = perf_counter()
        found = learnt(arguments.count, 3)
        best = min(best, max(ranks.gather(perf_counter() - began)))
    if ranks.rank == 0:
        print(json.dumps({"seconds": best, "values": found.values}))


if __name__ == "__main__":
    main()
