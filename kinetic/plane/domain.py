"""A rectangle that holds a model of two features up to a time, and what will limit a run on one.

Without noise the flow is a homeomorphism: what starts inside a rectangle stays inside the image of its edge. So points
of the edge of the rectangle between the 1e-12 quantiles of the start, carried along, bound all of its mass but 4e-12.
"""

from __future__ import annotations

import numpy as np

from kinetic.cautions import outside, runge_kutta_4, too_narrow
from kinetic.domain import MARGIN, TAIL
from kinetic.plane.grid import Plane, two_components
from kinetic.plane.problem import speeds
from particles.base.arrays import Floats
from particles.base.checks import require_positive
from particles.base.errors import InputError
from particles.model import Model

_POINTS, _STEPS = 64, 400


def rectangle(model: Model, until: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return ends in x and in y for the equation of a model of two features up to `until`.

    Of the rectangle 1/64 at each end is a margin, as on the line.

    Raises
    ------
    InputError
        If `until` is not positive, the model has not two features, has noise, or its start has no width.
    """
    require_positive("until", until)
    if model.nu2 > 0.0:
        raise InputError(f"nu2 = {model.nu2!r}: with noise the domain in the plane must be given")
    ends = [law.quantile(np.array([TAIL, 1.0 - TAIL])) for law in two_components(model.initial)]
    edge = _edge(*ends)
    mean = np.array([law.mean for law in two_components(model.initial)]) if model.mean_coupled else None

    def rate(x: Floats, t: float) -> Floats:
        return np.stack(speeds(model, x[0], x[1], t, mean))

    low, high, dt = edge.min(axis=1), edge.max(axis=1), until / _STEPS
    for k in range(_STEPS):
        edge = runge_kutta_4(rate, edge, k * dt, dt)
        low, high = np.minimum(low, edge.min(axis=1)), np.maximum(high, edge.max(axis=1))
    margin = (high - low) * MARGIN / (1.0 - 2.0 * MARGIN)
    (x_lo, y_lo), (x_hi, y_hi) = (low - margin).tolist(), (high + margin).tolist()
    if not (x_lo < x_hi and y_lo < y_hi):
        raise InputError(f"the start has no width: give the domain, not [{x_lo}, {x_hi}] x [{y_lo}, {y_hi}]")
    return (x_lo, x_hi), (y_lo, y_hi)


def cautions(model: Model, plane: Plane) -> tuple[str, ...]:
    """Return sentences on what limits a run in the plane: a start narrower than a cell, mass outside the rectangle."""
    found = []
    for name, law, grid in zip(("x", "y"), two_components(model.initial), (plane.x, plane.y), strict=True):
        found += [f"in {name}: {told}" for told in (too_narrow(law, grid), outside(law, grid)) if told]
    return tuple(found)


def _edge(x: Floats, y: Floats) -> Floats:
    """Points on the four sides of a rectangle, shape (2, 4 n)."""
    share = np.linspace(0.0, 1.0, _POINTS)
    along_x, along_y = x[0] + share * (x[1] - x[0]), y[0] + share * (y[1] - y[0])
    sides = [(along_x, np.full(_POINTS, end)) for end in y] + [(np.full(_POINTS, end), along_y) for end in x]
    return np.concatenate([np.stack(side) for side in sides], axis=1)
