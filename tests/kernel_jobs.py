"""Every kernel of the project, as jobs whose bytes are known by a hash: run as a script by the tests of the cache.

``python tests/kernel_jobs.py ORDER [JOB ...]`` runs jobs in an order that the seed ORDER decides and prints one JSON
object: the hash of each, and how many kernels came from the cache and how many were compiled.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import sys
from collections.abc import Callable
from functools import partial

import numpy as np

import kinetic
import particles
import validation
from kinetic.schemes import SCHEMES
from particles.base import jit, parallel
from particles.ensemble import Bins, Ensemble
from particles.model import (
    CONSTANT,
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    RELU,
    SIGMOID,
    TANH,
    Measure,
    Model,
    Normal,
    Product,
    Uniform,
    cubic,
    exact_law,
    lognormal_family,
    power_law,
)
from particles.multilevel.quantities import DistributionFunction, Moments
from particles.noise import NOISES
from particles.schemes.collisions import Collisions
from particles.schemes.euler import Euler
from particles.schemes.flow import ExactFlow
from particles.schemes.milstein import Milstein
from particles.schemes.scheme import Scheme
from validation.advice.giles import multilevel
from validation.distance.law_on_cells import law_on_cells
from validation.distance.null import null_law
from validation.distance.sliced import sliced_distances
from validation.exact import euler_law

Job = Callable[[], str]
EPS = 1.0 / 16.0
CLOCKS = ("poisson", "synchronous", "nanbu")
PLANE = {"weight": np.array([[-1.0, 0.7], [0.3, -0.5]]), "bias": np.ones(2), "initial": Product([Normal(1.0, 1.0)] * 2)}


def digest(*arrays: np.ndarray) -> str:
    """sha256 of the bytes of arrays."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def line(**options: object) -> Model:
    """A tanh model with noise, with other options."""
    given = {"drift": TANH, "weight": -1.0, "bias": 1.0, "initial": Uniform(0.5, 1.5), "nu2": 0.5} | options
    return Model(**given)  # type: ignore[arg-type]


def carry(model: Model, scheme: Scheme) -> str:
    """Particles after a time of 1/2, their moments and their histogram."""
    ensemble = Ensemble(2048, parallel.serial())
    state = particles.carry(model, scheme, ensemble.start(model, "random", 3, 0), 0.5, seed=3)
    return digest(state, ensemble.moments(state), ensemble.histogram(state, Bins(-5.0, 5.0, 100)))


def solve(model: Model, scheme: kinetic.Scheme) -> str:
    """Averages and parabolas of a short solution."""
    grid = kinetic.Grid(-3.0, 5.0, cells=40)
    measure = kinetic.solve(model, grid, scheme, until=0.1).at(0.1)
    return digest(measure.polynomials, measure.masses)


def burgers(u: float, x: float, t: float) -> float:
    """The flux of a user: u^2/2."""
    return 0.5 * u * u


def burgers_speed(u: float, x: float, t: float) -> float:
    """Its speed."""
    return abs(u)


def shock() -> str:
    """Burgers' equation for a short time."""
    grid = kinetic.Grid(-1.0, 1.0, cells=40)
    start = 0.25 + 0.5 * np.sin(np.pi * grid.centres)
    return digest(
        kinetic.evolve(
            kinetic.Problem(kinetic.NonlinearFlux(burgers, burgers_speed), "periodic"), start, grid, until=0.1
        ).averages
    )


def distances() -> str:
    """What compares: W1 to a density and to laws, the enclosure, the null law."""
    law, points = Normal(0.0, 1.0), np.linspace(-1.0, 2.0, 500)
    cloud = Measure.of_points(points)
    density = Measure(
        np.empty((1, 0)), np.empty(0), np.array([-1.0, 0.0, 2.0]), np.array([[0.4, 0.3], [0.1, 0.0], [0.0, 0.0]])
    )
    enclosure = validation.enclose(points, law, edges=64)
    still = line(nu2=0.0)
    laws = [exact_law(still, 0.5).cdf(points), euler_law(still, 8, 0.5).cdf(points)]  # type: ignore[union-attr]
    numbers = [validation.w1(cloud, density), validation.w1_to_law(cloud, law), enclosure.lower, enclosure.upper]
    return digest(*laws, np.array([*numbers, null_law(law, 100).p_value(0.1)]))


def plane_distances() -> str:
    """What compares in the plane: sliced W1 to cells between walls, its null law."""
    plane = kinetic.Plane(kinetic.Grid(-1.0, 1.5, cells=12), kinetic.Grid(-1.0, 1.0, cells=9))
    density = law_on_cells(Product([Normal(0.1, 0.3), Normal(-0.2, 0.5)]), plane)
    cloud = Measure.of_points(np.stack([np.linspace(-1.0, 1.5, 200), np.linspace(-1.0, 1.0, 200) ** 3]))
    null = validation.sliced_null_law(density, 20, slices=3)
    return digest(sliced_distances(cloud, density, slices=5), null.sliced.distances)


def levels() -> str:
    """Moments and a distribution function by multilevel Monte Carlo."""
    found = [multilevel(line(), 0.5, 0.3, seed=1, quantity=q) for q in (Moments((1,)), DistributionFunction([0.5]))]
    return digest(*[np.asarray(one.estimate) for one in found])


def jobs() -> dict[str, Job]:
    """All jobs by name: every clock with every noise law, every other kernel at least once."""
    found: dict[str, Job] = {}
    for (place, clock), (number, noise) in itertools.product(enumerate(CLOCKS), enumerate(NOISES.values())):
        shape = LINEAR if (place + number) % 2 else CONSTANT
        walls = {"walls": (0.5, 2.0), "wall": "reflecting"} if number == 3 else {}
        model = line(drift=(TANH, SIGMOID, RELU)[place], diffusion=shape, **walls)
        dt = {} if clock == "synchronous" else {"dt": 0.5 * EPS}
        found[f"{clock}, {noise.name}"] = partial(carry, model, Collisions(EPS, clock, noise, **dt))  # type: ignore[arg-type]
    for noise in ("gaussian", "uniform"):
        found[f"plane, {noise}"] = partial(carry, line(**PLANE), Collisions(EPS, "synchronous", NOISES[noise]))
    coupled = line(drift=IDENTITY, bias=MEAN_COUPLED)
    found["mean"] = partial(carry, coupled, Collisions(EPS))
    found["milstein"] = partial(carry, line(drift=lognormal_family(0.5), bias=0.0, diffusion=LINEAR), Milstein(EPS))
    for drift in (IDENTITY, RELU, SIGMOID, TANH):
        found[f"euler, {drift.name}"] = partial(carry, line(drift=drift, nu2=0.0), Euler(dt=EPS))
        found[f"flow, {drift.name}"] = partial(carry, line(drift=drift, nu2=0.0), ExactFlow())
    for drift in (cubic(0.5), power_law(0.3, 1.7), lognormal_family(0.5)):
        found[f"flow, {drift.name}"] = partial(carry, line(drift=drift, bias=0.0, nu2=0.0), ExactFlow())
    still = {**PLANE, "nu2": 0.0}
    found["euler, plane"] = partial(carry, line(**still), Euler(dt=EPS))
    found["flow, plane"] = partial(carry, line(**{**still, "drift": IDENTITY}), ExactFlow())
    found["equation, mean"] = partial(solve, line(drift=IDENTITY, bias=MEAN_COUPLED, nu2=0.0), kinetic.Explicit())
    positive = kinetic.ChangCooper(time="ssprk2")
    found["equation, positive"] = partial(solve, line(initial=Normal(1.0, 0.1)), positive)
    found["equation"] = partial(solve, line(nu2=0.0), kinetic.Explicit())
    for name, scheme in ((name, scheme) for name, scheme in SCHEMES.items() if scheme.on_line):
        found[f"equation, {name}"] = partial(solve, line(initial=Normal(1.0, 0.1)), scheme)
    return found | {"shock": shock, "distances": distances, "plane distances": plane_distances, "levels": levels}


def main(order: str, chosen: list[str]) -> None:
    """Run jobs and print what they gave."""
    known = jobs()
    names = chosen or sorted(known)
    random.Random(int(order)).shuffle(names)
    answers = {name: known[name]() for name in names}
    loaded = sum(sum(one.stats.cache_hits.values()) for one in jit.compiled_kernels)
    missed = sum(sum(one.stats.cache_misses.values()) for one in jit.compiled_kernels)
    print(json.dumps({"sha256": answers, "loaded": loaded, "compiled": missed}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
