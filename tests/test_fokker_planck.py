"""Claims about the Fokker-Planck solver: reference digits, orders against closed forms, boundaries, steady states.

The laws are closed forms written here: their distribution function gives exact cell averages.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from kinetic import CWENO3, Diffusivity, Grid, LinearFlux, evolve
from particles.base.arrays import Floats

Cdf = Callable[[Floats, float], Floats]

CELLS = (40, 80, 160, 320)


def ornstein_uhlenbeck(mean: float, variance: float, w: float = -1.0, nu2: float = 2.0) -> Cdf:
    """Normal start, b = 0: mean e^(wt), variance e^(2wt) V_0 + nu^2 (e^(2wt) - 1)/(2w)."""

    def cdf(x: Floats, t: float) -> Floats:
        grown = math.exp(2.0 * w * t)
        deviation = math.sqrt(variance * grown + nu2 * (grown - 1.0) / (2.0 * w))
        return np.asarray(ndtr((x - mean * math.exp(w * t)) / deviation))

    return cdf


def averages(cdf: Cdf, grid: Grid, t: float) -> Floats:
    return np.diff(cdf(grid.faces, t)) / grid.h


def order(cells: Sequence[int], values: Floats) -> float:
    return float(-np.polyfit(np.log(cells), np.log(values), 1)[0])


def reference_errors(form: Any, scheme: CWENO3) -> Floats:
    """L1 errors at T = 1/2 of w = -1, nu^2 = 2 from N(1/2, variance 1/5) on [-9, 9]; D dt/h^2 <= 0.4, cfl 1/2."""
    cdf = ornstein_uhlenbeck(0.5, 0.2)
    found = []
    for n in CELLS:
        grid = Grid(-9.0, 9.0, cells=n)
        diffusivity = Diffusivity(1.0 if form == "averages" else np.ones(n), form)
        record = evolve(
            LinearFlux(-grid.faces), averages(cdf, grid, 0.0), grid, until=0.5, boundary="reflecting",
            diffusivity=diffusivity, reconstruction=scheme, cfl=0.5, fourier=0.4,
        )  # fmt: skip
        found.append(grid.h * np.abs(record.averages[-1] - averages(cdf, grid, 0.5)).sum())
    return np.array(found)


@pytest.mark.parametrize(
    ("form", "wanted"),
    [("averages", (5.445e-3, 8.429e-4, 1.207e-4, 1.617e-5)), ("points", (1.214e-2, 3.146e-3, 7.410e-4, 1.745e-4))],
)
def test_errors_are_those_of_the_reference_code_to_four_digits(form: Any, wanted: tuple[float, ...]) -> None:
    """CW, C_0 = 3/4, eps = h^2: digits of an independent numpy code."""
    found = reference_errors(form, CWENO3(weights="CW"))
    assert [f"{value:.3e}" for value in found] == [f"{value:.3e}" for value in wanted]


def test_stencils_of_averages_are_third_order_and_those_of_point_values_second() -> None:
    """Errata E40. Advection leaves third order; the stencil on point values is the control."""
    for form in ("averages", "conservative"):
        found = reference_errors(form, CWENO3())
        assert 2.7 <= order(CELLS, found) <= 3.3
        assert found[-1] < 2e-5
    assert 1.8 <= order(CELLS, reference_errors("points", CWENO3())) <= 2.2
