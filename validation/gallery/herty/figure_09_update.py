"""Figure 9: weight and bias learnt anew after the target has moved from 1 to 2.

    J(w, b) = E(x_T - 2)^2/2,   x' = tanh(w x + b),   T = 5,   g(0) = N(1, 1),   from (w, b) = (-1, 1)

    a gradient step   (w, b) <- (w, b) - gamma grad J,   gamma = 2

The paper's distance to a Dirac mass, int (g - h)^2/2, is infinite; J is W2^2/2 to it, the least change that can be
run. The first step leads to w > 0, where the law is repelled from -b/w; then to w = -16, where it is a point, which
moves to 2 in a hundred steps. Levenberg and Marquardt's method takes five.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.model import PushForward, cases
from particles.training import Fit
from validation.gallery.exhibit import Figure, Number
from validation.gallery.failures.reuse import ENOUGH, PAPER, TARGET, UNTIL, draw_curves, runs, spent
from validation.studies.study import Check

MODEL = cases["regression"].model
SHARES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
START = (0.500068976878051, -0.988395015802490, -0.988917527920441)
"""J and its derivatives by w and b at (-1, 1) of the 1000 particles: exact flow, derivatives by complex steps."""


def laws(found: Fit) -> Floats:
    """Quantiles `SHARES` of the law at the horizon after every step of a training, shape (5, steps + 1)."""
    models = [dataclasses.replace(MODEL, weight=float(p.theta[0]), bias=float(p.theta[1])) for p in found.curve]
    return np.array([PushForward(model, UNTIL).quantile(SHARES) for model in models]).T


def update() -> Figure:
    """The trainings of `reuse` in the gallery of failures: the paper's step, a line search, Levenberg-Marquardt."""
    trainings = runs()
    paper, damped = trainings["descent, gamma = 2"], trainings["LM, old numbers"]
    shown = {f"gradient steps, gamma = {PAPER.rate:g}": laws(paper), "Levenberg-Marquardt steps": laws(damped)}
    first = paper.curve[1].theta
    value, by_w, by_b = START
    near = math.sqrt(2.0 * ENOUGH)
    ends = {name: float(quantiles[2, -1]) for name, quantiles in shown.items()}
    repelled = [point.iteration for point in paper.curve if point.theta[0] > 0.0]

    def draw(axes: Sequence[Any]) -> None:
        _draw_laws(axes[:2], shown)
        draw_curves(axes[2], trainings)
        axes[2].set_ylim(1e-7, 1e5)
        axes[2].set_title("the objective")
        axes[2].legend(loc="upper left", fontsize=9)

    return Figure(
        name="herty/9",
        source="arXiv 2001.04294, Fig. 9",
        shows="The law at t = 5 while weight and bias are learnt for the new target 2, after every step. The paper's"
        " step first throws it away from the target, then makes it a point that creeps there.",
        doubts="E8, E9, E10: the printed derivative has a wrong sign in part and no integral, and the distance to a"
        " Dirac mass is infinite: not to be repeated as printed. Here E(x - 2)^2/2 takes its place.",
        cases=("regression",),
        numbers=(
            Number("J at (-1, 1), 1000 particles", value, paper.curve[0].value, 1e-12),
            Number("weight after the first step, -1 - 2 dJ/dw", -1.0 - PAPER.rate * by_w, float(first[0]), 1e-12),
            Number("bias after the first step, 1 - 2 dJ/db", 1.0 - PAPER.rate * by_b, float(first[1]), 1e-12),
            Number("evaluations to J = 1e-6, gamma = 2", 133.0, float(spent(paper, ENOUGH)), 0.0),
            Number("evaluations to J = 1e-6, Levenberg-Marquardt", 8.0, float(spent(damped, ENOUGH)), 2.0),
            *(Number(f"median at the end, {name}", TARGET, end, near) for name, end in ends.items()),
        ),
        checks=(
            Check(
                "the paper's step passes through weights that repel",
                f"w > 0 after steps {min(repelled)} to {max(repelled)}" if repelled else "w < 0 throughout",
                bool(repelled),
            ),
        ),
        panels=3,
        draw=draw,
    )


def _draw_laws(axes: Sequence[Any], shown: dict[str, Floats]) -> None:
    """Median and bands of the law at the horizon over the steps of each training."""
    for k, (panel, (name, quantiles)) in enumerate(zip(axes, shown.items(), strict=True)):
        steps = np.arange(quantiles.shape[1])
        panel.fill_between(steps, quantiles[0], quantiles[-1], alpha=0.2, lw=0, color=f"C{k}", label="90 %")
        panel.fill_between(steps, quantiles[1], quantiles[-2], alpha=0.4, lw=0, color=f"C{k}", label="50 %")
        panel.plot(steps, quantiles[2], ".-", ms=4, lw=1.2, color=f"C{k}", label="median")
        panel.axhline(TARGET, color="k", ls="--", lw=0.9, label="target")
        panel.set_ylim(*((-0.5, 10.5), (0.8, 2.8))[k])
        panel.set_xlabel(name)
        panel.set_ylabel(f"x at t = {UNTIL:g}")
        panel.set_title("the law at the horizon")
        panel.legend(loc="upper right")
