"""Claims about `kinetic.grid`."""

import numpy as np
import pytest

import kinetic
from particles.base.errors import InputError
from particles.model import Normal, Uniform


def test_ends_are_kept_to_the_last_bit() -> None:
    grid = kinetic.Grid(0.1, 0.7, cells=7)
    assert (grid.faces[0], grid.faces[-1]) == (0.1, 0.7)
    assert grid.faces.shape == (8,)
    assert grid.centres.shape == (7,)
    np.testing.assert_allclose(np.diff(grid.faces), grid.h, rtol=1e-14)


def test_averages_of_a_law_hold_its_mass() -> None:
    grid = kinetic.Grid(-1.0, 3.0, cells=37)
    law = Normal(1.0, 1.0)
    inside = float(law.cdf(grid.hi) - law.cdf(grid.lo))
    assert abs(grid.averages(law).sum() * grid.h - inside) < 1e-15
    np.testing.assert_allclose(kinetic.Grid(2.0, 8.0, cells=12).averages(Uniform(2.0, 8.0)), 1.0 / 6.0, rtol=1e-14)


def test_three_gauss_points_are_exact_for_degree_five_and_not_for_six() -> None:
    grid = kinetic.Grid(-1.0, 2.0, cells=5)

    def error(degree: int) -> float:
        exact = np.diff(grid.faces ** (degree + 1)) / ((degree + 1) * grid.h)
        return float(np.abs(grid.averages_of(lambda x: x**degree) - exact).max())

    assert error(5) < 1e-13
    assert error(6) > 1e-6


@pytest.mark.parametrize(
    ("lo", "hi", "cells", "named"),
    [
        (0.0, 0.0, 10, "lo = 0.0"),
        (1.0, 0.0, 10, "hi = 0.0"),
        (float("nan"), 1.0, 10, "lo = nan"),
        (0.0, float("inf"), 10, "hi = inf"),
        (0.0, 1.0, 3, "cells = 3"),
        (0.0, 1.0, 10.5, "cells = 10.5"),
        (0.0, 1.0, True, "cells = True"),
        (1.0, 1.0 + 1e-13, 1000, "narrower than rounding"),
    ],
)
def test_a_bad_grid_is_refused_by_name(lo: float, hi: float, cells: int, named: str) -> None:
    with pytest.raises(InputError, match=named):
        kinetic.Grid(lo, hi, cells=cells)
