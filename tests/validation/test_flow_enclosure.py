"""W1 in the plane between two proven bounds: what any flow and potential prove, exact cases, and POT."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import validation
from kinetic import Grid, Plane
from particles.base.errors import InputError
from particles.model import Measure, Normal, Product, Uniform
from validation.distance.flow_bounds import Cells, _at, _cell_means, lower_bound, upper_bound
from validation.distance.law_on_cells import law_on_cells
from validation.distance.transport import wasserstein

CENTRE = (math.sqrt(2.0) + math.asinh(1.0)) / 6.0
"""E abs(U) for U uniform on the square about 0 of side 1, .382598."""


def density(n: int, m: int) -> Measure:
    """A normal law cut to the rectangle [-1, 2] x [0, 1]."""
    plane = Plane(Grid(-1.0, 2.0, cells=n), Grid(0.0, 1.0, cells=m))
    found = plane.averages(Product([Normal(0.2, 0.7), Normal(0.6, 0.2)]))
    law = law_on_cells(Product([Uniform(-1.0, 2.0), Uniform(0.0, 1.0)]), plane)
    assert law.plane is not None
    scaled = type(law.plane)(found / (found.sum() * plane.size), law.plane.inside)
    return Measure(np.empty((2, 0)), np.empty(0), plane=scaled)


def cloud(count: int, seed: int) -> Measure:
    rng = np.random.default_rng(seed)
    return Measure(np.stack([3.0 * rng.random(count) - 1.0, rng.random(count)]), rng.dirichlet(np.ones(count)))


def by_pot(points: Measure, nu: Measure, parts: int) -> tuple[float, float]:
    """W1 to the centres of divided cells, and by how much it may be off: the mean distance to them."""
    plane = nu.plane
    assert plane is not None
    rows, columns = plane.averages.shape
    masses = np.kron(plane.cell_masses, np.full((parts, parts), 1.0 / parts**2))
    x, y = (
        faces[0] + (np.arange(n * parts) + 0.5) * (faces[-1] - faces[0]) / (n * parts)
        for faces, n in zip(plane.faces, (columns, rows), strict=True)
    )
    centres = np.stack([part.reshape(-1) for part in np.broadcast_arrays(x, y[:, None])])
    h, k = plane.widths[0] / parts, plane.widths[1] / parts
    off = Cells((1, 1), (h, k), (0.0, 0.0)).in_cell(np.array([[0.5 * h], [0.5 * k]]), np.ones(1))
    return wasserstein(points.points, centres, points.masses, masses.reshape(-1) / masses.sum()), off


@pytest.mark.parametrize("seed", range(4))
def test_any_flow_and_any_potential_are_proofs(seed: int) -> None:
    """Random ones on cells that are no squares, against POT. Control: half the flow is none."""
    rng, points, nu = np.random.default_rng(seed), cloud(9, seed), density(12, 8)
    value, off = by_pot(points, nu, 3)
    assert nu.plane is not None
    grid = Cells((8, 12), nu.plane.widths, (-1.0, 0.0))
    masses = nu.plane.cell_masses
    f = (masses - grid.counted(points.points, points.masses)) / (grid.widths[0] * grid.widths[1])
    within = grid.in_cell(points.points, points.masses)
    for size in (0.0, 0.02, 0.5):
        flow = size * rng.normal(size=(2, 8, 12))
        flow[0][:, -1], flow[1][-1] = 0.0, 0.0
        assert upper_bound(grid, flow[0], flow[1], f) + within >= value - off
        phi = rng.normal(size=(8, 12)).cumsum(axis=0).cumsum(axis=1)
        assert lower_bound(grid, phi, points.points, points.masses, masses) <= value + off
    assert upper_bound(grid, *np.zeros((2, 8, 12)), 0.1 * f) < value - off


def test_potentials_are_integrated_exactly() -> None:
    """Means over cells by 40 x 40 points each, at the edge too; one point and its cell by quadrature."""
    grid, phi = Cells((4, 5), (0.3, 0.7), (1.0, -2.0)), np.random.default_rng(1).normal(size=(4, 5))
    n = 40
    x, y = (low + h * (np.arange(m * n) + 0.5) / n for low, h, m in ((1.0, 0.3, 5), (-2.0, 0.7, 4)))
    values = _at(grid, phi, np.stack([part.reshape(-1) for part in np.broadcast_arrays(x, y[:, None])]))
    means = values.reshape(4, n, 5, n).mean(axis=(1, 3))
    assert_allclose(_cell_means(phi), means, atol=2e-3)
    for point in ([1.07, -1.9], [1.3, -1.3], [1.0, -2.0]):
        cell = np.minimum(np.floor((np.array(point) - [1.0, -2.0]) / [0.3, 0.7]), [4, 3])
        u = np.stack(np.meshgrid(*(np.polynomial.legendre.leggauss(200)[0],) * 2)) * 0.5 + 0.5
        w = np.outer(*(np.polynomial.legendre.leggauss(200)[1],) * 2) / 4.0
        at = [low + h * (c + part) for low, h, c, part in zip((1.0, -2.0), (0.3, 0.7), cell, u, strict=True)]
        exact = float((w * np.hypot(at[0] - point[0], at[1] - point[1])).sum())
        assert_allclose(grid.in_cell(np.array([point]).T, np.ones(1)), exact, rtol=1e-5)


def test_one_point_in_a_square() -> None:
    """W1 to the uniform law is the mean distance: .382598 from the centre, .765196 from a corner."""
    square = law_on_cells(Product([Uniform(0.0, 1.0)] * 2), Plane(Grid(0.0, 1.0, cells=4), Grid(0.0, 1.0, cells=4)))
    for at, exact in ((0.5, CENTRE), (0.0, 2.0 * CENTRE)):
        found = validation.enclose_by_flow(Measure.of_points([[at], [at]]), square, cells=128)
        assert found.lower <= exact <= found.upper
        assert found.gap < 0.08
        assert found.cells == (128, 128)
    assert_allclose(CENTRE, 0.382598, atol=1e-6)


def test_pot_and_sliced_w1_agree() -> None:
    """A cloud of 60, against 48 x 48 centres; sliced W1 is below by its factor."""
    points, nu = cloud(60, 5), density(12, 8)
    value, off = by_pot(points, nu, 4)
    found = validation.enclose_by_flow(points, nu, cells=96, iterations=300)
    assert found.lower <= value + off
    assert value - off <= found.upper
    assert found.gap < 0.15
    assert off < 0.15 * value
    assert found.lower > 1.03 * validation.max_sliced_w1(points, nu, sharpened=False)


OUTSIDE = Measure.of_points([[3.0], [0.5]])


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (OUTSIDE, density(6, 4), "outside the rectangle"),
        (density(6, 4), density(6, 4), "first measure must be a cloud"),
        (OUTSIDE, OUTSIDE, "second measure must be a density of the plane"),
    ],
)
def test_bad_input_is_refused(first: Measure, second: Measure, said: str) -> None:
    with pytest.raises(InputError, match=said):
        validation.enclose_by_flow(first, second)
    with pytest.raises(InputError, match="cells = 1"):
        validation.enclose_by_flow(first, second, cells=1)
