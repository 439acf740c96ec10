"""The time loop of every scheme: steps between stored times and jumps, what is kept, and when to end early.

A stepper holds the state and knows how to take a step; the loop knows the times. It looks at the state after 1, 3, 7,
15, ... steps and then after every `CHUNK` or fewer (after every step where the stepper is not steady), for what a
person wants to hear of: the lowest cell average, the time, and whether the state still changes.

On ranks a stepper holds its `Share` of the state. What a look finds is told to all of them at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from kinetic.grid import Cells, first_not_finite
from kinetic.share import Share, Whole
from particles.base.arrays import Floats
from particles.base.errors import NotFiniteError

Steps = Literal["equal", "cut"]
STEPS: tuple[Steps, ...] = ("equal", "cut")

CHUNK = 100
"""Most steps of a steady stepper between two looks at the state."""
BEFORE = 1e-11
"""The last stages before a jump take their data so much earlier: parameters give their new value 1e-12 ahead of it."""


class Stepper(Protocol):
    """The state of a run and its steps, whatever the scheme.

    Averages and atoms are arrays that a restart writes into. Where atoms are not, `held` can be set: what the state
    consists of beside the averages. Where what sticks to a wall could leave it, `release(t)` tells of that: a tuple
    that begins with a mass, or None.
    """

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
    release: Any


_Bad = tuple[tuple[int, ...], float]
"""Index and value of a cell that is not finite."""


class Course:
    """How far a run has come, and what it has kept; with the state of its stepper all that a restart needs.

    `seen` is the state at the last look, where a residual is asked for.
    """

    def __init__(self, stepper: Stepper, t: float, grid: Cells, share: Share, residual: float | None) -> None:
        self.stepper, self._grid, self._share, self._residual = stepper, grid, share, residual
        self._ranks, self._release = share.ranks, getattr(stepper, "release", None)
        self.t, self.steps = t, 0
        self.seen = stepper.averages.copy() if residual is not None else None
        self.lowest, self.lowest_at = min(share.ranks.gather(float(stepper.averages.min()))), t
        self.kept: list[tuple[float, Floats, Floats]] = []
        self.release: Any = None
        self._watch_walls()

    def _watch_walls(self) -> None:
        """Keep what a wall would release, where it is the most so far."""
        found = None if self._release is None else self._release(self.t)
        if found is not None and (self.release is None or found[0] > self.release[0]):
            self.release = found

    def keep(self) -> None:
        """Keep the state: time, averages, atoms."""
        self.kept.append((self.t, self.stepper.averages.copy(), self.stepper.atoms.copy()))

    def look(self, elapsed: float, request: int) -> tuple[bool, int]:
        """Look at the state. True where it changed by no more than residual x elapsed since the last look; the request.

        That is the largest of all ranks'. NotFiniteError on all where a cell average stopped being finite; it names the
        first one, its place and t.
        """
        state, changes = self.stepper.averages, list[float]()
        if self.seen is not None:
            changes = [float(np.abs(state[part] - self.seen[part]).sum()) for part in self._share.parts]
            self.seen = state.copy()
        found = self._first_not_finite(), float(state.min()), changes, request
        bad, lowest, changes, asked = found if self._ranks.size == 1 else _joined(self._ranks.gather(found))
        if bad is not None:
            index, value = bad
            told = ", ".join(map(str, index))
            place = f"cell {told} ({self._grid.where(index)})"
            raise NotFiniteError(f"{place} is {value} at t = {self.t:.6g}", on_all_ranks=True)
        if lowest < self.lowest:
            self.lowest, self.lowest_at = lowest, self.t
        self._watch_walls()
        if self._residual is None:
            return False, asked
        change = self._grid.size * math.fsum(changes)
        return change <= self._residual * elapsed, asked

    def _first_not_finite(self) -> _Bad | None:
        state = self.stepper.averages
        index = first_not_finite(state)
        return None if index is None else ((index[0] + self._share.first, *index[1:]), float(state[index]))


def _joined(found: Sequence[tuple[_Bad | None, float, list[float], int]]) -> tuple[Any, float, list[float], int]:
    """What the looks of all ranks have found."""
    bad, lowest, changes, asked = zip(*found, strict=True)
    first = next((one for one in bad if one is not None), None)
    return first, min(lowest), [one for parts in changes for one in parts], max(asked)


class Keeper:
    """What writes checkpoints, and reads one at the beginning; this one does neither."""

    def begin(self, course: Course) -> None:
        """Take up the run where a checkpoint left it, if it goes on from one."""

    def request(self) -> int:
        """What is asked for, as `particles.base.watch` numbers it; the ranks are told at the next look."""
        return 0

    def looked(self, course: Course, request: int) -> None:
        """Answer what the ranks have asked for; `Stopped` where the run is to end after a checkpoint."""


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
    keeper: Keeper | None = None,
) -> Run:
    """Step from `start` through all stored times, or until nothing changes any more.

    The `stored` times increase and are met exactly; the last one ends the run. No step straddles a time of `jumps`, and
    `ahead(t, dt)` shortens a step from t on to what the speeds on its way allow. `cfl`, `steps`, `residual` and
    `progress` are as for `kinetic.evolve`. `share` is what of the state the stepper holds, by default all, and what the
    run then has; `keeper` writes checkpoints, by default none. NotFiniteError names the first cell that stops being
    finite, or the step if it does.
    """
    course = Course(stepper, start, grid, Whole(grid) if share is None else share, residual)
    keeper = Keeper() if keeper is None else keeper
    keeper.begin(course)
    stopped = False
    for stop in sorted({*stored, *jumps}):
        latest = stop - BEFORE * abs(stop) if stop in jumps else stop
        last = not any(jump >= stop for jump in jumps)
        while course.t < stop and not stopped:
            t, longest = course.t, stepper.longest_step(course.t, cfl)
            dt, count = plan(stop - t, longest if ahead is None else ahead(t, min(longest, stop - t)), steps)
            if t + dt == t:
                told = f"the time step {dt:.3g} no longer advances t = {t:.6g}: the speeds blow up"
                raise NotFiniteError(told, on_all_ranks=True)
            now = min(count, CHUNK, course.steps + 1) if stepper.steady else 1
            stepper.advance(t, dt, now, latest)
            course.t = stop if now * dt >= stop - t or (now == count and steps == "equal") else t + now * dt
            course.steps += now
            resting, request = course.look(now * dt, keeper.request())
            stopped = resting and last
            if not stopped and course.t < stored[-1]:
                keeper.looked(course, request)
            if progress is not None:
                progress(course.t)
        if stopped or (stop in stored and not any(t >= stop for t, _, _ in course.kept)):
            course.keep()
        if stopped:
            break
    times, averages, atoms = zip(*course.kept, strict=True)
    early = stopped and course.t < stored[-1]
    lowest = course.lowest, course.lowest_at
    return Run(times, np.array(averages), np.array(atoms), course.steps, *lowest, early, course.release)


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
