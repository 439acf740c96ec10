"""What a run will cost, and how exact it will be, before anything is allocated: `python -m particles plan`.

With M particles of state dimension D on R ranks, L steps, and n clouds kept (docs/scaling.md):

    memory a rank   8 D m n 1.05 + BASE,          m = the largest share, whole blocks of 4096 particles
    time            m D (start + L q step + S look),  S sweeps and snapshots, nanoseconds of the scheme or timed here;
                    q = 1, or the mean number of collisions in a step of the Poisson clock
    disk            8 D M n, and 8 D M (n + 1) a checkpoint, of which three exist while one is written
    error           E W1 = c / sqrt(M),  c = sqrt(2/pi) int sqrt(F (1 - F)) dx of the exact law F (Bobkov and Ledoux),
                    or, measured, of a pilot cloud; neither holds where the bias follows the cloud's own mean

No numba and no MPI is loaded without `measure`: formulas run as plain Python where the error needs them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from particles.base.arrays import Floats
from particles.ensemble import BLOCK
from particles.model.exact.at_time import exact_law
from particles.model.laws.law import Law
from particles.model.rule import Model
from particles.philox import Address
from particles.run import Run
from particles.schemes.scheme import Scheme
from particles.simulate import simulate, sweep

BASE = 200 * 2**20  # bytes of a rank before its first particle: Python, numpy, numba, scipy, MPI
START, LOOK = 6.0, 1.5  # nanoseconds a particle and component: the first draw; finite check and moments
GRID = 1500  # points of the quadrature of the error
SAMPLE = 2**17  # particles that are timed
PILOT, PILOT_WORK = 2**14, 1e9  # particles of a pilot run for the error, and the particle-steps that it may take


@dataclass(frozen=True)
class Forecast:
    """What a run will cost; bytes, seconds, and the expected distance of the cloud from its law.

    `memory_per_rank` is the largest rank's. `seconds` are on cores like the one that the constants belong to, one a
    rank; `nanoseconds` those of a particle, component and step, or collision, `measured` here or not. `disk` is for the
    result, `checkpoint` for one at the end. `w1` is E W1 at the horizon, None where it is not known, by a `pilot` run
    or by the exact law.
    """

    count: int
    ranks: int
    steps: int
    memory_per_rank: float
    memory: float
    seconds: float
    nanoseconds: float
    measured: bool
    disk: float
    checkpoint: float
    w1: float | None
    pilot: bool = False

    def text(self) -> str:
        """The forecast in a few lines."""
        origin = "measured here" if self.measured else "from the table; --measure times it here"
        if self.w1 is None:
            error = "not known" if self.measured else "no exact law is known; --measure may estimate it by a pilot run"
        else:
            error = f"{self.w1:.3g} expected at the horizon" + ", by a pilot run" * self.pilot
        return "\n".join(
            [
                f"particles   {self.count} on {self.ranks} rank{'s' * (self.ranks > 1)}, {self.steps} steps",
                f"memory      {_size(self.memory_per_rank)} a rank, {_size(self.memory)} in all",
                f"time        {self.seconds:.3g} s, {self.nanoseconds:.3g} ns a particle and step ({origin})",
                f"disk        {_size(self.disk)}; a checkpoint {_size(self.checkpoint)}, three while one is written",
                f"W1 error    {error}",
            ]
        )


def forecast(model: Model, scheme: Scheme, run: Run, *, ranks: int = 1, measure: bool = False) -> Forecast:
    """Forecast a run on so many ranks; InputError if the scheme cannot carry it. This machine's memory is no limit."""
    cells = run.bins.cells + 2 if run.bins is not None else 0
    levels = run.levels(model, scheme)
    steps, passes = len(levels) - 1, scheme.passes(levels)
    blocks = -(-run.count // BLOCK)
    share = min(-(-blocks // ranks) * BLOCK, run.count)
    looks = math.ceil(steps / (1 if model.mean_coupled else sweep(model, run.count, passes))) + len(run.stops)
    start, step = _timed(model, scheme, levels) if measure else (START, scheme.nanoseconds)
    counts = 8.0 * len(run.stops) * model.size * cells
    error = w1_error(model, run.until, run.count)
    pilot = measure and error is None and model.size == 1 and not model.mean_coupled
    if pilot:
        error = _pilot(model, scheme, run.until, steps * passes) / math.sqrt(run.count)
    return Forecast(
        count=run.count,
        ranks=ranks,
        steps=steps,
        memory_per_rank=run.memory(model, share) + BASE + counts,
        memory=run.memory(model) + ranks * (BASE + counts),
        seconds=1e-9 * share * model.size * (start + steps * passes * step + looks * LOOK),
        nanoseconds=step,
        measured=measure,
        disk=8.0 * run.count * model.size * run.clouds + counts,
        checkpoint=8.0 * run.count * model.size * (run.clouds + 1) * (1.0 + 32.0 / (8 * BLOCK)) + counts,
        w1=error,
        pilot=pilot,
    )


def w1_error(model: Model, time: float, count: int) -> float | None:
    """Expected W1 between `count` draws of the exact law at `time` and the law itself; None where none is known.

    None too for a bias that follows the mean: the particles of a cloud are then no independent draws.
    """
    if model.size != 1 or model.mean_coupled:
        return None
    law = exact_law(model, time)
    if not isinstance(law, Law):
        return None
    start, carry = law.source
    reach = 12.0 * start.std
    if not math.isfinite(reach):
        return None
    y = np.linspace(start.mean - reach, start.mean + reach, GRID)
    x = carry(y)
    level = np.clip(start.cdf(0.5 * (y[1:] + y[:-1])), 0.0, 1.0)
    constant = math.sqrt(2.0 / math.pi) * float((np.sqrt(level * (1.0 - level)) * np.diff(x)).sum())
    return constant / math.sqrt(count)


def _pilot(model: Model, scheme: Scheme, until: float, work: float) -> float:
    """Return sqrt(2/pi) int sqrt(F (1 - F)) dx of the empirical F of a small run; collective."""
    count = min(PILOT, max(256, int(PILOT_WORK / work)))
    x = np.sort(simulate(model, scheme, count=count, until=until).at(until).points[0])
    level = np.arange(1, count) / count
    return math.sqrt(2.0 / math.pi) * float((np.sqrt(level * (1.0 - level)) * np.diff(x)).sum())


def _timed(model: Model, scheme: Scheme, levels: Floats) -> tuple[float, float]:
    """Nanoseconds of the first draw and of a step, a particle and component: the fastest of three."""
    from particles.base import parallel
    from particles.ensemble import Ensemble

    ensemble = Ensemble(SAMPLE, parallel.serial())
    passes = scheme.passes(levels)
    steps = 1 if model.mean_coupled else min(sweep(model, SAMPLE, passes), len(levels) - 1)
    starts, advances = [], []
    for _ in range(4):  # the first one compiles
        began = perf_counter()
        state = ensemble.start(model, "random", 0, 0)
        drawn = perf_counter()
        mean = ensemble.moments(state)[0] if model.mean_coupled else None
        scheme.advance(model, state, scheme.parameters(model, levels, 0, steps, mean), Address(0, 0, 0, 0))
        starts.append(drawn - began)
        advances.append(perf_counter() - drawn)
    scale = 1e9 / (SAMPLE * model.size)
    return min(starts[1:]) * scale, min(advances[1:]) * scale / (steps * passes)


def _size(count: float) -> str:
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
    power = min(int(math.log2(count) // 10), len(units) - 1) if count >= 1.0 else 0
    return f"{count / 1024**power:.3g} {units[power]}"
