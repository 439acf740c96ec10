"""Claims about the ends of CWENO5 and CWENO7 where waves enter and slow down inside: `kinetic.line.wide.PECLET`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from kinetic import Explicit, Grid, solve
from kinetic.line.stencils import derivative, value
from kinetic.line.wide import PECLET, averages_beyond
from kinetic.schemes import named
from particles.model import IDENTITY, Model, Normal

HALF = Fraction(1, 2)
CELLS = 20


def continued(r: int, degree: int) -> Any:
    """Averages of the cells and of r + 1 beyond either end, as rows over those of the cells."""
    pad = r + 1
    padded = np.zeros((CELLS + 2 * pad, CELLS))
    padded[pad:-pad] = np.eye(CELLS)
    for ends in (padded, padded[::-1, ::-1]):
        for k, row in enumerate(averages_beyond(r, degree)):
            ends[pad - 1 - k, 0] = 1.0
            ends[pad - 1 - k, 1 : 2 * r + 1] += row
            ends[pad - 1 - k, : 2 * r] -= row
    return padded


def fastest_growth(r: int, degree: int, speeds: Any, diffusivity: float) -> float:
    """Largest real part of the eigenvalues of the linear scheme between closed ends, h = 1."""
    pad, rows = r + 1, continued(r, degree)
    edge = [float(x) for x in value(-r, r, HALF)]
    fluxes = np.zeros((CELLS + 1, CELLS))
    for i in range(1, CELLS):
        for k, x in enumerate(edge):
            fluxes[i] += x * speeds[i] * rows[pad + i - 1 - r + k if speeds[i] > 0.0 else pad + i + r - k]
        for k, d in enumerate(derivative(-r, r + 1, 1, HALF)):
            fluxes[i] -= diffusivity * float(d) * continued(r, 2 * r)[pad + i - 1 - r + k]
    return float(np.linalg.eigvals(fluxes[:-1] - fluxes[1:]).real.max())


@pytest.mark.parametrize("r", [2, 3])
def test_no_mode_grows_through_a_constant_or_at_small_peclet_numbers_through_a_cubic(r: int) -> None:
    """Speeds of 1 at both ends that fall to 0 in the middle, evenly or by a factor a cell."""
    x, steps = np.linspace(-1.0, 1.0, CELLS + 1), np.minimum(np.arange(CELLS + 1), np.arange(CELLS + 1)[::-1])
    profiles = [-x, -(x**3), *(-np.sign(x) * q**steps for q in (0.3, 0.65, 0.9))]

    def worst(degree: int, diffusivity: float) -> float:
        return max(fastest_growth(r, degree, speeds, diffusivity) for speeds in profiles)

    assert worst(0, 0.0) < 1e-13
    assert worst(3, 1.0 / PECLET) < 1e-13
    assert worst(3, 0.0) > 0.15  # the control: e^(0.15 t s/h)
    assert worst(3, 0.02) > 0.1


@pytest.mark.parametrize("word", ["explicit5", "explicit7"])
def test_few_cells_in_a_strong_pull_blow_nothing_up(word: str) -> None:
    """w = -40 on cells of 0.7: order 7 with a cubic at the ends reached 3e26."""
    model = Model(drift=IDENTITY, weight=-40.0, bias=0.0, initial=Normal(0.5, 0.25), nu2=1.0, scaled=False)
    grid = Grid(-7.0, 7.0, cells=20)
    third, high = (solve(model, grid, scheme, until=1.0).averages[-1] for scheme in (Explicit(), named(word)))
    assert np.abs(high - third).max() < 0.02
