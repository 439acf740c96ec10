"""``mpirun -n R python benchmarks/enclosure.py [M]``: bounds of W1 of M = 10^8 particles of N(0, 1), time and memory.

Against the law itself and against cell averages of it, 1600 cells on [-8, 8]. The slowest rank's time of one call, by
the clock and of its processor; the cloud is drawn and the loop compiled before.
"""

from __future__ import annotations

import argparse
import resource
from time import perf_counter, process_time

import numpy as np

import kinetic
from particles.base import parallel
from particles.ensemble import Ensemble
from particles.model import IDENTITY, Law, Measure, Model, Normal
from validation.distance.enclosure import enclose

LAW = Normal(0.0, 1.0)


def main() -> None:
    """Measure; rank 0 prints a row a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=float, nargs="?", default=1e8)
    count, ranks = int(parser.parse_args().count), parallel.world()
    model = Model(drift=IDENTITY, weight=0.0, bias=0.0, initial=LAW)
    points = Ensemble(count, ranks).start(model, "random", 0, 0)
    averages = kinetic.solve(model, kinetic.Grid(-8.0, 8.0, cells=1600), until=1e-9).at(1e-9)
    targets: dict[str, Law | Measure] = {"law": LAW, "solution": averages}
    for name, target in targets.items():
        enclose(points[:, :1000], target)
        ranks.barrier()
        began, worked = perf_counter(), process_time()
        found = enclose(points, target)
        seconds, busy = (max(ranks.gather(t)) for t in (perf_counter() - began, process_time() - worked))
        memory = sum(ranks.gather(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)) / 2**20
        gap, relative = found.upper - found.lower, 1.0 - found.lower / found.upper
        if ranks.rank == 0:
            print(
                f"{name:9} {seconds:.2f} s (processor {busy:.2f} s), {memory:.2f} GiB in all, W1 <= {found.upper:.4e}",
                end="",
                flush=True,
            )
            print(f", gap {gap:.1e} ({100.0 * relative:.2f} %), {found.edges_used} edges, {found.rounds} rounds")
    assert np.isfinite(points).all()


if __name__ == "__main__":
    main()
