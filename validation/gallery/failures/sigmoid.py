"""The sigmoid has no steady state: its drift is positive everywhere, so that every law goes to +oo.

x' = 1/(1 + e^(-u)), u = w x + b. For w > 0 the speed tends to 1; for w < 0 particles slow down but never stop,

    e^(-u) - u = abs(w) t + const,    x = (ln(abs(w) t) + b)/abs(w) + o(1),    t m1'(t) -> 1/abs(w).

With noise, K = 1, x moves freely on the right, where the drift is gone, and is thrown back by it on the left: the
absolute value of a Brownian motion, but for O(1),

    m1(t) = nu sqrt(2 t/pi) + O(1).
"""

from __future__ import annotations

import dataclasses
import math

from kinetic import ChangCooper, Grid, domain, solve, steady_state
from particles import ExactFlow, simulate
from particles.model import SIGMOID, Model, Normal, PushForward
from validation.gallery.exhibit import Exhibit, Number
from validation.studies.study import Check

MODEL = Model(drift=SIGMOID, weight=-2.0, bias=1.0, initial=Normal(0.0, 1.0))


def means(model: Model, early: float, late: float) -> tuple[float, float]:
    """m1 of 10^4 particles by the exact flow at two times; the quantile start keeps sampling out."""
    run = simulate(model, ExactFlow(), count=10_000, until=late, times=(early, late), start="quantile")
    return float(run.moments[0, 0, 0]), float(run.moments[1, 0, 0])


def noisy_growth(model: Model, early: float, late: float) -> float:
    """(m1(late) - m1(early))/(sqrt(late) - sqrt(early)) of the Fokker-Planck equation."""
    grid = Grid(-10.0, 8.0 * math.sqrt(model.nu2 * late), cells=1200)
    solution = solve(model, grid, ChangCooper(), until=late, times=(early,))
    first, second = (float(solution.at(t).mean[0]) for t in (early, late))
    return (second - first) / (math.sqrt(late) - math.sqrt(early))


def sigmoid() -> Exhibit:
    """Attracting, repelling and noisy sigmoid at large times."""
    growing = dataclasses.replace(MODEL, weight=2.0)
    noisy = dataclasses.replace(MODEL, nu2=1.0)
    early, late = means(MODEL, 1e3, 1e4)
    slow, fast = means(MODEL, 100.0, 101.0), means(growing, 100.0, 101.0)
    lo, hi = domain(MODEL, 5.0)
    density = solve(MODEL, Grid(lo, hi, cells=800), until=5.0).at(5.0)
    reasons = [steady_state(model).reason for model in (MODEL, noisy)]
    return Exhibit(
        name="sigmoid",
        failure="The sigmoid is positive everywhere, so that nothing rests: for w < 0 too, where the other activations"
        " gather at -b/w, the mean grows like ln(t)/abs(w).",
        numbers=(
            Number("w = -2, b = 1: m1(10^4) - (ln(abs(w) t) + b)/abs(w)", 0.0, late - far(1e4), 1e-3),
            Number("m1(10^4) - m1(10^3), ln(10)/abs(w)", math.log(10.0) / 2.0, late - early, 5e-3),
            Number("t m1' at t = 100, 1/abs(w)", 0.5, 100.5 * (slow[1] - slow[0]), 0.02),
            Number("m1(5) of the equation", PushForward(MODEL, 5.0).mean, float(density.mean[0]), 2e-4),
            Number("w = 2: speed of the mean at t = 100", 1.0, fast[1] - fast[0], 1e-3),
            Number(
                "w = -2, nu = 1: m1 over sqrt(t), sqrt(2/pi)",
                math.sqrt(2.0 / math.pi),
                noisy_growth(noisy, 400.0, 1600.0),
                5e-3,
            ),
        ),
        checks=tuple(
            Check(f"`kinetic.steady_state` says why there is none, {noise} noise", reason, reason.startswith("no "))
            for noise, reason in zip(("without", "with"), reasons, strict=True)
        ),
        remedy="Shift it, sigma - 1/2 (a tanh), or put walls; let `kinetic.domain` choose the grid for the horizon.",
    )


def far(t: float) -> float:
    """(ln(abs(w) t) + b)/abs(w)."""
    return (math.log(2.0 * t) + 1.0) / 2.0
