"""What `bench_ranks` starts under mpirun: steps of the equation in the plane on this rank's strips of rows.

Rank 0 prints one JSON object: the slowest rank's time of a step in seconds, the shortest of several turns, and the sum
of the cells at the end.
"""

from __future__ import annotations

import argparse
import json
import math
from time import perf_counter

from kinetic import CWENO3, Grid, Plane, PlaneProblem
from kinetic.plane.integrate import PlaneIntegrator
from kinetic.plane.strips import Strips
from particles.base import parallel
from particles.model import cases


def main() -> None:
    """Time the steps; compilation and start-up lie before them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cells", type=int)
    parser.add_argument("steps", type=int)
    parser.add_argument("turns", type=int)
    arguments = parser.parse_args()

    n, model, ranks = arguments.cells, cases["regression-2d"].model, parallel.world()
    plane = Plane(Grid(-7.0, 9.0, cells=n), Grid(-8.0, 8.0, cells=n))
    strips, problem = Strips(plane, ranks), PlaneProblem.of(model, plane)
    start, outside = strips.averages(model.initial), plane.outside(model.initial)
    with ranks.one_rank_a_node_first():
        small = Plane(Grid(-7.0, 9.0, cells=4), Grid(-8.0, 8.0, cells=4))
        few = PlaneIntegrator(problem, small, CWENO3(), small.averages(model.initial), small.outside(model.initial))
        few.advance(0.0, 1e-3, 1, math.inf)

    best, dt = math.inf, 1e-4
    for _ in range(arguments.turns):
        run = PlaneIntegrator(problem, plane, CWENO3(), start, outside, strips=strips)
        run.advance(0.0, dt, 1, math.inf)
        ranks.barrier()
        began = perf_counter()
        run.advance(0.0, dt, arguments.steps, math.inf)
        best = min(best, max(ranks.gather(perf_counter() - began)) / arguments.steps)
    whole = strips.whole_on_first(run.averages)
    if whole is not None:
        print(json.dumps({"seconds": best, "sum": math.fsum(whole.reshape(-1))}))


if __name__ == "__main__":
    main()
