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
from typing import Any

import numpy as np

from kinetic import ChangCooper, Grid, domain, solve, steady_state
from particles import ExactFlow, simulate
from particles.base.arrays import Floats
from particles.model import SIGMOID, Model, Normal, PushForward
from validation.gallery.exhibit import Exhibit, Number
from validation.studies.study import Check

MODEL = Model(drift=SIGMOID, weight=-2.0, bias=1.0, initial=Normal(0.0, 1.0))
NOISY = (400.0, 1600.0)


def means(model: Model, early: float, late: float) -> tuple[float, float]:
    """m1 of 10^4 particles by the exact flow at two times; the quantile start keeps sampling out."""
    early_mean, late_mean = means_at(model, (early, late))
    return float(early_mean), float(late_mean)


def means_at(model: Model, times: Any) -> Floats:
    """The same at any times, which increase."""
    run = simulate(model, ExactFlow(), count=10_000, until=times[-1], times=times, start="quantile")
    return np.asarray(run.moments[:, 0, 0])


def noisy_means(model: Model, early: float, late: float) -> tuple[float, float]:
    """m1 of the Fokker-Planck equation at two times."""
    grid = Grid(-10.0, 8.0 * math.sqrt(model.nu2 * late), cells=1200)
    solution = solve(model, grid, ChangCooper(), until=late, times=(early,))
    first, second = (float(solution.at(t).mean[0]) for t in (early, late))
    return first, second


def sigmoid() -> Exhibit:
    """Attracting, repelling and noisy sigmoid at large times."""
    growing = dataclasses.replace(MODEL, weight=2.0)
    noisy = dataclasses.replace(MODEL, nu2=1.0)
    early, late = means(MODEL, 1e3, 1e4)
    spread = noisy_means(noisy, *NOISY)
    times = np.geomspace(1.0, 1e4, 25)
    curves = {"w = 2": means_at(growing, times[:13].tolist()), "w = -2": means_at(MODEL, times.tolist())}
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
                (spread[1] - spread[0]) / (math.sqrt(NOISY[1]) - math.sqrt(NOISY[0])),
                5e-3,
            ),
        ),
        checks=tuple(
            Check(f"`kinetic.steady_state` says why there is none, {noise} noise", reason, reason.startswith("no "))
            for noise, reason in zip(("without", "with"), reasons, strict=True)
        ),
        remedy="Shift it, sigma - 1/2 (a tanh), or put walls; let `kinetic.domain` choose the grid for the horizon.",
        draw=lambda axes: _draw(axes[0], times, curves, spread),
    )


def _draw(axes: Any, times: Floats, curves: dict[str, Floats], spread: tuple[float, float]) -> None:
    """Means over time, and what theory says of late times."""
    late = times[8:]
    for k, (name, found) in enumerate(curves.items()):
        axes.plot(times[: found.size], found, ".-", ms=6, lw=1.0, color=f"C{k}", label=name)
    axes.plot(NOISY, spread, "s", ms=6, color="C2", label="w = -2, nu = 1")
    axes.plot(times[:13], times[:13], "k:", lw=1.2, label="t")
    axes.plot(late, [far(t) for t in late], "k--", lw=1.2, label="(ln(abs(w) t) + b)/abs(w)")
    axes.plot(late, np.sqrt(2.0 * late / math.pi), "k-.", lw=1.2, label="nu sqrt(2 t/pi)")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("time t")
    axes.set_ylabel("mean m1")
    axes.set_ylim(0.4, 2e3)
    axes.set_title("the sigmoid never rests")
    axes.legend(loc="upper left")


def far(t: float) -> float:
    """(ln(abs(w) t) + b)/abs(w)."""
    return (math.log(2.0 * t) + 1.0) / 2.0
