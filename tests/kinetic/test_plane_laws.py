"""Laws in the plane that are no products: their cells, walls and corners, and equations that start from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinetic import CWENO3, Explicit, Grid, Plane, solve
from kinetic.plane.domain import cautions, rectangle
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    TANH,
    Model,
    MultivariateNormal,
    Normal,
    Product,
    SpaceLaw,
    Transported,
    cases,
    circulating_state,
    exact_law,
)

ROUND = MultivariateNormal(np.array([0.5, 0.0]), np.diag([0.3, 0.2]))
TILTED = MultivariateNormal(np.array([0.5, 0.0]), np.array([[0.3, 0.1], [0.1, 0.2]]))
CUT = Plane(Grid(-0.5, 1.0, cells=20), Grid(-0.8, 0.5, cells=13))
LINEAR = Model(drift=IDENTITY, weight=np.array([[-1.0, 1.2], [0.4, -0.6]]), bias=np.array([0.3, -0.2]), initial=TILTED)


@pytest.mark.parametrize("part", ["averages", "inside", "outside"])
def test_cells_walls_and_corners_are_those_of_the_product_where_it_is_one(part: str) -> None:
    product = Product([Normal(0.5, 0.3), Normal(0.0, 0.2)])
    np.testing.assert_allclose(getattr(CUT, part)(ROUND), getattr(CUT, part)(product), atol=1e-12)
    assert np.abs(getattr(CUT, part)(TILTED) - getattr(CUT, part)(product)).max() > 1e-3


def test_mass_in_cells_on_walls_and_in_corners_is_one() -> None:
    assert CUT.size * CUT.averages(TILTED).sum() + CUT.outside(TILTED).sum() == pytest.approx(1.0, abs=1e-12)
    assert CUT.size * CUT.inside(TILTED).sum() == pytest.approx(1.0, abs=1e-12)
    whole, rows = CUT.averages(TILTED), CUT.averages(TILTED, slice(3, 7))
    np.testing.assert_array_equal(rows, whole[3:7])


@pytest.mark.parametrize(("cells", "error"), [(40, 2.826984e-2), (80, 5.864060e-3)])
def test_an_equation_from_a_tilted_normal_law_has_the_error_of_an_independent_implementation(
    cells: int, error: float
) -> None:
    plane = Plane(*[Grid(-4.0, 4.0, cells=cells)] * 2)
    record, law = solve(LINEAR, plane, Explicit(CWENO3(eps="h^2")), until=1.0), exact_law(LINEAR, 1.0)
    assert isinstance(law, SpaceLaw)
    assert np.abs(record.averages[-1] - plane.averages(law)).sum() * plane.size == pytest.approx(error, rel=1e-5)
    assert record.mass(1.0) == pytest.approx(1.0, abs=1e-13)


def test_an_equation_that_starts_at_its_law_at_rest_moves_by_what_the_scheme_errs() -> None:
    """L1 from the exact averages at t = 8, against an implementation with open ends; a control turns the other way."""
    case = cases["circulation"]
    rest, moved = circulating_state(case.model), []
    for cells in (48, 96, 192):
        plane = Plane(*(Grid(*ends, cells=cells) for ends in case.rectangle))
        record = solve(replace(case.model, initial=rest), plane, Explicit(CWENO3(eps="h^2")), until=8.0)
        moved.append(float(np.abs(record.averages[-1] - plane.averages(rest)).sum() * plane.size))
    assert moved == pytest.approx([1.153879e-2, 1.850511e-3, 2.668315e-4], rel=2e-5)
    other = circulating_state(replace(case.model, weight=2.0 * case.model.weights(0.0)[0].T))
    plane = Plane(*(Grid(*ends, cells=48) for ends in case.rectangle))
    record = solve(replace(case.model, initial=other), plane, until=1.0)
    assert np.abs(record.averages[-1] - plane.averages(other)).sum() * plane.size > 0.1


def test_density_along_characteristics_has_cell_averages() -> None:
    """Those of the equation to its error, and of mass 1."""
    model = Model(
        drift=TANH, weight=np.array([[-1.0, 2.0], [-1.5, 0.5]]), bias=np.array([0.3, -0.4]),
        initial=Product([Normal(0.5, 0.3), Normal(0.0, 0.3)]),
    )  # fmt: skip
    plane, law = Plane(*[Grid(-5.0, 5.0, cells=40)] * 2), exact_law(model, 1.0)
    assert isinstance(law, Transported)
    exact = plane.averages(law)
    assert exact.sum() * plane.size == pytest.approx(1.0, abs=1e-8)
    found = solve(model, plane, Explicit(CWENO3(eps="h^2")), until=1.0).averages[-1]
    assert np.abs(found - exact).sum() * plane.size < 5e-2


def test_the_rectangle_of_a_tilted_start_holds_it_and_its_images() -> None:
    (x_lo, x_hi), (y_lo, y_hi) = rectangle(LINEAR, 1.0)
    plane = Plane(Grid(x_lo, x_hi, cells=40), Grid(y_lo, y_hi, cells=40))
    assert cautions(LINEAR, plane, 1.0) == ()
    for law in (TILTED, exact_law(LINEAR, 1.0)):
        assert isinstance(law, SpaceLaw)
        assert plane.outside(law).sum() < 1e-11


@pytest.mark.parametrize(
    ("plane", "law", "told"),
    [
        (Plane(*[Grid(-50.0, 50.0, cells=10)] * 2), TILTED, "take smaller cells"),
        (Plane(*[Grid(0.0, 1e-3, cells=10)] * 2), TILTED, "to hold the law"),
        (CUT, MultivariateNormal(np.zeros(3), np.eye(3)), "allowed is a law of two features"),
        (CUT, Normal(0.0, 1.0), "allowed is a law of two features"),
    ],
)
def test_a_law_that_the_cells_do_not_hold_is_refused(plane: Plane, law: SpaceLaw, told: str) -> None:
    with pytest.raises(InputError, match=told):
        plane.outside(law)
