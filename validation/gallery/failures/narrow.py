"""A density narrower than a cell.

With w < 0 the law of x' = sigma(w x + b), sigma = tanh or the identity, shrinks to the Dirac mass at -b/w, its width
like sigma0 e^(-abs(w) t). A scheme of third order has W1 = O(h^3) while the width is many cells, and O(h) once it is
less than one, from

    t* = ln(sigma0/h)/abs(w)

on, up to a constant that the scheme adds. Whatever the constant, a grid of half the width lasts ln(2)/abs(w) longer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic import CWENO3, Explicit, Grid, solve
from particles.base.arrays import Floats
from particles.model import IDENTITY, TANH, Law, Model, Normal, PushForward
from validation.distance import w1_to_law
from validation.gallery.exhibit import Exhibit, Number, slope
from validation.studies.study import Check

CELLS = (60, 120, 240, 480, 960)
ENDS = (-5.0, 7.0)
LEFT = 2.0  # the order below which third order is lost
TANH_MODEL = Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0))
IDENTITY_MODEL = Model(drift=IDENTITY, weight=-2.0, bias=2.0, initial=Normal(1.0, 1.0))


def exact(model: Model, t: float) -> Law:
    """Law at time t; that of the identity is N(1, e^(2 w t))."""
    return Normal(1.0, math.exp(2.0 * model.weight * t)) if model.drift is IDENTITY else PushForward(model, t)


def errors(model: Model, cells: Sequence[int], times: Sequence[float]) -> Floats:
    """W1 between the solution and the exact law, shape (grids, times)."""
    laws = [exact(model, t) for t in times]
    rows = []
    for n in cells:
        solution = solve(model, Grid(*ENDS, cells=n), until=times[-1], times=times)
        rows.append([w1_to_law(solution.at(t), law) for t, law in zip(times, laws, strict=True)])
    return np.array(rows)


def leaving_times(times: Floats, errors: Floats) -> Floats:
    """When the order between a grid and the next finer one falls below 2 for good, shape (grids - 1,); interpolated."""
    orders = np.log2(errors[:-1] / errors[1:])
    out = []
    for row in orders:
        k = int(np.flatnonzero(row >= LEFT)[-1])
        out.append(times[k] + (times[k + 1] - times[k]) * (row[k] - LEFT) / (row[k] - row[k + 1]))
    return np.array(out)


def run(model: Model) -> tuple[Floats, Floats]:
    """Errors on all grids at 18 times up to 6/abs(w), and the leaving times."""
    times = times_of(model)
    found = errors(model, CELLS, times.tolist())
    return found, leaving_times(times, found)


def times_of(model: Model) -> Floats:
    """18 times up to 6/abs(w)."""
    return np.asarray(np.linspace(1.0, 18.0, 18) / (3.0 * abs(model.weight)))


def delay(left: Floats) -> float:
    """Mean delay of the leaving time from grid to grid, by least squares."""
    return float(np.polyfit(np.arange(left.size), left, 1)[0])


def narrow() -> Exhibit:
    """Two contracting models on five grids."""
    found, left = run(TANH_MODEL)
    other = run(IDENTITY_MODEL)[1]
    stars = np.log(np.array(CELLS[:-1]) / (ENDS[1] - ENDS[0]))  # sigma0 = abs(w) = 1
    early, late = (-slope(CELLS, found[:, k]) for k in (2, -1))
    grid, times = Grid(*ENDS, cells=CELLS[0]), np.linspace(0.0, 6.0, 61).tolist()  # a look at each
    plain = solve(TANH_MODEL, grid, until=6.0, times=times)
    positive = solve(TANH_MODEL, grid, Explicit(CWENO3(positive=True), 1.0 / 6.0), until=6.0, times=times)
    resolved = solve(TANH_MODEL, grid, until=0.5, times=times[:6])
    return Exhibit(
        name="narrow",
        failure="A density that shrinks to a point becomes narrower than a cell: the error falls like h and no longer"
        " like h^3, and the scheme undershoots.",
        numbers=(
            Number("order of W1 in h at t = 1 (tanh, w = -1)", 3.0, early, 0.3),
            Number("W1 at t = 1, 960 cells", 0.0, float(found[-1, 2]), 1e-6),
            Number("order at t = 6", 1.0, late, 0.3),
            Number("delay of the loss when h is halved, ln(2)/abs(w), tanh, w = -1", math.log(2.0), delay(left), 0.05),
            Number("the same, identity, w = -2", math.log(2.0) / 2.0, delay(other), 0.025),
        ),
        checks=(
            Check(
                "it is lost at most 1/abs(w) after t* (tanh)",
                f"at {_listed(left)}, t* = {_listed(stars)}",
                bool(((left > stars) & (left < stars + 1.0)).all()),
            ),
            Check(
                "the record says how far below zero a cell average went, and when",
                f"{plain.lowest:.3g} at t = {plain.lowest_at:.3g} on {grid.cells} cells, nothing up to t = 0.5",
                plain.lowest < -1e-2 and plain.lowest_at > 1.0 and resolved.lowest > -1e-12,
            ),
            Check(
                "parabolas drawn up to zero keep the averages non-negative",
                "no average below -1e-14",
                positive.lowest >= -1e-14,
            ),
        ),
        remedy="Ask `kinetic.cautions` for t* before a run, refine until h is a few times less than the width at the"
        " end, or take particles with the exact flow, which know no cell; CWENO3(positive=True) mends the sign but"
        " not the error.",
        draw=lambda axes: _draw(axes[0], found, stars),
    )


def _draw(axes: Any, found: Floats, stars: Floats) -> None:
    """W1 over time on every grid, and the times t* of all but the finest."""
    times = times_of(TANH_MODEL)
    for k, (cells, row) in enumerate(zip(CELLS, found, strict=True)):
        axes.plot(times, row, ".-", ms=5, lw=1.1, color=f"C{k}", label=f"{cells} cells")
    at = [np.exp(np.interp(star, times, np.log(row))) for star, row in zip(stars, found, strict=False)]
    axes.plot(stars, at, "kv", ms=7, label="t* of the grid")
    axes.set_yscale("log")
    axes.set_xlabel("time t")
    axes.set_ylabel("W1 to the exact law")
    axes.set_title("tanh, w = -1: third order until the law is as narrow as a cell")
    axes.legend(loc="lower right", ncols=2)


def _listed(numbers: Floats) -> str:
    return ", ".join(f"{number:.2f}" for number in numbers)
