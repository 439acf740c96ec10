"""Ends of a grid by tail mass."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

import kinetic
from kinetic.domain import TAIL, _by_runs, domain, tail_masses
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    LINEAR,
    RELU,
    TANH,
    Dirac,
    Lognormal,
    Model,
    Normal,
    Product,
    cases,
    cubic,
    exact_law,
    piecewise,
)  # fmt: skip


def test_known_laws_leave_no_more_than_the_tail_beyond_the_ends() -> None:
    case = cases["regression"]
    lo, hi = domain(case.model, case.until)
    for t in (0.01, 0.5, 1.0, 2.0):
        law = exact_law(case.model, t)
        assert law is not None
        assert law.cdf(lo) <= TAIL
        assert 1.0 - law.cdf(hi) <= 2.0 * TAIL  # 1 - F is rounded
    assert hi - lo < 2.2 * stats.norm.isf(TAIL)


def test_a_coarse_run_finds_the_ends_of_an_ornstein_uhlenbeck_process() -> None:
    """U[-1, -1/2], w = -1, nu^2 = 2 to t = 2: within a fifth of the exact quantiles, on the safe side."""
    case = cases["fokker-planck"]
    lo, hi = _by_runs(case.model, case.until, TAIL)
    t = np.linspace(0.01, case.until, 50)
    m, s = -0.75 * np.exp(-t), np.sqrt(1.0 + (1.0 / 48.0 - 1.0) * np.exp(-2.0 * t))
    reach = stats.norm.isf(TAIL)
    assert 1.2 * (m - reach * s).min() < lo < (m - 0.95 * reach * s).min()
    assert (m + 0.95 * reach * s).max() < hi < 1.2 * (m + reach * s).max()


def test_a_shape_that_vanishes_at_zero_ends_there() -> None:
    lo, hi = domain(cases["inverse-gamma"].model, 4.0)
    assert lo == 0.0
    assert stats.invgamma(9.0, scale=8.0).sf(hi) < 1e-11  # the law at rest; at t = 4 its tail is not full yet


def test_walls_are_ends() -> None:
    assert domain(cases["vehicles"].model, 3.0) == (2.0, 8.0)
    wall = (0.0, math.inf)
    model = Model(
        drift=IDENTITY, weight=-1.0, bias=0.0, nu2=2.0, initial=Normal(1.0, 0.1), walls=wall, wall="reflecting"
    )
    lo, hi = domain(model, 1.0)
    assert lo == 0.0
    assert 5.0 < hi < 10.0


def test_heavy_tails_are_refused_unless_less_is_asked_for() -> None:
    model = cases["relu"].model
    with pytest.raises(InputError, match="give the ends of the grid"):
        domain(model, 8.0)
    lo, hi = domain(model, 8.0, tail=1e-3)
    assert lo == 0.0
    assert 50.0 < hi < 4.0 / 9.0e-3  # P(X > x) = 4/(9 x) at rest, which the transient has not filled


def test_a_point_gets_an_interval() -> None:
    model = Model(drift=TANH, weight=-1.0, bias=0.0, initial=Dirac(0.0))
    assert domain(model, 1.0) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("change", "named"),
    [({"until": 0.0}, "until = 0.0"), ({"until": math.inf}, "until = inf"), ({"tail": 0.5}, "tail = 0.5")],
)
def test_bad_arguments_are_refused(change: dict[str, float], named: str) -> None:
    with pytest.raises(InputError, match=named):
        domain(cases["regression"].model, **{"until": 1.0, **change})  # type: ignore[arg-type]


def test_the_plane_is_refused() -> None:
    model = dataclasses.replace(cases["regression"].model, initial=Product([Normal(0.0, 1.0)] * 2))
    with pytest.raises(InputError, match="dimension 2"):
        domain(model, 1.0)


def test_a_grid_that_is_too_narrow_is_seen_after_the_run() -> None:
    case = cases["regression"]
    for ends, seen in ((domain(case.model, 1.0), False), ((-1.0, 3.0), True)):
        solution = kinetic.solve(case.model, kinetic.Grid(*ends, cells=400), until=1.0, times=(0.0,))
        assert all((mass > 1e-9) == seen for mass in tail_masses(solution))


@pytest.mark.parametrize("nu2", [0.1, 0.0])
def test_an_excursion_between_two_jumps_is_inside(nu2: float) -> None:
    bias = piecewise([0.0, 0.01, 0.02], [1000.0, -1000.0, 0.0])
    model = Model(drift=IDENTITY, weight=0.0, bias=bias, nu2=nu2, initial=Normal(0.0, 0.1))
    lo, hi = domain(model, 1.0)
    assert lo < -1.5
    assert hi > 11.5  # the law at t = 0.01 has the mean 10


def test_a_coarse_run_steps_to_the_jumps() -> None:
    """The drift of the cubic: a thousandth of 10^4 to the right and back, far less than a step of the run."""
    bias = piecewise([0.0, 0.001, 0.002], [1e4, -1e4, 0.0])
    model = Model(drift=cubic(1e-6), weight=0.0, bias=bias, nu2=0.5, initial=Normal(0.0, 0.1))
    lo, hi = domain(model, 1.0)
    assert lo < -2.0
    assert 11.0 < hi < 30.0


def test_a_start_at_a_wall_and_mass_beyond_one_are_in_the_run() -> None:
    for start in (Normal(-9.0, 0.1), Dirac(-1.0)):
        wall = {"walls": (-1.0, math.inf), "wall": "reflecting"}
        lo, hi = domain(Model(drift=TANH, weight=-1.0, bias=0.0, nu2=0.5, initial=start, **wall), 1.0)  # type: ignore[arg-type]
        assert lo == -1.0
        assert 3.0 < hi < 8.0


def test_a_lognormal_law_ends_at_zero() -> None:
    start = Lognormal(0.0, 0.2)
    model = Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=0.5, diffusion=LINEAR, initial=start)
    assert domain(model, 1.0)[0] == 0.0


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e6])
def test_the_ends_have_the_unit_of_length(unit: float) -> None:
    def ends(s: float) -> tuple[float, float]:
        start = Normal(0.5 * s, 0.1 * s * s)
        return domain(Model(drift=RELU, weight=-1.0, bias=0.5 * s, nu2=0.1 * s * s, initial=start), 1.0)

    np.testing.assert_allclose(np.array(ends(unit)) / unit, ends(1.0), rtol=0.15)
