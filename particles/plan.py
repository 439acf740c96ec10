"""What a run will cost, and how exact it will be, before anything is allocated: `python -m particles plan`.

With M particles of state dimension D on R ranks, L steps, and n clouds kept (docs/scaling.md):

    memory a rank   8 D m n 1.05 + BASE,          m = the largest share, whole blocks of 4096 particles
    time            m D (start + L q step + S look),  S sweeps and snapshots, nanoseconds of the table or measured here;
                    q = 1, or the mean number of collisions in a step of the Poisson clock
    disk            8 D M n, and 8 D M (n + 1) a checkpoint, of which three exist while one is written
    error           E W1 = c / sqrt(M),  c = sqrt(2/pi) int sqrt(F (1 - F)) dx of the exact law F (Bobkov and Ledoux),
                    or, measured, of a pilot cloud; neither holds where the bias follows the cloud's own mean

No numba and no MPI is loaded without `measure`: formulas run as plain Python where the error needs them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.ensemble import BLOCK, Bins
from particles.model.rule import Model
from particles.model.transients import exact_law
from particles.philox import Address
from particles.schemes import Scheme

BASE = 200 * 2**20  # bytes of a rank before its first particle: Python, numpy, numba, scipy, MPI
START, LOOK = 6.0, 1.5  # nanoseconds a particle and component: the first draw; finite check and moments
STEP = {"Euler": 0.6, "ExactFlow": 7.6}  # nanoseconds a particle, component and step of tanh (docs/performance.md)
NOISY = 2.0  # the same with a Gaussian number, for schemes that the table does not hold
GRID = 1500  # points of the quadrature of the error
SAMPLE = 2**17  # particles that are timed
PILOT, PILOT_WORK = 2**14, 1e9  # particles of a pilot run for the error, and the particle-steps that it may take


@dataclass(frozen=True)
class Forecast:
    """What a run will cost; bytes, seconds, and the expected distance of the cloud from its law.

    Parameters
    ----------
    count, ranks, steps : int
    memory_per_rank, memory : float
        Bytes of the largest rank, and of all.
    seconds : float
        On cores like the one that the constants belong to, one a rank.
    nanoseconds : float
        A particle, component and step, or collision.
    measured : bool
        Whether that number was timed here.
    disk, checkpoint : float
        Bytes of the result, and of one checkpoint at the end.
    w1 : float or None
        E W1 at the horizon; None where it is not known.
    pilot : bool
        Whether that is an estimate from a pilot run, not from the exact law.
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


def forecast(
    model: Model,
    scheme: Scheme,
    *,
    count: int,
    ranks: int = 1,
    until: float,
    times: Sequence[float] = (),
    histogram: tuple[float, float, int] | None = None,
    keep_clouds: bool = True,
    measure: bool = False,
) -> Forecast:
    """Forecast the cost of `simulate` with these arguments on so many ranks.

    Raises
    ------
    InputError
        If an argument is out of range. The memory of this machine is no limit.
    """
    from particles.simulate import memory, sweep, work

    if not (until > 0.0 and math.isfinite(until) and all(0.0 <= time <= until for time in times)):
        raise InputError(f"times = {list(times)!r} must lie in [0, until] with until = {until!r} above 0")
    cells = Bins(*histogram).cells + 2 if histogram is not None else 0
    levels = scheme.levels(model, until, times)
    steps = len(levels) - 1
    snapshots = len(set(times)) or 1
    clouds = snapshots if keep_clouds else 0
    blocks = -(-count // BLOCK)
    share = min(-(-blocks // ranks) * BLOCK, count)
    passes = work(scheme, levels)
    looks = math.ceil(steps / (1 if model.mean_coupled else sweep(model, count, passes))) + snapshots
    start, step = _timed(model, scheme, levels) if measure else (START, STEP.get(type(scheme).__name__, NOISY))
    counts = 8.0 * snapshots * model.size * cells
    error = w1_error(model, until, count)
    pilot = measure and error is None and model.size == 1 and not model.mean_coupled
    if pilot:
        error = _pilot(model, scheme, until, steps * passes) / math.sqrt(count)
    return Forecast(
        count=count,
        ranks=ranks,
        steps=steps,
        memory_per_rank=memory(model, share, max(clouds, 1)) + BASE + counts,
        memory=memory(model, count, max(clouds, 1)) + ranks * (BASE + counts),
        seconds=1e-9 * share * model.size * (start + steps * passes * step + looks * LOOK),
        nanoseconds=step,
        measured=measure,
        disk=8.0 * count * model.size * clouds + counts,
        checkpoint=8.0 * count * model.size * (clouds + 1) * (1.0 + 32.0 / (8 * BLOCK)) + counts,
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
    if law is None:
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
    from particles.simulate import simulate

    count = min(PILOT, max(256, int(PILOT_WORK / work)))
    x = np.sort(simulate(model, scheme, count=count, until=until).at(until).points[0])
    level = np.arange(1, count) / count
    return math.sqrt(2.0 / math.pi) * float((np.sqrt(level * (1.0 - level)) * np.diff(x)).sum())


def _timed(model: Model, scheme: Scheme, levels: Floats) -> tuple[float, float]:
    """Nanoseconds of the first draw and of a step, a particle and component: the fastest of three."""
    from particles import parallel
    from particles.ensemble import Ensemble
    from particles.simulate import sweep, work

    ensemble = Ensemble(SAMPLE, parallel.serial())
    passes = work(scheme, levels)
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
