"""Errata of arXiv 2001.04294v1: the scheme of Section 5, (22)-(23). Rows E39, E40 of docs/errata.md.

    dU_j/dt = -(F_(j+1/2) - F_(j-1/2))/h + D (-1, 16, -30, 16, -1).V/(12 h^2),     U_j cell averages,  D = nu2/2

V = U, the averages themselves, or V = P_j(x_j), the point values of the reconstruction: these are the two readings. The
scheme is written here in plain numpy: CWENO3 (C_0 = 3/4, eps = h^2), local Lax-Friedrichs, SSP-RK3.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtr

Array = np.ndarray
Rate = Callable[[Array], Array]


def stencil(v: Array, h: float) -> Array:
    """(-1, 16, -30, 16, -1).v/(12 h^2), periodic."""
    near, far = np.roll(v, 1) + np.roll(v, -1), np.roll(v, 2) + np.roll(v, -2)
    return (16.0 * near - far - 30.0 * v) / (12.0 * h * h)


def centre_values(u: Array) -> Array:
    """Point values at the centres of the parabola with the averages u: u_j - D2/24."""
    return u - (np.roll(u, -1) - 2.0 * u + np.roll(u, 1)) / 24.0


def cweno3(u: Array, h: float) -> tuple[Array, Array, Array]:
    """P_j at the left face, the centre and the right face of its cell."""
    left, right = u - np.roll(u, 1), np.roll(u, -1) - u
    d1, d2, c0 = 0.5 * (left + right), right - left, 0.75
    smoothness = np.array([left**2, d1**2 + 13.0 / 12.0 * (d2 / c0) ** 2, right**2])
    alpha = np.array([[0.125], [c0], [0.125]]) / (smoothness + h * h) ** 2
    a, b, c = alpha / alpha.sum(axis=0)
    p0 = u - b * d2 / (24.0 * c0)
    p1, p2 = a * left + b * d1 + c * right, b * d2 / (2.0 * c0)
    return p0 - 0.5 * p1 + 0.25 * p2, p0, p0 + 0.5 * p1 + 0.25 * p2


def march(u: Array, rate: Rate, dt: float, until: float) -> Array:
    """SSP-RK3 (Shu and Osher), the last step cut."""
    t = 0.0
    while t < until - 1e-12:
        k = min(dt, until - t)
        v = u + k * rate(u)
        v = 0.75 * u + 0.25 * (v + k * rate(v))
        u = u / 3.0 + 2.0 / 3.0 * (v + k * rate(v))
        t += k
    return u


def fitted_order(cells: Array, errors: list[float]) -> float:
    return -float(np.polyfit(np.log(cells), np.log(errors), 1)[0])


# Ornstein-Uhlenbeck: w = -1, nu2 = 2, from N(1/2, 1/5) to t = 1/2 on [-9, 9] --------------------------------------


def ou_averages(faces: Array, t: float) -> Array:
    mean, variance = 0.5 * math.exp(-t), 1.0 + (0.2 - 1.0) * math.exp(-2.0 * t)
    return np.asarray(np.diff(ndtr((faces - mean) / math.sqrt(variance))) / (faces[1] - faces[0]))


def ou_rate(faces: Array, points: bool) -> Rate:
    h, speed = faces[1] - faces[0], -faces[1:]
    speed[-1] = 0.0  # the ends are walls; nothing is near them

    def rate(u: Array) -> Array:
        west, centre, east = cweno3(u, h)
        flux = np.where(speed > 0.0, speed * east, speed * np.roll(west, -1))  # both sides have one speed: LLF = upwind
        return stencil(centre if points else u, h) - (flux - np.roll(flux, 1)) / h

    return rate


def ou_run(cells: int, points: bool, dt: float) -> float:
    """L1 error of the cell averages at t = 1/2."""
    faces = np.linspace(-9.0, 9.0, cells + 1)
    u = march(ou_averages(faces, 0.0), ou_rate(faces, points), dt, 0.5)
    return float(18.0 / cells * np.abs(u - ou_averages(faces, 0.5)).sum())


def test_e40_stencil_on_point_values_misses_the_average_of_u_xx_by_h2_over_24() -> None:
    """Printed: point values in the fourth-order stencil. Correct: averages; else -(h^2/24) u_xxxx is missed."""
    missed: dict[str, list[float]] = {"averages": [], "points": []}
    cells = np.array([16, 32, 64, 128])
    for n in cells:
        h = 2.0 * math.pi / n
        u = np.diff(-np.cos(h * np.arange(n + 1))) / h  # of sin: the averages of u_xx are -u, those of u_xxxx u
        missed["averages"].append(float(np.abs(stencil(u, h) + u).max()))
        missed["points"].append(float(np.abs(stencil(centre_values(u), h) + u).max()))
        if n == 128:
            np.testing.assert_allclose(stencil(centre_values(u), h) + u, -h * h / 24.0 * u, rtol=1e-2)
    assert fitted_order(cells, missed["averages"]) == pytest.approx(4.0, abs=0.05)
    assert fitted_order(cells, missed["points"]) == pytest.approx(2.0, abs=0.05)
    assert missed["averages"][-1] < 1e-7 < 1e-5 < missed["points"][-1]


def test_e40_scheme_is_third_order_only_on_averages() -> None:
    """Printed: third order with point values. Correct: that is second order, third needs the averages.

    Digits and rates (1.95, 2.09, 2.09 against 2.69, 2.80, 2.90): theory, an independent implementation.
    """
    cells = np.array([40, 80, 160, 320])
    averages, points = ([ou_run(n, kind, 0.1 * (18.0 / n) ** 2) for n in cells] for kind in (False, True))
    np.testing.assert_allclose(averages, [5.445e-3, 8.429e-4, 1.207e-4, 1.617e-5], rtol=5e-4)
    np.testing.assert_allclose(points, [1.214e-2, 3.146e-3, 7.410e-4, 1.745e-4], rtol=5e-4)
    assert 2.7 < fitted_order(cells, averages) < 3.2
    assert 1.8 < fitted_order(cells, points) < 2.2
    assert points[-1] > 10.0 * averages[-1]


# the time step -------------------------------------------------------------------------------------------------------


def test_e39_cfl_number_of_transport_says_nothing_about_diffusion() -> None:
    """Printed: all runs with a CFL of 0.45. Correct: dt <= c h^2/D; 0.45 h/max abs(speed) explodes once h is small."""
    coarse, fine = 80, 320
    hyperbolic = {n: 0.45 * (18.0 / n) / 9.0 for n in (coarse, fine)}
    assert ou_run(coarse, False, hyperbolic[coarse]) < 1e-3
    assert ou_run(fine, False, 0.4 * (18.0 / fine) ** 2) < 2e-5
    with np.errstate(over="ignore", invalid="ignore"):
        assert not ou_run(fine, False, hyperbolic[fine]) < 1e3


@pytest.mark.parametrize(("points", "limit"), [(False, 2.512745 * 3.0 / 16.0), (True, 2.512745 * 9.0 / 56.0)])
def test_e39_heat_equation_has_its_own_limit(points: bool, limit: float) -> None:
    """dt <= 0.4711 h^2/D on averages, 0.4038 on point values: even 0.45 h^2/D is stable for one reading only."""
    sawtooth, h = (-1.0) ** np.arange(32), 0.1
    rate: Rate = (lambda u: stencil(centre_values(u), h)) if points else (lambda u: stencil(u, h))
    grown = {
        c: np.abs(march(sawtooth, rate, c * h * h, 1000.0 * c * h * h)).max() for c in (0.99 * limit, 1.01 * limit)
    }
    assert grown[0.99 * limit] < 1e-3
    assert grown[1.01 * limit] > 1e3
    assert (limit < 0.45) is points
