"""The time loop of every scheme: steps between stored times and jumps, what is kept, and when to end early.

A stepper holds the state and knows how to take a step; the loop knows the times. It looks at the state after 1, 3, 7,
15, ... steps and then after every `CHUNK` or fewer (after every step where the stepper is not steady), for what a
person wants to hear of: the lowest cell average, the time, and whether the state still changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np

from kinetic.grid import Cells, require_finite
from particles.base.arrays import Floats
from particles.base.errors import NotFiniteError

Steps = Literal["equal", "cut"]
STEPS: tuple[Steps, ...] = ("equal", "cut")

CHUNK = 100
"""Most steps of a steady stepper between two looks at the state."""
BEFORE = 1e-11
"""The last stages before a jump take their data so much earlier: parameters give their new value 1e-12 ahead of it."""


class Stepper(Protocol):
    """The state of a run and its steps, whatever the scheme."""

    @property
    def averages(self) -> Floats:
        """Cell averages now, of the grid's shape."""

    @property
    def atoms(self) -> Floats:
        """Masses at the edge now: at the low and at the high end, shape (2,), or in the plane those of its walls."""

    @property
    def steady(self) -> bool:
        """True where many equal steps may be taken in one call."""

    def longest_step(self, t: float, cfl: float, *, settled: bool = False) -> float:
        """Longest step at time t; `settled`: of a state that has spread."""

    def advance(self, t: float, dt: float, count: int, latest: float) -> None:
        """Do `count` steps of length dt from time t; data are taken no later than `latest`."""


class Run(NamedTuple):
    """What a run leaves."""

    times: tuple[float, ...]
    averages: Floats
    atoms: Floats
    steps: int
    lowest: float
    lowest_at: float
    stopped: bool


class _Watch:
    """The lowest average so far, and whether the state still changes."""

    def __init__(self, stepper: Stepper, t: float, width: float, residual: float | None) -> None:
        self._stepper, self._width, self._residual = stepper, width, residual
        self._seen = stepper.averages.copy()
        self.lowest, self.lowest_at = float(self._seen.min()), t

    def look(self, t: float, elapsed: float) -> bool:
        """Look at the state at time t; True where it changed by no more than residual x elapsed since the last look."""
        state = self._stepper.averages
        lowest = float(state.min())
        if lowest < self.lowest:
            self.lowest, self.lowest_at = lowest, t
        if self._residual is None:
            return False
        change = self._width * float(np.abs(state - self._seen).sum())
        self._seen = state.copy()
        return change <= self._residual * elapsed


def drive(
    stepper: Stepper,
    start: float,
    stored: Sequence[float],
    *,
    grid: Cells,
    cfl: float,
    steps: Steps,
    jumps: Sequence[float] = (),
    residual: float | None = None,
    ahead: Callable[[float, float], float] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Run:
    """Step from `start` through all stored times, or until nothing changes any more.

    The `stored` times increase and are met exactly; the last one ends the run. No step straddles a time of `jumps`, and
    `ahead(t, dt)` shortens a step from t on to what the speeds on its way allow. `cfl`, `steps`, `residual` and
    `progress` are as for `kinetic.evolve`. NotFiniteError names the first cell that stops being finite, or the step if
    it does.
    """
    t, done, stopped = start, 0, False
    watch = _Watch(stepper, start, grid.size, residual)
    kept: list[tuple[float, Floats, Floats]] = []
    for stop in sorted({*stored, *jumps}):
        latest = stop - BEFORE * abs(stop) if stop in jumps else stop
        last = not any(jump >= stop for jump in jumps)
        while t < stop and not stopped:
            longest = stepper.longest_step(t, cfl)
            dt, count = plan(stop - t, longest if ahead is None else ahead(t, min(longest, stop - t)), steps)
            if t + dt == t:
                raise NotFiniteError(f"the time step {dt:.3g} no longer advances t = {t:.6g}: the speeds blow up")
            now = min(count, CHUNK, done + 1) if stepper.steady else 1
            stepper.advance(t, dt, now, latest)
            require_finite(grid, stepper.averages, t + now * dt)
            t = stop if now * dt >= stop - t or (now == count and steps == "equal") else t + now * dt
            done += now
            stopped = watch.look(t, now * dt) and last
            if progress is not None:
                progress(t)
        if stop in stored or stopped:
            kept.append((t, stepper.averages.copy(), stepper.atoms.copy()))
        if stopped:
            break
    times, averages, atoms = zip(*kept, strict=True)
    early = stopped and t < stored[-1]
    return Run(times, np.array(averages), np.array(atoms), done, watch.lowest, watch.lowest_at, early)


def plan(span: float, longest: float, steps: Steps) -> tuple[float, int]:
    """Length of the next steps and their number before the length changes or the span ends.

    "equal": ceil(span/longest) steps that fill the span. "cut": as many of the longest length as fit, then the rest.
    """
    if span <= longest:
        return span, 1
    ratio = span / longest
    if steps == "equal":
        count = math.ceil(ratio * (1.0 - 1e-12))
        return span / count, count
    return longest, math.floor(ratio * (1.0 + 1e-12))
