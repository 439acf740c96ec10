"""An answer does not depend on the unit of length, mass or time.

With x = s y, t = T r and mass c the equation keeps its form,

    identity, ReLU: w -> w/T, b -> b s/T;   tanh, sigmoid (bounded by 1): T = s, w -> w/s, b -> b;
    b = -w m1, the first moment: c = 1;
    nu^2 -> nu^2 s^2/T for K = 1, nu^2/T for K = x;   g -> (c/s) g.

Powers of two are exact in floating point, so that the scaled run is the run, bit for bit; other factors agree to what
rounding grows to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetic import CWENO3, Explicit, Grid, Linear, Solution, domain, solve, steady_state
from kinetic.line.reconstruction import parabolas
from kinetic.schemes import SCHEMES
from particles import Collisions, Euler, ExactFlow, Milstein, simulate
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.times import index_of
from particles.model import IDENTITY, LINEAR, MEAN_COUPLED, RELU, TANH, Dirac, Model, Normal, Uniform, piecewise

UNTIL, CELLS, ENDS = 0.25, 60, (-3.0, 5.0)


def problem(name: str, s: float, time: float) -> tuple[Model, Grid]:
    """The model in units in which lengths are s and times `time` as large, on its grid."""
    ends = tuple(s * end for end in ENDS)
    start: Any = Normal(1.0 * s, 0.25 * s * s)
    common: dict[str, Any] = {"weight": -1.0 / time, "bias": 1.0 * s / time, "nu2": 0.5 * s * s / time}
    walls = {"walls": ends, "wall": "reflecting"}
    match name:
        case "identity":
            model = Model(drift=IDENTITY, initial=start, **common)
        case "walls":
            ends = tuple(s * end for end in (0.25, 2.0))
            model = Model(drift=IDENTITY, initial=Uniform(0.5 * s, 1.5 * s), **common | walls | {"walls": ends})
        case "mean":
            model = Model(drift=IDENTITY, initial=start, **common | {"bias": MEAN_COUPLED})
        case "relu, K = x":
            ends = (0.0, ends[1])
            noise = {"diffusion": LINEAR, "nu2": 0.5 / time}
            model = Model(drift=RELU, initial=Uniform(0.5 * s, 2.0 * s), **common | noise)
        case "pulse":
            weight = piecewise([0.0, 0.1 * time, 0.15 * time], np.array([-1.0, -8.0, 0.5]) / time)
            model = Model(drift=IDENTITY, initial=start, **common | {"weight": weight})
        case "varying":
            model = Model(drift=IDENTITY, initial=start, **common | {"weight": lambda t: -(1.0 + t / time) / time})
        case "tanh":  # the caller takes time = s
            model = Model(drift=TANH, initial=start, **common | {"weight": -1.0 / s, "bias": 1.0, "nu2": 0.5 * s})
    return model, Grid(*ends, cells=CELLS)


NAMES = ("identity", "walls", "mean", "relu, K = x", "pulse", "varying", "tanh")
RARE = (CWENO3(c0=0.5, p=1, weights="CW"), CWENO3(p=3, positive=True))
RECONSTRUCTIONS = [CWENO3(), Linear(), *(pytest.param(rare, marks=pytest.mark.long) for rare in RARE)]


def run(
    name: str, s: float, time: float, mass: float, scheme: str, reconstruction: Any, noise: bool = True
) -> Solution:
    model, grid = problem(name, s, time)
    if not noise:
        model = Model(drift=model.drift, weight=model.weight, bias=model.bias, initial=model.initial)
    averages = mass * grid.averages(model.initial)
    cfl = 1.0 / 6.0 if reconstruction.positive else 0.45
    chosen = replace(SCHEMES[scheme], cfl=cfl)  # type: ignore[type-var]
    if scheme != "chang-cooper":
        chosen = replace(chosen, reconstruction=reconstruction)  # type: ignore[type-var]
    return solve(model, grid, chosen, until=UNTIL * time, times=(0.5 * UNTIL * time,), averages=averages)


def scaled_back(solution: Solution, s: float, mass: float) -> Floats:
    return np.concatenate([solution.averages * (s / mass), solution.atoms / mass], axis=1)


powers = st.integers(-30, 30).map(lambda k: 2.0**k)


@pytest.mark.parametrize("scheme", [name for name, row in SCHEMES.items() if row.on_line])
@pytest.mark.parametrize("name", NAMES)
def test_in_units_that_are_powers_of_two_the_equation_has_the_same_bits(name: str, scheme: str) -> None:
    @settings(derandomize=True, deadline=None, max_examples=4, database=None)
    @given(powers, powers, powers)
    def check(s: float, time: float, mass: float) -> None:
        time, mass = s if name == "tanh" else time, 1.0 if name == "mean" else mass
        one, other = run(name, 1.0, 1.0, 1.0, scheme, CWENO3()), run(name, s, time, mass, scheme, CWENO3())
        assert other.steps == one.steps
        np.testing.assert_array_equal(scaled_back(other, s, mass), scaled_back(one, 1.0, 1.0))

    check()


@pytest.mark.parametrize("reconstruction", RECONSTRUCTIONS, ids=repr)
def test_so_has_every_reconstruction_with_and_without_noise(reconstruction: Any) -> None:
    for noise, s, mass in ((True, 2.0**-30, 2.0**10), (False, 2.0**30, 2.0**-10)):
        one, other = (run("identity", x, 1.0, m, "explicit", reconstruction, noise) for x, m in ((1.0, 1.0), (s, mass)))
        np.testing.assert_array_equal(scaled_back(other, s, mass), scaled_back(one, 1.0, 1.0))
        at = [parabolas(end.reconstruction, end.averages[-1], end.grid.h, periodic=False) for end in (one, other)]
        np.testing.assert_array_equal(at[1] * (s / mass), at[0])


@pytest.mark.parametrize("scheme", [name for name, row in SCHEMES.items() if row.on_line])
@settings(derandomize=True, deadline=None, max_examples=6, database=None)
@given(st.floats(-9.0, 9.0), st.floats(-9.0, 9.0), st.floats(-9.0, 9.0))
def test_in_any_units_it_is_the_same_to_rounding(scheme: str, length: float, time: float, mass: float) -> None:
    s, tau, c = 10.0**length, 10.0**time, 10.0**mass
    one, other = run("identity", 1.0, 1.0, 1.0, scheme, CWENO3()), run("identity", s, tau, c, scheme, CWENO3())
    np.testing.assert_allclose(scaled_back(other, s, c), scaled_back(one, 1.0, 1.0), rtol=0.0, atol=1e-12)


def test_the_eps_of_the_papers_has_a_unit() -> None:
    """The control: in millimetres the answer is another one, by far more than rounding."""
    one, other = (run("identity", s, 1.0, 1.0, "explicit", CWENO3(eps="h^2"), noise=False) for s in (1.0, 1024.0))
    assert np.abs(scaled_back(other, 1024.0, 1.0) - scaled_back(one, 1.0, 1.0)).max() > 1e-5


def test_a_state_beyond_the_reach_of_the_weights_is_refused_and_an_empty_one_is_none() -> None:
    model, grid = problem("identity", 1.0, 1.0)
    start = grid.averages(model.initial)
    for size, p in ((1e-30, 2), (1e30, 2), (1e-15, 3)):
        with pytest.raises(InputError, match="another unit"):
            solve(model, grid, Explicit(CWENO3(p=p)), until=0.1, averages=size * start)
    assert not solve(model, grid, until=0.1, averages=0.0 * start).averages.any()
    record = solve(model, grid, until=0.1)
    assert record.reconstruction == CWENO3(eps=record.reconstruction.eps)  # type: ignore[union-attr]
    assert record.scheme.reconstruction.eps == "relative"
    assert np.isfinite(parabolas(record.reconstruction, 1e-300 * start, grid.h, periodic=False)).all()


# what else had a unit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("s", [1e-12, 1.0, 1e12])
def test_stored_times_are_told_apart_in_any_unit_of_time(s: float) -> None:
    times = (0.0, 0.25 * s, 0.5 * s, s)
    assert [index_of(times, t) for t in times] == [0, 1, 2, 3]
    assert index_of(times, 0.5 * s * (1.0 + 1e-12)) == 2
    assert index_of(times, 0.3 * s) is None
    assert index_of(times, float("nan")) is None
    case = Model(drift=IDENTITY, weight=-1.0 / s, bias=0.0, initial=Normal(1.0, 1.0))
    cloud = simulate(case, ExactFlow(), count=100, until=s, times=times)
    equation = solve(case, Grid(-4.0, 6.0, cells=50), until=s, times=times)
    for t in times[1:]:
        assert float(cloud.at(t).mean[0]) == pytest.approx(float(cloud.at(0.0).mean[0]) * np.exp(-t / s))
        assert float(equation.at(t).mean[0]) == pytest.approx(np.exp(-t / s), abs=0.05)


@pytest.mark.parametrize("s", [1e-12, 1e9])
def test_laws_at_rest_and_domains_have_no_unit(s: float) -> None:
    def quartiles(s: float) -> Floats:
        walls = {"walls": (-s, 3.0 * s), "wall": "reflecting"}
        model = Model(drift=TANH, weight=1.0 / s, bias=0.3, nu2=0.5 * s, initial=Uniform(0.0, s), **walls)
        law = steady_state(model).law
        assert law is not None
        return np.asarray(law.quantile(np.array([0.25, 0.5, 0.75]))) / s

    np.testing.assert_allclose(quartiles(s), quartiles(1.0), rtol=1e-12)
    for start in (Dirac(0.0), Dirac(s), Normal(0.0, s * s)):
        ends = domain(Model(drift=TANH, weight=-1.0 / s, bias=start.mean / s, initial=start), s)
        unit: Any = Normal(0.0, 1.0) if isinstance(start, Normal) else Dirac(start.mean / s)
        expected = domain(Model(drift=TANH, weight=-1.0, bias=unit.mean, initial=unit), 1.0)
        np.testing.assert_allclose(np.array(ends) / s, expected, rtol=1e-12)


@pytest.mark.parametrize("scheme", ["euler", "exact", "synchronous", "poisson", "milstein"])
def test_in_units_that_are_powers_of_two_particles_have_the_same_bits(scheme: str) -> None:
    """Noise of variance nu^2 has the root of a power of four for a factor; walls 2 s apart are met."""

    def cloud(s: float, time: float) -> Floats:
        quiet = scheme in ("euler", "exact")
        walls: dict[str, Any] = {} if quiet else {"walls": (0.0, 2.0 * s), "wall": "reflecting"}
        model = Model(
            drift=IDENTITY,
            weight=-1.0 / time,
            bias=s / time,
            nu2=0.0 if quiet else 2.0 * s * s / time,
            initial=Uniform(0.25 * s, 1.5 * s),
            **walls,
        )
        dt = time / 16.0
        schemes: dict[str, Any] = {
            "euler": Euler(dt=dt), "exact": ExactFlow(), "milstein": Milstein(dt),
            "synchronous": Collisions(dt, "synchronous"), "poisson": Collisions(dt, "poisson", dt=2.0 * dt),
        }  # fmt: skip
        return np.asarray(simulate(model, schemes[scheme], count=500, until=time).state(time) / s)

    one = cloud(1.0, 1.0)
    for s, time in ((2.0**-40, 1.0), (2.0**30, 2.0**-28), (1.0, 2.0**30)):
        np.testing.assert_array_equal(cloud(s, time), one)
