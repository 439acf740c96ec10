"""A new target, and what it is to start from the numbers learnt for the old one (arXiv 2001.04294, 5.3, target 1 -> 2).

    J(w, b) = E(x_T - 2)^2/2,   x' = tanh(w x + b),   T = 5,   1000 particles at quantiles of N(1, 1), exact flow.

(w, b) = (-1, 1) brings them to 1. With the paper's step, (w, b) <- (w, b) - gamma grad J and gamma = 2, the first step
leads to w > 0, where the rest point repels, J is huge for some particles and flat for the most: a hundred steps pass
there. Levenberg and Marquardt's method needs some six evaluations, from the old numbers or from none, w = b = 0.
J has no least value: w -> -oo (E10, `fit`'s remarks).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from particles import ExactFlow
from particles.model import cases
from particles.training import LM, Descent, Fit, Method, Moment, Stop, fit
from validation.gallery.exhibit import Exhibit, Number
from validation.studies.study import Check

OLD, SCRATCH = (-1.0, 1.0), (0.0, 0.0)
UNTIL, TARGET, ENOUGH = 5.0, 2.0, 1e-6
PAPER = Descent(rate=2.0, fixed=True)
TITLE = "A new target: 1 before, now 2"


def learnt(start: tuple[float, float], method: Method, *, enough: float = ENOUGH, iterations: int = 1000) -> Fit:
    """Training from a weight and a bias until J is at most `enough`."""
    model = dataclasses.replace(cases["regression"].model, weight=start[0], bias=start[1])
    return fit(
        model, ExactFlow(), Moment(TARGET), method, count=1000, until=UNTIL, start="quantile",
        stop=Stop(value=enough, iterations=iterations),
    )  # fmt: skip


def spent(found: Fit, value: float) -> int:
    """Evaluations until J is at most a value."""
    return next(point.evaluations for point in found.curve if point.value <= value)


def runs() -> dict[str, Fit]:
    """The trainings that are compared."""
    return {
        "LM, old numbers": learnt(OLD, LM()),
        "LM, from w = b = 0": learnt(SCRATCH, LM()),
        "descent with a line search": learnt(OLD, Descent(), iterations=200),
        "descent, gamma = 2": learnt(OLD, PAPER),
    }


def reuse() -> Exhibit:
    """The paper's step against a line search and Levenberg and Marquardt's method, from old numbers and from none."""
    found = runs()
    old, scratch, line, paper = found.values()
    most = max(float(point.theta[0]) for point in paper.curve)
    endless = "; ".join(learnt(OLD, LM(), enough=-np.inf, iterations=20).remarks)
    gain = spent(scratch, ENOUGH) / spent(old, ENOUGH)

    def draw_all(axes: Sequence[Any]) -> None:
        draw_whole(axes[0], found)

    return Exhibit(
        name="reuse",
        failure="The paper's fixed step gamma = 2 leads through repelling weights: a hundred steps where six would do.",
        numbers=(
            Number("gamma = 2: evaluations to J = 0.1", 100.0, spent(paper, 1e-1), 0.0),
            Number("gamma = 2: evaluations to J = 1e-6", 133.0, spent(paper, ENOUGH), 0.0),
            Number("gamma = 2: largest weight on the way", 0.98, most, 0.01),
            Number("line search: evaluations to J = 1e-3", 122.0, spent(line, 1e-3), 0.0),
            Number("LM from the old numbers: evaluations to J = 1e-6", 8.0, spent(old, ENOUGH), 2.0),
            Number("LM from w = b = 0: evaluations to J = 1e-6", 8.0, spent(scratch, ENOUGH), 2.0),
        ),
        checks=(
            Check(
                "old numbers save little where the method is right", f"{gain:.2g} times as many from none", gain < 2.0
            ),
            Check("the loss has no least value: the record says so", endless, "its least value is nowhere" in endless),
        ),
        remedy="Take --method lm (the default of a moment), and --ridge or --bounds where the loss falls for ever.",
        draw=draw_all,
    )


def draw(path: Path | TextIO) -> None:
    """Draw J over the evaluations of all trainings."""
    from validation.figures import new_figure, save_figure

    figure, axes = new_figure()
    draw_whole(axes, runs())
    save_figure(figure, path)


def draw_whole(axes: Any, trainings: dict[str, Fit]) -> None:
    """Draw the curves with title and legend, above all of them."""
    draw_curves(axes, trainings)
    axes.set_title(TITLE)
    axes.set_ylim(2e-7, 1e5)
    axes.legend(frameon=False, loc="upper center", ncols=2)


def draw_curves(axes: Any, trainings: dict[str, Fit]) -> None:
    """Draw J over the evaluations of trainings into axes."""
    for name, found in trainings.items():
        points = np.array([(point.evaluations, point.value) for point in found.curve])
        axes.plot(*points.T, ".-", ms=4, lw=1.2, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axhline(ENOUGH, color="k", ls=":", lw=1.0, label="enough")
    axes.set_xlabel("evaluations of J and its derivatives")
    axes.set_ylabel("J = E(x_T - 2)^2/2")
