"""An answer does not depend on the unit of length, mass or time: the equation.

With x = s y, t = T r and mass c the equation keeps its form,

    identity, ReLU: w -> w/T, b -> b s/T;   tanh, sigmoid (bounded by 1): T = s, w -> w/s, b -> b;
    b = -w m1, the first moment: c = 1;
    nu^2 -> nu^2 s^2/T for K = 1, nu^2/T for K = x;   g -> (c/s) g.

Powers of two are exact in floating point, so that the scaled run is the run, bit for bit; other factors agree to what
rounding grows to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetic import CWENO3, Grid, Linear, Solution, solve
from kinetic.reconstruction import parabolas
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import IDENTITY, LINEAR, MEAN_COUPLED, RELU, TANH, Model, Normal, Uniform, piecewise

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
SCHEMES = ("explicit", "imex", "chang-cooper")
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
    return solve(
        model, grid, until=UNTIL * time, times=(0.5 * UNTIL * time,), averages=averages, scheme=scheme,
        reconstruction=reconstruction, cfl=cfl,
    )  # fmt: skip


def scaled_back(solution: Solution, s: float, mass: float) -> Floats:
    return np.concatenate([solution.averages * (s / mass), solution.atoms / mass], axis=1)


powers = st.integers(-30, 30).map(lambda k: 2.0**k)


@pytest.mark.parametrize("scheme", SCHEMES)
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


@pytest.mark.parametrize("scheme", SCHEMES)
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
            solve(model, grid, until=0.1, averages=size * start, reconstruction=CWENO3(p=p))
    assert not solve(model, grid, until=0.1, averages=0.0 * start).averages.any()
    record = solve(model, grid, until=0.1)
    assert record.reconstruction == CWENO3(eps=record.reconstruction.eps)  # type: ignore[union-attr]
    assert record.provenance["scheme"]["eps"] == "relative"
    assert np.isfinite(parabolas(record.reconstruction, 1e-300 * start, grid.h, periodic=False)).all()
