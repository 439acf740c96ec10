"""Claims about `kinetic.line.banded`."""

import numpy as np
import pytest
from scipy.linalg import solve_banded as scipy_banded

from kinetic.line.banded import BANDS
from particles.base.arrays import Floats
from tests.banded import solve_banded


def dense(bands: Floats, *, ring: bool) -> Floats:
    n = bands.shape[1]
    matrix = np.zeros((n, n))
    for j in range(n):
        for m in range(BANDS):
            column = j + m - 3
            if ring or 0 <= column < n:
                matrix[j, column % n] += bands[m, j]
    return matrix


@pytest.mark.parametrize("ring", [False, True])
@pytest.mark.parametrize("cells", [7, 8, 9, 10, 50])
def test_the_solution_is_that_of_a_dense_solver(cells: int, ring: bool) -> None:
    rng = np.random.default_rng(cells)
    bands, right = rng.normal(size=(BANDS, cells)), rng.normal(size=cells)
    bands[3] += 8.0
    wanted = np.linalg.solve(dense(bands, ring=ring), right)
    np.testing.assert_allclose(solve_banded(bands, right, ring=ring), wanted, rtol=0.0, atol=1e-14)


def test_four_cells_without_a_ring_are_enough() -> None:
    bands = np.random.default_rng(4).normal(size=(BANDS, 4))
    bands[3] += 8.0
    wanted = np.linalg.solve(dense(bands, ring=False), np.ones(4))
    np.testing.assert_allclose(solve_banded(bands, np.ones(4)), wanted, rtol=0.0, atol=1e-14)


def test_without_pivots_a_strong_diffusion_is_solved_as_well_as_by_lapack() -> None:
    """1 + 10^6 times the stencil (1, -16, 30, -16, 1)/12, condition number 5e6, 2000 cells."""
    cells, r = 2000, 1e6
    bands = r / 12.0 * np.array([0.0, 1.0, -16.0, 30.0, -16.0, 1.0, 0.0])[:, None] * np.ones(cells)
    bands[3] += 1.0
    right = np.random.default_rng(5).normal(size=cells)
    by_columns = np.zeros((BANDS, cells))
    for m in range(BANDS):  # scipy stores column j + m - 3 of row j
        shift = m - 3
        by_columns[6 - m, max(shift, 0) : cells + min(shift, 0)] = bands[m, max(-shift, 0) : cells - max(shift, 0)]
    x, wanted = solve_banded(bands, right), scipy_banded((3, 3), by_columns, right)
    matrix = dense(bands, ring=False)
    scale = np.abs(matrix) @ np.abs(x)
    assert np.abs(matrix @ x - right).max() < 1e-15 * scale.max()
    np.testing.assert_allclose(x, wanted, rtol=0.0, atol=1e-9 * np.abs(wanted).max())
