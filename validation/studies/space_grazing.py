"""Study of the grazing limit in R^d for linear models: sliced W1 of synchronous Gaussian collisions and their limit.

Both laws are normal. Collisions x' = x + eps (A x + b) + sqrt(eps) nu eta follow, to second order in eps,

    m' = (A m + b) + eps m_1',   m_1' = A m_1 - A (A m + b)/2,
    S' = G + eps S_1',           S_1' = A S_1 + S_1 A^T + A S A^T - (A G + G A^T)/2,   G = A S + S A^T + nu^2 I,

so that along a direction theta, with s^2 = theta S theta, the first term of W1 is eps E abs(theta m_1 + Z d), Z normal
and d = theta S_1 theta/(2 s): C is its mean over the directions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from particles import Collisions
from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.ode import runge_kutta_4
from particles.model import Model
from particles.noise import DEFAULT_NOISE, GAUSSIAN, GAUSSIAN24, GAUSSIAN53
from validation.distance.sliced import directions, sliced_w1
from validation.distance.sliced_floor import expected_sliced_w1
from validation.studies.followed import linear_collisions_law, require_linear
from validation.studies.kind import Progress, run_alone
from validation.studies.space_sides import between_normal, known_law
from validation.studies.study import Check, Row, Study, fit_order, order_checks, ratio_at_zero, successive_orders

if TYPE_CHECKING:
    from validation.studies.grazing import GrazingStudy

STEPS = 400  # of Runge and Kutta's scheme, for the first term
ABOVE = 1.4  # mean SW1 of 10 clouds over its expectation: sd(SW1)/E SW1 <= .3, so one study in 10^4 exceeds it


def check(asked: GrazingStudy) -> None:
    """Refuse what `run` could not do."""
    model = asked.case.model
    require_linear(model)
    if asked.clock not in (None, "synchronous") or asked.noise not in (None, GAUSSIAN, GAUSSIAN24, GAUSSIAN53):
        raise InputError(
            f"clock = {asked.clock!r} in R^{model.size}: the law is known of synchronous collisions with Gaussian noise"
        )
    known_law(asked.case, asked.time)


def run(asked: GrazingStudy, ranks: parallel.Ranks, progress: Progress, replicates: int) -> Study:
    """Compute the laws and carry the clouds, which are shared out over the ranks."""
    model, until = asked.case.model, asked.time
    limit, constant = known_law(asked.case, until), first_term_constant(model, until)
    laws = [linear_collisions_law(model, eps, round(until / eps)) for eps in asked.values]
    first = Collisions(asked.values[0], "synchronous", asked.noise or DEFAULT_NOISE)

    def seen(replicate: int) -> float:
        run = run_alone(model, first, until, count=asked.count, seed=asked.seed, replicate=replicate)
        return sliced_w1(run.at(until), laws[0])

    with ranks.one_rank_a_node_first():
        run_alone(model, first, until, count=2, seed=asked.seed)
    sampled = math.fsum(ranks.deal(range(replicates), seen, progress=progress)) / replicates
    rows = tuple(
        Row(eps, 1, between_normal(law, limit), 0.0, constant * eps)
        for eps, law in zip(asked.values, laws, strict=True)
    )
    return _judge(asked, rows, sampled / expected_sliced_w1(laws[0], asked.count), replicates)


def first_term_constant(model: Model, until: float) -> float:
    """C of sliced W1 = C eps + O(eps^2) between the laws of the collisions and of their limit at `until`."""
    size = model.size
    weight = model.weights(0.0)
    a, b, unit = weight[0], model.biases(0.0, weight)[0], np.eye(size)

    def slope(y: Floats, t: float) -> Floats:
        m, m1 = y[:size], y[size : 2 * size]
        s, s1 = y[2 * size :].reshape(2, size, size)
        f, g = a @ m + b, a @ s + s @ a.T + model.nu2 * unit
        d1 = a @ s1 + s1 @ a.T + a @ s @ a.T - 0.5 * (a @ g + g @ a.T)
        return np.concatenate([f, a @ m1 - 0.5 * a @ f, g.reshape(-1), d1.reshape(-1)])

    initial: Any = model.initial
    y = np.concatenate(
        [initial.mean, np.zeros(size), np.asarray(initial.covariance).reshape(-1), np.zeros(size * size)]
    )
    h = until / STEPS
    for k in range(STEPS):
        y = runge_kutta_4(slope, y, k * h, h)
    s, s1 = y[2 * size :].reshape(2, size, size)
    terms = []
    for theta in directions(size).T:
        shift, spread = (
            float(theta @ y[size : 2 * size]),
            float(theta @ s1 @ theta) / (2.0 * math.sqrt(theta @ s @ theta)),
        )
        terms.append(_folded(shift, abs(spread)))
    return math.fsum(terms) / len(terms)


def _folded(m: float, d: float) -> float:
    """E abs(m + d Z), Z normal."""
    if d == 0.0:
        return abs(m)
    z = m / d
    return math.sqrt(2.0 / math.pi) * d * math.exp(-0.5 * z * z) + m * math.erf(z / math.sqrt(2.0))


def _judge(asked: GrazingStudy, rows: tuple[Row, ...], ratio: float, replicates: int) -> Study:
    from validation.studies.grazing import BAND, CONSTANT  # which calls this module

    constant = float(rows[0].reference or 0.0) / rows[0].level
    limit = ratio_at_zero(rows, lambda row: row.level)
    checks = (
        *order_checks(rows, 1.0, band=BAND, cap=1.5 * constant * rows[-1].level),
        Check(f"error/(C eps), carried on to eps = 0, is 1 within {CONSTANT:g}", f"{limit:.5f}",
              abs(limit - 1.0) <= CONSTANT),
        Check(f"SW1(particles, their law) at eps = {rows[0].level:g} is at most {ABOVE:g} times its expectation",
              f"{ratio:.3f}", ratio <= ABOVE),
    )  # fmt: skip
    orders = ", ".join(f"{order:.4f}" for order in successive_orders(rows))
    remarks = (
        f"synchronous clock, Gaussian noise; order from level to level: {orders}",
        f"C = {constant:.6g}, from the first term of the expansion in eps",
        f"particles: {replicates} clouds of {asked.count}",
    )
    return asked.study(
        refinement="eps",
        quantity=f"SW1(Boltzmann, Fokker-Planck) at t = {asked.time:g}",
        rows=rows,
        slope=fit_order(rows),
        expected_slope=1.0,
        checks=checks,
        reference="C eps",
        remarks=remarks,
        extra={
            "time": asked.time, "clock": "synchronous", "noise": (asked.noise or DEFAULT_NOISE).name,
            "count": asked.count, "constant": constant, "sampled": ratio,
        },
    )  # fmt: skip
