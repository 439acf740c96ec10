"""Figure 8: the slopes' law shrinks to the Dirac mass at the slope 1.

    g_t + (tanh(w x + b) g)_x = 0,   w = -1, b = 1,   g(0) = N(1, 1),   sinh(x - 1) = e^(-t) sinh(x0 - 1)

    W1 to the target   E abs(x - 1) = E arcsinh(e^(-t) sinh abs(Z)),    peak   g(t, 1) = e^t/sqrt(2 pi)

With the captions' signs, w = 1 and b = -1, e^t stands in place of e^(-t), and the law leaves the target.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic import Grid, domain, solve
from particles import ExactFlow, simulate
from particles.base.arrays import Floats
from particles.model import Dirac, Measure, Normal, PushForward, cases
from validation.distance import w1_to_law
from validation.figures import draw_bars, draw_density
from validation.gallery.exhibit import Figure, Number

MODEL = cases["regression"].model
PRINTED = dataclasses.replace(MODEL, weight=1.0, bias=-1.0)
TARGET, START = 1.0, Normal(1.0, 1.0)
TIMES = (0.0, 1.0, 2.0, 5.0)
GRID = Grid(-4.0, 6.0, cells=3200)
COUNT = 20_000


def mean_distance(exponent: float) -> float:
    """E arcsinh(e^s sinh abs(Z)) of a standard normal Z, by quadrature."""
    from scipy.integrate import quad

    def integrand(z: float) -> float:
        return math.asinh(math.exp(exponent) * math.sinh(z)) * math.exp(-0.5 * z * z)

    return float(math.sqrt(2.0 / math.pi) * quad(integrand, 0.0, 12.0, limit=200)[0])


def target() -> Figure:
    """Equation and particles with the text's signs, and the equation with the captions'."""
    solution = solve(MODEL, GRID, until=TIMES[-1], times=TIMES)
    run = simulate(MODEL, ExactFlow(), count=COUNT, until=TIMES[-1], times=TIMES)
    away = solve(PRINTED, Grid(*domain(PRINTED, TIMES[-1]), cells=800), until=TIMES[-1], times=TIMES)
    found = {t: solution.at(t) for t in TIMES}
    clouds = {t: run.at(t).points[0] for t in TIMES}
    off = {t: w1_to_law(found[t], Dirac(TARGET)) for t in TIMES}
    printed = {t: w1_to_law(away.at(t), Dirac(TARGET)) for t in TIMES}
    peaks = {t: float(found[t].polynomials[0].max()) for t in TIMES}
    numbers = [
        Number(f"W1 to the target, t = {t:g}", mean_distance(-t), off[t], 2e-6 if t < 3.0 else 1e-4) for t in TIMES
    ]
    numbers += [
        Number(f"peak over e^t/sqrt(2 pi), t = {t:g}", 1.0, peaks[t] * math.sqrt(2.0 * math.pi) / math.exp(t), 3e-4)
        for t in TIMES[:-1]
    ]
    numbers.append(Number("the captions' signs: W1 to the target, t = 5", mean_distance(5.0), printed[5.0], 1e-5))

    def draw(axes: Sequence[Any]) -> None:
        _draw_densities(axes[0], found, clouds)
        _draw_distances(axes[1], off, printed)

    return Figure(
        name="herty/8",
        source="arXiv 2001.04294, Fig. 8",
        shows="The law of the slopes shrinks to the Dirac mass at the slope 1. Lines: the equation; filled: particles"
        " of the exact flow.",
        doubts="E28: with the caption's w = 1, b = -1 the law leaves the target, with the text's w = -1, b = 1 it goes"
        " there. E32: the activation is tanh. The times are not given: 0, 1, 2, 5 here.",
        cases=("regression",),
        numbers=tuple(numbers),
        panels=2,
        draw=draw,
    )


def _draw_densities(density: Any, found: dict[float, Measure], clouds: dict[float, Floats]) -> None:
    """Densities over histograms, and their closed forms."""
    for k, t in enumerate(TIMES):
        reach = float(np.abs(clouds[t] - TARGET).max())
        edges = TARGET + np.linspace(-reach, reach, 61)
        draw_bars(density, clouds[t], edges, f"C{k}", None)
        draw_density(density, f"t = {t:g}", found[t], f"C{k}", (GRID.lo, GRID.hi))
        law = PushForward(MODEL, t)
        fine = law.quantile(START.cdf(np.linspace(-4.0, 6.0, 401)))
        density.plot(fine, law.pdf(fine), "k--", lw=0.8, label="closed form" if t == TIMES[-1] else None)
    density.set_yscale("log")
    density.set_xlim(-2.6, 4.6)
    density.set_ylim(1e-3, 200.0)
    density.set_xlabel("slope x")
    density.set_ylabel("density g(t, x)")
    density.set_title("w = -1, b = 1")
    density.legend(loc="upper right")


def _draw_distances(distance: Any, off: dict[float, float], printed: dict[float, float]) -> None:
    """Distances to the target over time, for both signs."""
    fine = np.linspace(0.0, TIMES[-1], 61)
    for k, (values, sign, label) in enumerate(
        ((off, -1.0, "w = -1, b = 1 (text)"), (printed, 1.0, "w = 1, b = -1 (caption)"))
    ):
        distance.plot(fine, [mean_distance(sign * t) for t in fine], "k--", lw=0.9, label=None if k else "closed form")
        distance.plot(TIMES, [values[t] for t in TIMES], "os"[k], ms=5, color=f"C{k}", label=label)
    distance.plot(fine, 1.1255647 * np.exp(-fine), ":", color="0.5", lw=1.2, label="1.1256 e^(-t)")
    distance.set_yscale("log")
    distance.set_ylim(4e-3, 60.0)
    distance.set_xlabel("time t")
    distance.set_ylabel("W1 to the target")
    distance.set_title("distance to the Dirac mass at 1")
    distance.legend(loc="upper left")
