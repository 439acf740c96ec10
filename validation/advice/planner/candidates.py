"""What a tolerance costs: the errors of one way to run a case as powers of its refinements, measured, and its speed.

    sampling  A_95 M^(-1/2)    A_95 the 95 % point of int abs(B(F)) dx, B a Brownian bridge (`validation.distance.null`)
    bias      c n^(-p)         n layers, or n = T/eps collisions: W1(exact law of the scheme, exact limit) at two n
    grid      g N^(-q)         W1(PDE, exact limit) on two grids of the domain that holds all but 1e-12 of the mass

A run's W1 is below their sum in 95 of 100 keys: W1 is a metric, and of the three only sampling is random.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import kinetic
from kinetic.schemes import suited
from particles import Collisions, Euler
from particles.base.errors import InputError
from particles.forecast import forecast
from particles.model import Law, Model
from particles.noise import NOISES, Noise
from particles.run import Run
from validation.distance import w1_to_law
from validation.distance.null import null_law
from validation.exact import boltzmann_law, euler_law, limit_law, w1_between

TRIED = ("two-point", "uniform", "gaussian24")
"""Noise laws that are tried where none is asked for: without a third moment, so that the bias is O(eps)."""
CLOCKS = ("synchronous", "poisson")
FEW, MANY = 64, 128  # steps at which the bias is computed
CELLS = (200, 400)
SAMPLING_LEVEL = 0.95
_LARGE = 10**6  # draws at which W1's law is the asymptotic one


@dataclass(frozen=True)
class PowerLaw:
    """value n^(-order) through a measured point."""

    at: float
    value: float
    order: float

    def __call__(self, n: float) -> float:
        """Value at n."""
        return self.value * math.pow(n / self.at, -self.order)

    def needed(self, value: float) -> float:
        """The n at which it has fallen to a value."""
        return self.at * (self.value / value) ** (1.0 / self.order) if self.value > 0.0 else 0.0

    @classmethod
    def through(cls, first: tuple[float, float], second: tuple[float, float]) -> PowerLaw:
        """Through two points, refined from the first to the second."""
        (n, coarse), (m, fine) = first, second
        if not coarse > fine > 0.0:
            raise InputError(f"an error does not fall from {n:g} to {m:g} steps or cells: {coarse:.3g}, {fine:.3g}")
        return cls(m, fine, math.log(coarse / fine) / math.log(m / n))


@dataclass(frozen=True)
class Way:
    """One way to run the particles of a case: its scheme as a function of n, its bias and its nanoseconds a step."""

    name: str
    scheme: Callable[[int], Euler | Collisions]
    bias: PowerLaw
    nanoseconds: float


def ways(
    model: Model, until: float, limit: Law, *, noise: str | None = None, clock: str | None = None
) -> Iterator[Way]:
    """Ways that suit a model: layers without noise; with it every clock and noise law allowed, or those asked for."""
    if model.nu2 == 0.0:
        yield _way("layers", lambda n: Euler(layers=n), model, until, limit)
        return
    for name in TRIED if noise is None else (noise,):
        for beat in CLOCKS if clock is None else (clock,):
            law = NOISES[name]
            if noise is None and model.diffusion.half_line and not math.isfinite(law.bound):
                continue  # it would carry particles across 0
            try:
                scheme = partial(_collisions, until, beat, law)
                yield _way(f"{beat} clock, {law.name} noise", scheme, model, until, limit)
            except InputError:
                if noise is not None and clock is not None:
                    raise


def _collisions(until: float, clock: str, noise: Noise, n: int) -> Collisions:
    return Collisions(until / n, clock, noise)


def _way(name: str, scheme: Callable[[int], Euler | Collisions], model: Model, until: float, limit: Law) -> Way:
    def law(n: int) -> Law:
        one = scheme(n)
        return boltzmann_law(model, one, until) if isinstance(one, Collisions) else euler_law(model, n, until)

    few, many = ((float(n), w1_between(law(n), limit)) for n in (FEW, MANY))
    speed = forecast(model, scheme(MANY), Run(count=1, until=until), measure=True).nanoseconds
    return Way(name, scheme, PowerLaw.through(few, many), speed)


@dataclass(frozen=True)
class GridModel:
    """Error and seconds of the equation over the number of cells."""

    domain: tuple[float, float]
    scheme: kinetic.Scheme
    error: PowerLaw
    seconds: PowerLaw


def grid_model(model: Model, until: float, limit: Law) -> GridModel:
    """Measure both on two grids."""
    ends, scheme = kinetic.domain(model, until), suited(model)
    errors, times = [], []
    for cells in (CELLS[0], *CELLS):  # the first one compiles
        began = perf_counter()
        solution = kinetic.solve(model, kinetic.Grid(*ends, cells=cells), scheme, until=until)
        times.append(perf_counter() - began)
        errors.append(w1_to_law(solution.at(until), limit))
    error = PowerLaw.through((CELLS[0], errors[1]), (CELLS[1], errors[2]))
    return GridModel(ends, scheme, error, PowerLaw(CELLS[1], times[2], -2.0))


def sampling(limit: Law) -> PowerLaw:
    """The 95 % point of W1 between M draws and their law, over M."""
    return PowerLaw(_LARGE, null_law(limit, _LARGE).quantile(SAMPLING_LEVEL), 0.5)


def limit_of(model: Model, until: float) -> Law:
    """The law that both sides approach, with a mean that W1 can see, or InputError."""
    if model.size != 1 or model.mean_coupled:
        raise InputError("a plan needs a case on the line whose bias does not follow the mean of the cloud")
    return limit_law(model, until)
