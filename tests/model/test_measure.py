"""Moments of atoms, densities and both; the distribution function at faces."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from particles.base.errors import InputError
from particles.model.measure import Measure

FACES = np.array([-1.0, 0.0, 0.5, 2.0])
POLYNOMIALS = np.array([[0.2, 0.4, 0.1], [0.1, -0.3, 0.05], [-0.2, 0.5, 0.3]])
POINTS, MASSES = np.array([[2.0, -1.0, 0.25]]), np.array([0.1, 0.2, 0.05])
BOTH = Measure(POINTS, MASSES, FACES, POLYNOMIALS)


def density(x: float) -> float:
    j = min(int(np.searchsorted(FACES, x, side="right")) - 1, 2)
    s = (x - 0.5 * (FACES[j] + FACES[j + 1])) / (FACES[j + 1] - FACES[j])
    return float(POLYNOMIALS[0, j] + POLYNOMIALS[1, j] * s + POLYNOMIALS[2, j] * s * s)


@pytest.mark.parametrize("k", range(7))
def test_moments_of_density_and_atoms(k: int) -> None:
    by_cells = sum(quad(lambda x: x**k * density(x), a, b)[0] for a, b in pairwise(FACES))
    assert BOTH.moment(k)[0] == pytest.approx(by_cells + (MASSES * POINTS[0] ** k).sum(), rel=1e-12, abs=1e-14)


def test_mass_is_the_moment_of_order_zero() -> None:
    assert BOTH.mass == pytest.approx(BOTH.moment(0)[0], rel=1e-14)


def test_moments_of_points_are_componentwise() -> None:
    points = np.random.default_rng(1).normal(size=(3, 100))
    cloud = Measure.of_points(points)
    np.testing.assert_allclose(cloud.mean, points.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(cloud.variance, points.var(axis=1), rtol=1e-12)
    assert cloud.energy == pytest.approx((points**2).sum() / 100, rel=1e-12)
    assert (cloud.dim, cloud.has_density) == (3, False)
    assert cloud.mass == pytest.approx(1.0, abs=1e-14)


def test_one_dimensional_points_may_come_flat() -> None:
    assert Measure.of_points(np.arange(4.0)).points.shape == (1, 4)


def test_the_cdf_at_faces_counts_the_atoms_up_to_and_on_the_face() -> None:
    cells = np.cumsum([0.0, *(quad(density, a, b)[0] for a, b in pairwise(FACES))])
    np.testing.assert_allclose(BOTH.cdf(BOTH.faces), np.add(cells, [0.2, 0.2, 0.25, 0.35]), rtol=1e-12)


def test_no_density_has_no_faces() -> None:
    assert Measure.of_points(np.arange(4.0)).cdf(np.empty(0)).size == 0


def test_the_cdf_takes_a_number_or_a_list_too() -> None:
    np.testing.assert_array_equal(BOTH.cdf([0.0, 1.0]), [BOTH.cdf(0.0), BOTH.cdf(1.0)])


@pytest.mark.parametrize(
    "arguments",
    [
        (np.zeros(3), np.zeros(3)),
        (np.zeros((1, 3)), np.zeros(2)),
        (np.zeros((1, 0)), np.zeros(0), np.arange(3.0), np.zeros((3, 3))),
        (np.zeros((2, 0)), np.zeros(0), np.arange(3.0), np.zeros((3, 2))),
    ],
)
def test_shapes_that_do_not_fit_are_refused(arguments: tuple[np.ndarray, ...]) -> None:
    with pytest.raises(InputError):
        Measure(*arguments)


def test_distribution_function_needs_the_line() -> None:
    with pytest.raises(InputError):
        Measure.of_points(np.zeros((2, 3))).cdf(np.zeros(1))
