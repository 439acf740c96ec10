"""Ends of a grid by tail mass: the interval that holds all but `TAIL` of the law at either end, at every time.

Where the law is known in closed form its quantiles say it. Elsewhere a coarse run by Chang and Cooper's scheme with
implicit Euler steps does, which is positive and spreads rather too far, on an interval that is doubled until its outer
quarters stay empty. K = x never takes mass across 0, which is an end then. After a run, `tail_masses` tells whether the
choice was right.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from kinetic.grid import Grid
from kinetic.line.chang_cooper import ChangCooperStepper
from kinetic.line.rates import equation
from kinetic.solution import Solution
from particles.base.arrays import Floats
from particles.base.checks import require_positive
from particles.base.errors import InputError
from particles.model import Law, Model, exact_law

TAIL = 1e-12
MARGIN = 1.0 / 64.0
"""Share of a grid, at either end, in which `tail_masses` looks for mass that should not be there."""
_TIMES = 32
_CELLS, _STEPS, _DOUBLINGS = 512, 256, 12


def domain(model: Model, until: float, *, tail: float = TAIL) -> tuple[float, float]:
    """Return ends (lo, hi) for the equation of a model on the line up to `until`.

    Finite walls are ends. Elsewhere the mass beyond either end is at most `tail` at all times.

    Parameters
    ----------
    model : Model
        One feature, one neuron.
    until : float > 0
    tail : float in (0, 0.01], default 1e-12

    Raises
    ------
    InputError
        If an argument is out of range, the model is not one-dimensional, its law is narrower than the rounding of x, or
        its tails need an interval some thousand times as wide as its start.

    See Also
    --------
    tail_masses : Whether the choice was right.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> lo, hi = kinetic.domain(cases["regression"].model, until=2.0)
    >>> print(f"{lo:.4f} {hi:.4f}")
    -6.2614 8.2614
    >>> kinetic.domain(cases["vehicles"].model, until=2.0)
    (2.0, 8.0)
    >>> kinetic.domain(cases["regression"].model, until=-1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: until = -1.0 must be a positive finite number
    """
    start = model.start_law
    require_positive("until", until)
    if not 0.0 < tail <= 0.01:
        raise InputError(f"tail = {tail!r} must lie in (0, 0.01]")
    low, high = model.ends
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    lo, hi = _by_quantiles(model, until, tail) or _by_runs(model, until, tail)
    if not hi > lo and start.std == 0.0:  # a point that stays one
        lo, hi = lo - _length(model, lo), hi + _length(model, hi)
    if not hi - lo > 1e3 * math.ulp(max(abs(lo), abs(hi))):
        raise InputError(f"the law lies at x = {lo!r} within the rounding of x: measure x from a point near it")
    return max(lo, low), min(hi, high)


def tail_masses(solution: Solution) -> tuple[float, float]:
    """Largest mass over the stored times, atoms included, within the outer 1/64 of the grid at its low and high end.

    Parameters
    ----------
    solution : Solution

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> model, narrow = cases["regression"].model, kinetic.Grid(-2.0, 4.0, cells=100)
    >>> low, high = kinetic.tail_masses(kinetic.solve(model, narrow, until=1.0))
    >>> print(f"{low:.6f} {high:.6f}")  # more than 0.00135 lies at either end: P(X_0 < -2)
    0.001350 0.001350
    """
    return masses_at_ends(solution.grid, np.abs(solution.averages), solution.atoms)


def masses_at_ends(grid: Grid, sizes: Floats, atoms: Floats) -> tuple[float, float]:
    """The same of the sizes of averages, shape (T, N), and atoms, shape (T, 2)."""
    cells = max(1, round(MARGIN * grid.cells))
    low = atoms[:, 0] + grid.h * sizes[:, :cells].sum(axis=1)
    high = atoms[:, 1] + grid.h * sizes[:, -cells:].sum(axis=1)
    return float(low.max()), float(high.max())


def _length(model: Model, x: float) -> float:
    """A length for a point at x that stays one: its distance from 0, else that on which u changes by 1, else 1."""
    weight = abs(model.weight_at(0.0))
    return abs(x) or (1.0 / weight if weight > 0.0 else 1.0)


def _by_quantiles(model: Model, until: float, tail: float) -> tuple[float, float] | None:
    laws = [model.start, *(exact_law(model, t) for t in stops(model, until, _TIMES)[1:])]
    known = [law for law in laws if isinstance(law, Law)]
    if len(known) < len(laws):
        return None
    ends = np.array([law.quantile(np.array([tail, 1.0 - tail])) for law in known])
    lo, hi = float(ends.min()), float(ends.max())
    margin = (hi - lo) * MARGIN / (1.0 - 2.0 * MARGIN)  # what `tail_masses` looks at
    return (0.0 if _bottom(model, lo) == 0.0 else lo - margin), hi + margin


def stops(model: Model, until: float, steps: int) -> list[float]:
    """Times 0, ..., until, `steps` of them between two jumps of the parameters: extremes lie there, or in between."""
    jumps = [0.0, *(t for t in model.breakpoints if t < until), until]
    pieces = [np.linspace(a, b, steps + 1)[1:] for a, b in itertools.pairwise(jumps)]
    return [0.0, *np.concatenate(pieces).tolist()]


def _bottom(model: Model, lo: float) -> float:
    """The lowest end that the interval may have, for mass that starts at lo or above."""
    if model.walls is not None:
        return model.ends[0]
    return 0.0 if model.diffusion.half_line and lo >= 0.0 else -math.inf


def _by_runs(model: Model, until: float, tail: float) -> tuple[float, float]:
    law = model.start_law
    lo, hi = (float(x) for x in law.quantile(np.array([tail, 1.0 - tail])))
    bottom, top = _bottom(model, lo), model.ends[1]
    reach = hi - lo or math.sqrt(model.nu2 * until) or _length(model, lo)
    for _ in range(_DOUBLINGS):
        grid = Grid(max(lo - reach, bottom), min(hi + reach, top), cells=_CELLS)
        below, above = _largest_tails(model, law, grid, until)
        found = empty_beyond(grid, below, above, tail, (bottom, top))
        if found is not None:
            return found
        reach *= 2.0
    raise InputError(
        f"the tails of this model hold more than {tail:.3g} of its mass beyond [{grid.lo:.4g}, {grid.hi:.4g}]:"
        " give the ends of the grid"
    )


def empty_beyond(
    grid: Grid, below: Floats, above: Floats, tail: float, ends: tuple[float, float]
) -> tuple[float, float] | None:
    """Ends beyond which there is at most `tail`, where the outer quarters of a grid are empty or end there; or None.

    `below` and `above`, shape (N + 1,), are the masses on either side of each face; `ends` those that a grid can have.
    """
    n, (bottom, top) = grid.cells, ends
    free = below[n // 4] <= tail or grid.lo == bottom, above[3 * n // 4] <= tail or grid.hi == top
    if not all(free):
        return None
    first = grid.lo if grid.lo == bottom else grid.faces[np.searchsorted(below, tail, "right") - 1]
    last = grid.hi if grid.hi == top else grid.faces[n + 1 - np.searchsorted(above[::-1], tail, "right")]
    return float(first), float(last)


def _largest_tails(model: Model, law: Law, grid: Grid, until: float) -> tuple[Floats, Floats]:
    """Largest mass below and above each face over all steps of a coarse run, shape (N + 1,)."""
    stepper = ChangCooperStepper(equation(model), grid, grid.inside(law), "implicit-euler", "midpoint")
    below, above = np.zeros(grid.cells + 1), np.zeros(grid.cells + 1)
    times = stops(model, until, _STEPS)
    for t, end in zip(times, [*times[1:], math.inf], strict=True):
        masses = grid.h * stepper.averages
        below[1:] = np.maximum(below[1:], np.cumsum(masses))
        above[:-1] = np.maximum(above[:-1], np.cumsum(masses[::-1])[::-1])
        if end < math.inf:
            stepper.advance(t, end - t, 1, end)
    return below, above
