"""Two records over the times that both hold: distance, floor and p-value, for any two of them."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import kinetic
import particles
from particles.base.errors import InputError
from particles.model import Case, cases, exact_law
from particles.trajectory import Trajectory
from validation import compare, expected_w1, sliced_w1, w1, w1_to_law
from validation.distance.pair import pair_of

TIMES = (0.0, 0.5, 1.0)


def run(case: Case, count: int, seed: int = 0, **options: object) -> Trajectory:
    made = particles.simulate(
        case.model,
        particles.ExactFlow(),
        count=count,
        until=1.0,
        times=TIMES,
        seed=seed,
        **options,  # type: ignore[arg-type]
    )
    made.info["case"] = case.name
    return made


REGRESSION = cases["regression"]


@functools.cache
def cloud(count: int = 1000, seed: int = 0, name: str = "regression") -> Trajectory:
    return run(cases[name], count, seed)


@functools.cache
def solution() -> kinetic.Solution:
    return kinetic.solve(REGRESSION.model, kinetic.Grid(-7.0, 9.0, cells=200), until=1.0, times=(0.0, 1.0))


def test_a_cloud_and_a_solution_in_either_order_are_what_compare_finds() -> None:
    pair, turned = pair_of(cloud(), solution()), pair_of(solution(), cloud())
    assert pair.one is turned.one is cloud()
    assert pair.times == turned.times == ((0.0, 0.0), (1.0, 1.0))
    found, known = turned.distance((1.0, 1.0), tested=True), compare(cloud(), solution(), time=1.0)
    assert (found.w1, found.floor, found.p_value) == (known.w1, known.floor, known.p_value)
    assert found.ratio == known.ratio
    assert found.band is not None
    assert found.floor is not None
    assert found.band[0] < found.floor < found.band[1]
    assert found.pde_error is not None
    assert found.pde_error > 0.0
    untested = dataclasses.replace(found, p_value=None, band=None, pde_error=None, p_less_error=None)
    assert pair.distance((1.0, 1.0)) == untested
    assert [t for t, _ in pair_of(cloud(), solution(), times=[1.0]).times] == [1.0]


def shuffled(one: Trajectory, other: Trajectory, time: float, many: int) -> np.ndarray:
    """W1 between two clouds whose points have changed places at random: their exact law, where both are of one law."""
    points = np.concatenate([one.at(time).points[0], other.at(time).points[0]])
    order = np.argsort(points)
    gaps, first = np.diff(points[order]), one.count
    draw, found = np.random.default_rng(0), []
    for _ in range(many):
        mine = np.zeros(points.size)
        mine[draw.permutation(points.size)[:first]] = 1.0
        below = np.cumsum(mine)[:-1]
        others = np.arange(1, points.size) - below
        found.append(float((gaps * np.abs(below / first - others / (points.size - first))).sum()))
    return np.array(found)


def test_two_clouds_differ_as_labels_that_change_places() -> None:
    """Floor and p-value by the exact law and by the points themselves, against 1000 permutations of 1500 points.

    The mean of these is known to sd/sqrt(1000) = 1.2 %, the p-value to .016. Control: a cloud .2 farther on.
    """
    other = cloud(500, seed=1)
    null = shuffled(cloud(), other, 1.0, 1000)
    by_law, by_points = pair_of(cloud(), other), dataclasses.replace(pair_of(cloud(), other), case=None)
    for pair in (by_law, by_points):
        found = pair.distance((1.0, 1.0), tested=True)
        assert found.w1 == w1(cloud().at(1.0), other.at(1.0))
        assert found.floor is not None
        assert_allclose(found.floor, null.mean(), rtol=0.05)
        assert_allclose(found.p_value, (null >= found.w1).mean(), atol=0.05)
        assert_allclose(found.band, np.quantile(null, [0.025, 0.975]), rtol=0.1)
    law = exact_law(REGRESSION.model, 1.0)
    assert by_law.distance((1.0, 1.0)).floor == expected_w1(law, 333)  # type: ignore[arg-type]
    moved = dataclasses.replace(other, states=tuple(state + 0.2 for state in other.states))
    assert (pair_of(cloud(), moved).distance((1.0, 1.0), tested=True).p_value or 0.0) < 1e-3


def test_what_does_not_vary_independently_has_no_floor_and_no_p_value() -> None:
    same = cloud(600)  # the same seed: its particles are the first of the other's
    pair = pair_of(cloud(), same)
    assert pair.why_not == "no p-value: both clouds are draws of the seed 0, so not independent"
    found = pair.distance((1.0, 1.0), tested=True)
    assert found.w1 is not None
    assert (found.floor, found.p_value, found.band, found.ratio) == (None,) * 4
    stratified = pair_of(run(REGRESSION, 500, start="stratified"), solution()).distance((1.0, 1.0), tested=True)
    assert stratified.floor == expected_w1(exact_law(REGRESSION.model, 1.0), 500, "stratified")  # type: ignore[arg-type]
    assert stratified.p_value is None


def test_two_solutions_and_a_record_with_its_law_have_their_distances() -> None:
    coarse = kinetic.solve(REGRESSION.model, kinetic.Grid(-7.0, 9.0, cells=100), until=1.0)
    pair = pair_of(solution(), coarse)
    assert pair.names == ("the first record", "the second")
    assert pair.distance((1.0, 1.0), tested=True).w1 == w1(solution().at(1.0), coarse.at(1.0))
    assert pair.why_not is not None
    assert pair.distance((1.0, 1.0), tested=True).floor is None
    alone = pair_of(cloud(), law=True).distance((0.5, 0.5))
    law = exact_law(REGRESSION.model, 0.5)
    assert alone.w1 == w1_to_law(cloud().at(0.5), law)  # type: ignore[arg-type]
    assert alone.floor == expected_w1(law, 1000)  # type: ignore[arg-type]


def test_clouds_of_the_plane_are_told_by_sliced_w1() -> None:
    plane = cases["regression-2d"]
    one, other = cloud(900, 0, plane.name), cloud(600, 1, plane.name)
    pair = pair_of(one, other)
    found = pair.distance((1.0, 1.0))
    assert (pair.dim, pair.symbol) == (2, "sliced W1")
    assert found.w1 == sliced_w1(one.at(1.0), other.at(1.0))
    assert found.floor is not None
    assert_allclose(found.floor * 360**0.5, 0.857, rtol=0.01)  # that of 900 * 600/1500 draws
    assert found.ratio is not None
    assert 0.3 < found.ratio < 3.0


REFUSED = [
    (lambda: (cloud(), kinetic.solve(cases["vehicles"].model, kinetic.Grid(2.0, 8.0, cells=20), until=1.0)), {},
     "the cloud and the solution belong to different models"),
    (lambda: (cloud(), cloud(10, 0, "vehicles")), {}, "the first record and the second belong to different models"),
    (lambda: (cloud(), cloud(10, 0, "regression-2d")), {},
     "the first record is of dimension 1, the second of dimension 2"),
    (lambda: (cloud(), solution()), {"times": [0.5]}, r"time = 0\.5 is not stored in both: allowed are 0, 1; a run"),
    (lambda: (cloud(),), {"times": [0.7], "law": True}, r"time = 0\.7 is not stored: allowed are 0, 0\.5, 1; a run"),
    (lambda: (solution(),), {"law": True}, "does not say of which case it is"),
    (lambda: (dataclasses.replace(cloud(), states=()), solution()), {}, "kept moments and histograms"),
]  # fmt: skip


@pytest.mark.parametrize(("records", "options", "told"), REFUSED, ids=[told[:40] for _, _, told in REFUSED])
def test_what_cannot_be_put_together_is_refused(records, options, told) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=told):
        pair_of(*records(), **options)


def test_a_law_that_is_not_known_is_refused_with_the_reason() -> None:
    case = cases["inverse-gamma"]
    solution = kinetic.solve(case.model, kinetic.Grid(*case.interval, cells=40), kinetic.ChangCooper(), until=0.1)  # type: ignore[misc]
    named = dataclasses.replace(solution, provenance={"case": case.name, **solution.provenance})
    with pytest.raises(InputError, match=r"no exact law is known at t = 0\.1: .* closed form"):
        pair_of(named, law=True)
