"""A point of a sweep: one case, its particles, its equation and its exact law.

At every time t, for every component of x:

    mean E x,  variance V x,  energy E x^2      of the cloud, of the equation's solution, of the exact law
    W1(cloud, reference) / E W1                 the reference is the exact law; the equation's solution
                                                where none is known, and in the plane

E W1 is the exact mean for as many draws of the reference: a ratio of 1 on average is all that sampling does, more is
what the layers, eps or the cells are off. In the plane it is sliced W1. All points share the seed, so that a curve over
a value of the model is smoother than its points are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import kinetic
import particles
from kinetic.plane.domain import rectangle
from particles import Scheme
from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.errors import InputError, NotFiniteError
from particles.model import Case, Law, Measure, Model, exact_law
from particles.run import Run
from validation.distance import w1, w1_to_law
from validation.distance.floor import expected_w1
from validation.distance.sliced import sliced_w1
from validation.distance.sliced_floor import expected_sliced_w1

MOMENTS = ("mean", "variance", "energy")
SIDES = ("particles", "equation", "exact")
DISTANCES = ("w1", "w1_floor")


@dataclass(frozen=True, eq=False)
class Point:
    """What is to be run; `grid` and `equation` are None where the equation is not asked for, or not known."""

    case: Case
    scheme: Scheme
    run: Run
    grid: Any = None
    equation: Any = None


@dataclass(frozen=True, eq=False)
class Found:
    """What was found: "particles_mean", ..., "exact_energy" of shape (times, components), "w1" and "w1_floor" of
    (times,), with NaN for what is not known; `against` is the reference, `remarks` tell what failed.
    """

    values: dict[str, Floats]
    against: str = ""
    remarks: tuple[str, ...] = field(default=())


def grid_of(case: Case, until: float, cells: int, domain: Any) -> Any:
    """The grid of a case up to a time: by its tails unless the ends are given, or where these are too heavy its own.

    A case's own ends are for its own values. Errors as `kinetic.domain`.
    """
    if domain is None:
        try:
            domain = (kinetic.domain if case.model.size == 1 else rectangle)(case.model, until)
        except InputError:
            if case.domain is None:
                raise
            domain = case.domain
    if case.model.size == 1:
        return kinetic.Grid(*domain, cells=cells)
    pairs: Any = domain
    return kinetic.Plane(*(kinetic.Grid(low, high, cells=cells) for low, high in pairs))


def carry_out(point: Point) -> Found:
    """Run a point, this rank alone; what stops being finite is NaN with a remark, and no end of the sweep."""
    times, model = point.run.stops, point.case.model
    shape = len(times), model.size
    values: dict[str, Any] = {f"{side}_{moment}": np.full(shape, np.nan) for side in SIDES for moment in MOMENTS}
    values |= {name: np.full(len(times), np.nan) for name in DISTANCES}
    found, remarks = Found(values), []
    clouds = solution = None
    try:
        run = point.run
        clouds = particles.simulate(
            model, point.scheme, count=run.count, until=run.until, times=times, seed=run.seed, start=run.start,
            comm=parallel.serial(),
        )  # fmt: skip
    except NotFiniteError as error:
        remarks.append(f"particles: {error}")
    try:
        if point.grid is not None:
            solution = kinetic.solve(model, point.grid, point.equation, until=times[-1], times=times)
    except (NotFiniteError, InputError) as error:
        remarks.append(f"equation: {error}")
    laws = [None if clouds is None else _law(model, time) for time in times]  # the law would overflow as they did
    exact = model.size == 1 and all(law is not None for law in laws)  # projections of others take minutes
    against = "exact law" if exact else "equation" if solution is not None else ""
    for k, time in enumerate(times):
        if clouds is not None:
            mean, energy, variance = clouds.moments[k, 0], clouds.moments[k, 1], clouds.variances[k]
            _note(values, "particles", k, mean, variance, energy)
        held = None if solution is None else solution.at(time)
        if held is not None:
            _note(values, "equation", k, held.mean, held.variance, held.moment(2) / held.mass)
        law = laws[k]
        if law is not None:
            mean, variance = np.atleast_1d(law.mean), np.atleast_1d(law.variance)
            _note(values, "exact", k, mean, variance, variance + mean**2)
        reference = law if against == "exact law" else held
        if clouds is not None and reference is not None:
            try:
                values["w1"][k], values["w1_floor"][k] = _distances(clouds.at(time), reference, point.run.count)
            except InputError as error:
                remarks.append(f"W1 at t = {time:g}: {error}")
    return Found(found.values, against, tuple(remarks))


def _law(model: Model, time: float) -> Any:
    """The exact law where it is known, in R^d where it is a closed form: others take as long as all the rest."""
    law = exact_law(model, time)
    return law if law is None or model.size == 1 or law.accuracy == 0.0 else None


def _note(values: dict[str, Floats], side: str, k: int, *moments: Any) -> None:
    for name, moment in zip(MOMENTS, moments, strict=True):
        values[f"{side}_{name}"][k] = moment


def _distances(cloud: Measure, reference: Any, count: int) -> tuple[float, float]:
    """W1 of a cloud to its reference, in R^d sliced W1, and its exact mean for as many draws; InputError where none."""
    if cloud.dim > 1:
        return sliced_w1(cloud, reference), expected_sliced_w1(reference, count)
    distance = w1_to_law(cloud, reference) if isinstance(reference, Law) else w1(cloud, reference)
    return distance, expected_w1(reference, count)
