"""Figure 5: 5000 measurements around the line y = x, and the slopes and intercepts computed from them.

    y_i = x_i + eta_i,   eta_i ~ N(0, 1),   x_i equispaced in (-h, h),   h = sqrt 2

What a slope and an intercept are is not said. Here they are those of the line through two measurements a distance h
apart, i and i + n, n = 2500: no measurement is used twice, and with q = -x_i/h in (0, 1)

    slope      s = 1 + (eta_(i+n) - eta_i)/h ~ N(1, 2/h^2) = N(1, 1)
    intercept  c = (1 - q) eta_i + q eta_(i+n) ~ N(0, q^2 + (1 - q)^2)

q is uniform, so that intercepts have the variance 2/3 and the fourth moment 7/5; slope and intercept are uncorrelated,
E (s - 1)^2 c^2 = 1. Lines through neighbours, as in `herty.figure_06_measurements`, meet x = 0 far from where they were
measured: c_i ~ N(0, (x_i^2 + x_(i+1)^2)/h^2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.model import Measure, Mixture, Normal
from particles.philox import start_uniforms
from validation.distance import w1_to_law
from validation.distance.floor import expected_w1
from validation.figures import draw_bars
from validation.gallery.exhibit import Figure, Number
from validation.gallery.herty.figure_06_measurements import DISTANCE, slopes
from validation.gallery.herty.figure_06_measurements import measurements as neighbours
from validation.gallery.herty.figure_07_regression import LAW as SLOPES
from validation.gallery.published.pointers import PAPER

COUNT = 5000
PAIRS = COUNT // 2
_SPREAD = 0.355  # deviation of W1 over its mean, about the same for all laws on the line


def measurements(seed: int = 0) -> tuple[Floats, Floats]:
    """Positions and measured values, each of shape (COUNT,)."""
    x = np.asarray(DISTANCE * ((2.0 * np.arange(COUNT) + 1.0) / COUNT - 1.0), dtype=np.float64)
    return x, x + Normal(0.0, 1.0).sample(start_uniforms(0, COUNT, seed=seed))


def lines(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Slopes and intercepts of the lines through measurements i and i + PAIRS, each of shape (PAIRS,)."""
    slope = (y[PAIRS:] - y[:PAIRS]) / (x[PAIRS:] - x[:PAIRS])
    return slope, y[:PAIRS] - slope * x[:PAIRS]


def intercept_law() -> Mixture:
    """The law of an intercept: normal laws over a uniform q, by Gauss' rule of 12 nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    q = 0.5 * (1.0 + nodes)
    return Mixture([Normal(0.0, float(v)) for v in q**2 + (1.0 - q) ** 2], (0.5 * weights).tolist())


def spread_of_neighbours() -> tuple[float, float]:
    """Root of the mean square of intercepts of lines through neighbours, foretold and measured."""
    x, y = neighbours(COUNT)
    found = y[:-1] - slopes(COUNT) * x[:-1]
    foretold = (x[:-1] ** 2 + x[1:] ** 2).mean() / DISTANCE**2
    return math.sqrt(float(foretold)), math.sqrt(float((found**2).mean()))


def fitted_lines() -> Figure:
    """Measurements, slopes and intercepts, and their laws."""
    x, y = measurements()
    slope, intercept = lines(x, y)
    law = intercept_law()
    joint = float(((slope - slope.mean()) * intercept).mean())
    floors = [expected_w1(of, PAIRS) for of in (SLOPES, law)]
    off = [w1_to_law(Measure.of_points(of), to) for of, to in ((slope, SLOPES), (intercept, law))]
    far = spread_of_neighbours()

    def draw(axes: Sequence[Any]) -> None:
        data, left, right = axes
        data.plot(x, y, ".", ms=2, alpha=0.5, rasterized=True, label=f"{COUNT:,} measurements")
        data.plot(x[[0, -1]], x[[0, -1]], "k--", lw=1.2, label="y = x")
        data.set_ylim(-5.5, 6.5)
        data.set_xlabel("position x")
        data.set_ylabel("measured value y")
        data.set_title("data")
        data.legend(loc="upper left", markerscale=4.0, ncols=2)
        _draw_law(left, slope, SLOPES, 1.0, "N(1, 1)", "slope")
        _draw_law(right, intercept, law, 0.0, "mixture of variance 2/3", "intercept")

    n = PAIRS
    return Figure(
        name="published/5",
        source=f"{PAPER}, Fig. 5",
        shows="5000 measurements with standard normal errors around the line y = x, and the slopes and intercepts"
        " computed from them, as histograms beside their laws.",
        doubts="Only the caption was read. E33: version 1 on arXiv has 50 or 100 measurements, and no intercepts. What"
        " slope and intercept are, and where the positions lie, is not said: here lines through measurements a"
        " distance sqrt 2 apart, whose slopes have the N(1, 1) of arXiv's Fig. 7.",
        cases=(),
        numbers=(
            Number("mean of the 2500 slopes", 1.0, float(slope.mean()), 4.0 / math.sqrt(n)),
            Number("their variance", 1.0, float(slope.var()), 4.0 * math.sqrt(2.0 / n)),
            Number("W1 to N(1, 1), that of 2500 draws", floors[0], off[0], 4.0 * _SPREAD * floors[0]),
            Number("mean of the 2500 intercepts", 0.0, float(intercept.mean()), 4.0 * math.sqrt(2.0 / 3.0 / n)),
            Number("variance of the intercepts", 2.0 / 3.0, float(intercept.var()), 4.0 * math.sqrt((1.4 - 4 / 9) / n)),
            Number("W1 to their law, that of 2500 draws", floors[1], off[1], 4.0 * _SPREAD * floors[1]),
            Number("covariance of slope and intercept", 0.0, joint, 4.0 / math.sqrt(n)),
            Number("lines through neighbours: spread of the intercepts", far[0], far[1], 0.07 * far[0]),
        ),
        panels=3,
        draw=draw,
    )


def _draw_law(axes: Any, found: Floats, law: Any, middle: float, name: str, what: str) -> None:
    """A histogram and its law."""
    ends = middle - 4.0, middle + 4.0
    fine = np.linspace(*ends, 401)
    draw_bars(axes, found, np.linspace(*ends, 49), "C0", f"{PAIRS:,} {what}s")
    axes.plot(fine, law.pdf(fine), "k--", lw=1.2, label=name)
    axes.set_ylim(0.0, 0.68)
    axes.set_xlabel(what)
    axes.set_ylabel("density")
    axes.set_title(f"{what}s")
    axes.legend(loc="upper left")
