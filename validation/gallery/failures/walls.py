"""Mass at a boundary.

Vehicles (arXiv 2001.04294, 5.2): x' = tanh(x - 5) from U[2, 8] between sticky walls at 2 and 8. Each wall holds

    m(t) = (3 - arcsinh(e^(-t) sinh 3))/6.

Spread evenly over a cell of width h, an atom of mass m is h/2 away from the wall in the mean, so that two of them cost
W1 = m h: first order, whatever the order of the scheme.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic import Grid, solve
from particles.model import Measure, Model, PushForward, cases
from validation.distance import w1_to_law
from validation.gallery.exhibit import Exhibit, Number, slope

CELLS = (60, 120, 240, 480)
UNTIL = 3.0


def wall_mass(t: float) -> float:
    """m(t) of one wall."""
    return (3.0 - math.asinh(math.exp(-t) * math.sinh(3.0))) / 6.0


def in_the_cells(measure: Measure) -> Measure:
    """The same measure with its atoms at both ends spread over the cells beside them."""
    h = np.diff(measure.faces)
    polynomials = measure.polynomials.copy()
    polynomials[0, [0, -1]] += measure.masses / h[[0, -1]]
    return Measure(measure.points, np.zeros(2), measure.faces, polynomials)


def walls() -> Exhibit:
    """The vehicles on four grids: atoms at the walls, the same mass in the cells there, and walls that reflect."""
    model = cases["vehicles"].model
    law = PushForward(model, UNTIL)
    mirror: Model = dataclasses.replace(model, wall="reflecting")
    atoms, spread, kept = [], [], []
    for cells in CELLS:
        grid = Grid(2.0, 8.0, cells=cells)
        solution = solve(model, grid, until=UNTIL)
        measure = solution.at(UNTIL)
        atoms.append(w1_to_law(measure, law))
        spread.append(w1_to_law(in_the_cells(measure), law))
        kept.append(w1_to_law(solve(mirror, grid, until=UNTIL).at(UNTIL), law))
    h, exact = 6.0 / CELLS[-1], wall_mass(UNTIL)
    lines = {"an atom at either wall": atoms, "its mass in the last cell": spread, "kept by walls that reflect": kept}

    def draw(axes: Sequence[Any]) -> None:
        for k, (name, errors) in enumerate(lines.items()):
            axes[0].plot(CELLS, errors, "os^"[k], ms=5, color=f"C{k}", label=name)
        for first, order, style in ((atoms[0], 3, "--"), (spread[0], 1, ":")):
            reference = [first * (cells / CELLS[0]) ** -order for cells in CELLS]
            axes[0].plot(CELLS, reference, f"k{style}", lw=0.9, label=f"slope -{order}")
        axes[0].set_xscale("log")
        axes[0].set_yscale("log")
        axes[0].set_xticks(CELLS, map(str, CELLS))
        axes[0].set_xticks([], minor=True)
        axes[0].set_ylim(1e-8, 30.0)
        axes[0].set_xlabel("cells")
        axes[0].set_ylabel(f"W1 to the exact law, t = {UNTIL:g}")
        axes[0].set_title("mass that has reached a wall")
        axes[0].legend(ncols=2, loc="upper center")

    return Exhibit(
        name="walls",
        failure="Mass that reaches a wall and is kept in the last cell is half a cell away from it: first order,"
        " whatever the scheme.",
        numbers=(
            Number("mass at the low wall, t = 3", exact, float(solution.atoms[0, 0]), 1e-6),
            Number("mass at the high wall", exact, float(solution.atoms[0, 1]), 1e-6),
            Number("order of W1 with the atoms at the walls", 3.0, -slope(CELLS, atoms), 0.4),
            Number("W1 with them, 480 cells", 0.0, atoms[-1], 1e-6),
            Number("order with their mass in the cells", 1.0, -slope(CELLS, spread), 0.05),
            Number("W1/(m h) then, 480 cells", 1.0, spread[-1] / (exact * h), 0.01),
            Number("order of a run that keeps its mass in the cells", 1.0, -slope(CELLS, kept), 0.1),
        ),
        remedy="Keep what flows through the last face as an atom at the wall, as `kinetic.solve` does where walls are"
        " sticky.",
        draw=draw,
    )
