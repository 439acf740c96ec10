"""Where a drift without noise carries everything: the zero that attracts, or a wall (Proposition 1, as corrected).

A Dirac mass rests at every zero of the drift, but is the limit of the law only if that zero attracts the whole line;
the sigmoid has none, and under ReLU every law on u <= 0 is at rest.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from kinetic.steady.chart import scan
from kinetic.steady.line import Line
from particles.base.errors import InputError
from particles.base.roots import bisect


def attractor(line: Line) -> tuple[float | None, str]:
    """Return the point to which the drift carries everything, or None, and why; InputError where it is no number."""
    if line.low < 0.0 and math.isnan(float(line.drift(np.array(-1.0)))):  # the lognormal family lives on x > 0
        line = replace(line, low=0.0, zeros=(True, line.zeros[1]))
    on = line.chart()
    x = on.point(scan(on, line.kinks(on)))
    speed = line.drift(x)
    if np.isnan(speed).any():
        raise InputError(f"drift at x = {x[np.isnan(speed)][0]:.6g} is not a number")
    signs = np.sign(speed)
    idle = (signs[1:] == 0.0) & (signs[:-1] == 0.0)
    underflow = np.abs(speed[signs != 0.0]).min(initial=math.inf) < 1e-100  # a sigmoid is positive everywhere
    if idle.any() and not underflow:
        at = x[:-1][idle][np.argmin(np.abs(x[:-1][idle]))]
        return None, f"no single state at rest: the drift vanishes around x = {at:.4g}, where every law stays as it is"
    x, signs = x[signs != 0.0], signs[signs != 0.0]
    turns = np.flatnonzero(np.diff(signs))
    if turns.size > 1:
        return (
            None,
            f"no single state at rest: it depends on the start which of {turns.size} zeros of the drift attracts",
        )
    if turns.size == 0:
        end = line.high if signs[0] > 0.0 else line.low
        if math.isfinite(end) and not (line.zeros[0] and end == line.low):
            return end, f"without noise the drift carries everything to the wall at {end:g}"
        name = f"{end:g}" if math.isfinite(end) else ("+oo" if end > 0.0 else "-oo")
        return None, f"no steady state: without noise the drift carries everything towards {name}"
    k = int(turns[0])
    point, first = line.turn, signs[0]
    if point is None or not x[k] <= point <= x[k + 1]:
        point = float(bisect(lambda at: first * line.drift(at) > 0.0, x[k : k + 1], x[k + 1 : k + 2])[0])
    if first < 0.0:
        away = f"the drift pushes away from its zero x = {point:.6g}"
        if math.isfinite(line.low) and math.isfinite(line.high):
            return None, f"no single state at rest: {away}, each side to its wall, so that it depends on the start"
        return None, f"no steady state: {away}"
    return point, f"without noise the drift carries everything to its zero x = {point:.6g}"
