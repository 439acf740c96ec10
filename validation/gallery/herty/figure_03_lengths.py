"""Table 1 and Figure 3: vehicles by their length, the data of the classification.

50 lengths are drawn from U[2, 8], and the histogram of such draws is what the mean-field equation starts from. Table 1
calls what is shorter than 5 a car and the rest a truck: with x' = tanh(x - 5) each of its rows goes to the wall of its
class, 2 or 8, at the time ln(sinh 3/sinh abs(x - 5)), for 4.5 and 5.5 at 2.96.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from particles import ExactFlow, simulate
from particles.base.arrays import Floats
from particles.model import Samples, Uniform, cases
from validation.distance import w1_to_law
from validation.distance.floor import expected_w1
from validation.figures import draw_bars
from validation.gallery.exhibit import Figure, Number

COUNT, LOW, HIGH, MIDDLE = 50, 2.0, 8.0, 5.0
TABLE = ((3.0, "car"), (3.5, "car"), (5.5, "truck"), (7.0, "truck"), (4.5, "car"), (8.0, "truck"))
MODEL = cases["vehicles"].model
_SPREAD = 0.355  # deviation of W1 over its mean, of a uniform law's draws
_BINS = 6


def classes(lengths: Sequence[float], until: float = 3.0) -> Floats:
    """Where vehicles are at a time; by then those of Table 1 are at a wall."""
    run = simulate(MODEL, ExactFlow(), until=until, start=Samples(np.array(lengths)))
    return np.asarray(run.at(until).points[0])


def lengths() -> Figure:
    """Draw the vehicles and send the rows of Table 1 through the network."""
    run = simulate(MODEL, ExactFlow(), count=COUNT, until=3.0, times=[0.0])
    start = run.at(0.0)
    drawn = start.points[0]
    law = Uniform(LOW, HIGH)
    floor = expected_w1(law, COUNT)
    ends = classes([length for length, _ in TABLE])
    right = [end == (LOW if name == "car" else HIGH) for end, (_, name) in zip(ends, TABLE, strict=True)]

    def draw(axes: Sequence[Any]) -> None:
        _draw_table(axes[0], ends)
        _draw_lengths(axes[1], drawn)
        draw_bars(axes[2], drawn, np.linspace(LOW, HIGH, _BINS + 1), "C0", "50 vehicles")
        axes[2].plot([LOW, LOW, HIGH, HIGH], [0.0, 1.0 / 6.0, 1.0 / 6.0, 0.0], "k--", lw=0.9, label="U[2, 8]")
        axes[2].set_ylim(0.0, 0.35)
        axes[2].set_xlabel("length x")
        axes[2].set_ylabel("density")
        axes[2].set_title("their histogram")
        axes[2].legend()

    return Figure(
        name="herty/3",
        source="arXiv 2001.04294, Fig. 3",
        shows="Lengths of 50 vehicles drawn from U[2, 8], by their number and as a histogram. The six rows of Table 1"
        " stand beside them with the wall where the network sends each.",
        doubts="The table ends in dots; six of its rows are given. E47: the two classes are the walls, which the"
        " caption of Fig. 5 does not name.",
        cases=("vehicles",),
        numbers=(
            Number("rows of Table 1 that end in their class, of 6", 6.0, float(sum(right)), 0.0),
            Number("vehicles above 5, of 50", COUNT / 2.0, float((drawn > MIDDLE).sum()), 2.0 * math.sqrt(COUNT)),
            Number("mean length", MIDDLE, float(start.mean[0]), 4.0 * math.sqrt(3.0 / COUNT)),
            Number("W1 to U[2, 8], the mean of 50 draws", floor, w1_to_law(start, law), 4.0 * _SPREAD * floor),
        ),
        panels=3,
        draw=draw,
    )


def _draw_table(axes: Any, ends: Floats) -> None:
    """Table 1, and where each row is at t = 3."""
    axes.axis("off")
    rows = [[f"{length:g}", name, f"{end:g}"] for (length, name), end in zip(TABLE, ends, strict=True)]
    heads = ["length", "class", "x(3)"]
    axes.table(rows, colLabels=heads, loc="center", cellLoc="center", edges="horizontal").scale(0.9, 1.9)
    axes.set_title("Table 1, and where the network sends it")


def _draw_lengths(axes: Any, drawn: Floats) -> None:
    """Lengths over the numbers of the measurements."""
    axes.plot(np.arange(1, COUNT + 1), drawn, "o", ms=4)
    axes.axhline(MIDDLE, color="k", ls="--", lw=0.9, label=f"threshold {MIDDLE:g}")
    axes.set_ylim(LOW - 0.2, HIGH + 1.0)
    axes.set_xlabel("number of the measurement")
    axes.set_ylabel("length x")
    axes.set_title(f"{COUNT} vehicles")
    axes.legend(loc="upper right")
