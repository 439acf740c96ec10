"""``mpirun -n R python benchmarks/scaling.py``: the constants of docs/scaling.md on R ranks, and a run from end to end.

The smallest of several, of the slowest rank; a particle or a call. Compilation lies before it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from particles import Euler, simulate
from particles.base import parallel
from particles.ensemble import Bins, Ensemble
from particles.model import cases

COUNT = 10**7
LAYERS = 400
TURNS = 5


def main() -> None:
    """Measure; rank 0 prints a row a constant."""
    case, ranks = cases["regression"], parallel.world()
    ensemble = Ensemble(COUNT, ranks)
    share, bins = ensemble.local.stop - ensemble.local.start, Bins(-7.0, 9.0, 1000)
    empty = Ensemble(ranks.size, ranks)  # collectives with no work beside them
    state, little = ensemble.start(case.model, "random", 0, 0), empty.start(case.model, "random", 0, 0)

    def row(name: str, work: Callable[[], object], unit: float, what: str) -> None:
        best = float("inf")
        for _ in range(TURNS):
            ranks.barrier()
            began = perf_counter()
            work()
            best = min(best, max(ranks.gather(perf_counter() - began)))
        if ranks.rank == 0:
            print(f"{name:16} {best / unit:.3g} {what}", flush=True)

    each = share * 1e-9
    row("first draw", lambda: ensemble.start(case.model, "random", 0, 0), each, "ns a particle")
    row("finite check", lambda: ensemble.look(state, 0, 0.0, 0), each, "ns a particle")
    row("moments", lambda: ensemble.moments(state), each, "ns a particle")
    row("histogram", lambda: ensemble.histogram(state, bins), each, "ns a particle")
    row("A: one integer", lambda: [empty.look(little, 0, 0.0, 0) for _ in range(1000)], 1e-3, "us")
    row("G: moments", lambda: [empty.moments(little) for _ in range(1000)], 1e-3, "us")

    def run() -> None:
        histogram = (bins.low, bins.high, bins.cells)
        simulate(
            case.model, Euler(layers=LAYERS), count=COUNT, until=2.0, histogram=histogram, keep_clouds=False,
        )  # fmt: skip

    row("whole run", run, share * LAYERS * 1e-9, "ns a particle of a rank and step, start and snapshot included")
    assert np.isfinite(state).all()


if __name__ == "__main__":
    main()
