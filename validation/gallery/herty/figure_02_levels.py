"""Figure 2: the time until variance and energy have fallen to a level (Corollary 2).

    w = -1, g(0) = N(1, 1):    V = L at t = ln(1/L)/2
    b = 0:  m2 = L at t = ln(2/L)/2        b = m1:  m2 = L at t = ln(1/(L - 1))/2

The energy of the second never falls below its limit 1. Times of the equation are read off where a run crosses the
level, by the moments of its stored densities and a straight line in their logarithm between two of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic import time_to_level
from particles.base.arrays import Floats
from particles.model import Model
from validation.gallery.exhibit import Figure, Number
from validation.gallery.herty.figure_01_moments import CONSERVED, DECAYING, TIMES, measured
from validation.studies.study import Check

LEVELS = {"variance": (0.5, 0.1, 0.05), "energy, b = 0": (1.5, 0.5, 0.1), "energy, b = m1": (1.5, 1.1, 1.05)}


def foretold(name: str, level: float) -> float:
    """Time to a level by Corollary 2."""
    ratio = {"variance": level, "energy, b = 0": 0.5 * level, "energy, b = m1": level - 1.0}[name]
    return -0.5 * math.log(ratio)


def crossing(values: Floats, level: float, limit: float = 0.0) -> float:
    """Time at which a falling row at `TIMES` is at a level: linear in the logarithm of its distance to its limit."""
    logs = np.log(values - limit)
    return float(np.interp(-math.log(level - limit), -logs, TIMES))


def levels() -> Figure:
    """Times of the equation and of `kinetic.time_to_level`."""
    decaying, conserved = measured(DECAYING.model), measured(CONSERVED.model)
    rows = {"variance": decaying[2], "energy, b = 0": decaying[1], "energy, b = m1": conserved[1]}
    limits = {"variance": 0.0, "energy, b = 0": 0.0, "energy, b = m1": 1.0}
    numbers = [
        Number(f"{name}: time to {level:g}", foretold(name, level), crossing(rows[name], level, limits[name]), 1e-3)
        for name, wanted in LEVELS.items()
        for level in wanted
    ]
    models: dict[str, Model] = {"energy, b = 0": DECAYING.model, "energy, b = m1": CONSERVED.model}
    numbers += [
        Number(f"{name}, moment equations: time to 1.01", foretold(name, 1.01), time_to_level(m, 1.01, "energy"), 1e-12)
        for name, m in models.items()
    ]
    never = time_to_level(CONSERVED.model, 1.0, "energy")

    def draw(axes: Sequence[Any]) -> None:
        shown = [("b = 0", "energy, b = 0", 2.0), ("b = m1", "energy, b = m1", 2.0)]
        for panel, (label, energy, top) in zip(axes, shown, strict=True):
            for k, name in ((1, energy), (2, "variance")):
                floor, upper = limits[name], 1.0 if name == "variance" else top
                dense = floor + (upper - floor) * np.geomspace(0.01, 1.0, 200)
                panel.plot(dense, [foretold(name, level) for level in dense], "k--", lw=0.9)
                marks = floor + (upper - floor) * np.geomspace(0.03, 0.9, 12)
                times = [crossing(rows[name], level, floor) for level in marks]
                panel.plot(marks, times, "o", ms=4, color=f"C{k}", label=name.split(",")[0])
            panel.set_xlabel("level L")
            panel.set_ylabel("time until it is reached")
            panel.set_title(f"w = -1, {label}")
        axes[1].axvline(1.0, color="0.5", lw=0.9, ls=":", label="limit of the energy")
        axes[0].plot([], [], "k--", lw=0.9, label="closed form")
        for panel in axes:
            panel.legend()

    return Figure(
        name="herty/2",
        source="arXiv 2001.04294, Fig. 2",
        shows="How long it takes until variance and energy have fallen to a level wanted: it grows with the logarithm"
        " of the level. The energy with a conserved mean never falls below the square of that mean.",
        doubts="E27: the sign of the bias, as in Fig. 1. E46: the text refers to a corollary that is missing.",
        cases=("moments-decay", "moments-conserved"),
        numbers=tuple(numbers),
        checks=(
            Check("the energy with a conserved mean does not reach its limit 1", f"t = {never:g}", never == math.inf),
        ),
        panels=2,
        draw=draw,
    )
