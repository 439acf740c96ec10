"""The study of the grid in the plane: third order on the shear, which sees the term that couples the directions."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

import kinetic
from kinetic.plane import integrate
from particles.base.errors import InputError
from particles.model import TANH, Case, Model, Normal, Product, Uniform, cases
from validation.studies import plane_grid
from validation.studies.grid import GridStudy
from validation.studies.study import Study, successive_orders

LEVELS = (40, 80, 160)


@pytest.fixture
def naive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: fluxes without the term that couples the directions."""
    whole = integrate.face_data

    def without(*arguments: Any, **options: Any) -> object:
        data = whole(*arguments, **options)
        return data._replace(slope_x=0.0 * data.slope_x, slope_y=0.0 * data.slope_y)

    monkeypatch.setattr(integrate, "face_data", without)


def last_order(study: Study) -> float:
    return -successive_orders(study.rows)[-1]


def test_shear_is_third_order_with_the_errors_of_an_independent_implementation() -> None:
    study = GridStudy(cases["shear"], levels=LEVELS).run()
    assert study.holds, study.checks
    assert [row.error for row in study.rows[1:]] == [
        pytest.approx(9.379281e-04, rel=1e-4),
        pytest.approx(1.203587e-04, rel=1e-4),
    ]
    assert not study.extra["blind"]
    assert abs(study.rows[-1].also["E xy"]) < 1e-6


@pytest.mark.usefixtures("naive")
def test_without_the_product_term_shear_turns_the_verdict() -> None:
    """Its E xy is off by (h^2/12) sinh(1)/2 (w_12 + w_21)/2, and its order is 2."""
    study = GridStudy(cases["shear"], levels=LEVELS).run()
    assert [check.holds for check in study.checks] == [False, True]
    assert last_order(study) < 2.0
    for row in study.rows:
        assert row.also["E xy"] == pytest.approx(row.also["h"] ** 2 / 6.0 * math.sinh(1.0) / 2.0, rel=5e-3)


def test_a_rotation_is_blind_to_the_product_term_and_the_study_says_so(request: pytest.FixtureRequest) -> None:
    right = GridStudy(cases["rotation"], levels=(20, 40, 80)).run()
    request.getfixturevalue("naive")
    wrong = GridStudy(cases["rotation"], levels=(20, 40, 80)).run()
    assert [row.error for row in right.rows] == pytest.approx([row.error for row in wrong.rows], rel=1e-5)
    assert any("cannot see the term of a flux that couples" in remark for remark in right.remarks)


def test_fields_are_blind_where_the_cross_diffusion_vanishes() -> None:
    blind = {
        name for name in cases if cases[name].model.size == 2 and plane_grid.sees_no_product_term(cases[name].model)
    }
    assert {"rotation", "regression-2d", "box-2d"} <= blind
    assert not {"shear", "ou-2d", "circulation"} & blind


@pytest.mark.parametrize(("scheme", "order"), [(kinetic.Explicit(), 3.0), (kinetic.ChangCooper(), 2.0)])
def test_with_noise_the_order_is_that_of_the_scheme(scheme: kinetic.Scheme, order: float) -> None:
    study = GridStudy(cases["ou-2d"], scheme=scheme, levels=LEVELS).run()
    assert study.holds, study.checks
    assert study.expected_slope == -order
    assert abs(last_order(study) - order) < 0.2


def test_what_sticks_to_the_walls_of_a_box_is_part_of_the_error() -> None:
    study = GridStudy(cases["box-2d"], levels=(30, 60, 120)).run()
    assert study.holds, study.checks
    assert [row.also["walls"] < 0.5 * row.error for row in study.rows] == [True] * 3
    assert study.rows[-1].also["walls"] < 1e-4


def test_a_law_that_circulates_at_rest_is_started_from() -> None:
    study = GridStudy(cases["circulation"], until=0.5, levels=LEVELS).run()
    assert study.extra["at_rest"]
    assert last_order(study) > 2.6


def test_grids_are_fine_enough_for_the_laws_or_the_study_refuses() -> None:
    """Without the 1/d the density is twice as narrow at T = 2: unless that is asked for, at T = 1."""
    case = cases["regression-2d-unscaled"]
    refused = GridStudy(case, levels=(20, 40, 80)).run()
    assert refused.refusal is not None
    assert "the density bends within" in refused.refusal
    posed = plane_grid._pose(GridStudy(case))
    assert posed.until == 1.0
    assert posed.planes[1].x.h * plane_grid.RESOLVED <= min(plane_grid._scales(posed)) * 1.01
    assert plane_grid._pose(GridStudy(case, until=2.0)).planes[0].x.cells > 80


def test_another_law_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the law of a field that is 1 % stronger."""
    whole = plane_grid.exact_law

    def exact_law(model: Model, time: float) -> Any:
        return whole(dataclasses.replace(model, weight=1.01 * np.array([[0.0, 2.0], [2.0, 0.0]])), time)

    monkeypatch.setattr(plane_grid, "exact_law", exact_law)
    study = GridStudy(cases["shear"], levels=LEVELS).run()
    assert not study.holds
    assert last_order(study) < 1.0


def test_a_rectangle_that_cuts_off_mass_is_refused() -> None:
    case = dataclasses.replace(cases["shear"], domain=((-3.0, 3.0), (-3.0, 3.0)))
    study = GridStudy(case, levels=LEVELS).run()
    assert study.refusal is not None


def made(**changes: Any) -> Case:
    return dataclasses.replace(cases["shear"], name="made", model=dataclasses.replace(cases["shear"].model, **changes))


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (GridStudy(cases["shear"], variable="ln-x"), "variable = 'ln-x' in the plane"),
        (GridStudy(cases["shear"], levels=(40, 80)), "at least three"),
        (GridStudy(cases["shear"], scheme=kinetic.Imex()), "needs noise"),
        (GridStudy(made(initial=Product([Uniform(0.0, 1.0), Normal(0.0, 1.0)]))), "the start jumps"),
        (GridStudy(made(drift=TANH, nu2=1.0)), "no exact law in the plane"),
    ],
)
def test_what_cannot_be_studied_in_the_plane_is_refused(study: GridStudy, said: str) -> None:
    with pytest.raises(InputError, match=said):
        study.check()
