"""Steps that are too long.

Layers (explicit Euler) of the identity, rest point a = -b/w: x - a grows by the factor 1 - dt abs(w) a layer, beyond
dt abs(w) = 2 without bound. With tanh, u = w x + b, the same step ends in a cycle of two layers, u -> -u, with

    tanh(u)/u = 2/(dt abs(w)).

Collisions (identity, K = 1) of scaling eps, theory 2.6:

    V' = (2 w + eps w^2) V + nu^2 + eps (w m1 + b)^2,     V(oo) = nu^2/(2 abs(w) - eps w^2),

which has no steady state from eps = 2/abs(w) on: there V' = nu^2, and beyond V grows exponentially.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinetic import Explicit, Grid, solve
from kinetic.line.tableau import REAL_LIMIT
from particles import Collisions, Euler, simulate
from particles.base.arrays import Floats
from particles.model import IDENTITY, TANH, Dirac, Drift, Law, Model, Normal, cases
from validation.gallery.exhibit import Exhibit, Number, refusal

DT = 0.25
WEIGHT = -10.0
COUNT = 1 << 16
HORIZONS = {1.0: 16.0, 2.0: 16.0, 2.5: 2.0}  # of collisions, by eps
HELD = 4.0  # standard errors: 1 key in 16 000 misses it


def offsets(drift: Drift, dt: float, layers: int, start: Law) -> Floats:
    """Mean of x - a after every layer, a = 1."""
    model = Model(drift=drift, weight=WEIGHT, bias=-WEIGHT, initial=start)
    times = [k * dt for k in range(layers + 1)]
    run = simulate(model, Euler(dt=dt), count=1000, until=layers * dt, times=times, seed=73)
    return np.asarray(run.moments[:, 0, 0] - 1.0)


def growth(dt: float) -> float:
    """Mean factor of x - a over six layers of the identity, from N(2, 1)."""
    found = offsets(IDENTITY, dt, 6, Normal(2.0, 1.0))
    return float(np.mean(found[1:] / found[:-1]))


def cycle(dt: float) -> tuple[float, float]:
    """Distance from a at which tanh ends: the root of tanh(u)/u = 2/(dt abs(w)) over abs(w), and the cloud's mean."""
    from scipy.optimize import brentq

    stiff = dt * abs(WEIGHT)
    root = brentq(lambda u: math.tanh(u) / u - 2.0 / stiff, 1e-9, stiff)
    model = Model(drift=TANH, weight=WEIGHT, bias=-WEIGHT, initial=Normal(2.0, 1.0))
    run = simulate(model, Euler(dt=dt), count=1000, until=200 * dt, seed=74)
    return float(root) / abs(WEIGHT), float(np.abs(run.at(200 * dt).points - 1.0).mean())


def variance(eps: float, until: float) -> tuple[float, float, float]:
    """V at `until` by the equation and of a cloud of collisions (w = -1, nu^2 = 1), and its standard error."""
    model = Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=1.0, initial=Dirac(0.0))  # m1 = a = 0 at all times
    x = simulate(model, Collisions(eps), count=COUNT, until=until, seed=75).at(until).points[0]
    return exact_variance(eps, until), float((x**2).mean()), float((x**2).std() / math.sqrt(COUNT))


def exact_variance(eps: float, t: float) -> float:
    """V at t from V = 0, w = -1, nu^2 = 1."""
    rate = eps - 2.0
    return t if rate == 0.0 else math.expm1(rate * t) / rate


def steps() -> Exhibit:
    """Layers, collisions and diffusion beyond their limits."""
    limit = f"{3.0 / 16.0 * REAL_LIMIT:.4f}"
    tanh_predicted, tanh_measured = cycle(DT)
    spread = {eps: variance(eps, until) for eps, until in HORIZONS.items()}
    named = {
        1.0: "eps abs(w) = 1: V(16), near nu^2/(2 abs(w) - eps w^2) = 1",
        2.0: "eps abs(w) = 2: V(16) = nu^2 t",
        2.5: "eps abs(w) = 2.5: V(2) = 2 (e - 1)",
    }
    noisy = cases["fokker-planck"].model
    layers = {
        f"{drift.name}, dt abs(w) = {stiff:g}": offsets(drift, stiff / abs(WEIGHT), 14, Dirac(2.0))
        for drift, stiff in ((IDENTITY, 2.5), (IDENTITY, 1.5), (TANH, 2.5))
    }

    def draw(axes: Sequence[Any]) -> None:
        _draw_layers(axes[0], layers)
        _draw_variances(axes[1], {eps: found for eps, (_, found, _) in spread.items()})

    grid = Grid(-8.0, 8.0, cells=100)
    return Exhibit(
        name="steps",
        failure="A step longer than the dynamics it resolves makes layers oscillate and grow, and collisions spread"
        " without end.",
        numbers=(
            Number("identity, dt abs(w) = 2.5: factor of x - a a layer, 1 - dt abs(w)", -1.5, growth(DT), 1e-9),
            Number("the same, dt abs(w) = 1.5", -0.5, growth(0.15), 1e-9),
            Number("tanh, dt abs(w) = 2.5: distance from a for ever", tanh_predicted, tanh_measured, 1e-9),
            *(Number(named[eps], exact, found, HELD * error) for eps, (exact, found, error) in spread.items()),
        ),
        checks=(
            refusal(
                "explicit diffusion refuses steps beyond 3/16 of 2.5127 h^2/D",
                lambda: solve(noisy, grid, Explicit(fourier=0.48), until=0.1),
                f"(0, {limit}]",
            ),
            refusal(
                "Nanbu's clock refuses more than one collision a step",
                lambda: Collisions(0.01, "nanbu", dt=0.02),
                "at most tau",
            ),
        ),
        remedy="Keep dt abs(w) below 1 (below 2 it oscillates but contracts) and eps abs(w) well below 2, or take"
        " ExactFlow; for diffusion Imex() or ChangCooper(), whose steps grow with h and not with h^2.",
        panels=2,
        draw=draw,
    )


def _draw_layers(axes: Any, layers: dict[str, Floats]) -> None:
    """A particle's distance from the rest point over the layers, from 1."""
    for k, (name, found) in enumerate(layers.items()):
        axes.plot(range(found.size), found, ".-", ms=7, lw=1.1, color=f"C{k}", label=name)
    axes.axhline(0.0, color="k", ls="--", lw=0.9, label="rest point")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_ylim(-1e4, 1e7)
    axes.set_xlabel("layer")
    axes.set_ylabel("x - a of a particle")
    axes.set_title("layers oscillate")
    axes.legend(loc="upper left")


def _draw_variances(axes: Any, found: dict[float, float]) -> None:
    """Variances of colliding particles over time, and their measured ends."""
    for k, (eps, end) in enumerate(found.items()):
        times = np.linspace(0.0, 16.0 if eps <= 2.0 else 6.0, 121)
        axes.plot(times, [exact_variance(eps, t) for t in times], "--", color=f"C{k}", lw=1.1)
        axes.plot([HORIZONS[eps]], [end], "os^"[k], ms=7, color=f"C{k}", label=f"eps abs(w) = {eps:g}")
    axes.plot([], [], "k--", lw=1.1, label="theory")
    axes.set_ylim(0.0, 28.0)
    axes.set_xlabel("time t")
    axes.set_ylabel("variance V")
    axes.set_title("collisions spread")
    axes.legend(loc="upper right")
