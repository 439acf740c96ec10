"""The time loop of every scheme: steps between stored times and jumps, what is kept, and when to end early.

A stepper holds the state and knows how to take a step; the loop knows the times. It looks at the state after 1, 3, 7,
15, ... steps and then after every `CHUNK` or fewer (after every step where the stepper is not steady), for what a
person wants to hear of: the lowest cell average, the time, and whether the state still changes.

On ranks a stepper holds its `Share` of the state. What a look finds is told to all of them at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from kinetic.grid import Cells, first_not_finite
from particles.base.arrays import Floats
from particles.base.errors import NotFiniteError
from particles.base.parallel import Ranks, serial
from particles.model import Law, Product

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


class Share(Protocol):
    """What of the state lies on this rank."""

    @property
    def ranks(self) -> Ranks:
        """Those that share the state."""

    @property
    def first(self) -> int:
        """Its first row of cells."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its averages."""

    @property
    def rows(self) -> slice:
        """Its rows among all."""

    @property
    def parts(self) -> Sequence[slice]:
        """Its rows, counted from its first, in parts over which sums are taken: the same on any number of ranks."""

    @property
    def about(self) -> dict[str, Any]:
        """What the record says of it."""

    def averages(self, law: Any) -> Floats:
        """Averages of a law over its cells."""

    def inside(self, law: Any) -> Floats:
        """The same with what lies outside the grid in the cells at its ends."""

    def whole(self, local: Floats) -> Floats:
        """Averages of all cells, on every rank."""

    def whole_on_first(self, local: Floats) -> Floats | None:
        """The same on rank 0, None on others."""


@dataclass(frozen=True)
class Whole:
    """All cells on this process, whatever others there are."""

    grid: Any
    first = 0
    rows = slice(None)
    parts = (slice(None),)

    @property
    def ranks(self) -> Ranks:
        """This process alone."""
        return serial()

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the grid."""
        shape: tuple[int, ...] = self.grid.shape
        return shape

    @property
    def about(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def averages(self, law: Law | Product) -> Floats:
        """Those of the grid."""
        return np.asarray(self.grid.averages(law))

    def inside(self, law: Law | Product) -> Floats:
        """Those of the grid."""
        return np.asarray(self.grid.inside(law))

    def whole(self, local: Floats) -> Floats:
        """The same averages."""
        return local

    def whole_on_first(self, local: Floats) -> Floats | None:
        """The same averages."""
        return local


class _Watch:
    """The lowest average so far, and whether the state still changes."""

    def __init__(self, stepper: Stepper, t: float, grid: Cells, share: Share, residual: float | None) -> None:
        self._stepper, self._grid, self._share, self._residual = stepper, grid, share, residual
        self._seen = stepper.averages.copy() if residual is not None else None
        self.lowest, self.lowest_at = min(share.ranks.gather(float(stepper.averages.min()))), t

    def look(self, t: float, elapsed: float) -> bool:
        """Look at the state at time t; True where it changed by no more than residual x elapsed since the last look.

        NotFiniteError on all ranks where a cell average stopped being finite; it names the first one, its place and t.
        """
        state, changes = self._stepper.averages, list[float]()
        if self._seen is not None:
            changes = [float(np.abs(state[part] - self._seen[part]).sum()) for part in self._share.parts]
            self._seen = state.copy()
        found = self._share.ranks.gather((self._first_not_finite(state), float(state.min()), changes))
        bad = next((one for one, _, _ in found if one is not None), None)
        if bad is not None:
            index, value = bad
            told = ", ".join(map(str, index))
            place = f"cell {told} ({self._grid.where(index)})"
            raise NotFiniteError(f"{place} is {value} at t = {t:.6g}", on_all_ranks=True)
        lowest = min(one for _, one, _ in found)
        if lowest < self.lowest:
            self.lowest, self.lowest_at = lowest, t
        if self._residual is None:
            return False
        change = self._grid.size * math.fsum(one for _, _, parts in found for one in parts)
        return change <= self._residual * elapsed

    def _first_not_finite(self, state: Floats) -> tuple[tuple[int, ...], float] | None:
        index = first_not_finite(state)
        return None if index is None else ((index[0] + self._share.first, *index[1:]), float(state[index]))


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
    share: Share | None = None,
) -> Run:
    """Step from `start` through all stored times, or until nothing changes any more.

    The `stored` times increase and are met exactly; the last one ends the run. No step straddles a time of `jumps`, and
    `ahead(t, dt)` shortens a step from t on to what the speeds on its way allow. `cfl`, `steps`, `residual` and
    `progress` are as for `kinetic.evolve`. `share` is what of the state the stepper holds, by default all. The record
    has that part. NotFiniteError names the first cell that stops being finite, or the step if it does.
    """
    t, done, stopped = start, 0, False
    watch = _Watch(stepper, start, grid, Whole(grid) if share is None else share, residual)
    kept: list[tuple[float, Floats, Floats]] = []
    for stop in sorted({*stored, *jumps}):
        latest = stop - BEFORE * abs(stop) if stop in jumps else stop
        last = not any(jump >= stop for jump in jumps)
        while t < stop and not stopped:
            longest = stepper.longest_step(t, cfl)
            dt, count = plan(stop - t, longest if ahead is None else ahead(t, min(longest, stop - t)), steps)
            if t + dt == t:
                told = f"the time step {dt:.3g} no longer advances t = {t:.6g}: the speeds blow up"
                raise NotFiniteError(told, on_all_ranks=True)
            now = min(count, CHUNK, done + 1) if stepper.steady else 1
            stepper.advance(t, dt, now, latest)
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
