"""What a parameter does in time that steps may miss: short pieces, and changes of a function between its looks."""

from __future__ import annotations

import math

import numpy as np

from particles.base.arrays import Floats
from particles.model.parameters import Parameter, Piecewise, Varying

_LOOKS = 16  # a step at a function of time
_FEWEST, _MOST = 2**10, 2**14  # of them a run
_UNSEEN = 1.5  # times the change that the levels see: an oscillation of six steps a period is seen to 1.15
_JUMP = 0.25  # of the range of a function, between two looks


def unseen(name: str, parameter: Parameter | None, levels: Floats) -> list[str]:
    """Sentences on what a parameter does between time levels, at whose starts the steps take it."""
    if isinstance(parameter, Piecewise):
        return _short_pieces(name, np.array(parameter.edges), levels)
    if isinstance(parameter, Varying):
        return _changes(name, parameter, levels)
    return []


def jumps(parameter: Parameter | None, until: float) -> tuple[float, ...]:
    """Times in (0, until) at which a function of time jumps, as far as 1024 looks tell; each to the last digit.

    A jump is a change by a quarter of the function's range that stays one when the time between the looks is halved
    until it is rounding.
    """
    if not isinstance(parameter, Varying):
        return ()
    times = np.linspace(0.0, until, _FEWEST + 1)
    values = parameter.sample(times).reshape(times.size, -1)
    large = _JUMP * np.ptp(values, axis=0)
    found = []
    for k in np.flatnonzero((np.abs(np.diff(values, axis=0)) > large).any(axis=1)):
        t = _located(parameter, float(times[k]), float(times[k + 1]), large)
        if t is not None and t < until:
            found.append(t)
    return tuple(found)


def _located(parameter: Varying, left: float, right: float, large: Floats) -> float | None:
    """The first time after the jump in (left, right], None where the change is a continuous one."""
    before, after = (parameter.sample(np.array([t])).reshape(-1) for t in (left, right))
    while left < (middle := 0.5 * (left + right)) < right:
        value = parameter.sample(np.array([middle])).reshape(-1)
        if np.abs(value - before).max() >= np.abs(after - value).max():
            right, after = middle, value
        else:
            left, before = middle, value
        if not (np.abs(after - before) > large).any():
            return None
    return right


def _short_pieces(name: str, edges: Floats, levels: Floats) -> list[str]:
    begins, lengths = edges[:-1], np.diff(edges)
    here = begins < levels[-1]
    begins, lengths = begins[here], lengths[here]
    at = np.minimum(np.searchsorted(levels, begins * (1.0 + 1e-12), side="right"), len(levels) - 1)
    steps = levels[at] - levels[at - 1]
    short = lengths < steps * (1.0 - 1e-9)
    if not short.any():
        return []
    k = int(np.argmin(np.where(short, lengths, math.inf)))
    return [f"a piece of {name}, {lengths[k]:.3g} long, is shorter than a step ({steps[k]:.3g})"]


def _changes(name: str, parameter: Varying, levels: Floats) -> list[str]:
    looks = _LOOKS * (len(levels) - 1)
    times = np.linspace(levels[0], levels[-1], min(max(looks, _FEWEST), _MOST) + 1)
    fine = parameter.sample(times).reshape(times.size, -1)
    dt = float(levels[-1] - levels[0]) / (len(levels) - 1)
    every = max(1, (len(levels) - 1) // _MOST)
    taken = parameter.sample(np.append(levels[::every], levels[-1])).reshape(-1, fine.shape[1])
    changes = np.abs(np.diff(fine, axis=0))
    all_of_it, seen = changes.sum(axis=0), np.abs(np.diff(taken, axis=0)).sum(axis=0)
    rounding = 2.0**-40 * np.abs(fine).max()
    k = int(np.argmax(all_of_it - _UNSEEN * seen))
    if all_of_it[k] > _UNSEEN * seen[k] + rounding:
        return [
            f"{name}, a function of time, changes by {all_of_it[k]:.3g} in all, of which steps of {dt:.3g} see"
            f" {seen[k]:.3g}: take shorter steps, or a piecewise constant {name}"
        ]
    jumps = times[1:][(changes > _JUMP * np.ptp(fine, axis=0) + rounding).any(axis=1)]
    gaps = np.diff(jumps)
    if gaps.size and gaps.min() < dt * (1.0 - 1e-9) - (times[1] - times[0]):
        return [f"a piece of {name}, about {gaps.min():.2g} long, is shorter than a step ({dt:.3g})"]
    return []
