"""What `bench_ranks` starts under mpirun: a sweep of tanh layers on this rank's share of the particles.

A script that needs nothing but the installed packages. Rank 0 prints one JSON object: the slowest rank's time of the
sweep in seconds, the shortest of several, and the moments of the whole cloud.
"""

from __future__ import annotations

import argparse
import json
from time import perf_counter

import numpy as np

from particles import Euler, philox
from particles.ensemble import Ensemble
from particles.model import cases

try:
    from particles.base import parallel
except ImportError:  # its place in older versions
    from particles import parallel  # type: ignore[attr-defined, no-redef]

Address = getattr(philox, "Address" if hasattr(philox, "Address") else "Where")  # the name in older versions


def main() -> None:
    """Time the sweep; compilation and start-up lie before it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("layers", type=int)
    parser.add_argument("turns", type=int)
    arguments = parser.parse_args()

    case, scheme, ranks = cases["regression"], Euler(layers=arguments.layers), parallel.world()
    ensemble = Ensemble(arguments.count, ranks)
    levels = scheme.levels(case.model, case.until, ())
    parameters = scheme.parameters(case.model, levels, 0, len(levels) - 1, None)
    address = Address(ensemble.local.start, 0, 0, 0)
    start = ensemble.start(case.model, "quantile", 0, 0)
    with ranks.one_rank_a_node_first():
        scheme.advance(case.model, np.zeros((1, 1)), parameters, address)

    best = float("inf")
    for _ in range(arguments.turns):
        state = start.copy()
        ranks.barrier()
        began = perf_counter()
        scheme.advance(case.model, state, parameters, address)
        best = min(best, max(ranks.gather(perf_counter() - began)))
    moments = ensemble.moments(state)
    if ranks.rank == 0:
        print(json.dumps({"seconds": best, "moments": moments[:, 0].tolist()}))


if __name__ == "__main__":
    main()
