"""What every scheme of the particles promises, those of particles and one of a user's own: one row a scheme."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import particles
from particles import Collisions, Euler, ExactFlow, Milstein
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.cautions import cautions
from particles.model import IDENTITY, LINEAR, TANH, Law, Lognormal, Model, Normal, exact_law
from particles.noise import TWO_POINT, UNIFORM
from particles.schemes.scheme import Scheme, even_levels
from validation.advice.budget.measure import w1_between
from validation.exact import boltzmann_law

QUIET = Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0))
OU = Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=1.0, initial=Normal(0.5, 0.5))
GEOMETRIC = Model(drift=IDENTITY, weight=-0.4, bias=0.0, nu2=0.2, diffusion=LINEAR, initial=Lognormal(0.0, 0.1))


@dataclass(frozen=True)
class Midpoint(Scheme):
    """x' = x + dt f at x + dt/2 f: a user's own, for constant parameters and no noise."""

    dt: float
    order: ClassVar[float] = 2.0

    def levels(self, model: Model, until: float, stops: Any) -> Floats:
        return even_levels(until, stops, self.dt)

    def parameters(self, model: Model, levels: Floats, k: int, n: int, mean: Floats | None) -> tuple[Any, ...]:
        return tuple(levels[k:n].tolist())

    def advance(self, model: Model, state: Floats, parameters: tuple[Any, ...], address: Any) -> None:
        for t in parameters:
            half = state[0] + 0.5 * self.dt * model.speed(state[0], t)
            state[0] += self.dt * model.speed(half, t)

    def stride(self, levels: Floats) -> float:
        return self.dt


ROWS: dict[str, tuple[Model, Callable[[float], Scheme]]] = {
    "euler": (QUIET, lambda dt: Euler(dt=dt)),
    "layers": (QUIET, lambda dt: Euler(layers=round(2.0 / dt))),
    "exact": (QUIET, lambda dt: ExactFlow()),
    "poisson": (OU, lambda dt: Collisions(dt, dt=0.25)),
    "nanbu": (OU, lambda dt: Collisions(dt, "nanbu", dt=dt / 4.0)),
    "synchronous": (OU, lambda dt: Collisions(dt, "synchronous", TWO_POINT)),
    "milstein": (GEOMETRIC, lambda dt: Milstein(dt, UNIFORM)),
    "own": (QUIET, Midpoint),
}


def errors(name: str) -> Floats:
    """W1 to the limit at t = 2 for dt = 1/4, 1/8, 1/16, without sampling: of carried quantiles or a computed law."""
    model, make = ROWS[name]
    limit, found = exact_law(model, 2.0), []
    assert isinstance(limit, Law)
    p = (np.arange(400) + 0.5) / 400.0
    for dt in (0.25, 0.125, 0.0625):
        scheme = make(dt)
        if isinstance(scheme, Collisions | Milstein):
            found.append(w1_between(boltzmann_law(model, scheme, 2.0), limit))
        else:
            ends = particles.carry(model, scheme, model.start.quantile(p), 2.0)  # type: ignore[union-attr]
            found.append(float(np.abs(ends - limit.quantile(p)).mean()))
    return np.array(found)


@pytest.mark.parametrize("name", ROWS)
def test_the_order_stated_is_the_order_measured(name: str) -> None:
    order = ROWS[name][1](0.25).order
    if order == math.inf:
        assert errors(name).max() < 1e-12
    else:
        measured = -np.diff(np.log2(errors(name)))
        assert np.abs(measured - order).max() < 0.2


def test_a_scheme_that_states_a_higher_order_than_it_has_is_found_out() -> None:
    for name, claimed in (("euler", 2.0), ("poisson", 2.0), ("own", 3.0)):
        assert np.abs(-np.diff(np.log2(errors(name))) - claimed).min() > 0.2


@pytest.mark.parametrize("name", ROWS)
def test_levels_go_from_0_to_the_horizon_and_hold_every_stop(name: str) -> None:
    model, make = ROWS[name]
    scheme = make(0.125)
    levels = scheme.levels(model, 2.0, [0.5, 1.75])
    assert (levels[0], levels[-1]) == (0.0, 2.0)
    assert (np.diff(levels) > 0.0).all()
    assert {0.5, 1.75} <= set(levels.tolist())
    if scheme.order < math.inf:
        with pytest.raises(InputError, match="multiple of the step"):
            scheme.levels(model, 2.0, [0.3])


@pytest.mark.parametrize("name", ROWS)
def test_a_particle_is_carried_alone_and_in_parts_to_the_same_bits(name: str) -> None:
    model, make = ROWS[name]
    x = np.linspace(0.5, 1.5, 40)
    whole = particles.carry(model, make(0.125), x, 2.0, seed=9)
    for first in (0, 17, 39):
        part = particles.carry(model, make(0.125), x[first : first + 2], 2.0, seed=9, first=first)
        np.testing.assert_array_equal(part, whole[first : first + 2])
    run = particles.simulate(model, make(0.125), until=2.0, start=particles.model.Samples(x), seed=9)
    np.testing.assert_array_equal(run.state(2.0)[0], whole)
    assert run.info["scheme"] == repr(make(0.125))


@pytest.mark.parametrize("name", ROWS)
def test_a_scheme_says_what_it_costs_and_needs(name: str) -> None:
    model, make = ROWS[name]
    scheme = make(0.125)
    levels = scheme.levels(model, 2.0, [])
    assert scheme.passes(levels) >= 1.0
    assert scheme.nanoseconds > 0.0
    assert scheme.stride(levels) == (0.0 if scheme.order == math.inf else 0.125)
    assert all(sentence.strip() for sentence in cautions(model, scheme, levels))
    if model.nu2 == 0.0 and name != "own":
        with pytest.raises(InputError, match=r"nu2 = 1\.0: .* has no noise"):
            scheme.levels(OU, 2.0, [])
