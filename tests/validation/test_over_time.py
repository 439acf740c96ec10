"""Two records over all times: one verdict, and its figure."""

from __future__ import annotations

import dataclasses
import io
import re

import numpy as np
import pytest

import kinetic
import particles
from particles.model import cases, exact_law
from validation import w1, w1_to_law
from validation.distance.over_time import OverTime, over_time
from validation.distance.pair import Distance, Pair, pair_of
from validation.time_figures import draw_over_time

CASE = cases["regression"]
TIMES = (0.0, 0.5, 1.0)


@pytest.fixture(scope="module")
def pair() -> Pair:
    cloud = particles.simulate(CASE.model, particles.ExactFlow(), count=2000, until=1.0, times=TIMES)
    cloud.info["case"] = CASE.name
    return pair_of(cloud, kinetic.solve(CASE.model, kinetic.Grid(-7.0, 9.0, cells=200), until=1.0, times=TIMES))


def test_every_time_has_its_row_and_one_verdict_stands_over_them(pair: Pair) -> None:
    """Control: a cloud that is moved at one time alone differs there."""
    shares: list[float] = []
    found = over_time(pair, shares.append)
    assert shares == [1 / 3, 2 / 3, 1.0]
    assert found.rows == tuple(pair.distance(at, tested=True) for at in pair.times)
    assert (found.holds, found.level, found.symbol) == (True, 0.05 / 3, "W1")
    least = min(row.p_value for row in found.rows if row.p_value is not None)
    assert found.verdict.startswith(
        f"indistinguishable from sampling at 3 times: the smallest p = {least:.2g}, at t = "
    )
    law = exact_law(CASE.model, 1.0)
    assert found.rows[2].pde_error == w1_to_law(pair.other.at(1.0), law)  # type: ignore[arg-type]
    states = [state + 0.2 * (t == 0.5) for t, state in zip(TIMES, pair.one.states, strict=True)]
    moved = over_time(dataclasses.replace(pair, one=dataclasses.replace(pair.one, states=tuple(states))))
    assert moved.holds is False
    assert moved.verdict == "differs from sampling at t = 0.5: the smallest p < 1e-4, at t = 0.5"
    assert found.to_dict()["rows"][0]["ratio"] == found.rows[0].ratio


def test_what_the_equation_is_off_by_is_not_held_against_the_particles() -> None:
    """Known by the exact law, or where none is by half the cells: all times in one solution."""
    model = cases["relu"].model
    scheme = particles.Collisions(eps=0.02, clock="synchronous", noise=particles.TWO_POINT)
    cloud = particles.simulate(model, scheme, count=300, until=0.2, times=(0.0, 0.1, 0.2))
    cloud.info["case"] = "relu"
    ends, asked = kinetic.domain(model, 0.2), {"until": 0.2, "times": (0.0, 0.1, 0.2)}
    solution = kinetic.solve(model, kinetic.Grid(*ends, cells=64), kinetic.Imex(), **asked)  # type: ignore[arg-type]
    half = kinetic.solve(model, kinetic.Grid(*ends, cells=32), kinetic.Imex(), until=0.2, times=(0.1, 0.2))
    rows = over_time(pair_of(cloud, solution)).rows
    assert [row.pde_error for row in rows[1:]] == [w1(solution.at(t), half.at(t)) for t in (0.1, 0.2)]
    assert all(row.p_less_error is not None and row.p_less_error >= (row.p_value or 1.0) for row in rows[1:])


def row(time: float, p: float, less: float | None) -> Distance:
    return Distance(time=time, w1=1.0, floor=0.5, p_value=p, band=(0.3, 0.9), pde_error=0.6, p_less_error=less)


@pytest.mark.parametrize(
    ("rows", "holds", "told"),
    [
        ([row(0.0, 0.3, 0.4), row(1.0, 0.03, 0.9)], True, "indistinguishable from sampling at 2 times"),
        ([row(0.0, 0.3, 0.4), row(1.0, 0.02, 0.9)], True, "at t = 1; but by no more than the equation's own error"),
        ([row(0.0, 0.3, 0.4), row(1.0, 0.02, 0.02)], False, "differs from sampling at t = 1: the smallest p = 0.02"),
        ([row(0.0, 0.01, 0.5), row(1.0, 5e-5, 1e-3)], False, "at t = 0, 1: the smallest p < 1e-4, at t = 1"),
        ([row(1.0, 0.04, None)], False, "differs from sampling at t = 1"),
        ([Distance(time=1.0, w1=None)], None, "no p-value: the law has no mean"),
    ],
)
def test_verdicts(
    rows: list[Distance], holds: bool | None, told: str, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(rows)
    monkeypatch.setattr(Pair, "distance", lambda self, at, tested: next(left))
    found = over_time(dataclasses.replace(pair, times=((0.0, 0.0),) * len(rows)))
    assert found.holds is holds
    assert told in found.verdict


def test_the_figure_tells_distance_floor_band_and_level() -> None:
    found = OverTime(symbol="W1", rows=(row(0.0, 0.3, 0.4), row(1.0, 0.2, 0.9)), holds=True, verdict="so; it is")
    stream = io.StringIO()
    draw_over_time(found, stream, title="two records")
    words = set(re.findall(r">([^<>\n]+)</(?:text|tspan)>", stream.getvalue()))
    assert {"two records", "time t", "W1", "p-value", "floor: their mean", "95 % of independent draws"} <= words
    assert {"equation's own error", "5 % of false alarms over 2 times"} <= words
    bare = dataclasses.replace(found, rows=(Distance(time=0.0, w1=1.0), Distance(time=1.0, w1=2.0)))
    stream = io.StringIO()
    draw_over_time(bare, stream, title="two solutions")
    assert "p-value" not in stream.getvalue()
    assert np.isfinite(found.level)
