"""One cloud of the plane against one solution: what decides, and what each test sees alone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import kinetic
import particles
import validation.__main__
from kinetic import Grid, Plane
from kinetic.line.reconstruction import CWENO3
from particles.base import command
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import MultivariateNormal, Normal, Product, cases, exact_law
from particles.model.laws.space import SpaceLaw
from particles.trajectory import Trajectory
from validation.distance.law_on_cells import law_on_cells
from validation.distance.plane_comparison import IN_X, IN_Y, LARGEST, SLICED, PlaneComparison

CASE, COUNT = cases["regression-2d"], 20_000
PLANE = Plane(Grid(-7.0, 9.0, cells=80), Grid(-8.0, 8.0, cells=80))


@pytest.fixture(autouse=True)
def few_clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    """1000 clouds for the null law: p-values to 1e-3."""
    monkeypatch.setattr(validation.distance.sliced_null, "CLOUDS", 1000)


@pytest.fixture(scope="module")
def records() -> tuple[Trajectory, kinetic.PlaneSolution]:
    cloud = particles.simulate(CASE.model, particles.ExactFlow(), count=COUNT, until=1.0, seed=0)
    cloud.info["case"] = CASE.name
    return cloud, kinetic.solve(CASE.model, PLANE, kinetic.Explicit(), until=1.0)


def with_points(cloud: Trajectory, points: Floats) -> Trajectory:
    return dataclasses.replace(cloud, states=(*cloud.states[:-1], points))


def test_a_cloud_of_the_law_is_indistinguishable(records: tuple[Trajectory, kinetic.PlaneSolution]) -> None:
    """The floor is .85773/sqrt(M): that of 1000 draws, .85380, is near its limit, .85802."""
    found = validation.compare(*records)
    assert isinstance(found, PlaneComparison)
    assert (found.time, found.count, found.holds, found.law) == (1.0, COUNT, True, "the exact law")
    assert found.verdict.startswith("indistinguishable from sampling at M = 20000: p = ")
    assert list(found.distances) == list(found.p_values) == list(found.pde_errors) == [SLICED, LARGEST, IN_X, IN_Y]
    assert found.floor is not None
    assert_allclose(found.floor * COUNT**0.5, 0.8577, rtol=1e-3)
    assert found.ratio == found.distances[SLICED] / found.floor
    assert_allclose(found.pde_errors[SLICED], 6.00e-4, rtol=5e-3)
    assert found.lower_bound >= max(found.distances[name] for name in (LARGEST, IN_X, IN_Y))
    cloud, solution = records
    again = validation.sliced_w1(cloud.at(1.0), solution.at(1.0))
    assert_allclose(found.distances[SLICED], again, rtol=1e-12)
    assert_allclose(found.distances[IN_Y], validation.w1(cloud.at(1.0).marginal(1), solution.marginal(1.0, 1)))


def test_what_decides_is_named(records: tuple[Trajectory, kinetic.PlaneSolution]) -> None:
    """Right marginals that depend on each other: sliced W1 alone sees it. A shift in x: its marginal and the others."""
    cloud, solution = records
    points = cloud.states[-1].copy()
    order = np.argsort(np.argsort(points[0]))
    ranked = np.sort(points[1])[order]
    points[1] = np.where(np.random.default_rng(0).random(COUNT) < 0.2, ranked, points[1])
    found = validation.compare(with_points(cloud, points), solution)
    assert found.holds is False
    assert "differs from sampling, as seen by sliced W1 and max-sliced W1: p" in found.verdict
    assert min(found.p_values[name] for name in (SLICED, LARGEST)) < 0.002
    moved = with_points(cloud, cloud.states[-1] + np.array([[0.03], [0.0]]))
    found = validation.compare(moved, solution)
    assert "max-sliced W1 and W1 of the marginal in x: p" in found.verdict
    assert found.p_values[IN_Y] > 0.05


def test_a_run_without_a_name_has_the_solution_for_its_law(records: tuple[Trajectory, kinetic.PlaneSolution]) -> None:
    cloud, solution = records
    unnamed = dataclasses.replace(cloud, info={key: value for key, value in cloud.info.items() if key != "case"})
    found = validation.compare(unnamed, solution)
    assert (found.law, found.pde_errors) == ("the solution", {})
    assert_allclose(found.floor * COUNT**0.5, 0.8577, rtol=5e-3)  # type: ignore[operator]
    given = dataclasses.replace(cloud, info={**cloud.info, "start": "stratified"})
    found = validation.compare(given, solution)
    assert (found.holds, found.p_values, found.floor) == (None, {}, None)
    assert found.verdict == "no p-value: particles of the start 'stratified' are no independent draws"


@pytest.mark.parametrize(("n", "error"), [(80, 6.3873e-4), (160, 7.2681e-5)])
def test_the_whole_chain_is_of_third_order(n: int, error: float) -> None:
    """SW1 of the solution to the exact law over 24 angles, eps = h^2, t = 1, as an independent prototype found it.

    Control: with averages spread evenly the floor of the cells hides the order.
    """
    plane, fine = (Plane(Grid(-7.0, 9.0, cells=m), Grid(-8.0, 8.0, cells=m)) for m in (n, 480))
    scheme = kinetic.Explicit(reconstruction=CWENO3(eps="h^2"))
    measure = kinetic.solve(CASE.model, plane, scheme, until=1.0).at(1.0)
    law = exact_law(CASE.model, 1.0)
    assert law is not None
    exact = law_on_cells(law, fine)
    assert_allclose(validation.sliced_w1(measure, exact, slices=24), error, rtol=5e-3)
    assert validation.sliced_w1(measure, exact, slices=8, sharpened=False) > 5.0 * error


class Unknown(SpaceLaw):
    """A product law that does not say so."""

    def __init__(self) -> None:
        self.law = Product([Normal(0.5, 0.4), Normal(-0.5, 0.6)])

    dim = 2
    mean = covariance = property(lambda self: None)  # type: ignore[assignment]

    def pdf(self, x) -> Floats:  # type: ignore[no-untyped-def]
        return self.law.pdf(x)

    def sample(self, u) -> Floats:  # type: ignore[no-untyped-def]
        return self.law.sample(u)


def test_laws_on_cells() -> None:
    """By distribution functions and by the density; with walls, what lies on them keeps its mass."""
    unknown = Unknown()
    exact, other = law_on_cells(unknown.law, PLANE), law_on_cells(unknown, PLANE)
    assert exact.plane is not None
    assert other.plane is not None
    assert_allclose(other.plane.averages, exact.plane.averages, atol=1e-7)
    assert not exact.plane.walls
    box = law_on_cells(unknown.law, Plane(Grid(-0.5, 1.0, cells=60), Grid(-1.0, 0.5, cells=60)))
    assert_allclose(box.mass, 1.0, rtol=1e-12)
    tilted = MultivariateNormal(np.zeros(2), np.array([[0.4, 0.3], [0.3, 0.6]]))  # no product of its marginals
    held = law_on_cells(tilted, PLANE)
    assert held.plane is not None
    assert_allclose(held.plane.averages, PLANE.averages(tilted), atol=1e-5)
    in_x = unknown.law.components[0]
    assert_allclose(box.marginal(0).masses, [in_x.cdf(-0.5), 1.0 - in_x.cdf(1.0)])


def validate(*words: str) -> int:
    return command.run("validation", validation.__main__.build_parser, words)


def test_the_command_prints_and_refuses(
    records: tuple[Trajectory, kinetic.PlaneSolution], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud, solution = records
    cloud.save(tmp_path / "cloud")
    solution.save(tmp_path / "plane.nc")
    assert validate("compare", str(tmp_path / "cloud"), str(tmp_path / "plane.nc"), "--json") == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "t = 1, 20000 particles against 80 x 80 cells on [-7, 9] x [-8, 8]"
    assert any(line.startswith("W1 of the marginal in y") for line in told)
    assert json.loads(told[-1])["holds"] is True
    line = kinetic.solve(cases["regression"].model, Grid(-7.0, 9.0, cells=40), until=1.0)
    line.save(tmp_path / "line.nc")
    assert validate("compare", str(tmp_path / "cloud"), str(tmp_path / "line.nc")) == 2
    assert "one of 2 components and one of 1 component: allowed are records of the same" in capsys.readouterr().err
    with pytest.raises(InputError, match="t = 1"):
        validation.compare(cloud, solution, time=0.7)
    assert exact_law(CASE.model, 1.0) is not None
