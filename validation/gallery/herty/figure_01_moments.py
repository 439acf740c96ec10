"""Figure 1: mean, energy and variance of the linear model, with b = 0 and with the bias that conserves the mean.

    g_t + ((w x + b) g)_x = 0,   w = -1,   g(0) = N(1, 1)

    b = 0        m1 = e^(-t),   m2 = 2 e^(-2 t),     V = e^(-2 t)         (11)
    b = -w m1    m1 = 1,        m2 = 1 + e^(-2 t),   V = e^(-2 t)         (Proposition 3)

The captions' b = -m1 has the opposite sign: with it m1' = -2 m1.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic import Grid, solve
from particles.base.arrays import Floats
from particles.model import Model, cases
from validation.gallery.exhibit import Figure, Number

CELLS = 640
DECAYING, CONSERVED = cases["moments-decay"], cases["moments-conserved"]
TIMES = np.linspace(0.0, DECAYING.until, 21)
NAMES = ("mean", "energy", "variance")


def measured(model: Model) -> Floats:
    """Mean, energy and variance of the equation at `TIMES`, shape (3, times)."""
    grid = Grid(*DECAYING.domain, cells=CELLS)  # type: ignore[misc]
    solution = solve(model, grid, until=DECAYING.until, times=TIMES.tolist())
    found = [solution.at(t) for t in solution.times]
    return np.array([[m.mean[0], m.energy, m.variance[0]] for m in found]).T


def foretold(conserved: bool) -> Floats:
    """The same by the formulas of the paper."""
    mean = np.ones_like(TIMES) if conserved else np.exp(-TIMES)
    variance = np.exp(-2.0 * TIMES)
    return np.array([mean, mean**2 + variance, variance])


def moments() -> Figure:
    """Both models on a grid, and the second with the captions' sign."""
    runs = {"b = 0": measured(DECAYING.model), "b = m1": measured(CONSERVED.model)}
    laws = {"b = 0": foretold(False), "b = m1": foretold(True)}
    printed = dataclasses.replace(DECAYING.model, bias=lambda t: -math.exp(-2.0 * t))
    numbers = [
        Number(f"{label}: {name} at t = 2", law[k, -1], runs[label][k, -1], 4e-5)
        for label, law in laws.items()
        for k, name in enumerate(NAMES)
    ]
    worst = {label: float(np.abs(runs[label] - laws[label]).max()) for label in runs}
    numbers += [Number(f"{label}: largest error at 21 times", 0.0, worst[label], 4e-5) for label in runs]
    last = float(measured(printed)[0, -1])
    numbers.append(Number("the captions' b = -m1: mean at t = 2, e^-4", math.exp(-4.0), last, 4e-5))

    def draw(axes: Sequence[Any]) -> None:
        for panel, label in zip(axes, runs, strict=True):
            for k, name in enumerate(NAMES):
                panel.plot(TIMES, runs[label][k], "o", ms=4, color=f"C{k}", label=name)
                panel.plot(TIMES, laws[label][k], "k--", lw=0.9, label="closed form" if k == 2 else None)
            panel.set_xlabel("time t")
            panel.set_ylabel("moments of g(t)")
            panel.set_ylim(-0.05, 2.1)
            panel.set_title(f"w = -1, {label}")
        axes[0].legend(title=f"equation, {CELLS} cells")

    return Figure(
        name="herty/1",
        source="arXiv 2001.04294, Fig. 1",
        shows="Mean, energy and variance fall exponentially under w = -1. Without a bias all three go to 0; with the"
        " bias that follows the mean, the mean stays and the energy falls to its square.",
        doubts="E27: the captions print b = -m1, which lets the mean fall like e^(-2t); the sign that conserves it is"
        " b = -w m1 = +m1. E26: the exponent of the start is misprinted. The horizon is not given: 2 here.",
        cases=("moments-decay", "moments-conserved"),
        numbers=tuple(numbers),
        panels=2,
        draw=draw,
    )
