"""What will limit a run, said before it starts: cells too wide, mass that reaches an end, mass outside the grid.

Without noise a law that contracts to a point like e^(wt), w < 0, is narrower than a cell from t* = ln(sigma0/h)/abs(w)
on: exact for the identity, whose slope at its zero all of tanh's mass comes to feel too. Mass reaches an end with the
characteristic x' = sigma(w x + b) that starts at the 1e-12 quantile of either tail; what noise adds is not foreseen.
"""

from __future__ import annotations

import math

import numpy as np

from kinetic.grid import Grid
from kinetic.limit import initial_law
from particles.base.ode import runge_kutta_4
from particles.model import Law, Model

TAIL = 1e-12
_STEPS = 400


def cautions(model: Model, grid: Grid, until: float) -> tuple[str, ...]:
    """Return sentences for a person, none where nothing limits the run.

    Parameters
    ----------
    model : Model
        d = N = 1.
    grid : Grid
    until : float
        End of the run.

    Raises
    ------
    InputError
        If the model is not one-dimensional, or its walls are not the ends of the grid.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> model = cases["regression"].model
    >>> kinetic.cautions(model, kinetic.Grid(-7.0, 9.0, cells=1600), until=2.0)
    ()
    >>> for sentence in kinetic.cautions(model, kinetic.Grid(-7.0, 9.0, cells=100), until=5.0):
    ...     print(sentence)
    from t* = ln(sigma0/h)/|w| = 1.833 on the solution is narrower than a cell (h = 0.16)
    """
    law = initial_law(model, grid)
    found = (_narrow(model, law, grid, until), outside(law, grid), *_arrivals(model, law, grid, until))
    return tuple(sentence for sentence in found if sentence)


def _narrow(model: Model, law: Law, grid: Grid, until: float) -> str:
    told, width = too_narrow(law, grid), _width(law)
    if told:
        return told
    constant = model.autonomous or (model.mean_coupled and model.piecewise_constant and not model.breakpoints)
    weight = model.weight_at(0.0)
    if model.nu2 > 0.0 or not constant or not model.drift.contracts or weight >= 0.0:
        return ""
    t = math.log(width / grid.h) / -weight
    if t >= until:
        return ""
    return f"from t* = ln(sigma0/h)/|w| = {t:.4g} on the solution is narrower than a cell (h = {grid.h:.3g})"


def too_narrow(law: Law, grid: Grid) -> str:
    """Say that a law is narrower than a cell, or nothing."""
    width = _width(law)
    return f"the initial law (width {width:.3g}) is narrower than a cell ({grid.h:.3g})" if width <= grid.h else ""


def _width(law: Law) -> float:
    """Standard deviation, or what the quartiles say of a law that a far part makes wide (as in Silverman's rule)."""
    low, high = np.asarray(law.quantile(np.array([0.25, 0.75]))).tolist()
    return float(min(law.std, (high - low) / 1.34))


def outside(law: Law, grid: Grid) -> str:
    """Say how much mass of a law lies outside a grid, or nothing."""
    low, high = grid.outside(law).tolist()
    if max(low, high) <= TAIL:
        return ""
    return f"initial mass outside the grid is put at its ends: {low:.3g} at {grid.lo:g}, {high:.3g} at {grid.hi:g}"


def _arrivals(model: Model, law: Law, grid: Grid, until: float) -> list[str]:
    """One sentence for each end that the outermost characteristics reach from inside."""
    x = np.asarray(law.quantile(np.array([TAIL, 1.0 - TAIL])))
    x = np.clip(x, grid.lo, grid.hi)
    seen = (x[0] <= grid.lo, x[1] >= grid.hi)  # there already: `outside` says how much
    arrival = [math.nan, math.nan]
    mean = law.mean if model.mean_coupled else None  # conserved by the identity, a fair guess for any other drift
    dt = until / _STEPS
    with np.errstate(all="ignore"):  # steps too long for a stiff drift may end nowhere: no end is reached then
        for k in range(_STEPS):
            x = runge_kutta_4(lambda at, t: model.speed(at, t, mean), x, k * dt, dt)
            for side, there in enumerate((x[0] <= grid.lo, x[1] >= grid.hi)):
                if there and math.isnan(arrival[side]):
                    arrival[side] = (k + 1) * dt
    name = "wall" if model.walls is not None else "end of the grid"
    return [
        f"mass reaches the {name} at {end:g} at t = {t:.3g}"
        for end, t, before in zip((grid.lo, grid.hi), arrival, seen, strict=True)
        if not math.isnan(t) and not before
    ]
