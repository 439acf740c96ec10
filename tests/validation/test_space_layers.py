"""The study of the layers in R^d: laws that are known, of first order, and particles that agree."""

import dataclasses
import math
import re

import numpy as np
import pytest

from particles.base.errors import InputError
from particles.model import IDENTITY, Case, Model, MultivariateNormal, Normal, Product, cases
from validation import LayersStudy
from validation.exact import euler_law
from validation.exact.layers_space import space_layers_law
from validation.studies import space_layers

SMALL = {"levels": (25, 50, 100), "count": 20_000}


@pytest.mark.parametrize("name", ["shear", "regression-2d"])
def test_layers_in_the_plane_are_of_first_order_and_particles_agree(name: str) -> None:
    """Normal laws by their projections, a product by its averages in cells."""
    study = LayersStudy(cases[name], **SMALL).run()
    assert study.holds, study.checks
    assert study.quantity.startswith("SW1(L layers, exact flow)")
    for row in study.rows:
        assert row.also["sampled"] == pytest.approx(row.error, rel=0.02)


def test_between_sticky_walls_the_law_of_the_layers_is_a_product_too() -> None:
    study = LayersStudy(cases["box-2d"], **SMALL).run()
    assert study.holds, study.checks


def test_layers_of_the_identity_are_powers_of_a_matrix() -> None:
    """x' = x + dt w x/d, twice: the covariance of N(0, I/2) by hand; and a component is that on the line."""
    found = space_layers_law(cases["shear"].model, 2, 0.5)
    assert isinstance(found, MultivariateNormal)
    moved = np.linalg.matrix_power(np.array([[1.0, 0.25], [0.25, 1.0]]), 2)
    np.testing.assert_allclose(found.covariance, 0.5 * moved @ moved.T, rtol=1e-14)
    line = Model(drift=IDENTITY, weight=-1.0, bias=0.5, initial=Normal(1.0, 0.5))
    both = dataclasses.replace(
        line, weight=np.diag([-2.0, -2.0]), bias=np.array([0.5, 0.5]), initial=Product([Normal(1.0, 0.5)] * 2)
    )
    found, known = space_layers_law(both, 10, 1.0), euler_law(line, 10, 1.0)
    assert isinstance(found, MultivariateNormal)
    assert found.mean[0] == pytest.approx(known.mean, rel=1e-12)
    assert math.sqrt(found.covariance[1, 1]) == pytest.approx(known.std, rel=1e-10)


def test_another_flow_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the law of a weight 1 % off, an error that does not fall with dt."""
    whole = space_layers.space_layers_law

    def law(model, *rest):  # type: ignore[no-untyped-def]
        return whole(dataclasses.replace(model, weight=1.01 * np.array([[0.0, 2.0], [2.0, 0.0]])), *rest)

    monkeypatch.setattr(space_layers, "space_layers_law", law)
    study = LayersStudy(cases["shear"], levels=(100, 200, 400), count=1000).run()
    assert not study.checks[0].holds


def test_normal_laws_are_studied_beyond_the_plane() -> None:
    model = Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Product([Normal(float(k), 1.0) for k in range(3)]))
    case = Case(name="made", model=model, until=1.0, times=(1.0,), domain=None)
    study = LayersStudy(case, levels=SMALL["levels"], count=1000).run()
    assert study.holds, study.checks


@pytest.mark.parametrize(
    ("case", "arguments", "said"),
    [
        ("ou-2d", {}, "nu2 = 1.0"),
        ("shear", {"independent": True}, "by the same particles alone"),
        ("regression-2d", {"levels": (1, 2, 4), "until": 8.0}, "layers are too few"),
    ],
)
def test_what_is_not_known_is_refused(case: str, arguments: dict, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        LayersStudy(cases[case], **arguments).check()


def test_a_coupled_nonlinear_field_has_no_known_law_of_its_layers() -> None:
    model = dataclasses.replace(cases["regression-2d"].model, weight=np.array([[-1.0, 0.5], [0.5, -1.0]]))
    with pytest.raises(InputError, match="couples the components"):
        LayersStudy(dataclasses.replace(cases["regression-2d"], model=model)).check()
