"""A planted bug turns the right verdict red: the studies and budgets are run on a program that is wrong by a little.

Each test plants one bug in the code that a study calls and leaves the theory that it is judged by alone. Without the
bug the same verdict holds (the first test), so that it is the bug that is seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

import kinetic
import particles
from kinetic.line.reconstruction import CWENO3, Three
from particles import Collisions
from particles.base.jit import formula
from particles.model import Model, cases
from validation.advice.budget import budget, settings_of
from validation.studies.grid import GridStudy
from validation.studies.mean_field import MeanFieldStudy

LEVELS = (1_000, 10_000, 100_000)
Simulate = Callable[..., Any]


@formula
def _constant(left: float, middle: float, right: float, c: tuple[float, float, float, float]) -> Three:
    """Upwind: the cell average itself, first order."""
    return middle, 0.0, 0.0


def off_by_one_per_cent(model: Model) -> Model:
    return dataclasses.replace(model, weight=1.01 * model.weight)


def sampled() -> bool:
    return MeanFieldStudy(cases["regression"], levels=LEVELS, replicates=240).run().holds


def gridded() -> bool:
    return GridStudy(cases["regression"], levels=(100, 200, 400, 800)).run().holds


def budgeted() -> list[bool]:
    """Closure both ways, and sampling against its exact mean."""
    settings = settings_of(cases["tanh-noise"], count=400_000, cells=200, until=1.0, replicates=6)
    return [check.holds for check in budget(cases["tanh-noise"], Collisions(0.2), settings).checks]


def test_without_a_bug_the_verdicts_hold() -> None:
    assert sampled()
    assert gridded()
    assert all(budgeted())


def test_particles_whose_drift_is_off_by_one_per_cent_fail_the_mean_field_study(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real: Simulate = particles.simulate
    monkeypatch.setattr(
        particles, "simulate", lambda model, *rest, **given: real(off_by_one_per_cent(model), *rest, **given)
    )
    assert not sampled()


def test_an_equation_whose_drift_is_off_by_one_per_cent_fails_the_grid_study(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Simulate = kinetic.solve
    monkeypatch.setattr(
        kinetic, "solve", lambda model, *rest, **given: real(off_by_one_per_cent(model), *rest, **given)
    )
    assert not gridded()


def test_a_first_order_reconstruction_fails_the_grid_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CWENO3, "polynomial", property(lambda self: _constant))
    assert not gridded()


def test_a_wrong_clock_fails_the_sampling_term_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every particle collides at every step instead of at the times of its Poisson clock."""
    real: Simulate = particles.simulate

    def simulate(model: Model, scheme: Collisions, **given: Any) -> Any:
        return real(model, dataclasses.replace(scheme, clock="synchronous", dt=None), **given)

    monkeypatch.setattr(particles, "simulate", simulate)
    closed_above, closed_below, sampling = budgeted()
    assert closed_above
    assert closed_below
    assert not sampling


def test_noise_of_the_wrong_variance_fails_the_sampling_term_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Simulate = particles.simulate

    def simulate(model: Model, scheme: Collisions, **given: Any) -> Any:
        return real(dataclasses.replace(model, nu2=1.05 * model.nu2), scheme, **given)

    monkeypatch.setattr(particles, "simulate", simulate)
    assert not budgeted()[-1]
