"""Study of the grazing limit: W1 between Boltzmann's collisions at finite eps and their Fokker-Planck equation.

Both laws are computed to many digits (`validation.exact`), so the error carries no sampling noise: E eta^3 = 0 makes it
C eps, a skewed noise C sqrt(eps), and two signs without drift from a point keep a lattice, C sqrt(eps) too. C comes
from the first term of the expansion of the law (`validation.exact.first_term`). Particles at the largest eps must have
the law of the collisions. Where the laws are not known well enough for the smallest error there is no verdict.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import particles
from particles import Collisions
from particles.base import parallel
from particles.base.errors import InputError
from particles.base.launch import launched_size
from particles.base.memory import require_memory
from particles.base.provenance import provenance
from particles.model import Case, Law
from particles.noise import GAUSSIAN, UNIFORM, Noise, noise_named
from validation.distance import w1_to_law
from validation.distance.floor import expected_w1
from validation.exact import FirstTerm, boltzmann_law, collision_counts, first_term, limit_law, w1_between
from validation.exact.refine import require_plain
from validation.studies.common_numbers import CommonNumbers, common_numbers
from validation.studies.study import Check, Row, Study, fit_order, order_checks, successive_orders

LEVELS = (0.04, 0.02, 0.01, 0.005, 0.0025)
COUNT, REPLICATES = 100_000, 10
NANBU = 0.5  # dt/eps of Nanbu's clock: with 1 it is the synchronous one
BAND = 0.1  # about the order
CONSTANT = 0.05  # about error/(C eps^order), carried on to eps = 0
SHARE = 0.01  # of the smallest error, that the laws' own may have
ABOVE = 1.8  # mean W1 of 10 clouds over its expectation: sd(W1)/E W1 <= 0.76, so one study in 1000 exceeds it by chance


def scheme_of(eps: float, clock: str, noise: Noise) -> Collisions:
    """The collisions of a level: rate 1/eps, and dt = eps/2 for Nanbu's clock."""
    return Collisions(eps, clock, noise, dt=NANBU * eps if clock == "nanbu" else None)


def noise_of(case: Case, name: str | None) -> Noise:
    """The noise law of that name; by default bounded noise where K = x, as a Gaussian could cross 0."""
    if name is not None:
        return noise_named(name)
    return UNIFORM if case.model.diffusion.half_line else GAUSSIAN


def check(case: Case, *, levels: Sequence[float], clock: str, noise: Noise, until: float, count: int) -> None:
    """Refuse what `grazing` could not do, before MPI or numba is loaded.

    Raises
    ------
    InputError
        With the argument, its value and what is allowed.
    """
    if len(levels) < 3 or list(levels) != sorted(set(levels), reverse=True) or not levels[-1] > 0.0:
        raise InputError(f"levels = {list(levels)!r} must be at least three decreasing positive values of eps")
    if count < 2:
        raise InputError(f"count = {count!r} must be at least 2")
    require_plain(case.model)
    if not case.model.nu2 > 0.0:
        raise InputError(f"nu2 = {case.model.nu2!r}: the grazing limit needs noise; allowed: above 0")
    for eps in levels:
        collision_counts(scheme_of(eps, clock, noise), until)  # the horizon must be a multiple of the clock's step
    require_memory(f"count = {count!r}", 40.0 * count * launched_size())


def grazing(
    case: Case,
    *,
    levels: Sequence[float] = LEVELS,
    clock: str = "poisson",
    noise: Noise | None = None,
    until: float | None = None,
    count: int = COUNT,
    seed: int = 0,
    comm: Any = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Study:
    """Measure W1 between the laws of collisions and of their Fokker-Planck equation over `levels` of eps. Collective.

    Parameters
    ----------
    case : Case
        On the line, with noise, without walls, constant weight and bias.
    levels : sequence of float
        Decreasing values of eps, at least three; every collision must preserve order.
    clock : {"poisson", "nanbu", "synchronous"}, default "poisson"
        Nanbu's with dt = eps/2.
    noise : Noise, optional
        Default: gaussian where K is constant, uniform where K = x.
    until : float > 0, optional
        Time of the comparison; by default the case's horizon.
    count : int >= 2
        Particles of each of the 10 clouds that must have the law at the largest eps.
    seed : int in [0, 2**32)
    comm : mpi4py communicator, optional
        Levels and clouds are shared out over its ranks; the result does not depend on their number.
    progress : callable, optional
        Gets the finished share in [0, 1].

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If an argument is out of range, or a law cannot be computed.
    """
    until, noise = until or case.until, noise or noise_of(case, None)
    check(case, levels=levels, clock=clock, noise=noise, until=until, count=count)
    ranks = parallel.of(comm)
    share = {"poisson": 0.0, "nanbu": NANBU, "synchronous": 1.0}[clock]
    with ranks.one_rank_a_node_first():
        limit = limit_law(case.model, until)
    term = first_term(case.model, noise, until, share=share)
    schemes = [scheme_of(eps, clock, noise) for eps in levels]
    first = boltzmann_law(case.model, schemes[0], until)

    def error(scheme: Collisions) -> tuple[float, float]:
        law = first if scheme is schemes[0] else boltzmann_law(case.model, scheme, until)
        return w1_between(law, limit), law.accuracy + limit.accuracy

    def distance(replicate: int) -> float:
        return _cloud(case, schemes[0], first, until, count, seed, replicate)

    errors = ranks.deal(schemes, error, progress=progress)
    mean = sum(ranks.deal(range(REPLICATES), distance)) / REPLICATES
    paired = common_numbers(case.model, until, levels[0], count, seed, ranks)
    rows = tuple(
        Row(eps, 1, errors[k][0], 0.0, term.constant * eps**term.order, {"laws +-": errors[k][1]})
        for k, eps in enumerate(levels)
    )
    extra = {
        "time": until, "clock": clock, "noise": noise.name, "count": count, "sampled": mean,
        "floor": expected_w1(first, count), **dataclasses.asdict(term),
        "common_numbers": None if paired is None else dataclasses.asdict(paired),
    }  # fmt: skip
    return _judge(case, rows, term, paired, extra)


def _cloud(case: Case, scheme: Collisions, law: Law, until: float, count: int, seed: int, replicate: int) -> float:
    run = particles.simulate(
        case.model, scheme, count=count, until=until, seed=seed, replicate=replicate, comm=parallel.serial()
    )
    return w1_to_law(run.at(until), law)


def _judge(
    case: Case, rows: tuple[Row, ...], term: FirstTerm, paired: CommonNumbers | None, extra: dict[str, Any]
) -> Study:
    least = min(row.error for row in rows)
    worst = max(row.also["laws +-"] for row in rows)
    refusal = None
    if worst > SHARE * least:
        refusal = f"the laws are known to {worst:.1e} only, the smallest error is {least:.1e}: give larger eps"
    elif term.accuracy > SHARE:
        refusal = f"the constant C is known to {term.accuracy:.0%} only: the drift or the start is too rough for it"
    limit, ratio = _at_zero(rows, term.order), extra["sampled"] / extra["floor"]
    claim = f"error/(C eps^{term.order:g}), carried on to eps = 0, is 1 within {CONSTANT:g}"
    checks = (
        *order_checks(rows, term.order, band=BAND, cap=1.5 * term.constant * rows[-1].level ** term.order),
        Check(claim, f"{limit:.5f}", abs(limit - 1.0) <= CONSTANT),
        Check(
            f"W1(particles, their law) at eps = {rows[0].level:g} is at most {ABOVE:g} times its expectation",
            f"{ratio:.3f}", ratio <= ABOVE,
        ),
        *([] if paired is None else [paired.check]),
    )  # fmt: skip
    orders = ", ".join(f"{order:.4f}" for order in successive_orders(rows))
    remarks = (
        f"{extra['clock']} clock, {extra['noise']} noise; order from level to level: {orders}",
        f"C = {term.constant:.6g}, from the first term of the expansion in eps",
        f"particles: {REPLICATES} clouds of {extra['count']}, W1 to the law of the collisions {extra['sampled']:.3e}"
        f" (expected: {extra['floor']:.3e})",
        *([] if paired is None else [paired.remark]),
    )
    return Study(
        name="grazing",
        case=case.name,
        refinement="eps",
        quantity=f"W1(Boltzmann, Fokker-Planck) at t = {extra['time']:g}",
        rows=rows,
        slope=fit_order(rows),
        constant=None,
        expected_slope=term.order,
        checks=checks,
        reference=f"C eps^{term.order:g}",
        refusal=refusal,
        remarks=remarks,
        extra=extra,
        provenance=provenance(),
    )


def _at_zero(rows: Sequence[Row], order: float) -> float:
    """error/(C eps^order) at eps = 0, from the last two levels by a straight line in eps^order (the next power)."""
    (a, x), (b, y) = [(row.level**order, row.error / row.reference) for row in rows[-2:] if row.reference]
    return float((y * a - x * b) / (a - b))
