"""Figure 5: density of the vehicles, and the mass that gathers at the walls.

g_t + (tanh(x - 5) g)_x = 0 on [2, 8], zero flux, g(0) = 1/6

wall mass   m(t) = (3 - arcsinh(e^(-t) sinh 3))/6 at 2 and at 8, 1/2 in the limit
density     g(t, 5) = e^(-t)/6
W1 to the limit: each half is at its wall or on the way, 2 int_0^3 r dF(r)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic import Grid, solve
from particles import ExactFlow, simulate
from particles.model import Measure, cases
from validation.distance import w1
from validation.figures import draw_bars, draw_density
from validation.gallery.exhibit import Figure, Number
from validation.gallery.failures.walls import wall_mass
from validation.gallery.herty.figure_03_lengths import HIGH, LOW

MODEL = cases["vehicles"].model
TIMES = (0.0, 1.0, 2.0, 3.0, 5.0)
CELLS, COUNT = 600, 20_000
LIMIT = Measure(np.array([[LOW, HIGH]]), np.array([0.5, 0.5]))


def to_limit(t: float) -> float:
    """W1 to equal masses at the walls: 3 - abs(x - 5) in the mean, by the midpoint rule over the start."""
    r0 = 3.0 * (np.arange(20_000) + 0.5) / 20_000
    return float(np.maximum(3.0 - np.arcsinh(math.exp(t) * np.sinh(r0)), 0.0).mean())


def without_atoms(measure: Measure) -> Measure:
    """The density of a measure alone."""
    return Measure(measure.points, np.zeros(measure.masses.size), measure.faces, measure.polynomials)


def clusters() -> Figure:
    """Equation and particles, their densities and their masses at the walls."""
    solution = solve(MODEL, Grid(LOW, HIGH, cells=CELLS), until=TIMES[-1], times=TIMES)
    run = simulate(MODEL, ExactFlow(), count=COUNT, until=TIMES[-1], times=TIMES)
    found = {t: solution.at(t) for t in TIMES}
    clouds = {t: run.at(t).points[0] for t in TIMES}
    shares = {t: [float((clouds[t] == end).mean()) for end in (LOW, HIGH)] for t in TIMES}
    numbers = [Number(f"mass at 2, t = {t:g}", wall_mass(t), float(found[t].masses[0]), 1e-6) for t in TIMES[1:]]
    numbers += [Number(f"W1 to the limit, t = {t:g}", to_limit(t), w1(found[t], LIMIT), 1e-6) for t in TIMES]
    for t in TIMES[1:]:
        middle = float(found[t].polynomials[0, CELLS // 2 - 1 : CELLS // 2 + 1].mean())
        numbers.append(Number(f"e^t g(t, 5), t = {t:g}", 1.0 / 6.0, math.exp(t) * middle, 1e-5))
    p = wall_mass(3.0)
    numbers.append(
        Number("share of the particles at 2, t = 3", p, shares[3.0][0], 4.0 * math.sqrt(p * (1.0 - p) / COUNT))
    )

    def draw(axes: Sequence[Any]) -> None:
        density, masses = axes
        edges = np.linspace(LOW, HIGH, 61)
        for k, t in enumerate(TIMES):
            inside = clouds[t][(clouds[t] > LOW) & (clouds[t] < HIGH)]
            draw_bars(density, inside, edges, f"C{k}", None, of=COUNT)
            draw_density(density, f"t = {t:g}", without_atoms(found[t]), f"C{k}", (LOW, HIGH))
        density.set_ylim(0.0, 0.24)
        density.set_xlabel("length x")
        density.set_ylabel("density g(t, x)")
        density.set_title("between the walls")
        density.legend(ncols=3, loc="upper center")
        _draw_masses(masses, found, shares)

    return Figure(
        name="herty/5",
        source="arXiv 2001.04294, Fig. 5",
        shows="The density between the walls falls, from the middle like e^(-t), and half of the mass gathers at either"
        " wall. Lines: the equation; filled: particles of the exact flow.",
        doubts="E47: the caption names w = 1, b = -5 alone, but the clusters are mass at the zero-flux walls 2 and 8."
        " The times are not given: 0, 1, 2, 3, 5 here.",
        cases=("vehicles",),
        numbers=tuple(numbers),
        panels=2,
        draw=draw,
    )


def _draw_masses(masses: Any, found: dict[float, Measure], shares: dict[float, list[float]]) -> None:
    """Masses at the walls over time."""
    fine = np.linspace(0.0, TIMES[-1], 201)
    masses.plot(fine, [wall_mass(t) for t in fine], "k--", lw=0.9, label="closed form")
    masses.plot(TIMES, [found[t].masses[0] for t in TIMES], "o", ms=6, mfc="none", label=f"equation, {CELLS} cells")
    for end, sign, place in ((0, "x", "2"), (1, "+", "8")):
        masses.plot(TIMES, [shares[t][end] for t in TIMES], sign, ms=6, label=f"{COUNT:,} particles at {place}")
    masses.axhline(0.5, color="0.5", lw=0.9, ls=":", label="limit")
    masses.set_xlabel("time t")
    masses.set_ylabel("mass at a wall")
    masses.set_title("at the walls")
    masses.legend(loc="lower right")
