"""Mean field in the plane and beyond: the sliced W1 of clouds has the exact mean of theory, M by M."""

import dataclasses
import math

import numpy as np
import pytest

import kinetic
from particles import Collisions
from particles.base.errors import InputError
from particles.model import IDENTITY, Case, Model, MultivariateNormal, Normal, Product, cases, exact_law
from validation import MeanFieldStudy
from validation.distance.law_on_cells import law_on_cells
from validation.distance.sliced import sliced_w1
from validation.exact import boltzmann_law
from validation.studies import followed
from validation.studies.space_sides import PlaneSides

SMALL = {"levels": (30, 100, 300), "replicates": 60}


def test_in_the_plane_the_constant_is_the_finite_one_and_not_its_limit() -> None:
    """sqrt(M) E SW1 = .53850 at M = 100 by an independent computation, .55021 in the limit; false alarm 1e-3."""
    study = MeanFieldStudy(cases["regression-2d"], levels=(50, 100, 200), replicates=60).run()
    assert study.quantity == "SW1(cloud, PDE) at t = 2"
    row = study.rows[1]
    assert row.reference is not None
    assert math.sqrt(100.0) * row.reference == pytest.approx(0.53850, abs=1e-5)
    assert study.constant is not None
    assert study.constant.allows(1.0)
    assert study.constant.half_width < 0.04
    assert study.extra["pde_error"] < 0.1 * study.rows[-1].reference  # type: ignore[operator]


def test_collisions_of_a_linear_model_are_normal_with_the_moments_of_each_component() -> None:
    """A diagonal weight: two models on the line, whose laws after Gaussian collisions are tabulated."""
    line = Model(drift=IDENTITY, weight=-1.0, bias=0.3, nu2=0.8, initial=Normal(1.0, 0.5))
    plane = dataclasses.replace(
        line, weight=np.diag([-2.0, -2.0]), bias=np.array([0.3, 0.3]), initial=Product([Normal(1.0, 0.5)] * 2)
    )
    found = followed.linear_collisions_law(plane, 0.1, 10)
    known = boltzmann_law(line, Collisions(0.1, "synchronous"), 1.0)
    np.testing.assert_allclose(found.mean, known.mean, rtol=1e-8)
    np.testing.assert_allclose(found.covariance, known.variance * np.eye(2), rtol=1e-7, atol=1e-12)


def test_noise_in_the_plane_is_studied_with_collisions_whose_bias_is_known() -> None:
    study = MeanFieldStudy(cases["ou-2d"], **SMALL).run()
    assert study.constant is not None
    assert study.constant.allows(1.0)
    assert 0.0 < study.extra["bias"] < study.extra["bias_allowed"]
    assert study.extra["eps"] * study.extra["steps"] == pytest.approx(0.5)


def test_particles_of_another_field_turn_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: w = ((0, 2), (2, 0)) against a shear with half of it."""
    whole, case = MeanFieldStudy._distance, cases["shear"]
    wrong = dataclasses.replace(case, model=dataclasses.replace(case.model, weight=0.5 * case.model.weight))  # type: ignore[operator]
    monkeypatch.setattr(
        MeanFieldStudy, "_distance", lambda study, *rest: whole(dataclasses.replace(study, case=wrong), *rest)
    )
    assert MeanFieldStudy(case, levels=(100, 300, 1000), replicates=30).run().verdict == "DOES NOT HOLD"


def test_averages_in_cells_keep_the_moments_of_a_law() -> None:
    """E xy = sinh(1)/2 and the variances cosh(1)/2 of the shear at t = 1/2, but for what its rectangle cuts off."""
    law = exact_law(cases["shear"].model, 0.5)
    assert isinstance(law, MultivariateNormal)
    sides = PlaneSides(followed.by_flow(law), cases["shear"], 0.5, law)
    found = law_on_cells(law, sides.plane(160))
    expected = 0.5 * np.array([[math.cosh(1.0), math.sinh(1.0)], [math.sinh(1.0), math.cosh(1.0)]])
    np.testing.assert_allclose(found.covariance, expected, atol=1e-3)
    assert found.mass == pytest.approx(1.0, abs=1e-12)


def test_between_sticky_walls_a_law_in_cells_holds_what_lies_on_them() -> None:
    """0.02987952 on each of four walls, 0.00101869 in each of four corners; the equation is near."""
    case = cases["box-2d"]
    law, plane = exact_law(case.model, 2.0), kinetic.Plane(*(kinetic.Grid(*ends, cells=40) for ends in case.rectangle))
    assert isinstance(law, Product)
    held = law_on_cells(law, plane)
    assert held.plane is not None
    inside = plane.size * float(held.plane.averages.sum())
    assert inside == pytest.approx(1.0 - 4.0 * (0.02987952 + 0.00101869), abs=1e-7)
    assert held.mass == pytest.approx(1.0, abs=1e-12)
    assert sliced_w1(kinetic.solve(case.model, plane, until=2.0).at(2.0), held) < 2e-3


def test_beyond_the_plane_clouds_are_held_against_the_law_itself() -> None:
    model = Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Product([Normal(float(k), 1.0) for k in range(3)]))
    case = Case(name="made", model=model, until=1.0, times=(1.0,), domain=None)
    study = MeanFieldStudy(case, levels=(5, 10, 20), replicates=8).run()
    assert study.quantity == "SW1(cloud, exact law) at t = 1"
    assert study.constant is not None
    assert study.constant.allows(1.0)
    assert study.extra["cells"] == 0


@pytest.mark.parametrize(
    ("case", "arguments", "said"),
    [
        ("circulation", {}, "the law of its collisions"),
        ("shear", {"distance": "w1"}, "distance = 'w1' in R.2: allowed is 'sliced'"),
        ("shear", {"start": "quantile"}, "start = 'quantile' in R.2"),
    ],
)
def test_what_is_not_known_in_the_plane_is_refused(case: str, arguments: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        MeanFieldStudy(cases[case], **arguments).check()


def test_a_full_weight_beyond_the_plane_needs_a_law_with_projections() -> None:
    weight = np.array([[-1.0, 0.5, 0.0], [0.2, -1.0, 0.0], [0.0, 0.3, -1.0]])
    model = dataclasses.replace(
        cases["regression-2d"].model, weight=weight, bias=0.0, initial=Product([Normal(0.0, 1.0)] * 3)
    )
    case = Case(name="made", model=model, until=1.0, times=(1.0,), domain=None)
    with pytest.raises(InputError, match="the projection of a law of type Transported"):
        MeanFieldStudy(case).check()
