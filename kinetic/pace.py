"""How many steps a run needs, told before the first one, and how long one may be where speeds are functions of t.

One that needs more than a day is refused, whether it writes checkpoints or not: another grid or scheme does better. One
of more than ten minutes says so. The seconds are a lower bound, those of the fastest scheme, a core a rank.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from kinetic.grid import Cells
from kinetic.loop import Stepper
from particles.base.errors import InputError

_STEP, _CELL = 1e-6, 3e-9
"""Seconds of a step, and of a cell in it."""
_LONG, _LONGEST = 600.0, 86400.0
_LOOKS = 256


class Ahead:
    """The longest step from a time on that suits the speeds on its way, by looks at a run's start."""

    def __init__(self, stepper: Stepper, start: float, until: float, cfl: float) -> None:
        self.times = np.linspace(start, until, _LOOKS + 1)
        self.longest = np.array([stepper.longest_step(t, cfl) for t in self.times.tolist()])

    def __call__(self, t: float, dt: float) -> float:
        """`dt` or less: no longer than the longest step at any look before its end."""
        first = int(np.searchsorted(self.times, t, side="right"))
        for at, longest in zip(self.times[first:].tolist(), self.longest[first:].tolist(), strict=True):
            if at >= t + dt:
                break
            dt = min(dt, max(longest, at - t))
        return dt


def count_steps(stepper: Stepper, start: float, stops: Sequence[float], cfl: float, limits: Ahead | None) -> float:
    """Steps from `start` through all stops, at least: once a narrow start has spread, where that matters."""
    if limits is not None:
        return float((np.diff(limits.times) / np.maximum(limits.longest[:-1], limits.longest[1:])).sum())
    edges = sorted({start, *stops})
    longest = [stepper.longest_step(t, cfl, settled=True) for t in edges[:-1]]
    # speeds that blow up on the way are the time loop's to report: it names the time
    gone = 2.0**-52 * min([edges[-1] - start, *longest[:1]])
    spans = [(b - a, dt) for (a, b), dt in zip(pairwise(edges), longest, strict=True) if dt > gone]
    return math.fsum(max(1.0, span / dt) for span, dt in spans)


def judge(steps: float, grid: Cells, residual: float | None, ranks: int = 1) -> list[str]:
    """Return a sentence on a run of over ten minutes; InputError for over a day, where nothing may end it earlier."""
    seconds = steps * (_STEP + _CELL * grid.cells / ranks)
    if not seconds > _LONG:
        return []
    told = f"{steps:.2g} steps on {grid.cells} cells of {grid.widths} take {_duration(seconds)} or more"
    if seconds > _LONGEST and residual is None:
        raise InputError(
            f"{told}: allowed is a day; take wider or fewer cells, an earlier end, or, with noise, implicit diffusion"
            " (scheme imex or chang-cooper)"
        )
    return [told]


def _duration(seconds: float) -> str:
    for unit, size in (("years", 365.25 * 86400.0), ("days", 86400.0), ("hours", 3600.0)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 60.0:.3g} minutes"
