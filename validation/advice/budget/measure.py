"""The experiments of a budget: laws by computation, solutions on two domains, clouds for sampling and for the total."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

import kinetic
from kinetic.plane.domain import rectangle
from kinetic.schemes import require_scheme, suited
from particles import Collisions, Euler
from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.checks import require_count
from particles.base.errors import InputError
from particles.base.launch import launched_size
from particles.base.memory import require_memory
from particles.base.provenance import provenance
from particles.model import Case, Law, Measure, Model
from validation.advice.budget import plane
from validation.advice.budget.record import Budget, Term
from validation.advice.budget.rounding import rounding
from validation.distance import w1, w1_to_law
from validation.distance.floor import expected_w1
from validation.distance.sliced_floor import expected_sliced_w1
from validation.exact import boltzmann_law, euler_law, limit_law, w1_between
from validation.studies.kind import Progress, run_alone
from validation.studies.study import Z95

REPLICATES = 40


@dataclass(frozen=True)
class Settings:
    """What a budget is drawn up for.

    So many particles, at least 1, on cells, at least 8, of a grid that ends at `domain`, by the scheme `pde`, up to
    `until`; in the plane so many cells in each direction, and a pair of ends for each. `replicates`, at least 2, are
    the clouds for sampling, and as many others for the total.
    """

    count: int
    cells: int
    until: float
    domain: tuple[Any, Any]
    pde: kinetic.Scheme
    replicates: int = REPLICATES
    seed: int = 0


@dataclass(frozen=True)
class _Chain:
    """The laws from the particles to the limit; `poisson` is None without noise."""

    own: Law
    poisson: Law | None
    limit: Law


@dataclass(frozen=True)
class _Solved:
    """Solutions on the domain given, on a wide one of the same cells, and on a wide one of half as many."""

    narrow: Measure
    wide: Measure
    coarse: Measure
    ends: tuple[float, float]
    seconds: float
    wide_seconds: float


def settings_of(case: Case, **given: Any) -> Settings:
    """Settings of a case; what is not given is the case's own: its domain, cells, horizon and number of particles."""
    chosen = {name: value for name, value in given.items() if value is not None}
    until = chosen.pop("until", case.until)
    if case.model.size == 2:
        domain = tuple(chosen.pop("domain", None) or case.rectangle or rectangle(case.model, until))
    else:
        domain = tuple(chosen.pop("domain", None) or case.interval or kinetic.domain(case.model, until))
    base = {"count": case.count, "cells": case.cells, "pde": suited(case.model)}
    return Settings(**{**base, "until": until, "domain": domain, **chosen})


def check(case: Case, scheme: Euler | Collisions, settings: Settings) -> None:
    """Refuse what `budget` could not do, before MPI or numba is loaded."""
    model = case.model
    if model.size > 2:
        raise InputError(f"case {case.name!r} of dimension {model.size} has no budget: allowed are 1 and 2")
    if model.mean_coupled:
        raise InputError(f"case {case.name!r}: its bias follows the mean of the cloud, so its particles are no draws")
    if isinstance(scheme, Euler) == (model.nu2 > 0.0):
        raise InputError(f"scheme = {scheme!r} does not suit nu2 = {model.nu2!r}: Euler without noise, else Collisions")
    require_count("replicates", settings.replicates, least=2)
    if settings.cells < 8:
        raise InputError(f"cells = {settings.cells!r} must be at least 8: a grid of half as many is solved too")
    require_scheme(settings.pde, noisy=model.nu2 > 0.0, in_plane=model.size == 2)
    if model.size == 2:
        if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in settings.domain):
            raise InputError(f"domain = {settings.domain!r} in the plane: allowed are two ends in x and two in y")
        plane.check(case, scheme, settings.until)
    scheme.levels(model, settings.until, [])
    require_memory(f"count = {settings.count}", 60.0 * settings.count * launched_size())


def budget(
    case: Case, scheme: Euler | Collisions, settings: Settings, *, comm: Any = None, progress: Progress = lambda p: None
) -> Budget:
    """Draw up the budget of W1 between the particles and the PDE of a case. Collective over the ranks of `comm`.

    Clouds are shared out over the ranks; the budget does not depend on their number, but for its seconds. Errors as
    `check`, or if a law of the chain cannot be computed: the case is on the line and, with noise, has constant weight
    and bias.
    """
    check(case, scheme, settings)
    ranks, model = parallel.of(comm), case.model
    if model.size == 2:
        return _plane_budget(case, scheme, settings, ranks, progress)
    chain = ranks.together(lambda: _chain(model, scheme, settings.until))
    solved = ranks.on_first(lambda: _solve(model, settings))
    runs = _Clouds(model, scheme, settings)
    sampling, total, seconds = runs.measure(
        ranks, lambda cloud: w1_to_law(cloud, chain.own), lambda cloud: w1(cloud, solved.narrow), progress
    )
    lost = ranks.on_first(lambda: rounding(model, scheme, settings.until))
    terms = (
        _sampled("sampling", sampling, "clouds against the law of a particle", "particles x 4", 0.5, 3.0 * seconds),
        *_computed(chain, scheme, seconds),
        *_gridded(chain, solved, model, settings),
        Term("rounding", lost, 0.0, "the same steps and draws in 80-bit arithmetic"),
    )
    return Budget(
        case=case.name,
        scheme=repr(scheme),
        settings={**dataclasses.asdict(settings), "pde": settings.pde.name},
        terms=terms,
        total=_sampled("total", total, "other clouds against the solution", None, 1.0, 0.0),
        floor=expected_w1(chain.own, settings.count),
        provenance=provenance(),
    )


def _plane_budget(case: Case, scheme: Any, settings: Settings, ranks: parallel.Ranks, progress: Progress) -> Budget:
    """The same in the plane, in sliced W1."""
    with ranks.one_rank_a_node_first():
        found = plane.chain(case, scheme, settings)
    runs = _Clouds(case.model, scheme, settings)
    sampling, total, seconds = runs.measure(
        ranks,
        lambda cloud: found.own.distance(cloud.points),
        lambda cloud: found.solution.distance(cloud.points),
        progress,
    )
    lost = ranks.on_first(lambda: rounding(case.model, scheme, settings.until))
    grid = Term(
        "grid", found.grid, 0.0, f"wide solution against the limit; order {found.order:.2g} from half the cells",
        "cells x 2", found.grid / 2.0**found.order, (2.0**plane.POWER - 1.0) * found.seconds,
    )  # fmt: skip
    domain = Term(
        "domain", found.domain, 0.0, f"solution against that on {found.told}", f"domain {found.told}", 0.0,
        max(found.wide_seconds - found.seconds, 0.0),
    )  # fmt: skip
    step = found.time_step
    return Budget(
        case=case.name,
        scheme=repr(scheme),
        settings={**dataclasses.asdict(settings), "pde": settings.pde.name},
        terms=(
            _sampled("sampling", sampling, "clouds against the law of a particle", "particles x 4", 0.5, 3.0 * seconds),
            Term("time step", step, 0.0, "law of the layers against the flow", "layers x 2", 0.5 * step, seconds),
            grid,
            domain,
            Term("rounding", lost, 0.0, "the same steps and draws in 80-bit arithmetic"),
        ),
        total=_sampled("total", total, "other clouds against the solution", None, 1.0, 0.0),
        floor=expected_sliced_w1(found.law, settings.count),
        distance="SW1",
        provenance=provenance(),
    )


def _chain(model: Model, scheme: Euler | Collisions, until: float) -> _Chain:
    limit = limit_law(model, until)
    if isinstance(scheme, Euler):
        layers = len(scheme.levels(model, until, [])) - 1
        return _Chain(euler_law(model, layers, until), None, limit)
    poisson = boltzmann_law(model, dataclasses.replace(scheme, clock="poisson", dt=None), until)
    own = poisson if scheme.clock == "poisson" else boltzmann_law(model, scheme, until)
    return _Chain(own, poisson, limit)


def _solve(model: Model, settings: Settings) -> _Solved:
    grid = kinetic.Grid(*settings.domain, cells=settings.cells)
    wide = widened(grid, model, settings.until)
    half = kinetic.Grid(wide.lo, wide.hi, cells=max(wide.cells // 2, 4))
    kinetic.solve(model, half, settings.pde, until=1e-3 * settings.until)  # compiles
    found, times = [], []
    for each in (grid, wide, half):
        began = perf_counter()
        found.append(kinetic.solve(model, each, settings.pde, until=settings.until).at(settings.until))
        times.append(perf_counter() - began)
    return _Solved(found[0], found[1], found[2], (wide.lo, wide.hi), times[0], times[1])


def widened(grid: kinetic.Grid, model: Model, until: float) -> kinetic.Grid:
    """The grid with whole cells added at its ends until nothing that matters lies beyond; walls stay where they are."""
    lo, hi = kinetic.domain(model, until)
    low, high = model.ends
    bottom = grid.lo == low or (model.diffusion.half_line and grid.lo == 0.0)
    below = 0 if bottom else max(0, math.ceil((grid.lo - lo) / grid.h))
    above = 0 if grid.hi == high else max(0, math.ceil((hi - grid.hi) / grid.h))
    cells = grid.cells + below + above
    return kinetic.Grid(grid.lo - below * grid.h, grid.hi + above * grid.h, cells=cells)


@dataclass(frozen=True)
class _Clouds:
    """Clouds of the scheme, each with its own key."""

    model: Model
    scheme: Euler | Collisions
    settings: Settings

    def measure(
        self,
        ranks: parallel.Ranks,
        to_law: Callable[[Measure], float],
        to_solution: Callable[[Measure], float],
        progress: Progress,
    ) -> tuple[Floats, Floats, float]:
        """Distances of some clouds to their law, of others to a solution, on any ranks the same; a run's seconds."""
        number = self.settings.replicates

        def run(key: int) -> tuple[float, float]:
            began = perf_counter()
            cloud = self._cloud(key, count=self.settings.count)
            seconds = perf_counter() - began
            return (to_law(cloud) if key < number else to_solution(cloud)), seconds

        with ranks.one_rank_a_node_first():
            self._cloud(2 * number, count=2)
        values, seconds = np.array(ranks.deal(range(2 * number), run, progress=progress)).T
        return values[:number], values[number:], float(seconds.min())

    def _cloud(self, key: int, *, count: int) -> Measure:
        asked = {"count": count, "seed": self.settings.seed, "replicate": key}
        run = run_alone(self.model, self.scheme, self.settings.until, **asked)
        return run.at(self.settings.until)


def _sampled(name: str, values: Floats, how: str, knob: str | None, left: float, seconds: float) -> Term:
    mean = float(values.mean())
    half = Z95 * float(values.std(ddof=1)) / math.sqrt(values.size)
    return Term(name, mean, half, f"{how}, {values.size} of them", knob, left * mean, seconds)


def _off(*laws: Law) -> float:
    """What W1 between computed laws may be off by."""
    return float(sum(law.accuracy for law in laws))


def _computed(chain: _Chain, scheme: Euler | Collisions, seconds: float) -> tuple[Term, ...]:
    """Terms of the time step and of eps, from computed laws."""
    if chain.poisson is None:
        value = w1_between(chain.own, chain.limit)
        return (
            Term("time step", value, 0.0, "law of the layers against the flow", "layers x 2", 0.5 * value, seconds),
        )
    assert isinstance(scheme, Collisions)
    eps = w1_between(chain.poisson, chain.limit)
    left = math.sqrt(0.5) if scheme.noise.third else 0.5
    terms = []
    if scheme.clock != "poisson":
        value = w1_between(chain.own, chain.poisson)
        knob = "dt / 2" if scheme.clock == "nanbu" else None  # the synchronous clock's step is eps
        off, how = _off(chain.own, chain.poisson), "law of the clock against Poisson's"
        terms.append(Term("time step", value, off, how, knob, 0.5 * value, seconds))
    off = _off(chain.poisson, chain.limit)
    terms.append(Term("eps", eps, off, "law at eps against the limit", "eps / 2", left * eps, seconds))
    return tuple(terms)


def _gridded(chain: _Chain, solved: _Solved, model: Model, settings: Settings) -> tuple[Term, Term]:
    """Terms of the cells and of the ends of the grid."""
    fine, coarse = (w1_to_law(measure, chain.limit) for measure in (solved.wide, solved.coarse))
    order = min(max(math.log2(coarse / fine), 0.5), 4.0)
    power = settings.pde.power(model.nu2 > 0.0)
    domain = w1(solved.narrow, solved.wide)
    lo, hi = solved.ends
    return (
        Term(
            "grid", fine, _off(chain.limit),
            f"wide solution against the limit; order {order:.2g} from half the cells", "cells x 2",
            fine / 2.0**order, (2.0**power - 1.0) * solved.seconds,
        ),
        Term(
            "domain", domain, 0.0, f"solution against that on [{lo:.4g}, {hi:.4g}]", f"domain [{lo:.4g}, {hi:.4g}]",
            0.0, max(solved.wide_seconds - solved.seconds, 0.0),
        ),
    )  # fmt: skip
