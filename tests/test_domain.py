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
from particles.model import IDENTITY, TANH, Dirac, Model, Normal, Product, cases, exact_law


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
