"""What to say of a training besides its numbers: a flat start, numbers that run away."""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats
from particles.training.methods import Point
from particles.training.objective import Objective

_FAR = 2.0
"""Times as large as at the start: what has grown so may run away."""
_ROUNDING = 1e-12
"""Share of an objective that is no rise."""


def remarks(objective: Objective, curve: list[Point], ends: tuple[Floats, Floats]) -> tuple[str, ...]:
    """Whether the start is flat, or numbers run away: grown far, and with twice as much the objective is no higher.

    That they grew in the last step says nothing: on its way to a far minimum a number does so too.
    """
    first, last = curve[0].theta, curve[-1].theta
    low, high = ends
    if len(curve) == 1 and curve[0].slope == 0.0 < curve[0].value and bool(((low < first) & (first < high)).all()):
        return ("nothing was learnt: every derivative is 0 at the start, as where no particle moves; start elsewhere",)
    grown = np.abs(last) > _FAR * np.maximum(np.abs(first), 1.0)
    farther = np.clip(np.where(grown, 2.0 * last, last), *ends)
    away = np.flatnonzero(farther != last)
    if not away.size or objective.beyond(farther) > curve[-1].value * (1.0 + _ROUNDING):
        return ()
    told = f"{objective.parameters.names[away[0]]} = {last[away[0]]:.3g}"
    return (f"the loss still falls while {told} grows: its least value is nowhere; give ridge or bounds",)
