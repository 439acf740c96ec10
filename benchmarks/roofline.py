"""``python -m benchmarks.roofline [docs/roofline.md]``: what this machine can do, and how near the kernels come.

Ceilings, of one rank and of two at a time: bandwidth by the triad a_i = b_i + s c_i on arrays far larger than the
caches (24 bytes an element are counted, as STREAM does), and fused multiply-adds by a compiled loop that evaluates
polynomials of degree 16 on numbers in the first-level cache. Both are compiled as the kernels are, so the width of
the vectors is theirs. Arithmetic is counted by `benchmarks.counting`; bytes are those that a kernel must move to or
from main memory.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import kinetic
from benchmarks import machine
from benchmarks.counting import count, count_singles, counted
from benchmarks.measure import Work, fresh_python, nanoseconds
from particles import vmath32
from particles.base import parallel
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma
from particles.kernels import line, walls
from particles.model import TANH, Measure, cases
from particles.noise import DEFAULT_NOISE

LARGE = 2**24  # numbers an array: 128 MiB, three of them
SMALL, PASSES, DEGREE = 2**11, 4000, 16
TURNS = 9
MARK = "<!-- python -m benchmarks.roofline docs/roofline.md -->"
PHILOX = 35  # integer operations a 32-bit word: ten rounds of 14 for four


@kernel
def triad() -> Formula:
    """a = b + s c."""

    def loop(a: Any, b: Any, c: Any, s: float) -> None:
        for i in range(a.size):
            a[i] = b[i] + s * c[i]

    return loop


@formula
def _four(y: float, x: float, c: float) -> float:
    return fma(fma(fma(fma(y, x, c), x, c), x, c), x, c)


@formula
def horner(x: float, c: float) -> float:
    """A polynomial of degree 16 in x, all of its coefficients c; written out, for a loop in it would stay scalar."""
    return _four(_four(_four(_four(c, x, c), x, c), x, c), x, c)


@kernel
def polynomials() -> Formula:
    """The polynomial of every number, `passes` times."""

    def loop(x: Any, c: float, passes: int) -> None:
        for _ in range(passes):
            for i in range(x.size):
                x[i] = horner(x[i], c)

    return loop


def ceilings() -> None:
    """On each rank of the job at the same time; rank 0 prints the sums: bytes a second, fma a second."""
    ranks = parallel.world()
    a, b, c, x = np.zeros(LARGE), np.ones(LARGE), np.ones(LARGE), np.full(SMALL, 0.5)
    works: tuple[tuple[Callable[[], object], float], ...] = (
        (lambda: triad()(a, b, c, 3.0), 24.0 * LARGE),
        (lambda: polynomials()(x, 0.2, PASSES), float(SMALL * PASSES * DEGREE)),
    )
    rates = []
    for run, units in works:
        run()
        best = math.inf
        for _ in range(TURNS):
            ranks.barrier()
            began = perf_counter()
            run()
            best = min(best, max(ranks.gather(perf_counter() - began)))
        rates.append(units * ranks.size / best)
    assert a[0] == 4.0
    assert abs(x[0] - 0.2 / (1.0 - x[0])) < 1e-8  # the sum of the geometric series is a fixed point
    if ranks.rank == 0:
        print(json.dumps(rates))


class Kernel(NamedTuple):
    """A kernel: time, arithmetic and bytes of one unit of its work, and what keeps it from a ceiling."""

    name: str
    unit: str
    nanoseconds: float
    operations: float
    flops: float
    bytes: float
    binds: str


def euler() -> Kernel:
    """The Euler sweep of `bench_peers.TanhLayer`; a tile is read and written once in 128 steps."""
    from benchmarks.bench_peers import TanhLayer

    layer = TanhLayer()
    layer.setup("ours")
    ns = layer.measure("ours")["ours"]
    loop = line.euler_line.__wrapped__(TANH.value, walls.free)  # type: ignore[attr-defined]
    x = counted(np.linspace(-2.0, 3.0, 50))
    arithmetic = count(lambda: loop(x, counted([-1.0]), counted([1.0]), 0.01, (), -math.inf, math.inf), 50)
    return Kernel("Euler, tanh", "particle-step", ns, *arithmetic, 16.0 / 128.0, "arithmetic, one division in it")


def gaussian() -> Kernel:
    """A collision with a Gaussian: the Euler step, one operation for the push, and a normal from a 32-bit word.

    A float32 operation counts half: twice as many fit a register.
    """
    from benchmarks.bench_particles import NoiseLaw

    law = NoiseLaw()
    law.setup(DEFAULT_NOISE.name)
    ns = nanoseconds({"": law.works[DEFAULT_NOISE.name]}, TURNS)[""]
    loop = line.euler_line.__wrapped__(TANH.value, walls.free)  # type: ignore[attr-defined]
    x = counted(np.linspace(-2.0, 3.0, 50))
    step = count(lambda: loop(x, counted([-1.0]), counted([1.0]), 0.01, (), -math.inf, math.inf), 50)
    normal = count_singles(vmath32.box_muller, 2, 4.0)  # two normals, at half the price
    push = 1.0, 2.0  # one fma
    operations, flops = (s + p + more for s, p, more in zip(step, normal, push, strict=True))
    binds = f"arithmetic, and {PHILOX} integer operations of Philox on the same units"
    return Kernel("Gaussian step", "particle-step", ns, operations, flops, 16.0 / 100.0, binds)


def cweno() -> Kernel:
    """A stage for a cell, `bench_kinetic.CellStage`: 3200 cells lie in the caches all the time."""
    from benchmarks.bench_kinetic import CellStage
    from kinetic.line import integrate

    stage = CellStage()
    stage.setup("CWZ")
    ns = stage.measure("ours")["ours"]
    n = 50
    grid = kinetic.Grid(0.0, 1.0, cells=n)
    flux, reconstruction = kinetic.LinearFlux(np.linspace(1.0, -1.0, n + 1)), kinetic.CWENO3()
    loop = integrate._march.__wrapped__(integrate.advection(reconstruction.polynomial, flux.face))  # type: ignore[attr-defined]
    states = counted(np.random.default_rng(0).uniform(0.5, 1.5, (3, n + 2)))
    data, work = counted(flux.data(grid, 0.0, None)), counted(np.zeros((4, n + 2)))
    step, ends = (0.001, grid.h, 0.0, 0.0), (0.0, 0.0, True)
    constants = reconstruction.constants(grid.h, np.ones(n))
    run = lambda: loop(states, counted(np.zeros((3, 2))), work, data, constants, ends, step, (0, 3, 0))  # noqa: E731
    binds = "arithmetic, one division in it"
    return Kernel("CWENO3 (CWZ)", "cell and stage", ns, *count(run, 3 * n), 0.0, binds)


def plane() -> Kernel:
    """A stage for a cell in the plane, `bench_kinetic.PlaneStage`: states and speeds of 256^2 cells, 3.7 MB."""
    from benchmarks.bench_kinetic import PlaneStage
    from kinetic.plane import integrate

    work = PlaneStage()
    work.setup("256")
    ns = nanoseconds({"": work.works["plane"]}, TURNS)[""]
    n = 24
    axis = kinetic.Grid(-4.0, 4.0, cells=n)
    both, start = kinetic.Plane(axis, axis), np.random.default_rng(0).uniform(0.5, 1.5, (n, n))
    problem = kinetic.PlaneProblem(lambda x, y, t, mean: (np.tanh(y - x), np.tanh(y + x)), "reflecting")
    state = integrate.PlaneIntegrator(problem, both, kinetic.CWENO3(), start, np.zeros(both.atoms))
    formulas = *integrate.states(kinetic.CWENO3().polynomial), *integrate.fluxes(False)
    loop = integrate.stage.__wrapped__(*formulas)  # type: ignore[attr-defined]
    rows = [counted(row) for row in state._states]
    faces = integrate.FaceData(*map(counted, state._steady[0]))
    step = integrate.Step(1.0, 0.001, 0.001, 0.0, 0.0)
    run = lambda: loop(  # noqa: E731
        *rows, faces, [counted(row) for row in state._work], state._constants, state._edge, step,
        integrate.Arrivals(*map(counted, state._arrivals)),
    )  # fmt: skip
    binds = "arithmetic, two divisions in it"
    return Kernel("CWENO3 (CWZ), plane", "cell and stage", ns, *count(run, n * n), 0.0, binds)


def merge() -> Kernel:
    """The merge of `validation.w1` alone, 10^6 sorted particles and 1600 cells: each point is read once."""
    from validation.distance.line import absolute_integral, arranged, equal

    def arguments(count: int, cells: int) -> tuple[Any, ...]:
        cloud = Measure.of_points(np.random.default_rng(0).normal(1.0, 0.2, count))
        solution = kinetic.solve(cases["regression"].model, kinetic.Grid(-7.0, 9.0, cells=cells), until=2.0)
        return arranged(cloud, solution.at(2.0))[1]

    large, loop = arguments(10**6, 1600), absolute_integral(equal)
    loop(*large)
    run: Callable[[], object] = lambda: loop(*large)  # noqa: E731
    ns = nanoseconds({"": Work(lambda: None, run, 1e6)}, TURNS)[""]
    few = [counted(array) if isinstance(array, np.ndarray) else array for array in arguments(2000, 200)]
    plain = absolute_integral.__wrapped__(equal)  # type: ignore[attr-defined]
    return Kernel("W1 merge", "particle", ns, *count(lambda: plain(*few), 2000), 8.0, "arithmetic, a division in it")


def enclosure() -> Kernel:
    """Counting 10^6 unsorted particles between 2^16 edges: a look-up, a comparison or two, scattered additions."""
    from validation.distance.tally import tally

    points = np.random.default_rng(0).normal(size=10**6)
    cuts = np.linspace(points.min(), points.max(), 2**16)
    ranks = parallel.serial()
    found = tally(points, cuts, ranks)
    assert found.inside.sum() <= points.size
    ns = nanoseconds({"": Work(lambda: None, lambda: tally(points, cuts, ranks), points.size)}, TURNS)[""]
    binds = "look-ups in tables that fill the second-level cache, and scattered additions"
    return Kernel("enclosure, count", "particle", ns, 0.0, 0.0, 8.0, binds)


def table() -> str:
    """Measure; the part of docs/roofline.md that holds numbers."""
    found = [json.loads(fresh_python("-m", "benchmarks.roofline", "ceilings", ranks=ranks)) for ranks in (1, 2)]
    bandwidth, fused = (rate / 1e9 for rate in found[0])
    facts, load = machine.facts(), os.getloadavg()[0]
    lines = [
        f"{facts['cpu']}, {facts['num_cpu']} cores, numba {facts['numba']}, {facts['mpi']}; load {load:.2f} before.",
        "",
        "| ceiling | one rank | two ranks |",
        "| --- | --- | --- |",
        f"| triad | {found[0][0] / 1e9:.1f} GB/s | {found[1][0] / 1e9:.1f} GB/s |",
        f"| fused multiply-adds | {found[0][1] / 1e9:.1f} a ns | {found[1][1] / 1e9:.1f} a ns |",
        "",
        f"Ridge: {2.0 * fused / bandwidth:.0f} flops a byte.",
        "",
        "| kernel | a unit | ns | operations | flops | bytes | of the arithmetic | of the bandwidth | what binds |",
        "| --- " * 9 + "|",
    ]
    for make in (euler, gaussian, cweno, plane, merge, enclosure):
        k = make()
        shares = f"{k.operations / k.nanoseconds / fused:.0%} | {k.bytes / k.nanoseconds / bandwidth:.0%}"
        counts = f"{k.operations:.1f} | {k.flops:.1f} | {k.bytes:.2f}"
        lines.append(f"| {k.name} | {k.unit} | {k.nanoseconds:.2f} | {counts} | {shares} | {k.binds} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Print the table, or put it into a page between its two marks."""
    if arguments == ["ceilings"]:
        return ceilings()
    text = table()
    print(text)
    if arguments:
        page = Path(arguments[0])
        before, _, rest = page.read_text(encoding="utf-8").partition(MARK)
        page.write_text(f"{before}{MARK}\n{text}\n{MARK}{rest.partition(MARK)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
