"""Figure 11: with noise the law no longer shrinks to a point; the Fokker-Planck equation leads it to N(0, 1).

    g_t + (-x g)_x = g_xx     (identity, w = -1, b = 0, K = 1, nu^2 = 2)

From U[l, r], with q = e^(-t) and s^2 = 1 - q^2, x(t) is q x(0) + s Z:

    F(t, x) = s (Psi((x - l q)/s) - Psi((x - r q)/s))/((r - l) q),   Psi(z) = z Phi(z) + phi(z),

so that W1 to N(0, 1) falls like abs(m1(t)) = abs(m1(0)) e^(-t).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic import Grid, Imex, solve
from particles import GAUSSIAN, Collisions, simulate
from particles.base.arrays import Floats
from particles.model import Measure, Model, Normal, cases
from validation.distance import w1_to_law
from validation.distance.floor import expected_w1
from validation.figures import draw_bars, draw_density
from validation.gallery.exhibit import Figure, Number

TARGET = Normal(0.0, 1.0)
STARTS = {
    "U[-1, -1/2]": (cases["fokker-planck"].model, -1.0, -0.5),
    "U[-1, 1/2]": (cases["fokker-planck-wide"].model, -1.0, 0.5),
}
TIMES = (0.1, 0.5, 1.0, 2.0, 5.0)
SHOWN = (0.1, 0.5, 1.0, 2.0)
GRID = Grid(-8.0, 8.0, cells=800)
Runs = dict[str, dict[float, Measure]]  # by start and time
COUNT, EPS = 20_000, 0.01
_FINE = np.linspace(-8.0, 8.0, 16_001)


def density(t: float, low: float, high: float, x: Floats) -> Floats:
    """The law at t > 0 from U[low, high], by its closed form."""
    q = math.exp(-t)
    s = math.sqrt(1.0 - q * q)
    return (_phi((x - low * q) / s) - _phi((x - high * q) / s)) / ((high - low) * q)


def to_target(t: float, low: float, high: float) -> float:
    """W1 to N(0, 1), int abs(F - Phi) dx, by the trapezoidal rule over the closed form."""
    q = math.exp(-t)
    s = math.sqrt(1.0 - q * q)
    left, right = (_FINE - low * q) / s, (_FINE - high * q) / s
    cdf = s * (left * _phi(left) + _bell(left) - right * _phi(right) - _bell(right)) / ((high - low) * q)
    return float(np.abs(cdf - _phi(_FINE)).sum() * (_FINE[1] - _FINE[0]))


def _bell(z: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))


def _phi(z: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def clouds(model: Model) -> dict[float, Measure]:
    """Particles that collide at times EPS apart."""
    scheme = Collisions(EPS, "synchronous", GAUSSIAN)
    run = simulate(model, scheme, count=COUNT, until=TIMES[-1], times=TIMES)
    return {t: run.at(t) for t in TIMES}


def fokker_planck() -> Figure:
    """Equation and particles from both starts."""
    found: Runs = {}
    particles = {name: clouds(model) for name, (model, _, _) in STARTS.items()}
    numbers = []
    floor = expected_w1(TARGET, COUNT)
    for name, (model, low, high) in STARTS.items():
        solution = solve(model, GRID, Imex(), until=TIMES[-1], times=TIMES)
        found[name] = {t: solution.at(t) for t in TIMES}
        numbers += [
            Number(
                f"{name}: W1 to N(0, 1), t = {t:g}", to_target(t, low, high), w1_to_law(found[name][t], TARGET), 5e-5
            )
            for t in TIMES
        ]
        by_particles = w1_to_law(particles[name][1.0], TARGET)
        numbers.append(
            Number(
                f"{name}: the same of the particles, t = 1", to_target(1.0, low, high), by_particles, 4.0 * floor + EPS
            )
        )

    def draw(axes: Sequence[Any]) -> None:
        _draw_densities(axes[:2], found, particles)
        _draw_distances(axes[2], found)

    return Figure(
        name="herty/11",
        source="arXiv 2001.04294, Fig. 11",
        shows="From a uniform start the law spreads to the standard normal target, and its distance to it falls like"
        " the mean. Lines: the equation; filled: colliding particles; broken: closed form.",
        doubts="E30: both starts of Fig. 10. E31: nu is not given; nu^2 = 2 makes the target stationary. The times are"
        " not given.",
        cases=("fokker-planck", "fokker-planck-wide"),
        numbers=tuple(numbers),
        panels=3,
        draw=draw,
    )


def _draw_densities(axes: Sequence[Any], found: Runs, particles: Runs) -> None:
    """Densities over histograms from both starts, and their closed forms."""
    fine = np.linspace(-4.0, 4.0, 401)
    for panel, (name, (_, low, high)) in zip(axes, STARTS.items(), strict=True):
        for k, t in enumerate(SHOWN):
            draw_bars(panel, particles[name][t].points[0], np.linspace(-4.0, 4.0, 81), f"C{k}", None)
            draw_density(panel, f"t = {t:g}", found[name][t], f"C{k}", (-4.0, 4.0))
            panel.plot(fine, density(t, low, high, fine), "k--", lw=0.7)
        panel.plot(fine, TARGET.pdf(fine), "k-", lw=1.0, label="N(0, 1)")
        panel.set_xlim(-3.6, 3.6)
        panel.set_ylim(0.0, 1.02)
        panel.set_xlabel("x")
        panel.set_ylabel("density g(t, x)")
        panel.set_title(f"from {name}")
        panel.legend(loc="upper right")


def _draw_distances(axes: Any, found: Runs) -> None:
    """Distances to the target over time, from both starts."""
    times = np.linspace(0.05, TIMES[-1], 60)
    for k, (name, (_, low, high)) in enumerate(STARTS.items()):
        values = [w1_to_law(found[name][t], TARGET) for t in TIMES]
        axes.plot(times, [to_target(t, low, high) for t in times], "k--", lw=0.9)
        axes.plot(TIMES, values, "os"[k], ms=5, color=f"C{k}", label=f"equation, from {name}")
        axes.plot(times, 0.5 * abs(low + high) * np.exp(-times), ":", color=f"C{k}", lw=1.2)
    axes.plot([], [], "k--", lw=0.9, label="closed form")
    axes.plot([], [], ":", color="0.4", lw=1.2, label="abs(m1(t))")
    axes.set_yscale("log")
    axes.set_ylim(1e-3, 10.0)
    axes.set_xlabel("time t")
    axes.set_ylabel("W1 to N(0, 1)")
    axes.set_title("distance to the target")
    axes.legend(loc="upper right")
