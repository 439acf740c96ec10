"""The order to expect of the equation's error on a sequence of grids, from the model alone.

* Smooth start: that of the reconstruction, 3 for CWENO3, explicit or with implicit diffusion; 2 for Chang and Cooper.
* A jump of the initial density that noise smooths: cell averages alias it by h^2, so an order of 3 falls to 2 as h
  does. How much depends on where in its cell the jump lies: all grids must have it on a face.
* A jump that moves without noise: the scheme's fourth-order dissipation smears it over (h^3 t)^(1/4), and W1 is its
  height times the square of that: 3/2.
* The kink of a ReLU drift: 3 with the kink on a face of every grid, none with it inside a cell. With noise g'' jumps
  there: the differences of the diffusive flux are off by h g'' at the faces beside it, a dipole of strength h^2, so 2.

CWENO3 may be faster before, up to order 4: what its weights differ from the linear ones by dies out with a higher power
of h (a narrow normal law: 2.96, 3.41 where the linear reconstruction has 3.01, 3.01).

A density is resolved where its scale sqrt(max g/max abs(g'')), sigma for a normal law, holds some cells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from kinetic.grid import Grid
from kinetic.line.reconstruction import CWENO3
from kinetic.schemes import Scheme
from particles.base.arrays import Floats
from particles.model import Law, Model

_FINEST_BASE = 400  # cells of the coarsest grid that puts jumps on faces


class Data(NamedTuple):
    """What the order depends on, in the variable of the grids: start, exact law, kinks of the drift, whether noisy."""

    start: Law
    law: Law
    kinks: Sequence[float]
    noisy: bool


class Expected(NamedTuple):
    """Order to expect: `order` for h -> 0, up to `most` before, and why; or why there is none."""

    order: float
    most: float
    why: str
    refusal: str | None = None


def expected_order(data: Data, grids: Sequence[Grid], scheme: Scheme) -> Expected:
    """What a model on the line lets one expect on these grids of one interval; the errors have no say in it."""
    lo, hi = grids[0].lo, grids[0].hi
    order = float(scheme.order)
    found = [x for x in data.kinks if lo < x < hi]
    for x in found:
        if not _on_faces(x, grids):
            return Expected(order, order, "", _inside(f"the kink of relu at x = {x:g} lies"))
    steps = jumps(data.start, lo, hi)
    if not data.noisy:
        if any(all(abs(x - kink) >= 1e-8 * (hi - lo) for kink in found) for x in jumps(data.law, lo, hi)):
            return Expected(1.5, 1.5, "the density jumps, without noise to smooth it: order 3/2 for W1")
        if steps:
            return Expected(order, order, "", "jumps of the initial density have met a wall: no order is known then")
    if data.noisy and found:
        return Expected(2.0, 2.0, "on a face: the kink of relu; with noise the density bends there: order 2")
    most = order + 1.0 if order == 3.0 and isinstance(scheme.reconstruction, CWENO3) else order
    if not steps:
        return Expected(order, most, "on a face: the kink of relu" if found else "smooth start")
    for x in steps:
        if not _on_faces(x, grids):
            return Expected(2.0, order, "", _inside(f"the initial density jumps at x = {x:g}"))
    if order == 2.0:
        return Expected(2.0, 2.0, "the initial density jumps, at no loss for a scheme of order 2")
    return Expected(2.0, order, "the initial density jumps: order 2 for h -> 0, by the data and not by the scheme")


def default_levels(points: Sequence[float], lo: float, hi: float, first: int) -> tuple[int, ...]:
    """Five doublings from `first` cells, or from the next number that puts on faces the points that must lie there."""
    shares = [(x - lo) / (hi - lo) for x in points]
    known = [Fraction(share).limit_denominator(_FINEST_BASE) for share in shares]
    base = math.lcm(*(fraction.denominator for fraction in known))
    exact = all(abs(float(fraction) - share) < 1e-9 for fraction, share in zip(known, shares, strict=True))
    if exact and base <= _FINEST_BASE:
        first = base * -(-first // base)
    return tuple(first * 2**k for k in range(5))


def jumps(law: Law, lo: float, hi: float) -> list[float]:
    """Points inside (lo, hi) where the density of a law jumps; between its breakpoints it is smooth."""
    near = 1e-10 * (hi - lo)
    edges = law.breakpoints()
    edges = edges[(edges > lo + 2.0 * near) & (edges < hi - 2.0 * near)]
    before, after = law.pdf(edges - near), law.pdf(edges + near)
    high = max(float(before.max(initial=0.0)), float(after.max(initial=0.0)))
    found = edges[np.abs(after - before) > 1e-3 * high]  # breakpoints may crowd about a jump: one of each crowd
    return [float(x) for x in found[np.diff(found, append=np.inf) > 10.0 * near]]


def kinks(model: Model, until: float, lo: float, hi: float) -> list[float]:
    """Points in (lo, hi) where u = w x + b, up to `until`, is at a kink of the drift; constant or piecewise w, b."""
    if not model.drift.kinks:
        return []
    times = np.array([0.0, *(t for t in model.breakpoints if t < until)])
    weights = model.weights(times)
    biases = model.biases(times, weights)
    steps = [(float(w[0, 0]), float(b[0])) for w, b in zip(weights, biases, strict=True) if w[0, 0] != 0.0]
    found = {(u - b) / w for w, b in steps for u in model.drift.kinks}
    return sorted(x for x in found if lo < x < hi)


def scale(law: Law, grid: Grid, known: Sequence[float] = ()) -> float:
    """Scale sqrt(max g/max abs(g'')) of a law from its exact cell averages, at most 1/max g.

    Jumps of the density, known ones too, and atoms at the ends are left out.
    """
    u = masses(law, grid)
    bend = np.abs(u[2:] - 2.0 * u[1:-1] + u[:-2])
    near = 1e-6 * grid.h
    for x in (*jumps(law, grid.lo, grid.hi), *known):
        bend[(grid.faces[:-3] + near < x) & (x < grid.faces[3:] - near)] = 0.0
    high = float(u.max())
    return grid.h * min(math.sqrt(high / max(float(bend.max()), 1e-300)), 1.0 / high)


def masses(law: Law, grid: Grid) -> Floats:
    """Exact masses of the cells of a grid; an atom at an end is in none."""
    high = np.nextafter(grid.faces[-1:], -np.inf)
    return np.diff(np.concatenate([law.cdf(grid.faces[:-1]), law.cdf(high)]))


def _on_faces(x: float, grids: Sequence[Grid]) -> bool:
    places = [(x - g.lo) / g.h for g in grids]
    return all(abs(place - round(place)) < 1e-6 for place in places)


def _inside(what: str) -> str:
    return f"{what} inside a cell, and where changes with N: choose cells or ends that put it on a face of every grid"
