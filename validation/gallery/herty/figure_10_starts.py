"""Figure 10: the data of the Fokker-Planck example: a uniform start and a standard normal target.

start  U[-1, 1/2] in the figure's caption, U[-1, -1/2] in the text;    target  N(0, 1)

w = -1, b = 0, K = 1:  the law at rest is N(0, nu^2/2), thus nu^2 = 2; with nu = 1 it stays
W1 = (1 - 1/sqrt 2) sqrt(2/pi) away from the target.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic import ChangCooper, Grid, solve
from particles import GAUSSIAN, Collisions, simulate
from particles.base.arrays import Floats
from particles.model import Law, Model, Normal, Uniform, cases
from validation.distance import w1_to_law
from validation.figures import draw_bars
from validation.gallery.exhibit import Figure, Number

COUNT = 100
TARGET = Normal(0.0, 1.0)
STARTS = {"U[-1, -1/2]": cases["fokker-planck"].model, "U[-1, 1/2]": cases["fokker-planck-wide"].model}


def drawn(model: Model) -> Floats:
    """100 draws of a model's start."""
    run = simulate(model, Collisions(0.02, "synchronous", GAUSSIAN), count=COUNT, until=0.02, times=[0.0])
    return np.asarray(run.at(0.0).points[0])


def at_rest(nu2: float) -> float:
    """W1 to the target of the equation at t = 12, where it rests to e^-12."""
    model = dataclasses.replace(STARTS["U[-1, 1/2]"], nu2=nu2)
    solution = solve(model, Grid(-8.0, 8.0, cells=400), ChangCooper(), until=12.0)
    return w1_to_law(solution.at(12.0), TARGET)


def starts() -> Figure:
    """Draws of both starts and of the target, and where nu = 1 and nu^2 = 2 lead."""
    clouds = {name: drawn(model) for name, model in STARTS.items()}
    laws: dict[str, Law] = {"U[-1, -1/2]": Uniform(-1.0, -0.5), "U[-1, 1/2]": Uniform(-1.0, 0.5)}
    goal = drawn(dataclasses.replace(STARTS["U[-1, 1/2]"], initial=TARGET))
    numbers = []
    for name, law in laws.items():
        sd = math.sqrt(law.variance / COUNT)
        numbers.append(Number(f"{name}: mean of 100 draws", law.mean, float(clouds[name].mean()), 4.0 * sd))
        spread = 4.0 * law.variance * math.sqrt(0.8 / COUNT)  # fourth moment of a uniform law: 9/5 V^2
        numbers.append(Number(f"{name}: variance of 100 draws", law.variance, float(clouds[name].var()), spread))
    limit = (1.0 - math.sqrt(0.5)) * math.sqrt(2.0 / math.pi)
    numbers += [
        Number("target: mean of 100 draws", 0.0, float(goal.mean()), 0.4),
        Number("nu = 1: W1 of the law at rest to the target", limit, at_rest(1.0), 1e-3),
        Number("nu^2 = 2: W1 of the law at rest to the target", 0.0, at_rest(2.0), 1e-3),
    ]

    def draw(axes: Sequence[Any]) -> None:
        for k, name in enumerate(STARTS):
            draw_bars(axes[0], clouds[name], np.linspace(-1.0, 0.5, 13), f"C{k}", name)
            low, high = (-1.0, -0.5) if k == 0 else (-1.0, 0.5)
            height = 1.0 / (high - low)
            axes[0].plot(
                [low, low, high, high], [0.0, height, height, 0.0], "--", lw=1.0, color=f"C{k}", label="its law"
            )
        axes[0].set_ylim(0.0, 3.4)
        axes[0].set_title(f"{COUNT} measurements: text and caption")
        fine = np.linspace(-3.5, 3.5, 301)
        draw_bars(axes[1], goal, np.linspace(-3.5, 3.5, 15), "C2", f"{COUNT} draws")
        axes[1].plot(fine, TARGET.pdf(fine), "k--", lw=0.9, label="N(0, 1)")
        axes[1].set_ylim(0.0, 0.62)
        axes[1].set_title("target")
        for panel in axes:
            panel.set_xlabel("x")
            panel.set_ylabel("density")
            panel.legend()

    return Figure(
        name="herty/10",
        source="arXiv 2001.04294, Fig. 10",
        shows="Histograms of 100 draws: of the uniform start, and of the standard normal target.",
        doubts="E30: the text starts on [-1, -1/2], the caption on [-1, 1/2]: both here. E31: nu is not given, and the"
        " target needs nu^2 = 2.",
        cases=("fokker-planck", "fokker-planck-wide"),
        numbers=tuple(numbers),
        panels=2,
        draw=draw,
    )
