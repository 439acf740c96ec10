"""How W1 between a cloud and its law is carried along a flow that does not depend on the cloud, d = 1.

A monotone flow X_t takes quantiles to quantiles, so with F_M of the cloud at the start and F_0 of its law

    W1(X_t # mu_M, X_t # g_0) = int abs(F_M - F_0)(y) X_t'(y) dy,                  X_t' = 0 where a sticky wall holds y,
    W1(t) <= exp( int_0^t (sup abs(f_u) abs(w(s))/d + sup abs(f_x)) ds ) W1(0)     (Dobrushin's inequality).

The first is sharp and replaces Theorem 1 of arXiv 2001.04294; the second is Theorem 1 with the Lipschitz constant of
x -> f(w x/d + b, x) in the exponent, where sup abs(f_u) alone is printed (errata E11). Both fail where the drift leaves
a sticky wall: what is held stays, its neighbour goes.

The integral is taken at the start: F_M is constant between two particles, so abs(F_M - F_0) has one kink there, at the
quantile of F_0; X_t' = f(X_t)/f(y) for each constant (w, b). No distribution function at t is used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import particles
from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.quadrature import gauss
from particles.base.roots import quantile_by_bisection
from particles.model import Measure, Model
from particles.model.exact.transients import PushForward, segments
from validation.distance import w1_to_law
from validation.studies.kind import run_alone
from validation.studies.study import Check

TOLERANCE, ULPS = 1e-9, 8  # of both sides, relative; of the largest position at t
CARRIED = 100_000  # particles, at most, of the cloud a level that is looked at
_NODES, _WEIGHTS = gauss(6)
_PANELS = 500  # of the image of the cloud and its law


@dataclass(frozen=True)
class Propagation:
    """W1 of one cloud to its law at the start and at t, what the start says of the latter, and Dobrushin's bound."""

    start: float
    end: float
    transported: float
    bound: float
    rounding: float

    @property
    def deviation(self) -> float:
        """Difference of the two sides of the identity, relative to the larger."""
        return abs(self.transported - self.end) / (max(self.transported, self.end) or 1.0)

    @property
    def agrees(self) -> bool:
        """Whether the two sides are one number but for `TOLERANCE` of it and the rounding of positions."""
        return self.deviation * max(self.transported, self.end) <= TOLERANCE * self.end + self.rounding

    @property
    def columns(self) -> dict[str, float]:
        """Further columns of a row; the bound's only where the drift has a Lipschitz constant."""
        columns = {"one cloud": self.end, "identity": self.deviation}
        return columns | ({"Dobrushin": self.share} if math.isfinite(self.bound) else {})

    @property
    def share(self) -> float:
        """W1(t) as a part of Dobrushin's bound; 0 where there is none."""
        return self.end / self.bound if self.end > 0.0 else 0.0


def of_levels(
    model: Model, until: float, levels: Sequence[int], start: str, seed: int, ranks: parallel.Ranks
) -> dict[int, Propagation]:
    """Propagation of the first cloud of every level, of its first `CARRIED` particles at most; the levels go round."""
    if not is_known(model):
        return {}

    law = PushForward(model, until)

    def carried(level: int) -> Propagation:
        asked = {"count": min(levels[level], CARRIED), "start": start, "seed": seed, "replicate": 1000 * level}
        cloud = run_alone(model, particles.ExactFlow(), until, times=(0.0, until), **asked)
        return propagation(law, cloud.state(0.0)[0], cloud.state(until)[0])

    return dict(zip(levels, ranks.deal(range(len(levels)), carried), strict=True))


def checks(carried: Sequence[Propagation]) -> list[Check]:
    """The identity, and the inequality where the drift has a Lipschitz constant, on all levels; none without any."""
    if not carried:
        return []
    off, share = max(row.deviation for row in carried), max(row.share for row in carried)
    claim = (
        f"W1(t) of one cloud a level is int abs(F_M - F_0)(y) X_t'(y) dy within {TOLERANCE:g} of it, or {ULPS} ulp of x"
    )
    found = [Check(claim, f"{off:.1e}", all(row.agrees for row in carried))]
    if math.isfinite(carried[0].bound):
        claim = f"its W1(t)/(exp(int Lip abs(w)/d) W1(0)) is at most 1 + {TOLERANCE:g} (Dobrushin)"
        found.append(Check(claim, f"{share:.4g}", share <= 1.0 + TOLERANCE))
    return found


def is_known(model: Model) -> bool:
    """Whether both statements hold for a model on the line: no coupling to the mean, no sticky wall that is left."""
    if model.mean_coupled or not model.piecewise_constant:
        return False
    if model.walls is None:
        return True
    times = np.array([0.0, *model.breakpoints])
    low, high = (np.array([model.speed(wall, t) for t in times]) for wall in model.walls)
    return bool(np.all(low <= 0.0) and np.all(high >= 0.0))


def propagation(law: PushForward, start: Floats, end: Floats) -> Propagation:
    """Both sides of the identity and of the inequality for a cloud at the start and at the law's time, shape (M,)."""
    model = law.model
    before, growth = w1_to_law(Measure.of_points(start), model.start_law), exponent(model, law.time)
    return Propagation(
        start=before,
        end=w1_to_law(Measure.of_points(end), law),
        transported=transported(law, start),
        bound=math.exp(growth) * before if growth < 700.0 else math.inf,
        rounding=ULPS * float(np.spacing(np.abs(end).max())),
    )


def exponent(model: Model, until: float) -> float:
    """int_0^t (sup abs(f_u) abs(w(s))/d + sup abs(f_x)) ds; inf where the drift has no Lipschitz constant."""
    times = np.array(segments(model, [until]))
    weights = np.abs(model.weights(times[:-1])[:, 0, 0])
    rates = model.drift.lipschitz_u * weights + model.drift.lipschitz_x
    return float((rates * np.diff(times)).sum())


def transported(law: PushForward, points: Floats) -> float:
    """int abs(F_M - F_0)(y) X_t'(y) dy by Gauss nodes between particles, kinks, breakpoints of F_0 and F_t, fronts."""
    initial = law.model.start_law
    ordered = np.sort(points)
    knots = np.unique(np.concatenate([ordered, initial.breakpoints(), _fronts(law)]))
    knots = np.union1d(knots, _from_end(law, knots[0], knots[-1]))
    left, right = knots[:-1], knots[1:]
    level = np.searchsorted(ordered, left, side="right") / ordered.size
    kink = left.copy()
    crosses = (initial.cdf(left) < level) & (level < initial.cdf(np.nextafter(right, left)))
    kink[crosses] = np.clip(initial.quantile(level[crosses]), left[crosses], right[crosses])
    total = 0.0
    for begin, end in ((left, kink), (kink, right)):
        some = begin < end  # few panels have a kink inside: of the others the first part is empty
        start, half, beside = begin[some], 0.5 * (end - begin)[some], level[some]
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            y = start + (1.0 + node) * half
            total += math.fsum((weight * half * np.abs(beside - initial.cdf(y)) * law.jacobian(y)).tolist())
    return total


def _from_end(law: PushForward, low: float, high: float) -> Floats:
    """Where points come from that are breakpoints of F_t, or evenly spread at t: panels short at both ends."""
    ends = law.forward(np.array([low, high]))
    there = np.union1d(law.breakpoints(), np.linspace(float(ends[0]), float(ends[1]), _PANELS + 1))
    there = there[(there > ends[0]) & (there < ends[1])]
    return np.asarray(quantile_by_bisection(law.forward, there, np.full(there.shape, low), np.full(there.shape, high)))


def _fronts(law: PushForward) -> Floats:
    """Where what reaches the walls by t starts, on either side: X_t' jumps there."""
    if law.model.walls is None:
        return np.empty(0)
    low, high = law.model.walls
    ends = np.array([low]), np.array([high])
    first = quantile_by_bisection(lambda y: (law.forward(y) > low).astype(np.float64), np.array([0.5]), *ends)
    last = quantile_by_bisection(lambda y: (law.forward(y) >= high).astype(np.float64), np.array([0.5]), *ends)
    return np.concatenate([first, last])
