"""Figure 4: trajectories of 50 vehicles through the layers, to the clusters at 2 and 8.

    x_(l+1) = x_l + dt tanh(x_l - 5) between sticky walls;    dt -> 0:  sinh(x - 5) = e^t sinh(x0 - 5),

so that a vehicle at x0 is at its wall from ln(sinh 3/sinh abs(x0 - 5)) on. The map is increasing: as many end at 8 as
started above 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from particles import Euler, ExactFlow, simulate
from particles.base.arrays import Floats
from particles.model import cases
from validation.gallery.exhibit import Figure, Number
from validation.gallery.herty.figure_03_lengths import COUNT, HIGH, LOW, MIDDLE

MODEL = cases["vehicles"].model
UNTIL, LAYERS = 6.0, 600
TIMES = np.linspace(0.0, UNTIL, LAYERS + 1)


def paths(scheme: Any) -> Floats:
    """Positions of all vehicles at `TIMES`, shape (times, vehicles)."""
    run = simulate(MODEL, scheme, count=COUNT, until=UNTIL, times=TIMES.tolist())
    return np.array([run.at(t).points[0] for t in run.times])


def arrivals(x: Floats) -> Floats:
    """First of `TIMES` at which each vehicle is at a wall, inf for one that never is."""
    there = (x <= LOW) | (x >= HIGH)
    return np.where(there.any(axis=0), TIMES[there.argmax(axis=0)], np.inf)


def trajectories() -> Figure:
    """The network's layers and the flow that they tend to."""
    layers, flow = paths(Euler(layers=LAYERS)), paths(ExactFlow())
    start = flow[0]
    theory = np.log(np.sinh(3.0) / np.sinh(np.abs(start - MIDDLE)))
    dt = UNTIL / LAYERS
    slowest = int(theory.argmax())
    middle = int(np.argsort(theory)[COUNT // 2])
    late = [float(arrivals(x)[k]) for x in (flow, layers) for k in (middle, slowest)]
    error = float(np.abs(layers - flow).max())

    def draw(axes: Sequence[Any]) -> None:
        for panel, x, name in zip(axes, (layers, flow), (f"{LAYERS} layers", "exact flow"), strict=True):
            for k in range(COUNT):
                panel.plot(TIMES, x[:, k], lw=0.8, color="C1" if start[k] > MIDDLE else "C0")
            panel.axhline(MIDDLE, color="k", ls="--", lw=0.9, label=f"threshold {MIDDLE:g}")
            panel.set_xlabel("time t = l dt" if x is layers else "time t")
            panel.set_ylabel("length x")
            panel.set_title(f"{COUNT} vehicles, {name}")
        found = arrivals(layers)
        axes[0].plot(found, np.where(start > MIDDLE, HIGH, LOW), "k|", ms=7, label="arrival at a wall", clip_on=False)
        axes[0].legend(loc="upper right", bbox_to_anchor=(1.0, 0.74))

    return Figure(
        name="herty/4",
        source="arXiv 2001.04294, Fig. 4",
        shows="Each vehicle moves away from 5 and stays at the wall that it meets: trucks at 8, cars at 2.",
        doubts="E47: the clusters are the walls; without them nothing gathers. E32: the activation is tanh. Number of"
        f" layers and horizon are not given: {LAYERS} and {UNTIL:g} here.",
        cases=("vehicles",),
        numbers=(
            Number("flow: arrival of the median vehicle", theory[middle], late[0], dt),
            Number("flow: arrival of the slowest vehicle", theory[slowest], late[1], dt),
            Number("layers: arrival of the median vehicle", theory[middle], late[2], 2.0 * dt),
            Number("layers: arrival of the slowest vehicle", theory[slowest], late[3], 4.0 * dt),
            Number("vehicles at 8 at the end", float((start > MIDDLE).sum()), float((layers[-1] == HIGH).sum()), 0.0),
            Number("vehicles at 2 at the end", float((start < MIDDLE).sum()), float((layers[-1] == LOW).sum()), 0.0),
            Number("largest distance of layers and flow", 0.0, error, 4.0 * dt),
        ),
        panels=2,
        draw=draw,
    )
