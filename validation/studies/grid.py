"""Study of the grid: the equation's density on N cells against the exact law, dx = (hi - lo)/N.

The error is W1(solution, exact law), beside it the L1 error of the cell averages. What order to expect follows from
the model, never from the errors:

* smooth starts: that of the reconstruction, 3 for CWENO3, explicit or with implicit diffusion; 2 for Chang and Cooper;
* a jump of the initial density that noise smooths: the cells' averages alias it by h^2, so the order falls from 3 to 2
  as h does. How much depends on where in its cell the jump lies: all levels must have it on a face;
* a jump that moves without noise: smeared over (h^3 t)^(1/4) by the scheme's fourth-order dissipation, and W1 is the
  height times the square of that, 3/2;
* the kink of a ReLU drift: 3 with the kink on a face of every grid, none with it inside a cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

import kinetic
from kinetic.reconstruction import CWENO3, Reconstruction
from particles import parallel
from particles.base.errors import InputError
from particles.base.provenance import provenance
from particles.model import Case, Law, Model, exact_law
from validation.distance import w1_to_law
from validation.study import Check, Row, Study, fit_order, order_checks, successive_orders

LEVELS, NOISY_LEVELS = (100, 200, 400, 800, 1600), (50, 100, 200, 400, 800)
BAND = 0.3  # about the expected slope, over the last three levels
CAP = 0.5  # the last error is at most CAP h (h/width)^(order - 1)
RESOLVED = 2.0  # cells in the width of the exact law that the last three levels must have
ROUNDING = 1e-13  # of the domain's length: errors below are rounding
_FINEST_BASE = 400  # cells of the coarsest level that puts jumps on faces
_SCHEMES = ("explicit", "imex", "chang-cooper")


class Expected(NamedTuple):
    """Order to expect: between `order` and `most` (asymptotically `order`), why, or why there is none."""

    order: float
    most: float
    why: str
    refusal: str | None = None


def check(case: Case, *, levels: Sequence[int] | None, scheme: str, until: float) -> tuple[Law, list[kinetic.Grid]]:
    """Refuse what `grid` could not do, before MPI or numba is loaded; return the exact law and the grids.

    Raises
    ------
    InputError
        With the argument, its value and what is allowed.
    """
    model = case.model
    if scheme not in _SCHEMES:
        raise InputError(f"scheme = {scheme!r} must be one of {', '.join(_SCHEMES)}")
    if scheme != "explicit" and model.nu2 == 0.0:
        raise InputError(f"scheme = {scheme!r} needs noise: nu2 = 0.0 must be above 0")
    law = exact_law(model, until)
    if law is None:
        raise InputError(f"case {case.name!r} has no exact law on the line at t = {until:g}: this study needs one")
    lo, hi = case.domain or kinetic.domain(model, until)
    atoms = _jumps(model.initial, lo, hi, of_mass=True)
    if atoms:
        raise InputError(f"the start has an atom at x = {atoms[0]:g}, which no cell resolves: allowed are densities")
    if levels is None:
        levels = _levels(model, lo, hi)
    if len(levels) < 3 or list(levels) != sorted(set(levels)):
        raise InputError(f"levels = {list(levels)!r} must be at least three increasing numbers of cells")
    return law, [kinetic.Grid(lo, hi, cells=cells) for cells in levels]


def grid(
    case: Case,
    *,
    levels: Sequence[int] | None = None,
    scheme: str = "explicit",
    until: float | None = None,
    reconstruction: Reconstruction | None = None,
    comm: Any = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Study:
    """Measure W1 between the equation's solution and the exact law over `levels` of cells. Collective over `comm`.

    Parameters
    ----------
    case : Case
        On the line, with an exact law at `until`; on the case's domain, or `kinetic.domain` where it has none.
    levels : sequence of int, optional
        Increasing numbers of cells, at least three; by default five doublings from 100 (50 with noise), or from the
        first number that puts the jumps of the initial density on faces.
    scheme : {"explicit", "imex", "chang-cooper"}
        Of `kinetic.solve`; the last two need noise.
    until : float > 0, optional
        Time of the comparison; by default the case's horizon.
    reconstruction : CWENO3 or Linear, default CWENO3()
    comm : mpi4py communicator, optional
        Grids are shared out over its ranks.
    progress : callable, optional
        Gets the finished share in [0, 1].

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If the case has no exact law or its start has atoms, or an argument is out of range.
    """
    until = until or case.until
    law, grids = check(case, levels=levels, scheme=scheme, until=until)
    reconstruction = CWENO3() if reconstruction is None else reconstruction
    ranks = parallel.of(comm)
    total, done, found = sum(g.cells**2 for g in grids), 0, {}
    for place, g in enumerate(grids):
        done += g.cells**2
        if place % ranks.size == ranks.rank:
            solution = kinetic.solve(case.model, g, until=until, scheme=scheme, reconstruction=reconstruction)
            found[g.cells] = w1_to_law(solution.at(until), law), _l1(solution, law)
            progress(done / total)
    merged = {cells: errors for part in ranks.gather(found) for cells, errors in part.items()}
    rows = tuple(Row(g.cells, 1, merged[g.cells][0], 0.0, None, {"h": g.h, "L1": merged[g.cells][1]}) for g in grids)
    expected = expected_order(case.model, law, grids, until, scheme, reconstruction)
    return _judge(case, law, grids, rows, expected, {"time": until, "scheme": scheme})


def expected_order(
    model: Model, law: Law, grids: Sequence[kinetic.Grid], until: float, scheme: str, reconstruction: Reconstruction
) -> Expected:
    """What the model lets one expect on these grids; the errors have no say in it."""
    lo, hi = grids[0].lo, grids[0].hi
    order = 2.0 if scheme == "chang-cooper" else float(reconstruction.order)
    kinks, jumps = _kinks(model, until, lo, hi), _jumps(model.initial, lo, hi)
    for x in kinks:
        if not _on_faces(x, grids):
            why = f"the kink of relu at x = {x:g} lies inside a cell, and where changes with N"
            return Expected(order, order, "", f"{why}: choose cells or ends that put it on a face of every grid")
    if not jumps:
        return Expected(order, order, "on a face: the kink of relu" if kinks else "smooth start")
    if model.nu2 == 0.0:
        arrived = model.walls is not None and any(law.cdf(w) - law.cdf(np.nextafter(w, -np.inf)) for w in model.walls)
        if arrived:
            return Expected(1.5, 1.5, "", "jumps of the initial density have met a wall, and no order is known then")
        return Expected(1.5, 1.5, "the initial density jumps, and without noise it goes on to: order 3/2 for W1")
    off = [x for x in jumps if not _on_faces(x, grids)]
    if off:
        why = f"the initial density jumps at x = {off[0]:g} inside a cell, and where changes with N"
        return Expected(2.0, order, "", f"{why}: choose cells or ends that put it on a face of every grid")
    why = "the initial density jumps: "
    why += "order 2 for h -> 0, by the data and not by the scheme" if order > 2.0 else "no loss for a scheme of order 2"
    return Expected(2.0, order, why)


def _judge(
    case: Case,
    law: Law,
    grids: Sequence[kinetic.Grid],
    rows: tuple[Row, ...],
    expected: Expected,
    extra: dict[str, Any],
) -> Study:
    refusal = expected.refusal or _blind(case.model, law, grids, rows[-1].error, extra["time"])
    checks: tuple[Check, ...] = ()
    if refusal is None:
        width = min(_width(known) for known in (case.model.start, law) if isinstance(known, Law))
        most = CAP * grids[-1].h * (grids[-1].h / width) ** (expected.order - 1.0)
        order, cap = order_checks(rows, -expected.order, band=BAND, cap=most)
        if expected.most > expected.order:
            slope = fit_order(rows[-3:]).estimate
            low, high = -expected.most - BAND, -expected.order + BAND
            claim = f"slope over the last three levels lies between {low:g} and {high:g}"
            order = Check(claim, f"{slope:.4f}", low <= slope <= high)
        checks = order, cap
    orders = ", ".join(f"{-order:.3f}" for order in successive_orders(rows))
    return Study(
        name="grid",
        case=case.name,
        refinement="cells N",
        quantity=f"W1(PDE, exact law) at t = {extra['time']:g}, {extra['scheme']}",
        rows=rows,
        slope=fit_order(rows),
        constant=None,
        expected_slope=-expected.order,
        checks=checks,
        refusal=refusal,
        remarks=tuple(line for line in (f"order from level to level: {orders}", expected.why) if line),
        extra={**extra, "domain": [grids[0].lo, grids[0].hi], "expected_order": expected.order},
        provenance=provenance(),
    )


def _blind(model: Model, law: Law, grids: Sequence[kinetic.Grid], error: float, until: float) -> str | None:
    """Why errors on these grids say nothing of the scheme, or None."""
    lo, hi, coarse, width = grids[-1].lo, grids[-1].hi, grids[-3], _width(law)
    if width < RESOLVED * coarse.h:
        cells = math.ceil(RESOLVED * (hi - lo) / width)
        rate, start, until_when = -model.weight_at(0.0), model.start, ""
        if rate > 0.0 and model.nu2 == 0.0 and isinstance(start, Law):
            last = math.log(_width(start) / (RESOLVED * coarse.h)) / rate
            until_when = f" (one that falls like exp(-{rate:g} t) has them until t = {last:.2g})"
        return (
            f"at t = {until:g} the law is {width:.2g} wide, less than {RESOLVED:g} of {coarse.cells} cells{until_when}:"
            f" the last three levels need {cells} cells or more"
        )
    lost = max(_outside(known, lo, hi) for known in (model.start, law) if isinstance(known, Law)) * (hi - lo)
    if error < 10.0 * lost:
        return (
            f"the ends cut off a mass of {lost / (hi - lo):.1e}, which the last error {error:.1e} may show: widen them"
        )
    if error < ROUNDING * (hi - lo):
        return f"the last error {error:.1e} is rounding: choose fewer cells"
    return None


def _l1(solution: kinetic.Solution, law: Law) -> float:
    """L1 error of the cell averages; what sticks at the ends is no part of the law's density."""
    g = solution.grid
    cdf = np.concatenate([law.cdf(g.faces[:-1]), law.cdf(np.nextafter(g.faces[-1:], -np.inf))])
    return float(np.abs(g.h * solution.averages[-1] - np.diff(cdf)).sum())


def _width(law: Law) -> float:
    """1/(sqrt(2 pi) max g), the standard deviation of a normal law as high as this one."""
    edges = law.breakpoints()
    heights = law.pdf(0.5 * (edges[1:] + edges[:-1]))
    return 1.0 / (math.sqrt(2.0 * math.pi) * float(heights[np.isfinite(heights)].max(initial=1e-300)))


def _outside(law: Law, lo: float, hi: float) -> float:
    return float(law.cdf(np.nextafter(lo, -np.inf)) + 1.0 - law.cdf(hi))


def _jumps(law: Law | Any, lo: float, hi: float, *, of_mass: bool = False) -> list[float]:
    """Points inside (lo, hi) where the density of a law jumps, or its mass; between its breakpoints it is smooth."""
    edges = law.breakpoints()
    near = 1e-10 * (hi - lo)
    edges = edges[(edges > lo + 2.0 * near) & (edges < hi - 2.0 * near)]
    if of_mass:
        rise = law.cdf(edges) - law.cdf(np.nextafter(edges, -np.inf))
        return [float(x) for x in edges[rise > 1e-12]]
    before, after = law.pdf(edges - near), law.pdf(edges + near)
    jump = np.abs(after - before) > 1e-3 * max(float(before.max(initial=0.0)), float(after.max(initial=0.0)))
    found = edges[jump]  # breakpoints may crowd about a jump: one of each crowd
    return [float(x) for x in found[np.diff(found, append=np.inf) > 10.0 * near]]


def _kinks(model: Model, until: float, lo: float, hi: float) -> list[float]:
    """Zeros inside (lo, hi) of u = w x + b, up to `until`, where relu has its kink."""
    if model.drift.name != "relu":
        return []
    times = np.array([0.0, *(t for t in model.breakpoints if t < until)])
    weights = model.weights(times)
    biases = model.biases(times, weights)
    zeros = {-float(b[0]) / float(w[0, 0]) for w, b in zip(weights, biases, strict=True) if w[0, 0] != 0.0}
    return sorted(x for x in zeros if lo < x < hi)


def _on_faces(x: float, grids: Sequence[kinetic.Grid]) -> bool:
    places = [(x - g.lo) / g.h for g in grids]
    return all(abs(place - round(place)) < 1e-6 for place in places)


def _levels(model: Model, lo: float, hi: float) -> tuple[int, ...]:
    """Default levels: doublings, of a number of cells that puts what must lie on a face there, if one does."""
    first = (NOISY_LEVELS if model.nu2 > 0.0 else LEVELS)[0]
    points = _kinks(model, math.inf, lo, hi) + (_jumps(model.initial, lo, hi) if model.nu2 > 0.0 else [])
    shares = [Fraction((x - lo) / (hi - lo)).limit_denominator(_FINEST_BASE) for x in points]
    base = math.lcm(*(share.denominator for share in shares))
    exact = all(abs(float(s) - (x - lo) / (hi - lo)) < 1e-9 for s, x in zip(shares, points, strict=True))
    if exact and base <= _FINEST_BASE:
        first = base * -(-first // base)
    return tuple(first * 2**k for k in range(5))
