"""W1 to a law whose distribution function is a quadrature: by parabolas, beside its own route, in seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kinetic import Grid, Plane
from kinetic.line.reconstruction import Linear
from kinetic.plane.solution import plane_measure
from particles.base.arrays import Floats
from particles.model import Law, Measure, Mixture, Normal, Product, Uniform, weighted_sum
from particles.model.laws.elementary import Dirac
from validation import sliced_w1, w1_to_law
from validation.distance.law_on_line import ACCURACY, on_line, w1_by_cells

SMALL, LARGE = 1e-9, 1e6
LAWS: dict[str, Callable[[], Law]] = {
    "trapezoid": lambda: weighted_sum([Uniform(0.0, 1.0), Uniform(0.0, 2.0)], [0.6, -0.8], 1.0),
    "walls": lambda: weighted_sum(
        [Mixture([Dirac(0.0), Uniform(0.0, 1.0)], [0.3, 0.7]), Mixture([Uniform(0.0, 1.0), Dirac(1.0)], [0.5, 0.5])],
        [0.8, 0.6],
    ),
    "small": lambda: weighted_sum([Uniform(0.0, SMALL), Normal(0.0, SMALL**2)], [0.6, 0.8]),
    "far": lambda: weighted_sum([Uniform(0.0, 1.0), Normal(LARGE, 1.0)], [0.6, 0.8]),
}


@pytest.mark.parametrize("name", LAWS)
def test_parabolas_are_as_far_from_a_cloud_as_the_law_is(name: str) -> None:
    """Kinks and atoms included; a cloud of 200 draws, two of them beyond all that the law holds."""
    law = LAWS[name]()
    cells = on_line(law)
    assert law.costly
    assert abs(cells.mass - 1.0) < 1e-11
    points = np.concatenate([law.quantile((np.arange(200) + 0.3) / 200), law.mean + 20.0 * law.std * np.array([-1, 1])])
    cloud = Measure.of_points(points)
    assert w1_by_cells(cloud, law) == pytest.approx(w1_to_law(cloud, law), abs=2.0 * ACCURACY * law.std)
    assert_atoms(cells, law)


def assert_atoms(cells: Measure, law: Law) -> None:
    points, masses = law.atoms()
    held = cells.masses > 1e-9
    np.testing.assert_allclose(cells.points[0, held], points)
    np.testing.assert_allclose(cells.masses[held], masses, atol=1e-9)


def test_a_solution_of_the_plane_is_compared_with_a_law_by_its_parabolas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Averages of a product of triangles' sides on 40 x 40 cells, by both routes."""
    law = Product([Uniform(-1.0, 1.0), Uniform(-1.0, 1.0)])
    plane = Plane(Grid(-1.5, 1.5, cells=40), Grid(-1.5, 1.5, cells=40))

    def density(x: Floats, y: Floats) -> Any:
        return 0.25 * ((np.abs(x) < 1.0) & (np.abs(y) < 1.0))

    averages = plane.averages_of(density, nodes=3)
    measure = plane_measure(plane, averages / (averages.sum() * plane.size), np.zeros(plane.atoms), Linear())
    found = sliced_w1(measure, law, slices=2)
    monkeypatch.setattr("validation.distance.sliced._MANY_FACES", 10**6)
    assert found == pytest.approx(sliced_w1(measure, law, slices=2), abs=ACCURACY)
