"""The cheapest run that meets a W1 tolerance: how many particles, layers or collisions, and cells.

Minimise M n under A M^(-1/2) + c n^(-p) = s: sampling takes the share y = 2p/(2p + 1) of s, since 2/y = (1/p)/(1 - y).
What the grid may take of the tolerance is tried over a few shares; of all ways the one with the least seconds is taken.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import kinetic
import particles
from particles import Collisions, Euler
from particles.base import parallel
from particles.base.checks import require_positive
from particles.base.errors import InputError
from particles.forecast import Forecast, forecast
from particles.model import Case
from particles.run import Run
from validation.advice.planner.candidates import GridModel, PowerLaw, Way, grid_model, limit_of, sampling, ways
from validation.distance.enclosure import enclose_at

SAFETY = 0.95
"""Of the tolerance that the model of errors may use: it extrapolates."""
GRID_SHARES = (0.01, 0.03, 0.1, 0.3)
FEWEST_STEPS, FEWEST_CELLS = 8, 50
GATHERED = 10**6
"""Clouds of so many particles are compared exactly; of larger ones W1 is enclosed."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The cheapest run found, with what it is forecast to reach and to cost.

    `errors` forecasts sampling (95 % point), bias and grid, `particles` memory, seconds and disk of the particles;
    `tried` holds the seconds of the best run of every way.
    """

    case: Case
    tolerance: float
    until: float
    way: str
    scheme: Euler | Collisions
    count: int
    steps: int
    cells: int
    domain: tuple[float, float]
    pde: kinetic.Scheme
    errors: dict[str, float]
    particles: Forecast
    pde_seconds: float
    tried: dict[str, float]

    @property
    def seconds(self) -> float:
        """Of particles and equation."""
        return self.particles.seconds + self.pde_seconds


@dataclass(frozen=True)
class Outcome:
    """What a plan's run reached: bounds of W1 (equal where it is exact), and its seconds."""

    lower: float
    upper: float
    particle_seconds: float
    pde_seconds: float

    @property
    def seconds(self) -> float:
        """Of particles and equation."""
        return self.particle_seconds + self.pde_seconds


def cheapest(
    case: Case,
    tolerance: float,
    *,
    until: float | None = None,
    noise: str | None = None,
    clock: str | None = None,
    ranks: int = 1,
) -> Plan:
    """Find the cheapest run of particles and equation whose W1 is below a tolerance, in 95 of 100 keys.

    Parameters
    ----------
    case : Case
        On the line; with noise, constant weight and bias.
    tolerance : float > 0
        Of W1(cloud, PDE).
    until : float > 0, optional
        Time of the comparison; by default the case's horizon.
    noise, clock : str, optional
        Names; by default all that suit the case are tried.
    ranks : int >= 1, default 1

    Raises
    ------
    InputError
        If an argument is out of range, or no way suits the case.
    """
    require_positive("tolerance", tolerance)
    model, until = case.model, case.until if until is None else until
    limit = limit_of(model, until)
    draws, grid = sampling(limit), grid_model(model, until, limit)
    best: dict[str, tuple[float, Way, int, int, int]] = {}
    for way in ways(model, until, limit, noise=noise, clock=clock):
        best[way.name] = min(
            (_sized(way, draws, grid, SAFETY * tolerance, share, ranks) for share in GRID_SHARES),
            key=lambda one: one[0],
        )
    if not best:
        raise InputError(f"case {case.name!r} has no way to run whose bias is known")
    _, way, count, steps, cells = min(best.values(), key=lambda one: one[0])
    scheme = way.scheme(steps)
    return Plan(
        case=case,
        tolerance=tolerance,
        until=until,
        way=way.name,
        scheme=scheme,
        count=count,
        steps=steps,
        cells=cells,
        domain=grid.domain,
        pde=grid.scheme,
        errors={"sampling, 95 %": draws(count), "bias": way.bias(steps), "grid": grid.error(cells)},
        particles=forecast(model, scheme, Run(count=count, until=until), ranks=ranks, measure=True),
        pde_seconds=grid.seconds(cells),
        tried={name: one[0] for name, one in best.items()},
    )


def _sized(
    way: Way, draws: PowerLaw, grid: GridModel, tolerance: float, share: float, ranks: int
) -> tuple[float, Way, int, int, int]:
    """Seconds and sizes of a run whose grid takes this share of the tolerance."""
    rest, order = (1.0 - share) * tolerance, way.bias.order
    part = 2.0 * order / (2.0 * order + 1.0)
    count = math.ceil(draws.needed(part * rest))
    steps = max(FEWEST_STEPS, math.ceil(way.bias.needed((1.0 - part) * rest)))
    cells = max(FEWEST_CELLS, math.ceil(grid.error.needed(share * tolerance)))
    seconds = 1e-9 * count * steps * way.nanoseconds / ranks + grid.seconds(cells)
    return seconds, way, count, steps, cells


def carry_out(plan: Plan, *, seed: int = 0, comm: Any = None, progress: Any = lambda share: None) -> Outcome:
    """Run a plan, and enclose the distance that it reached. Collective over the ranks of `comm`."""
    ranks = parallel.of(comm)
    model = plan.case.model
    small = kinetic.Grid(*plan.domain, cells=FEWEST_CELLS)
    _compile(plan, ranks, small)
    ranks.barrier()
    began = perf_counter()
    run = particles.simulate(
        model, plan.scheme, count=plan.count, until=plan.until, seed=seed, comm=ranks, progress=progress
    )
    ranks.barrier()
    ran = perf_counter()
    grid = dataclasses.replace(small, cells=plan.cells)
    solution = ranks.on_first(lambda: kinetic.solve(model, grid, plan.pde, until=plan.until).at(plan.until))
    solved = perf_counter()
    found = enclose_at(run, plan.until, solution, gather=GATHERED)
    return Outcome(found.lower, found.upper, ran - began, solved - ran)


def _compile(plan: Plan, ranks: parallel.Ranks, grid: kinetic.Grid) -> None:
    """Compilation is no part of what was forecast."""
    model, early = plan.case.model, plan.until / plan.steps
    with ranks.one_rank_a_node_first():
        kinetic.solve(model, grid, plan.pde, until=early)
        particles.simulate(model, plan.scheme, count=2, until=early, comm=parallel.serial())
