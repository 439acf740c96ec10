"""The four notions of Definition 2 (arXiv 2001.04294), answered for a given model from its closed moments.

(i)   energy bound at t     m2(0) > m2(t)            (iii) concentration at t     V(0) > V(t)
(ii)  energy decay          m2 strictly decreasing   (iv)  aggregation            V strictly decreasing

(ii) and (iv) are decided on [0, T] from the sign of the derivative, sampled and then bisected: a zero at single times
does no harm (w = -(t - 1)^2), one on an interval does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kinetic.moments.spread import Spread
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.roots import bisect
from particles.model import Model

Rate = Callable[[Floats], Floats]
_SYMBOLS = {"energy": "m2", "variance": "V"}
_SAMPLES = 100
_VANISHED = 1e-250
"""Share of its start below which a quantity is 0: smaller numbers soon lose their digits."""


@dataclass(frozen=True)
class Finding:
    """The answer to a question about a model, true or false as a bool, with its reason in a sentence.

    `fails_on` is the first interval of time on which the quantity does not decrease.
    """

    notion: str
    holds: bool
    reason: str
    fails_on: tuple[float, float] | None = None

    def __bool__(self) -> bool:
        return self.holds


def energy_bound(model: Model, time: float) -> Finding:
    """Answer whether m2(0) > m2(time), time >= 0: Definition 2 (i); errors as `kinetic.moments.moments`."""
    return _below_start("energy bound", Spread(model, "energy"), time)


def concentration(model: Model, time: float) -> Finding:
    """Answer whether V(0) > V(time): Definition 2 (iii); parameters and errors as `energy_bound`."""
    return _below_start("concentration", Spread(model, "variance"), time)


def energy_decay(model: Model, until: float) -> Finding:
    """Answer whether m2 decreases strictly on [0, until], until > 0: Definition 2 (ii); errors as `energy_bound`."""
    return _decreasing("energy decay", Spread(model, "energy"), until)


def aggregation(model: Model, until: float) -> Finding:
    """Answer whether V decreases strictly on [0, until]: Definition 2 (iv); parameters and errors as `energy_decay`."""
    return _decreasing("aggregation", Spread(model, "variance"), until)


def definition_2(model: Model, until: float) -> tuple[Finding, Finding, Finding, Finding]:
    """Return (i) energy bound at `until`, (ii) energy decay, (iii) concentration at `until`, (iv) aggregation."""
    energy, variance = Spread(model, "energy"), Spread(model, "variance")  # each solves its equations once
    return (
        _below_start("energy bound", energy, until),
        _decreasing("energy decay", energy, until),
        _below_start("concentration", variance, until),
        _decreasing("aggregation", variance, until),
    )


def _below_start(notion: str, spread: Spread, time: float) -> Finding:
    first, last = spread.at([0.0, time])
    holds = bool(last < first * (1.0 - 1e-13))
    symbol = _SYMBOLS[spread.quantity]
    sign = "<" if holds else "not below"
    return Finding(notion, holds, f"{symbol}({time:g}) = {last:.9g} {sign} {symbol}(0) = {first:.9g}")


def _decreasing(notion: str, spread: Spread, until: float) -> Finding:
    if not until > 0.0:
        raise InputError(f"until = {until!r} must be positive")
    symbol = _SYMBOLS[spread.quantity]
    times = sample_times(spread.model, until)
    values = spread.at(times)
    told = times[values > _VANISHED * values[0]] if values[0] > 0.0 else times
    end = until if told.size == times.size else float(told[-1])
    fails = first_rise(spread.rate, told, end)
    if fails is None:
        rest = "" if end == until else " and is 0 to rounding from there on"
        return Finding(notion, True, f"{symbol} decreases strictly on [0, {end:g}]{rest}")
    return Finding(notion, False, f"{symbol} does not decrease on [{fails[0]:.9g}, {fails[1]:.9g}]", fails)


def sample_times(model: Model, until: float) -> Floats:
    """Return increasing times in [0, until), dense at both scales between any two jumps of a parameter."""
    steps = np.linspace(0.0, 1.0, _SAMPLES, endpoint=False)
    grid = np.unique(np.concatenate([steps, np.geomspace(1e-6, 1.0, _SAMPLES, endpoint=False)]))
    nodes = [0.0, *(t for t in model.breakpoints if t < until), until]
    return np.concatenate([a + (b - a) * grid for a, b in itertools.pairwise(nodes)])


def first_rise(rate: Rate, times: Floats, until: float) -> tuple[float, float] | None:
    """Return the first interval in [0, until] where a derivative is not negative, None where it is at most at points.

    `rate` takes times, shape (T,), to values; `times` are increasing samples from 0 to below `until`.
    """
    values = rate(times)
    pair = np.append((values[:-1] >= 0.0) & (values[1:] >= 0.0), False)
    bad = (values > 0.0) | pair | np.roll(pair, 1)
    if not bad.any():
        return None
    first = int(np.argmax(bad))
    good_again = np.flatnonzero(~bad[first:])
    begin = sign_change(rate, times[first - 1], times[first]) if first else 0.0
    if not good_again.size:
        return begin, until
    after = first + int(good_again[0])
    return begin, sign_change(rate, times[after - 1], times[after])


def sign_change(rate: Rate, left: float, right: float) -> float:
    """Return the time between two samples where a derivative goes from negative to not, or back, by bisection."""
    negative = bool(rate(np.array([left]))[0] < 0.0)
    ends = np.array([left]), np.array([right])
    return float(bisect(lambda t: (rate(t) < 0.0) == negative, *ends, rounds=1100)[0])
