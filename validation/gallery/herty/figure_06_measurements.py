"""Figure 6: measurements around a line of slope 1, and the slopes computed from them.

    y_i = x_i + eta_i,   eta_i ~ N(0, 1),   slope s_i = (y_(i+1) - y_i)/(x_(i+1) - x_i) ~ N(1, 2/h^2)

The paper does not say what a slope is. Differences of neighbours have the N(1, 1) that Fig. 7 and 5.3 start from if
their distance is h = sqrt 2, the choice here; y_i/x_i has it at x_i = 1 alone. Neighbours share a measurement, so that
slopes one after the other have the correlation -1/2, and their mean (y_n - y_1)/(x_n - x_1) the deviation 1/(n - 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.model import Normal
from particles.philox import start_uniforms
from validation.gallery.exhibit import Figure, Number

DISTANCE = math.sqrt(2.0)
COUNT, MANY = 50, 100_000


def measurements(count: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Positions around 0 and measured values, each of shape (count,)."""
    x = np.asarray(DISTANCE * (np.arange(count) - 0.5 * (count - 1)), dtype=np.float64)
    return x, x + Normal(0.0, 1.0).sample(start_uniforms(0, count, seed=seed))


def slopes(count: int, seed: int = 0) -> Floats:
    """Slopes between neighbours, shape (count - 1,)."""
    x, y = measurements(count, seed)
    return np.asarray(np.diff(y) / np.diff(x))


def measured_slopes() -> Figure:
    """50 measurements, and the law and the correlation of the slopes of many."""
    x, y = measurements(COUNT)
    few, many = slopes(COUNT), slopes(MANY)
    line = float((x * y).sum() / (x * x).sum())
    off = many - many.mean()
    correlation = float((off[1:] * off[:-1]).mean() / (off * off).mean())

    def draw(axes: Sequence[Any]) -> None:
        data, found = axes
        data.plot(x, y, "o", ms=4, label=f"{COUNT} measurements")
        data.plot(x[[0, -1]], x[[0, -1]], "k--", lw=0.9, label="slope 1")
        data.set_xlabel("position x")
        data.set_ylabel("measured value y")
        data.set_title("data")
        data.legend()
        found.plot(np.arange(1, COUNT), few, "o", ms=4, label="slopes of neighbours")
        found.axhline(1.0, color="k", ls="--", lw=0.9, label="slope 1")
        found.axhspan(0.0, 2.0, color="0.5", alpha=0.12, lw=0, label="one deviation")
        found.set_ylim(few.min() - 0.4, few.max() + 1.6)
        found.set_xlabel("number of the slope")
        found.set_ylabel("slope")
        found.set_title("slopes of the data")
        found.legend(ncols=2, loc="upper center")

    return Figure(
        name="herty/6",
        source="arXiv 2001.04294, Fig. 6",
        shows="50 measurements with standard normal errors around a line of slope 1, and slopes computed from them.",
        doubts="E33: 50 measurements here, 100 in Fig. 7. What a slope is, and where the positions lie, is not said:"
        " differences of neighbours a distance sqrt 2 apart here, whose law is the N(1, 1) of Fig. 7.",
        cases=(),
        numbers=(
            Number("mean of the 49 slopes", 1.0, float(few.mean()), 4.0 / (COUNT - 1)),
            Number("slope by least squares", 1.0, line, 4.0 / math.sqrt(float((x * x).sum()))),
            Number("variance of the slopes of 10^5 measurements", 1.0, float(many.var()), 4.0 * math.sqrt(3.0 / MANY)),
            Number("correlation of neighbouring slopes", -0.5, correlation, 4.0 / math.sqrt(MANY)),
            Number("mean of the 10^5 slopes", 1.0, float(many.mean()), 4.0 / MANY),
        ),
        panels=2,
        draw=draw,
    )
