"""Collisions that cross 0, which the limiting equation never does.

Identity, b = 0, K = x: a collision is x' = x (1 + eps w + sqrt(eps) nu eta). With Gaussian eta it changes the sign of x
with the probability

    p = Phi(-(1 + eps w)/(sqrt(eps) nu)),        after n collisions a share (1 - (1 - 2 p)^n)/2 is negative.

p falls faster than any power of eps, but at finite eps E x^k is that of a law on the whole line. Bounded noise does not
cross while sqrt(eps) nu sup abs(eta) < 1 + eps w.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from particles import GAUSSIAN, TWO_POINT, UNIFORM, Collisions, Noise, simulate
from particles.base.arrays import Floats
from particles.model import IDENTITY, LINEAR, Model
from particles.model import Uniform as UniformLaw
from validation.gallery.exhibit import Exhibit, Number
from validation.studies.study import Check

COUNT = 1 << 17
EPS = 0.125
MODEL = Model(drift=IDENTITY, weight=-1.0, bias=0.0, diffusion=LINEAR, nu2=1.0, initial=UniformLaw(0.5, 1.5))
SHOWN = 32  # collisions in the drawing
DRAWN = ((0.25, GAUSSIAN), (EPS, GAUSSIAN), (EPS / 2.0, GAUSSIAN), (EPS, UNIFORM))
HELD = 4.0  # standard errors: 1 key in 16 000 misses it


def foretold(eps: float, collisions: int) -> float:
    """Share at or below 0 after so many Gaussian collisions."""
    p = 0.5 * math.erfc((1.0 - eps) / math.sqrt(2.0 * eps))
    return 0.5 * (1.0 - (1.0 - 2.0 * p) ** collisions)


def counted(eps: float, noise: Noise, collisions: int) -> int:
    """Particles at or below 0, as the record of the run has them."""
    scheme = Collisions(eps, "synchronous", noise)
    run = simulate(MODEL, scheme, count=COUNT, until=collisions * eps, seed=76)
    return int(run.info["at_or_below_zero"][-1])


def shares(eps: float, noise: Noise, collisions: int) -> Floats:
    """Share at or below 0 after every collision."""
    times = [k * eps for k in range(collisions + 1)]
    scheme = Collisions(eps, "synchronous", noise)
    run = simulate(MODEL, scheme, count=COUNT // 8, until=times[-1], times=times, seed=76)
    return np.asarray(run.info["at_or_below_zero"]) / (COUNT // 8)


def positivity() -> Exhibit:
    """Gaussian and bounded noise at two sizes of the step."""
    numbers = []
    for eps, collisions in ((0.25, 1), (EPS, 1), (EPS, 8)):
        share = foretold(eps, collisions)
        what = f"Gaussian noise, eps = {eps:g}: of {COUNT} particles at or below 0 after {collisions} collision"
        error = math.sqrt(COUNT * share * (1.0 - share))
        found = counted(eps, GAUSSIAN, collisions)
        numbers.append(Number(what + "s" * (collisions > 1), COUNT * share, found, HELD * error))
    numbers += [
        Number(f"{noise.name} noise, eps = {EPS:g}: the same after 64", 0.0, counted(EPS, noise, 64), 0.5)
        for noise in (UNIFORM, TWO_POINT)
    ]
    rows = {(noise.name, eps): shares(eps, noise, SHOWN) for eps, noise in DRAWN}
    caution = Collisions(EPS, "synchronous").cautions(MODEL)
    silent = all(not Collisions(EPS, "synchronous", noise).cautions(MODEL) for noise in (UNIFORM, TWO_POINT))
    return Exhibit(
        name="positivity",
        failure="Gaussian noise with K = x carries particles across 0, where the Fokker-Planck equation has no mass.",
        numbers=tuple(numbers),
        checks=(
            Check(
                "the scheme cautions before the run, and for Gaussian noise alone",
                " ".join(caution) or "nothing was said",
                bool(caution) and silent,
            ),
        ),
        remedy="Take uniform or two-point noise with sqrt(3 eps) nu or sqrt(eps) nu below 1 + eps w; the record counts"
        " what crossed in `at_or_below_zero`.",
        draw=lambda axes: _draw(axes[0], rows),
    )


def _draw(axes: Any, rows: dict[tuple[str, float], Floats]) -> None:
    """Shares at or below 0 over the collisions."""
    n = range(1, SHOWN + 1)
    for k, ((noise, eps), found) in enumerate(rows.items()):
        label = f"{noise} noise, eps = {eps:g}{'' if found.any() else ': none'}"
        axes.plot(n, found[1:], "os^v"[k], ms=4, color=f"C{k}", label=label)
        if noise == GAUSSIAN.name:
            axes.plot(n, [foretold(eps, m) for m in n], "k--", lw=0.9, label=None if k else "theory")
    axes.set_yscale("log")
    axes.set_ylim(2e-5, 30.0)
    axes.set_xlabel("collisions")
    axes.set_ylabel("share of the particles at or below 0")
    axes.set_title("K = x: particles cross zero, the equation does not")
    axes.legend(loc="upper left", ncols=2)
