"""One Runge-Kutta stage of the explicit scheme in the plane: line averages by CWENO3, and the product term.

    d/dt u_{j,i} = -(F_{j,i+1/2} - F_{j,i-1/2})/h - (G_{j+1/2,i} - G_{j-1/2,i})/k

The parabola through three averages in x gives third-order averages of g over the left and right face of a cell, that in
y over the lower and upper one. A face of mean speed A and slope B (`kinetic.plane.field`) has the flux

    A (A > 0 ? left : right) + (B/12) S,   S = ((u_{j+1,i} - u_{j-1,i}) + (u_{j+1,i+1} - u_{j-1,i+1}))/4,

S the slope of g along the face times its length. Without the product term (B/12) S the scheme is of second order on
every field with shear, though rotation and fields that separate do not show it. Constant D adds
-D (u_{i-1} - 15 u_i + 15 u_{i+1} - u_{i+2})/(12 h) in each direction, fourth order.

At the edge of the rectangle: "periodic", the other end; "reflecting", no flux; "wall", the flux where it runs outwards,
and no flux where it runs inwards; what leaves is handed on to the walls.

A row of cells is a few passes over views of one dimension, each a loop without branches that the compiler vectorises.
Indices are k + constant over shifted views: i - 1, which nobody proves to be 0 or more, becomes a gather. Columns go
in tiles whose rows stay in the first cache levels, and begin at cache lines.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from kinetic.line.reconstruction import edges, ghost
from kinetic.plane.positive import at_nodes, outward_alone
from kinetic.plane.rows import aligned, whole_lines
from particles.base.arrays import Floats
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma

_TILE = 256
"""Columns of a tile: what a row of it needs is some 36 kB."""


class Edge(NamedTuple):
    """What happens at the edge of the rectangle, "wall" where neither; whether its ends in y are at these rows' ends.

    Where they are not, two rows beyond them are the neighbour's, which are there before a stage.
    """

    periodic: bool
    closed: bool
    low: bool
    high: bool


class Step(NamedTuple):
    """Share B of a stage, B dt/h, B dt/k, D/(12 h) and D/(12 k)."""

    share: float
    by_x: float
    by_y: float
    diffusion_x: float
    diffusion_y: float


class Arrivals(NamedTuple):
    """Fluxes through the four edges, positive along x and y, shapes (N_y,), (N_y,), (N_x,) and (N_x,)."""

    x_low: Floats
    x_high: Floats
    y_low: Floats
    y_high: Floats


def work_arrays() -> tuple[Floats, ...]:
    """Rows that a stage works in, each an array of its own: LLVM takes two rows of one for aliases."""
    return tuple(aligned((whole_lines(_TILE + 2),)) for _ in range(8))


@kernel
def fill() -> Formula:
    """Loop that fills two layers of cells beyond the edge: those of the other end, or by the parabola through three."""

    def loop(u: Any, n: int, edge: Any) -> None:
        m = u.shape[0] - 4
        for r in range(2, m + 2):
            row = u[r]
            if edge.periodic:
                row[0], row[1], row[n + 2], row[n + 3] = row[n], row[n + 1], row[2], row[3]
            else:
                row[1], row[n + 2] = ghost(row[2], row[3], row[4]), ghost(row[n + 1], row[n], row[n - 1])
                row[0], row[n + 3] = ghost(row[1], row[2], row[3]), ghost(row[n + 2], row[n + 1], row[n])
        for c in range(n + 4):
            if edge.low:
                if edge.periodic:
                    u[0, c], u[1, c] = u[m, c], u[m + 1, c]
                else:
                    u[1, c] = ghost(u[2, c], u[3, c], u[4, c])
                    u[0, c] = ghost(u[1, c], u[2, c], u[3, c])
            if edge.high:
                if edge.periodic:
                    u[m + 2, c], u[m + 3, c] = u[2, c], u[3, c]
                else:
                    u[m + 2, c] = ghost(u[m + 1, c], u[m, c], u[m - 1, c])
                    u[m + 3, c] = ghost(u[m + 2, c], u[m + 1, c], u[m, c])

    return loop


@formula
def _at_middle(low: float, high: float, mean: float, slope: float, change: float) -> float:
    """A g + (B/12) S, upwind by A; `change` is 4 S."""
    return fma((1.0 / 48.0) * slope, change, mean * (low if mean > 0.0 else high))


@formula
def _outward(flux: float, mean: float, sign: float) -> float:
    """No flux where the speed, times `sign`, does not run outwards."""
    return flux if sign * mean > 0.0 else 0.0


@functools.cache
def fluxes(noisy: bool, positive: bool = False) -> tuple[Formula, Formula, Formula]:
    """Formulas for the fluxes of a row of faces in y and in x, with diffusion or without, and for those through walls.

    In y `rows` are the four rows about the faces, which begin a column early; in x those below and above the row of
    cells, which begin a column early too, and that row itself, which begins two columns early. `positive`: those of
    `kinetic.plane.positive`.
    """

    @formula
    def plain(flux: float, scale: float, a: float, b: float, c: float, d: float) -> float:
        return flux

    @formula
    def diffusive(flux: float, scale: float, a: float, b: float, c: float, d: float) -> float:
        return flux - scale * fma(15.0, c - b, a - d)

    whole = diffusive if noisy else plain
    face, through = (at_nodes, outward_alone) if positive else (_at_middle, _outward)

    @formula
    def in_y(flux: Any, below: Any, above: Any, mean: Any, slope: Any, rows: Any, scale: float) -> None:
        under, lower, upper, over = rows
        for k in range(flux.size):
            change = (lower[k + 2] - lower[k]) + (upper[k + 2] - upper[k])
            moved = face(below[k], above[k], mean[k], slope[k], change)
            flux[k] = whole(moved, scale, under[k + 1], lower[k + 1], upper[k + 1], over[k + 1])

    @formula
    def in_x(flux: Any, left: Any, right: Any, mean: Any, slope: Any, rows: Any, scale: float) -> None:
        lower, u, upper = rows
        for k in range(flux.size):
            change = (upper[k] - lower[k]) + (upper[k + 1] - lower[k + 1])
            moved = face(left[k], right[k + 1], mean[k], slope[k], change)
            flux[k] = whole(moved, scale, u[k], u[k + 1], u[k + 2], u[k + 3])

    return in_y, in_x, through


@formula
def _update(out: Any, start: Any, u: Any, x: Any, low: Any, high: Any, share: float, by_x: float, by_y: float) -> None:
    for k in range(out.size):
        gain = fma(by_x, x[k] - x[k + 1], by_y * (low[k] - high[k]))
        out[k] = start[k] + fma(share, u[k] - start[k], gain)


@functools.cache
def states(polynomial: Formula) -> tuple[Formula, Formula]:
    """Formulas for the line averages of a row at its lower and upper faces, and at its left and right ones."""
    formula(polynomial)

    @formula
    def of_y(below: Any, u: Any, above: Any, low: Any, high: Any, constants: Any) -> None:
        for k in range(low.size):
            low[k], high[k] = edges(polynomial(below[k], u[k], above[k], constants))

    @formula
    def of_x(u: Any, low: Any, high: Any, constants: Any) -> None:
        for k in range(low.size):
            low[k], high[k] = edges(polynomial(u[k], u[k + 1], u[k + 2], constants))

    return of_y, of_x


@kernel
def stage(of_y: Formula, of_x: Formula, in_y: Formula, in_x: Formula, outward: Formula) -> Formula:
    """Loop from the start of a step and the stage before, u, to `out`; shapes (rows + 4, N_x + 4 or more), u filled."""

    def loop(
        start: Any, u: Any, out: Any, faces: Any, work: Any, constants: Any, edge: Any, step: Any, arrivals: Any
    ) -> None:
        rows, columns = u.shape[0] - 4, arrivals.y_low.size
        for first in range(2, columns + 2, _TILE):
            m, j, early = min(_TILE, columns + 2 - first), first - 2, first - 1
            before, low, high = work[0][:m], work[1][:m], work[2][:m]
            left, right = work[3][: m + 2], work[4][: m + 2]
            flux, lower, upper = work[5][: m + 1], work[6][:m], work[7][:m]
            for r in range(1, rows + 3):
                of_y(u[r - 1, first:], u[r, first:], u[r + 1, first:], low, high, constants[1])
                if r >= 2:
                    mean = faces.mean_y[r - 2, j:]
                    about = u[r - 2, early:], u[r - 1, early:], u[r, early:], u[r + 1, early:]
                    in_y(upper, before, low, mean, faces.slope_y[r - 2, j:], about, step.diffusion_y)
                    if ((r == 2 and edge.low) or (r == rows + 2 and edge.high)) and not edge.periodic:
                        if edge.closed:
                            upper[:] = 0.0
                        else:
                            for k in range(upper.size):
                                upper[k] = outward(upper[k], mean[k], -1.0 if r == 2 else 1.0)
                        (arrivals.y_low if r == 2 else arrivals.y_high)[j : j + m] = upper
                if r >= 3:
                    q = r - 1
                    mean, beside = faces.mean_x[q - 2, j:], (u[q - 1, early:], u[q, j:], u[q + 1, early:])
                    of_x(u[q, j:], right, left, constants[0])
                    in_x(flux, left, right, mean, faces.slope_x[q - 2, j:], beside, step.diffusion_x)
                    if j == 0 and not edge.periodic:
                        flux[0] = 0.0 if edge.closed else outward(flux[0], mean[0], -1.0)
                        arrivals.x_low[q - 2] = flux[0]
                    if j + m == columns and not edge.periodic:
                        flux[m] = 0.0 if edge.closed else outward(flux[m], mean[m], 1.0)
                        arrivals.x_high[q - 2] = flux[m]
                    row = out[q, first : first + m]
                    _update(row, start[q, first:], u[q, first:], flux, lower, upper, step.share, step.by_x, step.by_y)
                before, high = high, before
                lower, upper = upper, lower

    return loop
