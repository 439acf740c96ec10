"""The works of `benchmarks.against`, carried out in one checkout: reads a name a line, answers a line of JSON.

Started by path in the folder of a checkout, so that `particles`, `validation` and what else is imported are those of
that checkout, whatever its age. An answer holds processor seconds of one run and its units; of memory, the bytes new
at the peak.
"""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from collections.abc import Callable
from functools import cache
from importlib import import_module
from time import process_time
from typing import Any

import numpy as np

from benchmarks import bench_particles, bench_peers
from benchmarks.measure import Work
from particles.base.jit import Formula, kernel

SCALE = {"large": 1, "small": 1000}  # by what the sizes are divided
scale = 1


@kernel
def _draws(variates: Formula) -> Formula:
    """Fill a tile again and again, as a sweep does."""
    noisy: Any = getattr(bench_particles, "noisy", bench_particles)  # where older versions have it
    fill, width = noisy.fill_variates(variates), noisy.WIDTH

    def loop(tiles: int, key: tuple[int, int], out: Any) -> None:
        for tile in range(tiles):
            fill(tile * width, 0, 0, key, out, width)

    return loop


def _drawn(law: str) -> Work:
    noisy: Any = getattr(bench_particles, "noisy", bench_particles)
    variates = noisy.as_words if law == "word" else bench_particles.Collisions(0.01).noise.variates
    out = np.empty((4, noisy.WIDTH), dtype=np.uint64 if law == "word" else float)
    tiles = 4000 // scale
    return Work(lambda: None, lambda: _draws(variates)(tiles, (0, 1), out), tiles * 4.0 * noisy.WIDTH)


def _step(who: str) -> Work:
    layer = bench_peers.GaussianLayer()
    if scale > 1:
        layer.counts, layer.layers = dict.fromkeys(layer.counts, 5000), 8
    layer.setup(who)
    return layer.works[who]


def _clock() -> Work:
    clock = bench_particles.Clock()
    clock.count //= scale
    clock.setup("poisson")
    return clock.works["poisson"]


@cache
def _clouds() -> tuple[Any, Any]:
    measures: Any = import_module("particles.model").Measure
    count = 10**7 // scale
    random = np.random.default_rng(0)
    return measures.of_points(random.normal(1.0, 0.2, count)), measures.of_points(random.normal(1.01, 0.2, count))


@cache
def _solution() -> Any:
    kinetic = import_module("kinetic")
    model = import_module("particles.model").cases["regression"].model
    return kinetic.solve(model, kinetic.Grid(-7.0, 9.0, cells=1600), until=2.0).at(2.0)


def _distance(to: str, route: str = "w1") -> Work:
    a, b = _clouds()
    target = _solution() if to == "solution" else b
    distance = import_module("validation.distance" if route == "w1_by_pot" else "validation")
    return Work(lambda: None, lambda: getattr(distance, route)(a, target), float(a.points.size))


def _sort() -> Work:
    points = _clouds()[0].points
    return Work(lambda: None, lambda: np.sort(points), float(points.size))


def _tally() -> Work:
    """Unsorted particles between 2^16 edges, as far apart as the law is wide: cells of unequal widths."""
    tally = import_module("validation.distance.tally").tally
    try:
        ranks = import_module("particles.base.parallel").serial()
    except ModuleNotFoundError:
        ranks = import_module("particles.parallel").serial()
    points = np.random.default_rng(0).normal(size=10**6 // scale)
    even = np.linspace(-1.0, 1.0, 2**16)
    cuts = (even + even**3) * 0.5 * (np.abs(points).max() + 0.1)
    return Work(lambda: None, lambda: tally(points, cuts, ranks), float(points.size))


WORKS: dict[str, Callable[[], Work]] = {
    "word": lambda: _drawn("word"),
    "normal": lambda: _drawn("normal"),
    "step": lambda: _step("ours"),
    "step NumPy": lambda: _step("NumPy"),
    "step JAX": lambda: _step("JAX"),
    "clock": _clock,
    "to solution": lambda: _distance("solution"),
    "to cloud": lambda: _distance("cloud"),
    "to cloud POT": lambda: _distance("cloud", "w1_by_pot"),
    "sort": _sort,
    "tally": _tally,
}
_made = cache(lambda name: WORKS[name]())


def answer(order: str) -> dict[str, float] | None:
    """Carry out `time NAME` or `memory NAME`; None if a peer that it needs is not installed."""
    what, _, name = order.partition(" ")
    fresh = _made.cache_info().misses
    try:
        work = _made(name)
    except NotImplementedError:
        return None
    if _made.cache_info().misses > fresh:
        work.prepare()
        work.run()  # compiles
    work.prepare()
    gc.collect()
    if what == "memory":
        tracemalloc.start()
        work.run()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return {"bytes": float(peak), "units": work.units}
    began = process_time()
    work.run()
    return {"seconds": process_time() - began, "units": work.units}


def main(size: str) -> None:
    """Answer until the orders end."""
    global scale
    scale = SCALE[size]
    for line in sys.stdin:
        print(json.dumps(answer(line.strip())), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
