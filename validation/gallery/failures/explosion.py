"""The printed sigma_N explodes (E5 of docs/errata.md).

Printed: x' = ((1/delta) (x/c)^delta - 1) x. With z = (x/c)^delta this is z' = z (z - delta), which from z0 > delta
reaches infinity at

    t* = ln(z0/(z0 - delta))/delta.

Layers (explicit Euler) of step dt keep up with x' = f(x) until dt f'(x) = 1, late by (dt/2) ln f(x) + O(dt), thus

    (1 + delta)/(2 delta) ln(1/dt) + O(1) layers,

and overflow within a few layers more. The corrected drift, -(1/delta) ((x/c)^delta - 1) x, brings the same particles
back to c.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from particles import Euler, ExactFlow, simulate, vmath
from particles.base.arrays import Floats
from particles.base.errors import NotFiniteError
from particles.base.jit import formula
from particles.model import Dirac, Drift, Model, lognormal_family
from particles.model.drifts.drift import zero
from validation.gallery.exhibit import Exhibit, Number
from validation.studies.study import Check

DELTA, START = 0.5, 4.0
STEPS = 2.0 ** np.array([-6, -9, -12, -15])


@formula
def _printed(u: float, x: float, c: tuple[float, ...]) -> float:
    return (vmath.exp(c[0] * vmath.log(x)) / c[0] - 1.0) * x


@formula
def _printed_x(u: float, x: float, c: tuple[float, ...]) -> float:
    return (1.0 + c[0]) * vmath.exp(c[0] * vmath.log(x)) / c[0] - 1.0


PRINTED = Drift("sigma_N as printed", _printed, zero, _printed_x, zero, 0.0, math.inf, (DELTA,))  # scale c = 1

PRINTED_MODEL = Model(drift=PRINTED, weight=1.0, bias=0.0, initial=Dirac(START))


def blow_up_time(x0: float) -> float:
    """t* from x0 > delta^(1/delta)."""
    z0 = x0**DELTA
    return math.log(z0 / (z0 - DELTA)) / DELTA


def overflow(dt: float, layers: int) -> str:
    """The sentence with which a run of so many layers from `START` ends; empty if it stays finite."""
    try:
        simulate(PRINTED_MODEL, Euler(dt=float(dt)), count=1, until=layers * dt)
    except NotFiniteError as error:
        return str(error)
    return ""


def lost_at(dt: float) -> float:
    """Time of the first layer that is not finite, by bisection."""
    low, high = 0, round(2.0 * blow_up_time(START) / dt)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if overflow(dt, middle) else (middle, high)
    return high * dt


def path(x0: float, times: Floats) -> Floats:
    """x(t) of the printed equation for t < t*: z = delta/(1 - (1 - delta/z0) e^(delta t))."""
    z0 = x0**DELTA
    return np.asarray((DELTA / (1.0 - (1.0 - DELTA / z0) * np.exp(DELTA * times))) ** (1.0 / DELTA))


def layers(model: Model, scheme: Any, times: Sequence[float]) -> Floats:
    """Where the particle is at the times."""
    run = simulate(model, scheme, count=1, until=times[-1], times=times)
    return np.asarray(run.moments[:, 0, 0])


def explosion() -> Exhibit:
    """Layers of the printed drift on four steps, and the corrected one."""
    exact = blow_up_time(START)
    times = np.array([lost_at(dt) for dt in STEPS])
    late = (times - exact) / STEPS
    sentence = overflow(STEPS[0], round(2.0 * exact / STEPS[0]))
    mended = Model(drift=lognormal_family(DELTA), weight=1.0, bias=0.0, initial=Dirac(START))
    slow = np.linspace(0.0, 2.0, 41)
    curves = {"corrected equation": (slow, layers(mended, ExactFlow(), slow.tolist()))}
    for dt, lost in zip(STEPS[:3], times[:3], strict=True):
        at = dt * np.arange(0, round(lost / dt), max(1, round(2.0**-9 / dt)))
        curves[f"layers, dt = 2^{round(math.log2(dt))}"] = at, layers(PRINTED_MODEL, Euler(dt=float(dt)), at.tolist())
    rest = float(simulate(mended, ExactFlow(), count=1, until=40.0).moments[0, 0, 0])
    return Exhibit(
        name="explosion",
        failure="The printed sigma_N carries every particle beyond c delta^(1/delta) to infinity in finite time.",
        numbers=(
            Number("first layer that is not finite, dt = 2^-15: t*", exact, float(times[-1]), 1e-3),
            Number(
                "its delay in layers, slope over ln(1/dt): (1 + delta)/(2 delta)",
                (1.0 + DELTA) / (2.0 * DELTA),
                float(np.polyfit(-np.log(STEPS), late, 1)[0]),
                0.15,
            ),
            Number("corrected: where the same particle rests, c", 1.0, rest, 1e-6),
        ),
        checks=(
            Check(
                "the run ends with the particle, the step and the time",
                sentence,
                sentence.startswith("particle 0 is not"),
            ),
        ),
        remedy="Take `particles.model.lognormal_family`, which has the sign and the bracket corrected.",
        draw=lambda axes: _draw(axes[0], curves),
    )


def _draw(axes: Any, curves: dict[str, tuple[Floats, Floats]]) -> None:
    """The particle in layers until it is lost, by the equation, and by the corrected one."""
    exact = blow_up_time(START)
    for k, (name, (at, found)) in enumerate(curves.items()):
        axes.plot(at, found, ".-" if name.startswith("layers") else "-", ms=4, lw=1.1, color=f"C{k}", label=name)
    fine = exact * (1.0 - np.geomspace(1.0, 1e-9, 200))
    axes.plot(fine, path(START, fine), "k--", lw=1.1, label="printed equation")
    axes.axvline(exact, color="0.5", ls=":", lw=1.2, label="t*")
    axes.set_yscale("log")
    axes.set_ylim(0.5, 1e12)
    axes.set_xlabel("time t")
    axes.set_ylabel("x, from 4")
    axes.set_title("sigma_N as printed, delta = 1/2, c = 1")
    axes.legend(loc="upper right")
