"""Figure 7: histogram of 100 measurements' slopes, and the law N(1, 1) that the mean-field equation starts from.

What a slope is, is the choice of `figure_06_measurements`: differences of neighbours a distance sqrt 2 apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from particles.model import Measure, Normal
from validation.distance import w1_to_law
from validation.distance.floor import expected_w1
from validation.figures import draw_bars
from validation.gallery.exhibit import Figure, Number
from validation.gallery.herty.figure_06_measurements import MANY, slopes

COUNT = 100
LAW = Normal(1.0, 1.0)
_SPREAD = 0.355  # deviation of W1 over its mean, about the same for all laws on the line


def regression() -> Figure:
    """Slopes of few and of many measurements against their law."""
    few, many = slopes(COUNT), slopes(MANY)
    floors = [expected_w1(LAW, data.size) for data in (few, many)]
    found = [w1_to_law(Measure.of_points(data), LAW) for data in (few, many)]

    def draw(axes: Sequence[Any]) -> None:
        fine = np.linspace(-3.0, 5.0, 401)
        titles = (f"slopes of {COUNT} measurements", f"slopes of {MANY:,} measurements, and their law")
        for panel, data, bins, title in zip(axes, (few, many), (16, 80), titles, strict=True):
            draw_bars(panel, data, np.linspace(-3.0, 5.0, bins + 1), "C0", "histogram")
            panel.plot(fine, LAW.pdf(fine), "k--", lw=0.9, label="N(1, 1)")
            panel.set_ylim(0.0, 0.62)
            panel.set_xlabel("slope x")
            panel.set_ylabel("density")
            panel.set_title(title)
            panel.legend()

    return Figure(
        name="herty/7",
        source="arXiv 2001.04294, Fig. 7",
        shows="Slopes of 100 measurements as a histogram, and the normal law with mean and variance 1 for which it"
        " stands: the start of the equation.",
        doubts="E33: 100 measurements here, 50 in Fig. 6. The slopes are differences of neighbours a distance sqrt 2"
        " apart: other distances h give N(1, 2/h^2), and quotients y/x a mixture that is no normal law.",
        cases=("regression",),
        numbers=(
            Number("mean of the 99 slopes", 1.0, float(few.mean()), 4.0 / (COUNT - 1)),
            Number("variance of the 99 slopes", 1.0, float(few.var()), 4.0 * math.sqrt(3.0 / COUNT)),
            Number("W1 of the 99 slopes to N(1, 1), that of 99 draws", floors[0], found[0], 4.0 * _SPREAD * floors[0]),
            Number("W1 of the 10^5 slopes to N(1, 1)", 0.0, found[1], 4.0 * floors[1]),
        ),
        panels=2,
        draw=draw,
    )
