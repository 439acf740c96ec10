"""A density in the plane: mass, moments without the h^2 of cells, marginals, what lies on the walls."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from kinetic import Grid, Plane
from kinetic.line.reconstruction import Linear
from kinetic.plane.solution import plane_measure
from particles.base.errors import InputError
from particles.model import Clipped, Measure, Normal, PlaneDensity, Product
from tests.kinetic.planes import normal

MEAN, COVARIANCE = np.array([0.2, -0.1]), np.array([[0.5, 0.2], [0.2, 0.8]])
PLANE = Plane(Grid(-6.0, 6.0, cells=60), Grid(-7.0, 7.0, cells=80))
NORMAL = plane_measure(
    PLANE, PLANE.averages_of(normal(MEAN, COVARIANCE), nodes=8), np.zeros(PLANE.atoms), Linear(), "outflow"
)


def test_moments_have_no_error_of_the_cells() -> None:
    """Controls: cells taken as uniform are h^2/6 off, masses at the centres h^2/12 (Sheppard)."""
    assert_allclose(NORMAL.mass, 1.0, rtol=1e-9)
    assert_allclose(NORMAL.mean, MEAN, atol=1e-8)
    assert_allclose(NORMAL.covariance, COVARIANCE, atol=1e-8)
    assert_allclose(NORMAL.variance, np.diag(COVARIANCE), atol=1e-8)
    assert_allclose(NORMAL.energy, np.trace(COVARIANCE) + MEAN @ MEAN, atol=1e-8)
    third = MEAN**3 + 3.0 * MEAN * np.diag(COVARIANCE)
    assert_allclose(NORMAL.moment(3), third, atol=1e-7)
    density = NORMAL.plane
    assert density is not None
    x = PLANE.x.centres - MEAN[0]
    centres = float((density.cell_masses * x**2).sum())
    assert_allclose(centres - COVARIANCE[0, 0], PLANE.x.h**2 / 12.0, rtol=1e-6)
    assert_allclose(centres + PLANE.x.h**2 / 12.0 - COVARIANCE[0, 0], PLANE.x.h**2 / 6.0, rtol=1e-6)


def test_sharpened_cells_are_uniform_with_the_right_variance() -> None:
    density = NORMAL.plane
    assert density is not None
    columns = density.sharpened.sum(axis=0)
    found = float((columns * ((PLANE.x.centres - MEAN[0]) ** 2 + PLANE.x.h**2 / 12.0)).sum())
    assert_allclose(found, COVARIANCE[0, 0], atol=1e-8)
    assert_allclose(density.sharpened.sum(), density.cell_masses.sum(), rtol=1e-14)


def walled() -> tuple[Measure, tuple[Clipped, Clipped]]:
    """Two independent components between sticky walls."""
    laws = Normal(0.1, 0.3), Normal(-0.2, 0.5)
    plane = Plane(Grid(-1.0, 1.5, cells=90), Grid(-1.0, 1.0, cells=70))
    product = Product(laws)
    found = plane_measure(plane, plane.averages(product), plane.outside(product), Linear(), "wall")
    return found, (Clipped(laws[0], -1.0, 1.5), Clipped(laws[1], -1.0, 1.0))


def test_walls_and_corners_count() -> None:
    """Of a product everything is known: marginals are clipped laws, and nothing is correlated."""
    found, clipped = walled()
    assert_allclose(found.mass, 1.0, rtol=1e-12)
    assert_allclose(found.mean, [law.mean for law in clipped], atol=1e-6)
    assert_allclose(found.covariance, np.diag([law.variance for law in clipped]), atol=1e-6)
    for axis, law in enumerate(clipped):
        marginal = found.marginal(axis)
        assert_allclose(marginal.points[0], [law.low, law.high])
        assert_allclose(marginal.masses, [law.cdf(law.low), 1.0 - law.law.cdf(law.high)], rtol=1e-9)
        assert_allclose(marginal.face_cdf, law.cdf(marginal.faces), atol=1e-12)


def test_a_record_gives_its_measure() -> None:
    """Marginals of clouds and of the line are their own."""
    cloud = Measure.of_points(np.array([[0.0, 1.0], [2.0, 5.0]]))
    assert_allclose(cloud.marginal(1).points, [[2.0, 5.0]])
    assert_allclose(cloud.covariance, [[0.25, 0.75], [0.75, 2.25]])
    line = Measure.of_points(np.array([1.0, 2.0]))
    assert line.marginal(0) is line


LINE, OTHER = NORMAL.marginal(0), NORMAL.marginal(1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: NORMAL.marginal(2), r"axis = 2 must be an integer in \[0, 2\)"),
        (lambda: PlaneDensity(np.zeros((60, 80)), (LINE, OTHER)), r"\(60, 80\) do not fit 80 cells in y and 60 in x"),
        (lambda: PlaneDensity(np.full((80, 60), np.nan), (LINE, OTHER)), "averages.*finite"),
        (lambda: PlaneDensity(np.zeros((80, 60)), (LINE, OTHER), (LINE,)), "1 walls: allowed are 2, and 0 or 4"),
        (lambda: PlaneDensity(np.zeros((80, 60)), (LINE, OTHER), (LINE,) * 4), "a wall.*faces of its cells"),
        (lambda: Measure(np.zeros((3, 0)), np.zeros(0), plane=NORMAL.plane), "dimension 3 .* allowed is 2"),
    ],
)
def test_bad_input_is_refused(call, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=said):
        call()
