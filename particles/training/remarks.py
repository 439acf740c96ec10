"""What to say of a training besides its numbers, and which of its iterates they are.

A rate that is too high shows by an objective above that of the start, no gradient by particles that are not active:
those whose drift does not change with u, as where relu is 0. Numbers that run away have grown far, and with twice as
much the objective is no higher. That they grew in the last step says nothing: on its way to a far minimum a number
does so too.
"""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats, ordered_product
from particles.model import Model
from particles.training.method import Point
from particles.training.objective import Objective
from particles.training.of_particles import Sweep

_FAR = 2.0
"""Times as large as at the start: what has grown so may run away."""
_ROUNDING = 1e-12
"""Share of an objective that is no rise."""
_LONG = 10
"""Iterations above the start that are worth a word."""


def outcome(curve: list[Point]) -> tuple[Point, tuple[str, ...]]:
    """The iterate to keep, the last one or, where it ended above its start, the best; and what to say of that."""
    first, last = curve[0].value, curve[-1].value
    above = sum(point.value > first * (1.0 + _ROUNDING) for point in curve)
    ends_above = last > first * (1.0 + _ROUNDING)
    if above < _LONG and not ends_above:
        return curve[-1], ()
    told = f"the objective stood above its start, {first:.4g}, for {above} iterations: the rate is too high"
    if not ends_above:
        return curve[-1], (told,)
    best = min(curve, key=lambda point: point.value)
    return best, (f"{told}; the numbers are those of iteration {best.iteration}",)


def remarks(objective: Objective, first: Point, chosen: Point, ends: tuple[Floats, Floats]) -> tuple[str, ...]:
    """Whether nothing can be learnt where it ended, or numbers run away. Collective."""
    theta, (low, high) = chosen.theta, ends
    if chosen.slope == 0.0 < chosen.value and bool(((low < theta) & (theta < high)).all()):
        told = "nothing was learnt" if chosen is first else "nothing more is learnt"
        share = active(objective.sweep.of(objective.parameters.with_values(theta)))
        why = f"gradient 0: a share {share:.2g} of the particles is active"
        return (f"{told}: {why}, and the drift of the others does not change with u; start elsewhere",)
    grown = np.abs(theta) > _FAR * np.maximum(np.abs(first.theta), 1.0)
    farther = np.clip(np.where(grown, 2.0 * theta, theta), *ends)
    away = np.flatnonzero(farther != theta)
    if not away.size or not objective.beyond(farther) <= chosen.value * (1.0 + _ROUNDING):
        return ()
    told = f"{objective.parameters.names[away[0]]} = {theta[away[0]]:.3g}"
    return (f"the loss still falls while {told} grows: its least value is nowhere; give ridge or bounds",)


def active(sweep: Sweep) -> float:
    """Share of the particles whose drift changes with u at the start; of relu on the line that of its law. Collective.

    A share that is too small for any particle is seen by the law alone.
    """
    model = sweep.model
    if model.size == 1 and model.drift.rectified and isinstance(sweep.run.start, str) and not model.mean_coupled:
        return _above_zero(model)
    mean = sweep.ensemble.moments(sweep.begin)[0] if model.mean_coupled else None
    weights = model.weights(0.0)
    biases = model.biases(0.0, weights, mean)[0]
    rows = ordered_product(weights[0], sweep.begin) + biases[:, None]
    counted = (model.drift.derivative_u(rows, sweep.begin) != 0.0).any(axis=0).sum()
    return int(sweep.ensemble.ranks.add(np.array([counted]))[0]) / sweep.run.count


def _above_zero(model: Model) -> float:
    """Probability of w x + b > 0 under the law of the start."""
    weight, bias = model.weight_at(0.0), float(model.biases(0.0, model.weights(0.0))[0, 0])
    if weight == 0.0:
        return float(bias > 0.0)
    at = np.array([-bias / weight])
    return float((model.law.sf(at) if weight > 0.0 else model.law.cdf(at))[0])
