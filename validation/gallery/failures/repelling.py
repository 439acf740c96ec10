"""A repelling rest point: w > 0, the sign of the captions (E28 of docs/errata.md).

With w = 1, b = -1 the rest point 1 of the regression problem repels. For N(1, 1), Z normal,

    tanh:      E abs(x - 1) = E arcsinh(e^t sinh abs(Z)),     5.217 at t = 5 instead of 0.0076 for w = -1
    identity:  V = e^(2 t).

The grid must grow with the cloud. One that ends at 1 +- R keeps what passes its ends as atoms there,

    P(abs(x - 1) > R) = 2 Phi(-arcsinh(e^(-t) sinh R))  (tanh),     2 Phi(-R e^(-t))  (identity),

and W1 is wrong by how far that mass has gone on, E max(abs(x - 1) - R, 0).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from kinetic import Grid, cautions, domain, solve, tail_masses
from particles import ExactFlow, simulate
from particles.model import IDENTITY, Measure, Model, PushForward, cases
from validation.distance import w1_to_law
from validation.figures import draw_density
from validation.gallery.exhibit import Exhibit, Number
from validation.studies.study import Check

UNTIL, LINEAR_UNTIL = 5.0, 3.0
REACH = 7.0
ATTRACTING = cases["regression"].model
REPELLING = dataclasses.replace(ATTRACTING, weight=1.0, bias=-1.0)


def distance_to_one(model: Model) -> float:
    """Mean abs(x - 1) of 10^5 particles at t = 5, started at quantiles so that sampling does not show."""
    run = simulate(model, ExactFlow(), count=100_000, until=UNTIL, start="quantile")
    return float(np.abs(run.at(UNTIL).points - 1.0).mean())


def foretold(sign: float, reach: float = 0.0) -> float:
    """E max(arcsinh(e^(sign t) sinh abs(Z)) - reach, 0) at t = 5, by quadrature."""
    from scipy.integrate import quad

    def integrand(z: float) -> float:
        return (math.asinh(math.exp(sign * UNTIL) * math.sinh(z)) - reach) * math.exp(-0.5 * z * z)

    start = math.asinh(math.exp(-sign * UNTIL) * math.sinh(reach))
    return float(math.sqrt(2.0 / math.pi) * quad(integrand, start, 12.0, limit=200)[0])


def outside(model: Model) -> float:
    """P(abs(x - 1) > REACH) at t = 5."""
    back = REACH * math.exp(-UNTIL)
    if model.drift is not IDENTITY:
        back = math.asinh(math.exp(-UNTIL) * math.sinh(REACH))
    return math.erfc(back / math.sqrt(2.0))


def repelling() -> Exhibit:
    """tanh and identity with w = 1 on grids that grow and on one that does not."""
    linear = dataclasses.replace(REPELLING, drift=IDENTITY)
    law = PushForward(REPELLING, UNTIL)
    lo, hi = domain(REPELLING, UNTIL)
    whole = solve(REPELLING, Grid(lo, hi, cells=1200), until=UNTIL)
    cut = Grid(1.0 - REACH, 1.0 + REACH, cells=700)
    kept = {model.drift.name: solve(model, cut, until=UNTIL) for model in (REPELLING, linear)}
    ends = [domain(linear, t) for t in (1.0, LINEAR_UNTIL)]
    early, late = (high - low for low, high in ends)
    variance = float(solve(linear, Grid(*ends[1], cells=1600), until=LINEAR_UNTIL).at(LINEAR_UNTIL).variance[0])
    told = cautions(linear, Grid(*domain(linear, UNTIL), cells=1200), UNTIL)
    seen = tail_masses(kept["tanh"])
    return Exhibit(
        name="repelling",
        failure="With the captions' sign, w = +1, the rest point repels: the cloud leaves it and any fixed grid.",
        numbers=(
            Number("tanh, w = 1: mean abs(x - 1) at t = 5", foretold(1.0), distance_to_one(REPELLING), 2e-3),
            Number("tanh, w = -1: the same", foretold(-1.0), distance_to_one(ATTRACTING), 1e-5),
            Number("identity, w = 1: V(3) of the equation on `kinetic.domain`", math.exp(6.0), variance, 1.0),
            Number("identity: growth of `kinetic.domain` from t = 1 to 3, e^2", math.exp(2.0), late / early, 1e-6),
            Number("tanh: W1 of the equation on `kinetic.domain`", 0.0, w1_to_law(whole.at(UNTIL), law), 1e-4),
            Number("tanh on [-6, 8]: mass beyond the ends", outside(REPELLING), _lost(kept["tanh"].atoms), 1e-4),
            Number("tanh on [-6, 8]: W1", foretold(1.0, REACH), w1_to_law(kept["tanh"].at(UNTIL), law), 1e-4),
            Number("identity on [-6, 8]: mass beyond the ends", outside(linear), _lost(kept["identity"].atoms), 1e-4),
        ),
        checks=(
            Check(
                "`kinetic.tail_masses` tells that the grid was too narrow",
                f"{seen[0]:.3g} and {seen[1]:.3g} at the ends, below 1e-9 on `kinetic.domain`",
                min(seen) > 1e-3 and max(tail_masses(whole)) < 1e-9,
            ),
            Check(
                "`kinetic.cautions` tells that a grid which is wide enough may be too coarse for the start",
                "; ".join(told),
                any("narrower than a cell" in sentence for sentence in told),
            ),
        ),
        remedy="Take w = -1, b = 1 as the text has it; where w > 0 is meant, ask `kinetic.domain` for the ends and"
        " `kinetic.tail_masses` afterwards, with cells enough for the start.",
        draw=lambda axes: _draw(axes[0], whole.at(UNTIL), kept["tanh"].at(UNTIL), law),
    )


def _draw(axes: Any, whole: Measure, cut: Measure, law: PushForward) -> None:
    """Densities on both grids, and the masses at the ends of the narrow one."""
    x = np.linspace(-11.0, 13.0, 600)
    draw_density(axes, "on kinetic.domain", whole, "C0", (x[0], x[-1]))
    draw_density(axes, "on [-6, 8]; triangles: mass at its ends", cut, "C1", (x[0], x[-1]))
    axes.plot(x, law.pdf(x), "k--", lw=0.9, label="exact law")
    axes.axvline(1.0, color="0.5", ls=":", lw=1.0, label="rest point")
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(0.0, 1.4 * float(law.pdf(x).max()))
    axes.set_xlabel("x")
    axes.set_ylabel("density g(t, x)")
    axes.set_title(f"tanh, w = +1, t = {UNTIL:g}")
    axes.legend(loc="upper center", ncols=2)


def _lost(atoms: np.ndarray) -> float:
    return float(atoms[-1].sum())
