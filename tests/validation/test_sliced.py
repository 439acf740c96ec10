"""Sliced W1 of densities in the plane: exact projections, the floor of cells and its cure, axes, walls."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import validation
from kinetic import Grid, Plane
from kinetic.line.reconstruction import Linear
from kinetic.plane.solution import plane_measure
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Law, Measure, Normal, cases, exact_law
from tests.kinetic.planes import normal
from tests.model.test_plane_density import walled
from tests.validation.merged import merged_w1
from validation.distance.law_on_cells import law_on_cells
from validation.distance.projection import Projector, on_direction
from validation.distance.sliced import directions, lower_bound, sliced_distances

MEAN, COVARIANCE = np.array([0.2, -0.1]), np.array([[0.5, 0.2], [0.2, 0.8]])


class NormalLaw:
    """Normal law of the plane, by its projections."""

    dim = 2

    def projection(self, theta: Floats) -> Law:
        return Normal(float(theta @ MEAN), float(theta @ COVARIANCE @ theta))


def cells(n: int, m: int | None = None) -> Measure:
    plane = Plane(Grid(-6.0, 6.0, cells=n), Grid(-6.0, 6.0, cells=m or n))
    averages = plane.averages_of(normal(MEAN, COVARIANCE), nodes=6)
    return plane_measure(plane, averages / (averages.sum() * plane.size), np.zeros(plane.atoms), Linear(), "outflow")


@pytest.mark.parametrize(
    ("n", "uniform", "sharpened"),
    [(20, 3.0010e-2, 5.4180e-3), (40, 7.6106e-3, 5.3225e-4), (80, 1.9093e-3, 3.3403e-5), (160, 4.7776e-4, 9.8387e-7)],
)
def test_cells_have_a_floor_and_the_laplacian_cures_it(n: int, uniform: float, sharpened: float) -> None:
    """24 angles. The floor, (h^2/12) mean TV, is of second order; the cure of fourth and more."""
    measure, law = cells(n), NormalLaw()
    assert_allclose(validation.sliced_w1(measure, law, slices=24, sharpened=False), uniform, rtol=2e-4)
    assert_allclose(validation.sliced_w1(measure, law, slices=24), sharpened, rtol=2e-3)
    deviations = [math.sqrt(law.projection(theta).variance) for theta in directions(2, 24).T]
    floor = (12.0 / n) ** 2 / 12.0 * float(np.mean([2.0 / math.sqrt(2.0 * math.pi) / s for s in deviations]))
    assert_allclose(uniform, floor, rtol=0.02)


def trapezoids(measure: Measure, theta: Floats, at: Floats) -> Floats:
    """Distribution function of cells on a direction, the trapezoid of every cell by itself: a second route."""
    plane = measure.plane
    assert plane is not None
    a, b = (abs(part) * width for part, width in zip(theta, plane.widths, strict=True))
    x, y = (0.5 * (faces[1:] + faces[:-1]) for faces in plane.faces)
    z = at[:, None] - (theta[0] * x + theta[1] * y[:, None]).reshape(-1)
    half, inner, low, high = 0.5 * (a + b), 0.5 * abs(a - b), min(a, b), max(a, b)
    ends = 0.5 * (half - np.abs(z)) ** 2 / (low * high)
    inside = np.where(np.abs(z) <= inner, 0.5 + z / high, np.where(z < 0.0, ends, 1.0 - ends))
    share = np.where(np.abs(z) >= half, (z > 0.0).astype(float), inside)
    return np.asarray(share @ plane.sharpened.reshape(-1))


@pytest.mark.parametrize("angle", [0.3, 0.25 * math.pi, 1e-5, 1.570, 2.0, 3.0, 4.0, -0.4])
def test_a_projection_is_the_sum_of_trapezoids(angle: float) -> None:
    """Also near an axis, at 45 degrees, where nodes coincide, and for cells that are no squares."""
    measure = cells(30, 44)
    theta = np.array([math.cos(angle), math.sin(angle)])
    found, at = Projector(measure)(theta), np.linspace(-4.0, 4.0, 41)
    assert_allclose(found.cdf(at), trapezoids(measure, theta, at), atol=1e-12 if abs(angle) > 1e-3 else 1e-11)
    assert_allclose(found.mass, 1.0, rtol=1e-11)
    assert_allclose(found.mean[0], theta @ measure.mean, atol=1e-9)


def test_axes_take_the_marginal() -> None:
    """An odd number of angles has one along y. Control: sharpened uniform cells are of second order there."""
    measure, law = cells(80), NormalLaw()
    axis = np.array([0.0, 1.0])
    parts = sliced_distances(measure, law, slices=5)
    assert parts.argmax() == 2 or parts.max() < 1e-4
    along = validation.w1_to_law(Projector(measure)(axis), law.projection(axis))
    assert_allclose(parts[2], along, rtol=1e-6)
    assert along < 5e-5
    near = np.array([2e-7, 1.0])
    assert validation.w1_to_law(Projector(measure)(near), law.projection(near)) > 10.0 * along
    assert_allclose(Projector(measure)(-axis).mean, -measure.mean[1], atol=1e-9)


@pytest.mark.parametrize("angle", [0.4, 2.2, 0.5 * math.pi])
def test_walls_and_corners_are_projected(angle: float) -> None:
    """Against 4e5 quantile points of the product between sticky walls, a tensor grid: their spacing decides."""
    measure, laws = walled()
    theta = np.array([math.cos(angle), math.sin(angle)])
    found = Projector(measure)(theta)
    assert_allclose(found.mass, 1.0, rtol=1e-12)
    x, y = (law.quantile((np.arange(600) + 0.5) / 600) for law in laws)
    cloud = Measure.of_points((theta[0] * x + theta[1] * y[:, None]).reshape(-1))
    assert validation.w1(found, cloud) < 1.5e-3  # half a spacing of quantiles in each direction
    bare = Measure(np.empty((1, 0)), np.empty(0), found.faces, found.polynomials)
    assert bare.mass < found.mass - 0.004  # corners


@pytest.mark.parametrize("n", [1, 7, 500])
def test_the_way_to_a_projected_density_is_the_exact_one(n: int) -> None:
    """Points within and beyond the cells, averages below 0, walls and corners, against a merge of points and faces."""
    rng = np.random.default_rng(n)
    for density in (cells(12, 9), undershooting(), walled()[0]):
        points = 3.0 * rng.normal(size=(2, n)) + 0.5
        points[:, :2] *= 4.0
        cloud, theta = Measure.of_points(points), directions(2, 7).T[2]
        line, atoms = Projector(density)(theta), Measure.of_points(on_direction(theta, points))
        assert_allclose(validation.w1(atoms, line), merged_w1(atoms, line), rtol=1e-11)
        assert_allclose(validation.sliced_w1(cloud, density), validation.sliced_w1(density, cloud), rtol=1e-14)


def far(at: float) -> tuple[Measure, Measure]:
    """A cloud and the density that it is drawn from, about (at, 0)."""
    plane = Plane(Grid(at - 6.0, at + 6.0, cells=80), Grid(-6.0, 6.0, cells=80))
    averages = plane.averages_of(normal(np.array([at, 0.0]), COVARIANCE), nodes=3)
    density = plane_measure(plane, averages / (averages.sum() * plane.size), np.zeros(plane.atoms), Linear())
    points = np.random.default_rng(2).multivariate_normal(np.zeros(2), COVARIANCE, 500).T
    return Measure.of_points(np.stack([points[0] + at, points[1]])), density


def test_digits_lost_far_from_0_are_refused_by_the_fast_way_too() -> None:
    (cloud, density), (near, origin) = far(1e9), far(0.0)
    for one, other in ((cloud, density), (density, cloud), (density, density)):
        with pytest.raises(InputError, match="so far from 0 that its projection has the mass"):
            validation.sliced_w1(one, other)
    assert_allclose(validation.sliced_w1(*far(1e6)), validation.sliced_w1(near, origin), rtol=1e-8)


def undershooting() -> Measure:
    """Cells of which some are below 0."""
    given = np.random.default_rng(3).normal(size=(9, 12)) + 0.5
    plane = Plane(Grid(-3.0, 3.0, cells=12), Grid(-2.0, 2.0, cells=9))
    averages = given / (given.sum() * plane.size)
    return plane_measure(plane, averages, np.zeros(plane.atoms), Linear(), "outflow")


def test_two_densities_and_bounds_of_w1() -> None:
    """A shifted density is as far away as the shift is long: both lower bounds hold, the largest direction nearly."""
    plane = Plane(Grid(-6.0, 6.0, cells=60), Grid(-6.0, 6.0, cells=60))
    shift = np.array([0.3, -0.4])
    here, there = (
        plane_measure(plane, plane.averages_of(normal(m, COVARIANCE), nodes=6), np.zeros(plane.atoms), Linear())
        for m in (MEAN, MEAN + shift)
    )
    parts = sliced_distances(here, there)
    assert_allclose(parts, np.abs(shift @ directions(2)), atol=1e-5)
    assert 0.49 < lower_bound(parts, 2) <= 0.5 + 1e-5
    for angle in np.linspace(0.0, math.pi, 200):  # the largest mean of abs(cos) is that of the bound
        cosines = np.abs(np.array([math.cos(angle), math.sin(angle)]) @ directions(2))
        assert lower_bound(cosines, 2) <= 1.0 + 1e-12
        assert math.sin(math.pi / 32.0) * cosines.sum() > 0.995
    assert_allclose(validation.max_sliced_w1(here, there), parts.max(), rtol=1e-14)


@pytest.mark.parametrize(("t", "exact"), [(1.0, 0.50934548), (2.0, 0.31683238)])
def test_the_distance_to_a_point_is_a_mean_of_lengths(t: float, exact: float) -> None:
    """SW1 to x* over all directions is (2/pi) E abs(X - x*): the regression of the plane, to its target (1, 0)."""
    law = exact_law(cases["regression-2d"].model, t)
    assert law is not None
    measure = law_on_cells(law, Plane(Grid(-7.0, 9.0, cells=160), Grid(-8.0, 8.0, cells=160)))
    target = Measure.of_points([[1.0], [0.0]])
    assert_allclose(validation.sliced_w1(measure, target), exact, rtol=2e-4)


def test_bad_input_is_refused() -> None:
    measure, line = cells(12), Measure.of_points(np.zeros(2))
    with pytest.raises(InputError, match="dimensions 2 and 1"):
        validation.sliced_w1(measure, line)
    with pytest.raises(InputError, match="seed = 3 in the plane"):
        validation.sliced_w1(measure, measure, seed=3)
    with pytest.raises(InputError, match=r"W1 is known of clouds alone.*sliced_w1"):
        validation.w1(measure, measure)
    half = Measure(measure.points, measure.masses + 0.2, plane=measure.plane)
    with pytest.raises(InputError, match=r"mass = 1\.8"):
        validation.sliced_w1(half, measure)
